//! The copies of the data that variants with `setup` begin with.

use std::time::Instant;

use super::{Command, refusal};
use crate::cli::failure::{Failure, chain};
use crate::dataset::{self, Clones, Reach, SetupInput};
use crate::driver::Endpoint;
use crate::event::{Event, Stage as Phase};
use crate::words::ExitCode;
use crate::workload::plan::{Plan, VariantPlan};

/// Where copies are made.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The loaded database, by the role that its copies belong to.
    pub endpoint: &'a Endpoint,
    /// Who may vacuum them.
    pub maintenance: &'a Endpoint,
    /// How far that may reach.
    pub reach: Reach<'a>,
}

/// Whether any variant has setup.
pub fn is_asked_for(plan: &Plan) -> bool {
    plan.variants.iter().any(|variant| !variant.setup.is_empty())
}

/// The database that each variant begins with: a copy of its own as its setup has left it, else the loaded database.
///
/// # Errors
/// Ready to be printed: a statement that the server refuses with its place and exit code 2.
pub fn set_up(
    command: &Command<'_>,
    plan: &Plan,
    clones: &mut Clones,
    input: Input<'_>,
) -> Result<Vec<String>, Failure> {
    let loaded = input.endpoint.database.clone();
    if !is_asked_for(plan) {
        return Ok(vec![loaded; plan.variants.len()]);
    }
    let began = Instant::now();
    let asked: Vec<&str> = plan.variants.iter().filter(|of| !of.setup.is_empty()).map(|of| of.name.as_str()).collect();
    let what = format!("setup of {}", asked.join(", "));
    command.events.emit(Event::StageStarted { stage: Phase::Setup, what });
    let of = |variant: &VariantPlan| match variant.setup.is_empty() {
        true => Ok(loaded.clone()),
        false => template(command, variant, clones, input),
    };
    let sources = plan.variants.iter().map(of).collect::<Result<_, _>>()?;
    let what = match asked.len() {
        1 => "1 copy of the data".to_owned(),
        copies => format!("{copies} copies of the data"),
    };
    command.events.emit(Event::StageEnded { stage: Phase::Setup, took: began.elapsed(), what });
    Ok(sources)
}

/// A copy of the data, changed by a variant.
fn template(
    command: &Command<'_>,
    variant: &VariantPlan,
    clones: &mut Clones,
    input: Input<'_>,
) -> Result<String, Failure> {
    let made = match clones.are_marked() {
        // Not given up half-way: what has no mark yet, nobody would take away.
        true => command.runtime.block_on(clones.make_template()),
        false => command.wait(clones.make_template())?,
    };
    let name = made.map_err(|error| Failure::text(ExitCode::Failed, chain(&error)))?;
    let endpoint = Endpoint { database: name.clone(), ..input.endpoint.clone() };
    let input = SetupInput {
        variant: &variant.name,
        statements: &variant.setup,
        endpoint: &endpoint,
        maintenance: input.maintenance,
        reach: input.reach,
    };
    command.wait(dataset::set_up(input))?.map_err(|error| refusal::dataset(&error, command.color))?;
    Ok(name)
}

/// The same way into each of these databases.
pub fn endpoints(endpoint: &Endpoint, databases: &[String]) -> Vec<Endpoint> {
    databases.iter().map(|database| Endpoint { database: database.clone(), ..endpoint.clone() }).collect()
}

/// Setup needs copies, and copies a database.
///
/// # Errors
/// When there is to be only a schema.
pub fn refuse_in_schema(plan: &Plan, command: &Command<'_>) -> Result<(), Failure> {
    let Some(schema) = &command.args.schema else { return Ok(()) };
    let Some(variant) = plan.variants.iter().find(|variant| !variant.setup.is_empty()) else { return Ok(()) };
    let text = format!(
        "--schema {schema}: variant \"{}\" has setup, which runs on a copy of a database of dbbench's own, and within a schema \
         there is none: leave --schema out (the role then needs CREATEDB), or take setup out",
        variant.name
    );
    Err(Failure::text(ExitCode::Usage, text))
}
