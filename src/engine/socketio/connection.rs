//! One session's packets and the sockets it carries.

use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use smallvec::SmallVec;
use socketioxide_core::{
    Str, Value,
    packet::{Packet, PacketData},
    parser::{Parse, ParseConfig, ParseError, ParserState},
};
use socketioxide_parser_common::CommonParser;

use super::{
    Answer, ConnectRequest, DisconnectReason, Handler, IncomingEvent,
    packet::{connect_error, is_array},
    socket::Socket,
    v2,
};
use crate::engine::{
    lock::lock,
    rate_limit::ConnectRate,
    transport::{CloseReason, Frame, Receiver, Revision, Session},
};

/// Most attachments of one message. Socket.IO's parser allows ten.
const MAX_ATTACHMENTS: usize = 1_000;
/// Most namespaces of one connection, decided or not.
const MAX_NAMESPACES: usize = 100;

/// A namespace as seen from one connection.
#[derive(Debug)]
enum Entry {
    /// Asked for, and not decided.
    Pending(Str),
    Open(Arc<Socket>),
}

impl Entry {
    fn nsp(&self) -> &str {
        match self {
            Self::Pending(nsp) => nsp,
            Self::Open(socket) => socket.nsp(),
        }
    }
}

/// Why a packet closes its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    /// It cannot be read: the sockets are told of an error.
    Content,
    /// It makes no sense now.
    State,
}

/// Socket.IO's words for what a packet cannot carry.
pub(in crate::engine) const INVALID_PAYLOAD: &str = "invalid payload";
/// The same for binary values that do not match their places.
pub(in crate::engine) const ILLEGAL_ATTACHMENTS: &str = "illegal attachments";

/// Why a message is no packet, in Socket.IO's words.
fn words(error: &ParseError) -> &'static str {
    match error {
        ParseError::InvalidAttachments | ParseError::AttachmentsTooHeavy { .. } => "Illegal attachments",
        ParseError::TooManyAttachments { .. } => "too many attachments",
        ParseError::InvalidPacketType => "unknown packet type",
        ParseError::UnexpectedBinaryPacket => "got binary data when not reconstructing a packet",
        ParseError::UnexpectedStringPacket => "got plaintext data when reconstructing a packet",
        _ => INVALID_PAYLOAD,
    }
}

/// What is read so far of a message with attachments.
#[derive(Debug, Default)]
struct Reading {
    parser: ParserState,
    bytes: usize,
}

