//! Joins the wire to Dialogue: who connects, what it asks, how it is answered.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use super::{
    cause,
    client::{Client, Identity},
    commands::{self, Reply, Request, Responder},
    core::Core,
    error::{Code, Refusal},
    gate::Waits,
    host::{Call, Decision, Hooks, Level, Verdict},
    ids::Id,
    io::{self, IoCall, refuse},
    jwt::{Token, TokenError},
    metrics::Family,
    occasional::Occasional,
    payload::{Payload, to_json},
    protocol::{self, outgoing},
    rate_limit::{Allowance, ConnectRate},
    rooms,
    socketio::{Answer, ConnectRequest, DisconnectReason, Handler, Hearing, IncomingEvent, Socket, packet},
    transport::{CloseReason, Frames, Pause},
};

pub(super) mod admission;
mod identity;

pub(super) use self::admission::Admissions;

/// How long a client over polling has to go by itself when its token's time is over.
const PARTING: Duration = Duration::from_millis(500);

/// Dialogue's half of the Socket.IO layer.
#[derive(Debug)]
pub struct Dialogue {
    core: Arc<Core>,
    /// Clients that were closed since they did not read.
    stalls: Occasional,
}

impl Dialogue {
    /// Serves the rooms of `core`.
    pub fn new(core: Arc<Core>) -> Self {
        Self { core, stalls: Occasional::default() }
    }
}

