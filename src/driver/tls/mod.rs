//! Encrypted connections. The only door to rustls.
//!
//! What is verified, by `sslmode`: `require` nothing, `verify-ca` that an authority of `sslrootcert` has signed the
//! server's certificate, `verify-full` also that the certificate names the host. A certificate that stands in
//! `sslrootcert` itself (self-signed, as many servers have) counts as signed, whatever it says about being an authority and
//! about its time. A host is looked for among the alternative names only: a common name is not enough.

mod binding;
mod files;
mod reasons;
mod verify;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ProtocolVersion};
use tokio_rustls::TlsConnector;

pub(super) use tokio_rustls::client::TlsStream;

pub use files::Unusable;

use super::endpoint::Endpoint;
use super::error::DriverError;
use super::socket::Plain;

/// What a certificate must show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// Nothing: whoever answers is taken for the server.
    Nothing,
    /// That a trusted authority has signed it.
    Authority,
    /// That it also names the host.
    Host,
}

/// Where trusted authorities come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    /// A PEM file.
    File(PathBuf),
    /// Those of the system.
    System,
}

/// What TLS needs to know.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// The name to verify and to ask for.
    pub host: String,
    /// What is verified.
    pub verify: Verify,
    /// Trusted authorities; needed unless nothing is verified.
    pub roots: Option<Roots>,
    /// The client's certificate and its key, PEM.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// TLS towards one host, ready to be used by any number of connections.
pub struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
    settings: TlsSettings,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

impl Tls {
    /// Reads certificates and key.
    ///
    /// # Errors
    /// A file that cannot be used, and why.
    pub fn new(settings: TlsSettings) -> Result<Self, Unusable> {
        let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
        let verifier = verify::verifier(&settings, &provider)?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Unusable::new("TLS", None, error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let config = match &settings.client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = files::certificates("sslcert", certificate)?;
                let private = files::private_key(key)?;
                builder
                    .with_client_auth_cert(chain, private)
                    .map_err(|error| Unusable::new("sslcert and sslkey", Some(certificate), error.to_string()))?
            }
        };
        let name = match ServerName::try_from(settings.host.clone()) {
            Ok(name) => name,
            Err(_) if settings.verify == Verify::Host => {
                let reason = "no certificate can name such a host".to_owned();
                return Err(Unusable::new(&format!("host \"{}\"", settings.host), None, reason));
            }
            // Nobody looks at it.
            Err(_) => ServerName::try_from("unnamed.invalid")
                .map_err(|error| Unusable::new("TLS", None, error.to_string()))?,
        };
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name, settings })
    }

    /// Shakes hands on a connection whose server has agreed to.
    pub(super) async fn wrap(&self, plain: Plain, endpoint: &Endpoint) -> Result<TlsStream<Plain>, DriverError> {
        let shaken = self.connector.connect(self.name.clone(), plain).await;
        shaken.map_err(|error| {
            let reason = reasons::of_handshake(&error, &self.settings);
            DriverError::Connect { endpoint: endpoint.label(), reason, state: None }
        })
    }
}

/// What SCRAM binds a login to: `tls-server-end-point` (RFC 5929, section 4). `None` for certificates that it does not define
/// it for.
pub(super) fn end_point(stream: &TlsStream<Plain>) -> Option<Vec<u8>> {
    let certificate = stream.get_ref().1.peer_certificates()?.first()?;
    binding::server_end_point(certificate)
}

/// `TLS 1.3`
pub(super) fn version(stream: &TlsStream<Plain>) -> &'static str {
    match stream.get_ref().1.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS",
    }
}
