//! A session with a server: connect, prepare, execute, copy, cancel; and the null target that answers at once.
//!
//! Two ways to a server. [`Control`] (tokio-postgres) is for everything that is not timed: schema, COPY, catalogue.
//! [`Session`] is the data plane: the wire protocol's codec straight on a socket, one reused buffer each way, rows
//! handed out as raw bytes. Only this room imports tokio_postgres,
//! postgres_protocol and rustls.

mod canonical;
mod catalog;
pub mod conninfo;
mod control;
mod describe;
mod encode;
mod endpoint;
mod error;
mod null;
mod recordable;
mod row;
mod secret;
mod secured;
mod session;
mod simple;
mod socket;
mod tape;
mod tls;
mod types;
mod wire;

pub use canonical::{Canonical, Decimal, canonical, json, same_row, sort_rows};
pub use control::{Control, CopyIn};
pub use describe::Described;
pub use encode::{Args, Misfit, fits};
pub use endpoint::{Address, ChannelBinding, Endpoint, Security};
pub use error::{DriverError, ServerError};
pub use null::NullEndpoint;
pub use recordable::Recordable;
pub use secret::Secret;
pub use session::{
    CancelToken, Columns, ConnectTimes, Executed, NullTarget, RawRow, RowSink, Session, StatementId, Target,
};
pub use session::{copy_header, copy_trailer};
pub use simple::{LiteralType, has_text_form};
pub use tape::{Sent, Tape, TapeOrder};
pub use tls::{Roots, Tls, TlsSettings, Unusable, Verify};
pub use types::{ColumnInfo, PgType, TypeKind};
