//! Ratios, shares and figures as people read them: one way of writing for the sentence, the warnings, the tables and the
//! claims.

/// A ratio without its sign: `0.09`, `0.31`, `1.02`, `12.3`.
#[must_use]
pub fn format_ratio(value: f64) -> String {
    let decimals = fixed_decimals(value);
    // One less where the last would be a zero: 0.09, not 0.090.
    let less = decimals > 2 && format!("{value:.decimals$}").ends_with('0');
    decimal(value, decimals - usize::from(less))
}

/// The interval beside a ratio, both ends with the same decimals: two significant digits of the lower end, more where
/// the ends would look the same or one would look like 1 that is not (`0.086–0.094`, `1.003–1.012`).
#[must_use]
pub fn format_interval(low: f64, high: f64) -> String {
    let mut decimals = fixed_decimals(low);
    let ambiguous = |decimals: usize| {
        let one = decimal(1.0, decimals);
        let alike = |value: f64| value != 1.0 && decimal(value, decimals) == one;
        low < high && (decimal(low, decimals) == decimal(high, decimals) || alike(low) || alike(high))
    };
    let wanted = decimals;
    while decimals < wanted + 4 && ambiguous(decimals) {
        decimals += 1;
    }
    format!("{}–{}", decimal(low, decimals), decimal(high, decimals))
}

/// Three significant digits without an exponent, whole numbers above 1,000 rounded as well and grouped (`1.02`, `12.3`,
/// `12,300`); `None` for what is no number.
#[must_use]
pub fn format_figure(value: f64) -> Option<String> {
    if value == 0.0 {
        return Some("0".to_owned());
    }
    let rounded = value.is_finite().then(|| round_to(value, 3))?;
    let decimals = usize::try_from(2 - exponent_of(rounded)).unwrap_or(0).min(9);
    Some(grouped(&format!("{rounded:.decimals$}")))
}

/// As [`format_figure`], without zeros at the end: `0.5`, `21`; `–` for what is no number.
#[must_use]
pub fn trimmed(value: f64) -> String {
    let Some(text) = format_figure(value) else { return "–".to_owned() };
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// `value` rounded to `digits` significant digits.
#[must_use]
pub fn round_to(value: f64, digits: i32) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = digits - 1 - exponent_of(value);
    // Powers of ten above 10^22 are not exact; times and rates stay far below.
    if scale >= 0 {
        (value * 10f64.powi(scale)).round() / 10f64.powi(scale)
    } else {
        (value / 10f64.powi(-scale)).round() * 10f64.powi(-scale)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the exponent of a finite f64 lies within ±324")]
fn exponent_of(value: f64) -> i32 {
    if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 }
}

/// A share as per cent: `5 %`, `0.2 %`, `12 %`, `96.5 %`. Near both ends there is a decimal, as 96.5 % differ from 97 % by as
/// much as 3.5 % from 3 %; what is neither nothing nor all is never written as either.
#[must_use]
pub fn percent(share: f64) -> String {
    // Shares are quotients of floating-point numbers: this much is none.
    const ROUNDING: f64 = 1e-9;
    let value = share * 100.0;
    let size = value.abs();
    let decimals = usize::from(size < 9.95 || (90.05..=100.0).contains(&size));
    let text = format!("{value:.decimals$}");
    match text.strip_suffix(".0").unwrap_or(&text) {
        "0" if size > ROUNDING => "less than 0.1 %".to_owned(),
        "-0" if size > ROUNDING => "more than -0.1 %".to_owned(),
        "-0" => "0 %".to_owned(),
        "100" if size < 100.0 - ROUNDING => "more than 99.9 %".to_owned(),
        text => format!("{text} %"),
    }
}

/// A relative difference that would show: per cent up to 100 %, a factor beyond (`8.3 %`, `2.5×`).
#[must_use]
pub fn format_detectable(share: f64) -> String {
    if share > 1.0 {
        return format!("{}×", format_ratio(1.0 + share));
    }
    percent(share)
}

/// Decimals that show two significant digits below 1, and two, one or none above.
fn fixed_decimals(value: f64) -> usize {
    match value.abs() {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.0995 || v == 0.0 || !v.is_finite() => 2,
        // Rounded to two digits first: 0.0099 has two decimals more than 0.1, 0.00996 as many as 0.01.
        v => format!("{v:.1e}").split_once("e-").and_then(|(_, e)| e.parse::<usize>().ok()).map_or(2, |e| e + 1).min(8),
    }
}

fn decimal(value: f64, decimals: usize) -> String {
    grouped(&format!("{value:.decimals$}"))
}

/// Groups the integer part of a written number by thousands.
#[must_use]
pub fn grouped(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("−", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut out = String::with_capacity(number.len() + 6);
    out.push_str(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_have_the_digits_that_matter() {
        assert_eq!(
            [0.0034, 0.0046, 0.0901, 0.0951, 0.0999, 0.5, 0.976, 1.004, 21.4, 213.7, 1_234.0].map(format_ratio),
            ["0.0034", "0.0046", "0.09", "0.095", "0.10", "0.50", "0.98", "1.00", "21.4", "214", "1,234"]
        );
    }

    #[test]
    fn an_interval_has_two_ends_and_does_not_hide_on_which_side_of_one_it_lies() {
        assert_eq!(format_interval(0.0861, 0.0939), "0.086–0.094");
        assert_eq!(format_interval(0.058, 0.1), "0.058–0.100");
        assert_eq!(format_interval(1.0001, 1.0004), "1.0001–1.0004");
        assert_eq!(format_interval(1.003, 1.012), "1.003–1.012");
        assert_eq!(format_interval(0.97, 0.998), "0.970–0.998");
        assert_eq!(format_interval(1.0, 1.0), "1.00–1.00");
    }

    #[test]
    fn a_share_is_all_or_nothing_only_when_it_is() {
        assert_eq!([0.0, 1.0, -0.0, 0.1 + 0.2 - 0.3].map(percent), ["0 %", "100 %", "0 %", "0 %"]);
        assert_eq!(
            [0.000_04, 0.000_6, 0.034_9, 0.123, 0.897, 0.965, 0.97, 0.999_4, 0.999_6, -0.021].map(percent),
            [
                "less than 0.1 %",
                "0.1 %",
                "3.5 %",
                "12 %",
                "90 %",
                "96.5 %",
                "97 %",
                "99.9 %",
                "more than 99.9 %",
                "-2.1 %"
            ]
        );
    }

    #[test]
    fn a_large_difference_is_a_factor() {
        assert_eq!([0.083, 0.12, 1.0, 1.5, 9.0].map(format_detectable), ["8.3 %", "12 %", "100 %", "2.50×", "10.0×"]);
    }
}
