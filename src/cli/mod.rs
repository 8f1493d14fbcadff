//! The command line: one file per subcommand; the only place that assembles the other rooms.

mod args;
mod failure;
mod interrupt;
mod run;
