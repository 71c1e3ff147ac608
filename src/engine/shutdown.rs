//! Every task has an owner that stops it.

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
    task::{Poll, Waker},
    time::Duration,
};

use slab::Slab;
use tokio::{runtime::Handle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::lock::lock;

/// The tasks of a running server: spawned here, stopped here, waited for here.
#[derive(Clone, Debug)]
pub struct Tasks {
    handle: Handle,
    tracker: TaskTracker,
    phase: Arc<Phase>,
    /// Fired when the server begins to stop: nothing new is taken on.
    stopping: CancellationToken,
}

/// How far the server is with stopping.
///
/// A task asks with one load each time it runs, and is woken for each change: a token, which is two mutexes that all tasks share,
/// would be asked for every packet of every connection.
#[derive(Debug, Default)]
struct Phase {
    now: AtomicU8,
    /// A std mutex: held to put in or take out one, or all.
    tasks: Mutex<Slab<Waker>>,
}

/// How long a duty rests that panicked.
const RESTART: Duration = Duration::from_millis(10);
/// Nothing new is taken on.
const STOPPING: u8 = 1;
/// Time is up: everything ends where it is.
const KILLED: u8 = 2;

impl Phase {
    fn is(&self, phase: u8) -> bool {
        self.now.load(Ordering::SeqCst) >= phase
    }

    fn enter(&self, phase: u8) {
        if self.now.fetch_max(phase, Ordering::SeqCst) >= phase {
            return;
        }
        let tasks: Vec<Waker> = lock(&self.tasks).iter().map(|(_, waker)| waker.clone()).collect();
        tasks.into_iter().for_each(Waker::wake);
    }
}

/// A task that is woken when the phase changes.
struct Registered {
    phase: Arc<Phase>,
    key: usize,
}

impl Drop for Registered {
    fn drop(&mut self) {
        lock(&self.phase.tasks).try_remove(self.key);
    }
}

impl Tasks {
    /// Tasks on the given runtime.
    pub fn new(handle: Handle) -> Self {
        Self {
            handle,
            tracker: TaskTracker::new(),
            phase: Arc::default(),
            stopping: CancellationToken::new(),
        }
    }

    /// Runs a task until it ends or the server is killed. Callable from any thread.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let phase = self.phase.clone();
        // Boxed: a future around another one holds it twice, as what it was given and as what it awaits.
        let mut task = Box::pin(task);
        self.tracker.spawn_on(
            async move {
                let mut registered = None;
                poll_fn(|context| {
                    // A task has the same waker as long as it lives.
                    registered.get_or_insert_with(|| Registered {
                        key: lock(&phase.tasks).insert(context.waker().clone()),
                        phase: phase.clone(),
                    });
                    if phase.is(KILLED) { Poll::Ready(()) } else { task.as_mut().poll(context) }
                })
                .await;
            },
            &self.handle,
        );
    }

    /// Runs a task that ends by itself and without waiting for anything, also when the server is killed: nothing else would do what it does.
    pub fn spawn_to_end(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn_on(task, &self.handle);
    }

    /// Keeps a duty of the server's going: one that panics begins again, and `failed` says so. It ends when it returns, and when the server
    /// stops.
    pub fn keep<F: Future<Output = ()> + Send + 'static>(
        &self,
        failed: impl Fn(&str) + Send + 'static,
        mut duty: impl FnMut() -> F + Send + 'static,
    ) {
        let owner = self.clone();
        self.spawn(async move {
            loop {
                let survived = tokio::select! {
                    survived = survive(duty()) => survived,
                    () = owner.stopping() => return,
                };
                let Err(panic) = survived else { return };
                failed(&panic);
                // One that always panics does not keep a thread busy.
                tokio::time::sleep(RESTART).await;
            }
        });
    }

    /// Resolves when the server begins to stop.
    pub async fn stopping(&self) {
        self.stopping.cancelled().await;
    }

    /// The same for what runs often, and is a task of this owner's or polled by one with its own waker: nobody else is woken.
    pub async fn stopping_in_task(&self) {
        poll_fn(|_| if self.is_stopping() { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// Whether the server has begun to stop.
    pub fn is_stopping(&self) -> bool {
        self.phase.is(STOPPING)
    }

    /// Begins to stop.
    pub fn stop(&self) {
        self.phase.enter(STOPPING);
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
        self.phase.enter(KILLED);
        self.tracker.wait().await;
        cut
    }
}

/// Ends as the future does, or with what it said when it panicked.
async fn survive<F: Future<Output = ()>>(future: F) -> Result<(), String> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(words(&*panic))),
        }
    })
    .await
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words").to_owned()
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn tasks_are_told_to_stop_and_then_ended() {
        let tasks = Tasks::new(Handle::current());
        let told = Arc::new(AtomicU8::new(0));
        for _ in 0..20 {
            let (owner, told) = (tasks.clone(), told.clone());
            tasks.spawn(async move {
                owner.stopping_in_task().await;
                told.fetch_add(1, Ordering::SeqCst);
            });
            tasks.spawn(pending());
        }
        tasks.stop();
        while told.load(Ordering::SeqCst) < 20 || tasks.tracker.len() > 20 {
            tokio::task::yield_now().await;
        }
        assert_eq!(tasks.finish(Duration::from_millis(50)).await, 20);
        assert!(lock(&tasks.phase.tasks).is_empty());
        // Too late to begin anything.
        tasks.spawn(pending());
        tasks.tracker.wait().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_duty_that_panics_begins_again_and_says_so() {
        let tasks = Tasks::new(Handle::current());
        let (begun, said) = (Arc::new(AtomicU8::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (counts, says) = (begun.clone(), said.clone());
        tasks.keep(
            move |words| lock(&says).push(words.to_owned()),
            move || {
                let count = counts.fetch_add(1, Ordering::SeqCst);
                async move {
                    tokio::task::yield_now().await;
                    assert!(count > 0, "the first time");
                    pending::<()>().await;
                }
            },
        );
        while begun.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(*lock(&said), ["the first time"]);
        assert_eq!(tasks.finish(Duration::from_secs(5)).await, 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_ends_by_itself_is_not_killed() {
        let tasks = Tasks::new(Handle::current());
        let told = Arc::new(AtomicU8::new(0));
        for _ in 0..100 {
            let told = told.clone();
            tasks.spawn_to_end(async move {
                told.fetch_add(1, Ordering::SeqCst);
            });
        }
        tasks.finish(Duration::ZERO).await;
        assert_eq!(told.load(Ordering::SeqCst), 100);
    }
}
