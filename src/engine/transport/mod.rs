//! Engine.IO 4, and 3 where that is let in: the only reader and writer of a connection.
//!
//! It owns sessions, their transports (long-polling and WebSocket), the upgrade from one to the other, the heartbeat and the
//! outboxes. It knows bytes and nothing of what they mean, and calls up through [`Upper`] and [`Receiver`].
//! `docs/design/transport.md` says why it is not the server of an existing crate, `docs/design/eio3.md` what version 3 is on it.

mod flush;
mod frame;
mod handshake;
mod heartbeat;
mod hold;
mod marks;
#[cfg(any(test, feature = "fuzzing"))]
pub(in crate::engine) mod offline;
mod outbox;
mod polling;
mod reader;
mod refusal;
mod revision;
mod seen;
mod session;
mod stream;
mod told;
mod upgrade;
mod v3;
mod websocket;

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicIsize, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use socketioxide_core::Str;

pub(in crate::engine) use self::seen::Seen;
use self::{
    flush::{Cork, Flusher},
    heartbeat::Heartbeat,
    revision::Dialect,
};
pub use self::{
    frame::{Frame, Frames},
    handshake::{Admitted, Opening, names_session, wants_websocket},
    hold::Hold,
    refusal::Refused,
    revision::Revision,
    session::{CloseReason, Pause, PollAnswer, Session},
};
use super::{
    clock::{DeadlineQueue, unix_millis},
    config::{SocketOptions, TransportName, ms},
    ids::Id,
    lock::{lock, read, write},
    metrics::{Family, Metrics},
    shutdown::Tasks,
    site::Site,
};

/// How long a closing session waits for its peer: to read what is left, to answer a close frame, to fetch the last poll.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// What stands on the transport.
pub trait Upper: Send + Sync + 'static {
    /// A session was opened. What it returns receives the session's messages.
    fn opened(&self, session: &Arc<Session>) -> Arc<dyn Receiver>;
    /// A session that was [announced](Opening::announce) will not be opened.
    fn abandoned(&self, _session: Id) {}
}

/// Receives what one session's peer sends. Called on the engine's threads; must not block.
pub trait Receiver: Send + Sync + 'static {
    /// A text message.
    fn message(&self, text: Str);
    /// A binary message.
    fn binary(&self, bytes: Bytes);
    /// The session is open, and this receives for it. Called once, before anything else.
    fn begin(&self) {}
    /// The session has another transport. Called where it is [watched](Session::watch).
    fn upgraded(&self) {}
    /// The server is about to close the session: time for last words.
    fn parting(&self) {}
    /// The session is over. Called once; nothing follows.
    fn closed(&self, reason: CloseReason);
}

/// The request that opened a session, as far as anyone may ask for it later.
#[derive(Debug)]
pub struct Head {
    /// Path and query.
    pub url: Box<str>,
    /// The request's headers as a JSON object, names in lower case.
    pub headers: Box<str>,
    /// The peer's address.
    pub address: SocketAddr,
    /// When the session was opened, in Unix milliseconds.
    pub issued: u64,
    /// Whether the request came from a page of another origin.
    pub xdomain: bool,
    /// Whether it came through TLS.
    pub secure: bool,
}

/// Settings of a transport.
#[derive(Clone, Debug)]
pub struct Options {
    /// Socket.IO's own options.
    pub socket: SocketOptions,
    /// Most sessions at a time.
    pub connections: u64,
    /// Most sessions from one address; 0: no bound.
    pub connections_per_address: u64,
    /// Most bytes queued to one session.
    pub send_buffer: usize,
    /// Time within which the body of a POST must be there.
    pub body_timeout: Duration,
    /// Threads that flush outboxes.
    pub threads: usize,
    /// Where it is counted.
    pub metrics: Arc<Metrics>,
}

impl Options {
    fn offers(&self, transport: TransportName) -> bool {
        self.socket.transports.contains(&transport)
    }

    /// From one answered ping to the end of the next one's time.
    fn patience(&self) -> Duration {
        ms(self.socket.ping_interval.saturating_add(self.socket.ping_timeout))
    }

    fn max_payload(&self) -> usize {
        usize::try_from(self.socket.max_http_buffer_size).unwrap_or(usize::MAX)
    }
}

/// The sessions of a running server.
pub struct Transport {
    options: Options,
    tasks: Tasks,
    upper: Arc<dyn Upper>,
    /// By session id. Read at each HTTP request and heartbeat, written when a session begins or ends.
    sessions: RwLock<HashMap<Id, Arc<Session>>>,
    /// What those add to their number that the host has been told otherwise of.
    unlike: AtomicIsize,
    /// Sessions per network, where that is bounded. A std mutex: held to count one up or down.
    addresses: Mutex<HashMap<Site, u64>>,
    flushers: Box<[Flusher]>,
    cork: Cork,
    /// Which turn of the host's it is: grows from 1.
    turn: AtomicU32,
    heartbeat: Heartbeat,
    /// Polling sessions that were closed with something left to fetch.
    parting: DeadlineQueue<Id>,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Transport").field("sessions", &self.count()).finish_non_exhaustive()
    }
}

