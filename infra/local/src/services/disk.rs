//! Files that survive a killed process: whole files replaced at once, and journals.
//!
//! Knows nothing of what is stored.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why state could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The file system refused.
    #[error("{} cannot be read or written", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is there but holds something else than what was written.
    #[error("{} is damaged at line {line}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What the parser said.
        #[source]
        source: serde_json::Error,
    },
}

impl DiskError {
    /// Wraps what the system said about `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// Makes a folder and those above it.
pub(crate) fn make_folder(path: &Path) -> Result<(), DiskError> {
    std::fs::create_dir_all(path).map_err(DiskError::io(path))
}

/// Reads a document that [`write_document`] wrote; `None` when there is none yet.
pub(crate) fn read_document<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, DiskError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(DiskError::io(path)(error)),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|source| DiskError::Damaged {
        path: path.to_owned(),
        line: source.line(),
        source,
    })
}

/// Replaces a document: afterwards the old or the new one is there, never a part.
pub(crate) fn write_document<T: Serialize>(path: &Path, document: &T) -> Result<(), DiskError> {
    let bytes = serde_json::to_vec_pretty(document)
        .map_err(|error| DiskError::io(path)(io::Error::other(error)))?;
    replace(path, &bytes).map(drop).map_err(DiskError::io(path))
}

/// Replaces a file: afterwards the old or the new one is there, never a part.
pub(crate) fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    replace(path, bytes).map(drop).map_err(DiskError::io(path))
}

/// Writes beside, synchronizes, renames; answers the open new file.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let beside = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(file)
}

/// A file of JSON lines that only grows, until it is rewritten.
///
/// A line is handed to the operating system before anything is answered, so a killed process
/// loses nothing that it accepted. (A power cut may lose the last second.) A last line without
/// its end was never accepted and is dropped on opening.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    lines: usize,
}

impl Journal {
    /// Opens or creates the journal and hands every record to `apply`, in order.
    pub(crate) fn open<R: DeserializeOwned>(
        path: PathBuf,
        mut apply: impl FnMut(R),
    ) -> Result<Self, DiskError> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(DiskError::io(&path))?;
        let bytes = std::fs::read(&path).map_err(DiskError::io(&path))?;
        let (mut length, mut lines) = (0, 0);
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let Some(record) = line.strip_suffix(b"\n") else { break };
            lines += 1;
            apply(serde_json::from_slice(record).map_err(|source| DiskError::Damaged {
                path: path.clone(),
                line: lines,
                source,
            })?);
            length += line.len() as u64;
        }
        let journal = Self { path, file, length, lines };
        journal.file.set_len(length).map_err(DiskError::io(&journal.path))?;
        Ok(journal)
    }

    /// How many records the file holds.
    pub(crate) fn lines(&self) -> usize {
        self.lines
    }

    /// Appends `records`, all or none.
    pub(crate) fn append<R: Serialize>(&mut self, records: &[R]) -> Result<(), DiskError> {
        if records.is_empty() {
            return Ok(());
        }
        let written = lines_of(records).and_then(|bytes| {
            self.file.write_all(&bytes)?;
            Ok(bytes.len() as u64)
        });
        match written {
            Ok(bytes) => {
                self.length += bytes;
                self.lines += records.len();
                Ok(())
            }
            Err(error) => {
                // A part of the line may be in the file: the next one must not be glued to it.
                self.file.set_len(self.length).map_err(DiskError::io(&self.path))?;
                Err(DiskError::io(&self.path)(error))
            }
        }
    }

    /// Replaces the whole file by `records`.
    pub(crate) fn rewrite<R: Serialize>(&mut self, records: &[R]) -> Result<(), DiskError> {
        let rewritten = lines_of(records).and_then(|bytes| {
            replace(&self.path, &bytes)?;
            let file = OpenOptions::new().append(true).open(&self.path)?;
            Ok((file, bytes.len() as u64))
        });
        let (file, length) = rewritten.map_err(DiskError::io(&self.path))?;
        self.file = file;
        self.length = length;
        self.lines = records.len();
        Ok(())
    }
}

fn lines_of<R: Serialize>(records: &[R]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for record in records {
        serde_json::to_writer(&mut bytes, record)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn read(path: &Path) -> Result<(Vec<u32>, Journal), DiskError> {
        let mut records = Vec::new();
        let journal = Journal::open(path.to_owned(), |record: u32| records.push(record))?;
        Ok((records, journal))
    }

    #[test]
    fn a_journal_gives_back_what_was_appended_and_forgets_a_torn_last_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers.journal");
        let (_, mut journal) = read(&path).unwrap();
        journal.append(&[1, 2]).unwrap();
        journal.append(&[3]).unwrap();
        drop(journal);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"4").unwrap();

        let (records, mut journal) = read(&path).unwrap();
        assert_eq!(records, [1, 2, 3]);

        journal.append(&[5]).unwrap();
        assert_eq!(read(&path).unwrap().0, [1, 2, 3, 5]);
    }

    #[test]
    fn a_rewritten_journal_can_be_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers.journal");
        let (_, mut journal) = read(&path).unwrap();
        journal.append(&[1, 2, 3]).unwrap();
        journal.rewrite(&[3]).unwrap();
        journal.append(&[4]).unwrap();

        let (records, journal) = read(&path).unwrap();
        assert_eq!(records, [3, 4]);
        assert_eq!(journal.lines(), 2);
    }

    #[test]
    fn a_damaged_line_is_an_error_that_names_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers.journal");
        std::fs::write(&path, "1\nx\n3\n").unwrap();

        let error = read(&path).unwrap_err().to_string();

        assert_eq!(error, format!("{} is damaged at line 2", path.display()));
    }

    #[test]
    fn a_damaged_document_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document.json");
        assert_eq!(read_document::<u32>(&path).unwrap(), None);

        write_document(&path, &7).unwrap();
        assert_eq!(read_document::<u32>(&path).unwrap(), Some(7));

        std::fs::write(&path, "{").unwrap();
        let error = read_document::<u32>(&path).unwrap_err().to_string();
        assert_eq!(error, format!("{} is damaged at line 1", path.display()));
    }
}
