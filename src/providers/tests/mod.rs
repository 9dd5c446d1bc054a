//! What the documents of the providers say, and what is read by them.

mod devicewise;
mod documents;
mod ricoh;
mod sora;
mod uipath;
mod volcengine;
