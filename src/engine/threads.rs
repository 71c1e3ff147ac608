//! The threads that a running server has.

use std::{
    io,
    sync::Arc,
    thread::{JoinHandle, available_parallelism},
    time::Duration,
};

use tokio::runtime::{Builder, EnterGuard, Handle, Runtime};
use tokio_util::sync::CancellationToken;

const NAME: &str = "dialogue";

/// A runtime and what drives it.
///
/// A single thread has a scheduler of its own, which keeps the order in which sockets became readable: whoever comes first is
/// served first. Several steal from one another, and promise nothing of the kind.
#[derive(Debug)]
pub struct Threads {
    runtime: Arc<Runtime>,
    /// The one thread, and what ends it.
    single: Option<(CancellationToken, JoinHandle<()>)>,
}

impl Threads {
    /// The cores that are available, less the one that the host's own thread needs; at least one.
    pub fn default_count() -> usize {
        available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
    }

    /// So many threads.
    ///
    /// # Errors
    /// The system's own.
    pub fn start(count: usize) -> io::Result<Self> {
        if count > 1 {
            let runtime =
                Builder::new_multi_thread().worker_threads(count).thread_name(NAME).enable_all().build()?;
            return Ok(Self { runtime: Arc::new(runtime), single: None });
        }
        let runtime = Arc::new(Builder::new_current_thread().enable_all().build()?);
        let (driven, end) = (runtime.clone(), CancellationToken::new());
        let until = end.clone();
        let thread = std::thread::Builder::new()
            .name(NAME.to_owned())
            .spawn(move || driven.block_on(until.cancelled()))?;
        Ok(Self { runtime, single: Some((end, thread)) })
    }

    /// For spawning from any thread.
    pub fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Makes this thread one of the runtime's, for what asks for it.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.runtime.enter()
    }

    /// Runs a task from a thread that is none of these, and waits for it.
    pub fn block_on<T>(&self, task: impl Future<Output = T>) -> T {
        self.runtime.block_on(task)
    }

    /// Ends the threads, and waits so long for one that is still in a call.
    pub fn shut_down(self, patience: Duration) {
        if let Some((end, thread)) = self.single {
            end.cancel();
            // It ends with the step that it is in; a panic was reported where it happened.
            let _ = thread.join();
        }
        if let Some(runtime) = Arc::into_inner(self.runtime) {
            runtime.shutdown_timeout(patience);
        }
    }

    /// Ends the threads without waiting: a single one takes the runtime with it.
    pub fn abandon(self) {
        if let Some((end, _)) = self.single {
            end.cancel();
        }
        if let Some(runtime) = Arc::into_inner(self.runtime) {
            runtime.shutdown_background();
        }
    }
}
