//! Numbers as people read them: three significant digits, a unit that fits, and "–" for what was not measured.
//!
//! Shared by the terminal, the page and the plots, so that a figure looks the same everywhere.

use crate::verdict::{self, format_figure, format_interval, format_ratio, grouped};

pub use crate::verdict::{duration_s, time_us, trimmed};

/// What stands where there is no figure.
pub const ABSENT: &str = "–";

/// `1.02`, `12.3`, `123`: three significant digits without an exponent; whole numbers above 1,000 are rounded to three
/// digits as well and grouped (`12,300`).
#[must_use]
pub fn significant(value: f64) -> String {
    format_figure(value).unwrap_or_else(|| ABSENT.to_owned())
}

/// A time that may not have been measured.
#[must_use]
pub fn optional_time_us(value_us: Option<f64>) -> String {
    value_us.map_or_else(|| ABSENT.to_owned(), time_us)
}

/// A figure that may not have been measured.
#[must_use]
pub fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| ABSENT.to_owned(), significant)
}

/// Whole seconds that remain, for progress: `12 s`, `3 min 20 s`.
#[must_use]
pub fn remaining_s(seconds: f64) -> String {
    if seconds < 119.5 { format!("{:.0} s", seconds.max(0.0).ceil()) } else { duration_s(seconds) }
}

/// A count with grouped thousands: `220,000`.
#[must_use]
pub fn count(value: u64) -> String {
    grouped(&value.to_string())
}

/// A share as per cent: `5 %`, `0.2 %`, `2.1 %`, `12 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    if share.is_finite() { verdict::percent(share) } else { ABSENT.to_owned() }
}

/// A ratio: `0.09×`, `0.31×`, `1.02×`, `12.3×`.
#[must_use]
pub fn ratio(value: f64) -> String {
    if !value.is_finite() {
        return ABSENT.to_owned();
    }
    format!("{}×", format_ratio(value))
}

/// A ratio with its interval where there is one: `0.09×, 0.086–0.094`.
#[must_use]
pub fn ratio_with_interval(estimate: Option<f64>, low: Option<f64>, high: Option<f64>) -> String {
    match (estimate, low, high) {
        (Some(estimate), Some(low), Some(high)) => format!("{}, {}", ratio(estimate), format_interval(low, high)),
        (Some(estimate), _, _) => ratio(estimate),
        _ => ABSENT.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_take_the_unit_that_fits_and_three_digits() {
        let shown =
            [0.0, 0.85, 0.9996, 12.345, 999.4, 999.6, 1_020.0, 12_345.0, 999_600.0, 2_500_000.0, 200e6].map(time_us);
        assert_eq!(
            shown,
            [
                "0 µs",
                "850 ns",
                "1.00 µs",
                "12.3 µs",
                "999 µs",
                "1.00 ms",
                "1.02 ms",
                "12.3 ms",
                "1.00 s",
                "2.50 s",
                "3 min 20 s"
            ]
        );
    }

    #[test]
    fn rates_are_grouped_and_rounded_to_three_digits() {
        assert_eq!(
            [12_345.6, 999.5, 8.0, 0.0123, 1_234_567.0].map(significant),
            ["12,300", "1,000", "8.00", "0.0123", "1,230,000"]
        );
        assert_eq!([21.0, 2.5, 20.96, 120.0].map(trimmed), ["21", "2.5", "21", "120"]);
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(significant(-1234.0), "−1,230");
    }

    #[test]
    fn a_ratio_reads_as_in_a_sentence() {
        assert_eq!(ratio_with_interval(Some(0.09), Some(0.0861), Some(0.0939)), "0.09×, 0.086–0.094");
        assert_eq!(ratio_with_interval(Some(0.31), Some(0.29), Some(0.33)), "0.31×, 0.29–0.33");
        assert_eq!(ratio_with_interval(Some(21.26), Some(20.9), Some(21.8)), "21.3×, 20.9–21.8");
        assert_eq!(ratio_with_interval(Some(1.0), None, None), "1.00×");
        assert_eq!(ratio_with_interval(None, None, None), "–");
    }

    #[test]
    fn durations_and_shares() {
        assert_eq!([0.11, 12.34, 200.0, 7500.0].map(duration_s), ["0.11 s", "12.3 s", "3 min 20 s", "2 h 5 min"]);
        assert_eq!([0.0, 0.05, 0.123, 1.0].map(percent), ["0 %", "5 %", "12 %", "100 %"]);
        assert_eq!([0.2, 59.2, 130.0].map(remaining_s), ["1 s", "60 s", "2 min 10 s"]);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_within_half_of_the_third_digit(exponent in -2.0f64..9.0) {
            let value = 10f64.powf(exponent);
            let shown: f64 = significant(value).replace(',', "").parse().expect("a number");
            prop_assert!((shown - value).abs() <= value * 0.0051, "{value} shown as {shown}");
        }
    }
}
