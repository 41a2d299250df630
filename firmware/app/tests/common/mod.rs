//! Shared by the tests: a flash that loses power.

pub(crate) mod flash;
