//! One client's session: its link, its outbox, and how it ends.

mod heartbeat;
mod polling;
mod upgrade;

use std::{
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use smallvec::smallvec;
use tokio::sync::Notify;

use super::{
    Frame, Frames, Head, Hold, Receiver, Revision, Transport,
    outbox::{Batch, Outbox, Output},
    revision::Dialect,
    seen::Seen,
    stream::Stream,
    told::Told,
    v3,
};
use crate::engine::{
    host::Account,
    ids::Id,
    lock::lock,
    metrics::{Family, Metrics},
    way_out::WayOut,
};

pub use self::polling::PollAnswer;
pub(super) use self::polling::{PollError, Polled};

/// The place of polling, and that of WebSockets, where they are counted apart.
const POLLING: usize = 0;
const WEBSOCKET: usize = 1;

/// Why a session ended, with Engine.IO's own words. In the order in which they are counted.
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
    /// The peer sent a packet that those above cannot read.
    BadPacket,
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
            Self::ForcedClose | Self::BadPacket => "forced close",
            Self::ServerShutdown => "server shutting down",
        }
    }

    /// The WebSocket close code that says it.
    fn code(self) -> u16 {
        match self {
            Self::TransportClose | Self::ForcedClose => 1000,
            Self::PingTimeout | Self::ServerShutdown | Self::TransportError | Self::Stalled => 1001,
            Self::ParseError | Self::BadPacket => 1002,
            Self::InvalidText => 1007,
            Self::TooLarge => 1009,
        }
    }

    /// Whether a polling client may still come for the last words: it was not at fault, or said goodbye itself, and its poll may be
    /// on its way.
    fn has_last_words(self) -> bool {
        matches!(self, Self::ForcedClose | Self::BadPacket | Self::ServerShutdown | Self::TransportClose)
    }

    /// Whether what is still queued is worth sending.
    fn drains(self) -> bool {
        !matches!(self, Self::TransportError | Self::Stalled)
    }
}

/// Why a session is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Too many of its requests wait behind one that is decided.
    Commands = 1,
    /// Too much that it caused waits for the host.
    Events = 2,
    /// Too much waits to be sent to it for what it asks to be answered.
    Outbox = 4,
}

/// How a session reaches its peer.
pub enum Link {
    /// Through requests; `waiting`: one GET is pending, `receiving`: one POST is being read.
    Polling { waiting: bool, receiving: bool },
    /// Through a socket.
    WebSocket(Arc<Stream>),
    /// No longer.
    Gone,
}

impl Link {
    /// Its place where transports are counted apart.
    pub(super) fn part(&self) -> usize {
        if matches!(self, Self::WebSocket(_)) { WEBSOCKET } else { POLLING }
    }
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
}

/// Guards everything that sending, flushing and closing touch.
struct State {
    link: Link,
    /// Its peer takes no bytes over this link: [`Dialect::base64`].
    base64: bool,
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
    /// The host's turn in which something was last sent.
    sent_in: u32,
    /// Bits of [`Pause`].
    paused: u8,
    /// How many hold its output back.
    holds: u32,
    close: Option<Close>,
    /// A poll was answered, and the answer is not out yet. Where it goes is known as soon as it does.
    answering: Option<Weak<WayOut>>,
    /// Number of the last ping, and whether it was answered.
    ping: u32,
    answered: bool,
    /// When a ping that is not answered until then has come to nothing; of version 3: when the peer's own is overdue. On the clock of the
    /// heartbeat.
    expires: Instant,
}

impl State {
    /// Whether what is queued is to stay there.
    fn is_held(&self) -> bool {
        self.holds > 0 && self.close.is_none()
    }
}

