//! From a connection string to a server that can be used: the first host and the first way that work, then the guard.

use std::time::Instant;

use super::taken::{self, Question};
use super::{External, ExternalError, Facts, Own, Wishes};
use crate::driver::conninfo::{Conninfo, SessionKind};
use crate::driver::{Control, DriverError, Endpoint, Session, Target};
use crate::event::{Event, Stage};
use crate::timer::Timer;
use crate::topology::guard::{self, OwnDatabase, OwnSchema};

/// The oldest server that is supported.
const OLDEST: u32 = 130_000;
/// invalid_authorization_specification: no line of pg_hba.conf lets it in, perhaps only for lack of encryption.
const NOT_LET_IN: &str = "28000";

/// A connection, and how it was made.
struct Reached {
    base: Endpoint,
    has_guard: bool,
    control: Control,
    encryption: Option<&'static str>,
}

/// A server that can be used, before anything is made there.
pub struct Approach {
    reached: Reached,
    facts: Facts,
    may_write: bool,
    begin: Instant,
}

/// Connects, sees that the guard holds, and looks. Needs a runtime with I/O and time.
///
/// # Errors
/// The server cannot be reached or used; what to do is part of the message.
pub async fn attach(conninfo: &Conninfo, wishes: &Wishes<'_>) -> Result<Approach, ExternalError> {
    let begin = Instant::now();
    wishes
        .events
        .emit(Event::StageStarted { stage: Stage::Topology, what: format!("connecting to {}", names(conninfo)) });
    let reached = choose(conninfo, wishes.allow_writes_to, wishes.schema).await?;
    let facts = Facts::ask(&reached.control).await;
    suits(&facts, wishes)?;
    let database = reached.base.database.clone();
    let may_write = match wishes.allow_writes_to {
        Some(name) if name == database => true,
        Some(name) => {
            let text = format!(
                "--allow-writes-to {name}: the target's database is \"{database}\"; name that one, or leave it out"
            );
            return Err(ExternalError::Usage(text));
        }
        None => false,
    };
    if wishes.dataset && !reached.has_guard {
        // Sessions could neither be kept from writing when operations are tried, nor be put into a schema.
        let text = "the workload has a dataset to load, and a pooler in front of the server refuses or drops settings at the \
                    start of a session: connect to the server behind it, or run a workload without [dataset]";
        return Err(ExternalError::Unsuitable(text.to_owned()));
    }
    if !facts.is_standby && reached.has_guard {
        let dropped = guard::sweep(&reached.control, &reached.base).await;
        for name in dropped {
            wishes
                .events
                .emit(Event::Warning(format!("dropped database \"{name}\", which a run that was killed had left")));
        }
    }
    Ok(Approach { reached, facts, may_write, begin })
}

impl Approach {
    /// Makes what the workload needs. Not to be given up half-way: what is made and not marked yet, nobody would take away.
    ///
    /// # Errors
    /// The server refuses; what to do is part of the message.
    pub async fn make(self, wishes: &Wishes<'_>) -> Result<External, ExternalError> {
        let Self { reached, facts, may_write, begin } = self;
        let own = make(&reached, &facts, wishes, may_write).await?;
        let Reached { base, has_guard, control, encryption } = reached;
        control.close().await;
        let protection = encryption.unwrap_or("not encrypted");
        let what = format!("{} at {}, {protection}", facts.version, base.address);
        wishes.events.emit(Event::StageEnded { stage: Stage::Topology, took: begin.elapsed(), what });
        Ok(External { base, has_guard, may_write, encryption, facts, own })
    }
}

/// The first host and the first way that work, for a task of its own that writes.
///
/// # Errors
/// As [`attach`].
pub async fn reach(conninfo: &Conninfo) -> Result<Endpoint, ExternalError> {
    let found = choose(conninfo, None, None).await?;
    found.control.close().await;
    Ok(found.base)
}

/// `db1:5432, db2:5432`
fn names(conninfo: &Conninfo) -> String {
    let names = conninfo.hosts.iter().filter_map(|ways| ways.first()).map(|way| way.address.to_string());
    names.collect::<Vec<_>>().join(", ")
}

