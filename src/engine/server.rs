//! The server: composes the floors, runs them, stops them. Nothing imports it.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::spawn_blocking,
    time::{interval, timeout},
};

pub use super::http::Behind;
use super::{
    allocator::{self, HighWater},
    client::Client,
    clock::looks,
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
    socketio::{Handler, SocketIo},
    threads::Threads,
    transport::{self, Transport},
};

/// How long a stopped runtime waits for a thread that is still in a call.
const RUNTIME_PATIENCE: Duration = Duration::from_secs(1);

/// An engine and, while it is started, its server.
#[derive(Debug)]
pub struct Server {
    core: Arc<Core>,
    /// A std mutex: held while starting, and to take it out for stopping.
    running: Mutex<Option<Running>>,
    /// What ran is not gone yet: nothing starts beside it, and nobody waits for it with a lock in hand.
    stopping: AtomicBool,
    /// A std mutex: held to read or replace what the next start takes.
    behind: Mutex<Option<Arc<Behind>>>,
}

#[derive(Debug)]
struct Running {
    threads: Threads,
    tasks: Tasks,
    transport: Arc<Transport>,
    door: http::Door,
    address: SocketAddr,
}

/// Where to listen.
#[derive(Clone, Copy)]
struct Place<'a> {
    host: Option<&'a str>,
    port: u16,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another socket listens there.
    #[error("port {0} is already in use")]
    PortInUse(u16),
    /// It runs already, or has not ended yet.
    #[error("the server is already running")]
    Running,
    /// The system's own.
    #[error("cannot listen: {0}")]
    Io(#[from] io::Error),
}

/// How many packets of the transport's one message of Socket.IO's own server has at most: its text and ten attachments.
const SOCKET_IO_PARTS: usize = 11;

impl Server {
    /// An engine without rooms, not started.
    pub fn new(config: Config, host: Arc<dyn Host>) -> Self {
        Self::around(Core::new(config, host))
    }

    /// The same, with a wall clock of one's own for tokens.
    pub fn with_clock(config: Config, host: Arc<dyn Host>, clock: Clock) -> Self {
        Self::around(Core::with_clock(config, host, clock))
    }

    fn around(core: Arc<Core>) -> Self {
        Self { core, running: Mutex::default(), stopping: AtomicBool::new(false), behind: Mutex::default() }
    }

    /// The engine's state: rooms, clients, queue.
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// From its next start on, the server hands what is not Socket.IO's to this one instead of to the host's app.
    pub fn set_behind(&self, behind: Option<Behind>) {
        *lock(&self.behind) = behind.map(Arc::new);
    }

