//! What the documents of the providers say, and what is read by them.

mod devicewise;
mod documents;
mod registry;
mod ricoh;
mod sora;
mod uipath;
mod volcengine;
