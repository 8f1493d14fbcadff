//! A place for a run of dbbench, and what it printed.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::Value;
use tempfile::TempDir;

/// No command of a test may take longer, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Within this time nothing of a run may be left, however it ended.
pub const GONE: Duration = Duration::from_secs(3);

/// A workload that costs little. Tests change pieces of it; who leaves `[dataset]` alone finds it in the cache.
pub const TINY: &str = r#"name = "tiny"

[dataset]
schema = """
CREATE TABLE users (id bigint PRIMARY KEY, org_id int NOT NULL, name text NOT NULL);
"""
after_load = "CREATE INDEX ON users (org_id);"

[dataset.tables.users]
rows = 200
columns.id     = "row_number"
columns.org_id = { uniform = [1, 20] }
columns.name   = { text = 8 }

[params]
org = { uniform = [1, 20] }

[operations.one]
steps = [{ as = "u", sql = "SELECT id, name FROM users WHERE org_id = :org" }]
answer = ["u.id"]

[operations.two]
steps = [
  { as = "i", sql = "SELECT id FROM users WHERE org_id = :org" },
  { as = "u", for_each = "i", sql = "SELECT id, name FROM users WHERE id = :i.id" },
]
answer = ["u.id"]

[load]
clients = 2

[run]
rounds = 1
warmup = "50ms"
measure = "100ms"

[variants]
one = {}
two = {}
"#;

/// [`TINY`] with pieces of it replaced.
pub fn tiny(changes: &[(&str, &str)]) -> String {
    let mut text = TINY.to_owned();
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{from:?} stands once in the workload");
        text = text.replace(from, to);
    }
    text
}

/// What a run that measured ends with: a build with debug assertions is never valid.
pub fn measured(code: i32) -> i32 {
    if cfg!(debug_assertions) && matches!(code, 0 | 3) { 5 } else { code }
}

/// A working folder, and one where only this test's servers live.
pub struct Place {
    folder: TempDir,
    servers: TempDir,
    cache: PathBuf,
}

/// Where servers live: in `$DBBENCH_TEST_RUN_DIR`, which may be memory. Hundreds of clusters come and go, and what a file
/// system on a disk does for each file of them is a third of the time of all tests.
fn servers_folder() -> PathBuf {
    std::env::var_os("DBBENCH_TEST_RUN_DIR").map_or_else(|| PathBuf::from("/var/tmp"), PathBuf::from)
}

impl Place {
    /// With the cache that all tests share.
    pub fn new() -> Self {
        Self::with_cache(Path::new(env!("CARGO_TARGET_TMPDIR")).join("program-cache"))
    }

    /// With a cache in the working folder: nothing is in it.
    pub fn cold() -> Self {
        let mut place = Self::new();
        place.cache = place.folder.path().join("cache");
        place
    }

    fn with_cache(cache: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Short, for the sake of sockets; open, for servers have a user of their own when root runs the tests.
        let servers = tempfile::Builder::new().prefix("dbt-").tempdir_in(servers_folder()).unwrap();
        fs::set_permissions(servers.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder, servers, cache }
    }

    /// A path in the working folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes `w.toml`.
    pub fn workload(&self, text: &str) -> &Self {
        self.file("w.toml", text)
    }

    /// Writes a file.
    pub fn file(&self, name: &str, text: &str) -> &Self {
        fs::write(self.path(name), text).unwrap();
        self
    }

