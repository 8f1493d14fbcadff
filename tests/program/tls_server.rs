//! A server with TLS and passwords, as somebody's own: nothing in it is dbbench's.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::server::Server;

/// The password of all roles; nothing else that is written contains it.
pub const PASSWORD: &str = "Zj7 pq@X:9/w";
/// The same in a URL.
pub const ENCODED: &str = "Zj7%20pq%40X%3A9%2Fw";

/// Asserts that no file below a folder has a password of [`TlsServer`], or a piece of one.
#[track_caller]
pub fn assert_no_password_below(folder: &std::path::Path) {
    for (path, content) in crate::support::files_below(folder) {
        let text = String::from_utf8_lossy(&content);
        // Three letters in a row come about by chance in histograms, which are packed and written in base64.
        let pieces: &[&str] = if path.ends_with("histograms.hlog") { &[] } else { &["Zj7"] };
        let found = pieces.iter().chain(&[PASSWORD, ENCODED]).any(|secret| text.contains(secret));
        assert!(!found, "a password stands in {}", path.display());
    }
}

const ACCESS: &str = "local all all trust
hostssl all reader 127.0.0.1/32 scram-sha-256
hostssl all maker 127.0.0.1/32 scram-sha-256
hostssl all certified 127.0.0.1/32 cert
host all plain 127.0.0.1/32 scram-sha-256
host all all ::1/128 reject
";

/// A server with a database `shop` that has 300 users.
pub struct TlsServer {
    pub server: Server,
    pub certificates: TempDir,
    pub port: u16,
}

impl TlsServer {
    pub fn start() -> Self {
        let server = Server::start();
        let certificates = certificates();
        let data = PathBuf::from(one(&server, "SHOW data_directory"));
        let owner = std::fs::metadata(&data).unwrap();
        for name in ["server.crt", "server.key", "ca.crt"] {
            let path = data.join(name);
            std::fs::copy(certificates.path().join(name), &path).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            if owner.uid() != std::fs::metadata(&path).unwrap().uid() {
                chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
            }
        }
        std::fs::write(data.join("pg_hba.conf"), ACCESS).unwrap();
        sql(&server, "postgres", "ALTER SYSTEM SET ssl_ca_file = 'ca.crt'");
        sql(&server, "postgres", "ALTER SYSTEM SET ssl = on");
        sql(&server, "postgres", "ALTER SYSTEM SET work_mem = '5MB'");
        sql(&server, "postgres", "SELECT pg_reload_conf()");
        for role in ["reader", "maker", "certified", "plain"] {
            sql(&server, "postgres", &format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'"));
        }
        sql(&server, "postgres", "ALTER ROLE maker CREATEDB");
        sql(&server, "postgres", "CREATE DATABASE shop");
        sql(&server, "shop", "CREATE TABLE users (id int PRIMARY KEY, name text)");
        sql(&server, "shop", "INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, 300) i");
        sql(&server, "shop", "GRANT SELECT, INSERT ON users TO reader, maker, certified; ANALYZE");
        let port = one(&server, "SHOW port").parse().unwrap();
        let tls = Self { server, certificates, port };
        tls.wait_for_tls();
        tls
    }

    /// A reload is asked for, not waited for.
    fn wait_for_tls(&self) {
        let begin = std::time::Instant::now();
        while one(&self.server, "SHOW ssl") != "on" {
            assert!(begin.elapsed() < std::time::Duration::from_secs(20), "no TLS");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// `postgresql://ROLE@localhost:PORT/DATABASE?OPTIONS`, without a password.
    pub fn url(&self, role: &str, database: &str, options: &str) -> String {
        format!("postgresql://{role}@localhost:{}/{database}?hostaddr=127.0.0.1&{options}", self.port)
    }

    /// `sslmode=verify-full&sslrootcert=…`
    pub fn verified(&self) -> String {
        format!("sslmode=verify-full&sslrootcert={}", self.certificates.path().join("ca.crt").display())
    }

    /// Runs SQL as the superuser.
    pub fn sql(&self, database: &str, text: &str) -> String {
        sql(&self.server, database, text)
    }

    /// Schema and data of a database.
    pub fn dump(&self, database: &str) -> String {
        let output = self.server.program("pg_dump").arg(database).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // Newer versions fence the text with a random word.
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().filter(|line| !line.starts_with('\\')).collect::<Vec<_>>().join("\n")
    }

    /// All databases.
    pub fn databases(&self) -> String {
        self.sql("postgres", "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database")
    }
}

fn sql(server: &Server, database: &str, text: &str) -> String {
    let output =
        server.program("psql").args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text]).output().unwrap();
    assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn one(server: &Server, text: &str) -> String {
    sql(server, "postgres", text)
}

/// An authority `ca.crt`, another one `other.crt`, and `server.crt` for localhost signed by the first.
fn certificates() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let openssl = |arguments: &str| {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder.path()).output();
        let output = output.expect("the program openssl");
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    };
    for name in ["ca", "other"] {
        openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {name}.key -out {name}.crt -days 2 -subj /CN={name}"
        ));
    }
    openssl("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost");
    std::fs::write(folder.path().join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl("x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt");
    openssl("req -newkey rsa:2048 -nodes -keyout client.key -out client.csr -subj /CN=certified");
    openssl("x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out client.crt");
    std::fs::set_permissions(folder.path().join("client.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    folder
}