    /// Listens where the configuration says, and serves until [`Server::stop`]. Blocks while it binds.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(&self) -> Result<SocketAddr, StartError> {
        self.start_with(self.dialogue())
    }

    /// As [`Server::start`], on another host and port than the configuration's.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn listen(&self, host: Option<&str>, port: u16) -> Result<SocketAddr, StartError> {
        self.start_at(Place { host, port }, self.dialogue())
    }

    /// As [`Server::start`], with a Socket.IO handler of one's own instead of Dialogue's.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start_with(&self, handler: Arc<dyn Handler>) -> Result<SocketAddr, StartError> {
        self.start_at(self.configured(), handler)
    }

    fn start_at(&self, place: Place<'_>, handler: Arc<dyn Handler>) -> Result<SocketAddr, StartError> {
        self.run(place, |tasks| {
            let socket = &self.core.config.socket;
            let max_payload = usize::try_from(socket.max_http_buffer_size).unwrap_or(usize::MAX);
            // Socket.IO bounds each packet of the transport's, and the parts of a message by their number.
            let max_payload =
                if self.core.config.bare { max_payload.saturating_mul(SOCKET_IO_PARTS) } else { max_payload };
            // Socket.IO's own server waits no longer for what middleware decides.
            let waits = !self.core.config.bare;
            SocketIo::start(handler, max_payload, ms(socket.connect_timeout), waits, tasks)
        })
    }

    fn dialogue(&self) -> Arc<dyn Handler> {
        Arc::new(Dialogue::new(self.core.clone()))
    }

    fn configured(&self) -> Place<'_> {
        Place { host: self.core.config.host.as_deref(), port: self.core.config.port }
    }

    /// As [`Server::start`], with a receiver of bare Engine.IO messages.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start_transport(&self, upper: Arc<dyn transport::Upper>) -> Result<SocketAddr, StartError> {
        self.run(self.configured(), |_| upper)
    }

    fn run(
        &self,
        place: Place<'_>,
        upper: impl FnOnce(&Tasks) -> Arc<dyn transport::Upper>,
    ) -> Result<SocketAddr, StartError> {
        let mut running = lock(&self.running);
        if running.is_some() || self.stopping.load(Ordering::Acquire) {
            return Err(StartError::Running);
        }
        let behind = lock(&self.behind).clone();
        let started = start(&self.core, place, behind, upper)?;
        let address = started.address;
        *running = Some(started);
        Ok(address)
    }

    /// Closes the listening socket before it returns: the port is free for others. Open connections live on until [`Server::stop`].
    pub fn close_listener(&self) {
        if let Some(running) = &*lock(&self.running) {
            running.door.close();
        }
    }

    /// Closes every transport, hands history over, ends every task. Blocks until all is gone; returns how many connections
    /// were cut at `limits.drain`. A server that does not run is stopped already.
    pub fn stop(&self) -> usize {
        let taken = {
            let mut running = lock(&self.running);
            // Under the lock: a start finds one of the two.
            self.stopping.fetch_or(running.is_some(), Ordering::AcqRel);
            running.take()
        };
        let Some(Running { threads, tasks, transport, .. }) = taken else { return 0 };
        let drain = ms(self.core.limits().drain);
        let cut = threads.block_on(async {
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
                rooms::forget_all(&self.core);
            }
            self.core.give_up();
            cut
        });
        drop(transport);
        self.core.exchanges.run_on(None);
        threads.shut_down(RUNTIME_PATIENCE);
        self.stopping.store(false, Ordering::Release);
        cut
    }

    /// The bound address, while the server runs.
    pub fn address(&self) -> Option<SocketAddr> {
        lock(&self.running).as_ref().map(|running| running.address)
    }

    /// The host wants a piece of a request's body.
    pub fn read_request(&self, id: u64) {
        let patience = ms(self.core.limits().handshake_timeout);
        if let Some(exchange) = self.core.exchanges.get(id)
            && let Some(running) = lock(&self.running).as_ref()
        {
            running.tasks.spawn(exchange.read(self.core.clone(), patience));
        }
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

    /// The host begins another turn of its event loop: what is volatile may be sent again to those who got something in the last one.
    pub fn begin_turn(&self) {
        if let Ok(running) = self.running.try_lock()
            && let Some(running) = running.as_ref()
        {
            running.transport.begin_turn();
        }
    }

    /// The transport session with an id.
    pub fn session(&self, id: &Id) -> Option<Arc<transport::Session>> {
        lock(&self.running).as_ref()?.transport.find(id)
    }

    /// Closes every connection; the server goes on.
    pub fn close_all(&self) {
        let transport = lock(&self.running).as_ref().map(|running| running.transport.clone());
        if let Some(transport) = transport {
            transport.close_all();
        }
    }

    /// Transport sessions that are open or about to be gone.
    pub fn sessions(&self) -> usize {
        lock(&self.running).as_ref().map_or(0, |running| running.transport.count())
    }

    /// Transport sessions, as the host has been told of the sockets on them.
    pub fn seen_sessions(&self) -> usize {
        lock(&self.running).as_ref().map_or(0, |running| running.transport.seen())
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
        connection::end_by_server(&self.core, client.socket(), close)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody waits any more; blocking here would block whoever lets go.
        if let Some(Running { threads, tasks, .. }) = lock(&self.running).take() {
            tasks.stop();
            threads.abandon();
        }
    }
}

