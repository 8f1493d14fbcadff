//! Files laid over others: what holds, and what is said about chains that lead nowhere.

use std::fs;
use std::path::PathBuf;

use super::super::{Overrides, Problems, load};
use super::{SMALL, compile, rendered};
use crate::workload::plan::{LoadPlan, Plan};

/// Files in a folder of their own; the first is the one that is loaded.
struct Files(tempfile::TempDir);

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load(&self, name: &str) -> Result<Plan, Problems> {
        load(&self.path(name), &Overrides::default())
    }

    fn ok(&self, name: &str) -> Plan {
        match self.load(name) {
            Ok(plan) => plan,
            Err(problems) => panic!("{}", problems.render(false)),
        }
    }

    /// What is said, without the folder's name.
    fn said(&self, name: &str) -> String {
        rendered(self.load(name)).replace(&format!("{}/", self.0.path().display()), "")
    }
}

#[test]
fn the_file_holds_where_both_say_something_and_the_hash_covers_both() {
    let files = Files::new(&[
        (
            "top/w.toml",
            "include = \"../base.toml\"\nname = \"over\"\n[constants]\nlimit = 5\n[load]\nthink = \"1ms\"\n",
        ),
        ("base.toml", &format!("{SMALL}[load]\nrate = 500\narrivals = \"constant\"\n")),
    ]);
    let plan = files.ok("top/w.toml");
    assert_eq!(plan.name, "over");
    assert!(
        matches!(plan.variants[0].load, LoadPlan::Closed { clients: 8, .. }),
        "the later of `think` and `rate` holds"
    );
    assert_eq!(plan.included.len(), 1);
    let origin =
        |key: &str| plan.included_origins.get(key).map(|origin| origin.rsplit('/').next().expect("a name").to_owned());
    assert_eq!(origin("dataset.tables.users.rows").as_deref(), Some("base.toml:5"));
    assert_eq!(origin("params.org").as_deref(), Some("base.toml:11"), "a parameter is one value");
    assert_eq!((origin("constants.limit"), origin("load.think")), (None, None));
    let flat = SMALL.replace("name = \"small\"", "name = \"over\"").replace("limit = 20", "limit = 5");
    let flat = compile(&format!("{flat}[load]\nthink = \"1ms\"\n")).expect("right");
    assert_eq!((&plan.workload_hash, &plan.resolved), (&flat.workload_hash, &flat.resolved), "as if it were one file");
    let base = fs::read_to_string(files.path("base.toml")).expect("there");
    fs::write(files.path("base.toml"), base.replace("LIMIT :limit", "LIMIT 7")).expect("a file");
    assert_ne!(files.ok("top/w.toml").workload_hash, plan.workload_hash);
}

#[test]
fn merging_descends_through_variants_and_replaces_lists_whole() {
    let claim = |text: &str| {
        format!(
            "[[claim]]\nclaim = \"{text}\"\nvariant = \"many\"\nmetric = \"response.p50\"\nratio = {{ at_most = 2.0 }}\n"
        )
    };
    let base = SMALL.replace("many = {}", "many = { load.rate = 50, title = \"Many\" }");
    let files = Files::new(&[
        ("w.toml", &format!("include = \"a/middle.toml\"\n{}", claim("third"))),
        (
            "a/middle.toml",
            "include = \"base.toml\"\n[variants]\nmany = { load.think = \"1ms\" }\nthird = { mix = { one = 1 } }\n",
        ),
        ("a/base.toml", &format!("{base}{}{}", claim("first"), claim("second"))),
    ]);
    let plan = files.ok("w.toml");
    let names: Vec<&str> = plan.variants.iter().map(|variant| variant.name.as_str()).collect();
    assert_eq!(names, ["one", "many", "third"]);
    assert_eq!(plan.variants[1].title.as_deref(), Some("Many"));
    assert!(matches!(plan.variants[1].load, LoadPlan::Closed { .. }));
    assert_eq!(plan.claims.iter().map(|claim| claim.claim.as_str()).collect::<Vec<_>>(), ["third"]);
    assert_eq!(plan.included.len(), 2);
}

#[test]
fn a_csv_file_is_looked_for_beside_the_file_that_names_it() {
    let base = SMALL.replace("[operations.one]", "town = { csv = \"towns.csv\" }\n[operations.one]");
    let base = base.replace("WHERE id = :user\"", "WHERE id = :user AND 'x' <> :town.name::text\"");
    let files = Files::new(&[
        ("w.toml", "include = \"shared/base.toml\"\n"),
        ("shared/base.toml", &base),
        ("shared/towns.csv", "name\nOslo\n"),
    ]);
    files.ok("w.toml");
}

#[test]
fn what_is_wrong_is_said_where_it_stands() {
    let base = SMALL.replace("rows = 1_000", "rows = -1");
    let files = Files::new(&[
        ("missing.toml", "name = \"x\"\ninclude = \"nowhere.toml\"\n[load]\nclinets = 2\n"),
        ("number.toml", "include = 3\n"),
        ("empty.toml", "include = \"\"\n"),
        ("circle.toml", "include = \"half.toml\"\n"),
        ("half.toml", "include = \"circle.toml\"\n"),
        ("itself.toml", "include = \"./itself.toml\"\n"),
        ("inside.toml", "include = \"wrong.toml\"\n[load]\nclients = 0\n"),
        ("wrong.toml", &format!("{base}[run]\nruonds = 2\n")),
        ("syntax.toml", "include = \"broken.toml\"\n"),
        ("broken.toml", "name = \"x\"\n[load\nclients = 2\n"),
        ("steps.toml", "include = \"small.toml\"\noperations.one.steps = [{ sql = \"SELECT 2\" }]\n"),
        ("small.toml", SMALL),
        ("variant.toml", &SMALL.replace("many = {}", "many = { include = \"small.toml\" }")),
    ]);
    let mut said = String::new();
    for name in ["missing", "number", "empty", "circle", "itself", "inside", "syntax", "steps", "variant"] {
        said.push_str(&format!("=== {name}\n{}\n", files.said(&format!("{name}.toml"))));
    }
    insta::assert_snapshot!("included", said);
}

#[test]
fn it_cannot_be_set_from_outside() {
    let said = rendered(super::compile_set(SMALL, &[("include", "other.toml", "--set")]));
    assert!(said.contains("`include` cannot be set from outside"), "{said}");
}
