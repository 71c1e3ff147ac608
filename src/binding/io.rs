//! The program's own namespaces and sockets. A namespace is named by its key, a socket by its id.

use std::sync::Arc;

use napi::bindgen_prelude::BufferSlice;
use napi_derive::napi;

use super::{dialogue::NativeDialogue, values};
use crate::engine::{
    connection,
    host::Verdict,
    ids::Id,
    io::{self, Applied, Operation, Selector},
    payload::to_json,
    socketio::{PublicId, Socket},
    transport::CloseReason,
};

/// Bits of the flags of an emit.
const VOLATILE: u32 = 1;
const ACK: u32 = 2;
/// It is the first of its turn of the event loop.
const FIRST: u32 = 4;

impl NativeDialogue {
    fn socket(&self, nsp: u32, id: &str) -> Option<Arc<Socket>> {
        self.core().io.get(nsp)?.find(id)
    }

    fn begin_turn(&self, flags: u32) {
        if flags & FIRST != 0 {
            self.server.begin_turn();
        }
    }

    /// Applies an operation to those that a selector means: JSON of `{ rooms?, except? }`.
    fn apply(&self, nsp: u32, selector_json: &str, operation: Operation) -> Applied {
        let nsp = self.core().io.get(nsp);
        let selector: Option<Selector> = serde_json::from_str(selector_json).ok();
        match (nsp, selector) {
            (Some(nsp), Some(selector)) => {
                self.server.together(|| io::apply(self.core(), &nsp, &selector, operation))
            }
            _ => Applied::default(),
        }
    }
}

fn names(rooms: Vec<String>) -> Vec<Arc<str>> {
    rooms.into_iter().map(Into::into).collect()
}

#[napi]
impl NativeDialogue {
    /// The key of a namespace, which is made if need be.
    #[napi(catch_unwind)]
    pub fn io_namespace(&self, name: String) -> u32 {
        self.core().io.make(&name).key()
    }

    /// Whether somebody listens for connections, and whether the host decides who connects.
    #[napi(catch_unwind)]
    pub fn io_configure(&self, nsp: u32, heeded: bool, judged: bool) {
        if let Some(nsp) = self.core().io.get(nsp) {
            nsp.set(heeded, judged);
        }
    }

    /// Whether what becomes of a namespace's rooms is told.
    #[napi(catch_unwind)]
    pub fn io_watch_rooms(&self, nsp: u32, watched: bool) {
        if let Some(nsp) = self.core().io.get(nsp) {
            nsp.watch_rooms(watched);
        }
    }

    /// Forgets a namespace.
    #[napi(catch_unwind)]
    pub fn io_drop_namespace(&self, name: String) {
        self.core().io.drop_named(&name);
    }

    /// Whether the host may know names of namespaces that it did not make yet.
    #[napi(catch_unwind)]
    pub fn io_open_ended(&self, open_ended: bool) {
        self.core().io.set_open_ended(open_ended);
    }

    /// Lets a client in. `false`: it is gone, or the ticket is.
    #[napi(catch_unwind)]
    pub fn io_accept(&self, ticket: f64, nsp: u32, id: String) -> bool {
        let verdict = Verdict::Accept { data: None, meta: None, local: 0 };
        self.core().decisions.answer(ticket as u64, verdict) && self.socket(nsp, &id).is_some()
    }

    /// Keeps a client out: JSON texts for the `message` and `data` of its error, each of which may be absent.
    #[napi(catch_unwind)]
    pub fn io_refuse(&self, ticket: f64, message_json: Option<String>, data_json: Option<String>) {
        let verdict = Verdict::Reject { message: message_json, data: data_json };
        self.core().decisions.answer(ticket as u64, verdict);
    }

    // ------------------------------------------------------------------ one socket

    /// What a socket is: JSON of `{ id, handshake }`, its `auth` empty. From now on its end will be told. `null`: it is gone.
    #[napi(catch_unwind)]
    pub fn io_look(&self, nsp: u32, id: String) -> Option<String> {
        let socket = self.core().io.get(nsp)?.look_at(&id)?;
        Some(io::describe(&socket, "{}"))
    }

    /// Whether a socket is there.
    #[napi(catch_unwind)]
    pub fn io_connected(&self, nsp: u32, id: String) -> bool {
        self.socket(nsp, &id).is_some_and(|socket| socket.is_connected())
    }

    /// What of a socket's events somebody listens to: bit 1 the program's own, bit 2 all. Those that waited for that are told.
    #[napi(catch_unwind)]
    pub fn io_hear(&self, nsp: u32, id: String, bits: u32) {
        if let Some(socket) = self.socket(nsp, &id) {
            io::hear(self.core(), &socket, bits as u8);
        }
    }

    /// The program had a turn since `ioTurn` was told: events that nobody listens to are dropped.
    #[napi(catch_unwind)]
    pub fn io_turned(&self) {
        io::turned(self.core());
    }

