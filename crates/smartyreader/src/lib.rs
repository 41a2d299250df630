//! The household: reads meters, keeps every telegram, shows them.
//!
//! The modules stand in the order in which a reading passes them.

pub mod config;

pub mod source;
pub mod clock;
pub mod intake;
pub mod hub;
pub mod keeper;
pub mod accounts;
pub mod observe;
pub mod web;

pub mod cli;
pub mod daemon;
pub mod exit;
