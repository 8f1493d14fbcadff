//! Two ways to write a file so that a crash leaves something readable: append whole lines, or replace at once.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::error::StoreError;

/// A file that grows by whole lines.
#[derive(Debug)]
pub(super) struct Appended {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Appended {
    /// Creates the file, which must not be there yet, with its first lines.
    pub(super) fn create(path: PathBuf, head: &str) -> Result<Self, StoreError> {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(&path)
            .map_err(|source| StoreError::write(&path, source))?;
        let mut appended = Self { path, file, length: 0 };
        appended.append(head.as_bytes())?;
        Ok(appended)
    }

    /// Appends lines. What could be written of them only in part is taken back, so that the next ones begin a line.
    pub(super) fn append(&mut self, lines: &[u8]) -> Result<(), StoreError> {
        if lines.is_empty() {
            return Ok(());
        }
        self.still_there()?;
        if let Err(source) = self.file.write_all(lines) {
            // The file system refuses more, so taking it back may fail as well; readers leave out a torn last line.
            let _ = self.file.set_len(self.length);
            return Err(StoreError::write(&self.path, source));
        }
        self.length += lines.len() as u64;
        Ok(())
    }

    /// Makes what was appended survive a crash of the machine.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(|source| StoreError::write(&self.path, source))
    }

    /// Writing to a removed file succeeds, and nobody would ever see it.
    fn still_there(&self) -> Result<(), StoreError> {
        match self.file.metadata() {
            Ok(metadata) if metadata.nlink() == 0 => Err(StoreError::Gone(self.path.clone())),
            Ok(_) => Ok(()),
            Err(source) => Err(StoreError::write(&self.path, source)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Writes a file under a temporary name, flushes it and renames it: readers see the old one or the new one, whole.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let failed = |source| StoreError::write(path, source);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    let written = (|| {
        let mut file = File::create(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        // The name itself must survive too.
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    })();
    written.map_err(|source| {
        let _ = std::fs::remove_file(&temporary);
        failed(source)
    })
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::path::PathBuf;

    use super::{Appended, replace};

    #[test]
    fn a_full_disk_is_told_with_file_and_remedy() {
        let file = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let mut full = Appended { path: PathBuf::from("results/x/slices.jsonl"), file, length: 0 };
        let error = full.append(b"line\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot write results/x/slices.jsonl; free space on its file system or choose another with --out; what was \
             written before stays readable"
        );
    }

    #[test]
    fn a_removed_file_is_told_instead_of_written_into_the_void() {
        let dir = tempfile::tempdir().unwrap();
        let mut appended = Appended::create(dir.path().join("slices.jsonl"), "").unwrap();
        appended.append(b"one\n").unwrap();
        std::fs::remove_dir_all(dir.path()).unwrap();
        let error = appended.append(b"two\n").unwrap_err().to_string();
        assert!(error.contains("slices.jsonl was removed during the run"), "{error}");
        let error = replace(&dir.path().join("summary.json"), b"{}").unwrap_err().to_string();
        assert!(error.contains("summary.json; the folder it belongs to is not there"), "{error}");
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_and_leaves_no_other_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("summary.json");
        replace(&path, b"a much longer first version").unwrap();
        replace(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
