//! What is possible on a server that already runs. Sessions are read-only, and nothing is made there.

use std::time::{Duration, Instant};

use super::{Finding, Status};
use crate::cli::failure::Failure;
use crate::driver::conninfo::{self, Outside};
use crate::driver::{Address, Control, Endpoint};
use crate::topology;
use crate::words::ExitCode;

/// How often the round trip is measured.
const ROUND_TRIPS: usize = 21;

/// Connects and asks.
///
/// # Errors
/// When the connection string is wrong. A server that cannot be reached is a finding.
pub(super) fn look(target: &str) -> Result<Vec<Finding>, Failure> {
    let conninfo = conninfo::read(target, &Outside::of_this_process())
        .map_err(|error| Failure::text(ExitCode::Usage, error.to_string()))?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| Failure::failed(&error))?;
    Ok(runtime.block_on(async {
        let reached = match topology::reach(&conninfo).await {
            Ok(endpoint) => connect(endpoint).await.map_err(|error| error.to_string()),
            Err(error) => Err(super::super::failure::chain(&error)),
        };
        let mut findings = match reached {
            Ok((endpoint, control)) => {
                let findings = ask(&endpoint, &control).await;
                control.close().await;
                findings
            }
            Err(reason) => vec![Finding::new(Status::Missing, "connection", reason)],
        };
        findings
            .extend(conninfo.notes.iter().map(|note| Finding::new(Status::Note, "connection string", note.clone())));
        findings
    }))
}

async fn connect(mut endpoint: Endpoint) -> Result<(Endpoint, Control), crate::driver::DriverError> {
    for (name, value) in [("default_transaction_read_only", "on"), ("lock_timeout", "2s"), ("statement_timeout", "10s")]
    {
        endpoint.startup.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        endpoint.startup.push((name.to_owned(), value.to_owned()));
    }
    let control = Control::connect(&endpoint).await?;
    Ok((endpoint, control))
}

async fn ask(endpoint: &Endpoint, control: &Control) -> Vec<Finding> {
    vec![
        Finding::good(
            "connection",
            format!("{} as {}, database {}", endpoint.address, endpoint.user, endpoint.database),
        ),
        version(control).await,
        round_trip(control).await,
        encryption(endpoint, control).await,
        standby(control).await,
        read_only(control).await,
        role(control).await,
        databases(control).await,
        sessions(control).await,
        statements(control).await,
        between(endpoint, control).await,
    ]
}

/// The first cell of a query; `None` when the server does not tell.
async fn cell(control: &Control, sql: &str) -> Option<String> {
    control.rows(sql).await.ok()?.into_iter().next()?.into_iter().next()?
}

async fn version(control: &Control) -> Finding {
    const OLDEST: u32 = 130_000;
    let Some(version) = cell(control, "SELECT current_setting('server_version')").await else {
        return Finding::unknown("version");
    };
    let number =
        cell(control, "SELECT current_setting('server_version_num')").await.and_then(|text| text.parse::<u32>().ok());
    match number.is_some_and(|number| number < OLDEST) {
        true => Finding::new(Status::Missing, "version", format!("PostgreSQL {version}"))
            .remedy("13 is the oldest that is supported"),
        false => Finding::good("version", format!("PostgreSQL {version}")),
    }
}

/// The median of a few statements that do nothing.
async fn round_trip(control: &Control) -> Finding {
    let mut times: Vec<Duration> = Vec::with_capacity(ROUND_TRIPS);
    for _ in 0..ROUND_TRIPS {
        let begin = Instant::now();
        if control.batch("SELECT 1").await.is_err() {
            return Finding::unknown("round trip");
        }
        times.push(begin.elapsed());
    }
    times.sort();
    let median_us = times[ROUND_TRIPS / 2].as_secs_f64() * 1e6;
    let smallest_us = times[0].as_secs_f64() * 1e6;
    Finding::good(
        "round trip",
        format!("median {median_us:.0} µs of {ROUND_TRIPS} statements, smallest {smallest_us:.0} µs"),
    )
}

