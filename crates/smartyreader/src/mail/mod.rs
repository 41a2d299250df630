//! Mail: letters and the server that takes them.

mod post;
mod refusal;

use lettre::message::header::{HeaderName, HeaderValue};

pub use post::{Letter, Post};
pub use refusal::{Refusal, Stage, Why};

/// Marks a letter as written by a program, so that nobody's absence is reported to it (RFC 3834).
pub fn auto_submitted() -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into())
}
