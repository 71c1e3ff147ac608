//! The engine's lower floors without a network, on one thread, so that the same bytes always do the same.

use std::{sync::Arc, time::Duration};

use tokio::{
    runtime::{Builder, Runtime},
    task::yield_now,
};

use crate::engine::{
    config::SocketOptions,
    metrics::Metrics,
    shutdown::Tasks,
    transport::{Options, Revision, Transport, Upper, offline::Offline},
};

/// Turns after which every task that had something to do has done it: the longest chain of tasks is half as long.
const TURNS: usize = 8;

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
}

/// A transport that runs until it is dropped.
pub struct Floors {
    tasks: Tasks,
    transport: Arc<Transport>,
}

impl Floors {
    /// A transport under what `upper` makes.
    pub fn new(max_payload: usize, upper: impl FnOnce(&Tasks) -> Arc<dyn Upper>) -> Self {
        RUNTIME.with(|runtime| {
            let _inside = runtime.enter();
            let tasks = Tasks::new(runtime.handle().clone());
            let options = Options {
                socket: SocketOptions {
                    max_http_buffer_size: max_payload as u64,
                    ..SocketOptions::default()
                },
                metrics: Arc::new(Metrics::new(1)),
                connections: 1_000,
                connections_per_address: 0,
                send_buffer: 16 << 20,
                body_timeout: Duration::from_secs(10),
                threads: 1,
            };
            let transport = Transport::start(options, tasks.clone(), upper(&tasks));
            Self { tasks, transport }
        })
    }

    /// A client.
    pub fn client(&self) -> Offline {
        Offline::open(&self.transport)
    }

    /// A client of another revision; `base64`: one that takes no bytes.
    pub fn client_of(&self, revision: Revision, base64: bool) -> Offline {
        Offline::open_as(&self.transport, revision, base64)
    }

    /// Lets the tasks do what there is to do.
    pub fn settle(&self) {
        self.run(async {
            for _ in 0..TURNS {
                yield_now().await;
            }
        });
    }

    /// Runs a future, and the tasks beside it.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        RUNTIME.with(|runtime| runtime.block_on(future))
    }

    /// Stops, as a server does.
    pub fn stop(&self) {
        self.tasks.stop();
        self.transport.close_all();
        self.settle();
        self.run(self.tasks.finish(Duration::ZERO));
        self.transport.abandon();
    }
}

impl Drop for Floors {
    fn drop(&mut self) {
        self.stop();
    }
}