    /// The program is about to be told of a socket, which counts from now on. `false`: it is not there.
    #[napi(catch_unwind)]
    pub fn io_show(&self, nsp: u32, id: String) -> bool {
        self.core().io.get(nsp).is_some_and(|nsp| nsp.show(&id))
    }

    /// Whether a socket is there, and counts.
    #[napi(catch_unwind)]
    pub fn io_is_shown(&self, nsp: u32, id: String) -> bool {
        self.core().io.get(nsp).is_some_and(|nsp| nsp.is_shown(&id))
    }

    /// The program has ended sockets, and will be told of that later: those that are over count no more.
    #[napi(catch_unwind)]
    pub fn io_withdraw(&self, nsp: u32, ids: Vec<String>) {
        if let Some(nsp) = self.core().io.get(nsp) {
            ids.iter().for_each(|id| nsp.withdraw(id));
        }
    }

    /// The program is about to be told of the end of a socket that it ended: its rooms show it once more.
    #[napi(catch_unwind)]
    pub fn io_restore(&self, nsp: u32, id: String) {
        if let Some(nsp) = self.core().io.get(nsp) {
            nsp.restore(&id);
        }
    }

    /// The program has been told that a socket is over: it counts no more. Without `anyway` one that is not over stays.
    #[napi(catch_unwind)]
    pub fn io_forget(&self, nsp: u32, id: String, anyway: bool) {
        if let Some(nsp) = self.core().io.get(nsp) {
            nsp.forget(&id, anyway);
        }
    }

    /// Sends an event to one socket: `args_json` is `["name", …]`. Flags: bit 1 volatile, bit 2 asks for an acknowledgement,
    /// whose number this gives, else -1; bit 4: it is the first of this turn of the event loop.
    #[napi(catch_unwind)]
    pub fn io_emit(
        &self,
        nsp: u32,
        id: String,
        args_json: String,
        attachments: Vec<BufferSlice<'_>>,
        flags: u32,
    ) -> f64 {
        self.begin_turn(flags);
        let found = self.core().io.get(nsp).zip(self.socket(nsp, &id));
        let Some(((nsp, socket), args)) = found.zip(values::event(args_json, &attachments)) else {
            return -1.0;
        };
        io::emit_to(&nsp, &socket, &args, flags & VOLATILE != 0, flags & ACK != 0)
            .map_or(-1.0, |ack| ack as f64)
    }

    /// Answers a client's event.
    #[napi(catch_unwind)]
    pub fn io_acknowledge(
        &self,
        nsp: u32,
        id: String,
        ack: f64,
        args_json: String,
        attachments: Vec<BufferSlice<'_>>,
    ) {
        if let Some((socket, args)) = self.socket(nsp, &id).zip(values::event(args_json, &attachments)) {
            socket.acknowledge(ack as i64, args.text().to_owned(), args.attachments());
        }
    }

    /// Nobody waits for an acknowledgement any more; without an id: that of a broadcast.
    #[napi(catch_unwind)]
    pub fn io_forget_ack(&self, nsp: u32, id: Option<String>, ack: f64) {
        match id {
            Some(id) => {
                if let Some(socket) = self.socket(nsp, &id) {
                    socket.forget_answer(ack as i64);
                }
            }
            None => {
                if let Some(nsp) = self.core().io.get(nsp) {
                    nsp.forget_answer(ack as i64);
                }
            }
        }
    }

    /// Rooms of a socket, its own first.
    #[napi(catch_unwind)]
    pub fn io_rooms_of(&self, nsp: u32, id: String) -> Vec<String> {
        self.core().io.get(nsp).map(|nsp| values::strings(nsp.rooms_of(&id))).unwrap_or_default()
    }

    /// How many rooms a socket is in.
    #[napi(catch_unwind)]
    pub fn io_room_count_of(&self, nsp: u32, id: String) -> u32 {
        self.core().io.get(nsp).map_or(0, |nsp| count(nsp.room_count_of(&id)))
    }

    /// Ends a socket, and with `close` its connection.
    #[napi(catch_unwind)]
    pub fn io_disconnect(&self, nsp: u32, id: String, close: bool) {
        if let Some(socket) = self.socket(nsp, &id) {
            connection::end_by_server(self.core(), &socket, close);
        }
    }