/// A session.
///
/// [`Session::send`] only queues; the flusher or a poll takes it from there. Nothing here waits for the peer.
pub struct Session {
    id: Id,
    head: Head,
    revision: Revision,
    transport: Arc<Transport>,
    /// A std mutex: held to queue or take frames, never while writing or calling up.
    state: Mutex<State>,
    /// What messages go to, and is told of the end.
    receiver: Told<Arc<dyn Receiver>>,
    /// Wakes the connection's task or the pending poll.
    wake: Notify,
    /// What it causes the host to be told.
    account: Arc<Account>,
    /// Whether somebody wants to know of its upgrade and its end.
    watched: AtomicBool,
    /// What of it the host has been told. A std mutex: held to change it.
    seen: Mutex<Seen>,
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
    pub(super) fn new(
        transport: &Arc<Transport>,
        id: Id,
        head: Head,
        Dialect { revision, base64 }: Dialect,
        link: Link,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            head,
            revision,
            transport: transport.clone(),
            state: Mutex::new(State {
                link,
                base64,
                upgrade: Upgrade::None,
                outbox: Outbox::default(),
                written: 0,
                marked: false,
                flushing: false,
                blocked: false,
                sent_in: 0,
                paused: 0,
                holds: 0,
                close: None,
                answering: None,
                ping: 0,
                answered: true,
                expires: transport.expiry(),
            }),
            receiver: Told::new(),
            wake: Notify::new(),
            account: Arc::default(),
            watched: AtomicBool::new(false),
            seen: Mutex::default(),
        })
    }

    /// The secret that names the session to its client.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The request that opened it.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The revision of Engine.IO that its client speaks.
    pub fn revision(&self) -> Revision {
        self.revision
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
        state.sent_in = self.transport.turn();
        if !state.outbox.push(frames, self.transport.options.send_buffer) {
            self.close_locked(&mut state, CloseReason::Stalled);
            return false;
        }
        self.deliver_soon(state);
        true
    }

    /// Queues the answer to what the client asked for, as [`Session::send`] does, but it never ends the session: what may be large is made
    /// when there [is room](Session::lacks_room) for it.
    pub fn reply(self: &Arc<Self>, frames: &[Frame]) -> bool {
        let asked: Frames = frames.iter().map(|frame| frame.clone().asked_if(true)).collect();
        self.send(&asked)
    }

    /// Whether more than half of `limits.sendBuffer` waits to be sent. If so, the session is not read until less than a quarter waits, and
    /// [`Session::read_on`] resolves then.
    pub(in crate::engine) fn lacks_room(&self) -> bool {
        let mut state = lock(&self.state);
        if state.close.is_some() || state.outbox.waiting() <= self.transport.options.send_buffer / 2 {
            return false;
        }
        if state.paused & Pause::Outbox as u8 == 0 {
            state.paused |= Pause::Outbox as u8;
            // From now on it has to read, and not to answer pings.
            state.expires = self.transport.expiry();
        }
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

    /// Queues frames as [`Session::send`] does, but only if nothing waits in front of them, nothing was sent before in this turn of the
    /// host's, and the peer can take them now: as Socket.IO's transports, which are ready again when a write came back.
    pub fn send_if_ready(self: &Arc<Self>, frames: &[Frame]) -> bool {
        let ready = {
            let state = lock(&self.state);
            let linked = match state.link {
                Link::WebSocket(_) => !state.blocked && !state.flushing,
                Link::Polling { waiting, .. } => waiting && state.answering.is_none(),
                Link::Gone => false,
            };
            linked && state.outbox.is_empty() && state.sent_in != self.transport.turn()
        };
        ready && self.send(frames)
    }

    /// Stops reading from the peer until [`Session::resume`] for the same reason. Nobody expects it to answer pings meanwhile.
    pub fn pause(&self, why: Pause) {
        lock(&self.state).paused |= why as u8;
    }

    /// Reads on, unless there is another reason not to.
    pub fn resume(self: &Arc<Self>, why: Pause) {
        let mut state = lock(&self.state);
        let was_paused = state.paused != 0;
        state.paused &= !(why as u8);
        if state.paused == 0 {
            state.expires = self.transport.expiry();
            let owes_pong = was_paused && !state.answered;
            drop(state);
            if owes_pong {
                // It is behind what was not read: its time begins again.
                self.transport.heartbeat.ping(self);
            }
        } else {
            drop(state);
        }
        // Its commands may go on, though nothing more is read.
        self.wake.notify_waiters();
    }

    /// What is sent from now on stays in the outbox until this is let go. At most one for each namespace that is being opened.
    pub fn hold(self: &Arc<Self>) -> Hold {
        lock(&self.state).holds += 1;
        Hold::new(self.clone())
    }

    /// A hold is over.
    pub(super) fn let_go(self: &Arc<Self>) {
        let mut state = lock(&self.state);
        state.holds -= 1;
        let unflushed = matches!(&state.link, Link::WebSocket(stream) if !stream.is_flushed());
        // One that is over did not wait for this.
        if state.close.is_none() && (unflushed || !state.outbox.is_empty()) {
            self.deliver_soon(state);
        }
    }

    /// From now on its receiver is told of its upgrade, and the one above of its end. What its transport is now.
    pub fn watch(&self) -> &'static str {
        self.watched.store(true, Ordering::SeqCst);
        self.transport_name()
    }

    /// Whether somebody wants to know of its upgrade and its end.
    pub fn is_watched(&self) -> bool {
        self.watched.load(Ordering::SeqCst)
    }

    /// Notes what of it the host has been told.
    pub(in crate::engine) fn note_seen(&self, change: impl FnOnce(&mut Seen)) {
        lock(&self.seen).change(&self.transport.unlike, change);
    }

    /// What it causes the host to be told.
    pub(in crate::engine) fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// Whether it is not read until the host took what it caused.
    pub(in crate::engine) fn is_held(&self) -> bool {
        self.account.held() != 0
    }

    /// Resolves when the host took what it caused and there is room to answer it, or when it is over.
    pub(in crate::engine) async fn read_on(&self) {
        self.when(|| !self.is_held() && !self.awaits_room() || !self.is_open()).await;
    }

    /// Resolves when there is room to answer it, or when it is over.
    pub(in crate::engine) async fn room(&self) {
        self.when(|| !self.awaits_room() || !self.is_open()).await;
    }

    fn awaits_room(&self) -> bool {
        lock(&self.state).paused & Pause::Outbox as u8 != 0
    }

    /// Resolves when the session is over.
    pub(in crate::engine) async fn over(&self) {
        self.when(|| !self.is_open()).await;
    }

    async fn when(&self, is_so: impl Fn() -> bool) {
        loop {
            let mut woken = pin!(self.wake.notified());
            woken.as_mut().enable();
            if is_so() {
                return;
            }
            woken.await;
        }
    }

    /// Has the receiver say its last words: the server is about to close the session.
    pub fn part_from_all(&self) {
        if let Some(receiver) = self.receiver() {
            receiver.parting();
        }
    }

    pub(super) fn receive_with(&self, receiver: Arc<dyn Receiver>) {
        let late = self.receiver.begin(receiver);
        if let (Some(receiver), Some(reason)) = (late, self.close_reason()) {
            receiver.closed(reason);
        }
    }

    pub(super) fn receiver(&self) -> Option<Arc<dyn Receiver>> {
        self.receiver.receiver()
    }

    pub(super) fn wake(&self) -> &Notify {
        &self.wake
    }

    pub(super) fn transport(&self) -> &Arc<Transport> {
        &self.transport
    }

    // ------------------------------------------------------------------ WebSocket

    pub(super) fn intent(&self) -> Intent {
        let state = lock(&self.state);
        Intent { closing: state.close.is_some(), reads: state.paused == 0, writes: state.blocked }
    }

    /// The socket takes data again.
    pub(super) fn unblock(self: &Arc<Self>) {
        lock(&self.state).blocked = false;
        self.flush();
    }

    /// Writes what is queued, as far as the socket takes it. One thread at a time; what comes meanwhile follows.
    pub(super) fn flush(self: &Arc<Self>) {
        loop {
            let (stream, mut batch, base64) = {
                let mut state = lock(&self.state);
                state.marked = false;
                let Link::WebSocket(stream) = &state.link else { return };
                if state.is_held()
                    || state.flushing
                    || state.blocked
                    || (state.outbox.is_empty() && stream.is_flushed())
                {
                    return;
                }
                let stream = stream.clone();
                let mut batch = Batch::resume(state.written);
                state.flushing = true;
                state.outbox.take(&mut batch);
                (stream, batch, state.base64)
            };
            match self.revision {
                Revision::V3 => batch.replace_binary(|frame| v3::binary_frames(frame, base64)),
                Revision::V4 if base64 => batch.replace_binary(|frame| smallvec![frame.as_text()]),
                Revision::V4 => {}
            }
            let result = batch.write_to(&stream);
            self.count_output(batch.output());
            let mut state = lock(&self.state);
            state.flushing = false;
            state.written = batch.written();
            state.outbox.restore(&mut batch);
            state.outbox.note(self.metrics());
            if state.paused & Pause::Outbox as u8 != 0 {
                if batch.moved() {
                    state.expires = self.transport.expiry();
                }
                if self.has_room_again(&state) {
                    drop(state);
                    self.resume(Pause::Outbox);
                    state = lock(&self.state);
                }
            }
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
                    state.outbox.note(self.metrics());
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
        let flushed = !matches!(&state.link, Link::WebSocket(stream) if !stream.is_flushed());
        state.outbox.is_empty() && !state.flushing && flushed
    }

    /// Whether it ended since its peer does not read.
    pub(super) fn is_stalled(&self) -> bool {
        lock(&self.state).close.as_ref().is_some_and(|close| close.reason == CloseReason::Stalled)
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
        state.outbox.note(self.metrics());
        drop(state);
        self.transport.forget(&self.id);
    }

    /// Where it is counted.
    pub(in crate::engine) fn metrics(&self) -> &Metrics {
        &self.transport.options.metrics
    }

    /// Its socket took this.
    fn count_output(&self, Output { frames, bytes, writes }: Output) {
        if writes == 0 {
            return;
        }
        let metrics = self.metrics();
        metrics.add_part(Family::OutputFrames, WEBSOCKET, frames);
        metrics.add_part(Family::OutputBytes, WEBSOCKET, bytes);
        metrics.add(Family::OutputWrites, writes);
    }

    // ------------------------------------------------------------------ inside

    /// Whether so little waits by now that what waited for room may go on.
    fn has_room_again(&self, state: &State) -> bool {
        state.paused & Pause::Outbox as u8 != 0
            && state.outbox.waiting() <= self.transport.options.send_buffer / 4
    }

    /// Has the flusher or the pending poll take what was queued.
    fn deliver_soon(self: &Arc<Self>, mut state: std::sync::MutexGuard<'_, State>) {
        // What leaves with this turn waits for nobody.
        let waits = state.is_held() || state.blocked || !matches!(state.link, Link::WebSocket(_));
        if waits {
            state.outbox.note(self.metrics());
        }
        if state.is_held() {
            return;
        }
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
        state.close = Some(Close { reason });
        self.metrics().add_part(Family::SessionsClosed, reason as usize, 1);
        self.note_seen(Seen::close);
        if !reason.drains() {
            state.outbox.clear();
            // Nor is anything awaited of one who does not read what it asked for.
            if let Some(way) = state.answering.as_ref().and_then(Weak::upgrade) {
                way.cut_if_blocked();
            }
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
        state.outbox.note(self.metrics());
        self.wake.notify_waiters();
        let session = self.clone();
        self.transport.tasks.spawn_to_end(async move { session.tell_closed() });
    }

    /// Tells the receiver that the session is over, if it is: once, since it lets go of it.
    pub(super) fn tell_closed(&self) {
        let Some(reason) = self.close_reason() else { return };
        if let Some(receiver) = self.receiver.end() {
            receiver.closed(reason);
        }
    }

    fn close_reason(&self) -> Option<CloseReason> {
        lock(&self.state).close.as_ref().map(|close| close.reason)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.outbox.clear();
        state.outbox.note(&self.transport.options.metrics);
    }
}
