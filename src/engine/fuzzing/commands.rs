//! The requests of the wire protocol, through all floors. Every request is answered, once; nobody gets a place, a subscription
//! or a room beyond the limits; whatever a client is told, it can read; and who is where is the same from both sides.

use std::{collections::HashSet, sync::Arc, time::Duration};

use super::{
    caller::Caller,
    floors::Floors,
    program::{HELD, JOINS, Program, SUBSCRIPTIONS},
};
use crate::engine::{connection::Dialogue, core::Core, rooms::Room, socketio::SocketIo};

/// Most bytes of a message.
const MAX_PAYLOAD: usize = 100_000;
/// Users of the clients: one has two.
const USERS: [&str; 3] = ["ada", "bob", "ada"];

/// A line of letters for what the program is like ([`Program::new`]), then a step in each line:
///
/// - `0?2 name payload`: client 0 asks, with two attachments, and wants an answer; `.` for `?`: it wants none;
/// - `!`: the program answers what it was asked;
/// - `x0`, `z0`: client 0 leaves, or closes its transport. When it asks again, another takes its place.
pub fn commands(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let program = Program::new(lines.next().unwrap_or_default());
    let dialogue = Arc::new(Dialogue::new(program.core.clone()));
    let floors = Floors::new(MAX_PAYLOAD, |tasks| {
        SocketIo::start(dialogue, MAX_PAYLOAD, Duration::from_secs(10), true, tasks)
    });
    let mut callers = USERS.map(|user| Caller::connect(&floors, user));
    for line in lines.take(100) {
        step(line, &program, &floors, &mut callers);
        floors.settle();
        callers.iter_mut().for_each(Caller::listen);
        check(&program.core);
    }
    if !program.ends_silent {
        while program.answer_all() {
            floors.settle();
        }
        for caller in &mut callers {
            caller.listen();
            caller.check_answered();
        }
        check(&program.core);
    }
    floors.stop();
    program.core.give_up();
    floors.settle();
    while program.answer_all() {
        floors.settle();
    }
    drop((callers, floors));
    check(&program.core);
    assert_eq!(program.core.clients.count(), 0);
    let core = Arc::downgrade(&program.core);
    drop(program);
    assert!(core.upgrade().is_none(), "nothing is left of a server that was stopped");
}

fn step(line: &str, program: &Program, floors: &Floors, callers: &mut [Caller; 3]) {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    match verb.as_bytes() {
        b"!" => {
            program.answer_all();
        }
        [kind @ (b'x' | b'z'), who @ b'0'..=b'2'] => {
            let caller = &mut callers[usize::from(who - b'0')];
            if *kind == b'x' { caller.leave() } else { caller.close() }
        }
        [who @ b'0'..=b'2', answer @ (b'?' | b'.'), attachments @ ..] => {
            let (name, payload) = rest.split_once(' ').unwrap_or((rest, ""));
            // What is no packet is for another target.
            if !payload.is_empty() && serde_json::from_str::<serde::de::IgnoredAny>(payload).is_err() {
                return;
            }
            let who = usize::from(who - b'0');
            if !callers[who].is_there() {
                callers[who] = Caller::connect(floors, USERS[who]);
            }
            let attachments = attachments.first().map_or(0, |digit| digit.saturating_sub(b'0').min(9));
            callers[who].ask(name, payload, attachments, *answer == b'?');
        }
        _ => {}
    }
}

/// Whether everyone is where both sides say, and within the limits.
fn check(core: &Arc<Core>) {
    let rooms = core.rooms.all();
    let mut places = 0;
    for id in core.clients.ids() {
        let Some(client) = core.clients.get(&id).filter(|client| client.socket().is_connected()) else {
            continue;
        };
        let joined = client.room_ids();
        places += joined.len();
        assert!(joined.len() <= JOINS);
        assert_eq!(joined.iter().collect::<HashSet<_>>().len(), joined.len(), "each room once");
        let within: Vec<_> = rooms.iter().filter(|room| room.has(&id)).collect();
        assert!(within.len() == joined.len() && within.iter().all(|room| joined.contains(room.id())));
        let subscriptions: usize = within.iter().map(|room| room.subscriptions(&id).len()).sum();
        let counted = client.subscriptions().load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(subscriptions as u64, counted);
        assert!(subscriptions <= SUBSCRIPTIONS);
    }
    assert_eq!(rooms.iter().map(|room| room.size()).sum::<usize>(), places, "nobody else is in a room");
    for user in USERS {
        let held = rooms.iter().filter(|room| room.created_by().is_some_and(|by| &**by == user)).count();
        assert!(held <= HELD && held == core.rooms.held_by(user));
    }
    rooms.iter().for_each(check_size);
}

fn check_size(room: &Arc<Room>) {
    let summary: serde_json::Value = serde_json::from_str(&room.summary()).expect("a summary");
    assert!(summary["maxSize"].as_u64().is_none_or(|most| room.size() as u64 <= most), "{summary}");
    assert_eq!(summary["size"], room.size());
}
