//! From a connected socket to a session that is ready: startup message and authentication.

use std::io;

use bytes::BytesMut;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{self, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256};
use postgres_protocol::message::{backend, frontend};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::inbox::Inbox;
use super::{BackendKey, answer};
use crate::driver::endpoint::{ChannelBinding, Endpoint};
use crate::driver::error::DriverError;
use crate::driver::socket::not_postgres;

/// What AuthenticationRequest asks for.
mod request {
    pub(super) const OK: i32 = 0;
    pub(super) const CLEARTEXT: i32 = 3;
    pub(super) const MD5: i32 = 5;
    pub(super) const SASL: i32 = 10;
    pub(super) const SASL_CONTINUE: i32 = 11;
    pub(super) const SASL_FINAL: i32 = 12;
}

/// The setting that keeps sessions from writing.
const READ_ONLY: &str = "default_transaction_read_only";

/// Messages of a login are short; whatever claims to be longer is not one.
const LONGEST_MESSAGE: i32 = 1 << 20;

/// Logs in; when it returns, the server is ready for a statement. `end_point` is what SCRAM can bind the login to.
pub(super) async fn login<S: AsyncRead + AsyncWrite + Unpin>(
    endpoint: &Endpoint,
    socket: &mut S,
    inbox: &mut Inbox,
    end_point: Option<Vec<u8>>,
) -> Result<BackendKey, DriverError> {
    let mut login = Login { endpoint, socket, inbox, end_point, out: BytesMut::new() };
    login.start().await?;
    login.authenticate().await?;
    login.until_ready().await
}

