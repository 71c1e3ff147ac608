//! Joins the wire to Dialogue: who connects, what it asks, how it is answered.

use std::sync::{Arc, atomic::Ordering};

use super::{
    client::{Client, Identity, describe_handshake},
    commands::{self, Reply, Request, Responder},
    core::Core,
    error::{Code, Refusal},
    gate::Passage,
    host::{Call, Decision, Hooks, Verdict},
    payload::{Payload, to_json},
    protocol::{self, outgoing},
    rate_limit::Allowance,
    rooms,
    socketio::{ConnectRequest, DisconnectReason, Handler, IncomingEvent, Socket, packet},
};

mod identity;

/// Dialogue's half of the Socket.IO layer.
#[derive(Debug)]
pub struct Dialogue {
    core: Arc<Core>,
}

impl Dialogue {
    /// Serves the rooms of `core`.
    pub fn new(core: Arc<Core>) -> Self {
        Self { core }
    }
}

/// Accepts a client: it is told who it is, and is findable from then on.
fn welcome(core: &Arc<Core>, identity: Identity, by_host: bool, request: ConnectRequest) {
    let socket = request.socket();
    let text = format!(
        r#"{{"clientId":{},"userId":{},"protocol":{}}}"#,
        to_json(socket.id().as_str()),
        to_json(&*identity.user_id),
        protocol::VERSION,
    );
    let frames = packet::event_with(socket.nsp(), outgoing::CONNECTED, &Payload::plain(text));
    let Some(socket) = request.accept(frames) else { return };
    let awaited = core.hooks.any(Hooks::CONNECTED);
    let client = Client::new(identity, socket, !awaited, core.limits());
    if by_host {
        // The host holds what it knows of the client, and is to be told when to let go.
        client.look_at();
    }
    core.clients.add(&client);
    if awaited {
        core.tell(Call::Connected(client.id()));
    }
    if !client.socket().is_connected() {
        // It went while it was being welcomed, before anyone could find it to say so.
        forget(core, &client, DisconnectReason::Server);
    }
}

