//! The whole program from outside: the real binary, mostly with real servers; exit codes, what it says, what it leaves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test a panic is the message")]

mod environment;
mod interrupted;
mod judged;
mod output;
mod reports;
mod support;
mod writes;
mod wrong_files;
