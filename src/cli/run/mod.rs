//! `dbbench run`.
mod record;