fn start(
    core: &Arc<Core>,
    place: Place<'_>,
    behind: Option<Arc<Behind>>,
    upper: impl FnOnce(&Tasks) -> Arc<dyn transport::Upper>,
) -> Result<Running, StartError> {
    let config = &core.config;
    let listener = http::bind(place.host, place.port).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => StartError::PortInUse(place.port),
        _ => error.into(),
    })?;
    let address = listener.local_addr()?;
    let count = config.threads.unwrap_or_else(Threads::default_count).max(1);
    let threads = Threads::start(count)?;
    let tasks = Tasks::new(threads.handle().clone());
    let limits = core.limits();
    let options = transport::Options {
        socket: config.socket.clone(),
        connections: limits.connections,
        connections_per_address: limits.connections_per_address,
        send_buffer: usize::try_from(limits.send_buffer).unwrap_or(usize::MAX),
        body_timeout: ms(limits.handshake_timeout),
        threads: count,
        metrics: core.metrics.clone(),
    };
    let transport = Transport::start(options, tasks.clone(), upper(&tasks));
    core.exchanges.run_on(Some(tasks.clone()));
    core.rooms.announcements().clear();
    let routes = http::Routes::new(http::Front { core: core.clone(), transport: transport.clone() });
    let listener = {
        let _inside = threads.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    let door = http::Door::open(listener, routes, behind, core.clone(), &tasks);
    for (name, duty) in DUTIES {
        let (core, keeper) = (core.clone(), core.clone());
        let failed = move |panic: &str| {
            core.log(Level::Error, "engine", format!("{name} panicked, and begins again: {panic}"));
        };
        tasks.keep(failed, move || duty(keeper.clone()));
    }
    let (keeper, owner) = (core.clone(), tasks.clone());
    tasks.spawn(async move {
        owner.stopping().await;
        if let Some(guard) = &keeper.jwt {
            guard.give_up();
        }
    });
    Ok(Running { threads, tasks, transport, door, address })
}

type Duty = fn(Arc<Core>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is done for as long as the server runs, each by a task of its own: what goes wrong with one ends no other.
const DUTIES: [(&str, Duty); 7] = [
    ("housekeeping", |core| Box::pin(async move { keep_house(&core).await })),
    ("the deadline of onLoad", |core| Box::pin(async move { core.expire_tickets().await })),
    ("the deadline of decisions", |core| Box::pin(async move { expire_decisions(&core).await })),
    ("the deadline of introductions", |core| Box::pin(async move { core.introductions.expire().await })),
    ("the deadline of requests", |core| Box::pin(async move { expire_requests(&core).await })),
    ("announcements", |core| Box::pin(async move { rooms::announce(&core).await })),
    ("the end of tokens", |core| Box::pin(async move { connection::end_overdue(&core).await })),
];

/// Ends decisions that the host did not make in time.
async fn expire_decisions(core: &Core) {
    let mut look = looks(ms(core.limits().hook_timeout));
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

/// Gives up requests that the app does not answer: one look at all of them now and then, instead of a timer for each.
async fn expire_requests(core: &Core) {
    let patience = ms(core.limits().http_timeout);
    let mut look = looks(patience);
    loop {
        look.tick().await;
        core.exchanges.expire(patience);
    }
}

/// Once a second: says what the queue into the host lost, and gives back what rooms and clients held that are gone.
async fn keep_house(core: &Core) {
    let mut second = interval(Duration::from_secs(1));
    let mut high_water = HighWater::default();
    loop {
        second.tick().await;
        core.site_connects.sweep();
        let lost = core.queue.take_lost();
        if lost.events > 0 {
            let message = format!(
                "{} events were not told to afterEach, onTriggered and room.on (limits.hookQueue)",
                lost.events
            );
            core.log(Level::Warn, "queue", message);
        }
        if lost.lines > 0 {
            core.log(Level::Warn, "queue", format!("{} lines of this log were lost", lost.lines));
        }
        let (rooms, clients) = (core.rooms.most_and_now(), core.clients.most_and_now());
        if high_water.has_fallen(rooms.0 + clients.0, rooms.1 + clients.1) {
            let _ = spawn_blocking(allocator::give_back).await;
        }
    }
}
