//! The folder that keeps the stack's state.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Data;

/// Held by the one stack that uses the folder; its presence says that the folder is a stack's.
const LOCK: &str = "stack.lock";

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The system refused.
    #[error("the data folder {} cannot be used", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another stack runs with it.
    #[error("the data folder {} is in use by another local stack", .0.display())]
    InUse(PathBuf),
    /// It has a content that no stack made.
    #[error("{} was not made by a local stack and is left alone: name an empty folder", .0.display())]
    Foreign(PathBuf),
}

/// The folder, ours alone until dropped.
pub(super) struct DataFolder {
    path: PathBuf,
    _lock: File,
    temporary: Option<TempDir>,
}

impl DataFolder {
    /// Makes the folder if needed, takes its lock, and empties it if asked to.
    pub(super) fn open(data: &Data) -> Result<Self, DataError> {
        match data {
            Data::Memory => {
                let made = tempfile::Builder::new().prefix("local-stack-").tempdir();
                let folder = made.map_err(failed(Path::new("temporary")))?;
                let path = folder.path().to_owned();
                Ok(Self { _lock: lock(&path)?, path, temporary: Some(folder) })
            }
            Data::Keep(path) => {
                make_ours(path)?;
                Ok(Self { _lock: lock(path)?, path: path.clone(), temporary: None })
            }
            Data::Fresh(path) => {
                make_ours(path)?;
                let lock = lock(path)?;
                empty(path).map_err(failed(path))?;
                Ok(Self { _lock: lock, path: path.clone(), temporary: None })
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the state is wanted at the next start.
    pub(super) fn keeps(&self) -> bool {
        self.temporary.is_none()
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> DataError {
    move |source| DataError::Io { path: path.to_owned(), source }
}

/// The system frees the lock of a killed process.
fn lock(folder: &Path) -> Result<File, DataError> {
    let file = File::create(folder.join(LOCK)).map_err(failed(folder))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(DataError::InUse(folder.to_owned())),
        Err(fs::TryLockError::Error(source)) => Err(failed(folder)(source)),
    }
}

/// A folder with a content that no stack made is left alone, or its lock would call it ours at the
/// next start, for `--fresh` to delete.
fn make_ours(path: &Path) -> Result<(), DataError> {
    fs::create_dir_all(path).map_err(failed(path))?;
    if is_ours_or_empty(path).map_err(failed(path))? {
        Ok(())
    } else {
        Err(DataError::Foreign(path.to_owned()))
    }
}

fn is_ours_or_empty(folder: &Path) -> io::Result<bool> {
    Ok(folder.join(LOCK).exists() || fs::read_dir(folder)?.next().is_none())
}

fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // The lock stays: it is held.
        if entry.file_name() == LOCK {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn two_stacks_never_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let data = Data::Keep(folder.path().to_owned());
        let first = DataFolder::open(&data).unwrap();

        assert!(matches!(DataFolder::open(&data), Err(DataError::InUse(_))));
        drop(first);
        assert!(DataFolder::open(&data).is_ok());
    }

    #[test]
    fn fresh_empties_a_stack_s_folder_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let data = Data::Fresh(folder.path().to_owned());
        drop(DataFolder::open(&data).unwrap());
        fs::create_dir(folder.path().join("services")).unwrap();
        fs::write(folder.path().join("table.sqlite"), "x").unwrap();

        drop(DataFolder::open(&data).unwrap());

        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1);
        fs::remove_file(folder.path().join(LOCK)).unwrap();
        fs::write(folder.path().join("thesis.txt"), "x").unwrap();
        assert!(matches!(DataFolder::open(&data), Err(DataError::Foreign(_))));
        let keep = Data::Keep(folder.path().to_owned());
        assert!(matches!(DataFolder::open(&keep), Err(DataError::Foreign(_))));
        assert!(!folder.path().join(LOCK).exists(), "it is not marked as ours");
        assert!(folder.path().join("thesis.txt").exists());
    }
}
