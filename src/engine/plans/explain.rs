//! Sends what was rehearsed once more, and takes the plans.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::sql::has_plan;
use super::{Explained, Ground, Rehearsed, VariantPlans};
use crate::driver::{
    Args, Canonical, DriverError, Executed, PgType, RawRow, RowSink, Sent, Session, StatementId, Target, canonical,
};
use crate::engine::answers::AnswersError;
use crate::engine::bound::{BoundStatement, BoundVariant};
use crate::engine::coordinator::Interrupt;
use crate::engine::drawn::shortened;
use crate::engine::error::chain;
use crate::engine::interpreter::prepare;
use crate::timer::Timer;
use crate::workload::plan::leading_words;

/// A statement that takes longer is cancelled.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the server then has to notice it.
const GRACE: Duration = Duration::from_secs(5);
/// How often an interrupt is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// read_only_sql_transaction
const READ_ONLY: &str = "25006";
/// query_canceled
const CANCELLED: &str = "57014";

/// A session that asks for plans.
pub(super) struct Explainer<'a> {
    variant: &'a BoundVariant,
    session: Session,
    /// Parallel to the variant's statements; the same numbers as in the session of the rehearsal.
    prepared: Vec<StatementId>,
    begin: StatementId,
    rollback: StatementId,
    /// What was set and still holds, where statements are not executed in their order: each plan is asked for behind it.
    settings: Vec<Setting>,
    ground: Ground,
    timer: Timer,
    interrupt: &'a Interrupt,
}

/// A statement that sets something.
#[derive(Clone)]
struct Setting {
    id: StatementId,
    args: Args,
    /// Whether it holds until the end of its transaction.
    is_local: bool,
}

/// Why there is no answer.
enum Unanswered {
    /// Somebody asked to stop.
    Interrupted,
    /// It took too long, and the session is not to be used any more.
    Stuck,
    /// Refused, or the session is gone.
    Refused(DriverError),
}

impl Unanswered {
    fn is_refused_as(&self, state: &str) -> bool {
        matches!(self, Self::Refused(DriverError::Server(error)) if error.state.as_str() == state)
    }

    /// Whether nothing can be asked any more.
    fn is_fatal(&self) -> bool {
        match self {
            Self::Interrupted | Self::Stuck => true,
            Self::Refused(error) => error.is_fatal(),
        }
    }

    fn reason(&self) -> String {
        let too_long = || format!("given up after {} s", PATIENCE.as_secs());
        match self {
            Self::Interrupted => "interrupted".to_owned(),
            Self::Stuck => too_long(),
            Self::Refused(_) if self.is_refused_as(CANCELLED) => too_long(),
            Self::Refused(error) => chain(error),
        }
    }
}

impl<'a> Explainer<'a> {
    /// Connects and prepares.
    pub(super) async fn open(
        variant: &'a BoundVariant,
        target: &Target,
        timer: &Timer,
        ground: Ground,
        interrupt: &'a Interrupt,
    ) -> Result<Self, DriverError> {
        let (mut session, _) = Session::connect(target, timer).await?;
        let prepared = prepare(variant, &mut session).await?;
        let begin = session.parse_each_time("BEGIN READ ONLY", &[], &[])?;
        let rollback = session.parse_each_time("ROLLBACK", &[], &[])?;
        let (settings, timer) = (Vec::new(), timer.clone());
        Ok(Self { variant, session, prepared, begin, rollback, settings, ground, timer, interrupt })
    }

    /// The plans of an operation.
    pub(super) async fn operation(
        &mut self,
        operation: usize,
        rehearsed: &Rehearsed,
        plans: &mut VariantPlans,
    ) -> Result<(), AnswersError> {
        let name = &self.variant.operations[operation].name;
        match self.replay(operation, rehearsed, plans).await {
            Ok(()) => {}
            Err(Unanswered::Interrupted) => return Err(AnswersError::Interrupted),
            Err(other) => plans.notes.push(format!("{name}: plans end here: {}", other.reason())),
        }
        if rehearsed.tape.is_full() {
            plans
                .notes
                .push(format!("{name}: sends too much to be sent again as a whole; later statements have no plan"));
        }
        Ok(())
    }

    /// Ends the session.
    pub(super) async fn close(self) {
        self.session.close().await;
    }

    async fn replay(
        &mut self,
        operation: usize,
        rehearsed: &Rehearsed,
        plans: &mut VariantPlans,
    ) -> Result<(), Unanswered> {
        let (mut seen, mut number) = (BTreeSet::new(), 0);
        self.settings.clear();
        for sent in rehearsed.tape.sent() {
            match sent {
                Sent::Execution(id, args) => {
                    let Some(at) = self.prepared.iter().position(|prepared| prepared == id) else { continue };
                    let statement = &self.variant.statements[at];
                    let is_new = seen.insert(at);
                    if is_new && has_plan(&statement.sql) {
                        number += 1;
                        let mut explained = Explained {
                            operation,
                            number,
                            sql: statement.sql.clone(),
                            params: rehearsed.params.clone(),
                            values: values(args, &statement.oids),
                            ..Explained::default()
                        };
                        let asked = self.explain(statement, args, &mut explained).await;
                        plans.explained.push(explained);
                        asked?;
                    } else if self.ground == Ground::Copy {
                        let executed = self.execute(*id, args, &mut Lines::default()).await;
                        go_on(executed.map(drop))?;
                    } else {
                        self.note_setting(*id, args, &statement.sql);
                    }
                }
                Sent::Copy(id, rows) if self.ground == Ground::Copy => {
                    go_on(self.session.copy_in(*id, rows).await.map(drop).map_err(Unanswered::Refused))?;
                }
                Sent::Copy(..) => {}
            }
        }
        self.end_transaction().await
    }

