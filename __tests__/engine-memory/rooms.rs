//! Line 36: rooms that come and go.
//!
//! 20,000 at a time; with `DIALOGUE_TEST_LONG=1` 1,000,000.

use std::time::Duration;

use dialogue_rs::engine::{
    config::RoomConfig,
    event::Draft,
    rooms::{self, Sender},
};
use serde_json::json;

use crate::{
    alone, is_back,
    memory::{held, resident},
    scaled,
    support::{Client, PATIENCE, TestServer, chat},
};

/// Every so many rooms one is used by the client on the wire, which then reads what the others brought it.
const ON_THE_WIRE: usize = 100;
/// So many of the first rooms are listed, which is announced to everyone.
const LISTED: usize = 200;

fn config(listed: bool) -> RoomConfig {
    let mut room = chat(5);
    room["listed"] = json!(listed);
    serde_json::from_value(room).unwrap()
}

/// So many rooms, all of them there at once, each joined, said something in, left; then all deleted.
async fn come_and_go(server: &TestServer, client: &mut Client, count: usize) {
    let core = server.core();
    let member = core.clients.get(&core.clients.ids()[0]).unwrap();
    let (listed, unlisted) = (config(true), config(false));
    let draft =
        Draft { name: "message".into(), from: "system".into(), data: None, meta: None, timestamp: None };
    for n in 0..count {
        let id = format!("room {n}");
        let config = if n < LISTED { &listed } else { &unlisted };
        let room = rooms::create(core, &id, config.clone(), None, None).unwrap();
        if n.is_multiple_of(ON_THE_WIRE) {
            client.join(&id).await;
            let request = json!({ "roomId": id, "event": "message", "data": n });
            assert_eq!(client.ask("dialogue:trigger", request).await["ok"], true);
            assert_eq!(client.ask("dialogue:leave", json!({ "roomId": id })).await["ok"], true);
            client.events.clear();
        } else {
            rooms::join(core, &room, &member, None, |_| {}).unwrap();
            rooms::trigger(core, &room, &Sender::Server { local: 0 }, &draft).unwrap();
            assert!(rooms::leave(core, &room, &member, || {}));
        }
    }
    for n in 0..count {
        let room = core.rooms.get(&format!("room {n}")).unwrap();
        assert!(rooms::delete(core, &room));
        // The host takes note of it.
        while !core.queue.drain(64).is_empty() {}
    }
    assert_eq!(client.ask("dialogue:listRooms", json!({})).await["rooms"], json!([]));
    client.events.clear();
}

#[tokio::test]
async fn line_36_rooms_that_come_and_go() {
    let _alone = alone().await;
    let count = scaled(20_000, 1_000_000);
    let server = TestServer::start(json!({ "limits": { "rate": 0 } }), &[]);
    let mut client = server.client().await;
    // What the process takes once and keeps.
    come_and_go(&server, &mut client, 1_000).await;
    let before = (held(), resident());
    for round in 1..=3 {
        come_and_go(&server, &mut client, count).await;
        let (held, left) = (held(), resident());
        assert!(server.core().rooms.all().is_empty());
        assert!(is_back(held, before.0), "{} bytes held before, {held} after time {round}", before.0);
        let _ = tokio::time::timeout(PATIENCE, async {
            while resident() > most_resident(before.1) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        let after = (held, resident());
        println!(
            "{count} rooms, time {round}, bytes held and resident: {before:?} before, {after:?} after ({left} at first)"
        );
        assert!(after.1 <= most_resident(before.1), "{} bytes resident before, {} after", before.1, after.1);
    }
}

/// 5 % more than at the start. Of a million rooms glibc keeps the top of one arena beside it: 64 MiB at most, of two gigabytes.
fn most_resident(before: usize) -> usize {
    before + before / 20 + scaled(0, 64 << 20)
}
