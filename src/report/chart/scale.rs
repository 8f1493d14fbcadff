//! Scales: from a value to a place between two ends, and the ticks that a person would choose.

/// How values are spread over an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spread {
    Linear,
    Log,
    /// Percentiles: the axis grows by one step with every further nine (90 %, 99 %, 99.9 % …).
    Nines,
}

/// A scale from `low..high` to `from..to` (pixels; `to` may be less than `from`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    spread: Spread,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    pub(super) fn new(spread: Spread, (low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        let (low, high) = (warp(spread, low), warp(spread, high));
        let high = if high > low { high } else { low + 1.0 };
        Self { spread, low, high, from, to }
    }

    /// The pixel of a value; values outside are held at the end of the axis.
    pub(super) fn place(&self, value: f64) -> f64 {
        let share = ((warp(self.spread, value) - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }
}

fn warp(spread: Spread, value: f64) -> f64 {
    match spread {
        Spread::Linear => value,
        Spread::Log => value.max(1e-12).log10(),
        Spread::Nines => -(1.0 - value).max(1e-12).log10(),
    }
}

/// The ends of a logarithmic axis that holds all `values` with a little room, at 1, 2 or 5 times a power of ten; one to ten when there are none.
pub(super) fn log_range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let Some((low, high)) = extent(values.filter(|value| *value > 0.0)) else { return (1.0, 10.0) };
    // A little room, so that no mark lies on the edge.
    (nice_below(low / 1.04), nice_above(high * 1.04))
}

/// The ends of a linear axis from zero that holds all `values`.
pub(super) fn zero_range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let high = extent(values).map_or(1.0, |(_, high)| high);
    if high <= 0.0 {
        return (0.0, 1.0);
    }
    let step = linear_step(high, 5);
    (0.0, (high / step).ceil() * step)
}

fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|value| value.is_finite()).fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

fn nice_below(value: f64) -> f64 {
    let decade = 10f64.powf(value.log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|m| m * decade).find(|tick| *tick <= value * 1.000_001).unwrap_or(decade)
}

fn nice_above(value: f64) -> f64 {
    let decade = 10f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|m| m * decade).find(|tick| *tick >= value * 0.999_999).unwrap_or(decade * 10.0)
}

/// Ticks of a logarithmic axis: 1-2-5 where there is room for at most `room` of them, else powers of ten.
pub(super) fn log_ticks((low, high): (f64, f64), room: usize) -> Vec<f64> {
    for multiples in [&[1.0, 2.0, 5.0][..], &[1.0, 3.0], &[1.0]] {
        let ticks = log_multiples((low, high), multiples);
        if ticks.len() <= room.max(2) {
            return ticks;
        }
    }
    let all = log_multiples((low, high), &[1.0]);
    let every = all.len().div_ceil(room.max(2));
    all.into_iter().step_by(every.max(1)).collect()
}

fn log_multiples((low, high): (f64, f64), multiples: &[f64]) -> Vec<f64> {
    let mut ticks = Vec::new();
    let mut decade = 10f64.powf(low.log10().floor());
    while decade <= high * 1.000_001 && ticks.len() < 200 {
        ticks.extend(
            multiples.iter().map(|m| m * decade).filter(|tick| *tick >= low * 0.999_999 && *tick <= high * 1.000_001),
        );
        decade *= 10.0;
    }
    ticks
}

/// Ticks of a linear axis, about `room` of them.
pub(super) fn linear_ticks((low, high): (f64, f64), room: usize) -> Vec<f64> {
    let step = linear_step(high - low, room);
    let mut ticks = Vec::new();
    let mut tick = (low / step).ceil() * step;
    while tick <= high + step * 1e-6 && ticks.len() < 200 {
        ticks.push(tick);
        tick += step;
    }
    ticks
}

fn linear_step(span: f64, room: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a handful of ticks")]
    let rough = span / room.max(1) as f64;
    if rough > 0.0 { nice_above(rough) } else { 1.0 }
}

/// Ticks of a percentile axis up to `high`: 0, 50 %, 90 %, 99 % … with their names.
pub(super) fn nines_ticks(high: f64) -> Vec<(f64, String)> {
    let mut ticks = vec![(0.0, "0 %".to_owned()), (0.5, "50 %".to_owned()), (0.9, "90 %".to_owned())];
    let mut rest = 0.01;
    for nines in 2..=7usize {
        let decimals = nines.saturating_sub(2);
        ticks.push((1.0 - rest, format!("{:.decimals$} %", 100.0 - rest * 100.0)));
        rest /= 10.0;
    }
    ticks.retain(|(q, _)| *q <= high + 1e-12);
    ticks
}

/// A time at a tick, without needless zeros: `500 µs`, `1 ms`, `2 s`.
pub(super) fn tick_time(value_us: f64) -> String {
    let (value, unit) = match value_us {
        v if v < 0.999_999 => (v * 1e3, "ns"),
        v if v < 999.999 => (v, "µs"),
        v if v < 999_999.0 => (v / 1e3, "ms"),
        v => (v / 1e6, "s"),
    };
    format!("{} {unit}", tick_number(value))
}

pub(super) use crate::report::format::trimmed as tick_number;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithmic_axes_end_at_one_two_or_five() {
        assert_eq!(log_range([130.0, 4_400.0].into_iter()), (100.0, 5_000.0));
        assert_eq!(log_range([7.0].into_iter()), (5.0, 10.0));
        assert_eq!(log_range([10.0].into_iter()), (5.0, 20.0));
        assert_eq!(log_range(std::iter::empty()), (1.0, 10.0));
        assert_eq!(log_ticks((100.0, 5_000.0), 8), [100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0]);
        assert_eq!(log_ticks((1.0, 1e6), 8), [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6]);
    }

    #[test]
    fn linear_axes_start_at_zero_and_take_round_steps() {
        assert_eq!(zero_range([8_800.0, 120.0].into_iter()), (0.0, 10_000.0));
        assert_eq!(linear_ticks((0.0, 10_000.0), 5), [0.0, 2_000.0, 4_000.0, 6_000.0, 8_000.0, 10_000.0]);
        assert_eq!(zero_range([0.0].into_iter()), (0.0, 1.0));
    }

    #[test]
    fn each_nine_takes_the_same_room() {
        let scale = Scale::new(Spread::Nines, (0.0, 0.999), (0.0, 300.0));
        let places = [0.0, 0.9, 0.99, 0.999].map(|q| scale.place(q).round());
        assert_eq!(places, [0.0, 100.0, 200.0, 300.0]);
        let names: Vec<String> = nines_ticks(0.9999).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
    }

    #[test]
    fn ticks_carry_units() {
        assert_eq!([0.5, 500.0, 1_000.0, 20_000.0, 2e6].map(tick_time), ["500 ns", "500 µs", "1 ms", "20 ms", "2 s"]);
        assert_eq!([0.05, 1.0, 0.0, 12_000.0].map(tick_number), ["0.05", "1", "0", "12,000"]);
    }

    #[test]
    fn a_value_outside_is_held_at_the_end() {
        let scale = Scale::new(Spread::Log, (1.0, 100.0), (100.0, 0.0));
        assert_eq!([0.0, 1.0, 10.0, 100.0, 1e9].map(|v| scale.place(v)), [100.0, 100.0, 50.0, 0.0, 0.0]);
    }
}
