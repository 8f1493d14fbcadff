//! Everything that load runs against: servers, data, links, statements bound to their types.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::{Duration, Instant};

use super::copies::{Copies, READ_ONLY};
use super::record::Known;
use super::sites::Site;
use super::{Command, checks, external, refusal, setup};
use crate::cli::failure::Failure;
use crate::dataset::{self, Clones, LoadInput, Loaded, Reach};
use crate::driver::{Control, Endpoint, NullEndpoint, NullTarget, Target};
use crate::engine::{self, BoundVariant, Samples};
use crate::event::{Event, Stage as Phase};
use crate::result::run;
use crate::topology::{DATABASE, Embedded, Link, StartOptions};
use crate::words::{ExitCode, counted};
use crate::workload::Diagnostic;
use crate::workload::plan::{LinkPlan, Plan, Protocol, VariantPlan};

/// Sessions that dbbench itself holds beside those of the clients.
const OWN_SESSIONS: u32 = 2;
/// Lines of a dead server's log that are shown.
const LOG_LINES: usize = 15;

/// The database that is there on every server, for making and dropping others.
const MAINTENANCE: &str = "postgres";

/// What the load found, kept inside of the data folder.
const FACTS: &str = "dbbench-loaded.json";

/// What load runs against.
pub struct Stage {
    /// The servers: one, or one for each side.
    pub sites: Vec<Site>,
    /// On which of them each variant is, parallel to the plan's variants.
    pub site_of: Vec<usize>,
    /// Where each variant's sessions go, parallel to the plan's variants: through the link where it has one.
    pub targets: Vec<Target>,
    /// The same without links, for everything outside of slices.
    pub direct: Vec<Target>,
    /// Parallel to the plan's variants.
    pub bound: Vec<BoundVariant>,
    /// Copies of the data for variants that write; on servers that already run they come when they are needed.
    pub clones: Option<Copies>,
    /// What results keep of it.
    pub known: Known,
    /// Kept while load runs.
    pub(super) _links: Vec<Link>,
    /// The same.
    pub(super) _null_endpoints: Vec<NullEndpoint>,
}

impl Stage {
    /// Starts, loads, links and binds.
    ///
    /// # Errors
    /// Ready to be printed, with the exit code that follows.
    pub fn set(command: &Command<'_>, plan: &Plan) -> Result<Self, Failure> {
        let external = plan.topology.external.as_ref().map(|external| external.primary.as_str());
        match command.args.target.as_deref().or(external) {
            Some(url) if !url.starts_with("null:") => external::stage(command, plan, url),
            target => {
                external::options_fit(command)?;
                match target {
                    Some(url) => Self::on_null(command, plan, null_target(url)?),
                    None => Self::on_server(command, plan),
                }
            }
        }
    }

    fn on_null(command: &Command<'_>, plan: &Plan, null: Null) -> Result<Self, Failure> {
        let mut known = Known { null_target: true, ..Known::default() };
        let what = if null.over_loopback { "endpoint over loopback" } else { "target" };
        known
            .warnings
            .push(format!("against the null {what}: no server, answers not compared, links and data left out"));
        let bound = bind(command, plan, None)?;
        let mut endpoints = Vec::new();
        let mut targets = vec![Target::Null(null.target.clone()); plan.variants.len()];
        if null.over_loopback {
            if let Some(variant) = bound.iter().find(|variant| variant.uses(Protocol::Simple)) {
                let text = format!(
                    "variant \"{}\" uses the simple protocol, which the null endpoint does not answer: use `--target null:`, \
                     or another `protocol`",
                    variant.name()
                );
                return Err(Failure::text(ExitCode::Usage, text));
            }
            // One for each variant: what the same SQL must answer differs between them.
            for (target, variant) in targets.iter_mut().zip(&bound) {
                let endpoint = NullEndpoint::start(null.target.clone(), variant.described()).map_err(|error| {
                    Failure::text(ExitCode::Failed, format!("cannot start the null endpoint: {error}"))
                })?;
                *target = Target::Postgres(endpoint.endpoint());
                endpoints.push(endpoint);
            }
            known.endpoints.push(run::Endpoint {
                name: "null".to_owned(),
                version: "the null endpoint of dbbench".to_owned(),
                embedded: true,
                ..run::Endpoint::default()
            });
        }
        let direct = targets.clone();
        Ok(Self {
            sites: vec![Site::default()],
            site_of: vec![0; plan.variants.len()],
            direct,
            targets,
            bound,
            clones: None,
            known,
            _links: Vec::new(),
            _null_endpoints: endpoints,
        })
    }

