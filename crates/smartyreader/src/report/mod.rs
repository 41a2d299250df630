//! Report: what a day, week or month was, as a picture, a text, a page and a mail.
//!
//! | noun | what it is | module |
//! |---|---|---|
//! | [`Period`] | the day, week, month or year that it is about | `period` |
//! | [`Picture`] | what the store knows of it, ready to be drawn by [`plot`] | `picture` |
//! | [`Document`] | words, figures and pictures of all meters | `document`, `figures`, `beyond`, `devices`, `costs` |
//! | [`Quality`] | how much of a period was measured, in words | `quality`, `heard` |
//! | [`text`], [`html`] | a document as people read it | `text`, `html` |
//! | [`Folder`] | where reports are kept, each with a [`Note`] of who has got it | `folder`, `note` |
//! | [`letters`] | a document as mails, which [`Post`](crate::mail::Post) hands to the server | `letter` |
//! | [`Clerk`] | does all this at its time | `clerk`, `due` |

pub mod plot;

mod beyond;
mod clerk;
mod costs;
mod devices;
mod document;
mod due;
mod figures;
mod folder;
mod heard;
mod html;
mod letter;
mod note;
mod period;
mod picture;
mod quality;
mod text;
mod words;

pub use clerk::Clerk;
pub use document::{Document, Section, Subject};
pub use due::{due, moment};
pub use figures::{Line, Tone};
pub use folder::{Folder, Kept};
pub use html::{Pictures, html};
pub use letter::{Occasion, letters};
pub use note::{Fate, Note};
pub use period::{Kind, Period};
pub use picture::{Named, Picture, whole};
pub use quality::Quality;
pub use text::text;
