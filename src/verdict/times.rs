//! Times as people read them: in sentences, tables and plots alike.

use super::ratio::{format_figure, round_to};

/// What stands where there is no figure.
const ABSENT: &str = "–";

/// A time in microseconds with the unit that fits: `850 ns`, `12.3 µs`, `1.02 ms`, `2.50 s`, `3 min 20 s`.
#[must_use]
pub fn time_us(value_us: f64) -> String {
    if !value_us.is_finite() {
        return ABSENT.to_owned();
    }
    if value_us == 0.0 {
        return "0 µs".to_owned();
    }
    let (divisor, unit) = time_unit(round_to(value_us, 3));
    if unit == "min" {
        return duration_s(value_us / 1e6);
    }
    format!("{} {unit}", figure(value_us / divisor))
}

/// The divisor (of microseconds) and the name of the unit in which a time is written.
fn time_unit(value_us: f64) -> (f64, &'static str) {
    match value_us.abs() {
        v if v < 1.0 => (1e-3, "ns"),
        v if v < 1e3 => (1.0, "µs"),
        v if v < 1e6 => (1e3, "ms"),
        v if v < 120e6 => (1e6, "s"),
        _ => (60e6, "min"),
    }
}

/// A duration for people: `0.11 s`, `12.3 s`, `3 min 20 s`, `2 h 5 min`.
#[must_use]
pub fn duration_s(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return ABSENT.to_owned();
    }
    if seconds < 10.0 {
        return format!("{seconds:.2} s");
    }
    if seconds < 119.5 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round();
    if whole < 7200.0 {
        return format!("{:.0} min {:.0} s", (whole / 60.0).floor(), whole % 60.0);
    }
    format!("{:.0} h {:.0} min", (whole / 3600.0).floor(), (whole % 3600.0 / 60.0).floor())
}

fn figure(value: f64) -> String {
    format_figure(value).unwrap_or_else(|| ABSENT.to_owned())
}
