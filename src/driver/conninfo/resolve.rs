//! From values to endpoints: defaults, several hosts, what TLS needs, the password.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::passfile::{self, Login};
use super::{ConninfoError, Outside, Values};
use crate::driver::endpoint::{Address, ChannelBinding, Endpoint, Security};
use crate::driver::secret::Secret;
use crate::driver::tls::{Roots, Tls, TlsSettings, Verify};

const DEFAULT_PORT: u16 = 5432;
/// Where servers put their sockets unless told otherwise.
const SOCKET_FOLDERS: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

/// A connection string, resolved.
#[derive(Clone, Debug)]
pub struct Conninfo {
    /// Per host, in order: how to reach it, the preferred way first (`sslmode=prefer` and `allow` have two).
    pub hosts: Vec<Vec<Endpoint>>,
    /// Which of the hosts is wanted.
    pub kind: SessionKind,
    /// How long one attempt may take, if the string says so.
    pub timeout: Option<Duration>,
    /// Where the password comes from, for messages; `None` when there is none.
    pub password_from: Option<&'static str>,
    /// What should be said.
    pub notes: Vec<String>,
}

/// Which of several hosts is wanted (`target_session_attrs`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionKind {
    /// The first that answers.
    #[default]
    Any,
    /// One that takes writes.
    Primary,
    /// One that follows another.
    Standby,
    /// A standby if there is one.
    PreferStandby,
}

/// How much TLS is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// One host of the list.
struct Host {
    address: Address,
    /// As written: what certificates name, and what the password file has.
    name: String,
}

pub(super) fn resolve(values: &Values, outside: &Outside<'_>) -> Result<Conninfo, ConninfoError> {
    let mut notes = Vec::new();
    let user = values.get("user").map(str::to_owned).or_else(|| outside.user.clone()).ok_or_else(|| {
        ConninfoError::new("the target names no role, and the user of this system has no name: give user=")
    })?;
    let database = values.get("dbname").unwrap_or(&user).to_owned();
    let mode = ssl_mode(values)?;
    let binding = binding(values)?;
    let startup = options(values)?;
    let passfile = values.get("passfile").map(PathBuf::from).or_else(|| Some(outside.home.as_ref()?.join(".pgpass")));
    let mut password_from = None;
    let mut found = Vec::new();
    for host in hosts(values)? {
        let (name, port) = match &host.address {
            Address::Tcp { port, .. } => (host.name.as_str(), *port),
            Address::Unix { dir, port } if SOCKET_FOLDERS.iter().any(|folder| dir == Path::new(folder)) => {
                ("localhost", *port)
            }
            Address::Unix { port, .. } => (host.name.as_str(), *port),
        };
        let password = match values.get("password") {
            Some(password) => Some((Secret::new(password), "the connection string or PGPASSWORD")),
            None => passfile.as_ref().and_then(|file| {
                let login = Login { host: name, port, database: &database, user: &user };
                Some((passfile::look_up(file, login, &mut notes)?, "the password file"))
            }),
        };
        password_from = password_from.or(password.as_ref().map(|(_, from)| *from));
        let endpoint = Endpoint {
            name: "primary".to_owned(),
            address: host.address.clone(),
            user: user.clone(),
            password: password.map(|(password, _)| password),
            database: database.clone(),
            startup: startup.clone(),
            connect_delay: Duration::ZERO,
            security: Security { tls: None, binding },
        };
        let ways = protections(&host, mode, values, outside)?;
        found.push(
            ways.into_iter().map(|tls| Endpoint { security: Security { tls, binding }, ..endpoint.clone() }).collect(),
        );
    }
    notes.dedup();
    let kind = kind(values)?;
    let timeout = timeout(values)?;
    Ok(Conninfo { hosts: found, kind, timeout, password_from, notes })
}

