//! Binds one operation: its statements in order, since the types of references follow from what was bound before.

use std::time::Duration;

use super::describe::Describer;
use super::next::Counters;
use super::params::{Known, built_in, natural_type_of_literal};
use super::problem::BindProblem;
use super::program;
use super::steps::Around;
use crate::driver::{Args, ColumnInfo, Described, DriverError, PgType, TypeKind};
use crate::engine::bound::{
    BoundAnswer, BoundOperation, BoundStatement, DrawnSource, DrawnValue, Insert, Loop, RecordColumn, Try,
};
use crate::engine::interpreter::literal_value;
use crate::param::Literal;
use crate::workload::plan::{Arg, OperationPlan, StatementPlan, StatementStep, VariantPlan, statements};

/// The columns of a set that something refers to: position in the result and type.
pub(super) type SetColumns = Vec<(usize, PgType)>;

/// A statement that was described.
#[derive(Debug, Default)]
pub(super) struct BoundStep {
    /// Index into the variant's bound statements.
    pub(super) statement: usize,
    pub(super) args: Vec<StepArg>,
    pub(super) binds: Option<usize>,
    /// The set that is visited when it binds.
    pub(super) visiting: Option<usize>,
    pub(super) in_loop: bool,
    pub(super) expect_rows: Option<u64>,
    pub(super) records: Vec<RecordColumn>,
    pub(super) commits: bool,
    /// Positions of the bound set's columns.
    pub(super) positions: Vec<usize>,
}

/// An instruction whose statement still names columns by index.
#[derive(Debug)]
pub(super) enum Part {
    Statement(BoundStep),
    Loop(Loop),
    Insert(Box<Insert>),
    Next(usize),
    Pause(Duration),
    Try(Try),
    EndTry,
    Pipeline,
    EndPipeline,
    Together(usize),
}

impl Part {
    pub(super) fn statement(&self) -> Option<&BoundStep> {
        match self {
            Self::Statement(step) => Some(step),
            _ => None,
        }
    }
}

/// Where an argument comes from. `column` is an index into the set's columns.
#[derive(Clone, Copy, Debug)]
pub(super) enum StepArg {
    /// Index into the operation's drawn values.
    Drawn(usize),
    Visited {
        set: usize,
        column: usize,
    },
    Whole {
        set: usize,
        column: usize,
        element_oid: u32,
    },
    First {
        set: usize,
        column: usize,
    },
    Last {
        set: usize,
        column: usize,
    },
}

pub(super) struct Binder<'a> {
    pub(super) variant: &'a VariantPlan,
    pub(super) operation: &'a OperationPlan,
    pub(super) describer: Describer<'a>,
    pub(super) counters: &'a Counters<'a>,
    params: &'a [Option<Known>],
    pub(super) problems: &'a mut Vec<BindProblem>,
    /// What each set holds at this point of the operation; `None`: not known because of a problem before.
    pub(super) sets: Vec<Option<SetColumns>>,
    drawn: Vec<DrawnValue>,
    pub(super) parts: Vec<Part>,
    /// Loops so far.
    pub(super) loops: usize,
    /// The tables that inserts so far go to.
    pub(super) tables: Vec<&'a str>,
    /// The loops around the step being bound, from the outermost in.
    pub(super) around: Vec<Around>,
    pub(super) in_transaction: bool,
    pub(super) rollback: Option<usize>,
    complete: bool,
    /// What the operation makes, changes and drops before the step being bound.
    pub(super) ddl: Vec<(String, Vec<u32>)>,
    /// Whether the database is dbbench's own, where statements may be run to see what they make.
    pub(super) is_own: bool,
}

impl<'a> Binder<'a> {
    pub(super) fn new(
        variant: &'a VariantPlan,
        operation: &'a OperationPlan,
        describer: Describer<'a>,
        counters: &'a Counters<'a>,
        params: &'a [Option<Known>],
        problems: &'a mut Vec<BindProblem>,
    ) -> Self {
        Self {
            variant,
            operation,
            describer,
            counters,
            params,
            problems,
            sets: vec![None; operation.sets.len()],
            drawn: Vec::new(),
            parts: Vec::new(),
            loops: 0,
            tables: Vec::new(),
            around: Vec::new(),
            in_transaction: false,
            rollback: None,
            complete: true,
            ddl: Vec::new(),
            is_own: false,
        }
    }

    /// Describes all statements.
    pub(super) async fn bind(&mut self, statements: &mut Vec<BoundStatement>) -> Result<(), DriverError> {
        self.steps(&self.operation.steps, statements).await
    }