/// Accepts a client: it is told who it is, and is findable from then on.
fn welcome(core: &Arc<Core>, identity: Identity, by_host: bool, request: ConnectRequest) {
    // One that the host decided on has its place in the queue already.
    if !by_host && admission::has_to_wait(core) {
        return admission::when_there_is_room(core, request, move |core, request| {
            welcome(core, identity, by_host, request);
        });
    }
    let told = core.hooks.any(Hooks::CONNECTED);
    let socket = request.socket().clone();
    let exp =
        identity.token.as_ref().map_or(String::new(), |token| format!(r#","exp":{}"#, token.exp_json()));
    let text = format!(
        r#"{{"clientId":{},"userId":{},"protocol":{}{exp}}}"#,
        to_json(socket.id().as_str()),
        to_json(&*identity.user_id),
        protocol::VERSION,
    );
    let frames = packet::event_with(socket.nsp(), outgoing::CONNECTED, &Payload::plain(text));
    // Findable before it is told: its first command may come on another thread while this one goes on. It waits at the gate.
    let client =
        Client::new(identity, socket.clone(), false, core.limits(), core.rooms.announcements().now());
    core.clients.add(&client);
    // It counts from when the host tells its program; where it does not, at once.
    core.io.main().add(core, &socket, !told);
    let hold = told.then(|| core.introductions.expect(socket.session().hold()));
    if request.accept(frames).is_none() {
        core.clients.remove(&client);
        core.io.main().end(core, &socket.id(), |_| false);
        return;
    }
    if by_host {
        // The host holds what it knows of the client, and is to be told when to let go.
        client.look_at();
    }
    if let Some(guard) = &core.jwt {
        client.watch_token(guard);
    }
    match hold {
        Some(hold) => core.tell(Call::Connected { client: client.id(), hold }),
        None => ready(core, &client),
    }
    client.greet();
    if !client.socket().is_connected() {
        // It went while it was being welcomed; its end is told after its beginning.
        forget(core, &client, DisconnectReason::Server);
    }
}

/// Lets in a client whose token, if it has one, is good; where there is `authenticate`, that decides.
fn admit(core: &Arc<Core>, request: ConnectRequest, token: Option<Token>) {
    if core.hooks.any(Hooks::AUTHENTICATE) {
        return authenticate(core, request, token);
    }
    match identify(core, &request, token) {
        Ok(identity) => welcome(core, identity, false, request),
        Err(refusal) => refuse(core, request, &refusal),
    }
}

/// Who a client is that no hook speaks for.
fn identify(core: &Core, request: &ConnectRequest, token: Option<Token>) -> Result<Identity, Refusal> {
    match token {
        Some(token) => identity::verified(request.auth(), token, core.limits()),
        None if core.jwt.is_some() => identity::guest(request, core.limits()),
        None => identity::identify(request, core.limits()),
    }
}

/// Has `authenticate` say who connects. A token goes on to govern the connection, whoever that is.
fn authenticate(core: &Arc<Core>, request: ConnectRequest, token: Option<Token>) {
    let socket = request.socket();
    let auth = request.auth().cloned().unwrap_or_else(|| "{}".into());
    let decision = Decision::Connect {
        socket: io::describe(socket, &auth),
        auth,
        claims: token.as_ref().map(|token| token.claims.clone()),
    };
    let owner = Arc::downgrade(core);
    core.decide(decision, None, move |verdict| {
        let Some(core) = owner.upgrade() else { return };
        let identity = match verdict {
            Verdict::Identify { user_id } => {
                identity::authenticated(user_id, request.auth(), token, core.limits())
            }
            // There is only middleware, and who connects is as if there were none.
            Verdict::Accept { .. } => identify(&core, &request, token),
            Verdict::Reject { message, data } => {
                return request.refuse_with(message.as_deref(), data.as_deref());
            }
            Verdict::Refuse { code, reason, .. } => Err(Refusal::new(code, reason)),
            Verdict::Overdue => Err(Refusal::overloaded()),
            Verdict::Request(_) => Err(Refusal::internal()),
        };
        match identity {
            Ok(identity) => welcome(&core, identity, true, request),
            Err(refusal) => refuse(&core, request, &refusal),
        }
    });
}

/// Whether a client may ask for a namespace now, with what it sent. It is refused here where it may not.
fn is_let_ask(core: &Core, request: ConnectRequest) -> Option<ConnectRequest> {
    let limits = core.limits();
    let refusal = match request.rate(|| ConnectRate::new(limits)).map(ConnectRate::take) {
        Some(Allowance::Flood) => {
            request.close();
            return None;
        }
        Some(Allowance::Refused { refusal, .. }) => refusal,
        // The handshake counted for the first one.
        Some(Allowance::Granted) if !core.site_connects.take(request.socket().head().address.ip()) => {
            let message = format!(
                "Too many connects from this address (limits.connectsPerAddress: {} per second)",
                limits.connects_per_address
            );
            Refusal::new(Code::RateLimited, message)
        }
        _ if request.auth().is_some_and(|auth| auth.len() as u64 > limits.auth_bytes) => {
            let expected = format!("must not have more than {} bytes (limits.authBytes)", limits.auth_bytes);
            Refusal::invalid("auth", &expected)
        }
        _ => return Some(request),
    };
    refuse(core, request, &refusal);
    None
}

impl Handler for Dialogue {
    fn connect(&self, request: ConnectRequest) {
        let session = request.socket().session().clone();
        cause::by(&session, || self.admit(request));
    }

    fn event(&self, socket: &Arc<Socket>, event: IncomingEvent) {
        cause::by(socket.session(), || self.heard(socket, event));
    }

    fn disconnected(&self, socket: &Arc<Socket>, reason: DisconnectReason) {
        cause::by(socket.session(), || over(&self.core, socket, reason));
    }

    fn answered(&self, socket: &Arc<Socket>, id: i64, (text, attachments): Answer) {
        cause::by(socket.session(), || {
            io::answered(&self.core, socket, id, text.as_str().to_owned(), attachments);
        });
    }

    fn failed(&self, socket: &Arc<Socket>, message: &'static str) {
        let Some(nsp) = self.core.io.named(socket.nsp()) else { return };
        let known = match self.core.clients.get(&socket.id()) {
            Some(client) => client.is_looked_at(),
            None => nsp.is_looked_at(&socket.id()),
        };
        if known {
            self.core.tell(Call::Io(IoCall::Failed { nsp: nsp.key(), id: socket.public_id(), message }));
        }
    }

    fn stalled(&self) {
        let Some(unsaid) = self.stalls.say() else { return };
        let others =
            if unsaid > 0 { format!(", and {unsaid} others since it was last said") } else { String::new() };
        let message = format!(
            "A client was closed{others}: more than limits.sendBuffer ({} bytes) waited for it. It does not read, or what was sent \
             follows a message that is larger than the limit",
            self.core.limits().send_buffer
        );
        self.core.log(Level::Warn, "sendBuffer", message);
    }

    fn upgraded(&self, session: Id) {
        self.core.tell(Call::Io(IoCall::Upgraded { session }));
    }

    fn closed(&self, session: Id, reason: CloseReason) {
        self.core.tell(Call::Io(IoCall::Closed { session, reason: reason.as_str() }));
    }
}

impl Dialogue {
    fn admit(&self, request: ConnectRequest) {
        let Some(request) = is_let_ask(&self.core, request) else { return };
        if self.core.config.bare || request.nsp() != "/" {
            return io::connect(&self.core, request);
        }
        let Some(guard) = &self.core.jwt else { return admit(&self.core, request, None) };
        match identity::token(&request) {
            Ok(Some(token)) => {
                let owner = Arc::downgrade(&self.core);
                self.core.judge(guard, token, move |judged| {
                    let Some(core) = owner.upgrade() else { return };
                    match judged {
                        Ok(token) => admit(&core, request, Some(token)),
                        Err(error) => refuse(&core, request, &error.into()),
                    }
                });
            }
            Ok(None) if guard.is_required() => refuse(&self.core, request, &TokenError::Missing.into()),
            Ok(None) => admit(&self.core, request, None),
            Err(error) => refuse(&self.core, request, &error.into()),
        }
    }

    fn heard(&self, socket: &Arc<Socket>, event: IncomingEvent) {
        let Some(client) = self.core.clients.get(&socket.id()) else {
            if socket.grants_event(self.core.limits()) {
                io::event(&self.core, socket, &event, false);
            } else {
                self.core.metrics.add(Family::EventsDropped, 1);
            }
            return;
        };
        if !is_granted(&self.core, &client, &event) {
            return;
        }
        let decided = |event: &IncomingEvent| commands::is_decided(&self.core, &event.name);
        let pause = || socket.pause(Pause::Commands);
        match client.gate().enter(event, decided, pause) {
            Some(event) if has_to_wait(socket, &event) => hold_until_read(&self.core, &client, event),
            Some(event) => handle(&self.core, &client, event, None),
            None => {}
        }
    }
}

/// Whether an event is not handled yet: the host has too much of what its connection caused, or, of a request, too much waits to be sent there
/// for an answer to be made.
fn has_to_wait(socket: &Socket, event: &IncomingEvent) -> bool {
    let session = socket.session();
    session.is_held() || event.name.starts_with(protocol::PREFIX) && session.lacks_room()
}

/// A socket is over, of whatever namespace.
fn over(core: &Core, socket: &Arc<Socket>, reason: DisconnectReason) {
    match core.clients.get(&socket.id()) {
        Some(client) => forget(core, &client, reason),
        None => io::ended(core, socket, reason),
    }
}

/// The program ends a socket, and with `close` the connection under it. `true`: this did.
pub fn end_by_server(core: &Core, socket: &Arc<Socket>, close: bool) -> bool {
    let ended = socket.disconnect(close);
    if ended {
        over(core, socket, DisconnectReason::Server);
    }
    ended
}

/// Whether an event is within its connection's rates; what is not is answered or dropped here.
fn is_granted(core: &Core, client: &Client, event: &IncomingEvent) -> bool {
    if !event.name.starts_with(protocol::PREFIX) {
        let granted = client.rates().event();
        core.metrics.add(Family::EventsDropped, u64::from(!granted));
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
        let socket = waiting.socket();
        let decided = |event: &IncomingEvent| commands::is_decided(&core, &event.name);
        loop {
            socket.session().read_on().await;
            if socket.session().lacks_room() {
                continue;
            }
            let next = waiting.gate().next(decided, || socket.resume(Pause::Commands));
            let Some((event, since)) = next else { return };
            if socket.is_connected() {
                cause::by(socket.session(), || handle(&core, &waiting, event, Some(since)));
            }
        }
    });
}

/// A command that came with the one for which its connection is not read on: it waits until the host took enough, and the client read enough.
fn hold_until_read(core: &Arc<Core>, client: &Arc<Client>, event: IncomingEvent) {
    client.gate().stop(event, || client.socket().pause(Pause::Commands));
    let (core, held) = (core.clone(), client.clone());
    client.socket().spawn(async move {
        held.socket().session().read_on().await;
        if held.gate().release() {
            handle_waiting(&core, &held);
        }
    });
}

impl Waits for IncomingEvent {
    fn cost(&self) -> usize {
        self.size()
    }
}

/// Ends connections when the time of their tokens is over. Runs while the server does.
pub async fn end_overdue(core: &Arc<Core>) {
    match &core.jwt {
        Some(guard) => guard.watch(|id| end(core, &id)).await,
        None => std::future::pending().await,
    }
}

/// Ends a client whose token's time is over; one that brought another meanwhile stays.
fn end(core: &Core, id: &Id) {
    let Some(client) = core.clients.get(id).filter(|client| client.is_overdue()) else { return };
    let refusal = Refusal::from(TokenError::Expired);
    core.counters.raise(refusal.code);
    tell(client.socket(), None, &refusal);
    let socket = client.socket().clone();
    let polling = socket.transport_name() == "polling";
    if socket.disconnect(!polling) {
        forget(core, &client, DisconnectReason::Server);
    }
    if polling {
        // In one payload with the goodbye, Socket.IO's client would take the close for a fault, and come back.
        client.socket().spawn(async move {
            sleep(PARTING).await;
            socket.close_connection();
        });
    }
}

/// A client is gone: its places are free at once. What the host shows of it stays until the host took note.
pub fn forget(core: &Core, client: &Arc<Client>, reason: DisconnectReason) {
    if !client.is_greeted() {
        // Whoever welcomes it finds it gone, and comes here.
        return;
    }
    if let Some(guard) = &core.jwt {
        client.unwatch_token(guard);
    }
    let Some((rooms, looked_at)) = rooms::vacate(client) else { return };
    io::part(core, client.socket());
    let told =
        looked_at || core.hooks.any(Hooks::CONNECTED | Hooks::DISCONNECTED | Hooks::JOINED | Hooks::LEFT);
    core.io.main().end(core, &client.id(), |_| told);
    if told {
        let rooms = rooms.iter().map(|room| room.id().clone()).collect();
        client.show_end();
        core.tell(Call::Disconnected { client: client.id(), reason: reason.as_str(), rooms });
    } else {
        core.clients.remove(client);
        client.forget_rooms();
    }
}

/// Handles an event; `since`: when it came, if it had to wait.
fn handle(core: &Arc<Core>, client: &Arc<Client>, event: IncomingEvent, since: Option<Instant>) {
    if !event.name.starts_with(protocol::PREFIX) {
        return io::event(core, client.socket(), &event, false);
    }
    if client.socket().hears(Hearing::EVERYTHING) {
        io::event(core, client.socket(), &event, true);
    }
    let IncomingEvent { name, args, attachments, ack, .. } = event;
    let request = Request { payload: args.into_iter().next(), attachments, since };
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
            socket.reply_ack(id, text, &attachments);
        }
        (Ok(Reply { event: Some(event), payload, .. }), None) => {
            socket.reply_event(event, &payload);
        }
        (Ok(_), None) => {}
        (Err(refusal), ack) => {
            core.counters.raise(refusal.code);
            socket.reply(&refusal_frames(socket, ack, &refusal));
        }
    }
}

/// Tells a client of a refusal: by the acknowledgement it asked for, or else by an event.
fn tell(socket: &Socket, ack: Option<i64>, refusal: &Refusal) {
    socket.send(&refusal_frames(socket, ack, refusal));
}

fn refusal_frames(socket: &Socket, ack: Option<i64>, refusal: &Refusal) -> Frames {
    match ack {
        Some(id) => {
            let (code, message) = (refusal.code.as_str(), to_json(&refusal.message));
            let issues =
                refusal.issues.as_ref().map(|text| format!(r#","issues":{text}"#)).unwrap_or_default();
            let answer = format!(r#"[{{"ok":false,"code":"{code}","message":{message}{issues}}}]"#);
            packet::ack(socket.nsp(), id, answer, &[])
        }
        None => packet::event_with(socket.nsp(), outgoing::ERROR, &Payload::plain(refusal.to_json())),
    }
}
