//! One client's session: its link, its outbox, and how it ends.

mod polling;
mod upgrade;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{net::TcpStream, sync::Notify};

use super::{
    Frame, Head, Receiver, Transport,
    outbox::{Batch, Outbox},
};
use crate::engine::{ids::Id, lock::lock};

pub(super) use self::polling::PollError;

/// What timers, the client's and ours, are early or late by.
const TIMER_TICK: Duration = Duration::from_millis(3);

/// Why a session ended, with Engine.IO's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer closed its transport.
    TransportClose,
    /// The transport failed.
    TransportError,
    /// The peer did not answer a ping.
    PingTimeout,
    /// The peer sent what is no packet.
    ParseError,
    /// The peer sent a message over the cap.
    TooLarge,
    /// The peer sent text that is no UTF-8.
    InvalidText,
    /// The peer does not read, and its outbox is full.
    Stalled,
    /// The server closed the session.
    ForcedClose,
    /// The server stops.
    ServerShutdown,
}

impl CloseReason {
    /// The reason as Engine.IO names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TransportClose => "transport close",
            Self::TransportError | Self::TooLarge | Self::InvalidText | Self::Stalled => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
            Self::ServerShutdown => "server shutting down",
        }
    }

    /// The WebSocket close code that says it.
    fn code(self) -> u16 {
        match self {
            Self::TransportClose | Self::ForcedClose => 1000,
            Self::PingTimeout | Self::ServerShutdown | Self::TransportError | Self::Stalled => 1001,
            Self::ParseError => 1002,
            Self::InvalidText => 1007,
            Self::TooLarge => 1009,
        }
    }

    /// Whether a polling client may still come for the last words: it was not at fault, or said goodbye itself, and its poll may be
    /// on its way.
    fn has_last_words(self) -> bool {
        matches!(self, Self::ForcedClose | Self::ServerShutdown | Self::TransportClose)
    }

    /// Whether what is still queued is worth sending.
    fn drains(self) -> bool {
        !matches!(self, Self::TransportError | Self::Stalled)
    }
}

/// How a session reaches its peer.
pub enum Link {
    /// Through requests; `waiting`: one GET is pending, `receiving`: one POST is being read.
    Polling { waiting: bool, receiving: bool },
    /// Through a socket.
    WebSocket(Arc<TcpStream>),
    /// No longer.
    Gone,
}

/// A WebSocket that wants to take over a polling session.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Upgrade {
    None,
    /// It is open and has not sent its probe.
    Opened,
    /// Its probe was answered: pending polls are let go, so that the client can switch.
    Probed,
}

struct Close {
    reason: CloseReason,
    /// Set once the session's receiver was told.
    told: bool,
}

/// Guards everything that sending, flushing and closing touch.
struct State {
    link: Link,
    upgrade: Upgrade,
    outbox: Outbox,
    /// Bytes of the outbox's first frame that are already on the wire.
    written: usize,
    /// In a flusher's list.
    marked: bool,
    /// A thread is writing a batch.
    flushing: bool,
    /// The socket takes no more; the connection's own task waits for it.
    blocked: bool,
    paused: bool,
    close: Option<Close>,
    /// Number of the last ping, and whether it was answered.
    ping: u32,
    answered: bool,
    /// When a ping that is not answered until then has come to nothing.
    expires: Instant,
}

/// A session.
///
/// [`Session::send`] only queues; the flusher or a poll takes it from there. Nothing here waits for the peer.
pub struct Session {
    id: Id,
    head: Head,
    transport: Arc<Transport>,
    /// A std mutex: held to queue or take frames, never while writing or calling up.
    state: Mutex<State>,
    /// Whom messages go to; taken when it was told of the end, which also breaks the circle of references.
    receiver: Mutex<Option<Arc<dyn Receiver>>>,
    /// Wakes the connection's task or the pending poll.
    wake: Notify,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The id is a secret.
        out.debug_struct("Session").field("address", &self.head.address).finish_non_exhaustive()
    }
}

/// What the task of a WebSocket should do next.
pub(super) struct Intent {
    pub closing: bool,
    pub reads: bool,
    pub writes: bool,
}

