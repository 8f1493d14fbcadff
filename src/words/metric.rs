//! The names of metrics as claims, expectations and `--metric` write them (`response.p50`, `goodput`, …).

use std::fmt;

/// Which part of an operation's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TimeKind {
    /// From the intended start to the end.
    Response,
    /// From the first send to the last byte, waits for a connection excluded.
    Service,
    /// Open loop: waiting for a free client.
    Queue,
    /// Waiting for a connection.
    Acquire,
    /// Making a connection.
    Connect,
}

impl TimeKind {
    /// All kinds, in the order of the results.
    pub const ALL: [Self; 5] = [Self::Response, Self::Service, Self::Queue, Self::Acquire, Self::Connect];

    /// The name in workload files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Service => "service",
            Self::Queue => "queue",
            Self::Acquire => "acquire",
            Self::Connect => "connect",
        }
    }
}

/// A figure of a distribution of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Percentile {
    /// Arithmetic mean.
    Mean,
    /// Smallest value.
    Min,
    /// Median.
    P50,
    /// 90th percentile.
    P90,
    /// 95th percentile.
    P95,
    /// 99th percentile.
    P99,
    /// 99.9th percentile.
    P999,
    /// Largest value.
    Max,
}

impl Percentile {
    /// All figures, in the order of the results.
    pub const ALL: [Self; 8] =
        [Self::Min, Self::Mean, Self::P50, Self::P90, Self::P95, Self::P99, Self::P999, Self::Max];

    /// The name in workload files and results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Min => "min",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::P999 => "p999",
            Self::Max => "max",
        }
    }

    /// The quantile, or `None` for mean, min and max.
    #[must_use]
    pub fn quantile(self) -> Option<f64> {
        match self {
            Self::P50 => Some(0.5),
            Self::P90 => Some(0.9),
            Self::P95 => Some(0.95),
            Self::P99 => Some(0.99),
            Self::P999 => Some(0.999),
            Self::Mean | Self::Min | Self::Max => None,
        }
    }
}

/// Whether more of a metric is better or worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Less is better: times, failures, CPU.
    LowerIsBetter,
    /// More is better: goodput, rows per second.
    HigherIsBetter,
    /// Neither by itself: statements, what steps record, checks.
    Neutral,
}

/// A figure of what steps record under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordFigure {
    /// `name`: of booleans the share of `true`, of numbers the mean.
    Whole,
    /// `name.count`: of booleans those that are `true`, of numbers all.
    Count,
    /// `name.nulls`: NULLs, which are in no other figure.
    Nulls,
    /// `name.p99` and its like, of numbers.
    Of(Percentile),
}

/// A metric that this version measures.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// `response.p50` and its like.
    Time(TimeKind, Percentile),
    /// Successful operations per second.
    Goodput,
    /// Rows returned or affected per second.
    RowsPerS,
    /// Statements per operation.
    Statements,
    /// Failures of one SQLSTATE or class (`failures.40001`, `failures.timeout`).
    Failures(String),
    /// Share of failed operations among those that ended.
    FailuresShare,
    /// Client CPU per operation.
    CpuClient,
    /// Server CPU per operation.
    CpuServer,
    /// What steps record under a name of the workload.
    Record(String, RecordFigure),
    /// A check after the slice, by its name: expected minus found (`checks.lost_updates`).
    Check(String),
    /// A metric of what goes on beside the mix, by its name (`background.vacuum.response.p99`).
    Background(String, Box<Self>),
}

impl Metric {
    /// Reads a name of `record`, with a figure of it or without: `age`, `age.p99`. `None`: it cannot be one.
    #[must_use]
    pub fn record(name: &str) -> Option<Self> {
        let (name, figure) = match name.split_once('.') {
            None => (name, RecordFigure::Whole),
            Some((name, "count")) => (name, RecordFigure::Count),
            Some((name, "nulls")) => (name, RecordFigure::Nulls),
            Some((name, figure)) => {
                (name, RecordFigure::Of(Percentile::ALL.into_iter().find(|known| known.name() == figure)?))
            }
        };
        (!name.is_empty() && !Self::is_reserved(name)).then(|| Self::Record(name.to_owned(), figure))
    }

