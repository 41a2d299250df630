//! Report: what a day, week or month was, as a picture, a text, a page and a mail.

pub mod plot;

mod period;
mod picture;
mod words;

pub use period::{Kind, Period};
pub use picture::{Named, Picture, whole};
