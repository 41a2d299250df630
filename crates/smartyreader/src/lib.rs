//! The household: reads meters, keeps every telegram, shows them.
//!
//! The modules stand in the order in which a reading passes them.

// What prints past `print` ends in a panic where nobody reads it.
#![deny(clippy::print_stdout, clippy::print_stderr)]

#[macro_use]
mod print;

pub mod config;

pub mod accounts;
pub mod alert;
pub mod archive;
pub mod clock;
pub mod costs;
pub mod devices;
pub mod doctor;
pub mod group;
pub mod household;
pub mod hub;
pub mod intake;
pub mod keeper;
pub mod mail;
pub mod mqtt;
pub mod observe;
pub mod report;
pub mod sensor;
pub mod sink;
pub mod source;
pub mod topic;
pub mod web;

pub mod cli;
pub mod daemon;
mod day_line;
pub mod exit;
mod hex;
mod http;
mod pty;
mod words;
