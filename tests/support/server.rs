//! A PostgreSQL server for tests: made in a temporary folder, reached by a Unix socket, gone when the last test that uses
//! it ends (or when the test program dies).

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dbbench::driver::{Address, Control, Endpoint};

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());

/// A running server.
pub struct Server {
    folder: tempfile::TempDir,
    binaries: PathBuf,
    databases: AtomicU32,
    stop: Option<mpsc::Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl Server {
    /// The server of all tests that run at the moment.
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return server;
        }
        // Nobody reads its data after a crash.
        let server = Arc::new(Self::start_with(&["fsync=off"]));
        *shared = Arc::downgrade(&server);
        server
    }

    /// A server of one's own, durable as shipped.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(settings: &'static [&'static str]) -> Self {
        let binaries = binaries();
        let folder = tempfile::Builder::new().prefix("dbbench-test-").tempdir().unwrap();
        give_to_postgres(folder.path());
        let data = folder.path().join("data");
        let made = as_postgres(&binaries.join("initdb"))
            .args(["--pgdata", data.to_str().unwrap(), "--username=postgres", "--auth=trust", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C"])
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let (stop, stopped) = mpsc::channel();
        let (program, socket) = (binaries.join("postgres"), folder.path().to_owned());
        // The signal at the parent's death follows the thread that started the server: one that lives as long as it.
        let keeper = std::thread::spawn(move || {
            let mut child = serve(&program, &data, &socket, settings);
            let _ = stopped.recv();
            end(&mut child);
        });
        let server = Self { folder, binaries, databases: AtomicU32::new(0), stop: Some(stop), keeper: Some(keeper) };
        server.wait();
        server
    }

    /// The superuser in a database.
    pub fn endpoint(&self, database: &str) -> Endpoint {
        Endpoint {
            name: "primary".to_owned(),
            address: Address::Unix { dir: self.folder.path().to_owned(), port: 5432 },
            user: "postgres".to_owned(),
            password: None,
            database: database.to_owned(),
            startup: Vec::new(),
            connect_delay: Duration::ZERO,
        }
    }

    /// A new empty database, owned by a role that may do nothing else.
    pub async fn database(&self) -> Endpoint {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let control = Control::connect(&self.endpoint("postgres")).await.unwrap();
        control.batch(&format!("CREATE ROLE {name} LOGIN")).await.unwrap();
        control.batch(&format!("CREATE DATABASE {name} OWNER {name}")).await.unwrap();
        control.close().await;
        Endpoint { user: name.clone(), ..self.endpoint(&name) }
    }

    /// A program of the server's installation, told where the server is.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.binaries.join(name));
        command.env("PGHOST", self.folder.path()).env("PGPORT", "5432").env("PGUSER", "postgres");
        command
    }

    fn wait(&self) {
        let began = Instant::now();
        while !self.program("pg_isready").stdout(Stdio::null()).status().unwrap().success() {
            assert!(began.elapsed() < Duration::from_secs(20), "the server did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

fn serve(program: &Path, data: &Path, socket: &Path, settings: &[&str]) -> Child {
    let socket = format!("unix_socket_directories={}", socket.display());
    as_postgres(program)
        .args(["-D", data.to_str().unwrap(), "-c", "listen_addresses=", "-c", &socket, "-p", "5432"])
        .args(settings.iter().flat_map(|setting| ["-c", setting]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn end(child: &mut Child) {
    // Immediate shutdown: nothing of it is wanted any more.
    let _ = Command::new("kill").args(["-QUIT", &child.id().to_string()]).status();
    let _ = child.wait();
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.starts_with(b"0\n")
}

/// A command as the user that servers run as; dies with the thread that starts it.
fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]);
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.arg(program).current_dir("/");
    command
}

fn give_to_postgres(folder: &Path) {
    if is_root() {
        assert!(Command::new("chown").arg("postgres").arg(folder).status().unwrap().success());
    }
}

/// The newest installation.
fn binaries() -> PathBuf {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = installed.map(|entry| entry.path().join("bin")).filter(|path| path.join("postgres").exists());
    let version = |path: &PathBuf| path.iter().rev().nth(1).and_then(|name| name.to_str()?.parse::<u32>().ok());
    if let Some(path) = found.max_by_key(version) {
        return path;
    }
    let asked = Command::new("pg_config").arg("--bindir").output().expect("PostgreSQL is installed");
    PathBuf::from(String::from_utf8(asked.stdout).unwrap().trim())
}
