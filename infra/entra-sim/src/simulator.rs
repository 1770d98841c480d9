//! Starting, seeding and stopping the simulator in the caller's process.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::app::{App, DIRECTORY_FILE, Site, hold};
use crate::directory::{Directory, DirectoryError};
use crate::federation::{Domain, InternalDomainFederation};
use crate::graph::{self, Recorder, SUBSCRIPTIONS_FILE};
use crate::graph_user::GraphUser;
use crate::oauth::{Application, OAUTH_FILE};
use crate::policy::RootDomains;
use crate::provisioning::{JOB_FILE, Job};
use crate::router::router;
use crate::storage::Folder;

/// How to start the simulator; the default listens on any free port and remembers nothing.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The port on the loopback address, or 0 for any.
    pub port: u16,
    /// The folder that keeps the tenant over a restart, or [`None`] to keep it in memory.
    pub data_dir: Option<PathBuf>,
    /// The tenant's id, a GUID; a tenant found in the folder keeps its own.
    pub tenant_id: String,
    /// The tenant's name; a tenant found in the folder keeps its own.
    pub tenant_name: String,
    /// The tenant's first domain below `onmicrosoft.com`, which stays managed.
    pub initial_domain: String,
    /// The folder where is written down what Graph is asked and says, or [`None`] to write nothing.
    pub exchanges: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 0,
            data_dir: None,
            tenant_id: "6c1d2f3e-8a4b-4c5d-9e6f-0a1b2c3d4e5f".to_owned(),
            tenant_name: "Contoso".to_owned(),
            initial_domain: "contoso.onmicrosoft.com".to_owned(),
            exchanges: None,
        }
    }
}