/// A connection. The transport hands it messages; it hands events to the handler.
pub struct Connection {
    session: Arc<Session>,
    handler: Arc<dyn Handler>,
    max_payload: usize,
    /// A std mutex: held to parse one packet, which also keeps a connection's packets in order. `None`: nothing was
    /// read yet.
    reading: Mutex<Option<Box<Reading>>>,
    /// A std mutex: held to find or change an entry.
    entries: Mutex<SmallVec<[Entry; 1]>>,
    /// It asked for a namespace.
    asked: AtomicBool,
    /// How often it does: made for its second request.
    connects: OnceLock<Box<ConnectRate>>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Connection").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(session: Arc<Session>, handler: Arc<dyn Handler>, max_payload: usize) -> Arc<Self> {
        Arc::new(Self {
            session,
            handler,
            max_payload,
            reading: Mutex::new(None),
            entries: Mutex::default(),
            asked: AtomicBool::new(false),
            connects: OnceLock::new(),
        })
    }

    pub(super) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// The time for a first namespace is up. `true`: one was asked for, and is waited for where `waits` says so.
    pub(super) fn expire(&self, waits: bool) -> bool {
        let entries = lock(&self.entries);
        if entries.iter().any(|entry| matches!(entry, Entry::Open(_))) {
            return false;
        }
        if waits && !entries.is_empty() {
            return true;
        }
        drop(entries);
        self.session.close(CloseReason::ForcedClose);
        false
    }

    /// The rate of its requests for namespaces; none for the first one, since most ask once.
    pub(super) fn connect_rate(&self, full: impl FnOnce() -> ConnectRate) -> Option<&ConnectRate> {
        let asked = self.asked.load(Ordering::Relaxed) || self.asked.swap(true, Ordering::Relaxed);
        asked.then(|| &**self.connects.get_or_init(|| Box::new(full())))
    }

    /// A namespace was granted. `false`: the connection is over.
    pub(super) fn accepted(&self, socket: &Arc<Socket>, welcome: &[Frame]) -> bool {
        let mut entries = lock(&self.entries);
        let Some(entry) = entries.iter_mut().find(|entry| entry.nsp() == socket.nsp().as_str()) else {
            return false;
        };
        *entry = Entry::Open(socket.clone());
        // Under the lock, so that the end of the connection comes before it or after it.
        socket.open(welcome)
    }

    /// A namespace was refused.
    pub(super) fn refused(&self, nsp: &Str, message: Option<&str>, data: Option<&str>) {
        lock(&self.entries).retain(|entry| entry.nsp() != nsp.as_str());
        self.session.send(&match self.session.revision() {
            Revision::V4 => connect_error(nsp, message, data),
            Revision::V3 => v2::refusal(nsp, message, data),
        });
    }

    fn parse(
        &self,
        read: impl FnOnce(&mut Reading, &ParseConfig) -> Result<Packet, ParseError>,
    ) -> Option<Packet> {
        let config = ParseConfig {
            max_incoming_binaries: MAX_ATTACHMENTS,
            max_incoming_binary_buf_size: self.max_payload,
            ..ParseConfig::default()
        };
        let mut reading = lock(&self.reading);
        // A message without attachments never leaves the stack, and an idle connection holds no parser.
        let mut begun = reading.take();
        let mut fresh = Reading::default();
        let state = begun.as_deref_mut().unwrap_or(&mut fresh);
        let result = read(state, &config);
        let refused = match result {
            _ if state.bytes > self.max_payload => CloseReason::TooLarge,
            Ok(packet) => return Some(packet),
            Err(ParseError::NeedsMoreBinaryData) => {
                *reading = Some(begun.unwrap_or_else(|| Box::new(fresh)));
                return None;
            }
            Err(error) => {
                drop(reading);
                self.fail(words(&error));
                return None;
            }
        };
        drop(reading);
        self.session.close(refused);
        None
    }

    /// Tells every socket of a message that is no packet, and closes.
    fn fail(&self, message: &'static str) {
        let open: Vec<_> = lock(&self.entries)
            .iter()
            .filter_map(|entry| if let Entry::Open(socket) = entry { Some(socket.clone()) } else { None })
            .collect();
        for socket in open {
            self.handler.failed(&socket, message);
        }
        self.session.close(CloseReason::BadPacket);
    }

    fn packet(self: &Arc<Self>, mut packet: Packet) {
        if self.session.revision() == Revision::V3 {
            let (ns, query) = v2::split(&packet.ns);
            if let PacketData::Connect(auth) = &mut packet.inner {
                *auth = query.map(|query| Value::Str(v2::auth(query), None));
            }
            packet.ns = ns;
        }
        let Packet { inner, ns } = packet;
        let handled = match inner {
            PacketData::Connect(auth) => self.connect(ns, auth),
            PacketData::Disconnect if self.disconnect(&ns) => Ok(()),
            PacketData::Disconnect => Err(Wrong::State),
            PacketData::Event(Value::Str(text, bins), ack)
            | PacketData::BinaryEvent(Value::Str(text, bins), ack) => {
                self.event(&ns, &text, bins.into_iter().flatten().collect(), ack)
            }
            PacketData::EventAck(Value::Str(text, bins), id)
            | PacketData::BinaryAck(Value::Str(text, bins), id) => {
                self.answer(&ns, id, (text, bins.into_iter().flatten().collect()))
            }
            // Only a server refuses, and the common parser reads text.
            PacketData::ConnectError(_) | PacketData::Event(..) | PacketData::BinaryEvent(..) => {
                Err(Wrong::State)
            }
            PacketData::EventAck(..) | PacketData::BinaryAck(..) => Err(Wrong::State),
        };
        match handled {
            Ok(()) => {}
            Err(Wrong::Content) => self.fail(INVALID_PAYLOAD),
            Err(Wrong::State) => self.session.close(CloseReason::BadPacket),
        }
    }

    fn answer(&self, nsp: &str, id: i64, answer: Answer) -> Result<(), Wrong> {
        if !is_array(&answer.0) {
            return Err(Wrong::Content);
        }
        let socket = self.socket(nsp).ok_or(Wrong::State)?;
        if let Some(answer) = socket.answered(id, answer) {
            self.handler.answered(&socket, id, answer);
        }
        Ok(())
    }

    fn connect(self: &Arc<Self>, nsp: Str, auth: Option<Value>) -> Result<(), Wrong> {
        let auth = match auth {
            None => None,
            Some(Value::Str(text, _)) if text.starts_with('{') => Some(text),
            Some(_) => return Err(Wrong::Content),
        };
        if auth.as_ref().is_some_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_err()) {
            return Err(Wrong::Content);
        }
        {
            let mut entries = lock(&self.entries);
            // A socket that the server ended leaves its place to the next.
            entries.retain(|entry| !matches!(entry, Entry::Open(socket) if !socket.is_connected()));
            // One that disconnects and connects again before it was answered asks twice, and takes the first answer for its own. One that
            // polls has asked for too much, as Socket.IO has it.
            match entries.iter().find(|entry| entry.nsp() == nsp.as_str()) {
                Some(Entry::Pending(_)) => return Ok(()),
                Some(Entry::Open(_)) if self.session.transport_name() == "websocket" => return Ok(()),
                Some(Entry::Open(_)) => return Err(Wrong::State),
                None => {}
            }
            if entries.len() >= MAX_NAMESPACES {
                return Err(Wrong::State);
            }
            entries.push(Entry::Pending(nsp.clone()));
        }
        self.handler.connect(ConnectRequest::new(self.clone(), nsp, auth));
        Ok(())
    }

    fn disconnect(&self, nsp: &str) -> bool {
        let socket = self.socket(nsp);
        if let Some(socket) = &socket {
            socket.leave();
            self.end(socket, DisconnectReason::Client);
        }
        socket.is_some()
    }

    fn event(&self, nsp: &str, text: &Str, attachments: Vec<Bytes>, ack: Option<i64>) -> Result<(), Wrong> {
        let event = IncomingEvent::read(text, attachments, ack).ok_or(Wrong::Content)?;
        let socket = self.socket(nsp).ok_or(Wrong::State)?;
        self.handler.event(&socket, event);
        Ok(())
    }

    fn socket(&self, nsp: &str) -> Option<Arc<Socket>> {
        lock(&self.entries).iter().find_map(|entry| match entry {
            Entry::Open(socket) if socket.nsp().as_str() == nsp && socket.is_connected() => {
                Some(socket.clone())
            }
            _ => None,
        })
    }

    /// Takes a socket out and tells the handler, once.
    fn end(&self, socket: &Arc<Socket>, reason: DisconnectReason) {
        lock(&self.entries).retain(|entry| !matches!(entry, Entry::Open(open) if Arc::ptr_eq(open, socket)));
        if socket.end() {
            self.handler.disconnected(socket, reason);
        }
    }
}

