//! The stage on a server that already runs: reached by a connection string, guarded, and left as it was.

use sha2::{Digest as _, Sha256};

use super::copies::Copies;
use super::record::Known;
use super::sites::Site;
use super::stage::{Stage, bind, each, link_up, loaded_record, read_only, rows};
use super::{Command, refusal, setup};
use crate::cli::failure::Failure;
use crate::dataset::{self, Clones, LoadInput, Reach};
use crate::driver::Target;
use crate::driver::conninfo::{self, Outside};
use crate::event::Event;
use crate::result::run;
use crate::topology::{self, External, ExternalError, Wishes};
use crate::words::ExitCode;
use crate::workload::plan::Plan;
use crate::workload::{self, Diagnostic};

/// Sessions that dbbench itself holds beside those of the clients.
const OWN_SESSIONS: u32 = 2;

/// Attaches, loads, links and binds.
///
/// # Errors
/// Ready to be printed. What was made on the server is taken away then.
pub fn stage(command: &Command<'_>, plan: &Plan, target: &str) -> Result<Stage, Failure> {
    setup::refuse_in_schema(plan, command)?;
    let conninfo = conninfo::read(target, &Outside::of_this_process())
        .map_err(|error| Failure::text(ExitCode::Usage, error.to_string()))?;
    let wishes = Wishes {
        workload: &plan.name,
        dataset: plan.dataset.is_some(),
        schema: command.args.schema.as_deref(),
        allow_writes_to: command.args.allow_writes_to.as_deref(),
        keep: command.args.keep,
        events: command.events.clone(),
    };
    let approach = command.wait(topology::attach(&conninfo, &wishes))?.map_err(|error| refused(&error))?;
    // Not given up half-way: what has no mark yet, nobody would take away.
    let mut external = command.runtime.block_on(approach.make(&wishes)).map_err(|error| refused(&error))?;
    command.goes_on()?;
    let mut known = Known { rows: rows(plan), ..Known::default() };
    let mut notes = conninfo.notes.clone();
    notes.extend(external.facts().others());
    notes.extend(external.facts().notes.iter().cloned());
    if !plan.topology.settings.is_empty() || plan.topology.md5 {
        notes.push("topology.settings and topology.auth are of servers that dbbench starts: left out".to_owned());
    }
    for note in notes {
        command.events.emit(Event::Warning(note.clone()));
        known.warnings.push(note);
    }
    if let Some(name) = &command.args.allow_writes_to {
        let note = format!("sessions may write to database \"{name}\": what they change, stays");
        command.events.emit(Event::Warning(note.clone()));
        known.warnings.push(note);
    }
    enough_sessions(plan, &external, command.color)?;
    known.endpoints.push(run::Endpoint {
        name: "primary".to_owned(),
        version: external.facts().version.split(" (").next().unwrap_or_default().to_owned(),
        embedded: false,
        settings: external.facts().settings.clone(),
        tls: external.encryption().map(str::to_owned),
    });
    known.topology_hash = Some(hash(plan, &external));
    known.loaded = load(command, plan, &external)?;
    let endpoint = match external.own_database() {
        // As on a server that dbbench has started.
        Some(_) => read_only(external.endpoint()),
        None => external.endpoint(),
    };
    let (sources, copies) = set_up(command, plan, &mut external)?;
    let endpoints = setup::endpoints(&endpoint, &sources);
    let bound = bind(command, plan, Some(&endpoints))?;
    let (links, targets) = link_up(plan, &endpoints)?;
    let direct = endpoints.into_iter().map(Target::Postgres).collect();
    Ok(Stage {
        sites: vec![Site { embedded: None, external: Some(external) }],
        site_of: vec![0; plan.variants.len()],
        targets,
        direct,
        bound,
        clones: copies,
        known,
        _links: links,
        _null_endpoints: Vec::new(),
    })
}

/// The database that each variant begins with, and the copies, where setup has already made some.
fn set_up(
    command: &Command<'_>,
    plan: &Plan,
    external: &mut External,
) -> Result<(Vec<String>, Option<Copies>), Failure> {
    let own = external.endpoint();
    if setup::is_asked_for(plan)
        && let Some(mut clones) = clones(command, plan, external)?
    {
        let input = setup::Input { endpoint: &own, maintenance: &own, reach: Reach::Database };
        let sources = setup::set_up(command, plan, &mut clones, input)?;
        return Ok((sources.clone(), Some(Copies::new(clones, sources))));
    }
    Ok((vec![own.database; plan.variants.len()], None))
}