struct Login<'a, S> {
    endpoint: &'a Endpoint,
    socket: &'a mut S,
    inbox: &'a mut Inbox,
    end_point: Option<Vec<u8>>,
    out: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Login<'_, S> {
    async fn start(&mut self) -> Result<(), DriverError> {
        let Endpoint { user, database, startup, .. } = self.endpoint;
        let own =
            [("user", &**user), ("database", database), ("client_encoding", "UTF8"), ("application_name", "dbbench")];
        let settings = startup.iter().map(|(name, value)| (&**name, &**value));
        frontend::startup_message(own.into_iter().chain(settings), &mut self.out)
            .map_err(|error| self.broken(&error))?;
        self.send().await
    }

    async fn authenticate(&mut self) -> Result<(), DriverError> {
        let (code, data) = self.request().await?;
        if self.endpoint.security.binding == ChannelBinding::Require && code != request::SASL {
            return Err(self.unbound());
        }
        match code {
            request::OK => return Ok(()),
            request::CLEARTEXT => {
                let password = self.password()?.as_bytes().to_vec();
                self.answer(|out| frontend::password_message(&password, out)).await?;
            }
            request::MD5 => {
                let salt = data.try_into().map_err(|_| self.refused("the server's md5 salt is not 4 bytes".into()))?;
                let hash = md5_hash(self.endpoint.user.as_bytes(), self.password()?.as_bytes(), salt);
                self.answer(|out| frontend::password_message(hash.as_bytes(), out)).await?;
            }
            request::SASL => self.scram(&data).await?,
            _ => {
                let reason = "the server asks for a way to log in other than scram-sha-256, md5, password or trust";
                return Err(self.refused(format!("{reason}: change pg_hba.conf for role \"{}\"", self.endpoint.user)));
            }
        }
        match self.request().await? {
            (request::OK, _) => Ok(()),
            (code, _) => Err(self.refused(format!("unexpected authentication request {code}"))),
        }
    }

    async fn scram(&mut self, mechanisms: &[u8]) -> Result<(), DriverError> {
        let offered = |mechanism: &str| mechanisms.split(|byte| *byte == 0).any(|name| name == mechanism.as_bytes());
        if !offered(SCRAM_SHA_256) && !offered(SCRAM_SHA_256_PLUS) {
            return Err(self.refused("the server offers no SASL mechanism but those other than SCRAM-SHA-256".into()));
        }
        let wanted = self.endpoint.security.binding;
        let end_point = self.end_point.take().filter(|_| wanted != ChannelBinding::Disable);
        let (binding, mechanism) = match (end_point, offered(SCRAM_SHA_256_PLUS)) {
            (Some(end_point), true) => (sasl::ChannelBinding::tls_server_end_point(end_point), SCRAM_SHA_256_PLUS),
            _ if wanted == ChannelBinding::Require => return Err(self.unbound()),
            // The server learns that we could: should it be able to as well, somebody in between has taken its offer out.
            (Some(_), false) => (sasl::ChannelBinding::unrequested(), SCRAM_SHA_256),
            (None, _) => (sasl::ChannelBinding::unsupported(), SCRAM_SHA_256),
        };
        let mut scram = ScramSha256::new(self.password()?.as_bytes(), binding);
        let first = scram.message().to_vec();
        self.answer(|out| frontend::sasl_initial_response(mechanism, &first, out)).await?;
        let challenge = self.expect(request::SASL_CONTINUE).await?;
        // The password is hashed thousands of times: elsewhere, or every other client of this thread would wait for it.
        let hashed = tokio::task::spawn_blocking(move || scram.update(&challenge).map(|()| scram)).await;
        let mut scram = match hashed {
            Ok(Ok(scram)) => scram,
            Ok(Err(error)) => return Err(self.refused(format!("the SCRAM exchange failed: {error}"))),
            Err(_) => return Err(self.refused("the SCRAM exchange was interrupted".into())),
        };
        let proof = scram.message().to_vec();
        self.answer(|out| frontend::sasl_response(&proof, out)).await?;
        let signature = self.expect(request::SASL_FINAL).await?;
        scram
            .finish(&signature)
            .map_err(|error| self.refused(format!("the server's SCRAM signature is wrong: {error}")))
    }

    async fn until_ready(&mut self) -> Result<BackendKey, DriverError> {
        let mut key = BackendKey::default();
        loop {
            match self.message().await? {
                (backend::READY_FOR_QUERY_TAG, _) => return Ok(key),
                (backend::BACKEND_KEY_DATA_TAG, body) => match *body {
                    [a, b, c, d, e, f, g, h] => {
                        key.process = i32::from_be_bytes([a, b, c, d]);
                        key.secret = i32::from_be_bytes([e, f, g, h]);
                    }
                    _ => return Err(self.refused("the server's key data is not 8 bytes".into())),
                },
                _ => {}
            }
        }
    }

    /// The next message but notices and settings; an error of the server becomes ours.
    async fn message(&mut self) -> Result<(u8, Vec<u8>), DriverError> {
        loop {
            let next = self.inbox.next().map_err(|error| self.broken(&error))?;
            let Some((tag, at)) = next else {
                self.inbox.fill(self.socket).await.map_err(|error| self.broken(&error))?;
                if let Some(other) = implausible(self.inbox.pending()) {
                    return Err(self.refused(other));
                }
                continue;
            };
            let body = self.inbox.body(at).to_vec();
            match tag {
                backend::NOTICE_RESPONSE_TAG => {}
                backend::PARAMETER_STATUS_TAG => self.reported(&body)?,
                backend::ERROR_RESPONSE_TAG => {
                    return Err(match answer::server_error(&body) {
                        Some(error) => error.at_login(self.endpoint),
                        None => self.refused("the server's error cannot be read: is it PostgreSQL?".into()),
                    });
                }
                _ => return Ok((tag, body)),
            }
        }
    }

    /// Sees that a session which is to be read-only is, where the server reports that (14 and later): somebody in between
    /// may drop settings.
    fn reported(&self, body: &[u8]) -> Result<(), DriverError> {
        let is_asked = |(name, value): &(String, String)| name == READ_ONLY && value == "on";
        if body.strip_prefix(READ_ONLY.as_bytes()) == Some(b"\0off\0") && self.endpoint.startup.iter().any(is_asked) {
            return Err(DriverError::NotTaken { endpoint: self.endpoint.label(), setting: READ_ONLY.to_owned() });
        }
        Ok(())
    }

    /// The next AuthenticationRequest: its code and what comes with it.
    async fn request(&mut self) -> Result<(i32, Vec<u8>), DriverError> {
        match self.message().await? {
            (backend::AUTHENTICATION_TAG, body) => match body.split_first_chunk() {
                Some((code, data)) => Ok((i32::from_be_bytes(*code), data.to_vec())),
                None => Err(self.refused("the server's authentication request is cut off".into())),
            },
            (tag, _) => Err(self.refused(format!("unexpected message '{}': is it PostgreSQL?", char::from(tag)))),
        }
    }

    async fn expect(&mut self, wanted: i32) -> Result<Vec<u8>, DriverError> {
        match self.request().await? {
            (code, data) if code == wanted => Ok(data),
            (code, _) => Err(self.refused(format!("unexpected authentication request {code}"))),
        }
    }

    async fn answer(&mut self, write: impl FnOnce(&mut BytesMut) -> io::Result<()>) -> Result<(), DriverError> {
        write(&mut self.out).map_err(|error| self.broken(&error))?;
        self.send().await
    }

    async fn send(&mut self) -> Result<(), DriverError> {
        let mut sent = self.socket.write_all(&self.out).await;
        if sent.is_ok() {
            sent = self.socket.flush().await;
        }
        self.out.clear();
        sent.map_err(|error| self.broken(&error))
    }

    fn password(&self) -> Result<&str, DriverError> {
        let missing = || {
            self.refused(format!(
                "the server asks for a password and none is given for role \"{}\"",
                self.endpoint.user
            ))
        };
        self.endpoint.password.as_ref().map(crate::driver::Secret::reveal).ok_or_else(missing)
    }

    fn unbound(&self) -> DriverError {
        let why = match self.end_point {
            None if self.endpoint.security.tls.is_none() => "the connection is not encrypted",
            _ => "the server does not offer it for this role and certificate",
        };
        self.refused(format!(
            "channel_binding=require, but {why}: use TLS and scram-sha-256, or channel_binding=prefer"
        ))
    }

    fn refused(&self, reason: String) -> DriverError {
        DriverError::Connect { endpoint: self.endpoint.label(), reason, state: None }
    }

    fn broken(&self, error: &io::Error) -> DriverError {
        self.refused(match error.kind() {
            io::ErrorKind::UnexpectedEof => "the server closed the connection during the login".to_owned(),
            _ => format!("login failed: {error}"),
        })
    }
}

/// What is wrong with the beginning of a message that no server of PostgreSQL sends during a login.
fn implausible(pending: &[u8]) -> Option<String> {
    let tag = *pending.first()?;
    let length = match pending {
        [_, a, b, c, d, ..] => i32::from_be_bytes([*a, *b, *c, *d]),
        _ => 4,
    };
    let known = [
        backend::AUTHENTICATION_TAG,
        backend::ERROR_RESPONSE_TAG,
        backend::NOTICE_RESPONSE_TAG,
        backend::PARAMETER_STATUS_TAG,
        backend::BACKEND_KEY_DATA_TAG,
        backend::READY_FOR_QUERY_TAG,
        // NegotiateProtocolVersion
        b'v',
    ];
    (!known.contains(&tag) || !(4..LONGEST_MESSAGE).contains(&length)).then(|| not_postgres(pending))
}