/// Tries hosts in order, and of each the ways in order.
async fn choose(conninfo: &Conninfo, writes_to: Option<&str>, schema: Option<&str>) -> Result<Reached, ExternalError> {
    let passes: &[SessionKind] = match conninfo.kind {
        SessionKind::PreferStandby => &[SessionKind::Standby, SessionKind::Any],
        SessionKind::Any => &[SessionKind::Any],
        SessionKind::Primary => &[SessionKind::Primary],
        SessionKind::Standby => &[SessionKind::Standby],
    };
    let mut reasons = Vec::new();
    for wanted in passes {
        reasons.clear();
        for ways in &conninfo.hosts {
            match host(conninfo, ways, writes_to, schema).await {
                Ok(reached) if fits(&reached.control, *wanted).await => return Ok(reached),
                Ok(reached) => {
                    let wanted = if *wanted == SessionKind::Standby { "a standby" } else { "a primary" };
                    reasons
                        .push(format!("{} is not {wanted}, which target_session_attrs asks for", reached.base.address));
                }
                Err(reason) => reasons.push(reason),
            }
        }
    }
    Err(ExternalError::Unreachable(reasons))
}

async fn fits(control: &Control, wanted: SessionKind) -> bool {
    if matches!(wanted, SessionKind::Any | SessionKind::PreferStandby) {
        return true;
    }
    let rows = control.rows("SELECT pg_is_in_recovery()").await.unwrap_or_default();
    let is_standby = rows.first().and_then(|row| row.first()).is_some_and(|cell| cell.as_deref() == Some("t"));
    is_standby == (wanted == SessionKind::Standby)
}

/// Tries the ways to one host: the next one when a server has no TLS, fails at it, or lets nobody in this way.
async fn host(
    conninfo: &Conninfo,
    ways: &[Endpoint],
    writes_to: Option<&str>,
    schema: Option<&str>,
) -> Result<Reached, String> {
    let mut reason = String::new();
    for (at, way) in ways.iter().enumerate() {
        let allowed = writes_to == Some(way.database.as_str());
        let mut tried = {
            let (endpoint, names) = taken::asking_for_all(way, schema);
            connect(conninfo, &endpoint, names).await
        };
        let mut has_guard = true;
        if let Err(error) = &tried
            && is_kept_by_pooler(error)
        {
            if !allowed {
                return Err(pooler(way, error));
            }
            has_guard = false;
            // Nothing is sent that could get lost.
            tried = connect(conninfo, way, &[]).await;
        }
        let error = match tried {
            Ok((control, encryption)) => return Ok(Reached { base: way.clone(), has_guard, control, encryption }),
            Err(error) => error,
        };
        reason = explained(conninfo, way, &error);
        let next_may_work = match &error {
            DriverError::NoTls { .. } => true,
            DriverError::Connect { state: Some(state), .. } => state.as_str() == NOT_LET_IN,
            DriverError::Connect { state: None, reason, .. } => reason.contains("TLS"),
            _ => false,
        };
        if !next_may_work || at + 1 == ways.len() {
            break;
        }
    }
    Err(reason)
}

/// Both kinds of session, so that what keeps one of them out is known before anything is made. The data plane's goes first:
/// it also knows what other servers say. What guards sessions must have been taken by both.
async fn connect(
    conninfo: &Conninfo,
    endpoint: &Endpoint,
    names: &[&str],
) -> Result<(Control, Option<&'static str>), DriverError> {
    let both = async {
        let timer = Timer::new().map_err(|source| DriverError::Io { endpoint: endpoint.name.clone(), source })?;
        let (mut session, _) = Session::connect(&Target::Postgres(endpoint.clone()), &timer).await?;
        let encryption = session.encryption();
        let question = Question::new(endpoint, names);
        let sql = question.sql();
        if let Some(sql) = &sql {
            question.judge(session.rows(sql).await)?;
        }
        session.close().await;
        let control = Control::connect(endpoint).await?;
        if let Some(sql) = &sql {
            question.judge(control.rows(sql).await)?;
        }
        Ok((control, encryption))
    };
    match conninfo.timeout {
        None => both.await,
        Some(limit) => tokio::time::timeout(limit, both).await.unwrap_or_else(|_| {
            let reason = format!("no login within connect_timeout ({} s): is it PostgreSQL that listens there, and can it be reached from here?", limit.as_secs());
            Err(DriverError::Connect { endpoint: endpoint.address.to_string(), reason, state: None })
        }),
    }
}

