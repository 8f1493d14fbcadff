//! Somebody's own server: read, measured, and left as it was; passwords never come out.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::support::{Outcome, Place, measured, tiny};
use crate::tls_server::{ENCODED, PASSWORD, TlsServer, assert_no_password_below};

/// A workload on tables that are there: ten lines.
const READER: &str = r#"name = "reader"

[params]
id = { uniform = [1, 300] }

[operations.by_id]
steps = [{ sql = "SELECT name FROM users WHERE id = :id" }]

[run]
rounds = 1
warmup = "50ms"
measure = "100ms"
"#;

/// The server that the tests of this file share.
fn shop() -> Arc<TlsServer> {
    static SHARED: Mutex<Weak<TlsServer>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(TlsServer::start());
        *shared = Arc::downgrade(&server);
        server
    })
}

/// `dbbench run w.toml --out out --target …` with the password in a variable.
fn run(place: &Place, target: &str, more: &[&str]) -> Outcome {
    let mut command =
        place.dbbench(&[&["run", "w.toml", "--no-progress", "--out", "out", "--target", target], more].concat());
    command.env("PGPASSWORD", PASSWORD);
    place.start(command).wait().never_says(&[PASSWORD, ENCODED])
}

fn reader(place: &Place) -> &Place {
    place.workload(READER)
}

#[test]
fn ten_lines_read_a_server_over_verified_tls_and_leave_it_as_it_was() {
    let (shop, place) = (shop(), Place::new());
    reader(&place);
    let (before, databases) = (shop.dump("shop"), shop.databases());
    let target = shop.url("reader", "shop", &format!("{}&channel_binding=require", shop.verified()));
    run(&place, &target, &[]).ends_with(measured(0));
    let summary = place.json("out/summary.json");
    let mix = &summary["variants"][0]["mix"];
    assert!(mix["goodput_per_s"].as_f64().unwrap() > 0.0, "{mix}");
    assert_eq!(mix["failed"].as_u64(), Some(0));
    let endpoint = &place.json("out/run.json")["endpoints"][0];
    assert_eq!(endpoint["embedded"].as_bool(), Some(false));
    assert!(endpoint["version"].as_str().unwrap().starts_with("PostgreSQL 1"), "{endpoint}");
    assert_eq!(endpoint["settings"]["work_mem"].as_str(), Some("5MB"), "{endpoint}");
    assert!(endpoint["tls"].as_str().unwrap().starts_with("TLS 1."), "{endpoint}");
    assert!(endpoint["settings"].get("ssl_key_file").is_none(), "{endpoint}");
    assert_eq!((shop.dump("shop"), shop.databases()), (before, databases));
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dbbench' AND datname = 'shop' AND usename = 'reader'";
    let begin = std::time::Instant::now();
    while shop.sql("postgres", sessions) != "0" {
        assert!(begin.elapsed() < crate::support::GONE, "sessions are left");
    }
}

#[test]
fn the_file_names_a_server_by_a_variable_and_the_link_stands_in_front_of_it() {
    let (shop, place) = (shop(), Place::new());
    place.workload(&format!(
        "{READER}\n[topology]\nexternal = {{ primary = \"${{SHOP}}\" }}\nlink = {{ rtt = \"4ms\" }}\n"
    ));
    let mut command =
        place.dbbench(&["run", "w.toml", "--no-progress", "--out", "out", "--format", "json", "--measure", "400ms"]);
    command.env("SHOP", shop.url("reader", "shop", &shop.verified()).replace("reader@", &format!("reader:{ENCODED}@")));
    let outcome = place.start(command).wait().ends_with(measured(0)).never_says(&[PASSWORD, ENCODED]);
    let summary: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let response = summary["variants"][0]["mix"]["response_us"]["p50"].as_f64().unwrap();
    assert!(response > 4_000.0, "the link adds 4 ms: {response}");
    assert_no_password_below(&place.path("out"));
    let run = place.json("out/run.json");
    assert_eq!(run["resolved"]["topology"]["external"]["primary"].as_str(), Some("${SHOP}"));
    assert_eq!(run["topology_hash"].as_str().unwrap().len(), 64);
}

