//! What the machine is: figures that let a reader judge whether two results may be compared. What cannot be found out is
//! `None`.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Instant;

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Host name: the same from run to run.
    pub name: String,
    /// Model of the CPU as the kernel names it.
    pub cpu_model: Option<String>,
    /// Cores that this process may use.
    pub cores: Option<u32>,
    /// Kernel and release.
    pub kernel: Option<String>,
    /// The kernel's clock source (`tsc` is a hardware counter).
    pub clock_source: Option<String>,
    /// Memory, bytes.
    pub memory_bytes: Option<u64>,
}

impl Machine {
    /// Asks the kernel.
    #[must_use]
    pub fn look() -> Self {
        let uname = rustix::system::uname();
        let text = |field: &std::ffi::CStr| field.to_string_lossy().into_owned();
        Self {
            name: text(uname.nodename()),
            cpu_model: cpu_model(),
            cores: std::thread::available_parallelism().ok().and_then(|cores| u32::try_from(cores.get()).ok()),
            kernel: Some(format!("{} {}", text(uname.sysname()), text(uname.release()))),
            clock_source: first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            memory_bytes: memory_bytes(),
        }
    }

    /// What a reader should know of this machine before trusting figures from it.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        const COUNTERS: [&str; 2] = ["tsc", "arch_sys_counter"];
        match self.clock_source.as_deref() {
            Some(source) if !COUNTERS.contains(&source) => vec![format!(
                "the clock source is {source}, not a hardware counter: reading the clock is slow and its steps may be coarse"
            )],
            _ => Vec::new(),
        }
    }
}

fn first_line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}

fn cpu_model() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, model)| model.trim().to_owned())
}

fn memory_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// How long writing 8 KiB and flushing it takes in `dir`, µs, the median of 15: what a commit costs on this disk.
///
/// # Errors
/// When the folder cannot be written to.
pub fn flush_us(dir: &Path) -> io::Result<f64> {
    const FLUSHES: usize = 15;
    let mut file = tempfile::tempfile_in(dir)?;
    let block = [0_u8; 8192];
    let mut times_us = Vec::with_capacity(FLUSHES);
    for _ in 0..FLUSHES {
        let start = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        times_us.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times_us.sort_by(f64::total_cmp);
    Ok(times_us[FLUSHES / 2])
}

#[cfg(test)]
mod tests {
    use super::{Machine, flush_us};

    #[test]
    fn this_machine_has_a_name_and_cores() {
        let machine = Machine::look();
        assert!(!machine.name.is_empty());
        assert!(machine.cores.is_some_and(|cores| cores > 0));
        assert!(machine.memory_bytes.is_some_and(|bytes| bytes > 1 << 20));
    }

    #[test]
    fn a_slow_clock_is_worth_a_warning() {
        let machine = Machine { clock_source: Some("hpet".to_owned()), ..Machine::look() };
        assert_eq!(machine.warnings().len(), 1);
        assert!(Machine { clock_source: Some("tsc".to_owned()), ..machine }.warnings().is_empty());
    }

    #[test]
    fn a_flush_takes_time() {
        let dir = tempfile::tempdir().unwrap();
        assert!(flush_us(dir.path()).unwrap() > 0.0);
    }
}
