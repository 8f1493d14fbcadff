//! Cancel requests, each over a connection of its own.

use std::sync::Arc;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::BackendKey;
use crate::driver::endpoint::Endpoint;
use crate::driver::error::DriverError;
use crate::driver::socket::Plain;

/// Asks the server to give up what a session is doing.
#[derive(Clone, Debug)]
pub(in crate::driver) struct Canceller {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) key: BackendKey,
}

impl Canceller {
    pub(in crate::driver) async fn cancel(&self) -> Result<(), DriverError> {
        let mut socket = Plain::connect(&self.endpoint).await?.secure(&self.endpoint).await?;
        let mut request = BytesMut::new();
        frontend::cancel_request(self.key.process, self.key.secret, &mut request);
        let lost = |source| DriverError::Io { endpoint: self.endpoint.name.clone(), source };
        socket.write_all(&request).await.map_err(lost)?;
        socket.flush().await.map_err(lost)?;
        // The server closes the connection when it has passed the request on.
        let _ = socket.read(&mut [0; 1]).await;
        Ok(())
    }
}
