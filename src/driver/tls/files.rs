//! Certificates and keys from PEM files.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Where systems keep the authorities that they trust; `$SSL_CERT_FILE` goes first.
const SYSTEM: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Something that TLS needs is no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}{}: {reason}", in_file(path.as_deref()))]
pub struct Unusable {
    what: String,
    path: Option<PathBuf>,
    reason: String,
}

fn in_file(path: Option<&Path>) -> String {
    path.map(|path| format!(" ({})", path.display())).unwrap_or_default()
}

impl Unusable {
    pub(super) fn new(what: &str, path: Option<&Path>, reason: String) -> Self {
        Self { what: what.to_owned(), path: path.map(Path::to_owned), reason }
    }
}

/// All certificates of a file.
pub(super) fn certificates(what: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let unusable = |reason| Unusable::new(what, Some(path), reason);
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    match found {
        Ok(found) if found.is_empty() => Err(unusable("it holds no certificate in PEM".to_owned())),
        Ok(found) => Ok(found),
        Err(error) => Err(unusable(why(&error))),
    }
}

/// The key of a file that nobody else may read, as libpq wants it.
pub(super) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Unusable> {
    let unusable = |reason: String| Unusable::new("sslkey", Some(path), reason);
    let metadata = std::fs::metadata(path).map_err(|error| unusable(error.to_string()))?;
    // root's may be readable by a group.
    let forbidden = if metadata.uid() == 0 { 0o027 } else { 0o077 };
    if metadata.mode() & forbidden != 0 {
        return Err(unusable("others may read it: chmod 0600".to_owned()));
    }
    PrivateKeyDer::from_pem_file(path).map_err(|error| match error {
        pem::Error::NoItemsFound => {
            unusable("it holds no key in PEM (one that is protected by a passphrase is not supported)".to_owned())
        }
        other => unusable(why(&other)),
    })
}

/// The authorities that the system trusts.
pub(super) fn system_roots() -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let candidates = named.into_iter().chain(SYSTEM.iter().map(PathBuf::from));
    match candidates.into_iter().find(|path| path.exists()) {
        Some(path) => certificates("sslrootcert=system", &path),
        None => {
            let reason = "this system has no file of trusted authorities: install ca-certificates, or name a file";
            Err(Unusable::new("sslrootcert=system", None, reason.to_owned()))
        }
    }
}

fn why(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) if error.kind() == io::ErrorKind::NotFound => "there is no such file".to_owned(),
        pem::Error::Io(error) => error.to_string(),
        other => format!("it is not PEM: {other}"),
    }
}
