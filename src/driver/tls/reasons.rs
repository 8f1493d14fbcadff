//! Why a handshake failed, in words that say what to do.

use std::io;

use rustls::{CertificateError, Error};

use super::{Roots, TlsSettings};

/// The reason and what to try.
pub(super) fn of_handshake(error: &io::Error, settings: &TlsSettings) -> String {
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                "the server closed the connection during the TLS handshake: see its log".to_owned()
            }
            _ => format!("the TLS handshake failed: {error}"),
        };
    };
    match tls {
        Error::InvalidCertificate(problem) => of_certificate(problem, settings),
        Error::AlertReceived(alert) => format!(
            "the server ended the TLS handshake ({alert:?}): does it ask for a client certificate (sslcert, sslkey) or \
             for another TLS version?"
        ),
        Error::PeerIncompatible(why) => format!("the server's TLS is too old or too different: {why:?}"),
        other => format!("the TLS handshake failed: {other}"),
    }
}

fn of_certificate(problem: &CertificateError, settings: &TlsSettings) -> String {
    let host = &settings.host;
    let authorities = match &settings.roots {
        Some(Roots::File(path)) => format!("{} (sslrootcert)", path.display()),
        Some(Roots::System) => "the system's authorities".to_owned(),
        None => "any authority".to_owned(),
    };
    match problem {
        CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => format!(
            "the server's certificate is not for \"{host}\" but for {}: connect by that name, or use sslmode=verify-ca",
            presented.join(", ")
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => format!(
            "the server's certificate does not name \"{host}\" (it has no subjectAltName; a common name is not enough): \
             give it one, or use sslmode=verify-ca"
        ),
        CertificateError::UnknownIssuer => format!(
            "the server's certificate is not signed by {authorities}: name the file of the authority that has signed it"
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired: renew it, or use sslmode=require, which verifies nothing".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet: is the clock of this machine right?".to_owned()
        }
        other => {
            format!("the server's certificate is refused: {other:?}; sslrootcert may also hold the certificate itself")
        }
    }
}
