//! Targets that are not a primary: a real PgBouncer, a real standby, a real Redis.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::server::{Server, folder, server, unprivileged};
use crate::support::{Outcome, Place, measured, tiny};

/// The password of the roles that log in over TCP.
const PASSWORD: &str = "s3cret";

/// Reads a table that is there.
const READER: &str = r#"name = "reader"

[params]
id = { uniform = [1, 300] }

[operations.by_id]
steps = [{ sql = "SELECT name FROM users WHERE id = :id" }]

[load]
clients = 4

[run]
rounds = 1
warmup = "50ms"
measure = "200ms"
"#;

/// A program that listens on a port, and its folder; both end with the test.
struct Neighbour {
    child: Child,
    folder: PathBuf,
    port: u16,
}

impl Neighbour {
    fn start(mut command: Command, folder: PathBuf, port: u16) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child =
            command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}: scripts/install-missing --test"));
        let neighbour = Self { child, folder, port };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(20), "{command:?} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        neighbour
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A PgBouncer in front of `server`.
fn pgbouncer(server: &Server, pool_mode: &str) -> Neighbour {
    let (folder, port) = (folder(), free_port());
    let settings = format!(
        "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
         unix_socket_dir = \nauth_type = plain\nauth_file = {}\npool_mode = {pool_mode}\ndefault_pool_size = 2\n",
        server.port(),
        folder.join("users").display(),
    );
    fs::write(folder.join("users"), format!("\"clear\" \"{PASSWORD}\"\n")).unwrap();
    fs::write(folder.join("pgbouncer.ini"), settings).unwrap();
    let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].into_iter().map(Path::new).find(|path| path.exists());
    let mut command = unprivileged(program.expect("PgBouncer: scripts/install-missing --test"));
    command.arg("-q").arg(folder.join("pgbouncer.ini"));
    Neighbour::start(command, folder, port)
}

/// The shared server with a table in a database of its own, and that database's name.
fn shop(server: &Server) -> String {
    let name = format!("shop_{}", free_port());
    assert!(server.psql(&format!("CREATE DATABASE {name}")).status.success());
    let fill = "CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users SELECT i, 'user ' || i FROM \
                generate_series(1, 300) i; GRANT SELECT, INSERT ON users TO PUBLIC; ANALYZE";
    let filled = server.program("psql").args(["-Xqd", &name, "-c", fill]).status().unwrap();
    assert!(filled.success());
    name
}

fn run(place: &Place, target: &str, more: &[&str]) -> Outcome {
    let mut command =
        place.dbbench(&[&["run", "w.toml", "--no-progress", "--out", "out", "--target", target], more].concat());
    command.env("PGPASSWORD", PASSWORD);
    let outcome = place.start(command).wait().never_says(&[PASSWORD]);
    if place.path("out").exists() {
        let summary = fs::read_to_string(place.path("out/summary.json")).unwrap_or_default();
        assert!(!summary.contains(PASSWORD));
    }
    outcome
}

#[test]
fn a_pooler_needs_sessions_that_may_write_and_statements_without_names() {
    let (server, place) = (server(), Place::new());
    place.workload(READER);
    let database = shop(&server);
    let pooler = pgbouncer(&server, "transaction");
    let target = format!("postgresql://clear@127.0.0.1:{}/{database}", pooler.port);
    let allow = format!("--allow-writes-to {database}");
    run(&place, &target, &[]).ends_with(1).says(&["pooler", "read-only", &allow]);

    let allowed = ["--allow-writes-to", database.as_str()];
    // Descriptions have no names; what clients prepare for the load has.
    run(&place, &target, &allowed).ends_with(1).says(&["PgBouncer in transaction mode", "connections.protocol"]);
    let _ = fs::remove_dir_all(place.path("out"));

    // Its connections still know the names of that run, and meet nobody who asks for one: also not the run after.
    let extended = [&allowed[..], &["--set", "connections.protocol=extended"]].concat();
    for _ in 0..2 {
        let outcome = run(&place, &target, &extended).ends_with(measured(0));
        outcome.says(&["whether any writes is not known"]).never_says(&["none writes"]);
        assert_eq!(place.json("out/summary.json")["variants"][0]["mix"]["failed"].as_u64(), Some(0));
        fs::remove_dir_all(place.path("out")).unwrap();
    }

    // In session mode names stay with their session.
    let pooler = pgbouncer(&server, "session");
    let target = format!("postgresql://clear@127.0.0.1:{}/{database}", pooler.port);
    run(&place, &target, &[&allowed[..], &["--set", "load.clients=1"]].concat()).ends_with(measured(0));
    fs::remove_dir_all(place.path("out")).unwrap();

    // A dataset is no pooler's business.
    place.workload(&tiny(&[]));
    assert!(server.psql(&format!("GRANT CREATE ON DATABASE {database} TO clear")).status.success());
    let outcome = run(&place, &target, &[&allowed[..], &["--schema", "bench"]].concat());
    outcome.ends_with(1).says(&["pooler", "connect to the server behind it"]);
}

#[test]
fn a_standby_is_read_and_said_to_be_one() {
    let (server, place) = (server(), Place::new());
    place.workload(READER);
    let database = shop(&server);
    let standby = server.standby();
    let target = format!("postgresql://clear@127.0.0.1:{}/{database}", standby.port());
    let said = run(&place, &target, &[]).ends_with(measured(0)).says(&["is a standby"]);
    drop(said);
    let warnings = place.json("out/summary.json")["warnings"].to_string();
    assert!(warnings.contains("is a standby"), "{warnings}");
    fs::remove_dir_all(place.path("out")).unwrap();

    run(&place, &target, &["--allow-writes-to", &database]).ends_with(2).says(&["standby", "nobody writes"]);
    place.workload(&tiny(&[]));
    run(&place, &target, &[]).ends_with(1).says(&["standby", "connect to the primary"]);
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let place = Place::new();
    place.workload(READER);
    let (folder, port) = (folder(), free_port());
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"]).arg(&folder);
    let redis = Neighbour::start(command, folder, port);
    let target = format!("postgresql://reader@127.0.0.1:{}/shop?connect_timeout=2", redis.port);
    run(&place, &target, &[]).ends_with(1).says(&["no login within connect_timeout (2 s)", "is it PostgreSQL"]);
}
