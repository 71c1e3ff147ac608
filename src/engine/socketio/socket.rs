//! One client in one namespace.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
};

use bytes::Bytes;
use socketioxide_core::Str;

use super::{ack::Acks, packet, v2};
use crate::engine::{
    ids::Id,
    limits::Limits,
    lock::lock,
    payload::Payload,
    rate_limit::EventRate,
    transport::{CloseReason, Frame, Head, Pause, Revision, Session},
};

/// What of a socket's events somebody listens to: bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hearing;

impl Hearing {
    /// The program's own events.
    pub const EVENTS: u8 = 1;
    /// Those too that the engine handles.
    pub const EVERYTHING: u8 = 2;
}

/// An event that nobody listens to yet.
#[derive(Debug)]
pub(in crate::engine) struct Unheard {
    /// The whole array, as it came.
    pub whole: Str,
    /// The attachments of the packet.
    pub attachments: Vec<Bytes>,
    /// Number of the acknowledgement that is asked for.
    pub ack: Option<i64>,
}

/// Why a socket ended, with Socket.IO's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The client left the namespace.
    Client,
    /// The server closed the socket.
    Server,
    /// The connection below ended.
    Transport(CloseReason),
}

impl DisconnectReason {
    /// The reason as Socket.IO names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client namespace disconnect",
            Self::Server => "server namespace disconnect",
            Self::Transport(reason) => reason.as_str(),
        }
    }
}

/// The id of a socket, as its client and the program know it.
#[derive(Clone, PartialEq, Eq)]
pub enum PublicId {
    /// The one that it has.
    Own(Id),
    /// Of a client of Socket.IO 2: its session's, with its namespace unless that is `/`.
    OfSession(Box<str>),
}

impl fmt::Debug for PublicId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A session's is a secret.
        out.write_str("PublicId(…)")
    }
}

impl PublicId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Own(id) => id.as_str(),
            Self::OfSession(text) => text,
        }
    }
}

/// A socket. Its id is public; the session it runs on has another, which is not, unless its client is one of Socket.IO 2.
#[derive(Debug)]
pub struct Socket {
    id: Id,
    nsp: Str,
    session: Arc<Session>,
    connected: AtomicBool,
    /// The client left by itself.
    left: AtomicBool,
    hearing: AtomicU8,
    /// The program holds an object for it.
    looked_at: AtomicBool,
    /// Events that wait for somebody to listen. A std mutex: held to put one in or take all, and to begin to listen.
    unheard: Mutex<Vec<Unheard>>,
    /// Made where events are bounded, at the first of them.
    event_rate: OnceLock<Box<EventRate>>,
    /// Made where an answer is asked for.
    pub(super) acks: Mutex<Option<Box<Acks>>>,
}

impl Socket {
    /// A socket that is not yet accepted: it has its id, and sends nothing.
    pub(super) fn new(nsp: Str, session: Arc<Session>) -> Arc<Self> {
        Arc::new(Self {
            id: Id::random(),
            nsp,
            session,
            connected: AtomicBool::new(false),
            left: AtomicBool::new(false),
            hearing: AtomicU8::new(0),
            looked_at: AtomicBool::new(false),
            unheard: Mutex::default(),
            event_rate: OnceLock::new(),
            acks: Mutex::default(),
        })
    }

    /// Its id within the engine: no other socket ever has it.
    pub fn id(&self) -> Id {
        self.id
    }

    /// Its id for everyone else.
    pub fn public_id(&self) -> PublicId {
        match self.session.revision() {
            Revision::V4 => PublicId::Own(self.id),
            Revision::V3 => PublicId::OfSession(v2::socket_id(&self.nsp, self.session.id()).into()),
        }
    }

    /// The namespace.
    pub fn nsp(&self) -> &Str {
        &self.nsp
    }

    /// The request that opened the connection.
    pub fn head(&self) -> &Head {
        self.session.head()
    }