    /// A connection, as JSON of `{ protocol, transport, address }`. From now on its upgrade and its end are told. `null`: it is over.
    #[napi(catch_unwind)]
    pub fn io_connection(&self, conn: String) -> Option<String> {
        let session = self.server.session(&Id::parse(&conn)?)?;
        let transport = session.watch();
        let protocol = session.revision().number();
        let address = to_json(&session.head().address.ip().to_string());
        session.is_open().then(|| {
            format!(r#"{{"protocol":{protocol},"transport":{},"address":{address}}}"#, to_json(transport))
        })
    }

    /// Closes a connection, and all that it carries.
    #[napi(catch_unwind)]
    pub fn io_close_connection(&self, conn: String) {
        if let Some(session) = Id::parse(&conn).and_then(|id| self.server.session(&id)) {
            session.close(CloseReason::ForcedClose);
        }
    }

    /// Closes every connection of the server.
    #[napi(catch_unwind)]
    pub fn io_close_all(&self) {
        self.server.close_all();
    }

    // ------------------------------------------------------------------ many

    /// How many sockets a namespace has.
    #[napi(catch_unwind)]
    pub fn io_count(&self, nsp: u32) -> u32 {
        self.core().io.get(nsp).map_or(0, |nsp| count(nsp.count()))
    }

    /// Connections of the whole server, as the program has been told of the sockets on them.
    #[napi(catch_unwind)]
    pub fn io_connections(&self) -> u32 {
        count(self.server.seen_sessions())
    }

    /// Ids of those that are meant, in order of connecting.
    #[napi(catch_unwind)]
    pub fn io_select(&self, nsp: u32, selector_json: String) -> Vec<String> {
        let found = self.core().io.get(nsp).zip(serde_json::from_str::<Selector>(&selector_json).ok());
        let ids = found.map(|(nsp, selector)| nsp.select(&selector)).unwrap_or_default();
        values::strings(ids.iter().map(PublicId::as_str))
    }

    /// Sends an event to those that are meant; flags as in `ioEmit`. `[count, number of the acknowledgement or -1]`.
    #[napi(catch_unwind)]
    pub fn io_broadcast(
        &self,
        nsp: u32,
        selector_json: String,
        args_json: String,
        attachments: Vec<BufferSlice<'_>>,
        flags: u32,
    ) -> Vec<f64> {
        self.begin_turn(flags);
        let Some(args) = values::event(args_json, &attachments) else { return vec![0.0, -1.0] };
        let (volatile, ack) = (flags & VOLATILE != 0, flags & ACK != 0);
        let applied = self.apply(nsp, &selector_json, Operation::Emit { args, volatile, ack });
        vec![applied.count as f64, applied.ack.map_or(-1.0, |ack| ack as f64)]
    }

    /// Those that are meant join rooms.
    #[napi(catch_unwind)]
    pub fn io_join(&self, nsp: u32, selector_json: String, rooms: Vec<String>) {
        self.apply(nsp, &selector_json, Operation::Join(names(rooms)));
    }

    /// Those that are meant leave rooms.
    #[napi(catch_unwind)]
    pub fn io_leave(&self, nsp: u32, selector_json: String, rooms: Vec<String>) {
        self.apply(nsp, &selector_json, Operation::Leave(names(rooms)));
    }

    /// Ends those that are meant.
    #[napi(catch_unwind)]
    pub fn io_disconnect_all(&self, nsp: u32, selector_json: String, close: bool) {
        self.apply(nsp, &selector_json, Operation::Disconnect { close });
    }

    // ------------------------------------------------------------------ rooms

    /// How many rooms a namespace has.
    #[napi(catch_unwind)]
    pub fn io_room_count(&self, nsp: u32) -> u32 {
        self.core().io.get(nsp).map_or(0, |nsp| count(nsp.room_count()))
    }

    /// The rooms of a namespace, those that are sockets' own first.
    #[napi(catch_unwind)]
    pub fn io_room_names(&self, nsp: u32) -> Vec<String> {
        self.core().io.get(nsp).map(|nsp| values::strings(nsp.room_names())).unwrap_or_default()
    }

    /// Ids of those in a room, where they are no more than `most`. `null`: they are more. None: there is no such room.
    #[napi(catch_unwind)]
    pub fn io_in_room(&self, nsp: u32, room: String, most: u32) -> Option<Vec<String>> {
        let Some(nsp) = self.core().io.get(nsp) else { return Some(Vec::new()) };
        let (ids, size) = nsp.in_room(&room, most as usize);
        (ids.len() == size).then(|| values::strings(ids.iter().map(PublicId::as_str)))
    }

    /// How many sockets are in a room; 0: there is none of that name.
    #[napi(catch_unwind)]
    pub fn io_room_size(&self, nsp: u32, room: String) -> u32 {
        self.core().io.get(nsp).map_or(0, |nsp| count(nsp.room_size(&room)))
    }

    /// Whether a socket is in a room.
    #[napi(catch_unwind)]
    pub fn io_is_in(&self, nsp: u32, room: String, id: String) -> bool {
        self.core().io.get(nsp).is_some_and(|nsp| nsp.is_in(&room, &id))
    }

    /// What became of the rooms of a namespace that is watched, since this was last asked: JSON of `[[event, room, id or null], …]`.
    #[napi(catch_unwind)]
    pub fn io_take_changes(&self, nsp: u32) -> String {
        let changes = self.core().io.get(nsp).map(|nsp| nsp.take_changes()).unwrap_or_default();
        let changes: Vec<_> = changes
            .iter()
            .map(|change| {
                (change.event.as_str(), &*change.room, change.socket.as_ref().map(PublicId::as_str))
            })
            .collect();
        to_json(&changes)
    }
}

fn count(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}
