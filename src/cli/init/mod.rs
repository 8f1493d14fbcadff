//! `dbbench init`: a workload to begin with. A starter, a copy of one of the catalogue, or one that reads the tables of a
//! server. Never overwrites a file.

mod tables;
mod write;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::args::InitArgs;
use super::catalogue::Catalogue;
use super::failure::Failure;
use super::run::refused;
use crate::driver::Control;
use crate::driver::conninfo::{self, Outside};
use crate::topology;
use crate::words::{ExitCode, redacted_target};

const STARTER: &str = include_str!("starter.toml");

/// Writes a file and says what to do with it.
///
/// # Errors
/// When a file of that name is there, when it cannot be written, or when the server has nothing to read.
pub fn init(args: &InitArgs) -> Result<ExitCode, Failure> {
    let (path, next) = match (&args.from, &args.target) {
        (Some(name), _) => copied(args, name)?,
        (None, Some(target)) => of_target(args, target)?,
        (None, None) => {
            let path = path_of(args.file.as_deref(), "starter");
            let name = name_of(&path);
            write(&path, &STARTER.replacen("name  = \"starter\"", &format!("name  = \"{name}\""), 1))?;
            let next = format!("dbbench run {}", path.display());
            (path, next)
        }
    };
    anstream::println!("{}", path.display());
    anstream::eprintln!("next: {next}");
    Ok(ExitCode::Done)
}

/// A workload of the catalogue, with the files that it needs.
fn copied(args: &InitArgs, name: &str) -> Result<(PathBuf, String), Failure> {
    let parts = Catalogue::open()?.parts(name)?;
    let own = PathBuf::from(format!("{name}.toml"));
    let path = path_of(args.file.as_deref(), name);
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let place = |part: &Path| if part == own { path.clone() } else { folder.join(part) };
    // All or nothing: none is written when one is there.
    if let Some(taken) = parts.iter().map(|part| place(&part.path)).find(|path| path.exists()) {
        return Err(is_there(&taken));
    }
    for part in &parts {
        write(&place(&part.path), part.text)?;
    }
    let next = format!("dbbench run {}", path.display());
    Ok((path, next))
}

/// A workload that reads the tables of a server.
fn of_target(args: &InitArgs, target: &str) -> Result<(PathBuf, String), Failure> {
    let conninfo = conninfo::read(target, &Outside::of_this_process())
        .map_err(|error| Failure::text(ExitCode::Usage, error.to_string()))?;
    if let Some(path) = args.file.as_deref().map(|file| path_of(Some(file), "")).filter(|path| path.exists()) {
        return Err(is_there(&path));
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| Failure::failed(&error))?;
    let found = runtime.block_on(async {
        let mut endpoint = topology::reach(&conninfo).await.map_err(|error| refused(&error))?;
        // Looking must not change anything, nor keep others waiting.
        for (name, value) in
            [("default_transaction_read_only", "on"), ("lock_timeout", "2s"), ("statement_timeout", "30s")]
        {
            endpoint.startup.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            endpoint.startup.push((name.to_owned(), value.to_owned()));
        }
        let control = Control::connect(&endpoint).await.map_err(|error| Failure::failed(&error))?;
        let found = tables::find(&control).await;
        control.close().await;
        found.map_err(|error| Failure::failed(&error))
    })?;
    let path = path_of(args.file.as_deref(), &plain(&found.database));
    let text = write::starter(&name_of(&path), &found).map_err(|write::Nothing| {
        let mut message = format!(
            "the database \"{}\" has no table with a row that this role may read: name another database or role in --target, \
             or let dbbench make tables of its own (`dbbench init`)",
            found.database
        );
        for left in found.left_out.iter().take(5) {
            message.push_str(&format!("\nleft out: {left}"));
        }
        Failure::text(ExitCode::Failed, message)
    })?;
    write(&path, &text)?;
    for left in found.left_out.iter().take(5) {
        anstream::eprintln!("left out: {left}");
    }
    let next = format!("dbbench run {} --target '{}'", path.display(), redacted_target(target));
    Ok((path, next))
}

/// `NAME` means `NAME.toml`; what has a folder or an extension is a path.
fn path_of(given: Option<&str>, otherwise: &str) -> PathBuf {
    let given = given.unwrap_or(otherwise);
    let is_path = given.contains(std::path::MAIN_SEPARATOR) || Path::new(given).extension().is_some();
    if is_path { PathBuf::from(given) } else { PathBuf::from(format!("{given}.toml")) }
}

/// The workload's name: that of the file, in letters that a name may have.
fn name_of(path: &Path) -> String {
    plain(&path.file_stem().unwrap_or_default().to_string_lossy())
}

fn plain(text: &str) -> String {
    let kept = text.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' });
    let name: String = kept.take(64).collect();
    if name.bytes().any(|byte| byte.is_ascii_alphanumeric()) { name } else { "workload".to_owned() }
}

fn is_there(path: &Path) -> Failure {
    Failure::text(
        ExitCode::Usage,
        format!("{} is there already, and nothing is overwritten: name another", path.display()),
    )
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let wrong = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => is_there(path),
        _ => Failure::text(ExitCode::Failed, format!("{} cannot be written: {error}", path.display())),
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(wrong)?;
    }
    let mut file = File::create_new(path).map_err(wrong)?;
    file.write_all(text.as_bytes()).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_files_and_files_names() {
        for (given, path, name) in [
            (Some("orders"), "orders.toml", "orders"),
            (Some("bench/Orders v2.toml"), "bench/Orders v2.toml", "Orders-v2"),
            (Some("é"), "é.toml", "workload"),
            (None, "starter.toml", "starter"),
        ] {
            assert_eq!(path_of(given, "starter"), Path::new(path));
            assert_eq!(name_of(Path::new(path)), name);
        }
    }

    #[test]
    fn the_starter_is_right_and_keeps_its_own_name_line() {
        let plan = crate::workload::compile_text(
            crate::workload::plan::SourceText::new("starter.toml", STARTER),
            &crate::workload::Overrides::default(),
        );
        assert!(plan.is_ok(), "{}", plan.err().map(|problems| problems.render(false)).unwrap_or_default());
        assert_eq!(STARTER.matches("name  = \"starter\"").count(), 1);
    }
}
