//! Ring 0: the plain values that everything else is made of.

pub mod address;
pub mod arguments;
pub mod error;
pub mod json;
pub mod period;
pub mod quantity;
pub mod secret;
pub mod shape;
pub mod text;
pub mod window;
pub mod zone;