#[test]
fn the_dataset_goes_into_a_database_of_its_own_which_is_gone_afterwards() {
    let (shop, place) = (shop(), Place::new());
    place.workload(&tiny(&[]));
    let (before, databases) = (shop.dump("shop"), shop.databases());
    let target = shop.url("maker", "shop", &shop.verified());
    run(&place, &target, &[]).ends_with(measured(0));
    let run_json = place.json("out/run.json");
    assert_eq!(run_json["rows"]["users"].as_u64(), Some(200));
    assert_eq!((shop.dump("shop"), shop.databases()), (before, databases));

    // Kept on request; the next run leaves it, clean drops it.
    fs::remove_dir_all(place.path("out")).unwrap();
    run(&place, &target, &["--keep"]).ends_with(measured(0)).says(&["is kept; `dbbench clean` drops it"]);
    fs::remove_dir_all(place.path("out")).unwrap();
    run(&place, &target, &[]).ends_with(measured(0));
    assert!(shop.databases().contains("dbbench_tiny_"), "{}", shop.databases());
    let clean = |more: &[&str]| {
        let mut command = place.dbbench(&[&["clean", "--target", &target], more].concat());
        command.env("PGPASSWORD", PASSWORD);
        place.start(command).wait().ends_with(0)
    };
    assert!(clean(&["--dry-run"]).stdout.contains("would drop database \"dbbench_tiny_"));
    assert!(clean(&[]).stdout.contains("dropped database \"dbbench_tiny_"));
    assert!(!shop.databases().contains("dbbench_tiny_"), "{}", shop.databases());

    // A run that is refused leaves nothing, whatever it was told to keep.
    fs::remove_dir_all(place.path("out")).unwrap();
    place.workload(&tiny(&[(
        "steps = [{ as = \"u\", sql = \"SELECT id, name ",
        "steps = [{ as = \"u\", sql = \"SELECT id, nmae ",
    )]));
    run(&place, &target, &["--keep"]).ends_with(2).says(&["nmae"]);
    assert!(!shop.databases().contains("dbbench_tiny_"), "{}", shop.databases());
}