    /// Keeps what sets something, and forgets what an end of a transaction ends.
    fn note_setting(&mut self, id: StatementId, args: &Args, sql: &str) {
        let words: Vec<String> =
            leading_words(sql, 2).into_iter().map(|range| sql[range].to_ascii_lowercase()).collect();
        match words.first().map(String::as_str) {
            Some("set" | "reset") => {
                let is_local = matches!(words.get(1).map(String::as_str), Some("local" | "transaction"));
                self.settings.push(Setting { id, args: args.clone(), is_local });
            }
            Some("commit" | "end" | "rollback" | "abort") => self.settings.retain(|setting| !setting.is_local),
            Some("discard") => self.settings.clear(),
            _ => {}
        }
    }

    /// Asks for the plan of a statement; a refusal becomes its note.
    async fn explain(
        &mut self,
        statement: &BoundStatement,
        args: &Args,
        explained: &mut Explained,
    ) -> Result<(), Unanswered> {
        let asked = self.ask("ANALYZE, BUFFERS", statement, args).await;
        explained.executed = asked.is_ok();
        let asked = match asked {
            Err(error) if error.is_refused_as(READ_ONLY) => {
                explained.note = Some("it writes or locks, so it was planned and not executed".to_owned());
                self.ask("COSTS", statement, args).await
            }
            asked => asked,
        };
        match asked {
            Ok(lines) => explained.lines = lines,
            Err(error) => {
                explained.note = Some(format!("no plan: {}", error.reason()));
                if error.is_fatal() {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    async fn ask(&mut self, options: &str, statement: &BoundStatement, args: &Args) -> Result<Vec<String>, Unanswered> {
        let sql = format!("EXPLAIN ({options}) {}", statement.sql);
        let id = self.session.parse_each_time(&sql, &statement.oids, &[]).map_err(Unanswered::Refused)?;
        let mut lines = Lines::default();
        if self.ground == Ground::Copy {
            self.execute(id, args, &mut lines).await?;
            return Ok(lines.0);
        }
        let (begin, none) = (self.begin, Args::default());
        self.execute(begin, &none, &mut Lines::default()).await?;
        let mut asked = Ok(Executed::default());
        for setting in self.settings.clone() {
            if asked.is_ok() {
                asked = self.execute(setting.id, &setting.args, &mut Lines::default()).await;
            }
        }
        if asked.is_ok() {
            asked = self.execute(id, args, &mut lines).await;
        }
        if asked.as_ref().err().is_none_or(|error| !error.is_fatal()) {
            self.end_transaction().await?;
        }
        asked.map(|_| lines.0)
    }

    /// Ends what an operation (which may have failed) left open.
    async fn end_transaction(&mut self) -> Result<(), Unanswered> {
        if !self.session.is_in_transaction() {
            return Ok(());
        }
        let (rollback, none) = (self.rollback, Args::default());
        self.execute(rollback, &none, &mut Lines::default()).await.map(drop)
    }

    /// Executes, cancelling what takes too long or what nobody wants any more.
    async fn execute(&mut self, id: StatementId, args: &Args, lines: &mut Lines) -> Result<Executed, Unanswered> {
        let cancel = self.session.cancel_token();
        let began = Instant::now();
        let mut is_cancelled = false;
        let execution = self.session.execute(id, args, lines);
        tokio::pin!(execution);
        loop {
            tokio::select! {
                biased;
                executed = &mut execution => return executed.map_err(Unanswered::Refused),
                () = self.timer.sleep_until(Instant::now() + LOOK) => {
                    if self.interrupt.is_set() {
                        // Closing the connection, which follows, does what a lost request would have done.
                        let _ = cancel.cancel().await;
                        return Err(Unanswered::Interrupted);
                    }
                    if began.elapsed() > PATIENCE + GRACE {
                        return Err(Unanswered::Stuck);
                    }
                    if began.elapsed() > PATIENCE && !is_cancelled {
                        is_cancelled = true;
                        let _ = cancel.cancel().await;
                    }
                }
            }
        }
    }
}

/// What failed in the rehearsal may fail again: the operation goes on as it did then.
fn go_on(executed: Result<(), Unanswered>) -> Result<(), Unanswered> {
    executed.or_else(|error| if error.is_fatal() { Err(error) } else { Ok(()) })
}

/// The lines of a plan.
#[derive(Default)]
struct Lines(Vec<String>);

impl RowSink for Lines {
    fn row(&mut self, row: &RawRow<'_>) {
        let text = row.column(0).unwrap_or_default();
        self.0.push(String::from_utf8_lossy(text).into_owned());
    }
}

/// Arguments as text; of types that only the server knows, bytes.
fn values(args: &Args, oids: &[u32]) -> Vec<String> {
    let row = RawRow { body: args.bytes(), columns: args.count() };
    let value = |(bytes, oid): (Option<&[u8]>, &u32)| {
        let known = PgType::built_in(*oid, -1).map(|ty| canonical(&ty, bytes));
        let value = known.unwrap_or_else(|| bytes.map_or(Canonical::Null, |bytes| Canonical::Raw(bytes.to_vec())));
        shortened(&value.to_string())
    };
    row.iter().zip(oids).map(value).collect()
}
