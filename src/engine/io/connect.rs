//! Who gets into a namespace, and how its beginning and its end are told.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use socketioxide_core::Str;
use tokio::time::sleep;

use super::{call::IoCall, namespace::Namespace, unheard};
use crate::engine::{
    client::describe_handshake,
    config::ms,
    connection::admission,
    core::Core,
    error::Refusal,
    host::{Call, Decision, Verdict},
    payload::to_json,
    socketio::{ConnectRequest, DisconnectReason, Hearing, Socket},
    transport::Frames,
};

/// How soon, and then how often, a namespace is looked at whose last socket of a session is about to be forgotten.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LOOK: Duration = Duration::from_millis(50);

/// A client asks for a namespace. The host is asked where it has middleware, or may know the name.
pub fn connect(core: &Arc<Core>, request: ConnectRequest) {
    if is_taken(core, request.socket()) {
        connect_later(core, request);
    } else {
        connect_now(core, request);
    }
}

/// Whether the id is still its predecessor's: of Socket.IO 2, where a session has one for each namespace.
fn is_taken(core: &Core, socket: &Socket) -> bool {
    core.io.named(socket.nsp()).is_some_and(|nsp| nsp.holds_session_of(socket))
}

/// Connects when the host has told of the end of its predecessor: in the time that a decision has.
fn connect_later(core: &Arc<Core>, request: ConnectRequest) {
    let owner = Arc::downgrade(core);
    let socket = request.socket().clone();
    let overdue = Instant::now() + ms(core.limits().hook_timeout);
    socket.clone().spawn(async move {
        let mut pause = FIRST_LOOK;
        loop {
            sleep(pause).await;
            let Some(core) = owner.upgrade() else { return };
            if !is_taken(&core, &socket) {
                return connect_now(&core, request);
            }
            if Instant::now() >= overdue {
                return refuse(&core, request, &Refusal::overloaded());
            }
            pause = (pause * 2).min(LOOK);
        }
    });
}

fn connect_now(core: &Arc<Core>, request: ConnectRequest) {
    match core.io.named(request.nsp()) {
        Some(nsp) if !nsp.is_judged() => welcome(core, &nsp, request, false),
        None if !core.io.is_open_ended() => request.refuse("Invalid namespace", None),
        _ => judge(core, request),
    }
}

fn judge(core: &Arc<Core>, request: ConnectRequest) {
    let decision = Decision::Namespace {
        nsp: request.nsp().to_owned(),
        socket: describe(request.socket(), &auth(&request)),
    };
    let owner = Arc::downgrade(core);
    core.decide(decision, None, move |verdict| {
        let Some(core) = owner.upgrade() else { return };
        let refusal = match verdict {
            Verdict::Accept { .. } => match core.io.named(request.nsp()) {
                Some(nsp) => return welcome(&core, &nsp, request, true),
                None => return request.refuse("Invalid namespace", None),
            },
            Verdict::Reject { message, data } => {
                return request.refuse_with(message.as_deref(), data.as_deref());
            }
            Verdict::Refuse { code, reason, .. } => Refusal::new(code, reason),
            Verdict::Overdue => Refusal::overloaded(),
            Verdict::Identify { .. } | Verdict::Request(_) => Refusal::internal(),
        };
        refuse(&core, request, &refusal);
    });
}

/// Refuses with a code of the error table.
pub fn refuse(core: &Core, request: ConnectRequest, refusal: &Refusal) {
    core.counters.raise(refusal.code);
    let data = format!(r#"{{"code":"{}"}}"#, refusal.code.as_str());
    request.refuse(&refusal.message, Some(&data));
}

fn welcome(core: &Arc<Core>, nsp: &Namespace, request: ConnectRequest, by_host: bool) {
    let (socket, auth) = (request.socket().clone(), auth(&request));
    let told = nsp.is_heeded() && !by_host;
    if nsp.is_behind(core.limits().hook_queue) {
        return refuse(core, request, &Refusal::overloaded());
    }
    if told && core.queue.is_full() {
        return admission::when_there_is_room(core, request, connect_now);
    }
    if told || by_host {
        // Whoever is told adds listeners; what comes before that follows in the same queue.
        socket.hear(Hearing::EVENTS);
    }
    let hold = told.then(|| core.introductions.expect(socket.session().hold()));
    // Findable before it is told: its first event may come on another thread while this one goes on.
    nsp.add(core, &socket, !told);
    if request.accept(Frames::default()).is_none() {
        nsp.end(core, &socket.id(), |_| false);
        return;
    }
    nsp.begin(&socket.id(), told || by_host, || {
        if let Some(hold) = hold {
            core.tell(Call::Io(IoCall::Connected { nsp: nsp.key(), socket: socket.clone(), auth, hold }));
        }
    });
}

/// A socket of a namespace that is not Dialogue's is over.
pub fn ended(core: &Core, socket: &Arc<Socket>, reason: DisconnectReason) {
    let Some(nsp) = core.io.named(socket.nsp()) else { return };
    unheard::part(core, socket);
    nsp.end(core, &socket.id(), |looked_at| {
        if looked_at {
            core.tell(Call::Io(IoCall::Disconnected {
                nsp: nsp.key(),
                id: socket.public_id(),
                reason: reason.as_str(),
            }));
        }
        looked_at
    });
}

/// `{ id, conn, handshake }` as JSON, for the host alone: `conn` is the session's id, which is a secret.
pub fn describe(socket: &Socket, auth: &str) -> String {
    format!(
        r#"{{"id":{},"conn":{},"handshake":{}}}"#,
        to_json(socket.public_id().as_str()),
        to_json(socket.session().id().as_str()),
        describe_handshake(socket.head(), auth)
    )
}

fn auth(request: &ConnectRequest) -> Str {
    request.auth().cloned().unwrap_or_else(|| "{}".into())
}