/// Why the simulator did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Another program listens on the port.
    #[error("port {0} is taken")]
    PortTaken(u16),
    /// The port cannot be listened on for another reason.
    #[error("cannot listen on port {0}")]
    Listen(u16, #[source] io::Error),
    /// A folder cannot be read or made.
    #[error("cannot use the folder {0}")]
    Folder(PathBuf, #[source] io::Error),
    /// A file in the data folder does not hold what it should.
    #[error("the file {0} is damaged")]
    Damaged(PathBuf),
    /// The first state of the tenant cannot be written.
    #[error("the first state of the tenant cannot be saved")]
    Seed(#[source] DirectoryError),
    /// The server's thread or runtime did not start.
    #[error("the server cannot run")]
    Run(#[source] io::Error),
}

/// A running simulator; it stops when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    app: Arc<App>,
    runtime: Handle,
    server: Mutex<Option<Server>>,
}

#[derive(Debug)]
struct Server {
    stop: oneshot::Sender<()>,
    runtime: Handle,
    thread: JoinHandle<()>,
}

impl Simulator {
    /// Listens on the loopback address, loads the tenant and serves from a thread of its own.
    ///
    /// # Errors
    /// [`StartError`] names the port or the file that stood in the way.
    pub fn start(settings: Settings) -> Result<Self, StartError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
        let listener = TcpListener::bind(address).map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => StartError::PortTaken(settings.port),
            _ => StartError::Listen(settings.port, error),
        })?;
        let unusable = |error| StartError::Listen(settings.port, error);
        listener.set_nonblocking(true).map_err(unusable)?;
        let site = Site { port: listener.local_addr().map_err(unusable)?.port() };
        let folder = open(settings.data_dir.as_deref(), Folder::open)?;
        let recorder = open(settings.exchanges.as_deref(), Recorder::open)?;
        let fresh = Directory {
            tenant_id: settings.tenant_id,
            tenant_name: settings.tenant_name,
            ..Directory::default()
        };
        let directory = load(folder.as_ref(), DIRECTORY_FILE)?.unwrap_or(fresh);
        let job: Job = load(folder.as_ref(), JOB_FILE)?.unwrap_or_default();
        let known = load(folder.as_ref(), OAUTH_FILE)?.unwrap_or_default();
        let subscriptions = load(folder.as_ref(), SUBSCRIPTIONS_FILE)?.unwrap_or_default();
        let mut app = App::new(site, folder, directory, (known, subscriptions), job);
        app.recorder = recorder;
        let app = Arc::new(app);
        let initial = Domain { is_default: true, ..Domain::named(&settings.initial_domain) };
        app.change(|directory| {
            directory.domains.entry(initial.id.clone()).or_insert(initial);
            Ok(())
        })
        .map_err(StartError::Seed)?;
        let server = serve(listener, Arc::clone(&app)).map_err(StartError::Run)?;
        Ok(Self { app, runtime: server.runtime.clone(), server: Mutex::new(Some(server)) })
    }

    /// The address that stands for `https://login.microsoftonline.com`.
    #[must_use]
    pub fn url(&self) -> String {
        self.app.site.url()
    }

    /// The address of the portal where a sign-in ends, on another site than [`url`](Self::url).
    #[must_use]
    pub fn portal_url(&self) -> String {
        self.app.site.portal_url()
    }

    /// The reply URL, which stands for `https://login.microsoftonline.com/login.srf`.
    #[must_use]
    pub fn login_srf_url(&self) -> String {
        self.app.site.login_srf_url()
    }

    /// Adds a user, or replaces the one with the same id, and answers what was stored.
    ///
    /// # Errors
    /// A sign-in name or anchor that Graph would refuse, or a full disk.
    pub fn put_user(&self, user: GraphUser) -> Result<GraphUser, DirectoryError> {
        self.app.change(|directory| directory.put_user(user))
    }

    /// The users in the order of their ids.
    #[must_use]
    pub fn users(&self) -> Vec<GraphUser> {
        self.app.directory().users.values().cloned().collect()
    }

    /// Adds or replaces a domain without changing how it signs in.
    ///
    /// # Errors
    /// The change cannot be saved.
    pub fn put_domain(&self, domain: Domain) -> Result<(), DirectoryError> {
        self.app.change(|directory| {
            directory.put_domain(domain);
            Ok(())
        })
    }

    /// Federates a domain, or replaces its configuration, under the rules of Graph.
    ///
    /// # Errors
    /// The domain may not be federated, the issuer is taken, or a certificate or address is bad.
    pub fn federate(
        &self,
        domain: Domain,
        federation: InternalDomainFederation,
    ) -> Result<(), DirectoryError> {
        self.app.change(|directory| directory.federate(domain, federation))
    }

    /// The configuration of a federated domain.
    #[must_use]
    pub fn federation(&self, domain: &str) -> Option<InternalDomainFederation> {
        self.app.directory().federations.get(&domain.to_ascii_lowercase()).cloned()
    }

    /// Makes a federated domain managed again.
    ///
    /// # Errors
    /// The domain is not federated, or the change cannot be saved.
    pub fn unfederate(&self, domain: &str) -> Result<(), DirectoryError> {
        self.app.change(|directory| directory.unfederate(domain))
    }

    /// Sets the federated-token-validation policy.
    ///
    /// # Errors
    /// The change cannot be saved.
    pub fn set_policy(&self, policy: RootDomains) -> Result<(), DirectoryError> {
        self.app.change(|directory| {
            directory.policy = policy;
            Ok(())
        })
    }

    /// Moves the simulator's clock against the machine's, in whole seconds.
    ///
    /// # Errors
    /// The change cannot be saved.
    pub fn set_clock_offset(&self, offset: SignedDuration) -> Result<(), DirectoryError> {
        self.app.change(|directory| {
            directory.clock_offset_seconds = offset.as_secs();
            Ok(())
        })
    }

    /// Registers an application, or changes its registration.
    ///
    /// # Errors
    /// The change cannot be saved.
    pub fn put_application(
        &self,
        client_id: &str,
        application: Application,
    ) -> Result<(), DirectoryError> {
        self.app.change_registrations(|known| {
            known.applications.insert(client_id.to_owned(), application);
        })
    }

    /// Gives a person, or a group, the directory roles of these templates, and no others.
    ///
    /// # Errors
    /// Nobody has the name, or the change cannot be saved.
    pub fn put_directory_roles(
        &self,
        holder: &str,
        templates: &[&str],
    ) -> Result<(), DirectoryError> {
        let id = {
            let directory = self.app.directory();
            let user = directory.user_by_name(holder).map(|user| user.id.clone());
            user.or_else(|| directory.group_named(holder).map(|group| group.id.clone()))
        };
        let id = id.ok_or(DirectoryError::UserUnknown)?;
        let roles = templates.iter().map(|role| (*role).to_owned()).collect();
        self.app.change_registrations(|known| {
            known.roles.insert(id, roles);
        })
    }

    pub(crate) fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The runtime that serves and provisions.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Stops serving and frees the port; a second call does nothing.
    pub fn stop(&self) {
        if let Some(server) = hold(&self.server).take() {
            let _already_gone = server.stop.send(());
            let _panicked = server.thread.join();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Opens a folder, if one was named.
fn open<T>(
    path: Option<&Path>,
    how: impl FnOnce(&Path) -> io::Result<T>,
) -> Result<Option<T>, StartError> {
    let Some(path) = path else { return Ok(None) };
    how(path).map(Some).map_err(|error| StartError::Folder(path.to_owned(), error))
}

/// What a file of the folder holds, or nothing when it was never written.
fn load<T: DeserializeOwned>(folder: Option<&Folder>, name: &str) -> Result<Option<T>, StartError> {
    let Some(folder) = folder else { return Ok(None) };
    let file = folder.file(name);
    let kept = folder.read(name).map_err(|error| StartError::Folder(file.clone(), error))?;
    let Some(json) = kept else { return Ok(None) };
    serde_json::from_slice(&json).map(Some).map_err(|_| StartError::Damaged(file))
}

/// Serves until told to stop; connections that are open then are cut.
fn serve(listener: TcpListener, app: Arc<App>) -> io::Result<Server> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let handle = runtime.handle().clone();
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    let thread = thread::Builder::new().name("entra-sim".to_owned()).spawn(move || {
        runtime.block_on(async move {
            tokio::select! {
                _ = axum::serve(listener, router(Arc::clone(&app))) => {}
                () = graph::deliver(app) => {}
                _ = stopped => {}
            }
        });
    })?;
    Ok(Server { stop, runtime: handle, thread })
}
