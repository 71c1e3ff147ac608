//! Packets of Socket.IO. An event that was read, written again and read again, is the same; and what a program is handed
//! of it can be told to others: each placeholder stands for an attachment that is there.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use socketioxide_core::Str;

use super::{floors::Floors, wire};
use crate::engine::{
    lock::lock,
    payload::{Attachments, Composer, Payload, to_json},
    socketio::{
        ConnectRequest, DisconnectReason, Handler, IncomingEvent, PendingAck, Socket, SocketIo, packet,
    },
    transport::Frames,
};

/// Most bytes of a message, over its attachments: few enough to be exceeded.
const MAX_PAYLOAD: usize = 4_096;

/// Messages of one connection, `\x1e` between them; what begins with `b` is binary.
pub fn packets(data: &[u8]) {
    let handler = Arc::new(Recorder::default());
    let floors = floors(&handler);
    let client = floors.client();
    client.text("0".into());
    for message in data.split(|byte| *byte == b'\x1e') {
        match message.strip_prefix(b"b") {
            Some(bytes) => client.binary(Bytes::copy_from_slice(bytes)),
            None => client.text(String::from_utf8_lossy(message).into_owned().into()),
        }
    }
    floors.settle();
    let seen = handler.take();
    assert!(seen.ended <= seen.opened, "a socket ends once");
    for pending in seen.asked {
        check_answer(&floors, pending);
    }
    for (nsp, event) in &seen.events {
        assert!(event.size() <= MAX_PAYLOAD);
        check_arguments(event);
        check_again(nsp, event);
    }
}

fn floors(handler: &Arc<Recorder>) -> Floors {
    // What is written again may be longer: a name that was a number becomes a string.
    let max = if handler.again { 2 * MAX_PAYLOAD } else { MAX_PAYLOAD };
    let handler = handler.clone();
    Floors::new(max, move |tasks| SocketIo::start(handler, max, Duration::from_secs(10), true, tasks))
}

/// A program that accepts some namespaces, asks each socket for an answer, and remembers the rest.
#[derive(Default)]
struct Recorder {
    /// It hears what the engine itself wrote.
    again: bool,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    events: Vec<(Str, IncomingEvent)>,
    asked: Vec<PendingAck>,
    opened: usize,
    ended: usize,
}

impl Recorder {
    fn take(&self) -> Seen {
        std::mem::take(&mut lock(&self.seen))
    }
}

impl Handler for Recorder {
    fn connect(&self, request: ConnectRequest) {
        if request.nsp() != "/" && !request.nsp().starts_with("/a") {
            return request.refuse("Invalid namespace", None);
        }
        if let Some(socket) = request.accept(Frames::new()) {
            let answer = (!self.again).then(|| socket.emit_with_ack(r#"["asked"]"#, &[]));
            let mut seen = lock(&self.seen);
            seen.asked.extend(answer);
            seen.opened += 1;
        }
    }

    fn event(&self, socket: &Arc<Socket>, event: IncomingEvent) {
        lock(&self.seen).events.push((socket.nsp().clone(), event));
    }

    fn disconnected(&self, _: &Arc<Socket>, _: DisconnectReason) {
        lock(&self.seen).ended += 1;
    }
}

/// Whoever is answered, is answered with a list.
fn check_answer(floors: &Floors, pending: PendingAck) {
    if let Ok((answer, _)) = floors.run(pending.wait(Duration::ZERO)) {
        assert!(serde_json::from_str::<Vec<serde::de::IgnoredAny>>(&answer).is_ok(), "{answer}");
    }
}

/// What of an event can be carried, can be told to others, also together with more.
fn check_arguments(event: &IncomingEvent) {
    for argument in &event.args {
        let mut attachments = Attachments::new(event.attachments.iter().cloned());
        let Ok(payload) = Payload::new(argument.clone(), &mut attachments) else { continue };
        let count = payload.attachments().len();
        let carried = wire::json(payload.text());
        wire::check_placeholders(&carried, count);
        let sent = wire::filled(wire::json(argument), &event.attachments);
        assert_eq!(wire::filled(carried, payload.attachments()), sent, "each is where it was put");
        let mut twice = Composer::default();
        twice.array([&payload, &payload]);
        let (text, attachments) = twice.into_parts();
        assert_eq!(attachments.len(), 2 * count);
        wire::check_placeholders(&wire::json(&text), 2 * count);
    }
}

/// An event, told as the server tells them, is read as the same event.
fn check_again(nsp: &Str, event: &IncomingEvent) {
    let handler = Arc::new(Recorder { again: true, ..Recorder::default() });
    let floors = floors(&handler);
    let mut args = format!("[{}", to_json(event.name.as_str()));
    for argument in &event.args {
        args.push(',');
        args.push_str(argument);
    }
    args.push(']');
    let teller = floors.client();
    assert!(teller.send(&packet::event(nsp, args, &event.attachments, event.ack)));
    let hearer = floors.client();
    hearer.text(format!("0{nsp},").into());
    assert_eq!(hearer.post(&teller.poll().map_or_else(Vec::new, |payload| payload.body), false), Ok(()));
    let [(place, again)] = &*handler.take().events else { panic!("it is not one event") };
    assert_eq!((place, &again.name, again.ack), (nsp, &event.name, event.ack));
    assert_eq!((&again.args, &again.attachments), (&event.args, &event.attachments));
}