fn refuse(core: &Core, request: ConnectRequest, refusal: &Refusal) {
    core.counters.raise(refusal.code);
    let data = format!(r#"{{"code":"{}"}}"#, refusal.code.as_str());
    request.refuse(&refusal.message, Some(&data));
}

/// Has `authenticate` say who connects.
fn authenticate(core: &Arc<Core>, request: ConnectRequest) {
    let socket = request.socket();
    let auth = request.auth().cloned().unwrap_or_else(|| "{}".into());
    let handshake = describe_handshake(socket.head(), &auth);
    let decision = Decision::Connect {
        socket: format!(r#"{{"id":{},"handshake":{handshake}}}"#, to_json(socket.id().as_str())),
        auth,
    };
    let owner = Arc::downgrade(core);
    core.decide(decision, move |verdict| {
        let Some(core) = owner.upgrade() else { return };
        let identity = match verdict {
            Verdict::Identify { user_id } => identity::authenticated(user_id, request.auth(), core.limits()),
            Verdict::Refuse { code, reason } => Err(Refusal::new(code, reason)),
            Verdict::Overdue => Err(Refusal::overloaded()),
            Verdict::Accept { .. } => Err(Refusal::internal()),
        };
        match identity {
            Ok(identity) => welcome(&core, identity, true, request),
            Err(refusal) => refuse(&core, request, &refusal),
        }
    });
}

impl Handler for Dialogue {
    fn connect(&self, request: ConnectRequest) {
        if request.nsp() != "/" {
            return request.refuse("Invalid namespace", None);
        }
        if self.core.hooks.any(Hooks::AUTHENTICATE) {
            return authenticate(&self.core, request);
        }
        match identity::identify(&request, self.core.limits()) {
            Ok(identity) => welcome(&self.core, identity, false, request),
            Err(refusal) => refuse(&self.core, request, &refusal),
        }
    }

    fn event(&self, socket: &Arc<Socket>, event: IncomingEvent) {
        let Some(client) = self.core.clients.get(&socket.id()) else { return };
        if !is_granted(&self.core, &client, &event) {
            return;
        }
        match client.gate().enter(event, |event| commands::is_decided(&self.core, &event.name)) {
            Passage::Now(event) => handle(&self.core, &client, event),
            Passage::Later { full: true } => socket.pause(),
            Passage::Later { full: false } => {}
        }
    }

    fn disconnected(&self, socket: &Arc<Socket>, reason: DisconnectReason) {
        if let Some(client) = self.core.clients.get(&socket.id()) {
            forget(&self.core, &client, reason);
        }
    }
}

/// Whether an event is within its connection's rates; what is not is answered or dropped here.
fn is_granted(core: &Core, client: &Client, event: &IncomingEvent) -> bool {
    if !event.name.starts_with(protocol::PREFIX) {
        let granted = client.rates().event();
        core.lanes.dropped.fetch_add(u64::from(!granted), Ordering::Relaxed);
        return granted;
    }
    match client.rates().command(&event.name) {
        Allowance::Granted => return true,
        Allowance::Refused { refusal, silent } => {
            core.counters.raise(refusal.code);
            if event.ack.is_some() || !silent {
                tell(client.socket(), event.ack, &refusal);
            }
        }
        Allowance::Flood => client.socket().close_connection(),
    }
    false
}

/// The host is done with a client's welcome: its commands are handled, those that waited first.
pub fn ready(core: &Arc<Core>, client: &Arc<Client>) {
    if client.gate().welcomed() {
        handle_waiting(core, client);
    }
}

/// Handles the commands that waited, on an engine thread.
fn handle_waiting(core: &Arc<Core>, client: &Arc<Client>) {
    let (core, waiting) = (core.clone(), client.clone());
    client.socket().spawn(async move {
        while let Some(next) = waiting.gate().next(|event| commands::is_decided(&core, &event.name)) {
            if next.resume {
                waiting.socket().resume();
            }
            if waiting.socket().is_connected() {
                handle(&core, &waiting, next.event);
            }
        }
    });
}

/// A client is gone: its places are free at once. What the host shows of it stays until the host took note.
pub fn forget(core: &Core, client: &Arc<Client>, reason: DisconnectReason) {
    let Some((rooms, looked_at)) = rooms::vacate(client) else { return };
    if looked_at || core.hooks.any(Hooks::CONNECTED | Hooks::DISCONNECTED | Hooks::LEFT) {
        let rooms = rooms.iter().map(|room| room.id().clone()).collect();
        core.tell(Call::Disconnected { client: client.id(), reason: reason.as_str(), rooms });
    } else {
        core.clients.remove(client);
        client.forget_rooms();
    }
}

fn handle(core: &Arc<Core>, client: &Arc<Client>, event: IncomingEvent) {
    if !event.name.starts_with(protocol::PREFIX) {
        return;
    }
    let IncomingEvent { name, args, attachments, ack } = event;
    let request = Request { payload: args.into_iter().next(), attachments };
    let (owner, asking, asked) = (core.clone(), client.clone(), name.clone());
    let responder = Responder::new(move |result, held| {
        answer(&owner, asking.socket(), ack, result);
        if held && asking.gate().release() {
            handle_waiting(&owner, &asking);
        }
    });
    let known = commands::run(core, client, &name, request, responder);
    if !known && ack.is_some() {
        let refusal = Refusal::new(Code::InvalidRequest, format!("'{asked}' is no request of this protocol"));
        answer(core, client.socket(), ack, Err(refusal));
    }
}

fn answer(core: &Core, socket: &Socket, ack: Option<i64>, result: Result<Reply, Refusal>) {
    match (result, ack) {
        (Ok(reply), Some(id)) => {
            let (text, attachments) = reply.acknowledgement();
            socket.acknowledge(id, text, &attachments);
        }
        (Ok(Reply { event: Some(event), payload, .. }), None) => {
            socket.emit(event, &payload);
        }
        (Ok(_), None) => {}
        (Err(refusal), ack) => {
            core.counters.raise(refusal.code);
            tell(socket, ack, &refusal);
        }
    }
}

/// Tells a client of a refusal: by the acknowledgement it asked for, or else by an event.
fn tell(socket: &Socket, ack: Option<i64>, refusal: &Refusal) {
    match ack {
        Some(id) => {
            let (code, message) = (refusal.code.as_str(), to_json(&refusal.message));
            socket.acknowledge(id, format!(r#"[{{"ok":false,"code":"{code}","message":{message}}}]"#), &[]);
        }
        None => {
            socket.emit(outgoing::ERROR, &Payload::plain(refusal.to_json()));
        }
    }
}
