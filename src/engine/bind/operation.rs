//! Binds one operation: its statements in order, since the types of references follow from what was bound before.

use super::describe::Describer;
use super::params::{Known, built_in, natural_type_of_literal};
use super::problem::BindProblem;
use super::program;
use crate::driver::{Args, ColumnInfo, Described, DriverError, PgType, TypeKind};
use crate::engine::bound::{BoundAnswer, BoundOperation, BoundStatement, DrawnSource, DrawnValue};
use crate::engine::interpreter::literal_value;
use crate::param::Literal;
use crate::workload::plan::{Arg, OperationPlan, StatementPlan, StepPlan, VariantPlan};

/// The columns of a set that something refers to: position in the result and type.
pub(super) type SetColumns = Vec<(usize, PgType)>;

/// A step whose statement was described.
#[derive(Debug)]
pub(super) struct BoundStep<'a> {
    pub(super) plan: &'a StepPlan,
    /// Index into the variant's bound statements.
    pub(super) statement: usize,
    pub(super) args: Vec<StepArg>,
    /// Positions of the bound set's columns.
    pub(super) positions: Vec<usize>,
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
    variant: &'a VariantPlan,
    operation: &'a OperationPlan,
    describer: Describer<'a>,
    params: &'a [Option<Known>],
    problems: &'a mut Vec<BindProblem>,
    /// What each set holds at this point of the operation; `None`: not known because of a problem before.
    sets: Vec<Option<SetColumns>>,
    drawn: Vec<DrawnValue>,
    steps: Vec<BoundStep<'a>>,
    complete: bool,
}

impl<'a> Binder<'a> {
    pub(super) fn new(
        variant: &'a VariantPlan,
        operation: &'a OperationPlan,
        describer: Describer<'a>,
        params: &'a [Option<Known>],
        problems: &'a mut Vec<BindProblem>,
    ) -> Self {
        Self {
            variant,
            operation,
            describer,
            params,
            problems,
            sets: vec![None; operation.sets.len()],
            drawn: Vec::new(),
            steps: Vec::new(),
            complete: true,
        }
    }

    /// Describes all statements.
    pub(super) async fn bind(&mut self, statements: &mut Vec<BoundStatement>) -> Result<(), DriverError> {
        for step in &self.operation.steps {
            let statement = &self.variant.statements[step.statement];
            let Some(declared) = self.declare(step, statement).await? else {
                // It refers to what a statement before was to bind, and that one has a problem.
                self.fail_step(step);
                continue;
            };
            let binds = step.binds.map(|set| &self.operation.sets[set]);
            let natural = |index: usize| self.natural_type(&statement.args[index]);
            let described = match self.describer.describe(statement, &declared, natural, binds).await {
                Ok(described) => described,
                Err(DriverError::Server(error)) => {
                    self.problems.push(BindProblem::refused(&statement.text, &error));
                    self.fail_step(step);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let args = self.args(statement, &declared, &described);
            let Some(columns) = self.columns(step, statement, &described.columns) else {
                self.fail_step(step);
                continue;
            };
            self.steps.push(BoundStep {
                plan: step,
                statement: statements.len(),
                args,
                positions: columns.iter().map(|(position, _)| *position).collect(),
            });
            if let Some(set) = step.binds {
                self.sets[set] = Some(columns);
            }
            statements.push(BoundStatement {
                sql: statement.text.sql.clone(),
                oids: described.params.iter().map(|ty| ty.oid).collect(),
                columns: described.columns,
            });
        }
        Ok(())
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
        let (load, answering) = program::build(self.operation, &self.steps);
        Some(BoundOperation {
            name: self.operation.name.clone(),
            job: self.operation.job.clone(),
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

    fn fail_step(&mut self, step: &StepPlan) {
        self.complete = false;
        if let Some(set) = step.binds {
            self.sets[set] = None;
        }
    }

    /// The types that are declared to the server (rule 7): those of references. `None` when one is not known.
    async fn declare(
        &mut self,
        step: &StepPlan,
        statement: &StatementPlan,
    ) -> Result<Option<Vec<Option<PgType>>>, DriverError> {
        let mut declared = Vec::with_capacity(statement.args.len());
        for (index, arg) in statement.args.iter().enumerate() {
            let (set, column, whole) = match *arg {
                Arg::Param { .. } | Arg::Constant { .. } => {
                    declared.push(None);
                    continue;
                }
                Arg::Visited { set, column } if step.for_each == Some(set) => (set, column, false),
                Arg::Visited { set, .. } => {
                    let name = &self.operation.sets[set].name;
                    self.problems.push(BindProblem::at_argument(
                        statement,
                        index,
                        format!("`:{name}.…` is the row visited, and this step does not visit `{name}`"),
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
    fn natural_type(&self, arg: &Arg) -> PgType {
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
    fn args(
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
        let value = DrawnValue { source, ty };
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
    fn at_reference(
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
        for step in &self.operation.steps {
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
    fn columns(&mut self, step: &StepPlan, statement: &StatementPlan, columns: &[ColumnInfo]) -> Option<SetColumns> {
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