    fn on_server(command: &Command<'_>, plan: &Plan) -> Result<Self, Failure> {
        let options = StartOptions {
            plan: &plan.topology,
            dataset_key: plan.dataset.as_ref().map(|dataset| dataset.hash.as_str()),
            workload: &plan.name,
            needs_tcp: false,
            pg_bindir: command.args.pg_bindir.as_deref(),
            events: command.events.clone(),
        };
        let mut embedded = Embedded::start(options).map_err(|error| refusal::topology(&error))?;
        let mut known = Known { loaded: load(command, plan, &mut embedded)?, ..Known::default() };
        known.rows = rows(plan);
        let info = command.wait(embedded.server_info())?.map_err(|error| Failure::failed(&error))?;
        enough_sessions(plan, info.sessions_available(), info.max_connections, command.color)?;
        known.endpoints.push(run::Endpoint {
            name: "primary".to_owned(),
            version: format!("PostgreSQL {}", info.version.split(' ').next().unwrap_or_default()),
            embedded: true,
            settings: info.changed_settings.into_iter().collect(),
            tls: None,
        });
        known.data_file_system = info.data_file_system;
        known.flush_us = crate::probe::flush_us(&embedded.data_folder()).ok();

        let endpoint = embedded.endpoint(DATABASE);
        let maintenance = embedded.superuser_endpoint(MAINTENANCE);
        let mut clones = Clones::new(maintenance.clone(), DATABASE, endpoint.user.clone());
        let input = setup::Input { endpoint: &endpoint, maintenance: &maintenance, reach: Reach::Server };
        let sources = setup::set_up(command, plan, &mut clones, input)?;
        let endpoints = setup::endpoints(&read_only(endpoint), &sources);
        let bound = bind(command, plan, Some(&endpoints))?;
        let (links, targets) = link_up(plan, &endpoints)?;
        let clones = Some(Copies::new(clones, sources));
        let direct = endpoints.into_iter().map(Target::Postgres).collect();
        let _null_endpoints = Vec::new();
        Ok(Self {
            sites: vec![Site { embedded: Some(embedded), external: None }],
            site_of: vec![0; plan.variants.len()],
            targets,
            direct,
            bound,
            clones,
            known,
            _links: links,
            _null_endpoints,
        })
    }
}

/// Rows per table, which the load has checked.
pub(super) fn rows(plan: &Plan) -> BTreeMap<String, u64> {
    let tables = plan.dataset.iter().flat_map(|dataset| &dataset.tables);
    tables.map(|table| (table.name.clone(), table.rows)).collect()
}

/// Loads the dataset unless the cache had it, and keeps it there, with what was found in it.
fn load(command: &Command<'_>, plan: &Plan, embedded: &mut Embedded) -> Result<Option<run::Loaded>, Failure> {
    let Some(dataset) = &plan.dataset else { return Ok(None) };
    // Beside the server's own files, so that it is kept and copied with them.
    let facts = embedded.data_folder().join(FACTS);
    if embedded.dataset_is_loaded() {
        let kept = std::fs::read(&facts).ok().and_then(|text| serde_json::from_slice::<Loaded>(&text).ok());
        return Ok(kept.map(|loaded| loaded_record(&loaded, true)));
    }
    let input = LoadInput {
        plan: dataset,
        endpoint: &embedded.endpoint(DATABASE),
        maintenance: &embedded.superuser_endpoint(DATABASE),
        events: &command.events,
    };
    let loaded = command.wait(dataset::create_and_load(input))?;
    let loaded = loaded.map_err(|error| {
        let failure = refusal::dataset(&error, command.color);
        match failure.code {
            // What broke a connection, only the server knows.
            ExitCode::Failed => failure.with_note(&server_log(embedded)),
            _ => failure,
        }
    })?;
    if let Ok(text) = serde_json::to_vec(&loaded) {
        // Without it a later run lacks the measured skew, which is null then.
        let _ = std::fs::File::create_new(&facts).and_then(|mut file| file.write_all(&text));
    }
    // A cache that cannot be written costs time in the next run and nothing in this one.
    if let Err(error) = embedded.store_dataset() {
        let why = crate::cli::failure::chain(&error);
        command.events.emit(Event::Warning(format!("the loaded dataset is not kept for the next run: {why}")));
        if !embedded.is_alive() {
            return Err(Failure::failed(&error));
        }
    }
    Ok(Some(loaded_record(&loaded, false)))
}