#[test]
fn what_a_kill_left_is_dropped_by_the_next_run_and_what_has_no_mark_stays() {
    let (shop, place) = (TlsServer::start(), Place::new());
    place.workload(&tiny(&[]));
    shop.sql("postgres", "CREATE DATABASE dbbench_tiny_0badcafe OWNER maker");
    let target = shop.url("maker", "shop", &shop.verified());
    let mut command =
        place.dbbench(&["run", "w.toml", "--no-progress", "--out", "killed", "--rounds", "500", "--target", &target]);
    command.env("PGPASSWORD", PASSWORD);
    let running = place.start(command);
    let slices = place.path("killed/slices.jsonl");
    let mut running = running;
    running.until("a closed slice", || fs::read_to_string(&slices).is_ok_and(|text| text.contains('\n')));
    running.signal(rustix::process::Signal::KILL);
    assert_eq!(running.wait().code, None);
    let ours = "SELECT count(*) FROM pg_database WHERE datname LIKE 'dbbench\\_%' AND shobj_description(oid, 'pg_database') LIKE 'dbbench: made%'";
    assert_eq!(shop.sql("postgres", ours), "1");
    let busy =
        "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'dbbench\\_%' OR application_name LIKE 'dbbench\\_%'";
    let begin = std::time::Instant::now();
    while shop.sql("postgres", busy) != "0" {
        assert!(begin.elapsed() < std::time::Duration::from_secs(20), "the server does not notice");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    place.workload(READER);
    run(&place, &target, &[]).ends_with(measured(0)).says(&["dropped database \"dbbench_tiny_", "killed"]);
    assert_eq!(shop.sql("postgres", ours), "0");
    assert!(shop.databases().contains("dbbench_tiny_0badcafe"), "{}", shop.databases());

    let mut command = place.dbbench(&["clean", "--target", &target]);
    command.env("PGPASSWORD", PASSWORD);
    let outcome = place.start(command).wait().ends_with(0);
    assert!(
        outcome.stdout.contains("left: database \"dbbench_tiny_0badcafe\" does not have dbbench's mark"),
        "{}",
        outcome.stdout
    );
    assert!(shop.databases().contains("dbbench_tiny_0badcafe"));
}

#[test]
fn the_database_of_a_run_that_goes_on_is_left_alone_and_an_interrupt_takes_it_away() {
    let (shop, place) = (TlsServer::start(), Place::new());
    place.workload(&tiny(&[])).file("reader.toml", READER);
    let target = shop.url("maker", "shop", &shop.verified());
    let mut command =
        place.dbbench(&["run", "w.toml", "--no-progress", "--out", "long", "--rounds", "500", "--target", &target]);
    command.env("PGPASSWORD", PASSWORD);
    let mut running = place.start(command);
    let slices = place.path("long/slices.jsonl");
    running.until("a closed slice", || fs::read_to_string(&slices).is_ok_and(|text| text.contains('\n')));
    for arguments in
        [&["run", "reader.toml", "--out", "short", "--target", &target][..], &["clean", "--target", &target]]
    {
        let mut command = place.dbbench(arguments);
        command.env("PGPASSWORD", PASSWORD);
        let outcome = place.start(command).wait();
        assert!(matches!(outcome.code, Some(0 | 5)) && !outcome.stdout.contains("dropped"), "{}", outcome.stderr);
        assert!(shop.databases().contains("dbbench_tiny_"), "{arguments:?}");
    }
    running.signal(rustix::process::Signal::INT);
    running.wait().ends_with(130);
    assert!(!shop.databases().contains("dbbench_tiny_"), "{}", shop.databases());
}

#[test]
fn a_database_is_marked_while_somebody_is_in_it_and_an_interrupt_waits_for_that() {
    let (shop, place) = (TlsServer::start(), Place::new());
    place.workload(&tiny(&[]));
    // One of them keeps a database from being made, the other one from being marked.
    let holder = |table: &str| {
        let mut command = shop.server.program("psql");
        let sql = format!("BEGIN; LOCK TABLE {table} IN SHARE MODE; SELECT pg_sleep(300)");
        command
            .env("PGAPPNAME", table)
            .args(["-Xqc", &sql, "postgres"])
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let count = |of: &str| shop.sql("postgres", &format!("SELECT count(*) FROM pg_stat_activity WHERE {of}"));
    let release = |table: &str| {
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name =";
        shop.sql("postgres", &format!("{end} '{table}'"))
    };
    let mut holders = ["pg_catalog.pg_database", "pg_catalog.pg_shdescription"].map(holder);
    let begin = std::time::Instant::now();
    while count("wait_event = 'PgSleep'") != "2" {
        assert!(begin.elapsed() < crate::support::GONE, "the locks are not held");
    }
    let target = shop.url("maker", "shop", &shop.verified());
    let mut command = place.dbbench(&["run", "w.toml", "--no-progress", "--out", "out", "--target", &target]);
    command.env("PGPASSWORD", PASSWORD);
    let mut running = place.start(command);
    running.until("CREATE DATABASE", || count("wait_event_type = 'Lock' AND query LIKE 'CREATE DATABASE%'") == "1");
    running.signal(rustix::process::Signal::INT);
    running.until_says("interrupted: ending");
    release("pg_catalog.pg_database");
    running.until("the mark", || count("wait_event_type = 'Lock' AND query LIKE 'COMMENT ON DATABASE%'") == "1");
    assert_eq!(count("datname LIKE 'dbbench_tiny_%'"), "1", "another run could drop it as soon as it is marked");
    release("pg_catalog.pg_shdescription");
    running.wait().ends_with(130).says(&["interrupted before anything was measured"]);
    assert!(!shop.databases().contains("dbbench_tiny_"), "{}", shop.databases());
    for holder in &mut holders {
        holder.wait().unwrap();
    }
}

#[test]
fn without_createdb_a_schema_of_its_own_does() {
    let (shop, place) = (TlsServer::start(), Place::new());
    place.workload(&tiny(&[]));
    shop.sql("shop", "GRANT CREATE ON DATABASE shop TO reader; CREATE SCHEMA theirs AUTHORIZATION reader");
    let before = shop.dump("shop");
    let target = shop.url("reader", "shop", &shop.verified());
    run(&place, &target, &[]).ends_with(1).says(&[
        "role \"reader\" may not create databases",
        "ALTER ROLE \"reader\" CREATEDB",
        "--schema NAME --allow-writes-to shop",
    ]);
    run(&place, &target, &["--schema", "lab"]).ends_with(2).says(&["--allow-writes-to shop"]);
    run(&place, &target, &["--schema", "lab", "--allow-writes-to", "other"])
        .ends_with(2)
        .says(&["the target's database is \"shop\""]);
    run(&place, &target, &["--schema", "theirs", "--allow-writes-to", "shop"])
        .ends_with(2)
        .says(&["dbbench has not made it"]);
    assert!(!place.path("out").exists());
    // The dataset's table has the name of one of theirs, which must not be touched.
    run(&place, &target, &["--schema", "lab", "--allow-writes-to", "shop"]).ends_with(measured(0));
    assert_eq!(place.json("out/run.json")["rows"]["users"].as_u64(), Some(200));
    assert_eq!(shop.dump("shop"), before);
    // What is kept is not the next run's to drop.
    fs::remove_dir_all(place.path("out")).unwrap();
    let lab = ["--schema", "lab", "--allow-writes-to", "shop"];
    run(&place, &target, &[&lab[..], &["--keep"]].concat()).ends_with(measured(0)).says(&["schema \"lab\" is kept"]);
    fs::remove_dir_all(place.path("out")).unwrap();
    run(&place, &target, &lab).ends_with(2).says(&["an earlier run was told to keep that schema", "dbbench clean"]);
    let mut command = place.dbbench(&["clean", "--target", &target]);
    command.env("PGPASSWORD", PASSWORD);
    assert!(place.start(command).wait().ends_with(0).stdout.contains("dropped schema \"lab\""));
    run(&place, &target, &lab).ends_with(measured(0));
    assert_eq!(shop.dump("shop"), before);
    // What writes needs copies, and of a schema there is none.
    fs::remove_dir_all(place.path("out")).unwrap();
    let write = "UPDATE users SET name = 'x' WHERE org_id = :org RETURNING id, name";
    place.workload(&tiny(&[("SELECT id, name FROM users WHERE org_id = :org", write)]));
    run(&place, &target, &["--schema", "lab", "--allow-writes-to", "shop"])
        .ends_with(2)
        .says(&["--schema lab: operation \"one\" of variant \"one\" writes", "leave --schema out"])
        .never_says(&["none writes"]);
    assert!(!place.path("out").exists());
    assert_eq!(shop.dump("shop"), before);
}

#[test]
fn what_writes_is_refused_and_explained() {
    let (shop, place) = (shop(), Place::new());
    let target = shop.url("reader", "shop", &shop.verified());
    let writes =
        "WITH w AS (INSERT INTO users VALUES (:id + 100000, 'x') ON CONFLICT DO NOTHING RETURNING id) SELECT id FROM w";
    place.workload(&READER.replace("SELECT name FROM users WHERE id = :id", writes));
    let before = shop.dump("shop");
    run(&place, &target, &[]).ends_with(2).says(&["25006", "read-only", "--allow-writes-to shop"]);
    assert_eq!(shop.dump("shop"), before);
    let reset = format!("{target}&options=-c%20default_transaction_read_only%3Doff");
    run(&place, &reset, &[]).ends_with(2).says(&["25006"]);
    assert_eq!(shop.dump("shop"), before);
}

#[test]
fn sessions_of_others_are_reported_before_anything_is_measured() {
    let (shop, place) = (TlsServer::start(), Place::new());
    reader(&place);
    let sleeper = |_| {
        let mut command = shop.server.program("psql");
        command.env("PGAPPNAME", "storefront").args(["-Xqc", "SELECT pg_sleep(300)", "shop"]);
        command.spawn().unwrap()
    };
    let mut sleepers: Vec<_> = (0..20).map(sleeper).collect();
    let active = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'storefront' AND state = 'active'";
    let begin = std::time::Instant::now();
    while shop.sql("postgres", active) != "20" {
        assert!(begin.elapsed() < std::time::Duration::from_secs(30), "they do not come up");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let target = shop.url("reader", "shop", &shop.verified());
    // Who may not see it, is told so.
    let outcome = run(&place, &target, &[])
        .ends_with(measured(0))
        .says(&["sessions of others are connected", "pg_read_all_stats"]);
    assert!(!outcome.stderr.contains("are active ("), "{}", outcome.stderr);
    shop.sql("postgres", "GRANT pg_read_all_stats TO reader");
    fs::remove_dir_all(place.path("out")).unwrap();
    run(&place, &target, &[])
        .ends_with(measured(0))
        .says(&["20 sessions of other applications are active (storefront: 20): figures will be theirs too"]);
    let warnings = place.json("out/run.json")["warnings"].to_string();
    assert!(warnings.contains("20 sessions"), "{warnings}");
    for sleeper in &mut sleepers {
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
    }
}

#[test]
fn each_way_of_not_getting_in_has_its_own_words() {
    let (shop, place) = (shop(), Place::new());
    reader(&place);
    let ca = shop.certificates.path();
    let port = shop.port;
    let url = |options: &str| shop.url("reader", "shop", options);
    let other = ca.join("other.crt").display().to_string();
    let root = ca.join("ca.crt").display().to_string();
    let cases: [(String, i32, &[&str]); 12] = [
        (shop.url("nobody", "shop", &shop.verified()), 1, &["nobody", "pg_hba.conf"]),
        (shop.url("reader", "nowhere", &shop.verified()), 1, &["3D000", "\"nowhere\""]),
        (
            format!("postgresql://reader@no.such.host.invalid:{port}/shop"),
            1,
            &["cannot be resolved", "no.such.host.invalid"],
        ),
        ("postgresql://reader@localhost:1/shop?hostaddr=127.0.0.1".to_owned(), 1, &["nothing listens there"]),
        (url(&format!("sslmode=verify-full&sslrootcert={other}")), 1, &["not signed by", "other.crt"]),
        (
            format!("host=127.0.0.1 port={port} user=reader dbname=shop sslmode=verify-full sslrootcert={root}"),
            1,
            &["not for \"127.0.0.1\"", "localhost", "verify-ca"],
        ),
        (url("sslmode=disable"), 1, &["28000", "encryption", "sslmode=require"]),
        (
            url("sslmode=disable&channel_binding=require").replace("reader", "plain"),
            1,
            &["channel_binding=require", "not encrypted"],
        ),
        (url("sslmode=verify-full"), 2, &["sslrootcert"]),
        (url("sslmode=verify-full&sslrootcert=/nowhere.crt"), 2, &["/nowhere.crt", "no such file"]),
        (url("sslmod=require"), 2, &["did you mean `sslmode`"]),
        ("${UNSET_TARGET}".to_owned(), 2, &["UNSET_TARGET", "export"]),
    ];
    for (target, code, words) in cases {
        eprintln!("{target}");
        run(&place, &target, &[]).ends_with(code).says(words);
    }
    // What verifies less gets in.
    for options in [
        format!("sslmode=verify-ca&sslrootcert={root}"),
        "sslmode=require".to_owned(),
        "sslmode=prefer".to_owned(),
        "sslmode=allow".to_owned(),
    ] {
        let target = format!("postgresql://reader@127.0.0.1:{port}/shop?{options}");
        run(&place, &target, &[]).ends_with(measured(0));
        assert!(place.json("out/run.json")["endpoints"][0]["tls"].is_string(), "{options}");
        fs::remove_dir_all(place.path("out")).unwrap();
    }
    // A certificate of one's own stands for a password; a key that others may read does not.
    let key = ca.join("client.key");
    let client = format!("{}&sslcert={}&sslkey={}", shop.verified(), ca.join("client.crt").display(), key.display());
    let certified = shop.url("certified", "shop", &client);
    run(&place, &certified, &[]).ends_with(measured(0));
    fs::remove_dir_all(place.path("out")).unwrap();
    run(&place, &shop.url("certified", "shop", &shop.verified()), &[]).ends_with(1).says(&["certificate"]);
    let open = place.path("open.key");
    fs::copy(&key, &open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    let readable = certified.replace(&key.display().to_string(), &open.display().to_string());
    run(&place, &readable, &[]).ends_with(2).says(&["open.key", "chmod 0600"]);
    run(&place, &url("sslmode=disable").replace("reader", "plain"), &[]).ends_with(2).says(&["42501", "GRANT"]);
}

/// Listens once, says something at once or when something came, and closes.
fn someone(greeting: &'static [u8], at_once: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if !at_once {
                let _ = stream.read(&mut [0; 512]);
            }
            let _ = stream.write_all(greeting);
            let _ = stream.read(&mut [0; 512]);
        }
    });
    port
}

