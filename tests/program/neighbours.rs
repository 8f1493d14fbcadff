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

/// A PgBouncer in front of `server`, with two server connections.
fn pgbouncer(server: &Server, pool_mode: &str) -> Neighbour {
    pgbouncer_with(server, pool_mode, "default_pool_size = 2")
}

fn pgbouncer_with(server: &Server, pool_mode: &str, more: &str) -> Neighbour {
    let (folder, port) = (folder(), free_port());
    let settings = format!(
        "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
         unix_socket_dir = \nauth_type = plain\nauth_file = {}\npool_mode = {pool_mode}\n{more}\n",
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

    // What takes too long is cancelled behind it: it forgets whom to cancel when its client is gone.
    assert!(server.program("psql").args(["-Xqd", &database, "-c", SLEEPS]).status().unwrap().success());
    let sleeper =
        READER.replace("SELECT name FROM users WHERE id = :id", "SELECT name, sleeps(:id) FROM users WHERE id = :id");
    place.workload(&sleeper.replacen("steps = [", "timeout = \"100ms\"\nsteps = [", 1));
    run(&place, &target, &[&allowed[..], &["--set", "load.clients=1"]].concat()).says(&["timeout"]);
    fs::remove_dir_all(place.path("out")).unwrap();
    let asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT name, sleeps%' AND state = 'active'";
    let asleep = server.program("psql").args(["-XAtqd", &database, "-c", asleep]).output().unwrap();
    assert_eq!(String::from_utf8(asleep.stdout).unwrap().trim(), "0", "statements that nobody waits for run on");

    // A dataset is no pooler's business.
    place.workload(&tiny(&[]));
    assert!(server.psql(&format!("GRANT CREATE ON DATABASE {database} TO clear")).status.success());
    let outcome = run(&place, &target, &[&allowed[..], &["--schema", "bench"]].concat());
    outcome.ends_with(1).says(&["pooler", "connect to the server behind it"]);
}

/// Awake for the trial and the first operations, then asleep.
const SLEEPS: &str = "CREATE SEQUENCE calls; GRANT ALL ON SEQUENCE calls TO PUBLIC; \
    CREATE FUNCTION sleeps(int) RETURNS text LANGUAGE plpgsql AS \
    'BEGIN IF nextval(''calls'') > 20 THEN PERFORM pg_sleep(30); END IF; RETURN NULL; END'";

/// Adds a row to a table that is there.
fn writer() -> String {
    READER
        .replace("SELECT name FROM users WHERE id = :id", "INSERT INTO users SELECT :id + 1000 * (random() * 1e6)::int")
}

fn rows(server: &Server, database: &str) -> String {
    let rows = server.program("psql").args(["-XAtqd", database, "-c", "SELECT count(*) FROM users"]).output().unwrap();
    String::from_utf8(rows.stdout).unwrap().trim().to_owned()
}

/// What is usually done about a pooler's refusal: it then drops what sessions are to begin with and says nothing.
#[test]
fn a_pooler_that_drops_settings_does_not_make_a_reading_run_a_writing_one() {
    let (server, place) = (server(), Place::new());
    let database = shop(&server);
    let ignored = "default_pool_size = 2\nignore_startup_parameters = default_transaction_read_only, lock_timeout, \
                   search_path, options";
    for pool_mode in ["transaction", "session"] {
        let pooler = pgbouncer_with(&server, pool_mode, ignored);
        let target = format!("postgresql://clear@127.0.0.1:{}/{database}", pooler.port);
        place.workload(&writer());
        let extended = ["--set", "connections.protocol=extended"];
        let outcome = run(&place, &target, &extended).ends_with(1);
        outcome.says(&[
            "a pooler in between drops",
            "read-only",
            "default_transaction_read_only is not as it was sent",
        ]);
        assert_eq!(rows(&server, &database), "300", "in {pool_mode} mode");

        // Where the user lets sessions write nothing is said to be read-only, and no schema is said to be there.
        let allowed = ["--allow-writes-to", database.as_str()];
        place.workload(&tiny(&[]));
        assert!(server.psql(&format!("GRANT CREATE ON DATABASE {database} TO clear")).status.success());
        let outcome = run(&place, &target, &[&allowed[..], &["--schema", "bench"]].concat()).ends_with(1);
        outcome.says(&["drops settings at the start of a session", "connect to the server behind it"]);
        assert_eq!(rows(&server, &database), "300", "in {pool_mode} mode");
        place.workload(READER);
        let outcome = run(&place, &target, &[&allowed[..], &extended].concat()).ends_with(measured(0));
        outcome.says(&["whether any writes is not known"]);
        fs::remove_dir_all(place.path("out")).unwrap();
    }
}

#[test]
fn a_run_with_checks_leaves_a_poolers_connections_as_they_were() {
    let (server, place) = (server(), Place::new());
    let database = shop(&server);
    let pooler = pgbouncer_with(&server, "transaction", "default_pool_size = 1");
    assert!(server.psql(&format!("ALTER DATABASE {database} SET statement_timeout = '77s'")).status.success());
    let check = "[checks.enough]\nsql = \"SELECT count(*) FROM users\"\nequals = 300\n";
    place.workload(&format!("{READER}\n{check}"));
    let target = format!("postgresql://clear@127.0.0.1:{}/{database}", pooler.port);
    let options = ["--allow-writes-to", database.as_str(), "--set", "connections.protocol=extended"];
    run(&place, &target, &options).ends_with(measured(0)).says(&["Checks passed after every slice: enough"]);

    // The one server connection, as whoever comes next finds it.
    let sql = "INSERT INTO users VALUES (0, 'theirs') RETURNING current_setting('statement_timeout'), \
               current_setting('default_transaction_read_only'), current_setting('lock_timeout')";
    let mut psql = server.program("psql");
    psql.env("PGPASSWORD", PASSWORD).args(["-XAtq", "-d", &target, "-c", sql]);
    let output = psql.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((said.as_str(), String::from_utf8(output.stdout).unwrap().trim()), ("", "77s|off|0"));
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
