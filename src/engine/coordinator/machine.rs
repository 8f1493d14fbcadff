//! What the kernel says of the whole machine at the begin and at the end of a measurement: the CPU time that a host took
//! away (steal), and for how long anything waited for a CPU (pressure).

use crate::metrics::MachineUsage;

/// The unit of `/proc/stat`: a hundredth of a second, whatever the kernel's own tick is.
const TICK_NS: u64 = 10_000_000;

/// Readings at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct MachineMark {
    at_ns: u64,
    stolen: Option<Stolen>,
    pressure_us: Option<u64>,
}

/// From `/proc/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stolen {
    ticks: u64,
    cpus: u64,
}

impl MachineMark {
    /// Reads. `at_ns` is the moment by the slice's clock.
    pub(super) fn take(at_ns: u64) -> Self {
        let read = |path| std::fs::read_to_string(path).ok();
        Self {
            at_ns,
            stolen: read("/proc/stat").as_deref().and_then(stolen),
            pressure_us: read("/proc/pressure/cpu").as_deref().and_then(pressure_us),
        }
    }

    /// What happened since an earlier mark.
    pub(super) fn since(self, earlier: Self) -> MachineUsage {
        let wall_ns = self.at_ns.saturating_sub(earlier.at_ns);
        let stolen = self.stolen.zip(earlier.stolen);
        let pressure = self.pressure_us.zip(earlier.pressure_us);
        MachineUsage {
            steal_ns: stolen.map(|(now, then)| now.ticks.saturating_sub(then.ticks).saturating_mul(TICK_NS)),
            cpus_ns: stolen.map(|(now, _)| now.cpus.saturating_mul(wall_ns)),
            pressure_ns: pressure.map(|(now, then)| now.saturating_sub(then).saturating_mul(1_000)),
            wall_ns,
        }
    }
}

/// Steal is the eighth figure of the line `cpu`; each CPU has a line of its own below it.
fn stolen(stat: &str) -> Option<Stolen> {
    let (all, each) = stat.split_once('\n')?;
    let mut words = all.split_ascii_whitespace();
    (words.next()? == "cpu").then_some(())?;
    let ticks = words.nth(7)?.parse().ok()?;
    let cpus = each.lines().take_while(|line| line.starts_with("cpu")).count();
    Some(Stolen { ticks, cpus: u64::try_from(cpus).ok().filter(|cpus| *cpus > 0)? })
}

/// `total` of the line `some`: µs in which at least one task waited.
fn pressure_us(pressure: &str) -> Option<u64> {
    let some = pressure.lines().find_map(|line| line.strip_prefix("some "))?;
    some.split_ascii_whitespace().find_map(|word| word.strip_prefix("total="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{MachineMark, Stolen, pressure_us, stolen};

    const STAT: &str = "cpu  125113 0 36863 315351 981 0 4107 159 7 0\ncpu0 53700 0 17299 167841 150 0 2084 73 0 0\n\
                        cpu1 71412 0 19563 147509 831 0 2022 86 0 0\nintr 1 2 3\nctxt 5\n";
    const PRESSURE: &str = "some avg10=89.96 avg60=80.04 avg300=35.54 total=218588530\n\
                            full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n";

    #[test]
    fn steal_and_pressure_are_found() {
        assert_eq!(stolen(STAT), Some(Stolen { ticks: 159, cpus: 2 }));
        assert_eq!(pressure_us(PRESSURE), Some(218_588_530));
    }

    #[test]
    fn what_the_kernel_does_not_tell_is_not_zero() {
        // Kernels before steal was counted, and what is no such file at all.
        for text in ["cpu  1 2 3 4 5 6 7\ncpu0 1 2 3 4 5 6 7\n", "cpu  1 2 3 4 5 6 7 8 9 10\n", "", "garbage\n"] {
            assert_eq!(stolen(text), None, "{text:?}");
        }
        assert_eq!(pressure_us("full avg10=0.00 total=3\n"), None);
        let nothing = MachineMark { at_ns: 5, stolen: None, pressure_us: None };
        let usage = MachineMark { at_ns: 9, stolen: stolen(STAT), pressure_us: Some(3) }.since(nothing);
        assert_eq!((usage.steal_ns, usage.cpus_ns, usage.pressure_ns, usage.wall_ns), (None, None, None, 4));
    }

    #[test]
    fn usage_is_the_difference_of_two_marks() {
        let mark = |at_ns, ticks, pressure_us| MachineMark {
            at_ns,
            stolen: Some(Stolen { ticks, cpus: 2 }),
            pressure_us: Some(pressure_us),
        };
        let usage = mark(3_000_000_000, 163, 700).since(mark(1_000_000_000, 159, 200));
        assert_eq!((usage.steal_ns, usage.cpus_ns), (Some(40_000_000), Some(4_000_000_000)));
        assert_eq!((usage.pressure_ns, usage.wall_ns), (Some(500_000), 2_000_000_000));
    }
}
