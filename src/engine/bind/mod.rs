//! Binds a variant to a server: the server describes every statement, generators are held against the types that it
//! infers, references become positions.
//!
//! All problems of all statements are collected; nothing of the load is run here.

mod describe;
mod insert;
mod next;
mod operation;
mod own_ddl;
mod params;
mod problem;
mod program;
mod record;
mod samples;
mod steps;
mod text;

use std::sync::Arc;

use self::describe::Describer;
use self::next::Counters;
use super::bound::BoundVariant;
use crate::driver::Control;
use crate::workload::plan::{DatasetPlan, VariantPlan};

pub use problem::{BindError, BindProblem, ProblemPlace};
pub use samples::Samples;

/// Binds a variant by itself: as [`bind_sharing`], with samples of its own.
///
/// # Errors
/// All that does not fit, or a lost connection.
pub async fn bind(
    variant: &VariantPlan,
    control: Option<&Control>,
    dataset: Option<&DatasetPlan>,
) -> Result<BoundVariant, BindError> {
    bind_sharing(variant, control, dataset, &Samples::default()).await
}

/// Binds a variant to the server behind `control`. Without one it is bound to the null target: a reference then has the
/// type of the dataset's column of that name, else `int8`. Variants that are compared share their samples.
///
/// # Errors
/// All that does not fit, or a lost connection.
pub async fn bind_sharing(
    variant: &VariantPlan,
    control: Option<&Control>,
    dataset: Option<&DatasetPlan>,
    samples: &Samples,
) -> Result<BoundVariant, BindError> {
    let bound = bind_with(variant, control, dataset, &Counters::new(control), samples).await;
    if let Some(control) = control {
        control.rest().await;
    }
    bound
}

/// The same with counters that are shared with another.
async fn bind_with(
    variant: &VariantPlan,
    control: Option<&Control>,
    dataset: Option<&DatasetPlan>,
    counters: &Counters<'_>,
    samples: &Samples,
) -> Result<BoundVariant, BindError> {
    let lost = |source| BindError::Driver { variant: variant.name.clone(), source: Box::new(source) };
    let describer = control.map_or(Describer::Plan(dataset), Describer::Server);
    let mut problems = Vec::new();
    let mut params = Vec::new();
    for param in &variant.params {
        match params::know(param, control, counters, samples).await.map_err(lost)? {
            Ok(known) => params.push(Some(known)),
            Err(problem) => {
                problems.push(problem);
                params.push(None);
            }
        }
    }
    let mut statements = Vec::new();
    let mut operations = Vec::new();
    for operation in &variant.operations {
        let mut binder = operation::Binder::new(variant, operation, describer, counters, &params, &mut problems);
        binder.is_own = dataset.is_some();
        binder.bind(&mut statements).await.map_err(lost)?;
        operations.extend(binder.finish());
    }
    if !problems.is_empty() {
        return Err(BindError::Problems { variant: variant.name.clone(), problems });
    }
    let background = match &variant.background {
        Some(background) => {
            Some(Arc::new(Box::pin(bind_with(&background.work, control, dataset, counters, samples)).await?))
        }
        None => None,
    };
    let cumulative = variant.weights.iter().scan(0.0, |sum, weight| {
        *sum += weight;
        Some(*sum)
    });
    Ok(BoundVariant {
        name: variant.name.clone(),
        statements,
        operations,
        // Without problems every parameter is known.
        params: Arc::new(params.into_iter().flatten().map(|known| known.bound).collect()),
        cumulative: cumulative.collect(),
        width: variant.connections_per_client() as usize,
        records: variant.records().into_iter().map(str::to_owned).collect(),
        background,
        counters: counters.all(),
    })
}
