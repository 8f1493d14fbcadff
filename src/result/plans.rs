//! `plans/`: the server's plan of each statement as text, and `plans/plans.json`, which lists them with their figures.
//!
//! Figures are read from the text, which PostgreSQL words the same in every language; what another server words otherwise is
//! `null`.

use serde::{Deserialize, Serialize};

/// The folder.
pub const PLANS: &str = "plans";
/// The list in it.
pub(super) const LIST: &str = "plans/plans.json";

/// `plans/plans.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanList {
    /// Version of the result's format.
    pub schema_version: u32,
    /// Where statements were executed for their plans, in words.
    pub taken: String,
    /// By variant, operation and statement.
    pub plans: Vec<PlanRecord>,
    /// Why some are not there.
    pub notes: Vec<String>,
}

/// A statement's plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanRecord {
    /// Name of the variant.
    pub variant: String,
    /// Name of the operation.
    pub operation: String,
    /// Number of the statement among those of the operation that have a plan, from 1.
    pub statement: u32,
    /// Name of the file with SQL, parameters and plan, within the result folder.
    pub file: String,
    /// The nodes in one line, from the tables up; `null` where there is no plan that can be read.
    pub nodes: Option<String>,
    /// Each node by itself, once.
    pub node_names: Vec<String>,
    /// Whether it was executed (ANALYZE).
    pub executed: bool,
    /// What the server needed to execute it, measuring included, µs.
    pub execution_us: Option<f64>,
    /// And to plan it, µs.
    pub planning_us: Option<f64>,
    /// Pages found in the shared buffers.
    pub shared_hit: Option<u64>,
    /// Pages that were not.
    pub shared_read: Option<u64>,
    /// What is to be said of it.
    pub note: Option<String>,
    /// The file's content; not in the list.
    #[serde(skip)]
    pub text: String,
}

/// What a plan's text says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanFigures {
    /// The nodes in one line, from the tables up.
    pub nodes: Option<String>,
    /// Each node by itself, once, in the order of the text.
    pub node_names: Vec<String>,
    /// Execution time, µs.
    pub execution_us: Option<f64>,
    /// Planning time, µs.
    pub planning_us: Option<f64>,
    /// Of the whole statement, planning not included; where buffers were counted and none was hit, 0.
    pub shared_hit: Option<u64>,
    /// The same.
    pub shared_read: Option<u64>,
}

/// A line of a plan that begins a node.
struct Node {
    depth: usize,
    name: String,
}

impl PlanFigures {
    /// Reads the text of an EXPLAIN.
    #[must_use]
    pub fn read(lines: &[String]) -> Self {
        let nodes: Vec<Node> = lines.iter().filter_map(|line| node(line)).collect();
        let mut node_names: Vec<String> = Vec::new();
        for node in &nodes {
            if !node_names.contains(&node.name) {
                node_names.push(node.name.clone());
            }
        }
        let time_us = |label: &str| {
            let line = lines.iter().find_map(|line| line.trim().strip_prefix(label))?;
            line.trim().strip_suffix(" ms")?.parse::<f64>().ok().map(|ms| ms * 1e3)
        };
        // The root's come first and are those of all nodes below it; those of planning stand behind the nodes.
        let own = lines.iter().map(|line| line.trim()).take_while(|line| *line != "Planning:");
        let buffers = own.clone().find_map(|line| line.strip_prefix("Buffers:"));
        let was_counted = buffers.is_some() || lines.iter().any(|line| line.trim().starts_with("Execution Time:"));
        let pages = |kind: &str| was_counted.then(|| buffers.and_then(|text| shared(text, kind)).unwrap_or(0));
        Self {
            nodes: (!nodes.is_empty()).then(|| in_one_line(&nodes)),
            node_names,
            execution_us: time_us("Execution Time:"),
            planning_us: time_us("Planning Time:"),
            shared_hit: pages("hit="),
            shared_read: pages("read="),
        }
    }
}

/// ` shared hit=12 read=3, temp read=5 written=5` → of the first part what stands behind `kind`.
fn shared(buffers: &str, kind: &str) -> Option<u64> {
    let shared = buffers.split(',').find_map(|part| part.trim().strip_prefix("shared "))?;
    shared.split(' ').find_map(|word| word.strip_prefix(kind))?.parse().ok()
}

/// `  ->  Index Scan using i on t o  (cost=…` → how deep, and `Index Scan using i`; of a scan without an index, its table.
fn node(line: &str) -> Option<Node> {
    let (head, _) = line.split_once("  (cost=")?;
    let depth = head.len() - head.trim_start().len();
    let name = head.trim_start().strip_prefix("->").unwrap_or(head).trim();
    let name = match name.split_once(" on ") {
        Some((with_index, _)) if with_index.contains(" using ") => with_index,
        // The table without its alias.
        Some((scan, table)) => {
            let table = table.split(' ').next().unwrap_or(table);
            return Some(Node { depth, name: format!("{scan} on {table}") });
        }
        None => name,
    };
    Some(Node { depth, name: name.to_owned() })
}

