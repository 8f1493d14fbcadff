//! Puts the committed workloads into the program: every file below `workloads/`, so that a new one needs no list.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    // A folder is watched with all that comes and goes in it.
    println!("cargo::rerun-if-changed=workloads");
    println!("cargo::rerun-if-changed=build.rs");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut files = Vec::new();
    collect(&root.join("workloads"), &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for path in files {
        let name = path.strip_prefix(root.join("workloads")).unwrap_or(&path).display().to_string();
        // Formatting into a text cannot fail.
        let _ = writeln!(table, "    ({name:?}, include_str!({:?})),", path.display().to_string());
    }
    table.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("catalogue.rs"), table)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "toml" || extension == "csv") {
            files.push(path);
        }
    }
    Ok(())
}
