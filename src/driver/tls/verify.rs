//! Whether a server's certificate is good enough.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::files::{self, Unusable};
use super::{Roots, TlsSettings, Verify};

/// Verifies as far as `sslmode` asks for.
#[derive(Debug)]
pub(super) struct Verifier {
    provider: Arc<CryptoProvider>,
    /// `None`: nothing is verified.
    chain: Option<Chain>,
}

#[derive(Debug)]
struct Chain {
    webpki: Arc<WebPkiServerVerifier>,
    trusted: Vec<CertificateDer<'static>>,
    names: bool,
}

pub(super) fn verifier(settings: &TlsSettings, provider: &Arc<CryptoProvider>) -> Result<Verifier, Unusable> {
    let chain = match (settings.verify, &settings.roots) {
        (Verify::Nothing, _) => None,
        (_, None) => {
            let reason = "no file of trusted authorities: give sslrootcert=FILE or sslrootcert=system".to_owned();
            return Err(Unusable::new("sslrootcert", None, reason));
        }
        (verify, Some(roots)) => Some(chain(verify == Verify::Host, roots, provider)?),
    };
    Ok(Verifier { provider: Arc::clone(provider), chain })
}

fn chain(names: bool, roots: &Roots, provider: &Arc<CryptoProvider>) -> Result<Chain, Unusable> {
    let (trusted, path) = match roots {
        Roots::File(path) => (files::certificates("sslrootcert", path)?, Some(path.as_path())),
        Roots::System => (files::system_roots()?, None),
    };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(trusted.iter().cloned());
    let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider)).build();
    let webpki = webpki.map_err(|error| Unusable::new("sslrootcert", path, error.to_string()))?;
    Ok(Chain { webpki, trusted, names })
}

impl Chain {
    fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.trusted.iter().any(|trusted| trusted == certificate) {
            if self.names {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        match self.webpki.verify_server_cert(certificate, others, name, &[], now) {
            // The name is the last thing that is looked at: all else is well.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.names => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }
}

/// How a signature is verified in one version of TLS.
type Signed = fn(
    &[u8],
    &CertificateDer<'_>,
    &DigitallySignedStruct,
    &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error>;

impl Verifier {
    fn signed(
        &self,
        verify: Signed,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match &self.chain {
            // Whoever shows any certificate may as well sign with any key.
            None => Ok(HandshakeSignatureValid::assertion()),
            Some(_) => verify(message, certificate, signature, &self.provider.signature_verification_algorithms),
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.chain {
            None => Ok(ServerCertVerified::assertion()),
            Some(chain) => chain.verify(certificate, others, name, now),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(verify_tls12_signature, message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(verify_tls13_signature, message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
