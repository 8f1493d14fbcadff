//! An embedded server: one primary of this machine's PostgreSQL, for one run.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::account::{Account, server_account};
use super::cache::{self, Cache, Kind};
use super::cluster::{self, Configuration, Passwords};
use super::copy::flush_large_files;
use super::discover::{Installation, discover};
use super::error::{Doing, TopologyError};
use super::folders::{self, PrivateFolder};
use super::info::{self, ServerInfo};
use super::postmaster::Postmaster;
use super::wal::{is_other_wal, is_wal_name};
use super::{processes, settings, spawn};
use crate::driver::{Address, Endpoint};
use crate::event::{Event, Events, Stage};
use crate::workload::plan::TopologyPlan;

/// The database of a run, owned by the role that offers the load.
pub const DATABASE: &str = "dbbench";
/// Part of the cache's keys: raised when a template is made in another way.
const TEMPLATE_FORMAT: &str = "1";
/// Names the Unix socket only: its folder is private.
const SOCKET_PORT: u16 = 5432;
/// A port that was free may be taken by somebody else before the server listens.
const PORT_ATTEMPTS: usize = 5;

/// What to start.
#[derive(Debug)]
pub struct StartOptions<'a> {
    /// Settings and authentication.
    pub plan: &'a TopologyPlan,
    /// The hash of the dataset; with it a loaded dataset is looked for and can be kept.
    pub dataset_key: Option<&'a str>,
    /// Name of the workload, for who looks at what is kept.
    pub workload: &'a str,
    /// Listen on 127.0.0.1 also, and let endpoints use that.
    pub needs_tcp: bool,
    /// `--pg-bindir`.
    pub pg_bindir: Option<&'a Path>,
    /// Where progress and warnings go.
    pub events: Events,
}

/// A running server. Dropping it ends the server at once and removes its folder.
#[derive(Debug)]
pub struct Embedded {
    installation: Installation,
    account: Option<Account>,
    plan: TopologyPlan,
    passwords: Passwords,
    needs_tcp: bool,
    port: u16,
    cache: Option<Cache>,
    /// Key of the dataset in the cache.
    dataset: Option<String>,
    workload: String,
    dataset_is_loaded: bool,
    events: Events,
    /// `None` while the server is stopped for its data to be copied.
    postmaster: Option<Postmaster>,
    folder: PrivateFolder,
}

impl Embedded {
    /// Starts a server and waits until it accepts connections. Blocks: for tenths of a second with a warm cache, for some
    /// seconds without.
    ///
    /// # Errors
    /// No PostgreSQL, no user for it, a setting it refuses, no space; what the server's log says is part of the error.
    pub fn start(options: StartOptions<'_>) -> Result<Self, TopologyError> {
        let begin = Instant::now();
        settings::validate(&options.plan.settings)?;
        let installation = discover(options.pg_bindir)?;
        let what = format!("starting PostgreSQL {}", installation.version);
        options.events.emit(Event::StageStarted { stage: Stage::Topology, what });
        let account = server_account()?;
        let run_root = folders::run_root(account.as_ref())?;
        folders::sweep(&run_root, account.as_ref());
        let cache = open_cache(&options.events)?;
        let folder = PrivateFolder::create(&run_root, account.as_ref())?;
        warn_of_memory(folder.path(), &options.events);

        let maker =
            Maker { installation: &installation, account: account.as_ref(), cache: cache.as_ref(), options: &options };
        let dataset = options.dataset_key.map(|key| maker.dataset_key(key));
        let origin = maker.provide(folder.path(), dataset.as_deref())?;
        let passwords = Passwords::read(&folder.path().join("pgpass"))?;
        let mut embedded = Self {
            plan: options.plan.clone(),
            needs_tcp: options.needs_tcp,
            events: options.events.clone(),
            workload: options.workload.to_owned(),
            dataset_is_loaded: origin == Origin::Dataset,
            port: SOCKET_PORT,
            postmaster: None,
            installation,
            account,
            passwords,
            cache,
            dataset,
            folder,
        };
        embedded.launch()?;
        let what = format!("PostgreSQL {} {}", embedded.installation.version, origin.in_words());
        embedded.events.emit(Event::StageEnded { stage: Stage::Topology, took: begin.elapsed(), what });
        Ok(embedded)
    }