pub(super) fn loaded_record(loaded: &Loaded, kept: bool) -> run::Loaded {
    let columns = loaded.tables.iter().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
    let skew = columns.filter_map(|(table, column)| {
        let keys = column.keys.as_ref()?;
        Some(run::Skew {
            table: table.name.clone(),
            column: column.name.clone(),
            distinct: keys.distinct,
            possible: keys.possible,
            rows_per_key_max: keys.rows_per_key_max,
            rows_per_key_mean: keys.rows_per_key_mean,
            top_key_share: keys.top_key_share,
            top_1_percent_share: keys.top_1_percent_share,
        })
    });
    run::Loaded {
        kept,
        rows: loaded.rows,
        seconds: Some(loaded.seconds),
        rows_per_s: loaded.rows_per_s,
        skew: skew.collect(),
    }
}

/// What the server said last, with a heading.
pub(super) fn server_log(embedded: &Embedded) -> String {
    format!("the end of the server's log:\n{}", embedded.log_tail(LOG_LINES))
}

/// Sessions are read-only unless a variant writes: what a workload must not do, it cannot.
pub(super) fn read_only(mut endpoint: Endpoint) -> Endpoint {
    endpoint.startup.push((READ_ONLY.to_owned(), "on".to_owned()));
    endpoint.startup.push(("application_name".to_owned(), "dbbench".to_owned()));
    endpoint
}

/// More clients than the server has sessions for is said before the run, not by failures in it.
fn enough_sessions(plan: &Plan, available: u32, max_connections: u32, color: bool) -> Result<(), Failure> {
    let usable = available.saturating_sub(OWN_SESSIONS);
    let Some(variant) = plan.variants.iter().find(|variant| variant.connections() > usable) else { return Ok(()) };
    let (connections, clients) = (variant.connections(), variant.load.clients());
    let title = format!(
        "variant \"{}\" needs {connections} connections for its {clients} clients{}, but the server has {usable} to give \
         (max_connections = {max_connections}, less what it reserves and dbbench's own)",
        variant.name,
        each(variant)
    );
    let hints = vec![format!(
        "set load.clients to at most {}, or raise the limit: topology.settings.max_connections = {}",
        usable / variant.connections_per_client(),
        connections + (max_connections - usable)
    )];
    Err(Failure::rendered(ExitCode::Usage, Diagnostic::without_place(title, hints).render(color)))
}

/// Why it is more than one for each client.
pub(super) fn each(variant: &VariantPlan) -> String {
    let mut text = match variant.connections_per_client() {
        1 => String::new(),
        each => format!(" ({each} each, for `together`)"),
    };
    let beside = variant.connections() - variant.load.clients().saturating_mul(variant.connections_per_client());
    if beside > 0 {
        text.push_str(&format!(" and {beside} of its background"));
    }
    text
}

