//! A throwaway PostgreSQL server for tests, gone with the last test that uses it (or with the process, however it ends).

#![allow(dead_code, reason = "each test binary uses another part")]

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use dbbench::driver::{Address, Endpoint, Secret};

/// Roles that log in over TCP, named by how: each has the password `s3cret`.
const ROLES: &str = "SET password_encryption = 'scram-sha-256'; CREATE ROLE scram LOGIN PASSWORD 's3cret';
    CREATE ROLE clear LOGIN PASSWORD 's3cret';
    SET password_encryption = 'md5'; CREATE ROLE hashed LOGIN PASSWORD 's3cret';";

const ACCESS: &str = "local all all trust
local replication postgres trust
host all scram 127.0.0.1/32 scram-sha-256
host all hashed 127.0.0.1/32 md5
host all clear 127.0.0.1/32 password
host all postgres 127.0.0.1/32 trust
";

/// Runs the server and, when its standard input closes, ends it and removes its folder.
const GUARD: &str = r#""$0" -D "$1/data" -k "$1" -p "$2" -c listen_addresses=127.0.0.1 -c "fsync=$3" \
    -c max_connections=100 -c shared_buffers=256MB >"$1/log" 2>&1 </dev/null &
server=$!
read -r _
kill -QUIT $server
wait $server
rm -rf "$1""#;

/// A running server.
pub struct Server {
    guard: Child,
    dir: PathBuf,
    port: u16,
    bin: PathBuf,
}

/// The server that the tests of this binary share.
pub fn server() -> Arc<Server> {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(Server::start());
        *shared = Arc::downgrade(&server);
        server
    })
}

impl Server {
    /// A server of one's own. Nobody reads its data after a crash, so nothing is flushed.
    pub fn start() -> Self {
        Self::start_with("off")
    }

    /// A server of one's own, as durable as shipped.
    pub fn durable() -> Self {
        Self::start_with("on")
    }

    fn start_with(fsync: &str) -> Self {
        let (bin, dir) = (programs(), folder());
        let initdb = unprivileged(&bin.join("initdb"))
            .args(["-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C", "-D"])
            .arg(dir.join("data"))
            .output()
            .expect("initdb");
        assert!(initdb.status.success(), "initdb: {}", String::from_utf8_lossy(&initdb.stderr));
        std::fs::write(dir.join("data/pg_hba.conf"), ACCESS).expect("pg_hba.conf");
        let server = Self::serve(bin, dir, fsync);
        assert!(server.psql(ROLES).status.success(), "roles");
        server
    }

    /// A standby of this server, which replays what it does from now on.
    pub fn standby(&self) -> Self {
        let dir = folder();
        let backup = unprivileged(&self.bin.join("pg_basebackup"))
            .args([
                "--no-sync",
                "-c",
                "fast",
                "-X",
                "stream",
                "-R",
                "-U",
                "postgres",
                "-p",
                &self.port.to_string(),
                "-h",
            ])
            .arg(&self.dir)
            .arg("-D")
            .arg(dir.join("data"))
            .output()
            .expect("pg_basebackup");
        assert!(backup.status.success(), "pg_basebackup: {}", String::from_utf8_lossy(&backup.stderr));
        Self::serve(self.bin.clone(), dir, "off")
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts the server of a data folder and waits until it answers.
    fn serve(bin: PathBuf, dir: PathBuf, fsync: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let guard = unprivileged(Path::new("sh"))
            .args(["-c", GUARD])
            .arg(bin.join("postgres"))
            .arg(&dir)
            .args([&port.to_string(), fsync])
            .stdin(Stdio::piped())
            .spawn()
            .expect("the server");
        let server = Self { guard, dir, port, bin };
        let deadline = Instant::now() + Duration::from_secs(30);
        while !server.psql("SELECT 1").status.success() {
            assert!(
                Instant::now() < deadline,
                "{}",
                std::fs::read_to_string(server.dir.join("log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// Runs SQL as the superuser.
    pub fn psql(&self, sql: &str) -> std::process::Output {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.arg("-h").arg(&self.dir).args(["-p", &self.port.to_string(), "-U", "postgres", "-Xqc", sql]);
        psql.output().expect("psql")
    }

    /// A program of the installation, told where the server is and to be the superuser.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.env("PGHOST", &self.dir).env("PGPORT", self.port.to_string()).env("PGUSER", "postgres");
        command
    }

    /// A new empty database, over the Unix socket as its owner, who may do nothing else.
    pub fn database(&self) -> Endpoint {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        assert!(self.psql(&format!("CREATE ROLE {name} LOGIN")).status.success(), "role");
        assert!(self.psql(&format!("CREATE DATABASE {name} OWNER {name}")).status.success(), "database");
        Endpoint { user: name.clone(), database: name, ..self.unix() }
    }

    /// `pgbench` with its connection given.
    pub fn pgbench(&self) -> Command {
        let mut pgbench = Command::new(self.bin.join("pgbench"));
        pgbench.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres", "postgres"]);
        pgbench
    }

    /// Over TCP, as the superuser without a password.
    pub fn tcp(&self) -> Endpoint {
        Endpoint {
            name: "primary".into(),
            address: Address::Tcp { host: "127.0.0.1".into(), port: self.port },
            user: "postgres".into(),
            password: None,
            database: "postgres".into(),
            startup: Vec::new(),
            connect_delay: Duration::ZERO,
            security: Default::default(),
        }
    }

    /// How many lines of the server's log hold a text.
    pub fn logged(&self, text: &str) -> u64 {
        let log = std::fs::read_to_string(self.dir.join("log")).expect("the server's log");
        log.lines().filter(|line| line.contains(text)).count() as u64
    }

    /// Of the process that starts all others.
    pub fn pid(&self) -> String {
        let file = std::fs::read_to_string(self.dir.join("data/postmaster.pid")).expect("a running server");
        file.lines().next().expect("its first line").to_owned()
    }

    /// Over the Unix socket.
    pub fn unix(&self) -> Endpoint {
        Endpoint { address: Address::Unix { dir: self.dir.clone(), port: self.port }, ..self.tcp() }
    }

    /// Over TCP with a role and its password.
    pub fn role(&self, role: &str, password: &str) -> Endpoint {
        Endpoint { user: role.into(), password: Some(Secret::new(password)), ..self.tcp() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut input) = self.guard.stdin.take() {
            let _ = input.write_all(b"end\n");
        }
        let _ = self.guard.wait();
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").expect("/proc").uid() == 0
}

/// A command as a user that a server accepts.
pub fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command.current_dir("/");
    command
}

/// A new folder of the user that servers run as.
pub fn folder() -> PathBuf {
    let dir = tempfile::Builder::new().prefix("dbbench-test-").tempdir().expect("a folder").keep();
    if is_root() {
        let id = |flag| -> u32 {
            let output = Command::new("id").args([flag, "postgres"]).output().expect("id");
            String::from_utf8_lossy(&output.stdout)
                .trim()
                .parse()
                .expect("the user postgres, since root may not run a server")
        };
        chown(&dir, Some(id("-u")), Some(id("-g"))).expect("chown");
    }
    dir
}

/// The folder of the newest server that is installed.
fn programs() -> PathBuf {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("postgres").exists())
        .collect();
    found.sort();
    found.pop().expect("PostgreSQL's programs in /usr/lib/postgresql: install the package postgresql").1
}