    /// The operation, unless there was a problem.
    pub(super) fn finish(mut self) -> Option<BoundOperation> {
        if !self.complete {
            return None;
        }
        self.check_answer();
        let answer = self.operation.answer.as_ref().map(|plan| {
            let types = plan.paths.iter().map(|path| match self.sets.get(path.set) {
                Some(Some(columns)) => columns[path.column].1.clone(),
                _ => built_in(25),
            });
            BoundAnswer {
                types: types.collect(),
                plan: plan.clone(),
                visiting: self.operation.sets.iter().map(|set| set.visiting).collect(),
            }
        });
        let (load, answering) =
            program::build(self.operation, &self.parts, self.loops, self.tables.len(), self.rollback);
        Some(BoundOperation {
            name: self.operation.name.clone(),
            job: self.operation.job.clone(),
            timeout: self.operation.timeout,
            drawn: self.drawn,
            load,
            answering,
            answer,
        })
    }

    /// Paths into JSON need a column that holds JSON.
    fn check_answer(&mut self) {
        // Against the null target nobody knows which columns hold JSON, and no answer is looked at.
        if matches!(self.describer, Describer::Plan(_)) {
            return;
        }
        for path in self.operation.answer.iter().flat_map(|answer| &answer.paths) {
            let Some(Some(columns)) = self.sets.get(path.set) else { continue };
            let ty = &columns[path.column].1;
            if !path.json.is_empty() && !matches!(ty.base().kind, TypeKind::Json | TypeKind::Jsonb | TypeKind::Text) {
                let title = format!("answer \"{}\" enters a column of type {ty}, which holds no JSON", path.text);
                let hints = vec!["only json and jsonb columns have elements to name".to_owned()];
                self.problems.push(BindProblem::in_file(&self.operation.place, title, hints));
            }
        }
    }

    /// The operation cannot run.
    pub(super) fn fail(&mut self) {
        self.complete = false;
    }

    pub(super) fn fail_step(&mut self, step: &StatementStep) {
        self.complete = false;
        if let Some(set) = step.binds {
            self.sets[set] = None;
        }
    }

    /// The types that are declared to the server (rule 7): those of references. `None` when one is not known.
    pub(super) async fn declare(
        &mut self,
        statement: &StatementPlan,
    ) -> Result<Option<Vec<Option<PgType>>>, DriverError> {
        let mut declared = Vec::with_capacity(statement.args.len());
        for (index, arg) in statement.args.iter().enumerate() {
            let (set, column, whole) = match *arg {
                Arg::Param { .. } | Arg::Constant { .. } => {
                    declared.push(None);
                    continue;
                }
                Arg::Visited { set, column } if self.around.iter().any(|around| around.visits == Some(set)) => {
                    (set, column, false)
                }
                Arg::Visited { set, .. } => {
                    let name = &self.operation.sets[set].name;
                    self.problems.push(BindProblem::at_argument(
                        statement,
                        index,
                        format!("`:{name}.…` is the row visited, and no loop around it visits `{name}`"),
                        "",
                        vec![format!("add `for_each = \"{name}\"`, or write `:{name}.first.…` or `:{name}.…[]`")],
                    ));
                    return Ok(None);
                }
                Arg::First { set, column } | Arg::Last { set, column } => (set, column, false),
                Arg::Whole { set, column } => (set, column, true),
            };
            let Some(Some(columns)) = self.sets.get(set) else { return Ok(None) };
            let element = columns[column].1.clone();
            declared.push(Some(if whole { self.describer.array_of(&element).await? } else { element }));
        }
        Ok(Some(declared))
    }

    /// The type that suits an argument where nobody infers one.
    pub(super) fn natural_type(&self, arg: &Arg) -> PgType {
        match arg {
            Arg::Param { param, .. } => match self.params.get(*param) {
                Some(Some(known)) => known.natural_type(),
                _ => built_in(25),
            },
            Arg::Constant { value, .. } => natural_type_of_literal(value),
            Arg::Visited { .. } | Arg::Whole { .. } | Arg::First { .. } | Arg::Last { .. } => built_in(25),
        }
    }

    /// Where each argument comes from; values that do not fit are problems.
    pub(super) fn args(
        &mut self,
        statement: &'a StatementPlan,
        declared: &[Option<PgType>],
        described: &Described,
    ) -> Vec<StepArg> {
        // A `$n` that the server does not know of was refused by it before.
        let type_of = |index: usize| described.params.get(index).cloned().unwrap_or_else(|| built_in(25));
        let mut args = Vec::with_capacity(statement.args.len());
        for (index, arg) in statement.args.iter().enumerate() {
            args.push(match *arg {
                Arg::Visited { set, column } => StepArg::Visited { set, column },
                Arg::First { set, column } => StepArg::First { set, column },
                Arg::Last { set, column } => StepArg::Last { set, column },
                Arg::Whole { set, column } => {
                    let element_oid = match declared[index].as_ref().map(|ty| &ty.kind) {
                        Some(TypeKind::Array(element)) => element.oid,
                        _ => 0,
                    };
                    StepArg::Whole { set, column, element_oid }
                }
                Arg::Param { param, ref column } => {
                    let column = column.as_deref();
                    self.check_param(statement, index, param, column, &type_of(index));
                    let sampler = self.params[param].as_ref().map(|known| &known.bound.sampler);
                    let column = sampler.zip(column).and_then(|(sampler, name)| sampler.column(name));
                    self.drawn(DrawnSource::Param { param, column }, type_of(index))
                }
                Arg::Constant { ref name, ref value } => {
                    self.check_constant(statement, index, name, value, &type_of(index));
                    self.drawn(DrawnSource::Constant(value.clone()), type_of(index))
                }
            });
        }
        args
    }

