//! The server: composes the floors, runs them, stops them. Nothing imports it.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    runtime::{Builder, Runtime},
    time::{MissedTickBehavior, interval, timeout},
};

use super::{
    client::Client,
    config::{Config, ms},
    connection::{self, Dialogue},
    core::Core,
    host::{Host, Level},
    http,
    ids::Id,
    jwt::Clock,
    lock::lock,
    rooms,
    shutdown::Tasks,
    socketio::{DisconnectReason, Handler, SocketIo},
    transport::{self, Transport},
};

/// How long a stopped runtime waits for a thread that is still in a call.
const RUNTIME_PATIENCE: Duration = Duration::from_secs(1);

/// An engine and, while it is started, its server.
#[derive(Debug)]
pub struct Server {
    core: Arc<Core>,
    /// A std mutex: held while starting and stopping, which exclude each other.
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    runtime: Runtime,
    tasks: Tasks,
    transport: Arc<Transport>,
    address: SocketAddr,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another socket listens there.
    #[error("port {0} is already in use")]
    PortInUse(u16),
    /// It runs already.
    #[error("the server is already running")]
    Running,
    /// The system's own.
    #[error("cannot listen: {0}")]
    Io(#[from] io::Error),
}

impl Server {
    /// An engine without rooms, not started.
    pub fn new(config: Config, host: Arc<dyn Host>) -> Self {
        Self { core: Core::new(config, host), running: Mutex::new(None) }
    }

    /// The same, with a wall clock of one's own for tokens.
    pub fn with_clock(config: Config, host: Arc<dyn Host>, clock: Clock) -> Self {
        Self { core: Core::with_clock(config, host, clock), running: Mutex::new(None) }
    }

    /// The engine's state: rooms, clients, queue.
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Listens, and serves until [`Server::stop`]. Blocks while it binds.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(&self) -> Result<SocketAddr, StartError> {
        let core = self.core.clone();
        self.start_with(Arc::new(Dialogue::new(core)))
    }

    /// As [`Server::start`], with a Socket.IO handler of one's own instead of Dialogue's.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start_with(&self, handler: Arc<dyn Handler>) -> Result<SocketAddr, StartError> {
        let mut running = lock(&self.running);
        if running.is_some() {
            return Err(StartError::Running);
        }
        let started = start(&self.core, |tasks| {
            let socket = &self.core.config.socket;
            let max_payload = usize::try_from(socket.max_http_buffer_size).unwrap_or(usize::MAX);
            SocketIo::start(handler, max_payload, ms(socket.connect_timeout), tasks)
        })?;
        let address = started.address;
        *running = Some(started);
        Ok(address)
    }

    /// As [`Server::start`], with a receiver of bare Engine.IO messages.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start_transport(&self, upper: Arc<dyn transport::Upper>) -> Result<SocketAddr, StartError> {
        let mut running = lock(&self.running);
        if running.is_some() {
            return Err(StartError::Running);
        }
        let started = start(&self.core, |_| upper)?;
        let address = started.address;
        *running = Some(started);
        Ok(address)
    }

    /// Closes every transport, hands history over, ends every task. Blocks until all is gone; returns how many connections
    /// were cut at `limits.drain`. A server that does not run is stopped already.
    pub fn stop(&self) -> usize {
        let Some(Running { runtime, tasks, transport, .. }) = lock(&self.running).take() else { return 0 };
        let drain = ms(self.core.limits().drain);
        let cut = runtime.block_on(async {
            tasks.stop();
            transport.close_all();
            let cut = tasks.finish(drain).await;
            transport.abandon();
            if timeout(drain, rooms::hand_over_all(&self.core)).await.is_err() {
                self.core.log(
                    Level::Error,
                    "stop",
                    "History was still on its way to onCleanup at limits.drain",
                );
            }
            cut
        });
        drop(transport);
        runtime.shutdown_timeout(RUNTIME_PATIENCE);
        cut
    }

    /// The bound address, while the server runs.
    pub fn address(&self) -> Option<SocketAddr> {
        lock(&self.running).as_ref().map(|running| running.address)
    }

    /// Does something that sends to many more than once, so that what one of them gets leaves in one write.
    pub fn together<T>(&self, act: impl FnOnce() -> T) -> T {
        // Never waits: while the server starts or stops, there is nothing to gain.
        let transport =
            self.running.try_lock().ok().and_then(|running| Some(running.as_ref()?.transport.clone()));
        match transport {
            Some(transport) => transport.together(act),
            None => act(),
        }
    }

    /// Transport sessions that are open or about to be gone.
    pub fn sessions(&self) -> usize {
        lock(&self.running).as_ref().map_or(0, |running| running.transport.count())
    }

    /// The host is done with a client's welcome: its commands are handled, those that waited first.
    pub fn client_ready(&self, id: &Id) {
        if let Some(client) = self.core.clients.get(id) {
            connection::ready(&self.core, &client);
        }
    }

    /// The host took note of a client's end: nothing shows it any more. One that is still there stays.
    pub fn client_taken_note_of(&self, client: &Client) {
        if !client.socket().is_connected() {
            self.core.clients.remove(client);
            client.forget_rooms();
        }
    }

    /// Ends a client's socket, and with `close` its connection too. `false`: it was over.
    pub fn disconnect(&self, client: &Arc<Client>, close: bool) -> bool {
        let ended = client.socket().disconnect(close);
        if ended {
            connection::forget(&self.core, client, DisconnectReason::Server);
        }
        ended
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody waits any more; blocking here would block whoever lets go.
        if let Some(Running { runtime, tasks, .. }) = lock(&self.running).take() {
            tasks.stop();
            runtime.shutdown_background();
        }
    }
}

