//! What the documents of the providers say, and what is read by them.

mod sora;
mod volcengine;
