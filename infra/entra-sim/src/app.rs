//! What every handler shares: the site's addresses, the tenant, and what is under way.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;

use crate::clock::Now;
use crate::directory::{Directory, DirectoryError};
use crate::storage::Folder;

/// The name of the tenant's file in the data folder.
pub(crate) const DIRECTORY_FILE: &str = "entra.json";

/// The addresses of the simulator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    pub(crate) port: u16,
}

impl Site {
    /// The address that stands for `login.microsoftonline.com`.
    pub(crate) fn url(self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The address that stands for the portal where a sign-in ends.
    pub(crate) fn portal_url(self) -> String {
        format!("http://portal.localhost:{}", self.port)
    }

    /// The assertion consumer service.
    pub(crate) fn login_srf_url(self) -> String {
        format!("{}/login.srf", self.url())
    }
}

/// The state of one simulator.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) site: Site,
    folder: Option<Folder>,
    directory: Mutex<Directory>,
}

impl App {
    pub(crate) fn new(site: Site, folder: Option<Folder>, directory: Directory) -> Self {
        Self { site, folder, directory: Mutex::new(directory) }
    }

    /// Looks at the tenant.
    pub(crate) fn directory(&self) -> MutexGuard<'_, Directory> {
        hold(&self.directory)
    }

    /// Changes the tenant: on disk first, then in memory, or not at all.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Directory) -> Result<T, DirectoryError>,
    ) -> Result<T, DirectoryError> {
        let mut directory = self.directory();
        let mut changed = directory.clone();
        let outcome = change(&mut changed)?;
        if let Some(folder) = &self.folder {
            let json = serde_json::to_vec_pretty(&changed)
                .map_err(|error| DirectoryError::Save(error.into()))?;
            folder.write(DIRECTORY_FILE, &json).map_err(DirectoryError::Save)?;
        }
        *directory = changed;
        Ok(outcome)
    }

    /// Reads the simulator's clock.
    pub(crate) fn now(&self) -> Now {
        Now::read(SignedDuration::from_secs(self.directory().clock_offset_seconds))
    }
}

/// Locks, also after a handler panicked: every change is made of whole steps.
pub(crate) fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
