//! Joins the wire to Dialogue: who connects, what it asks, how it is answered.

use std::sync::Arc;

use socketioxide_core::Str;

use super::{
    client::{Client, Identity},
    commands::{self, Reply, Request, Responder},
    core::Core,
    error::{Code, Refusal},
    host::{Call, Hooks},
    payload::{Payload, to_json},
    protocol::{self, outgoing},
    rooms,
    socketio::{ConnectRequest, DisconnectReason, Handler, IncomingEvent, Socket, packet},
    transport::Frames,
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

    fn welcome(&self, identity: Identity, request: ConnectRequest) {
        let user_id = identity.user_id.clone();
        let welcome = |socket: &Arc<Socket>| -> Frames {
            let text = format!(
                r#"{{"clientId":{},"userId":{},"protocol":{}}}"#,
                to_json(socket.id().as_str()),
                to_json(&*resolve(&user_id, socket)),
                protocol::VERSION,
            );
            packet::event_with(socket.nsp(), outgoing::CONNECTED, &Payload::plain(text))
        };
        let Some(socket) = request.accept(welcome) else { return };
        let awaited = self.core.hooks.any(Hooks::CONNECTED);
        let identity = Identity { user_id: resolve(&user_id, &socket), ..identity };
        let client = Client::new(identity, socket, !awaited);
        self.core.clients.add(&client);
        if awaited {
            self.core.tell(Call::Connected(client.id()));
        }
        if !client.socket().is_connected() {
            // It went while it was being welcomed, before anyone could find it to say so.
            forget(&self.core, &client, DisconnectReason::Server);
        }
    }
}

/// Without a name of its own, a client bears its socket's id.
fn resolve(user_id: &Arc<str>, socket: &Socket) -> Arc<str> {
    if user_id.is_empty() { socket.id().as_str().into() } else { user_id.clone() }
}

impl Handler for Dialogue {
    fn connect(&self, request: ConnectRequest) {
        if request.nsp() != "/" {
            return request.refuse("Invalid namespace", None);
        }
        match identity::identify(request.auth().map_or("{}", Str::as_str), self.core.limits()) {
            Ok(identity) => self.welcome(identity, request),
            Err(refusal) => {
                self.core.counters.raise(refusal.code);
                let data = format!(r#"{{"code":"{}"}}"#, refusal.code.as_str());
                request.refuse(&refusal.message, Some(&data));
            }
        }
    }

    fn event(&self, socket: &Arc<Socket>, event: IncomingEvent) {
        let Some(client) = self.core.clients.get(&socket.id()) else { return };
        if let Some(event) = client.postpone(event) {
            handle(&self.core, &client, event);
        }
    }

    fn disconnected(&self, socket: &Arc<Socket>, reason: DisconnectReason) {
        if let Some(client) = self.core.clients.get(&socket.id()) {
            forget(&self.core, &client, reason);
        }
    }
}

/// The host is done with a client's welcome: its commands are handled, those that waited first.
pub fn ready(core: &Arc<Core>, client: &Arc<Client>) {
    let (core, waiting) = (core.clone(), client.clone());
    client.socket().spawn(async move {
        while let Some(event) = waiting.resume_next() {
            if waiting.socket().is_connected() {
                handle(&core, &waiting, event);
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
    let (owner, socket, asked) = (core.clone(), client.socket().clone(), name.clone());
    let responder = Responder::new(move |result| answer(&owner, &socket, ack, result));
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
            match ack {
                Some(id) => {
                    let text = format!(
                        r#"[{{"ok":false,"code":"{}","message":{}}}]"#,
                        refusal.code.as_str(),
                        to_json(&refusal.message)
                    );
                    socket.acknowledge(id, text, &[]);
                }
                None => {
                    socket.emit(outgoing::ERROR, &Payload::plain(refusal.to_json()));
                }
            }
        }
    }
}