impl Transport {
    /// Starts the transport's own tasks: heartbeat and flushers.
    pub fn start(options: Options, tasks: Tasks, upper: Arc<dyn Upper>) -> Arc<Self> {
        let transport = Arc::new(Self {
            heartbeat: Heartbeat::new(&options.socket),
            flushers: (0..options.threads.max(1)).map(|_| Flusher::default()).collect(),
            cork: Cork::default(),
            turn: AtomicU32::new(1),
            parting: DeadlineQueue::new(CLOSE_TIMEOUT),
            sessions: RwLock::default(),
            unlike: AtomicIsize::new(0),
            addresses: Mutex::default(),
            options,
            tasks,
            upper,
        });
        for index in 0..transport.flushers.len() {
            transport.keep("flush", move |transport| async move {
                transport.flushers[index].run(&transport.tasks, &transport.options.metrics).await;
            });
        }
        transport.keep("ping", |transport| async move { heartbeat::ping(&transport).await });
        transport.keep("pong", |transport| async move { heartbeat::expire(&transport).await });
        transport.keep("tick", |transport| async move { heartbeat::tick(&transport).await });
        if transport.options.socket.allow_eio3 {
            transport.keep("listen", |transport| async move { heartbeat::listen(&transport).await });
        }
        transport.keep("part", |transport| async move {
            loop {
                let id = tokio::select! {
                    id = transport.parting.next() => id,
                    () = transport.tasks.stopping() => return,
                };
                if let Some(session) = transport.find(&id) {
                    session.part();
                }
            }
        });
        transport
    }

    /// Resolves when the server begins to stop: nothing new is opened.
    pub async fn stopping(&self) {
        self.tasks.stopping().await;
    }

    /// Sessions that are open or parting.
    pub fn count(&self) -> usize {
        read(&self.sessions).len()
    }

    /// Sessions, as the host has been told of the sockets on them.
    pub fn seen(&self) -> usize {
        let sessions = read(&self.sessions);
        sessions.len().saturating_add_signed(self.unlike.load(Ordering::SeqCst))
    }

    /// Does something that sends to many more than once: what one of them gets by it leaves in one write.
    pub fn together<T>(&self, act: impl FnOnce() -> T) -> T {
        struct Out<'a>(&'a Transport);
        impl Drop for Out<'_> {
            fn drop(&mut self) {
                if self.0.cork.take_out() {
                    for flusher in &*self.0.flushers {
                        flusher.wake();
                    }
                }
            }
        }
        self.cork.put_in();
        let _out = Out(self);
        act()
    }

    /// The host begins another turn of its event loop.
    pub fn begin_turn(&self) {
        self.turn.fetch_add(1, Ordering::Relaxed);
    }

    fn turn(&self) -> u32 {
        self.turn.load(Ordering::Relaxed)
    }

    /// Closes every session, so that its client reconnects to whatever comes next.
    pub fn close_all(&self) {
        let sessions: Vec<_> = read(&self.sessions).values().cloned().collect();
        for session in sessions {
            session.close(CloseReason::ServerShutdown);
        }
    }

    /// Lets go of what is left when every task has ended.
    pub fn abandon(&self) {
        let sessions: Vec<_> = write(&self.sessions).drain().map(|(_, session)| session).collect();
        for session in sessions {
            session.unlink();
            session.tell_closed();
        }
        for flusher in &*self.flushers {
            flusher.clear();
        }
    }

    /// Keeps one of the transport's own duties going.
    fn keep<F: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        name: &'static str,
        duty: impl Fn(Arc<Self>) -> F + Send + 'static,
    ) {
        let transport = self.clone();
        let failed = move |panic: &str| tracing::error!("{name} panicked and goes on: {panic}");
        self.tasks.keep(failed, move || duty(transport.clone()));
    }

    /// Whether an address has as many sessions as it may.
    fn is_crowded(&self, address: IpAddr) -> bool {
        let most = self.options.connections_per_address;
        most > 0 && lock(&self.addresses).get(&Site::of(address)).is_some_and(|count| *count >= most)
    }

    fn count_in(&self, address: IpAddr) -> bool {
        let most = self.options.connections_per_address;
        if most == 0 {
            return true;
        }
        let mut addresses = lock(&self.addresses);
        let count = addresses.entry(Site::of(address)).or_default();
        if *count >= most {
            return false;
        }
        *count += 1;
        true
    }

    fn count_out(&self, address: IpAddr) {
        if self.options.connections_per_address == 0 {
            return;
        }
        let mut addresses = lock(&self.addresses);
        let site = Site::of(address);
        if let Some(count) = addresses.get_mut(&site) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&site);
            }
        }
    }

    /// When a session is over whose peer is silent from now on, on the clock of the heartbeat.
    fn expiry(&self) -> Instant {
        self.heartbeat.clock().now() + self.options.patience()
    }

    /// The session with an id.
    pub fn find(&self, id: &Id) -> Option<Arc<Session>> {
        read(&self.sessions).get(id).cloned()
    }

    /// Makes a session. `None`: there is no place for another.
    fn open(
        self: &Arc<Self>,
        opening: Opening,
        head: Head,
        dialect: Dialect,
        link: session::Link,
    ) -> Option<Arc<Session>> {
        if !self.count_in(head.address.ip()) {
            return None;
        }
        let began = link.part();
        let session = Session::new(self, opening.id(), head, dialect, link);
        {
            let mut sessions = write(&self.sessions);
            if sessions.len() as u64 >= self.options.connections || self.tasks.is_stopping() {
                drop(sessions);
                self.count_out(session.head().address.ip());
                return None;
            }
            self.options.metrics.add_part(Family::SessionsOpened, began, 1);
            sessions.insert(session.id(), session.clone());
        }
        if opening.happened() {
            session.watch();
        }
        session.send(&[handshake::open_packet(&session, &self.options)]);
        let receiver = self.upper.opened(&session);
        session.receive_with(receiver.clone());
        self.heartbeat.begin(&session);
        receiver.begin();
        Some(session)
    }

    fn forget(&self, id: &Id) {
        let mut sessions = write(&self.sessions);
        if let Some(session) = sessions.remove(id) {
            session.note_seen(seen::Seen::forget);
            self.count_out(session.head().address.ip());
        }
        if sessions.capacity() > 1_024 && sessions.len() < sessions.capacity() / 8 {
            sessions.shrink_to_fit();
        }
    }
}
