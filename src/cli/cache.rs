//! `dbbench cache`: what is kept between runs, and making room.

use std::time::{Duration, SystemTime};

use bytesize::ByteSize;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::args::Format;
use super::failure::Failure;
use super::run::refusal;
use crate::topology::kept::{self, Kept, Listed};
use crate::topology::{self, Kind};
use crate::words::{ExitCode, counted};

/// Arguments of `dbbench cache`.
#[derive(Debug, Args)]
pub struct CacheArgs {
    /// What to do
    #[arg(value_enum, default_value_t = Act::List, value_name = "ACTION")]
    pub act: Act,
    /// Only what no run has used for so long, for example 30d or 12h
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub older_than: Option<Duration>,
    /// What stdout gets: lines for people, or JSON
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// What to do with the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Act {
    /// Show what is kept: what it is, size, age, last use.
    List,
    /// Remove it, and say how much that freed.
    Clear,
}

/// Something that is kept, for programs.
#[derive(Debug, Serialize)]
struct Entry {
    kind: &'static str,
    about: Option<String>,
    bytes: u64,
    made_at: String,
    used_at: String,
    in_use: bool,
    path: String,
}

/// The list, for programs.
#[derive(Debug, Serialize)]
struct ListReport {
    dir: String,
    limit_bytes: u64,
    entries: Vec<Entry>,
}

/// What came of making room, for programs.
#[derive(Debug, Serialize)]
struct ClearReport {
    dir: String,
    freed_bytes: u64,
    removed: Vec<Entry>,
    in_use: Vec<Entry>,
    stayed: Vec<Entry>,
}

/// Lists or removes what is kept between runs.
///
/// # Errors
/// When there is no place for a cache, or it cannot be opened.
pub fn cache(args: &CacheArgs) -> Result<ExitCode, Failure> {
    let Some(root) = topology::cache_root() else {
        let text = "nothing is kept: there is no home folder; DBBENCH_CACHE_DIR names a place for the cache";
        return Err(Failure::text(ExitCode::Failed, text));
    };
    let failed = refusal::topology;
    let limit_bytes = topology::cache_limit_bytes().map_err(|error| failed(&error))?;
    let (dir, age) = (root.display().to_string(), args.older_than.unwrap_or_default());
    match args.act {
        Act::List => {
            let listed = kept::list(&root).map_err(|error| failed(&error))?.map(|mut listed| {
                listed.kept.retain(|one| kept::is_unused(one.used, age));
                listed
            });
            match (args.format, listed) {
                (Format::Json, listed) => {
                    let kept = listed.map_or_else(Vec::new, |listed| listed.kept);
                    json(&ListReport { dir, limit_bytes, entries: kept.into_iter().map(entry).collect() })?;
                }
                (Format::Text, Some(listed)) => anstream::print!("{}", list_text(&dir, &listed, SystemTime::now())),
                (Format::Text, None) => anstream::println!("nothing is kept: there is no {dir}"),
            }
            Ok(ExitCode::Done)
        }
        Act::Clear => {
            let cleared = kept::clear(&root, age).map_err(|error| failed(&error))?;
            let stayed = !cleared.stayed.is_empty();
            match args.format {
                Format::Json => json(&ClearReport {
                    dir,
                    freed_bytes: cleared.removed.iter().map(|one| one.bytes).sum(),
                    removed: cleared.removed.into_iter().map(entry).collect(),
                    in_use: cleared.in_use.into_iter().map(entry).collect(),
                    stayed: cleared.stayed.into_iter().map(entry).collect(),
                })?,
                Format::Text => anstream::print!("{}", clear_text(&dir, &cleared, SystemTime::now())),
            }
            // Somebody else's, or a file system that refuses: what was asked for was not done.
            Ok(if stayed { ExitCode::Failed } else { ExitCode::Done })
        }
    }
}

fn json(report: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(report).map_err(|error| Failure::failed(&error))?;
    anstream::println!("{text}");
    Ok(())
}

fn entry(kept: Kept) -> Entry {
    let time = |at: SystemTime| jiff::Timestamp::try_from(at).map_or_else(|_| String::new(), |at| at.to_string());
    Entry {
        kind: kind(kept.kind),
        about: Some(kept.about).filter(|about| !about.is_empty()),
        bytes: kept.bytes,
        made_at: time(kept.made),
        used_at: time(kept.used),
        in_use: kept.in_use,
        path: kept.path.display().to_string(),
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Template => "template",
        Kind::Dataset => "dataset",
    }
}