impl Session {
    pub(super) fn new(transport: &Arc<Transport>, head: Head, link: Link) -> Arc<Self> {
        Arc::new(Self {
            id: Id::random(),
            head,
            transport: transport.clone(),
            state: Mutex::new(State {
                link,
                upgrade: Upgrade::None,
                outbox: Outbox::default(),
                written: 0,
                marked: false,
                flushing: false,
                blocked: false,
                paused: false,
                close: None,
                ping: 0,
                answered: true,
                expires: Instant::now() + transport.options.patience(),
            }),
            receiver: Mutex::new(None),
            wake: Notify::new(),
        })
    }

    /// The secret that names the session to its client.
    pub(super) fn id(&self) -> Id {
        self.id
    }

    /// The request that opened it.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// `"polling"` or `"websocket"`.
    pub fn transport_name(&self) -> &'static str {
        match lock(&self.state).link {
            Link::WebSocket(_) => "websocket",
            Link::Polling { .. } | Link::Gone => "polling",
        }
    }

    /// Runs a task until it ends or the server is killed.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.transport.tasks.spawn(task);
    }

    /// Queues the frames of one packet, together. `false`: the session is over, or ends by this, since its peer does not
    /// read. Callable from any thread; never blocks on the peer.
    pub fn send(self: &Arc<Self>, frames: &[Frame]) -> bool {
        let mut state = lock(&self.state);
        if state.close.is_some() {
            return false;
        }
        if !state.outbox.push(frames, self.transport.options.send_buffer) {
            self.close_locked(&mut state, CloseReason::Stalled);
            return false;
        }
        self.deliver_soon(state);
        true
    }

    /// Ends the session. What is queued is still sent where the reason allows; the receiver is told at once, from a task of
    /// its own.
    pub fn close(self: &Arc<Self>, reason: CloseReason) {
        let mut state = lock(&self.state);
        if state.close.is_none() {
            self.close_locked(&mut state, reason);
        }
    }

    /// Whether the session is open.
    pub fn is_open(&self) -> bool {
        lock(&self.state).close.is_none()
    }

    /// Stops reading from the peer until [`Session::resume`].
    pub fn pause(&self) {
        lock(&self.state).paused = true;
    }

    /// Reads on.
    pub fn resume(&self) {
        lock(&self.state).paused = false;
        self.wake.notify_waiters();
    }

    pub(super) fn receive_with(&self, receiver: Arc<dyn Receiver>) {
        *lock(&self.receiver) = Some(receiver);
    }

    pub(super) fn receiver(&self) -> Option<Arc<dyn Receiver>> {
        lock(&self.receiver).clone()
    }

    pub(super) fn wake(&self) -> &Notify {
        &self.wake
    }

    pub(super) fn transport(&self) -> &Arc<Transport> {
        &self.transport
    }

    // ------------------------------------------------------------------ heartbeat

    /// Sends a ping; its number, or `None` where the session is over.
    pub(super) fn ping(self: &Arc<Self>) -> Option<u32> {
        let number = {
            let mut state = lock(&self.state);
            if state.close.is_some() {
                return None;
            }
            state.ping = state.ping.wrapping_add(1);
            state.answered = false;
            state.ping
        };
        self.send(&[Frame::text(&["2"])]).then_some(number)
    }

    /// Whether ping `number` is still unanswered.
    pub(super) fn awaits_pong(&self, number: u32) -> bool {
        let state = lock(&self.state);
        !state.answered && state.ping == number && state.close.is_none()
    }

    /// The peer answered.
    pub(super) fn pong(&self) {
        let mut state = lock(&self.state);
        if !std::mem::replace(&mut state.answered, true) {
            state.expires = Instant::now() + self.transport.options.patience();
            drop(state);
            self.transport.heartbeat.begin(self.id);
        }
    }

    /// Ends a session whose time is up and whose timer has not come round to it: a request that comes to the millisecond is late
    /// all the same.
    fn expire_if_due(self: &Arc<Self>) {
        let mut state = lock(&self.state);
        if state.close.is_none() && Instant::now() + TIMER_TICK >= state.expires {
            self.close_locked(&mut state, CloseReason::PingTimeout);
        }
    }

    // ------------------------------------------------------------------ WebSocket

    pub(super) fn intent(&self) -> Intent {
        let state = lock(&self.state);
        Intent { closing: state.close.is_some(), reads: !state.paused, writes: state.blocked }
    }

    /// The socket takes data again.
    pub(super) fn unblock(self: &Arc<Self>) {
        lock(&self.state).blocked = false;
        self.flush();
    }

    /// Writes what is queued, as far as the socket takes it. One thread at a time; what comes meanwhile follows.
    pub(super) fn flush(self: &Arc<Self>) {
        loop {
            let (stream, mut batch) = {
                let mut state = lock(&self.state);
                state.marked = false;
                let Link::WebSocket(stream) = &state.link else { return };
                if state.flushing || state.blocked || state.outbox.is_empty() {
                    return;
                }
                let stream = stream.clone();
                let mut batch = Batch::resume(state.written);
                state.flushing = true;
                state.outbox.take(&mut batch);
                (stream, batch)
            };
            let result = batch.write_to(&stream);
            let mut state = lock(&self.state);
            state.flushing = false;
            state.written = batch.written();
            state.outbox.restore(&mut batch);
            match result {
                // Again, in case something came meanwhile: whoever put it there saw that this thread was at work.
                Ok(true) => {
                    if state.close.is_some() {
                        self.wake.notify_waiters();
                    }
                }
                Ok(false) => {
                    state.blocked = true;
                    self.wake.notify_waiters();
                    return;
                }
                Err(_) => {
                    state.outbox.clear();
                    if state.close.is_none() {
                        self.close_locked(&mut state, CloseReason::TransportError);
                    }
                    self.wake.notify_waiters();
                    return;
                }
            }
        }
    }

    /// Whether everything queued is on the wire.
    pub(super) fn is_drained(&self) -> bool {
        let state = lock(&self.state);
        state.outbox.is_empty() && !state.flushing
    }

    /// Queues a WebSocket pong.
    pub(super) fn websocket_pong(self: &Arc<Self>, payload: &[u8]) {
        self.send(&[Frame::pong(payload)]);
    }

    /// The socket is gone.
    pub(super) fn unlink(&self) {
        let mut state = lock(&self.state);
        state.link = Link::Gone;
        state.outbox.clear();
        drop(state);
        self.transport.forget(&self.id);
    }

    // ------------------------------------------------------------------ inside

    /// Has the flusher or the pending poll take what was queued.
    fn deliver_soon(self: &Arc<Self>, mut state: std::sync::MutexGuard<'_, State>) {
        match &state.link {
            Link::WebSocket(_) => {
                if !state.marked && !state.flushing && !state.blocked {
                    state.marked = true;
                    drop(state);
                    self.flusher().mark(self.clone(), &self.transport.cork);
                }
            }
            Link::Polling { waiting: true, .. } => {
                drop(state);
                self.wake.notify_waiters();
            }
            Link::Polling { .. } | Link::Gone => {}
        }
    }

    fn flusher(&self) -> &super::Flusher {
        let flushers = &self.transport.flushers;
        // Ids are random, so any of their bytes spreads sessions evenly.
        let spread = self.id.as_str().as_bytes().iter().map(|byte| usize::from(*byte)).sum::<usize>();
        &flushers[spread % flushers.len()]
    }

    fn close_locked(self: &Arc<Self>, state: &mut State, reason: CloseReason) {
        state.close = Some(Close { reason, told: false });
        if !reason.drains() {
            state.outbox.clear();
        }
        match &state.link {
            Link::WebSocket(_) => {
                if reason.drains() {
                    state.outbox.push_last(Frame::close(reason.code(), ""));
                }
            }
            Link::Polling { waiting, .. } => {
                // A pending poll is answered now. Without one, a client that still asks finds the last words for a while.
                if !*waiting {
                    if reason.has_last_words() {
                        self.transport.parting.push(self.id);
                    } else {
                        state.link = Link::Gone;
                        state.outbox.clear();
                        self.transport.forget(&self.id);
                    }
                }
            }
            Link::Gone => {}
        }
        self.wake.notify_waiters();
        let session = self.clone();
        self.spawn(async move { session.tell_closed() });
    }

    /// Tells the receiver, once, and lets go of it.
    pub(super) fn tell_closed(&self) {
        let reason = match &mut lock(&self.state).close {
            Some(close) if !close.told => {
                close.told = true;
                close.reason
            }
            _ => return,
        };
        let receiver = lock(&self.receiver).take();
        if let Some(receiver) = receiver {
            receiver.closed(reason);
        }
    }
}
