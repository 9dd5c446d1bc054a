//! What the documents of the providers say, and what is read by them.

mod documents;
mod ricoh;
mod sora;
mod uipath;
mod volcengine;