    /// Reads the name of a metric as results have it: what is none of dbbench's own is a name of `record`.
    #[must_use]
    pub fn of_results(name: &str) -> Option<Self> {
        Self::parse(name).ok().or_else(|| Self::record(name))
    }

    /// Whether a name of `record` would be taken for a metric of dbbench's own.
    #[must_use]
    pub fn is_reserved(name: &str) -> bool {
        const NAMES: [&str; 16] = [
            "goodput",
            "rows_per_s",
            "statements",
            "failures",
            "cpu",
            "wal_bytes_per_row",
            "stale_reads",
            "replication_lag",
            "schedule_lag",
            "table_bytes",
            "cache",
            "imbalance",
            "plan",
            "endpoint",
            "checks",
            "background",
        ];
        let is_time =
            |kind: &TimeKind| name.strip_prefix(kind.name()).is_some_and(|rest| rest.is_empty() || rest == "_us");
        NAMES.contains(&name)
            || TimeKind::ALL.iter().any(is_time)
            || matches!(Self::parse(name), Err(UnknownMetric::Meant(_)))
    }

    /// Reads the name used in workload files. Names of the language that this version does not measure are
    /// `Err(UnknownMetric::NotSupported)`; spellings of `summary.json` come back with the right name.
    ///
    /// # Errors
    /// Says what is wrong with the name.
    pub fn parse(name: &str) -> Result<Self, UnknownMetric> {
        match name {
            "goodput" => return Ok(Self::Goodput),
            "rows_per_s" => return Ok(Self::RowsPerS),
            "statements" => return Ok(Self::Statements),
            "failures.share" => return Ok(Self::FailuresShare),
            "cpu.client" => return Ok(Self::CpuClient),
            "cpu.server" => return Ok(Self::CpuServer),
            "goodput_per_s" => return Err(UnknownMetric::Meant("goodput".to_owned())),
            "statements_per_operation" => return Err(UnknownMetric::Meant("statements".to_owned())),
            "client_cpu_us_per_operation" => return Err(UnknownMetric::Meant("cpu.client".to_owned())),
            "server_cpu_us_per_operation" => return Err(UnknownMetric::Meant("cpu.server".to_owned())),
            _ => {}
        }
        if let Some(check) = name.strip_prefix("checks.").filter(|check| !check.is_empty()) {
            return Ok(Self::Check(check.to_owned()));
        }
        if let Some((background, metric)) = name.strip_prefix("background.").and_then(|rest| rest.split_once('.')) {
            return match Self::parse(metric)? {
                Self::Time(TimeKind::Queue | TimeKind::Connect, _)
                | Self::CpuClient
                | Self::CpuServer
                | Self::Check(_)
                | Self::Background(..) => Err(UnknownMetric::Unknown),
                metric => Ok(Self::Background(background.to_owned(), Box::new(metric))),
            };
        }
        if let Some((kind, figure)) = name.split_once('.') {
            for time in TimeKind::ALL {
                let percentile = Percentile::ALL.into_iter().find(|p| p.name() == figure);
                match percentile {
                    Some(p) if time.name() == kind => return Ok(Self::Time(time, p)),
                    Some(_) if kind.strip_suffix("_us") == Some(time.name()) => {
                        return Err(UnknownMetric::Meant(format!("{}.{figure}", time.name())));
                    }
                    _ => {}
                }
            }
            if kind == "failures"
                && !figure.is_empty()
                && figure.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            {
                return Ok(Self::Failures(figure.to_owned()));
            }
        }
        if Self::is_of_the_language(name) { Err(UnknownMetric::NotSupported) } else { Err(UnknownMetric::Unknown) }
    }

    fn is_of_the_language(name: &str) -> bool {
        const EXACT: [&str; 5] = ["wal_bytes_per_row", "stale_reads", "cache.hit_rate", "imbalance", "plan.rows_error"];
        const PREFIX: [&str; 3] = ["replication_lag.", "table_bytes.", "endpoint."];
        EXACT.contains(&name) || PREFIX.iter().any(|prefix| name.starts_with(prefix))
    }