fn list_text(dir: &str, listed: &Listed, now: SystemTime) -> String {
    let bytes: u64 = listed.kept.iter().map(|one| one.bytes).sum();
    let width = listed.kept.iter().map(|one| one.about.chars().count()).max().unwrap_or(0);
    let line = |one: &Kept| {
        let in_use = if one.in_use { "  in use" } else { "" };
        let (made, used) = (ago(one.made, now), ago(one.used, now));
        let (kind, about, size) = (kind(one.kind), &one.about, ByteSize::b(one.bytes).to_string());
        format!("{kind:8}  {about:width$}  {size:>9}  made {made:>10} ago  used {used:>10} ago{in_use}\n")
    };
    let limit = ByteSize::b(listed.limit_bytes);
    let count = match listed.kept.len() {
        1 => "1 entry".to_owned(),
        count => format!("{count} entries"),
    };
    let lines: String = listed.kept.iter().map(line).collect();
    format!("{lines}{count}, {} of at most {limit}, in {dir}\n", ByteSize::b(bytes))
}

fn clear_text(dir: &str, cleared: &kept::Cleared, now: SystemTime) -> String {
    let line = |what: &str, one: &Kept| {
        let about = if one.about.is_empty() { String::new() } else { format!(" {}", one.about) };
        let (size, used) = (ByteSize::b(one.bytes), ago(one.used, now));
        format!("{what} {}{about}, {size}, used {used} ago\n", kind(one.kind))
    };
    let mut text: String = cleared.removed.iter().map(|one| line("removed", one)).collect();
    text.extend(cleared.in_use.iter().map(|one| line("left, for a run is copying it:", one)));
    text.extend(cleared.stayed.iter().map(|one| line("cannot be removed:", one)));
    let freed = ByteSize::b(cleared.removed.iter().map(|one| one.bytes).sum());
    format!("{text}freed {freed} in {dir}\n")
}

/// How long ago, in its largest unit: `3 days`, `1 hour`, `40 s`.
fn ago(at: SystemTime, now: SystemTime) -> String {
    let seconds = now.duration_since(at).unwrap_or_default().as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => counted(seconds / 3_600, "hour"),
        _ => counted(seconds / 86_400, "day"),
    }
}

/// `30d`, `12h`, `2 weeks`: a day has 24 hours.
fn age(text: &str) -> Result<Duration, String> {
    let rule = || format!("an age with its unit, for example 30d, 12h or 2w, not `{text}`");
    let span: jiff::Span = text.parse().map_err(|_| rule())?;
    let age = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| rule())?;
    Duration::try_from(age).map_err(|_| rule())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_units_and_are_not_negative() {
        let day = 86_400;
        let read = ["30d", "12h", "2w", "1d 12h", "0s"].map(|text| age(text).map(|age| age.as_secs()));
        assert_eq!(read, [Ok(30 * day), Ok(day / 2), Ok(14 * day), Ok(day + day / 2), Ok(0)]);
        for wrong in ["30", "soon", "-1d", "1 month", "1y", ""] {
            assert!(age(wrong).is_err_and(|error| error.contains("30d")), "{wrong}");
        }
    }

    #[test]
    fn the_list_reads_as_a_table_and_the_sum_is_said() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10_000_000);
        let kept = |kind, about: &str, bytes, made_s, used_s| Kept {
            kind,
            about: about.to_owned(),
            bytes,
            made: now - Duration::from_secs(made_s),
            used: now - Duration::from_secs(used_s),
            in_use: used_s == 5,
            path: "/cache/x".into(),
        };
        let all = vec![
            kept(Kind::Dataset, "made for n-plus-one, PostgreSQL 15.18", 132 << 20, 200_000, 5),
            kept(Kind::Template, "PostgreSQL 15.18", 40 << 20, 90_000, 7_200),
            kept(Kind::Template, "", 1, 10_000_000, 4_000_000),
        ];
        let listed = Listed { kept: all.clone(), limit_bytes: 8 << 30 };
        let cleared = kept::Cleared { removed: all[1..].to_vec(), in_use: all[..1].to_vec(), stayed: Vec::new() };
        insta::assert_snapshot!(format!(
            "{}\n{}",
            list_text("/cache", &listed, now),
            clear_text("/cache", &cleared, now)
        ));
    }
}
