//! What a worker thread used of the machine: its CPU time and its wait for a CPU.

use rustix::time::{ClockId, clock_gettime};

use crate::metrics::WorkerUsage;

/// Readings of the calling thread at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct UsageMark {
    at_ns: u64,
    cpu_ns: u64,
    wait_ns: Option<u64>,
}

impl UsageMark {
    /// Reads the calling thread's figures. `at_ns` is the moment by the slice's clock.
    pub(super) fn take(at_ns: u64) -> Self {
        Self { at_ns, cpu_ns: thread_cpu_ns(), wait_ns: thread_wait_ns() }
    }

    /// What was used since an earlier mark.
    pub(super) fn since(self, earlier: Self) -> WorkerUsage {
        WorkerUsage {
            cpu_ns: self.cpu_ns.saturating_sub(earlier.cpu_ns),
            cpu_wait_ns: self.wait_ns.zip(earlier.wait_ns).map(|(now, then)| now.saturating_sub(then)),
            wall_ns: self.at_ns.saturating_sub(earlier.at_ns),
        }
    }
}

fn thread_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

/// Time spent runnable but not running; `None` where the kernel keeps no schedstat.
fn thread_wait_ns() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::UsageMark;

    #[test]
    fn work_shows_as_cpu_time_and_sleep_does_not() {
        let before = UsageMark::take(0);
        std::thread::sleep(std::time::Duration::from_millis(20));
        let slept = UsageMark::take(20_000_000).since(before);
        assert!(slept.cpu_ns < 10_000_000, "{slept:?}");
        assert_eq!(slept.wall_ns, 20_000_000);
        let begin = UsageMark::take(0);
        let mut sum = 0_u64;
        while UsageMark::take(0).since(begin).cpu_ns < 5_000_000 {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(sum > 0);
    }
}