    fn launch(&mut self) -> Result<(), TopologyError> {
        let mut attempt = 1;
        loop {
            self.port = if self.needs_tcp { free_port()? } else { SOCKET_PORT };
            let configuration = Configuration {
                socket_folder: self.folder.path(),
                port: self.port,
                tcp: self.needs_tcp,
                md5: self.plan.md5,
                settings: &self.plan.settings,
            };
            cluster::configure(&self.data(), self.account.as_ref(), &configuration)?;
            let path = self.folder.path();
            match Postmaster::start(&self.installation, self.account.as_ref(), path, &self.plan.settings) {
                Err(TopologyError::NotStarted { reason, .. })
                    if self.needs_tcp && reason.contains("TCP/IP socket") && attempt < PORT_ATTEMPTS =>
                {
                    attempt += 1;
                }
                other => {
                    self.postmaster = Some(other?);
                    return Ok(());
                }
            }
        }
    }

    /// The server's data folder, of its own user.
    #[must_use]
    pub fn data_folder(&self) -> PathBuf {
        self.data()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Whether the server came up with the dataset of the key already loaded.
    #[must_use]
    pub fn dataset_is_loaded(&self) -> bool {
        self.dataset_is_loaded
    }

    /// Keeps the data as the dataset of the key that the server was started with: stops the server (all sessions end; the
    /// caller closes its own before), copies, starts it again at another port. Returns how long that took. When it cannot
    /// be kept, a warning says why and the run goes on. Without a key nothing happens.
    ///
    /// # Errors
    /// When the server does not stop or start.
    pub fn store_dataset(&mut self) -> Result<Duration, TopologyError> {
        let begin = Instant::now();
        let (Some(cache), Some(key)) = (self.cache.clone(), self.dataset.clone()) else { return Ok(Duration::ZERO) };
        if let Some(postmaster) = &self.postmaster {
            postmaster.stop_fast()?;
        }
        self.postmaster = None;
        let needed = self.wal_needed();
        let skip = |path: &Path| needed.as_ref().is_some_and(|needed| is_other_wal(path, needed));
        let about = format!("made for {}, PostgreSQL {}", self.workload, self.installation.version);
        if let Err(error) = cache.store(Kind::Dataset, &key, &about, self.folder.path(), &skip) {
            self.events.emit(Event::Warning(format!("the loaded dataset is not kept: {}", chain(&error))));
        }
        self.launch()?;
        Ok(begin.elapsed())
    }

    /// The one WAL file that a cleanly stopped server needs to start; the others are space kept for reuse.
    fn wal_needed(&self) -> Option<String> {
        let program = self.installation.program("pg_controldata");
        let mut command = spawn::command(&program, self.account.as_ref(), self.folder.path());
        command.arg(self.data());
        let text = spawn::run(command, "").ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Latest checkpoint's REDO WAL file:"))?;
        Some(line.trim().to_owned()).filter(|name| is_wal_name(name))
    }

    /// How the load's role reaches a database (usually [`DATABASE`]): over TCP if that was asked for, else over the Unix
    /// socket.
    #[must_use]
    pub fn endpoint(&self, database: &str) -> Endpoint {
        let tcp = Address::Tcp { host: "127.0.0.1".into(), port: self.port };
        let address = if self.needs_tcp { tcp } else { self.socket() };
        self.endpoint_of(cluster::ROLE, address, database)
    }

    /// How the superuser reaches a database: over the Unix socket.
    #[must_use]
    pub fn superuser_endpoint(&self, database: &str) -> Endpoint {
        self.endpoint_of(cluster::SUPERUSER, self.socket(), database)
    }

    fn socket(&self) -> Address {
        Address::Unix { dir: self.folder.path().to_path_buf(), port: self.port }
    }

    fn endpoint_of(&self, user: &str, address: Address, database: &str) -> Endpoint {
        let secret = if user == cluster::SUPERUSER { &self.passwords.superuser } else { &self.passwords.role };
        Endpoint {
            name: "primary".into(),
            address,
            user: user.into(),
            password: Some(secret.clone()),
            database: database.into(),
            startup: Vec::new(),
            connect_delay: Duration::ZERO,
            security: Default::default(),
        }
    }

    /// A 0600 file with both roles' passwords, for libpq's `PGPASSFILE`.
    #[must_use]
    pub fn password_file(&self) -> PathBuf {
        self.folder.path().join("pgpass")
    }

    /// The binaries that the server is run from.
    #[must_use]
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// What the server says about itself. Needs a runtime with I/O and time.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn server_info(&self) -> Result<ServerInfo, TopologyError> {
        info::ask(&self.superuser_endpoint(DATABASE), &self.data(), self.pid()).await
    }