fn start(
    core: &Arc<Core>,
    upper: impl FnOnce(&Tasks) -> Arc<dyn transport::Upper>,
) -> Result<Running, StartError> {
    let config = &core.config;
    let listener = http::bind(config.host.as_deref(), config.port).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => StartError::PortInUse(config.port),
        _ => error.into(),
    })?;
    let address = listener.local_addr()?;
    let threads =
        config.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1);
    let runtime =
        Builder::new_multi_thread().worker_threads(threads).thread_name("dialogue").enable_all().build()?;
    let tasks = Tasks::new(runtime.handle().clone());
    let limits = core.limits();
    let options = transport::Options {
        socket: config.socket.clone(),
        connections: limits.connections,
        connections_per_address: limits.connections_per_address,
        send_buffer: usize::try_from(limits.send_buffer).unwrap_or(usize::MAX),
        body_timeout: ms(limits.handshake_timeout),
        threads,
    };
    let transport = Transport::start(options, tasks.clone(), upper(&tasks));
    let router = http::router(http::Front { core: core.clone(), transport: transport.clone() });
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    tasks.spawn(http::serve(listener, router, ms(limits.handshake_timeout), tasks.clone()));
    let (keeper, owner) = (core.clone(), tasks.clone());
    tasks.spawn(async move {
        tokio::select! {
            () = keep_house(&keeper) => {}
            () = keeper.expire_tickets() => {}
            () = expire_decisions(&keeper) => {}
            () = connection::end_overdue(&keeper) => {}
            () = owner.stopping() => {}
        }
        if let Some(guard) = &keeper.jwt {
            guard.give_up();
        }
    });
    Ok(Running { runtime, tasks, transport, address })
}

/// Ends decisions that the host did not make in time.
async fn expire_decisions(core: &Core) {
    // A quarter of the patience, so that nobody waits much longer than promised.
    let patience = ms(core.limits().hook_timeout);
    let mut look = interval((patience / 4).clamp(Duration::from_millis(5), Duration::from_millis(250)));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        let overdue = core.decisions.expire();
        if overdue > 0 {
            let message = format!(
                "{overdue} decisions were not made in time and count as refused (limits.hookTimeout)"
            );
            core.log(Level::Error, "hooks", message);
        }
    }
}

/// Says once a second what the queue into the host lost.
async fn keep_house(core: &Core) {
    let mut second = interval(Duration::from_secs(1));
    loop {
        second.tick().await;
        let dropped = core.queue.take_dropped();
        if dropped > 0 {
            let message = format!(
                "{dropped} events were not told to afterEach, onTriggered and room.on (limits.hookQueue)"
            );
            core.log(Level::Warn, "queue", message);
        }
    }
}
