//! The precise timer: every wait of the data plane goes through one timerfd per thread, registered with that thread's
//! runtime. tokio's own timer rounds up to whole milliseconds and cannot pace.

use std::io;
use std::time::Instant;

/// A thread's timer. Cheap to clone; not `Send`: it belongs to the runtime that it was made in.
#[derive(Clone, Debug)]
pub struct Timer {
    _private: std::rc::Rc<()>,
}

impl Timer {
    /// Makes the timer of this thread. Must be called inside a `current_thread` runtime (and its `LocalSet`).
    ///
    /// # Errors
    /// When the kernel refuses a timerfd or the runtime cannot register it.
    pub fn new() -> io::Result<Self> {
        unimplemented!()
    }

    /// Completes at `deadline`, late by tens of microseconds at most on an idle core.
    pub async fn sleep_until(&self, deadline: Instant) {
        let _ = deadline;
        unimplemented!()
    }
}
