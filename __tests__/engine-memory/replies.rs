//! What a client asks for at once is made as it reads: however much that is, what waits for it is bounded.
//!
//! 16 rooms of 300 KB of history are joined and 30 pages of 2 MB are asked for in one write, by a client that reads as fast as it can, and by one
//! that reads 16 MB a second; with `DIALOGUE_TEST_LONG=1` 1 MB a second.

use std::time::{Duration, Instant};

use dialogue_rs::engine::{
    event::Draft,
    payload::Payload,
    rooms::{self, Sender},
};
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, time::sleep_until};

use crate::{
    alone,
    memory::resident,
    raw::{Raw, frame},
    scaled,
    support::{TestServer, chat, within},
};

const MB: usize = 1 << 20;
const ROOMS: usize = 16;
const PAGES: usize = 30;
/// What may be added to the process.
const MOST: usize = 32 * MB;

fn fill(server: &TestServer, id: &str, events: usize, bytes: usize) {
    let room = server.core().rooms.get(id).unwrap();
    let data = Payload::plain(format!("\"{}\"", "x".repeat(bytes)));
    let draft = Draft {
        name: "message".into(),
        from: "system".into(),
        data: Some(data),
        meta: None,
        timestamp: None,
    };
    for _ in 0..events {
        rooms::trigger(server.core(), &room, &Sender::Server { local: 0 }, &draft).unwrap();
    }
}

fn requests(ids: &[String]) -> Vec<u8> {
    let mut requests = Vec::new();
    let mut ask = |number: usize, event: &str, payload: Value| {
        requests.extend(frame(0x81, format!("42{number}{}", json!([event, payload])).as_bytes()));
    };
    for (number, id) in ids.iter().enumerate() {
        ask(number, "dialogue:join", json!({ "roomId": id }));
    }
    for page in 1..=PAGES {
        let ask_for = json!({ "roomId": "large", "eventName": "message", "end": 20 });
        ask(1_000 + page, "dialogue:getHistory", ask_for);
    }
    requests
}

/// Asks for everything and reads it, so many bytes a second. Returns by how much the process grew in that time, and how many bytes came.
async fn ask_and_read(server: &TestServer, requests: &[u8], bytes_per_second: usize) -> (usize, usize) {
    let mut raw = Raw::connected(server.address()).await;
    raw.text(r#"429999["dialogue:join",{"roomId":"large"}]"#).await;
    while !raw.frame().await.unwrap().1.starts_with(b"439999") {}
    let before = resident();
    raw.write(requests).await;
    let last = format!("43{}[", 1_000 + PAGES);
    let mut chunk = vec![0; 64 << 10];
    let (mut came, mut most, mut tail) = (0, 0, Vec::new());
    let began = Instant::now();
    loop {
        let count = within("more of what was asked for", raw.stream.read(&mut chunk)).await.unwrap();
        assert!(count > 0, "closed after {came} bytes");
        came += count;
        most = most.max(resident());
        // It may be in two pieces.
        tail.extend_from_slice(&chunk[..count]);
        let is_last = tail.windows(last.len()).any(|window| window == last.as_bytes());
        tail.drain(..tail.len().saturating_sub(last.len()));
        if is_last {
            return (most.saturating_sub(before), came);
        }
        let due = Duration::from_secs_f64(came as f64 / bytes_per_second as f64);
        sleep_until((began + due).into()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_asks_for_at_once_is_made_as_it_reads() {
    let _alone = alone().await;
    let ids: Vec<String> = (0..ROOMS).map(|n| format!("room {n}")).collect();
    let mut rooms: Vec<(&str, Value)> = ids
        .iter()
        .map(|id| {
            let mut room = chat(30);
            room["syncHistoryOnJoin"] = json!(true);
            (id.as_str(), room)
        })
        .collect();
    rooms.push(("large", chat(20)));
    let server = TestServer::start(json!({ "limits": { "rate": 0, "historyRate": 0, "drain": 50 } }), &rooms);
    for id in &ids {
        fill(&server, id, 30, 10 << 10);
    }
    fill(&server, "large", 20, 100 << 10);
    let requests = requests(&ids);
    for speed in [usize::MAX, scaled(16, 1) * MB] {
        let (grown, came) = ask_and_read(&server, &requests, speed).await;
        println!("{came} bytes at {speed} bytes a second at most: {grown} bytes more in memory");
        assert!(came > ROOMS * 300_000 + (PAGES - 1) * 2_000_000, "{came} bytes came");
        assert!(grown < MOST, "{grown} bytes");
    }
}
