//! Providers as documents: a text is checked and compiled into flat tables, by which requests are made, answers are read
//! from their bytes into the columns of readings, and refusals are explained.

pub mod arrays;
pub mod compile;
pub mod document;
pub mod envelope;
mod fail;
mod figures;
mod found;
mod login;
mod names;
mod pages;
mod read;
mod readings;
pub mod request;
mod rows;
mod select;
mod series;
mod tree;