/// What may not be said to a server that already runs is refused before anything is connected to. `target` is that of the
/// command line.
///
/// # Errors
/// Every such statement with its place.
pub fn refuse_statements(
    plan: &Plan,
    target: Option<&str>,
    allow_writes_to: Option<&str>,
    color: bool,
) -> Result<(), Failure> {
    let target = target.or(plan.topology.external.as_ref().map(|external| external.primary.as_str()));
    if target.is_none_or(|target| target.starts_with("null:")) {
        return Ok(());
    }
    let refused = workload::guarded(plan, allow_writes_to.is_some());
    let refused: String = refused.iter().map(|problem| problem.render(color)).collect();
    if refused.is_empty() { Ok(()) } else { Err(Failure::rendered(ExitCode::Usage, refused)) }
}

/// A server that cannot be used: exit code 2 when an option is to blame, else 1.
pub fn refused(error: &ExternalError) -> Failure {
    match error {
        ExternalError::Usage(_) => Failure::new(ExitCode::Usage, error),
        _ => Failure::failed(error),
    }
}

/// Loads the dataset into what was made for it.
fn load(command: &Command<'_>, plan: &Plan, external: &External) -> Result<Option<run::Loaded>, Failure> {
    let Some(dataset) = &plan.dataset else { return Ok(None) };
    let endpoint = external.endpoint();
    let reach = external.own_schema().map_or(Reach::Database, Reach::Schema);
    let input = LoadInput { plan: dataset, endpoint: &endpoint, maintenance: &endpoint, events: &command.events };
    let loaded = command.wait(dataset::create_and_load_within(input, reach))?;
    let loaded = loaded.map_err(|error| refusal::dataset(&error, command.color))?;
    Ok(Some(loaded_record(&loaded, false)))
}

/// Which server it was, without saying so, and the links in front of it.
fn hash(plan: &Plan, external: &External) -> String {
    let links: Vec<_> = plan.variants.iter().map(|variant| (&variant.name, variant.link)).collect();
    let text = format!("external {} {links:?}", external.identity());
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// More clients than the server has sessions to give is said before the run, not by failures in it.
fn enough_sessions(plan: &Plan, external: &External, color: bool) -> Result<(), Failure> {
    let Some(available) = external.facts().sessions_available else { return Ok(()) };
    let usable = available.saturating_sub(OWN_SESSIONS);
    let Some(variant) = plan.variants.iter().find(|variant| variant.connections() > usable) else { return Ok(()) };
    let (connections, clients) = (variant.connections(), variant.load.clients());
    let title = format!(
        "variant \"{}\" needs {connections} connections for its {clients} clients{}, but the server has {usable} to give (by \
         max_connections and the limits of database and role, less what is in use)",
        variant.name,
        each(variant)
    );
    let at_most = usable / variant.connections_per_client();
    let hint = format!("set load.clients to at most {at_most}, or raise the limit");
    Err(Failure::rendered(ExitCode::Usage, Diagnostic::without_place(title, vec![hint]).render(color)))
}

/// Takes away what was made, and says what was not.
pub fn strike(external: External, command: &Command<'_>) {
    for note in external.end() {
        command.events.emit(Event::Warning(note));
    }
}

/// Why a server's refusal to write is no fault of the server, where that is what happened.
pub fn about_writes(external: Option<&External>) -> String {
    match external {
        Some(external) if !external.may_write() => format!(
            "dbbench only reads in databases that are not its own; --allow-writes-to {} lets its sessions write there, and what \
             they change, stays; a workload with a dataset writes to copies of it, which are dropped",
            external.endpoint().database
        ),
        _ => "its session may write, so what keeps it from writing is in the workload (`read_only = true`, or a setting), or the \
              server is a standby"
            .to_owned(),
    }
}

/// Copies of the data, where it is in a database of dbbench's own.
///
/// # Errors
/// When the server does not let another session in.
pub fn copies(command: &Command<'_>, plan: &Plan, external: &mut External) -> Result<Option<Copies>, Failure> {
    let clones = clones(command, plan, external)?;
    Ok(clones.map(|clones| {
        let sources = vec![clones.loaded().to_owned(); plan.variants.len()];
        Copies::new(clones, sources)
    }))
}

fn clones(command: &Command<'_>, plan: &Plan, external: &mut External) -> Result<Option<Clones>, Failure> {
    let source = command.wait(external.make_copyable(&plan.name))?.map_err(|error| Failure::failed(&error))?;
    Ok(source.map(Clones::marked))
}

/// `--schema` and its like need a server that already runs.
///
/// # Errors
/// When there is none.
pub fn options_fit(command: &Command<'_>) -> Result<(), Failure> {
    let args = command.args;
    let given = [
        ("--schema", args.schema.is_some()),
        ("--allow-writes-to", args.allow_writes_to.is_some()),
        ("--keep", args.keep),
    ];
    match given.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((option, _)) => {
            let text =
                format!("{option} is about a server that already runs: name it with --target or topology.external");
            Err(Failure::text(ExitCode::Usage, text))
        }
    }
}