    /// `"polling"` or `"websocket"`.
    pub fn transport_name(&self) -> &'static str {
        self.session.transport_name()
    }

    /// Whether the socket is open.
    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Acquire)
    }

    /// Whether the client left by itself: of what it said just before, Socket.IO tells nobody.
    pub fn has_left(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    pub(super) fn leave(&self) {
        self.left.store(true, Ordering::Release);
    }

    /// Queues frames that were encoded for this socket's namespace. `false`: the socket is over.
    pub fn send(&self, frames: &[Frame]) -> bool {
        self.is_connected() && self.session.send(frames)
    }

    /// Sends an event with one argument.
    pub fn emit(&self, name: &str, argument: &Payload) -> bool {
        self.send(&packet::event_with(&self.nsp, name, argument))
    }

    /// Queues frames that answer what the client asked for: they never close its connection.
    pub fn reply(&self, frames: &[Frame]) -> bool {
        self.is_connected() && self.session.reply(frames)
    }

    /// Sends an event with one argument that answers what the client asked for.
    pub fn reply_event(&self, name: &str, argument: &Payload) -> bool {
        self.reply(&packet::event_with(&self.nsp, name, argument))
    }

    /// Sends the acknowledgement that the client asked for; `args` is a JSON array. [`Socket::acknowledge`] is for what the program says.
    pub fn reply_ack(&self, id: i64, args: impl Into<Str>, attachments: &[Bytes]) -> bool {
        self.reply(&packet::ack(&self.nsp, id, args, attachments))
    }

    /// Sends an event: `args` is the JSON array with the name first.
    pub fn emit_args(&self, args: impl Into<Str>, attachments: &[Bytes]) -> bool {
        self.send(&packet::event(&self.nsp, args, attachments, None))
    }

    /// Answers an event that asked for it: `args` is a JSON array.
    pub fn acknowledge(&self, id: i64, args: impl Into<Str>, attachments: &[Bytes]) -> bool {
        self.send(&packet::ack(&self.nsp, id, args, attachments))
    }

    /// Stops reading from the client until [`Socket::resume`] for the same reason.
    pub fn pause(&self, why: Pause) {
        self.session.pause(why);
    }

    /// Reads on, unless there is another reason not to.
    pub fn resume(&self, why: Pause) {
        self.session.resume(why);
    }

    /// Sends frames as [`Socket::send`] does; a `volatile` packet only where the connection is ready for it.
    pub fn send_as(&self, frames: &[Frame], volatile: bool) -> bool {
        match volatile {
            false => self.send(frames),
            true => self.is_connected() && self.session.send_if_ready(frames),
        }
    }

    /// Says what somebody listens to: bits of [`Hearing`].
    pub fn hear(&self, bits: u8) {
        self.hearing.store(bits, Ordering::Release);
    }

    /// Whether somebody listens to this.
    pub fn hears(&self, bit: u8) -> bool {
        self.hearing.load(Ordering::Acquire) & bit != 0
    }

    /// The program holds an object for it: somebody may be about to listen.
    pub(in crate::engine) fn look_at(&self) {
        self.looked_at.store(true, Ordering::Release);
    }

    /// Whether the program holds an object for it.
    pub(in crate::engine) fn is_looked_at(&self) -> bool {
        self.looked_at.load(Ordering::Acquire)
    }

    /// Events that wait for somebody to listen.
    pub(in crate::engine) fn unheard(&self) -> MutexGuard<'_, Vec<Unheard>> {
        lock(&self.unheard)
    }

    /// How many events wait for somebody to listen.
    pub fn unheard_events(&self) -> usize {
        self.unheard().len()
    }

    /// Whether one more of the program's own events is within `limits.eventRate`.
    pub(in crate::engine) fn grants_event(&self, limits: &Limits) -> bool {
        limits.event_rate == 0 || self.event_rate.get_or_init(|| Box::new(EventRate::new(limits))).grants()
    }

    /// Closes a connection that sent what is no packet.
    pub(in crate::engine) fn close_unreadable(&self) {
        self.session.close(CloseReason::BadPacket);
    }

    /// Runs a task until it ends or the server is killed.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.session.spawn(task);
    }

    /// Closes the connection under the socket, once what is queued was sent.
    pub fn close_connection(&self) {
        self.session.close(CloseReason::ForcedClose);
    }

    /// Says goodbye to the client. `false`: the socket was over already. The caller tells the handler.
    pub(super) fn say_goodbye(&self) -> bool {
        self.send(&packet::disconnect(&self.nsp));
        self.end()
    }

    /// Opens the socket: `welcome` is the first thing that it sends. `false`: its connection is over.
    pub(super) fn open(&self, welcome: &[Frame]) -> bool {
        let sent = self.session.send(welcome);
        self.connected.store(sent, Ordering::Release);
        sent
    }

    /// Marks the socket as over; `true` for the one who did.
    pub(super) fn end(&self) -> bool {
        let ended = self.connected.swap(false, Ordering::AcqRel);
        if ended {
            self.drop_acks();
        }
        ended
    }

    /// The session under it.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }
}