async fn encryption(endpoint: &Endpoint, control: &Control) -> Finding {
    let sql = "SELECT CASE WHEN ssl THEN version || ', ' || cipher ELSE '' END FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()";
    let is_remote = matches!(&endpoint.address, Address::Tcp { host, .. } if !matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1"));
    match cell(control, sql).await {
        None if endpoint.security.tls.is_some() => Finding::good("TLS", "encrypted"),
        None => Finding::unknown("TLS"),
        Some(text) if !text.is_empty() => Finding::good("TLS", text),
        Some(_) if is_remote => Finding::new(Status::Note, "TLS", "not encrypted")
            .remedy("sslmode=verify-full in the connection string, where the server has a certificate"),
        Some(_) => Finding::good("TLS", "not encrypted; the server is on this machine"),
    }
}

async fn standby(control: &Control) -> Finding {
    match cell(control, "SELECT pg_is_in_recovery()").await.as_deref() {
        Some("t") => Finding::new(Status::Note, "standby", "yes")
            .remedy("only workloads that read its own tables: nothing can be made on a standby"),
        Some(_) => Finding::good("standby", "no"),
        None => Finding::unknown("standby"),
    }
}

/// Whether the server keeps sessions from writing as they ask for it.
async fn read_only(control: &Control) -> Finding {
    match cell(control, "SHOW transaction_read_only").await.as_deref() {
        Some("on") => Finding::good("read-only sessions", "kept by the server"),
        Some(_) => Finding::new(Status::Note, "read-only sessions", "the server does not keep them")
            .remedy("use a role that may only read: GRANT pg_read_all_data"),
        None => Finding::unknown("read-only sessions"),
    }
}

async fn role(control: &Control) -> Finding {
    let sql = "SELECT CASE WHEN rolsuper THEN 'superuser' ELSE 'ordinary' END FROM pg_catalog.pg_roles WHERE rolname = current_user";
    match cell(control, sql).await.as_deref() {
        Some("superuser") => Finding::new(Status::Note, "role", "a superuser")
            .remedy("a role with pg_read_all_data and pg_read_all_stats alone is a safer guest"),
        Some(_) => {
            let member = "SELECT string_agg(r, ', ') FROM unnest(ARRAY['pg_read_all_data', 'pg_read_all_stats', 'pg_monitor']) r \
                          WHERE EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = r) AND pg_has_role(current_user, r, 'USAGE')";
            let member = cell(control, member).await.map(|roles| format!(", member of {roles}")).unwrap_or_default();
            Finding::good("role", format!("an ordinary role{member}"))
        }
        None => Finding::unknown("role"),
    }
}

async fn databases(control: &Control) -> Finding {
    let sql = "SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user";
    match cell(control, sql).await.as_deref() {
        Some("t") => Finding::good("CREATEDB", "yes: workloads with a [dataset] get a database of their own"),
        Some(_) => Finding::new(Status::Note, "CREATEDB", "no: only workloads without [dataset]")
            .remedy("ALTER ROLE … CREATEDB; or load into a schema: --schema NAME --allow-writes-to DATABASE"),
        None => Finding::unknown("CREATEDB"),
    }
}

async fn sessions(control: &Control) -> Finding {
    let sql = "SELECT current_setting('max_connections') || ' at most, ' || (SELECT count(*) FROM pg_catalog.pg_stat_activity \
               WHERE backend_type = 'client backend') || ' in use'";
    cell(control, sql).await.map_or_else(|| Finding::unknown("sessions"), |text| Finding::good("sessions", text))
}

async fn statements(control: &Control) -> Finding {
    const NAME: &str = "pg_stat_statements";
    let sql = "SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'pg_stat_statements') THEN 'installed' \
               WHEN EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'pg_stat_statements') THEN 'available' \
               ELSE 'absent' END";
    match cell(control, sql).await.as_deref() {
        Some("installed") => Finding::good(NAME, "installed in this database"),
        Some("available") => {
            Finding::new(Status::Optional, NAME, "not in this database; no workload of this version needs it")
                .remedy("CREATE EXTENSION pg_stat_statements, with it in shared_preload_libraries")
        }
        Some(_) => Finding::new(Status::Optional, NAME, "not installed; no workload of this version needs it"),
        None => Finding::unknown(NAME),
    }
}

/// A server that listens on another port than the one that was called has something in front of it.
async fn between(endpoint: &Endpoint, control: &Control) -> Finding {
    const NAME: &str = "pooler";
    let (Address::Tcp { port, .. } | Address::Unix { port, .. }) = &endpoint.address;
    let Some(own) = cell(control, "SELECT current_setting('port')").await else { return Finding::unknown(NAME) };
    match own == port.to_string() {
        true => Finding::good(NAME, "none seen: the server listens on the port that was called"),
        false => Finding::new(
            Status::Note,
            NAME,
            format!("something stands between: the server listens on port {own}, and {port} was called"),
        )
        .remedy("a pooler, a proxy or a mapped port; it is a part of what is measured"),
    }
}