/// The hosts with their addresses and ports.
fn hosts(values: &Values) -> Result<Vec<Host>, ConninfoError> {
    let list = |keyword: &str| -> Vec<String> {
        values.get(keyword).map(|text| text.split(',').map(|item| item.trim().to_owned()).collect()).unwrap_or_default()
    };
    let (mut names, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
    if names.is_empty() {
        names = vec![String::new(); addresses.len().max(1)];
    }
    if !addresses.is_empty() && addresses.len() != names.len() {
        return Err(ConninfoError::new(
            "the target names as many hosts as addresses (hostaddr), or only one of the two",
        ));
    }
    if ports.len() > 1 && ports.len() != names.len() {
        return Err(ConninfoError::new("the target names one port for all hosts, or one for each"));
    }
    let host = |(at, name): (usize, &String)| {
        let port = match ports.get(at).or_else(|| ports.first().filter(|_| ports.len() == 1)).map(String::as_str) {
            None | Some("") => DEFAULT_PORT,
            Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
                // Not repeated: it may be a part of a password.
                ConninfoError::new("the target's port is a number from 1 to 65535; special characters of a password are percent-encoded in a URL")
            })?,
        };
        let address = addresses.get(at).filter(|address| !address.is_empty());
        let address = match (address, name.as_str()) {
            (Some(address), _) => Address::Tcp { host: address.clone(), port },
            (None, "") => Address::Unix { dir: socket_folder(port), port },
            (None, folder) if folder.starts_with('/') => Address::Unix { dir: folder.into(), port },
            (None, abstract_) if abstract_.starts_with('@') => {
                return Err(ConninfoError::new(
                    "abstract Unix sockets are not supported: name the folder of the socket",
                ));
            }
            (None, name) => Address::Tcp { host: name.to_owned(), port },
        };
        let name = match (&address, name.as_str()) {
            (Address::Tcp { host, .. }, "") => host.clone(),
            (Address::Unix { dir, .. }, "") => dir.display().to_string(),
            (_, name) => name.to_owned(),
        };
        Ok(Host { address, name })
    };
    names.iter().enumerate().map(host).collect()
}

/// The folder that has the server's socket, else the usual one.
fn socket_folder(port: u16) -> PathBuf {
    let has = |folder: &&&str| Path::new(folder).join(format!(".s.PGSQL.{port}")).exists();
    SOCKET_FOLDERS.iter().find(has).unwrap_or(&SOCKET_FOLDERS[0]).into()
}

/// The ways to protect a connection, the preferred one first; `None` is none. A Unix socket needs none.
fn protections(
    host: &Host,
    mode: SslMode,
    values: &Values,
    outside: &Outside<'_>,
) -> Result<Vec<Option<Arc<Tls>>>, ConninfoError> {
    if mode == SslMode::Disable || matches!(host.address, Address::Unix { .. }) {
        return Ok(vec![None]);
    }
    let tls = Some(Arc::new(tls(&host.name, mode, values, outside)?));
    Ok(match mode {
        SslMode::Allow => vec![None, tls],
        SslMode::Prefer => vec![tls, None],
        _ => vec![tls],
    })
}

fn tls(host: &str, mode: SslMode, values: &Values, outside: &Outside<'_>) -> Result<Tls, ConninfoError> {
    let of_home = |name: &str| {
        let path = outside.home.as_ref()?.join(".postgresql").join(name);
        path.exists().then_some(path)
    };
    let roots = match values.get("sslrootcert") {
        Some("system") if mode != SslMode::VerifyFull => {
            return Err(ConninfoError::new(
                "sslrootcert=system needs sslmode=verify-full: anybody can have a certificate there",
            ));
        }
        Some("system") => Some(Roots::System),
        Some(path) => Some(Roots::File(path.into())),
        None => of_home("root.crt").map(Roots::File),
    };
    let verify = match mode {
        SslMode::VerifyFull => Verify::Host,
        SslMode::VerifyCa => Verify::Authority,
        // As libpq has it: who gives authorities wants them to be used.
        SslMode::Require if roots.is_some() => Verify::Authority,
        _ => Verify::Nothing,
    };
    if verify != Verify::Nothing && roots.is_none() {
        return Err(ConninfoError::new(
            "sslmode=verify-ca and verify-full need trusted authorities: give sslrootcert=FILE, or put them into \
             ~/.postgresql/root.crt, or use sslrootcert=system with verify-full",
        ));
    }
    let certificate = values.get("sslcert").map(PathBuf::from).or_else(|| of_home("postgresql.crt"));
    let key = values.get("sslkey").map(PathBuf::from).or_else(|| of_home("postgresql.key"));
    let client = match (certificate, key) {
        (None, _) => None,
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (Some(_), None) => return Err(ConninfoError::new("sslcert needs sslkey, the file of its key")),
    };
    Tls::new(TlsSettings { host: host.to_owned(), verify, roots, client })
        .map_err(|error| ConninfoError::new(error.to_string()))
}

