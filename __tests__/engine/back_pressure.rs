//! What must not be lost is bounded by not reading on: only the connection that causes it.

use std::{collections::HashMap, time::Duration};

use dialogue_rs::engine::{
    host::{Call, Hooks, Verdict},
    ids::Id,
};
use serde_json::json;
use tokio::time::timeout;

use crate::{
    raw::{Raw, frame},
    support::{Client, TestServer, chat, within},
};

const MEMBERSHIPS: u32 = Hooks::JOINED | Hooks::LEFT;
const JOIN: &str = r#"42["dialogue:join",{"roomId":"chat"}]"#;
const LEAVE: &str = r#"42["dialogue:leave",{"roomId":"chat"}]"#;
/// Longer than a server takes that reads.
const STILL: Duration = Duration::from_secs(1);

/// How often each client came, joined, left and went, as the host is told: in an order that makes sense.
#[derive(Default)]
struct Told(HashMap<Id, Life>);

#[derive(Default)]
struct Life {
    joined: usize,
    left: usize,
    gone: bool,
}

impl Told {
    fn note(&mut self, call: &Call) {
        match call {
            Call::Joined { client, .. } => {
                let life = self.0.entry(*client).or_default();
                assert!(
                    !life.gone && life.joined == life.left,
                    "it joins when it has left, and before its end"
                );
                life.joined += 1;
            }
            Call::Left { client, .. } => {
                let life = self.0.entry(*client).or_default();
                assert!(!life.gone && life.joined == life.left + 1, "it leaves what it joined");
                life.left += 1;
            }
            Call::Disconnected { client, rooms, .. } => {
                let life = self.0.entry(*client).or_default();
                assert_eq!(life.joined, life.left + rooms.len());
                life.left += rooms.len();
                assert!(!std::mem::replace(&mut life.gone, true), "once");
            }
            _ => {}
        }
    }
}

/// Sends pairs of joins and leaves until the server takes no more; how many those are, and the bytes that are still to be sent of them.
async fn flood(raw: &mut Raw, most: usize) -> (usize, Vec<u8>) {
    let both: Vec<u8> = [JOIN, LEAVE].iter().flat_map(|text| frame(0x81, text.as_bytes())).collect();
    let both = both.repeat(100);
    for pairs in 1..=most {
        let mut rest = &both[..];
        while !rest.is_empty() {
            if timeout(STILL, raw.stream.writable()).await.is_err() {
                return (100 * pairs, rest.to_vec());
            }
            rest = &rest[raw.stream.try_write(rest).unwrap_or(0)..];
        }
    }
    panic!("the server reads on and on");
}

/// A server whose host takes nothing by itself.
fn server(hooks: u32, hook_queue: usize) -> TestServer {
    // One that sends without reading is not to be closed for that.
    let limits = json!({ "hookQueue": hook_queue, "rate": 0, "hookTimeout": 8_000, "sendBuffer": 64 << 20 });
    let server = TestServer::start(json!({ "limits": limits }), &[("chat", chat(10)), ("other", chat(10))]);
    server.core().hooks.set(hooks);
    server
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_joins_and_leaves_without_end_is_not_read_on_and_nobody_else_notices() {
    let server = server(MEMBERSHIPS | Hooks::BEFORE_EACH, 16_000);
    let core = server.core();
    let mut flooding = Raw::connected(server.address()).await;
    let (sent, mut rest) = flood(&mut flooding, 10_000).await;
    // Its share, and the one that was too much.
    assert_eq!(core.queue.len(), 1_001);
    // Others come, join, and have their events decided.
    let mut other = server.client().await;
    other.join("other").await;
    let asked = other.ask("dialogue:trigger", json!({ "roomId": "other", "event": "message" }));
    let mut told = Told::default();
    let decided = async {
        loop {
            let calls = core.drain(16);
            calls.iter().for_each(|call| told.note(call));
            for call in calls {
                if let Call::Decide { ticket, .. } = call {
                    core.decisions.answer(ticket, Verdict::Accept { data: None, meta: None, local: 0 });
                    return;
                }
            }
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(tokio::join!(asked, decided).0["ok"], true);
    // It is read on as the host takes what it caused, to the last of it.
    rest.extend(frame(0x81, br#"427["dialogue:subscribe",{"roomId":"none"}]"#));
    let answered = async {
        flooding.write(&rest).await;
        while !flooding.frame().await.unwrap().1.starts_with(b"437") {}
    };
    let taken = async {
        loop {
            core.drain(256).iter().for_each(|call| told.note(call));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = answered => {}
        () = taken => {}
    }
    core.drain(usize::MAX).iter().for_each(|call| told.note(call));
    let (pairs, _) = told.0.values().map(|life| (life.joined, life.left)).max().unwrap();
    assert_eq!(pairs, sent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_many_fill_the_queue_each_may_have_its_few_calls_and_newcomers_wait() {
    let server = server(MEMBERSHIPS | Hooks::DISCONNECTED, 40);
    let core = server.core();
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.push(server.client().await);
    }
    for client in &mut crowd {
        for _ in 0..2 {
            client.join("chat").await;
            client.ask("dialogue:leave", json!({ "roomId": "chat" })).await;
        }
    }
    assert_eq!(core.queue.len(), 80, "each has four, and nobody was refused or stopped");
    let newcomer = tokio::spawn({
        let address = server.address().to_owned();
        async move { Client::open_and_connect(&address).await }
    });
    // One that goes before there is room leaves nothing behind.
    let mut gone = Raw::websocket(server.address(), "").await;
    gone.text("40").await;
    within("two to wait at the door", async {
        while server.server.sessions() < 22 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    drop(gone);
    within("one of them to be gone", async {
        while server.server.sessions() > 21 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(core.clients.count(), 20);
    assert!(!newcomer.is_finished());
    let mut told = Told::default();
    while !newcomer.is_finished() {
        core.drain(16).iter().for_each(|call| told.note(call));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(newcomer.await.unwrap().id.len() > 10);
    drop(crowd);
    within("everybody's end to be told", async {
        while told.0.values().filter(|life| life.gone).count() < 20 {
            core.drain(16).iter().for_each(|call| told.note(call));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    assert!(told.0.values().all(|life| life.joined == life.left));
}

#[tokio::test]
async fn a_newcomer_waits_no_longer_than_a_decision_may() {
    let limits = json!({ "hookQueue": 2, "rate": 0, "hookTimeout": 100 });
    let server = TestServer::start(json!({ "limits": limits }), &[("chat", chat(10))]);
    let mut first = server.client().await;
    server.core().hooks.set(MEMBERSHIPS);
    first.join("chat").await;
    first.ask("dialogue:leave", json!({ "roomId": "chat" })).await;
    let mut late = Raw::websocket(server.address(), "").await;
    late.frame().await;
    late.text("40").await;
    let (_, refused) = late.frame().await.unwrap();
    assert!(refused.starts_with(b"44") && String::from_utf8_lossy(&refused).contains("OVERLOADED"));
}
