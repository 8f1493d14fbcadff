//! The committed workloads, which are part of the program: found by name, read wherever dbbench is called from.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::failure::Failure;
use crate::words::ExitCode;
use crate::workload::plan::Plan;
use crate::workload::{self, Overrides};

/// Path below `workloads/` → text. Made by `build.rs` from what is there.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// The catalogue as files in a folder of its own, which goes with it: workloads may include and read others.
pub struct Catalogue {
    folder: TempDir,
}

/// A file that a workload needs, itself among them.
pub struct Part {
    /// Path below the catalogue.
    pub path: PathBuf,
    /// Its text.
    pub text: &'static str,
}

impl Catalogue {
    /// Lays it out.
    ///
    /// # Errors
    /// When no temporary folder can be written to.
    pub fn open() -> Result<Self, Failure> {
        let unpack = || -> io::Result<TempDir> {
            let folder = tempfile::tempdir()?;
            for (path, text) in FILES {
                let path = folder.path().join(path);
                std::fs::create_dir_all(path.parent().unwrap_or(folder.path()))?;
                std::fs::write(path, text)?;
            }
            Ok(folder)
        };
        Ok(Self { folder: unpack().map_err(|error| Failure::failed(&error))? })
    }

    /// The plan of a workload.
    ///
    /// # Errors
    /// When no workload has that name.
    pub fn plan(&self, name: &str) -> Result<Plan, Failure> {
        if !names().any(|known| known == name) {
            return Err(unknown(name));
        }
        let path = self.folder.path().join(format!("{name}.toml"));
        // A committed workload that is wrong is a fault of dbbench, which its tests would find first.
        workload::load(&path, &Overrides::default())
            .map_err(|problems| Failure::rendered(ExitCode::Failed, problems.render(false)))
    }

    /// The file of a workload and those that it includes.
    ///
    /// # Errors
    /// When no workload has that name.
    pub fn parts(&self, name: &str) -> Result<Vec<Part>, Failure> {
        let plan = self.plan(name)?;
        let sources = std::iter::once(&plan.source).chain(&plan.included);
        let paths = sources.filter_map(|source| source.path().canonicalize().ok());
        let root = self.folder.path().canonicalize().map_err(|error| Failure::failed(&error))?;
        let below: Vec<PathBuf> =
            paths.filter_map(|path| path.strip_prefix(&root).map(Path::to_path_buf).ok()).collect();
        let found = below.into_iter().filter_map(|path| {
            let (_, text) = FILES.iter().find(|(known, _)| Path::new(known) == path)?;
            Some(Part { path, text })
        });
        Ok(found.collect())
    }
}

/// The names of the workloads: files that stand in `workloads/` itself. Folders below hold what they include.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    FILES.iter().filter_map(|(path, _)| path.strip_suffix(".toml").filter(|name| !name.contains('/')))
}

/// What to do about a file that is not there, where a workload of the catalogue has its name.
pub fn hint(path: &Path) -> Option<String> {
    let stem = path.file_name()?.to_str()?.trim_end_matches(".toml");
    let is_known = !path.exists() && names().any(|name| name == stem);
    is_known.then(|| {
        format!("  = help: the catalogue has a workload of that name: `dbbench init --from {stem}` copies it here\n")
    })
}

fn unknown(name: &str) -> Failure {
    let near = names().min_by_key(|known| strsim::damerau_levenshtein(known, name));
    let near = near.filter(|near| strsim::damerau_levenshtein(near, name) <= 3);
    let hint = near.map_or_else(|| "`dbbench list` shows all".to_owned(), |near| format!("did you mean {near}?"));
    Failure::text(ExitCode::Usage, format!("the catalogue has no workload \"{name}\"; {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_committed_workload_is_in_the_program() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/workloads");
        let there = std::fs::read_dir(folder).expect("the folder").flatten();
        let mut there: Vec<String> =
            there.filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".toml").map(str::to_owned)).collect();
        there.sort();
        let mut known: Vec<&str> = names().collect();
        known.sort_unstable();
        assert_eq!(known, there);
        let catalogue = Catalogue::open().expect("unpacked");
        let parts = catalogue.parts("n-plus-one").unwrap_or_else(|failure| panic!("{}", failure.message));
        assert_eq!(parts.iter().map(|part| part.path.as_path()).collect::<Vec<_>>(), [Path::new("n-plus-one.toml")]);
    }

    #[test]
    fn a_name_that_is_nearly_right_is_corrected() {
        let catalogue = Catalogue::open().expect("unpacked");
        let said = |name: &str| catalogue.plan(name).expect_err("unknown").message;
        assert!(said("n-plus-two").contains("did you mean n-plus-one?"), "{}", said("n-plus-two"));
        assert!(said("something else").contains("dbbench list"));
    }
}
