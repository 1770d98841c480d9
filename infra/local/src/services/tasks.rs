//! Everything that runs in the background, in one place, so that all of it can be ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinSet;

/// The tasks of all services; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Tasks {
    running: Arc<Mutex<Option<JoinSet<()>>>>,
}

impl Tasks {
    /// None yet.
    pub(super) fn new() -> Self {
        Self { running: Arc::new(Mutex::new(Some(JoinSet::new()))) }
    }

    /// Starts a task, unless everything is being ended.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(running) = self.running().as_mut() {
            while running.try_join_next().is_some() {}
            running.spawn(task);
        }
    }

    /// Ends all tasks and waits until they have ended.
    pub(super) async fn end(&self) {
        let running = self.running().take();
        if let Some(mut running) = running {
            running.shutdown().await;
        }
    }

    /// Ends all tasks without waiting.
    pub(super) fn abandon(&self) {
        drop(self.running().take());
    }

    fn running(&self) -> MutexGuard<'_, Option<JoinSet<()>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
