//! When operations start: pure arithmetic over nanoseconds, without a clock or a thread.
//!
//! This version knows the closed loop alone.

/// The closed loop: a client issues its next operation when the last one ended and the think time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedLoop {
    /// Pause between operations, ns.
    pub think_ns: u64,
}

impl ClosedLoop {
    /// The intended start of a client's first operation: the common start. There is nothing to think about yet.
    #[must_use]
    pub fn first_start_ns(self, start_ns: u64) -> u64 {
        start_ns
    }

    /// The intended start of the next operation of a client whose last one ended at `ended_ns`: the moment at which
    /// the client is free again (rule 3 of the measurement).
    #[must_use]
    pub fn next_start_ns(self, ended_ns: u64) -> u64 {
        ended_ns.saturating_add(self.think_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::ClosedLoop;

    #[test]
    fn the_next_start_is_the_end_plus_the_think_time() {
        assert_eq!(ClosedLoop { think_ns: 0 }.next_start_ns(7), 7);
        assert_eq!(ClosedLoop { think_ns: 5 }.next_start_ns(7), 12);
        assert_eq!(ClosedLoop { think_ns: u64::MAX }.next_start_ns(7), u64::MAX);
        assert_eq!(ClosedLoop { think_ns: 5 }.first_start_ns(7), 7);
    }
}
