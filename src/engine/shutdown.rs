//! Every task has an owner that stops it.

use std::{future::Future, time::Duration};

use tokio::{runtime::Handle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The tasks of a running server: spawned here, stopped here, waited for here.
#[derive(Clone, Debug)]
pub struct Tasks {
    handle: Handle,
    tracker: TaskTracker,
    /// Fired when the server begins to stop: nothing new is taken on.
    stopping: CancellationToken,
    /// Fired when time is up: everything ends where it is.
    killed: CancellationToken,
}

impl Tasks {
    /// Tasks on the given runtime.
    pub fn new(handle: Handle) -> Self {
        Self {
            handle,
            tracker: TaskTracker::new(),
            stopping: CancellationToken::new(),
            killed: CancellationToken::new(),
        }
    }

    /// Runs a task until it ends or the server is killed. Callable from any thread.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let killed = self.killed.clone();
        self.tracker.spawn_on(
            async move {
                tokio::select! {
                    () = task => {}
                    () = killed.cancelled() => {}
                }
            },
            &self.handle,
        );
    }

    /// Resolves when the server begins to stop.
    pub async fn stopping(&self) {
        self.stopping.cancelled().await;
    }

    /// Whether the server has begun to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Begins to stop.
    pub fn stop(&self) {
        self.stopping.cancel();
        self.tracker.close();
    }

    /// Waits for the tasks to end by themselves, then ends the rest; returns how many those were.
    pub async fn finish(&self, patience: Duration) -> usize {
        self.stop();
        if timeout(patience, self.tracker.wait()).await.is_ok() {
            return 0;
        }
        let cut = self.tracker.len();
        self.killed.cancel();
        self.tracker.wait().await;
        cut
    }
}
