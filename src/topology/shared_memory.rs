//! Shared memory objects, which outlive a server that was killed.
//!
//! A server that ends by itself removes them. Of one that cannot, only the object that its postmaster has mapped from the
//! start can be known for certain; in it stand the numbers of all others, and a number in the name makes them findable.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const FOLDER: &str = "/dev/shm";
const PREFIX: &str = "PostgreSQL.";

/// Names of the objects that a process has mapped.
pub(super) fn mapped_by(pid: i32) -> Vec<String> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let paths = maps.lines().filter_map(|line| line.split_whitespace().nth(5)?.strip_prefix(FOLDER)?.strip_prefix('/'));
    let mut names: Vec<String> = paths.filter(|name| number_of(name).is_some()).map(str::to_owned).collect();
    names.dedup();
    names
}

/// Removes the objects named by lines of `names`, and those whose numbers stand in them, as far as they still exist and
/// belong to user `owner`: whoever wrote the names can have only his own removed.
pub(super) fn remove(names: &str, owner: u32) {
    remove_in(Path::new(FOLDER), names, owner);
}

fn remove_in(folder: &Path, names: &str, owner: u32) {
    let is_of_owner = |path: &Path| fs::symlink_metadata(path).is_ok_and(|metadata| metadata.uid() == owner);
    for name in names.lines().filter(|name| number_of(name).is_some()) {
        let directory = folder.join(name);
        if !is_of_owner(&directory) {
            continue;
        }
        let Ok(content) = fs::read(&directory) else { continue };
        let words = content.chunks_exact(4).map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]]));
        let numbers: HashSet<u32> = words.filter(|word| *word != 0).collect();
        for (path, number) in objects_in(folder) {
            if numbers.contains(&number) && is_of_owner(&path) {
                let _ = fs::remove_file(path);
            }
        }
        // Last, since through it the others are found.
        let _ = fs::remove_file(directory);
    }
}

fn objects_in(folder: &Path) -> Vec<(PathBuf, u32)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.path(), number_of(entry.file_name().to_str()?)?))).collect()
}

fn number_of(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_servers_object_lists_goes_and_that_of_others_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let mut content = vec![0; 64];
        content[16..20].copy_from_slice(&77_000_001u32.to_ne_bytes());
        fs::write(path("PostgreSQL.5"), content).expect("a file");
        for name in ["PostgreSQL.77000001", "PostgreSQL.77000002", "other"] {
            fs::write(path(name), "").expect("a file");
        }
        let names = "PostgreSQL.5\n../other\nother\nPostgreSQL.6";
        let me = rustix::process::geteuid().as_raw();
        remove_in(folder.path(), names, me + 1);
        assert!(path("PostgreSQL.5").exists(), "of another user");
        remove_in(folder.path(), names, me);
        let left =
            ["PostgreSQL.5", "PostgreSQL.77000001", "PostgreSQL.77000002", "other"].map(|name| path(name).exists());
        assert_eq!(left, [false, false, true, true]);
    }
}
