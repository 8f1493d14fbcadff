//! Seeded random streams: a draw is a function of (seed, round, phase, operation number, name, index), never of how
//! many draws came before.

/// Which part of a slice an operation belongs to; each numbers its operations from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The comparison of answers before any timing.
    Answers,
    /// Before the measurement.
    Warmup,
    /// The measurement.
    Measure,
}

/// The key of one operation's draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    key: u64,
}

impl Stream {
    /// The stream of operation `count` of `client` (closed loop) in a phase of a round.
    #[must_use]
    pub fn operation(seed: u64, round: u32, phase: Phase, client: u32, count: u64) -> Self {
        let _ = (seed, round, phase, client, count);
        unimplemented!()
    }

    /// The stream of a row of a dataset column: a function of (seed, table, row, column).
    #[must_use]
    pub fn cell(seed: u64, table: u64, row: u64, column: u64) -> Self {
        let _ = (seed, table, row, column);
        unimplemented!()
    }
}