/// The tree from its leaves up: `a → b`, and where several meet `(a + b) → c`.
fn in_one_line(nodes: &[Node]) -> String {
    let Some((root, below)) = nodes.split_first() else { return String::new() };
    let mut children = Vec::new();
    let mut rest = below;
    while let Some((first, others)) = rest.split_first() {
        // What is deeper and follows is part of the child; a sub-plan stands deeper than its siblings, and before them.
        let length = 1 + others.iter().take_while(|node| node.depth > first.depth).count();
        children.push(in_one_line(&rest[..length]));
        rest = &rest[length..];
    }
    match children.as_slice() {
        [] => root.name.clone(),
        [only] => format!("{only} → {}", root.name),
        several => format!("({}) → {}", several.join(" + "), root.name),
    }
}

#[cfg(test)]
mod tests {
    use super::PlanFigures;

    fn read(text: &str) -> PlanFigures {
        PlanFigures::read(&text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn nodes_times_and_buffers_are_read_from_the_text() {
        let figures = read(
            "Sort  (cost=16.54..16.55 rows=4 width=40) (actual time=0.210..0.215 rows=12 loops=1)
  Sort Key: o.id
  Sort Method: quicksort  Memory: 25kB
  Buffers: shared hit=41 read=3, temp read=7 written=7
  ->  Nested Loop  (cost=0.71..16.50 rows=4 width=40) (actual time=0.030..0.190 rows=12 loops=1)
        Buffers: shared hit=40 read=3
        ->  Limit  (cost=0.29..8.10 rows=2 width=8) (actual time=0.010..0.020 rows=2 loops=1)
              Buffers: shared hit=3
              ->  Index Scan using users_org_id_idx on users u_1  (cost=0.29..8.30 rows=2 width=8) (actual rows=2 loops=1)
                    Index Cond: (org_id = 17)
        ->  Seq Scan on orders o  (cost=0.42..4.20 rows=2 width=16) (actual time=0.010..0.080 rows=6 loops=2)
              Filter: (user_id = u.id)
Planning:
  Buffers: shared hit=120
Planning Time: 0.310 ms
Execution Time: 0.245 ms",
        );
        assert_eq!(
            figures.nodes.as_deref(),
            Some("(Index Scan using users_org_id_idx → Limit + Seq Scan on orders) → Nested Loop → Sort")
        );
        assert_eq!(figures.node_names.len(), 5);
        assert_eq!((figures.shared_hit, figures.shared_read), (Some(41), Some(3)));
        assert_eq!((figures.execution_us, figures.planning_us), (Some(245.0), Some(310.0)));
    }

    #[test]
    fn nodes_beside_the_tree_belong_to_the_one_above() {
        let figures = read(
            "Result  (cost=1.00..1.01 rows=1 width=4)
  InitPlan 1 (returns $0)
    ->  Index Only Scan Backward using t_pkey on t  (cost=0.29..8.30 rows=1 width=8)
  ->  Bitmap Heap Scan on t t_1  (cost=0.29..8.30 rows=1 width=8)
        ->  Bitmap Index Scan on t_a  (cost=0.00..4.30 rows=1 width=0)",
        );
        // An init plan stands deeper than the child beside it, and before it.
        let nodes = figures.nodes.expect("nodes");
        for name in ["Index Only Scan Backward using t_pkey", "Bitmap Index Scan on t_a → Bitmap Heap Scan on t"] {
            assert!(nodes.contains(name), "{nodes}");
        }
        assert!(nodes.ends_with(") → Result"), "{nodes}");
        assert_eq!((figures.execution_us, figures.shared_hit), (None, None), "what was not executed has no figures");
    }

    #[test]
    fn what_is_worded_otherwise_has_no_figures() {
        assert_eq!(read("distribution: local\nvectorized: true\n• scan\n  table: t@t_pkey"), PlanFigures::default());
        assert_eq!(read(""), PlanFigures::default());
    }

    #[test]
    fn a_statement_that_needs_no_page_has_zero_of_them() {
        let figures = read(
            "Result  (cost=0.00..0.01 rows=1 width=4) (actual time=0.001..0.001 rows=1 loops=1)\nPlanning Time: 0.010 ms\nExecution Time: 0.005 ms",
        );
        assert_eq!((figures.shared_hit, figures.shared_read), (Some(0), Some(0)));
    }
}
