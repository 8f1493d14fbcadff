//! A distribution of times: an HDR histogram (100 ns to one hour, three significant digits) with exact minimum, maximum
//! and sum beside it.

/// A distribution of times in nanoseconds.
#[derive(Clone, Debug)]
pub struct Distribution {
    _private: (),
}

impl Distribution {
    /// An empty one; the histogram is allocated at first use.
    #[must_use]
    pub fn new() -> Self {
        unimplemented!()
    }

    /// Records a time. Never allocates after the first call.
    pub fn record(&mut self, time_ns: u64) {
        let _ = time_ns;
        unimplemented!()
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        let _ = other;
        unimplemented!()
    }

    /// How many values.
    #[must_use]
    pub fn count(&self) -> u64 {
        unimplemented!()
    }

    /// Exact minimum in ns, `None` when empty. Likewise `max_ns`, `sum_ns` (u128), `mean_ns` (f64).
    #[must_use]
    pub fn min_ns(&self) -> Option<u64> {
        unimplemented!()
    }

    /// The value at quantile `q` in ns, where `censored` further values rank above every recorded one. `None` when it
    /// falls among the censored, or when fewer than ten recorded values lie above it.
    #[must_use]
    pub fn quantile_ns(&self, q: f64, censored: u64) -> Option<f64> {
        let _ = (q, censored);
        unimplemented!()
    }
}

impl Default for Distribution {
    fn default() -> Self {
        Self::new()
    }
}
