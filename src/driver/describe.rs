//! Statements described without a name, and the types that are in them.
//!
//! Nothing stays on the server: behind a pooler that hands server connections around, a name would be met by whoever comes
//! next (42P05), also by the next run.

use tokio::sync::Mutex;

use super::control::Control;
use super::encode::Args;
use super::endpoint::Endpoint;
use super::error::DriverError;
use super::row::{RawRow, RowSink};
use super::socket::{self, Plain};
use super::types::{ColumnInfo, PgType, TypeKind};
use super::wire::Wire;

/// A described statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Types of `$1…`.
    pub params: Vec<PgType>,
    /// Columns of the result; empty for statements that return none. (For a column of a domain the server names the
    /// type under it.)
    pub columns: Vec<ColumnInfo>,
}

/// The connection that statements are described on: made when the first one is, and again after [`Control::rest`].
#[derive(Debug)]
pub(super) struct Describing {
    endpoint: Endpoint,
    wire: Mutex<Option<Wire>>,
}

impl Describing {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, wire: Mutex::new(None) }
    }

    /// Closes the connection, if there is one.
    pub(super) async fn rest(&self) {
        if let Some(wire) = self.wire.lock().await.take() {
            wire.close().await;
        }
    }

    /// Has `work` done on the connection, which goes on unless it was lost or `work` given up half-way.
    async fn on<T>(&self, work: impl AsyncFnOnce(&mut Wire) -> Result<T, DriverError>) -> Result<T, DriverError> {
        let mut place = self.wire.lock().await;
        let mut wire = match place.take() {
            Some(wire) => wire,
            None => self.connect().await?,
        };
        let done = work(&mut wire).await;
        if !done.as_ref().is_err_and(DriverError::is_fatal) {
            *place = Some(wire);
        }
        done
    }

    async fn connect(&self) -> Result<Wire, DriverError> {
        let connected = async {
            let plain = Plain::connect(&self.endpoint).await?;
            tokio::time::sleep(self.endpoint.connect_delay).await;
            Wire::log_in(plain, &self.endpoint).await
        };
        let connected = tokio::time::timeout(socket::CONNECT_TIMEOUT, connected).await;
        connected.map_err(|_| socket::timed_out(&self.endpoint))?
    }
}

impl Control {
    /// Describes a statement with declared parameter types (0: inferred), resolving types that are not built in from the
    /// catalogue. Modifiers are known of columns, not of parameters.
    ///
    /// # Errors
    /// [`DriverError::Server`] with the position in `sql`; or no further connection can be made.
    pub async fn describe(&self, sql: &str, params: &[u32]) -> Result<Described, DriverError> {
        self.describing.on(async |wire| describe(wire, sql, params).await).await
    }

    /// The same behind `ddl`, statements with the types of their parameters, which are NULL, in a transaction that is rolled
    /// back.
    ///
    /// # Errors
    /// As [`Control::describe`], also for the DDL.
    pub async fn describe_behind(
        &self,
        ddl: &[(String, Vec<u32>)],
        sql: &str,
        params: &[u32],
    ) -> Result<Described, DriverError> {
        let rolled_back = async |wire: &mut Wire| {
            wire.simple("BEGIN READ WRITE", &mut Rows::default()).await?;
            let described = behind(wire, ddl, sql, params).await;
            if !described.as_ref().is_err_and(DriverError::is_fatal) {
                wire.simple("ROLLBACK", &mut Rows::default()).await?;
            }
            described
        };
        self.describing.on(rolled_back).await
    }

    /// The type with an OID of this database; `modifier` as in `pg_attribute.atttypmod` (−1: none).
    ///
    /// # Errors
    /// [`DriverError::Server`] when there is no such type.
    pub async fn resolve(&self, oid: u32, modifier: i32) -> Result<PgType, DriverError> {
        if let Some(ty) = PgType::built_in(oid, modifier) {
            return Ok(ty);
        }
        self.describing.on(async |wire| look_up(wire, oid, modifier).await).await
    }

    /// The array type over a type.
    ///
    /// # Errors
    /// [`DriverError::Protocol`] when the server has none.
    pub async fn array_of(&self, element: &PgType) -> Result<PgType, DriverError> {
        if let Some(ty) = PgType::built_in_array(element.oid, element.modifier) {
            return Ok(ty);
        }
        let sql = format!("SELECT typarray FROM pg_catalog.pg_type WHERE oid = {} AND typarray <> 0", element.oid);
        let rows = self.rows(&sql).await?;
        match rows.first().and_then(|row| number::<u32>(row, 0)) {
            Some(oid) => self.resolve(oid, element.modifier).await,
            None => Err(self.odd(format!("type {} has no array type", element.name))),
        }
    }