    /// The name used in workload files.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Time(kind, figure) => format!("{}.{}", kind.name(), figure.name()),
            Self::Goodput => "goodput".to_owned(),
            Self::RowsPerS => "rows_per_s".to_owned(),
            Self::Statements => "statements".to_owned(),
            Self::Failures(key) => format!("failures.{key}"),
            Self::FailuresShare => "failures.share".to_owned(),
            Self::CpuClient => "cpu.client".to_owned(),
            Self::CpuServer => "cpu.server".to_owned(),
            Self::Record(name, RecordFigure::Whole) => name.clone(),
            Self::Record(name, RecordFigure::Count) => format!("{name}.count"),
            Self::Record(name, RecordFigure::Nulls) => format!("{name}.nulls"),
            Self::Record(name, RecordFigure::Of(figure)) => format!("{name}.{}", figure.name()),
            Self::Check(name) => format!("checks.{name}"),
            Self::Background(name, metric) => format!("background.{name}.{}", metric.name()),
        }
    }

    /// The path of the figure in `summary.json` (`response_us.p50`).
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Time(kind, figure) => format!("{}_us.{}", kind.name(), figure.name()),
            Self::Goodput => "goodput_per_s".to_owned(),
            Self::RowsPerS => "rows_per_s".to_owned(),
            Self::Statements => "statements_per_operation".to_owned(),
            Self::Failures(key) => format!("failures.{key}"),
            Self::FailuresShare => "failures.share".to_owned(),
            Self::CpuClient => "client_cpu_us_per_operation".to_owned(),
            Self::CpuServer => "server_cpu_us_per_operation".to_owned(),
            Self::Record(..) => self.name(),
            Self::Check(name) => format!("checks.{name}"),
            Self::Background(name, metric) => format!("background.{name}.{}", metric.path()),
        }
    }

    /// Whether more is better.
    #[must_use]
    pub fn direction(&self) -> Direction {
        match self {
            Self::Goodput | Self::RowsPerS => Direction::HigherIsBetter,
            Self::Statements | Self::Record(..) | Self::Check(_) => Direction::Neutral,
            Self::Background(_, metric) => metric.direction(),
            _ => Direction::LowerIsBetter,
        }
    }

    /// Whether a value of this metric is a time in microseconds (and may be written as `"5ms"`).
    #[must_use]
    pub fn is_time(&self) -> bool {
        match self {
            Self::Background(_, metric) => metric.is_time(),
            _ => matches!(self, Self::Time(..) | Self::CpuClient | Self::CpuServer),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// Why a name is not a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownMetric {
    /// No such metric in the language.
    Unknown,
    /// In the language, but not measured by this version.
    NotSupported,
    /// The spelling of `summary.json`; the workload's name stands inside.
    Meant(String),
}

#[cfg(test)]
mod tests {
    use super::{Metric, Percentile, TimeKind, UnknownMetric};

    #[test]
    fn names_are_read_back() {
        for name in ["response.p50", "connect.max", "goodput", "failures.40001", "failures.share", "cpu.server"] {
            assert_eq!(Metric::parse(name).map(|m| m.name()), Ok(name.to_owned()));
        }
        for name in ["age", "age.p99", "fresh.count", "fresh.nulls"] {
            assert_eq!(Metric::of_results(name).map(|m| m.name()), Some(name.to_owned()));
        }
        for taken in ["response", "service_us", "goodput_per_s", "failures", "cpu", "checks"] {
            assert!(Metric::is_reserved(taken) && Metric::record(taken).is_none(), "{taken}");
        }
        assert_eq!(Metric::record("age.p98"), None);
        assert_eq!(Metric::parse("response.p99"), Ok(Metric::Time(TimeKind::Response, Percentile::P99)));
    }

    #[test]
    fn the_spelling_of_the_results_gets_the_right_name() {
        assert_eq!(Metric::parse("response_us.p50"), Err(UnknownMetric::Meant("response.p50".to_owned())));
        assert_eq!(Metric::parse("checks.lost"), Ok(Metric::Check("lost".to_owned())));
        assert_eq!(Metric::parse("stale_reads"), Err(UnknownMetric::NotSupported));
        assert_eq!(Metric::parse("respons.p50"), Err(UnknownMetric::Unknown));
    }
}