/// The transport's half: an [`Arc`] of the connection.
#[derive(Debug)]
pub(super) struct Reader(pub(super) Arc<Connection>);

impl Receiver for Reader {
    fn message(&self, text: Str) {
        let size = text.len();
        let packet = self.0.parse(|state, config| {
            state.bytes = size;
            CommonParser.decode_str(config, &state.parser, text)
        });
        if let Some(packet) = packet {
            self.0.packet(packet);
        }
    }

    fn binary(&self, bytes: Bytes) {
        let packet = self.0.parse(|state, config| {
            state.bytes = state.bytes.saturating_add(bytes.len());
            CommonParser.decode_bin(config, &state.parser, bytes)
        });
        if let Some(packet) = packet {
            self.0.packet(packet);
        }
    }

    fn begin(&self) {
        if self.0.session.revision() == Revision::V3 {
            let _ = self.0.connect("/".into(), None);
        }
    }

    fn upgraded(&self) {
        self.0.handler.upgraded(self.0.session.id());
    }

    fn parting(&self) {
        let entries = std::mem::take(&mut *lock(&self.0.entries));
        for entry in entries {
            if let Entry::Open(socket) = entry
                && socket.say_goodbye()
            {
                self.0.handler.disconnected(&socket, DisconnectReason::Server);
            }
        }
    }

    fn closed(&self, reason: CloseReason) {
        if reason == CloseReason::Stalled {
            self.0.handler.stalled();
        }
        let entries = std::mem::take(&mut *lock(&self.0.entries));
        for entry in entries {
            if let Entry::Open(socket) = entry
                && socket.end()
            {
                self.0.handler.disconnected(&socket, DisconnectReason::Transport(reason));
            }
        }
        if self.0.session.is_watched() {
            self.0.handler.closed(self.0.session.id(), reason);
        }
    }
}

impl Socket {
    /// Ends the socket from the server's side; with `close`, the connection under it too. `true` for the call that did.
    /// The caller, not the handler, is the one who knows.
    pub fn disconnect(self: &Arc<Self>, close: bool) -> bool {
        let ended = self.say_goodbye();
        if close {
            // Those beside it are told too: the client is to stay away from all of them.
            self.session().part_from_all();
            self.session().close(CloseReason::ForcedClose);
        }
        ended
    }
}