fn ssl_mode(values: &Values) -> Result<SslMode, ConninfoError> {
    let modes = [
        ("disable", SslMode::Disable),
        ("allow", SslMode::Allow),
        ("prefer", SslMode::Prefer),
        ("require", SslMode::Require),
        ("verify-ca", SslMode::VerifyCa),
        ("verify-full", SslMode::VerifyFull),
    ];
    // What asks for the system's authorities means them.
    let default = if values.get("sslrootcert") == Some("system") { SslMode::VerifyFull } else { SslMode::Prefer };
    one_of(values, "sslmode", &modes, default)
}

fn binding(values: &Values) -> Result<ChannelBinding, ConninfoError> {
    let ways = [
        ("disable", ChannelBinding::Disable),
        ("prefer", ChannelBinding::Prefer),
        ("require", ChannelBinding::Require),
    ];
    one_of(values, "channel_binding", &ways, ChannelBinding::Prefer)
}

fn kind(values: &Values) -> Result<SessionKind, ConninfoError> {
    let kinds = [
        ("any", SessionKind::Any),
        ("read-write", SessionKind::Primary),
        ("primary", SessionKind::Primary),
        ("read-only", SessionKind::Standby),
        ("standby", SessionKind::Standby),
        ("prefer-standby", SessionKind::PreferStandby),
    ];
    one_of(values, "target_session_attrs", &kinds, SessionKind::Any)
}

fn one_of<T: Copy>(values: &Values, keyword: &str, known: &[(&str, T)], default: T) -> Result<T, ConninfoError> {
    let Some(text) = values.get(keyword) else { return Ok(default) };
    known.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        ConninfoError::new(format!("`{keyword}` of the target is one of {}", names.join(", ")))
    })
}

fn timeout(values: &Values) -> Result<Option<Duration>, ConninfoError> {
    match values.get("connect_timeout").map(str::parse::<u64>) {
        None | Some(Ok(0)) => Ok(None),
        Some(Ok(seconds)) => Ok(Some(Duration::from_secs(seconds))),
        Some(Err(_)) => Err(ConninfoError::new("`connect_timeout` of the target is a number of seconds")),
    }
}

/// `options=-c name=value --name=value` as settings.
fn options(values: &Values) -> Result<Vec<(String, String)>, ConninfoError> {
    let wrong = || {
        ConninfoError::new("`options` of the target takes settings only: -c name=value, blanks in it with a \\ before")
    };
    let mut settings = Vec::new();
    let mut words = words(values.get("options").unwrap_or_default()).into_iter();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--").or_else(|| word.strip_prefix("-c")) {
            Some("") => words.next().ok_or_else(wrong)?,
            Some(setting) => setting.to_owned(),
            None => return Err(wrong()),
        };
        let (name, value) = setting.split_once('=').ok_or_else(wrong)?;
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(settings)
}

/// Words between blanks; a backslash keeps the next character.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut escaped) = (Vec::new(), String::new(), false);
    for letter in text.chars() {
        match letter {
            '\\' if !escaped => escaped = true,
            blank if blank.is_whitespace() && !escaped => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            other => {
                word.push(other);
                escaped = false;
            }
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
