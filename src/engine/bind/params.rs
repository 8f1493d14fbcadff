//! Parameters: generators that need a server are run, samplers made.

use std::sync::atomic::Ordering;

use super::next::Counters;
use super::problem::BindProblem;
use super::samples::Samples;
use crate::driver::{Control, DriverError, PgType, TypeKind, fits};
use crate::engine::bound::BoundParam;
use crate::param::{Domain, Generator, Literal, SampledRows, Sampler, name_hash};
use crate::workload::plan::ParamPlan;

/// How far a counter is taken to go at least, when its values are held against a type.
const COUNTED_ON: i64 = 1_000_000;

/// A parameter and all that can come from it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) bound: BoundParam,
    generator: Generator,
}

/// Makes the sampler of a parameter; runs its query, if it has one. The inner error is a problem of the workload.
pub(super) async fn know(
    param: &ParamPlan,
    control: Option<&Control>,
    counters: &Counters<'_>,
    samples: &Samples,
) -> Result<Result<Known, BindProblem>, DriverError> {
    let next = match &param.generator {
        Generator::Next { table, column } => match counters.of(table, column).await? {
            Ok(counter) => Some(counter),
            Err(title) => {
                let hints = vec!["name a column of integers: `{ next = \"events.id\" }`".to_owned()];
                return Ok(Err(BindProblem::in_file(&param.place, title, hints)));
            }
        },
        _ => None,
    };
    let generator = match filled_in(&param.generator, control, samples).await {
        Ok(generator) => generator,
        Err(DriverError::Server(error)) if !error.state.is_trouble_of_the_server() => {
            let title = format!("the query of parameter \"{}\" fails: {error}", param.name);
            return Ok(Err(BindProblem::in_file(&param.place, title, error.hint.into_iter().collect())));
        }
        Err(error) => return Err(error),
    };
    Ok(match Sampler::new(&generator) {
        Ok(sampler) => {
            let bound = BoundParam { name: param.name.clone(), key: name_hash(&param.name), sampler, next };
            Ok(Known { bound, generator })
        }
        Err(unusable) => {
            let title = format!("parameter \"{}\" cannot be drawn: {unusable}", param.name);
            Err(BindProblem::in_file(&param.place, title, Vec::new()))
        }
    })
}

/// The generator with the rows of its query in it.
async fn filled_in(
    generator: &Generator,
    control: Option<&Control>,
    samples: &Samples,
) -> Result<Generator, DriverError> {
    match (generator, control) {
        (Generator::Rows(SampledRows::Query { sql }), Some(control)) => {
            Ok(Generator::Rows(samples.of(sql, control).await?))
        }
        _ => Ok(generator.clone()),
    }
}

impl Known {
    /// Whether all that can come fits a type; else what does not.
    pub(super) fn misfit(&self, column: Option<&str>, ty: &PgType) -> Option<String> {
        if let Some(next) = &self.bound.next {
            let last = next.load(Ordering::Relaxed);
            let domain = Domain::Integers { low: last.saturating_add(1), high: last.saturating_add(COUNTED_ON) };
            return fits(&domain, ty).err().map(|misfit| misfit.to_string());
        }
        let domains = match column {
            Some(column) => self.generator.column_domains(column).unwrap_or_default(),
            None => match self.generator.domains(0) {
                Ok(domains) => domains,
                Err(unusable) => return Some(unusable.to_string()),
            },
        };
        domains.iter().find_map(|domain| fits(domain, ty).err()).map(|misfit| misfit.to_string())
    }

    /// The type that suits it where no server infers one.
    pub(super) fn natural_type(&self) -> PgType {
        natural_type(&self.generator)
    }
}

/// The type that suits a generator where no server says.
pub(super) fn natural_type(generator: &Generator) -> PgType {
    let domains = generator.domains(1).unwrap_or_default();
    let oid = match domains.iter().find(|domain| **domain != Domain::Null) {
        Some(Domain::Bool) => 16,
        Some(Domain::Reals { .. }) => 701,
        Some(Domain::Texts(_) | Domain::Text { .. }) | None | Some(Domain::Null) => 25,
        Some(Domain::Json) => 3802,
        Some(Domain::Uuid) => 2950,
        Some(Domain::Timestamp) => 1184,
        Some(Domain::Integers { .. }) => INT8,
    };
    built_in(oid)
}

/// The same for a constant.
pub(super) fn natural_type_of_literal(literal: &Literal) -> PgType {
    natural_type(&Generator::Constant(literal.clone()))
}

/// `int8`.
pub(super) const INT8: u32 = 20;

/// A built-in type that is known to exist.
pub(super) fn built_in(oid: u32) -> PgType {
    PgType::built_in(oid, -1).unwrap_or(PgType {
        oid,
        name: format!("type {oid}"),
        kind: TypeKind::Other,
        modifier: -1,
    })
}