    /// Process id of the postmaster; 0 when there is none.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.postmaster.as_ref().map_or(0, Postmaster::pid)
    }

    /// CPU time of the server so far, in nanoseconds: of all its processes, those that ended included. `None` when it is
    /// gone. Ended processes count in steps of 10 ms.
    #[must_use]
    pub fn cpu_ns(&self) -> Option<u64> {
        self.postmaster.as_ref().and_then(|postmaster| processes::cpu_of_tree_ns(postmaster.pid()))
    }

    /// Whether the postmaster runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.postmaster.as_ref().is_some_and(|postmaster| postmaster.ended().is_none())
    }

    /// The last lines of the server's log.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        self.postmaster.as_ref().map(|postmaster| postmaster.log_lines(lines).join("\n")).unwrap_or_default()
    }

    /// Ends the server at once and removes its folder, as dropping does, but says when that failed.
    ///
    /// # Errors
    /// When something is left.
    pub fn stop(self) -> Result<(), TopologyError> {
        let path = self.folder.path().to_path_buf();
        drop(self);
        if path.exists() {
            return Err(io::Error::other("something is left of it")).doing_to("remove", &path);
        }
        Ok(())
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        // All its processes at once, also stopped ones; then the postmaster's exit status is collected, and last the
        // folder removes itself.
        processes::end_all(&[self.folder.path().to_path_buf()]);
    }
}

/// Where a data folder came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Dataset,
    Template,
    Initdb,
}

impl Origin {
    fn in_words(self) -> &'static str {
        match self {
            Self::Dataset => "with the dataset of an earlier run",
            Self::Template => "from a kept template",
            Self::Initdb => "from a new template",
        }
    }
}

/// Makes data folders, or takes them from the cache.
struct Maker<'a> {
    installation: &'a Installation,
    account: Option<&'a Account>,
    cache: Option<&'a Cache>,
    options: &'a StartOptions<'a>,
}

impl Maker<'_> {
    fn template_key(&self) -> String {
        let md5 = if self.options.plan.md5 { "md5" } else { "scram" };
        let bindir = self.installation.bindir.to_string_lossy();
        cache::key(&[TEMPLATE_FORMAT, &self.installation.version_text, &bindir, md5])
    }

    fn dataset_key(&self, dataset: &str) -> String {
        let template = self.template_key();
        let settings = self.options.plan.settings.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        let parts: Vec<&str> = [template.as_str(), dataset].into_iter().chain(settings).collect();
        cache::key(&parts)
    }

    /// Fills `folder` with `data` and `pgpass`: with the dataset if it is kept, else fresh.
    fn provide(&self, folder: &Path, dataset: Option<&str>) -> Result<Origin, TopologyError> {
        let kept = [
            (Kind::Dataset, Origin::Dataset, dataset),
            (Kind::Template, Origin::Template, Some(&*self.template_key())),
        ];
        for (kind, origin, key) in kept {
            let (Some(cache), Some(key)) = (self.cache, key) else { continue };
            match cache.fetch(kind, key, folder, self.account) {
                Ok(false) => {}
                Ok(true) => {
                    if kind == Kind::Dataset {
                        // Or the kernel would write it out while something is measured.
                        flush_large_files(folder).doing_to("flush", folder)?;
                    }
                    return Ok(origin);
                }
                // A damaged entry costs time, not the run; a full disk will show itself below.
                Err(error) => {
                    self.options.events.emit(Event::Warning(format!("the cache is no use: {}", chain(&error))));
                    let _ = fs::remove_dir_all(folder.join("data"));
                    let _ = fs::remove_file(folder.join("pgpass"));
                }
            }
        }
        cluster::create(self.installation, self.account, folder, self.options.plan.md5)?;
        let about = format!("PostgreSQL {}", self.installation.version);
        if let Some(cache) = self.cache
            && let Err(error) = cache.store(Kind::Template, &self.template_key(), &about, folder, &|_| false)
        {
            self.options.events.emit(Event::Warning(format!("the template is not kept: {}", chain(&error))));
        }
        Ok(Origin::Initdb)
    }
}

fn open_cache(events: &Events) -> Result<Option<Cache>, TopologyError> {
    let Some(root) = folders::cache_root() else { return Ok(None) };
    match Cache::open(&root) {
        Ok(cache) => Ok(Some(cache)),
        Err(error @ TopologyError::BadVariable { .. }) => Err(error),
        Err(error) => {
            events.emit(Event::Warning(format!("nothing is kept for later runs: {}", chain(&error))));
            Ok(None)
        }
    }
}

fn warn_of_memory(folder: &Path, events: &Events) {
    if info::file_system_of(folder).is_some_and(|kind| kind == "tmpfs" || kind == "ramfs") {
        let folder = folder.display();
        let text =
            format!("the data folder {folder} is in memory: writes cost nothing there (DBBENCH_RUN_DIR names another)");
        events.emit(Event::Warning(text));
    }
}

fn free_port() -> Result<u16, TopologyError> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    Ok(listener.doing(|| "find a free port on 127.0.0.1".into())?.port())
}

/// An error with its sources, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