    /// A program that works here, without what the tests' own environment would change.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DBBENCH_") || name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command.current_dir(&self.folder).env("DBBENCH_CACHE_DIR", &self.cache);
        command.env("DBBENCH_RUN_DIR", self.servers.path());
        command
    }

    /// `dbbench ARGUMENTS`, not started yet.
    pub fn dbbench(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_dbbench"));
        command.args(arguments);
        command
    }

    /// Starts a command in a process group of its own.
    pub fn start(&self, mut command: Command) -> Running<'_> {
        let printed = tempfile::tempdir().unwrap();
        let (stdout, stderr) = (printed.path().join("stdout"), printed.path().join("stderr"));
        command.stdout(File::create(stdout).unwrap()).stderr(File::create(stderr).unwrap());
        Running { child: command.process_group(0).spawn().unwrap(), printed, place: self }
    }

    /// Runs `dbbench ARGUMENTS` to its end, after which nothing of it is left.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.start(self.dbbench(arguments)).wait()
    }

    /// `dbbench run w.toml --out out ARGUMENTS`.
    pub fn run_out(&self, arguments: &[&str]) -> Outcome {
        self.run(&[&["run", "w.toml", "--out", "out"], arguments].concat())
    }

    /// A JSON file.
    pub fn json(&self, name: &str) -> Value {
        let text = fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The processes of servers that were started here.
    pub fn server_processes(&self) -> Vec<Pid> {
        let servers = self.servers.path().canonicalize().unwrap();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            if fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&servers)) {
                found.extend(Pid::from_raw(pid));
            }
        }
        found
    }

    /// The private folders of servers that were started here.
    pub fn server_folders(&self) -> Vec<PathBuf> {
        fs::read_dir(self.servers.path()).unwrap().flatten().map(|entry| entry.path()).collect()
    }

    /// The first process of the only server.
    pub fn postmaster(&self) -> Pid {
        let folder = self.server_folders().pop().expect("a server's folder");
        let text = fs::read_to_string(folder.join("data/postmaster.pid")).expect("a server runs");
        Pid::from_raw(text.lines().next().unwrap().parse().unwrap()).unwrap()
    }

    /// Neither process nor folder of a server is there, at the latest after [`GONE`].
    pub fn assert_nothing_left(&self) {
        let start = Instant::now();
        loop {
            let (processes, folders) = (self.server_processes(), self.server_folders());
            if processes.is_empty() && folders.is_empty() {
                return;
            }
            assert!(start.elapsed() < GONE, "left after {GONE:?}: {processes:?} {folders:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A command on its way.
pub struct Running<'a> {
    child: Child,
    printed: TempDir,
    place: &'a Place,
}

impl Running<'_> {
    /// Its process id.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }

    /// Waits until `ready`; it must not end before.
    pub fn until(&mut self, what: &str, ready: impl Fn() -> bool) {
        let start = Instant::now();
        while !ready() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "ended before {what}: {}", self.printed("stderr"));
            assert!(start.elapsed() < PATIENCE, "no {what} after {PATIENCE:?}: {}", self.printed("stderr"));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until stderr says something.
    pub fn until_says(&mut self, text: &str) {
        let stderr = self.printed.path().join("stderr");
        self.until(text, || fs::read_to_string(&stderr).is_ok_and(|said| said.contains(text)));
    }

    /// Waits until slices of the result in `out` are closed.
    pub fn until_slices(&mut self, closed: usize) {
        let slices = self.place.path("out/slices.jsonl");
        let lines = || fs::read_to_string(&slices).map_or(0, |text| text.matches('\n').count());
        self.until("a closed slice", || lines() >= closed);
    }

    /// Sends a signal to the process alone.
    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    /// Sends a signal as a terminal does: to the whole process group.
    pub fn signal_group(&self, signal: Signal) {
        rustix::process::kill_process_group(self.pid(), signal).unwrap();
    }

    fn printed(&self, name: &str) -> String {
        fs::read_to_string(self.printed.path().join(name)).unwrap()
    }

    /// What it printed and how it ended. Nothing of it may be left.
    pub fn wait(self) -> Outcome {
        let place = self.place;
        let outcome = self.wait_beside_others();
        place.assert_nothing_left();
        outcome
    }

    /// The same while other servers run in this place.
    pub fn wait_beside_others(mut self) -> Outcome {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "still running after {PATIENCE:?}: {}", self.printed("stderr"));
            std::thread::sleep(Duration::from_millis(5));
        };
        let outcome = Outcome { code: status.code(), stdout: self.printed("stdout"), stderr: self.printed("stderr") };
        assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
        outcome
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // A test that failed half-way must not leave it running; the reaper ends its servers.
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// How a command ended.
pub struct Outcome {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Asserts the exit code. On a machine whose host takes CPU time away, a run is not valid whatever it tests.
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        // It may stand on either stream, with lines broken anywhere.
        let said: Vec<&str> = self.stdout.split_whitespace().chain(self.stderr.split_whitespace()).collect();
        if matches!(code, 0 | 3) && self.code == Some(5) && said.join(" ").contains("CPU time (steal)") {
            return self;
        }
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that stderr contains each of these texts.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "{text:?} is not in:\n{}", self.stderr);
        }
        self
    }

    /// Asserts that neither stdout nor stderr contains any of these texts.
    #[track_caller]
    pub fn never_says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(!self.stdout.contains(text), "{text:?} is in:\n{}", self.stdout);
            assert!(!self.stderr.contains(text), "{text:?} is in:\n{}", self.stderr);
        }
        self
    }
}

/// All files below a folder, with their content.
pub fn files_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    found
}
