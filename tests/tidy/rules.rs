//! The rules' tables: which room may use which, and which crate enters where.

/// Room → what it may use. `words` and `event` are open to all. `workload::plan` opens only that module of `workload`.
pub const ARROWS: &[(&str, &[&str])] = &[
    ("main", &["cli"]),
    ("lib", &[]),
    (
        "cli",
        &[
            "dataset", "driver", "engine", "load", "metrics", "param", "probe", "report", "result", "stats", "timer",
            "topology", "verdict", "workload",
        ],
    ),
    ("workload", &["param"]),
    ("param", &[]),
    ("dataset", &["param", "driver", "topology", "workload::plan"]),
    ("topology", &["driver", "timer", "workload::plan"]),
    ("driver", &["timer"]),
    ("load", &["param", "timer"]),
    ("timer", &[]),
    ("engine", &["workload::plan", "param", "driver", "load", "metrics", "topology", "timer"]),
    ("event", &[]),
    ("probe", &["driver", "topology", "metrics", "workload::plan"]),
    ("metrics", &[]),
    ("result", &["metrics"]),
    ("stats", &[]),
    ("verdict", &["result", "stats"]),
    ("report", &["result", "verdict", "stats"]),
    ("words", &[]),
];

/// Arrows beyond the table: room, what it may use, why. One that no file needs any more must go.
pub const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "driver",
        "param",
        "a drawn value (Value) becomes bytes of a server type here, and Domain says what can be drawn; nothing else is used",
    ),
    ("main", "topology::reaper", "the reaper is this program started anew: it must act before any argument is read"),
];

const PURE_OUT: &[&str] = &["words", "event", "timer", "load"];

/// Which rooms a crate enters.
pub enum Door {
    /// These alone.
    Rooms(&'static [&'static str]),
    /// General purpose: all but the rooms that have no use for it.
    AllBut(&'static [&'static str]),
}

/// Crate (as in a path) → its door. Every dependency of the package must stand here.
pub const DOORS: &[(&str, Door)] = &[
    // One door each: the crate can be replaced behind it.
    ("tokio_postgres", Door::Rooms(&["driver"])),
    ("postgres_protocol", Door::Rooms(&["driver"])),
    ("fallible_iterator", Door::Rooms(&["driver"])),
    ("rustls", Door::Rooms(&["driver"])),
    ("tokio_rustls", Door::Rooms(&["driver"])),
    ("hdrhistogram", Door::Rooms(&["metrics"])),
    ("plotters", Door::Rooms(&["report"])),
    ("minijinja", Door::Rooms(&["report"])),
    ("indicatif", Door::Rooms(&["report"])),
    ("comfy_table", Door::Rooms(&["report"])),
    ("toml", Door::Rooms(&["workload"])),
    ("annotate_snippets", Door::Rooms(&["workload"])),
    ("clap", Door::Rooms(&["cli"])),
    ("clap_complete", Door::Rooms(&["cli"])),
    ("clap_mangen", Door::Rooms(&["cli"])),
    ("statrs", Door::Rooms(&["stats"])),
    // A few rooms with a reason each.
    ("anstream", Door::Rooms(&["main", "cli", "report"])),
    ("procfs", Door::Rooms(&["probe", "metrics", "topology"])),
    ("csv", Door::Rooms(&["workload", "result", "report"])),
    ("strsim", Door::Rooms(&["workload", "dataset", "words", "cli"])),
    ("sha2", Door::Rooms(&["workload", "topology", "dataset", "driver", "result", "report", "cli"])),
    ("tempfile", Door::Rooms(&["topology", "result", "probe", "cli"])),
    ("bytesize", Door::Rooms(&["workload", "topology", "report", "cli"])),
    ("rand", Door::Rooms(&["param", "load", "stats", "engine", "topology", "driver"])),
    ("rand_distr", Door::Rooms(&["param", "load"])),
    ("rand_xoshiro", Door::Rooms(&["param", "load", "stats", "engine", "topology", "driver"])),
    ("bytes", Door::Rooms(&["driver", "dataset", "engine", "topology"])),
    ("futures_util", Door::Rooms(&["driver", "dataset", "engine", "topology", "probe", "timer", "cli"])),
    ("tokio", Door::Rooms(&["driver", "dataset", "engine", "topology", "probe", "timer", "cli", "main"])),
    ("rustix", Door::Rooms(&["topology", "timer", "driver", "engine", "metrics", "probe", "result", "cli", "main"])),
    ("jiff", Door::Rooms(&["workload", "param", "driver", "topology", "engine", "result", "report", "cli"])),
    // General purpose.
    ("serde", Door::AllBut(&["timer", "load", "main"])),
    ("serde_json", Door::AllBut(PURE_OUT)),
    ("thiserror", Door::AllBut(&["main"])),
];

/// Rooms that may print (others take a writer).
pub const PRINTERS: &[&str] = &["main", "cli", "report"];

/// Longest file and function, in lines, tests aside.
pub const FILE_LINES: usize = 400;
/// See [`FILE_LINES`].
pub const FUNCTION_LINES: usize = 70;

/// Texts that would tell on which machine this was written, in two parts so that this file does not contain them.
pub const MACHINE: &[(&str, &str)] = &[("/wo", "rk/"), ("/ro", "ot/"), ("/tmp/br", "ief")];

/// What of the package is searched for them.
pub const PUBLIC: &[&str] =
    &["src", "tests", "benches", "scripts", "workloads", "docs", ".ci", "README.md", "CHANGELOG.md", "Cargo.toml"];