/// Whether settings do not come through: refused by a pooler, or dropped.
fn is_kept_by_pooler(error: &DriverError) -> bool {
    match error {
        DriverError::NotTaken { .. } => true,
        DriverError::Connect { reason, .. } => reason.contains("unsupported startup parameter"),
        _ => false,
    }
}

fn pooler(way: &Endpoint, error: &DriverError) -> String {
    let database = &way.database;
    let what = if matches!(error, DriverError::NotTaken { .. }) { "drops" } else { "refuses" };
    format!(
        "{error}.\nSessions are kept read-only by settings in their first packet (default_transaction_read_only, lock_timeout), \
         which a pooler in between {what}. Connect to the server behind it; or let sessions write, with --allow-writes-to \
         {database}"
    )
}

/// Where the password came from belongs to what is wrong with it.
fn explained(conninfo: &Conninfo, way: &Endpoint, error: &DriverError) -> String {
    let state = match error {
        DriverError::Connect { state: Some(state), .. } => state.as_str(),
        _ => "",
    };
    let text = error.to_string();
    match (state, conninfo.password_from) {
        ("28P01", Some(from)) if way.password.is_some() => format!("{text} (it comes from {from})"),
        _ if way.password.is_none() && text.contains("asks for a password") => {
            let notes = conninfo.notes.join("; ");
            let notes = if notes.is_empty() { notes } else { format!("; {notes}") };
            format!("{text}: set PGPASSWORD, or write it into ~/.pgpass{notes}")
        }
        _ => text,
    }
}

/// Whether the server can do what is wished.
fn suits(facts: &Facts, wishes: &Wishes<'_>) -> Result<(), ExternalError> {
    if let Some(number) = facts.version_number.filter(|number| *number < OLDEST) {
        let text = format!("the server is {} ({number}): 13 is the oldest that is supported", facts.version);
        return Err(ExternalError::Unsuitable(text));
    }
    if facts.is_standby && wishes.dataset {
        let text = "the server is a standby, and the workload has a dataset to load: connect to the primary \
                    (target_session_attrs=primary), or run a workload without [dataset]";
        return Err(ExternalError::Unsuitable(text.to_owned()));
    }
    if facts.is_standby && wishes.allow_writes_to.is_some() {
        let text = "--allow-writes-to: the server is a standby, on which nobody writes";
        return Err(ExternalError::Usage(text.to_owned()));
    }
    Ok(())
}

/// Makes a database, or a schema where that is asked for.
async fn make(reached: &Reached, facts: &Facts, wishes: &Wishes<'_>, may_write: bool) -> Result<Own, ExternalError> {
    let base = &reached.base;
    let database = &base.database;
    if !wishes.dataset {
        return match wishes.schema {
            Some(_) => Err(ExternalError::Usage("--schema: the workload has no [dataset] to put there".to_owned())),
            None => Ok(Own::Nothing),
        };
    }
    if let Some(schema) = wishes.schema {
        if !may_write {
            let text = format!(
                "--schema {schema} loads the dataset into database \"{database}\": add --allow-writes-to {database}"
            );
            return Err(ExternalError::Usage(text));
        }
        return OwnSchema::create(base, schema, wishes).await.map(Own::Schema);
    }
    if !facts.may_create_databases {
        return Err(ExternalError::Unsuitable(format!(
            "the workload has a dataset, for which dbbench makes a database of its own, and role \"{}\" may not create \
             databases: ALTER ROLE \"{0}\" CREATEDB; or load into a new schema of \"{database}\" with --schema NAME \
             --allow-writes-to {database}",
            base.user
        )));
    }
    OwnDatabase::create(base, wishes).await.map(Own::Database)
}
