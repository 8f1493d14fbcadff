//! Copies a stopped server's data folder. On file systems that can (btrfs, XFS), blocks are shared instead of copied.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

use super::account::Account;

/// Opening fails where the last part of the path is a symbolic link.
pub(super) const NO_FOLLOW: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();

/// A cluster has about a thousand files, nearly all of them smaller.
const LARGE_BYTES: u64 = 1024 * 1024;

/// Copies the folder `from` to `to`, which must not exist, except for the files that `skip` takes out. Files and folders
/// belong to `owner` (or to dbbench itself) and keep their permissions. Returns the size in bytes.
pub(super) fn copy_tree(
    from: &Path,
    to: &Path,
    owner: Option<&Account>,
    skip: &dyn Fn(&Path) -> bool,
) -> io::Result<u64> {
    fs::DirBuilder::new().mode(fs::metadata(from)?.mode() & 0o7777).create(to)?;
    let mut bytes = 0;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            bytes += copy_tree(&entry.path(), &target, owner, skip)?;
        } else if kind.is_file() && skip(&entry.path()) {
            continue;
        } else if kind.is_file() {
            bytes += copy_file(&entry.path(), &target, owner)?;
        } else if kind.is_symlink() {
            return Err(io::Error::other(format!("{} is a symbolic link", entry.path().display())));
        }
    }
    if let Some(owner) = owner {
        fchown(File::open(to)?, Some(owner.uid), Some(owner.gid))?;
    }
    Ok(bytes)
}

/// Copies one file to a new one.
pub(super) fn copy_file(from: &Path, to: &Path, owner: Option<&Account>) -> io::Result<u64> {
    // The folder belongs to the servers' user: what it puts a link in place of is not read with dbbench's rights.
    let mut source = OpenOptions::new().read(true).custom_flags(NO_FOLLOW).open(from)?;
    let mode = source.metadata()?.mode() & 0o7777;
    // A new file only: what already is there, such as a link to elsewhere, is not written through.
    let mut target = OpenOptions::new().write(true).create_new(true).mode(mode).open(to)?;
    let bytes = io::copy(&mut source, &mut target)?;
    if let Some(owner) = owner {
        fchown(&target, Some(owner.uid), Some(owner.gid))?;
    }
    Ok(bytes)
}

/// Waits until the contents of the large files below `folder` are on disk: what would else be written out while something
/// is measured. The whole file system is not waited for, since others write to it too.
pub(super) fn flush_large_files(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            flush_large_files(&entry.path())?;
        } else if metadata.is_file() && metadata.len() >= LARGE_BYTES {
            File::open(entry.path())?.sync_data()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn contents_and_permissions_arrive_and_links_are_refused() {
        let root = tempfile::tempdir().expect("a folder");
        let from = root.path().join("from");
        fs::create_dir_all(from.join("base/5")).expect("folders");
        fs::write(from.join("base/5/1259"), vec![7; 100_000]).expect("a file");
        fs::write(from.join("empty"), "").expect("a file");
        fs::set_permissions(from.join("base/5/1259"), fs::Permissions::from_mode(0o600)).expect("permissions");
        fs::set_permissions(&from, fs::Permissions::from_mode(0o700)).expect("permissions");
        let to = root.path().join("to");
        fs::write(from.join("base/skipped"), "x").expect("a file");
        let skip = |path: &Path| path.ends_with("base/skipped");
        assert_eq!(copy_tree(&from, &to, None, &skip).expect("copied"), 100_000);
        assert!(!to.join("base/skipped").exists());
        assert_eq!(fs::read(to.join("base/5/1259")).expect("there"), vec![7; 100_000]);
        let mode = |path: &Path| fs::metadata(path).expect("there").mode() & 0o777;
        assert_eq!((mode(&to.join("base/5/1259")), mode(&to)), (0o600, 0o700));
        symlink("/etc/passwd", from.join("link")).expect("a link");
        assert!(copy_tree(&from, &root.path().join("again"), None, &skip).is_err());
        assert!(copy_file(&from.join("empty"), &to.join("empty"), None).is_err());
        assert!(copy_file(&from.join("link"), &to.join("new"), None).is_err());
    }
}