#[test]
fn other_servers_and_poolers_are_told_apart() {
    let place = Place::new();
    reader(&place);
    let http: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    let ssh: &[u8] = b"SSH-2.0-OpenSSH_9.2p1\r\n";
    let mysql: &[u8] = b"J\0\0\0\x0a8.0.36\0";
    // FATAL 08P01, as PgBouncer says it.
    let pooler: &[u8] =
        b"E\0\0\0\x5aSFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: default_transaction_read_only\0\0";
    let mut pooler = pooler.to_vec();
    let length = u32::try_from(pooler.len() - 1).unwrap();
    pooler[1..5].copy_from_slice(&length.to_be_bytes());
    let cases: [(&'static [u8], bool, &str, &[&str]); 6] = [
        (http, false, "", &["an HTTP server", "HTTP/1.1 400"]),
        (ssh, true, "", &["an SSH server"]),
        (ssh, true, "?sslmode=disable", &["an SSH server"]),
        (mysql, true, "?sslmode=disable", &["MySQL"]),
        (b"N", false, "?sslmode=require", &["does not offer TLS"]),
        (
            pooler.leak(),
            false,
            "?sslmode=disable",
            &["pooler", "default_transaction_read_only", "--allow-writes-to shop"],
        ),
    ];
    for (greeting, at_once, options, words) in cases {
        let port = someone(greeting, at_once);
        run(&place, &format!("postgresql://reader@127.0.0.1:{port}/shop{options}"), &[]).ends_with(1).says(words);
    }
}

#[test]
fn a_password_comes_out_nowhere_whatever_happens() {
    let (shop, place) = (shop(), Place::new());
    reader(&place);
    let encoded = format!("reader:{ENCODED}@");
    let with = |url: String| url.replace("reader@", &encoded);
    let good = with(shop.url("reader", "shop", &shop.verified()));
    let passfile = place.path("pgpass");
    let line = PASSWORD.replace('\\', "\\\\").replace(':', "\\:");
    fs::write(&passfile, format!("localhost:{}:shop:reader:{line}\n", shop.port)).unwrap();
    fs::set_permissions(&passfile, fs::Permissions::from_mode(0o600)).unwrap();
    let plain = shop.url("reader", "shop", &shop.verified());
    let pairs =
        format!("host=localhost hostaddr=127.0.0.1 port={} user=reader dbname=shop password='{PASSWORD}'", shop.port);
    type Case<'a> = (&'a str, Vec<(&'a str, String)>, i32);
    let cases: Vec<Case<'_>> = vec![
        (&good, vec![], measured(0)),
        (&pairs, vec![], measured(0)),
        (&plain, vec![("PGPASSWORD", PASSWORD.to_owned())], measured(0)),
        (&plain, vec![("PGPASSFILE", passfile.display().to_string())], measured(0)),
        ("${SHOP}", vec![("SHOP", good.clone())], measured(0)),
    ];
    let wrong_host = with("postgresql://reader@localhost:1/shop?hostaddr=127.0.0.1".to_owned());
    let wrong_database = with(shop.url("reader", "nowhere", &shop.verified()));
    let wrong_role =
        with(shop.url("reader", "shop", &shop.verified())).replace("reader:", "plain:").replace("verify-full", "full");
    let broken = format!("postgresql://reader:{PASSWORD}@localhost/shop");
    let errors: Vec<Case<'_>> =
        vec![(&wrong_host, vec![], 1), (&wrong_database, vec![], 1), (&wrong_role, vec![], 2), (&broken, vec![], 2)];
    for (target, variables, code) in cases.into_iter().chain(errors) {
        for format in ["text", "json"] {
            let _ = fs::remove_dir_all(place.path("out"));
            let mut command = place.dbbench(&["run", "w.toml", "--out", "out", "--format", format, "--target", target]);
            command.envs(variables.iter().map(|(name, value)| (name, value)));
            let outcome = place.start(command).wait().ends_with(code);
            // Pieces too: what a mistyped URL takes for host or database is a piece of a password.
            outcome.never_says(&[PASSWORD, ENCODED, "Zj7", "9/w", "pq@X"]);
            if place.path("out").exists() {
                assert_no_password_below(&place.path("out"));
            }
        }
    }
    // A wrong one is named by where it came from.
    let mut command = place.dbbench(&["run", "w.toml", "--out", "wrong", "--target", &plain]);
    command.env("PGPASSWORD", "guess-Zj7-wrong");
    let outcome = place.start(command).wait().ends_with(1);
    outcome.says(&["28P01", "check the password of role \"reader\"", "PGPASSWORD"]).never_says(&["Zj7"]);
}

#[test]
fn a_password_in_a_workload_file_is_refused_and_not_shown() {
    let place = Place::new();
    for external in [
        "\"postgresql://me:hunter2@h/db\"",
        "\"host=h password=hunter2\"",
        "\"host=h password='hunter2'\"",
        "'postgresql://me:hun\"ter2@h/db'",
        "'host=h password=hun&t\"er2'",
    ] {
        place.workload(&format!("{READER}\n[topology]\nexternal = {{ primary = {external}, colour = 1 }}\n"));
        let outcome = place.run(&["check", "w.toml"]).ends_with(2).never_says(&["hun", "er2"]);
        outcome.says(&["a password does not belong in a workload file", "${DATABASE_URL}", "`colour`"]);
    }
    reader(&place);
    let set = "topology.external.primary=postgresql://me:hunter2@h/db";
    place.run_out(&["--set", set]).ends_with(2).never_says(&["hunter2"]).says(&["does not belong"]);
    place.workload(&format!("{READER}\n[topology]\nexternal = {{ primary = \"host=h\", replicas = [\"host=r\"] }}\n"));
    place.run(&["check", "w.toml"]).ends_with(2).says(&["`replicas` is not supported by this version"]);
    place.workload(&format!(
        "{READER}\n[topology]\nexternal = {{ primary = \"host=h\" }}\nsettings = {{ work_mem = \"1MB\" }}\n"
    ));
    place.run(&["check", "w.toml"]).ends_with(2).says(&["`settings` is of servers that dbbench starts"]);
}

#[test]
fn options_for_other_servers_need_one() {
    let place = Place::new();
    place.workload(&tiny(&[]));
    for options in [&["--keep"][..], &["--schema", "x"], &["--allow-writes-to", "x"]] {
        place.run_out(&[options, &["--target", "null:"]].concat()).ends_with(2).says(&[options[0], "--target"]);
    }
}

/// `openssl` is needed to make certificates.
#[test]
fn the_tests_find_openssl() {
    assert!(Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success()));
}
