//! What every handler shares: the site's addresses, the tenant, and what is under way.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Notify;

use crate::clock::Now;
use crate::crowd::Gathered;
use crate::directory::{Directory, DirectoryError};
use crate::graph::{GraphState, Recorder, SUBSCRIPTIONS_FILE, Subscription};
use crate::journal::Journal;
use crate::oauth::access_token::AccessTokens;
use crate::oauth::{OAUTH_FILE, OAuth, Registrations};
use crate::pending::{Pending, Recent, SignOut};
use crate::provisioning::{Job, Provisioner};
use crate::request_key::{Kept, RequestKey, SigningError};
use crate::session::Session;
use crate::storage::Folder;

/// The name of the tenant's file in the data folder.
pub(crate) const DIRECTORY_FILE: &str = "entra.json";

const KEY_FILE: &str = "request-signing-key.der";
const CERTIFICATE_FILE: &str = "request-signing-certificate.der";

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

/// Everything under way, forgotten at a restart.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// Sign-in requests by their RelayState.
    pub(crate) pending: Recent<Pending>,
    /// Accepted assertions by their id.
    pub(crate) seen: Recent<()>,
    /// Ids of sessions by the one-time id that leads to them.
    pub(crate) tickets: Recent<String>,
    /// Sessions of the portal by their id.
    pub(crate) sessions: Recent<Session>,
    /// Sign-out requests by their RelayState.
    pub(crate) sign_outs: Recent<SignOut>,
    pub(crate) journal: Journal,
}

/// The state of one simulator.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) site: Site,
    folder: Option<Folder>,
    directory: Mutex<Directory>,
    flow: Mutex<Flow>,
    request_key: Mutex<Option<RequestKey>>,
    /// What the simulated Graph lets in.
    pub(crate) access_tokens: AccessTokens,
    pub(crate) graph: GraphState,
    /// What writes down what Graph is asked, if anything does.
    pub(crate) recorder: Option<Recorder>,
    /// Said after every change of the tenant.
    pub(crate) changed: Notify,
    subscriptions: Mutex<BTreeMap<String, Subscription>>,
    oauth: Mutex<OAuth>,
    pub(crate) provisioner: Provisioner,
    crowd: Mutex<Gathered>,
}

impl App {
    pub(crate) fn new(
        site: Site,
        folder: Option<Folder>,
        directory: Directory,
        (known, subscriptions): (Registrations, BTreeMap<String, Subscription>),
        job: Job,
    ) -> Self {
        Self {
            site,
            folder,
            directory: Mutex::new(directory),
            flow: Mutex::default(),
            request_key: Mutex::default(),
            access_tokens: AccessTokens::default(),
            graph: GraphState::default(),
            recorder: None,
            changed: Notify::new(),
            subscriptions: Mutex::new(subscriptions),
            oauth: Mutex::new(OAuth::new(known)),
            provisioner: Provisioner::new(job),
            crowd: Mutex::default(),
        }
    }

    /// Looks at the tenant; taken before [`flow`](Self::flow) where both are needed.
    pub(crate) fn directory(&self) -> MutexGuard<'_, Directory> {
        hold(&self.directory)
    }

    /// Looks at the crowd of other tenants; taken last where others are needed.
    pub(crate) fn crowd(&self) -> MutexGuard<'_, Gathered> {
        hold(&self.crowd)
    }

    /// Looks at what is under way.
    pub(crate) fn flow(&self) -> MutexGuard<'_, Flow> {
        hold(&self.flow)
    }

    /// Looks at the OAuth side; taken after [`directory`](Self::directory) where both are needed.
    pub(crate) fn oauth(&self) -> MutexGuard<'_, OAuth> {
        hold(&self.oauth)
    }

    /// Changes what is registered and consented to: on disk first, then in memory, or not at all.
    pub(crate) fn change_registrations(
        &self,
        change: impl FnOnce(&mut Registrations),
    ) -> Result<(), DirectoryError> {
        let mut oauth = self.oauth();
        let mut known = oauth.known.clone();
        change(&mut known);
        self.keep(OAUTH_FILE, &known).map_err(DirectoryError::Save)?;
        oauth.known = known;
        Ok(())
    }

    /// Looks at who hears of changes; taken while nothing else is held.
    pub(crate) fn subscriptions(&self) -> MutexGuard<'_, BTreeMap<String, Subscription>> {
        hold(&self.subscriptions)
    }

    /// Changes who hears of changes: on disk first, then in memory, or not at all.
    pub(crate) fn change_subscriptions(
        &self,
        change: impl FnOnce(&mut BTreeMap<String, Subscription>),
    ) -> io::Result<()> {
        let mut subscriptions = self.subscriptions();
        let mut changed = subscriptions.clone();
        change(&mut changed);
        self.keep(SUBSCRIPTIONS_FILE, &changed)?;
        *subscriptions = changed;
        Ok(())
    }

    /// Changes the tenant: on disk first, then in memory, or not at all.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Directory) -> Result<T, DirectoryError>,
    ) -> Result<T, DirectoryError> {
        let mut directory = self.directory();
        let mut changed = directory.clone();
        let outcome = change(&mut changed)?;
        self.keep(DIRECTORY_FILE, &changed).map_err(DirectoryError::Save)?;
        *directory = changed;
        self.changed.notify_one();
        Ok(outcome)
    }

    /// Writes a file of the data folder, if there is one.
    pub(crate) fn keep(&self, name: &str, content: &impl Serialize) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        folder.write(name, &serde_json::to_vec_pretty(content)?)
    }

    /// Reads the simulator's clock.
    pub(crate) fn now(&self) -> Now {
        Now::read(SignedDuration::from_secs(self.directory().clock_offset_seconds))
    }

    /// Writes to the journal.
    pub(crate) fn note(&self, at: Timestamp, kind: &'static str, details: Value) {
        self.flow().journal.write(at, kind, details);
    }

    /// The key that signs requests, made at its first use and kept in the data folder.
    pub(crate) fn request_key(&self) -> Result<RequestKey, SigningError> {
        let mut key = hold(&self.request_key);
        if let Some(key) = key.as_ref() {
            return Ok(key.clone());
        }
        let found = match self.kept_key()? {
            Some(kept) => RequestKey::restore(kept)?,
            None => {
                let (made, kept) = RequestKey::generate()?;
                self.keep_key(&kept)?;
                made
            }
        };
        Ok(key.insert(found).clone())
    }

    fn kept_key(&self) -> Result<Option<Kept>, SigningError> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let pkcs8 = folder.read(KEY_FILE).map_err(SigningError::new)?;
        let certificate = folder.read(CERTIFICATE_FILE).map_err(SigningError::new)?;
        let both = pkcs8.zip(certificate);
        Ok(both.map(|(pkcs8, certificate)| Kept { pkcs8, certificate }))
    }

    fn keep_key(&self, kept: &Kept) -> Result<(), SigningError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        folder.write(KEY_FILE, &kept.pkcs8).map_err(SigningError::new)?;
        folder.write(CERTIFICATE_FILE, &kept.certificate).map_err(SigningError::new)
    }
}

/// Locks, also after a handler panicked: every change is made of whole steps.
pub(crate) fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
