//! Line 35: a tenth of a room stops reading.
//!
//! 20 of 200; with `DIALOGUE_TEST_LONG=1` 100 of 1,000. How little the others notice is `benches/stalled.mjs`.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{
    io::Interest,
    sync::mpsc::{UnboundedSender, unbounded_channel},
};

use crate::{
    alone,
    memory::resident,
    raw::Raw,
    scaled,
    support::{TestServer, chat, within},
};

/// Bytes that may wait for one client.
const CAP: usize = 1 << 20;
/// More than the kernel takes for one that does not read, here and there.
const IN_THE_KERNEL: usize = 1 << 20;
const PAYLOAD: usize = 8 << 10;

/// Reads the room's events, all of them in order, and says so for each.
async fn read(mut raw: Raw, said: UnboundedSender<u64>) {
    for expected in 1.. {
        let Some((1, payload)) = raw.frame().await else { return };
        let text = String::from_utf8(payload).unwrap();
        assert!(text.contains(&format!(r#""offset":{expected}}}"#)), "{expected} is next: {}", &text[..200]);
        if said.send(expected).is_err() {
            return;
        }
    }
}

async fn joined(server: &TestServer) -> Raw {
    let mut raw = Raw::connected(server.address()).await;
    raw.text(r#"421["dialogue:join",{"roomId":"chat"}]"#).await;
    while !raw.frame().await.unwrap().1.starts_with(b"431") {}
    raw
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn line_35_a_tenth_of_a_room_stops_reading() {
    let _alone = alone().await;
    let everyone = scaled(200, 1_000);
    let server = TestServer::start(
        json!({ "limits": { "sendBuffer": CAP, "rate": 0, "drain": 50 }, "socket": { "pingInterval": 60_000 } }),
        &[("chat", chat(1))],
    );
    let room = server.core().rooms.get("chat").unwrap();
    let mut stalled = Vec::new();
    for _ in 0..everyone / 10 {
        stalled.push(joined(&server).await);
    }
    let (said, mut heard) = unbounded_channel();
    let readers = everyone - stalled.len();
    for _ in 0..readers {
        tokio::spawn(read(joined(&server).await, said.clone()));
    }
    let mut speaker = server.client().await;
    speaker.join("chat").await;
    let request = json!({ "roomId": "chat", "event": "message", "data": "x".repeat(PAYLOAD) });
    let mut spoken = 0;
    let mut before = 0;
    let mut most = 0;
    while room.size() > readers + 1 {
        assert!(spoken * PAYLOAD < CAP + IN_THE_KERNEL, "{} are still there", room.size());
        assert_eq!(speaker.ask("dialogue:trigger", request.clone()).await["ok"], true);
        spoken += 1;
        for _ in 0..readers {
            let offset = within("everyone else to have it", heard.recv()).await.unwrap();
            assert_eq!(offset, spoken as u64);
        }
        speaker.events.clear();
        if spoken == 1 {
            // What readers take once and keep is theirs.
            before = resident();
        }
        most = most.max(resident());
        if spoken * PAYLOAD < CAP - PAYLOAD {
            assert_eq!(room.size(), everyone + 1, "nobody is closed before the cap");
        }
    }
    let over = Instant::now();
    for raw in &stalled {
        within("the end of one who does not read", raw.stream.ready(Interest::ERROR)).await.unwrap();
    }
    let closed = over.elapsed();
    within("their sessions to be gone", async {
        while server.server.sessions() > readers + 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let gone = over.elapsed();
    println!("closed {closed:?} after the cap, gone {gone:?} after it");
    // Within a second, and what a machine adds that is busy with something else.
    assert!(gone < Duration::from_secs(3), "closed {closed:?} after the cap, gone {gone:?} after it");
    // What waits is held once, however many it waits for.
    let grown = most.saturating_sub(before);
    println!(
        "{} of {everyone} stalled: {grown} bytes at most, {} after",
        stalled.len(),
        resident() as i64 - before as i64
    );
    assert!(grown < 4 * CAP, "{grown} bytes");
}
