//! Plans for tests, made by hand.

use std::collections::BTreeMap;
use std::time::Duration;

use super::bind::bind;
use super::bound::BoundVariant;
use crate::param::{Generator, Over};
use crate::workload::plan::{
    Action, AnswerPath, AnswerPlan, Arg, ClonePlan, ComparePlan, LinkPlan, LoadPlan, OperationPlan, ParamPlan, Place,
    Plan, ProbesPlan, Protocol, RunPlan, SetPlan, SourceText, SqlText, StatementPlan, StatementStep, StepPlan,
    TopologyPlan, VariantPlan,
};

/// A place in no file.
pub(super) fn nowhere() -> Place {
    Place { source: SourceText::new("workload.toml", ""), span: 0..0 }
}

/// SQL that stands in a file by itself.
pub(super) fn sql(text: &str) -> SqlText {
    let source = SourceText::new("workload.toml", text);
    let place = Place { source, span: 0..text.len() };
    SqlText { sql: text.to_owned(), place, offsets: vec![(0, 0)] }
}

/// A parameter with integers of a range.
pub(super) fn integers(name: &str, low: i64, high: i64) -> ParamPlan {
    ParamPlan { name: name.to_owned(), generator: Generator::Uniform(Over::Integers { low, high }), place: nowhere() }
}

pub(super) fn param(param: usize) -> Arg {
    Arg::Param { param, column: None }
}

/// A step before it is part of a variant.
pub(super) struct TestStep {
    pub(super) sql: &'static str,
    pub(super) args: Vec<Arg>,
    pub(super) binds: Option<usize>,
    pub(super) for_each: Option<usize>,
}

impl TestStep {
    pub(super) fn new(sql: &'static str, args: Vec<Arg>) -> Self {
        Self { sql, args, binds: None, for_each: None }
    }

    pub(super) fn binds(self, set: usize) -> Self {
        Self { binds: Some(set), ..self }
    }

    pub(super) fn for_each(self, set: usize) -> Self {
        Self { for_each: Some(set), ..self }
    }
}

/// A set with its columns, and the set that is visited when it is bound.
pub(super) fn set(name: &str, columns: &[&str], visiting: Option<usize>) -> SetPlan {
    SetPlan { name: name.to_owned(), columns: columns.iter().map(|&name| name.to_owned()).collect(), visiting }
}

/// A plain path of an answer.
pub(super) fn path(text: &str, set: usize, column: usize) -> AnswerPath {
    AnswerPath { text: text.to_owned(), set, column, json: Vec::new() }
}

/// A variant with one operation after another, named as given.
pub(super) fn variant(name: &str, clients: u32, params: Vec<ParamPlan>) -> VariantPlan {
    VariantPlan {
        name: name.to_owned(),
        title: None,
        about: None,
        link: LinkPlan::default(),
        load: LoadPlan::Closed { clients, think: Duration::ZERO },
        warmup: Duration::from_millis(20),
        measure: Duration::from_millis(200),
        drain: Duration::from_secs(10),
        count: None,
        setup: Vec::new(),
        checks: Vec::new(),
        background: None,
        clone: ClonePlan::default(),
        workers: Some(clients.min(2)),
        protocol: Protocol::Prepared,
        operations: Vec::new(),
        weights: Vec::new(),
        params,
        statements: Vec::new(),
    }
}

/// Adds an operation to a variant.
pub(super) fn operation(
    mut variant: VariantPlan,
    name: &str,
    weight: f64,
    sets: Vec<SetPlan>,
    steps: Vec<TestStep>,
    answer: Option<Vec<AnswerPath>>,
) -> VariantPlan {
    let steps = steps.into_iter().map(|step| {
        variant.statements.push(StatementPlan { text: sql(step.sql), args: step.args });
        let statement = variant.statements.len() - 1;
        StepPlan {
            action: Action::Statement(StatementStep {
                statement,
                binds: step.binds,
                expect_rows: None,
                may_write: false,
                protocol: None,
                records: Vec::new(),
            }),
            for_each: step.for_each,
            repeat: 1,
            draw: Vec::new(),
            retry: None,
            place: nowhere(),
        }
    });
    let steps = steps.collect();
    variant.operations.push(OperationPlan {
        name: name.to_owned(),
        job: name.to_owned(),
        timeout: None,
        steps,
        sets,
        params: (0..variant.params.len()).collect(),
        answer: answer.map(|paths| AnswerPlan { paths, ordered: false }),
        place: nowhere(),
    });
    variant.weights.push(weight);
    variant
}

/// One statement that returns nothing that is kept.
pub(super) fn single(name: &str, clients: u32) -> VariantPlan {
    let steps = vec![TestStep::new("SELECT $1::int8", vec![param(0)])];
    operation(variant(name, clients, vec![integers("id", 1, 1000)]), name, 1.0, Vec::new(), steps, None)
}

pub(super) fn plan(variants: Vec<VariantPlan>, rounds: u32) -> Plan {
    Plan {
        name: "test".to_owned(),
        about: None,
        topology: TopologyPlan::default(),
        dataset: None,
        variants,
        run: RunPlan { rounds, until: None, seed: 1, in_pairs: false },
        probes: ProbesPlan { plans: true },
        compare: ComparePlan { baseline: 0, same_answer: true, within_sides: false, answer_draws: 5, margin: 0.05 },
        claims: Vec::new(),
        expectations: Vec::new(),
        workload_hash: String::new(),
        topology_hash: String::new(),
        resolved: serde_json::Value::Null,
        origins: BTreeMap::new(),
        included_origins: BTreeMap::new(),
        included: Vec::new(),
        source: SourceText::new("workload.toml", ""),
        warnings: Vec::new(),
    }
}

/// Binds all variants to the null target.
pub(super) fn bound(plan: &Plan) -> Vec<BoundVariant> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    plan.variants
        .iter()
        .map(|variant| runtime.block_on(bind(variant, None, plan.dataset.as_ref())).expect("fits the null target"))
        .collect()
}