/// Binds all variants, each to the database that it begins with, before saying what is wrong with any.
pub(super) fn bind(
    command: &Command<'_>,
    plan: &Plan,
    endpoints: Option<&[Endpoint]>,
) -> Result<Vec<BoundVariant>, Failure> {
    let begin = Instant::now();
    let what = "preparing statements, checking types".to_owned();
    command.events.emit(Event::StageStarted { stage: Phase::Binding, what });
    let (mut bound, mut errors, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    let mut session: Option<(&str, Control)> = None;
    let samples = Samples::default();
    for (at, variant) in plan.variants.iter().enumerate() {
        if let Some(endpoint) = endpoints.map(|endpoints| &endpoints[at])
            && session.as_ref().is_none_or(|(database, _)| *database != endpoint.database)
        {
            let control = command.wait(Control::connect(endpoint))?.map_err(|error| Failure::failed(&error))?;
            if let Some((_, before)) = session.replace((&endpoint.database, control)) {
                command.wait(before.close())?;
            }
        }
        let control = session.as_ref().map(|(_, control)| control);
        if let Some(control) = control {
            wrong.extend(command.wait(checks::try_out(variant, control))?);
        }
        match command.wait(engine::bind_sharing(variant, control, plan.dataset.as_ref(), &samples))? {
            Ok(variant) => bound.push(variant),
            Err(error) => errors.push(error),
        }
    }
    if let Some((_, control)) = session {
        command.wait(control.close())?;
    }
    if !errors.is_empty() || !wrong.is_empty() {
        return Err(refusal::binding(&errors, &wrong, command.color));
    }
    let statements: usize = bound.iter().map(BoundVariant::statements).sum();
    let what = format!("{} of {}", counted(statements, "statement"), counted(bound.len(), "variant"));
    command.events.emit(Event::StageEnded { stage: Phase::Binding, took: begin.elapsed(), what });
    Ok(bound)
}

/// One link per distinct plan of a link; variants without one go straight. Endpoints are parallel to the plan's variants, in
/// databases of one server.
pub(super) fn link_up(plan: &Plan, endpoints: &[Endpoint]) -> Result<(Vec<Link>, Vec<Target>), Failure> {
    let mut links: Vec<(LinkPlan, Link)> = Vec::new();
    let mut targets = Vec::new();
    for (variant, endpoint) in plan.variants.iter().zip(endpoints) {
        if !variant.link.is_used() {
            targets.push(Target::Postgres(endpoint.clone()));
            continue;
        }
        let known = links.iter().position(|(link, _)| *link == variant.link);
        let at = match known {
            Some(at) => at,
            None => {
                let link =
                    Link::start(endpoint.address.clone(), variant.link).map_err(|error| Failure::failed(&error))?;
                links.push((variant.link, link));
                links.len() - 1
            }
        };
        targets.push(Target::Postgres(links[at].1.endpoint(endpoint)));
    }
    Ok((links.into_iter().map(|(_, link)| link).collect(), targets))
}

/// The null target as asked for.
struct Null {
    target: NullTarget,
    over_loopback: bool,
}

/// `null:`, with `service` (a duration), `rows` and `over` (`loopback`) as options.
fn null_target(url: &str) -> Result<Null, Failure> {
    let refuse = |why: String| {
        let rule = "the null target is null:, null:?service=1ms, null:?service=1ms&rows=20 or null:?over=loopback";
        Failure::text(ExitCode::Usage, format!("{why}: {rule}"))
    };
    let rest = url.strip_prefix("null:").unwrap_or(url);
    let mut null = Null { target: NullTarget { service: Duration::ZERO, rows: 1 }, over_loopback: false };
    let target = &mut null.target;
    for option in rest.strip_prefix('?').unwrap_or(rest).split('&').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("service", value)) => {
                let service = value.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
                target.service = service.ok_or_else(|| refuse(format!("`{value}` is not a duration")))?;
            }
            Some(("rows", value)) => {
                target.rows = value.parse().map_err(|_| refuse(format!("`{value}` is not a number of rows")))?;
            }
            Some(("over", "loopback")) => null.over_loopback = true,
            Some(("over", value)) => return Err(refuse(format!("the null target cannot be reached over `{value}`"))),
            _ => return Err(refuse(format!("unknown option `{option}`"))),
        }
    }
    Ok(null)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::null_target;

    #[test]
    fn the_null_target_takes_a_service_time_and_rows() {
        let null = null_target("null:?service=1500us&rows=20").unwrap();
        assert_eq!((null.target.service, null.target.rows), (Duration::from_micros(1500), 20));
        assert_eq!((null_target("null:").unwrap().target.rows, null.over_loopback), (1, false));
        let over = null_target("null:?over=loopback&rows=2").unwrap();
        assert_eq!((over.over_loopback, over.target.rows), (true, 2));
    }

    #[test]
    fn options_of_the_null_target_are_checked() {
        let refused = |url: &str| null_target(url).err().unwrap().message;
        assert!(refused("null:?service=soon").contains("`soon` is not a duration"));
        assert!(refused("null:?over=air").contains("cannot be reached over `air`"));
    }
}