    /// Gives back the connection that statements were described on; the next description makes it anew. A pooler or a
    /// server may have few of them.
    pub async fn rest(&self) {
        self.describing.rest().await;
    }
}

async fn behind(
    wire: &mut Wire,
    ddl: &[(String, Vec<u32>)],
    sql: &str,
    params: &[u32],
) -> Result<Described, DriverError> {
    for (sql, params) in ddl {
        if params.is_empty() {
            wire.simple(sql, &mut Rows::default()).await?;
            continue;
        }
        let mut nulls = Args::default();
        params.iter().for_each(|_| nulls.raw(None));
        let statement = wire.parse_each_time(sql, params)?;
        wire.execute(statement, &nulls, &mut Rows::default()).await?;
    }
    describe(wire, sql, params).await
}

async fn describe(wire: &mut Wire, sql: &str, params: &[u32]) -> Result<Described, DriverError> {
    let (oids, columns) = wire.describe(sql, params).await?;
    let mut described =
        Described { params: Vec::with_capacity(oids.len()), columns: Vec::with_capacity(columns.len()) };
    for oid in oids {
        described.params.push(look_up(wire, oid, -1).await?);
    }
    for column in columns {
        let ty = look_up(wire, column.oid, column.modifier).await?;
        described.columns.push(ColumnInfo { name: column.name, ty });
    }
    Ok(described)
}

/// The type with an OID, with what it is made of.
async fn look_up(wire: &mut Wire, oid: u32, modifier: i32) -> Result<PgType, DriverError> {
    if let Some(ty) = PgType::built_in(oid, modifier) {
        return Ok(ty);
    }
    // A type of fixed length with elements (a `point` is one) is no array.
    let sql = format!(
        "SELECT typname, typtype, typbasetype, typtypmod, CASE typlen WHEN -1 THEN typelem ELSE 0 END FROM \
         pg_catalog.pg_type WHERE oid = {oid}"
    );
    let rows = rows(wire, &sql).await?;
    let (Some(row), Some(name)) = (rows.first(), rows.first().and_then(|row| text(row, 0))) else {
        // In the server's words, where it has some.
        wire.describe("SELECT $1", &[oid]).await?;
        return Err(wire.odd(format!("no type for OID {oid}")));
    };
    let kind = match (text(row, 1), number::<u32>(row, 4)) {
        (Some("e"), _) => TypeKind::Enum(labels(wire, oid).await?),
        (Some("d"), _) => {
            let (base, base_modifier) = (number(row, 2).unwrap_or(0), number(row, 3).unwrap_or(-1));
            TypeKind::Domain(Box::new(Box::pin(look_up(wire, base, base_modifier)).await?))
        }
        (_, Some(element @ 1..)) => TypeKind::Array(Box::new(Box::pin(look_up(wire, element, modifier)).await?)),
        // An extension's type: its OID differs from database to database.
        _ if name == "citext" => TypeKind::Text,
        _ => TypeKind::Other,
    };
    Ok(PgType { oid, name: name.to_owned(), kind, modifier })
}

async fn labels(wire: &mut Wire, oid: u32) -> Result<Vec<String>, DriverError> {
    let sql = format!("SELECT enumlabel FROM pg_catalog.pg_enum WHERE enumtypid = {oid} ORDER BY enumsortorder");
    Ok(rows(wire, &sql).await?.into_iter().flatten().flatten().collect())
}

/// Rows in text; `None` is NULL.
#[derive(Default)]
struct Rows(Vec<Vec<Option<String>>>);

impl RowSink for Rows {
    fn row(&mut self, row: &RawRow<'_>) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.0.push(row.iter().map(|column| column.map(text)).collect());
    }
}

pub(super) async fn rows(wire: &mut Wire, sql: &str) -> Result<Vec<Vec<Option<String>>>, DriverError> {
    let mut rows = Rows::default();
    wire.simple(sql, &mut rows).await?;
    Ok(rows.0)
}

fn text(row: &[Option<String>], at: usize) -> Option<&str> {
    row.get(at)?.as_deref()
}

fn number<N: std::str::FromStr>(row: &[Option<String>], at: usize) -> Option<N> {
    text(row, at)?.parse().ok()
}