    /// The drawn value for a parameter or constant as `ty`: one for all places that need the same.
    fn drawn(&mut self, source: DrawnSource, ty: PgType) -> StepArg {
        let redrawn_by = match &source {
            DrawnSource::Param { param, .. } => {
                self.around.iter().rev().find(|around| around.draw.contains(param)).map(|around| around.number)
            }
            DrawnSource::Constant(_) => None,
        };
        let value = DrawnValue { source, ty, redrawn_by };
        let known = self.drawn.iter().position(|known| *known == value);
        StepArg::Drawn(known.unwrap_or_else(|| {
            self.drawn.push(value);
            self.drawn.len() - 1
        }))
    }

    fn check_constant(&mut self, statement: &StatementPlan, index: usize, name: &str, value: &Literal, ty: &PgType) {
        if let Err(misfit) = Args::default().value(literal_value(value), ty) {
            let title = format!("constant \"{name}\" does not fit where it is used: {misfit}");
            let hints = vec![format!("write `:{name}::type` to say which type it has")];
            let label = format!("the server takes it as {ty}");
            self.problems.push(BindProblem::at_argument(statement, index, title, label, hints));
        }
    }

    /// A problem at the first reference to a column of a set: in the SQL of a step, else where the set is bound (what
    /// refers to it is then `answer`).
    pub(super) fn at_reference(
        &self,
        wanted: (usize, usize),
        binding: &StatementPlan,
        title: String,
        hint: String,
    ) -> BindProblem {
        let refers = |arg: &Arg| match *arg {
            Arg::Visited { set, column }
            | Arg::Whole { set, column }
            | Arg::First { set, column }
            | Arg::Last { set, column } => (set, column) == wanted,
            Arg::Param { .. } | Arg::Constant { .. } => false,
        };
        for step in statements(&self.operation.steps) {
            let statement = &self.variant.statements[step.statement];
            if let Some(index) = statement.args.iter().position(refers) {
                return BindProblem::at_argument(statement, index, title, "", vec![hint]);
            }
        }
        let at = super::problem::ProblemPlace::Sql(binding.text.clone(), None);
        BindProblem { at, title, label: "its rows are bound here".to_owned(), hints: vec![hint] }
    }

    fn check_param(
        &mut self,
        statement: &StatementPlan,
        index: usize,
        param: usize,
        column: Option<&str>,
        ty: &PgType,
    ) {
        let Some(Some(known)) = self.params.get(param) else { return };
        let name = &known.bound.name;
        let title = match column.map(|column| (column, known.bound.sampler.column(column))) {
            Some((column, None)) => format!("parameter \"{name}\" has no column \"{column}\""),
            _ => match known.misfit(column, ty) {
                Some(misfit) => format!("parameter \"{name}\" does not fit where it is used: {misfit}"),
                None => return,
            },
        };
        let hints = vec![format!("change `params.{name}`, or write `:{name}::type` to say which type it has")];
        let label = format!("the server takes it as {ty}");
        self.problems.push(BindProblem::at_argument(statement, index, title, label, hints));
    }

    /// The columns of the set that a step binds, found by name. `None` after a problem.
    pub(super) fn columns(
        &mut self,
        step: &StatementStep,
        statement: &StatementPlan,
        columns: &[ColumnInfo],
    ) -> Option<SetColumns> {
        let Some(binds) = step.binds else { return Some(Vec::new()) };
        let set = &self.operation.sets[binds];
        let (mut found, mut missing) = (Vec::with_capacity(set.columns.len()), false);
        for (column, name) in set.columns.iter().enumerate() {
            let mut positions = columns.iter().enumerate().filter(|(_, column)| column.name == *name);
            let title = match (positions.next(), positions.next()) {
                (Some((position, column)), None) => {
                    found.push((position, column.ty.clone()));
                    continue;
                }
                (None, _) => format!("`{}` has no column `{name}`", set.name),
                (Some(_), Some(_)) => format!("`{}` has several columns `{name}`", set.name),
            };
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            let hint = match names.as_slice() {
                [] => format!("the statement of `{}` returns no columns at all", set.name),
                names => format!("the statement of `{}` returns {}; name columns with AS", set.name, names.join(", ")),
            };
            let problem = self.at_reference((binds, column), statement, title, hint);
            self.problems.push(problem);
            missing = true;
        }
        (!missing).then_some(found)
    }
}
