//! Events that wait for an `onCleanup` that never settles.

use dialogue_rs::engine::{
    error::Code,
    event::Draft,
    host::{Call, Hooks},
    payload::Payload,
    rooms::{self, Sender},
};
use serde_json::{from_value, json};

use crate::{
    alone,
    memory::resident,
    scaled,
    support::{TestServer, chat},
};

const PAYLOAD: usize = 100 << 10;
/// Events that a room keeps.
const KEPT: usize = 5;
const BOUND: usize = 8 << 20;

fn server() -> TestServer {
    let server = TestServer::start(
        json!({ "limits": { "hookQueueBytes": BOUND, "hookTimeout": 600_000, "drain": 0, "rate": 0 } }),
        &[],
    );
    server.core().hooks.set(Hooks::CLEANUP);
    server
}

fn create(server: &TestServer, id: &str) -> std::sync::Arc<rooms::Room> {
    rooms::create(server.core(), id, from_value(chat(KEPT)).unwrap(), None, None).unwrap()
}

/// Says so much in a room. Returns how many events were accepted.
fn say(server: &TestServer, id: &str, count: usize) -> usize {
    let core = server.core();
    let room = core.rooms.get(id).unwrap();
    let accepted = (0..count)
        .filter(|_| {
            let draft = Draft {
                name: "message".into(),
                from: "system".into(),
                data: Some(Payload::plain(format!(r#""{}""#, "x".repeat(PAYLOAD)))),
                meta: None,
                timestamp: None,
            };
            match rooms::trigger(core, &room, &Sender::Server { local: 0 }, &draft) {
                Ok(_) => true,
                Err(refusal) => {
                    assert_eq!(refusal.code, Code::Overloaded);
                    false
                }
            }
        })
        .count();
    // The host takes them, and answers none.
    while !core.queue.drain(64).is_empty() {}
    accepted
}

#[tokio::test]
async fn cleanups_of_many_rooms_that_never_settle_wait_within_one_bound() {
    let _alone = alone().await;
    let (server, count) = (server(), scaled(50, 500));
    let before = resident();
    (0..count).for_each(|n| drop(create(&server, &n.to_string())));
    let first = say(&server, "0", 200);
    assert!((BOUND / PAYLOAD / 2..BOUND / PAYLOAD + KEPT).contains(&first), "{first} of one room");
    assert!(say(&server, "1", 7) == 7, "another room has its events stored all the same");
    let accepted: usize = (2..count).map(|n| say(&server, &n.to_string(), 60)).sum();
    let grown = resident().saturating_sub(before);
    println!("{first} of the first room and {accepted} of {count} accepted, {grown} bytes grown");
    assert!(grown < count * KEPT * PAYLOAD + 3 * BOUND, "{grown} bytes grown");
}

#[tokio::test]
async fn rooms_that_are_filled_and_deleted_wait_within_the_same_bound() {
    let _alone = alone().await;
    let (server, count) = (server(), scaled(300, 3_000));
    let before = resident();
    let mut tickets = Vec::new();
    for n in 0..count {
        let room = create(&server, &n.to_string());
        say(&server, &n.to_string(), KEPT);
        assert!(rooms::delete(server.core(), &room));
        tickets.extend(server.core().queue.drain(64).into_iter().filter_map(|call| match call {
            Call::Cleanup { ticket, .. } => Some(ticket),
            _ => None,
        }));
    }
    let grown = resident().saturating_sub(before);
    println!("{} of {count} rooms had something to hand over, {grown} bytes grown", tickets.len());
    assert!(grown < 4 * BOUND, "{grown} bytes grown");
    let room = create(&server, "refused");
    assert_eq!(say(&server, "refused", 1), 0);
    // What settles gives its room back.
    for ticket in tickets {
        server.core().tickets.answer(ticket, dialogue_rs::engine::host::Answer::Cleaned);
    }
    assert_eq!(say(&server, room.id(), KEPT), KEPT);
}
