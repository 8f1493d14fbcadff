//! Values out of somebody's data, which a result holds only when it is asked to: parameters of the slowest operations, and
//! what stands in plans.

use super::Command;
use super::stage::Stage;
use crate::engine::AnswersDiffer;

/// What is said in their place.
pub const SAID: &str = "values are left out, being those of somebody's data: --keep-detail keeps them";

/// Whether values are kept: of data that dbbench has made itself always, else where the user wants it.
pub fn keeps_values(command: &Command<'_>, stage: &Stage) -> bool {
    // In a schema or a database of dbbench's own all values are generated.
    let is_own = stage.externals().all(|external| external.own_database().is_some() || external.own_schema().is_some());
    is_own || command.args.keep_detail
}

/// In what two answers differ, without the rows and the values of parameters: which draw it is, and how many rows are whose.
pub fn of_difference(difference: &AnswersDiffer) -> String {
    let mut kept = difference.clone();
    kept.params.iter_mut().for_each(|(_, value)| "?".clone_into(value));
    for rows in [&mut kept.left.only_shown, &mut kept.right.only_shown, &mut kept.common_shown] {
        rows.clear();
    }
    format!("{}\n  {SAID}\n", kept.to_string().trim_end())
}

/// What a line of a plan says of figures alone. Whatever else stands before a colon may hold an expression, and with it values.
const FIGURES: [&str; 24] = [
    "Actual Rows",
    "Buckets",
    "Buffers",
    "Cache Mode",
    "Execution Time",
    "Full-sort Groups",
    "Heap Blocks",
    "Heap Fetches",
    "Hits",
    "I/O Timings",
    "Index Searches",
    "JIT",
    "Planned Partitions",
    "Planning",
    "Planning Time",
    "Pre-sorted Groups",
    "Rows Removed by Filter",
    "Rows Removed by Index Recheck",
    "Rows Removed by Join Filter",
    "Sort Method",
    "Subplans Removed",
    "Timing",
    "Workers Launched",
    "Workers Planned",
];

/// A plan without the values that stand in its conditions: `(id = 17)` becomes `(id = ?)`.
pub fn without_values(lines: &[String]) -> Vec<String> {
    // A text may go over several lines.
    let mut in_text = false;
    lines.iter().map(|line| without_value(line, &mut in_text)).collect()
}

fn without_value(line: &str, in_text: &mut bool) -> String {
    let trimmed = line.trim_start();
    let figures = FIGURES.iter().any(|name| trimmed.strip_prefix(name).is_some_and(|rest| rest.starts_with(':')));
    if figures && !*in_text {
        return line.to_owned();
    }
    // A node: what it is, and its figures in parentheses, which begin so.
    let begins = ["  (cost=", " (actual ", " (never executed)"];
    let figures = begins.iter().filter_map(|begin| line.find(begin)).min();
    match figures.filter(|_| !*in_text && !line.contains('\'')) {
        Some(at) => format!("{}{}", masked(&line[..at], in_text), &line[at..]),
        None => masked(line, in_text),
    }
}

/// Texts and numbers become `?`; names, also quoted ones and those with digits in them, and `$1` stay.
fn masked(said: &str, in_text: &mut bool) -> String {
    let mut out = String::with_capacity(said.len());
    let mut rest = said.chars().peekable();
    let mut before = ' ';
    loop {
        if *in_text {
            // A quote in a text is doubled, and reads as one text after the other.
            *in_text = !rest.any(|c| c == '\'');
        }
        let Some(c) = rest.next() else { return out };
        match c {
            '\'' => {
                out.push('?');
                *in_text = true;
            }
            '"' => {
                out.push(c);
                for c in rest.by_ref() {
                    out.push(c);
                    if c == '"' {
                        break;
                    }
                }
            }
            '0'..='9' if !(before.is_alphanumeric() || matches!(before, '_' | '$')) => {
                out.push('?');
                while rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '.').is_some() {}
            }
            c => out.push(c),
        }
        before = c;
    }
}

#[cfg(test)]
mod tests {
    use super::{of_difference, without_values};
    use crate::engine::{AnswersDiffer, Side};

    #[test]
    fn of_answers_that_differ_the_counts_are_kept_and_no_value() {
        let row = |text: &str| vec![vec![text.to_owned()]];
        let side = |name: &str, rows: usize| Side {
            variant: name.to_owned(),
            operation: name.to_owned(),
            columns: vec!["c.email".to_owned()],
            rows,
            only: 1,
            only_shown: row("'one@example.org'"),
        };
        let difference = AnswersDiffer {
            draw: 3,
            draws: 20,
            params: vec![("org".to_owned(), "4711".to_owned())],
            left: side("join", 3),
            right: side("batch", 2),
            common: 1,
            common_shown: row("'two@example.org'"),
            place: None,
        };
        insta::assert_snapshot!(of_difference(&difference), @r#"
        the answers of "join" and "batch" differ
          draw 3 of 20: org = ?
          "join" answers 3 rows, "batch" 2 rows
          only in "join": 1 row
          only in "batch": 1 row
          in both: 1 row
          values are left out, being those of somebody's data: --keep-detail keeps them
        "#);
    }

    #[test]
    fn a_plan_keeps_its_figures_and_names_and_loses_the_values_in_it() {
        let plan = [
            "Limit  (cost=0.29..8.31 rows=1 width=36) (actual time=0.011..0.012 rows=1 loops=1)",
            "  Buffers: shared hit=3",
            "  ->  Index Scan using users_2_pkey on \"Users 7\" u1  (cost=0.29..8.31 rows=1 width=36)",
            "        Index Cond: ((id = 4711) AND (name = 'O''Brien (17)'::text))",
            "        Filter: (((total)::numeric(10,2) > 12.50) AND (a = ANY ('{1,2}'::integer[])) AND (b = $1) AND (c < '-5'::integer))",
            "        Rows Removed by Filter: 12",
            "        Something New: 17",
            "Planning Time: 0.080 ms",
        ];
        let plan = plan.map(str::to_owned);
        let expected = [
            plan[0].as_str(),
            &plan[1],
            &plan[2],
            "        Index Cond: ((id = ?) AND (name = ??::text))",
            "        Filter: (((total)::numeric(?,?) > ?) AND (a = ANY (?::integer[])) AND (b = $1) AND (c < ?::integer))",
            &plan[5],
            "        Something New: ?",
            &plan[7],
        ];
        assert_eq!(without_values(&plan), expected);
    }

    #[test]
    fn a_text_over_several_lines_is_gone_as_well() {
        let plan = ["  Filter: (note = 'first", "second 17' || 'x')"].map(str::to_owned);
        let kept = without_values(&plan).join("\n");
        assert!(!kept.contains("first") && !kept.contains("17"), "{kept}");
    }
}
