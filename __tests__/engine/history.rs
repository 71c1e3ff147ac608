//! Events leave memory through the host and come back through it: nothing twice, nothing skipped.

use dialogue_rs::engine::{
    host::{Answer, Call, Hooks},
    payload::{Attachments, Payload},
    server::StartError,
};
use serde_json::{Value, json};

use crate::support::{Client, TestServer, chat};

async fn say(client: &mut Client, from: usize, to: usize) {
    for n in from..=to {
        let request = json!({ "roomId": "chat", "event": "message", "data": n });
        assert_eq!(client.ask("dialogue:trigger", request).await["ok"], true);
    }
}

fn offsets(events: &[Value]) -> Vec<u64> {
    events.iter().map(|event| event["offset"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_page_across_the_seam_waits_for_the_cleanup_under_way() {
    // The last cleanup is not answered here: stopping need not wait for it long.
    let server = TestServer::start(json!({ "limits": { "drain": 50 } }), &[("chat", chat(3))]);
    server.core().hooks.set(Hooks::CLEANUP | Hooks::LOAD);
    let mut client = server.client().await;
    client.join("chat").await;
    say(&mut client, 1, 4).await;
    let calls = server.calls().await;
    let [Call::Cleanup { ticket, events, .. }] = calls.as_slice() else { panic!("one cleanup: {calls:?}") };
    assert_eq!(events.iter().map(|event| event.offset).collect::<Vec<_>>(), [1]);
    // The store may or may not show event 1 by now: nobody may ask it yet.
    client
        .send(r#"4299["dialogue:getHistory",{"roomId":"chat","eventName":"message","start":0,"end":10}]"#)
        .await;
    say(&mut client, 5, 5).await;
    assert!(server.core().queue.drain(10).is_empty(), "the load waits");
    server.core().tickets.answer(*ticket, Answer::Cleaned);
    let calls = server.calls().await;
    let [Call::Load(load)] = calls.as_slice() else {
        panic!("the load, and no further cleanup before it: {calls:?}")
    };
    assert_eq!((load.start, load.end), (0, 6), "memory holds 5, 4, 3 and the evicted 2");
    let older =
        Payload::elements(json!([{ "event": "message", "offset": 1 }]).to_string(), Attachments::default())
            .unwrap();
    server.core().tickets.answer(load.ticket, Answer::Loaded(older));
    let calls = server.calls().await;
    assert!(matches!(calls.as_slice(), [Call::Cleanup { events, .. }] if events[0].offset == 2), "{calls:?}");
    let page = loop {
        if let crate::support::Wire::Text(text) = client.receive().await
            && let Some(answer) = text.strip_prefix("4399")
        {
            break serde_json::from_str::<Value>(answer).unwrap()[0].clone();
        }
    };
    assert_eq!(offsets(page["events"].as_array().unwrap()), [5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn a_failing_load_is_an_internal_error_and_a_kind_without_history_asks_nobody() {
    let server = TestServer::start(json!({}), &[("chat", chat(3))]);
    server.core().hooks.set(Hooks::LOAD);
    let mut client = server.client().await;
    client.join("chat").await;
    let none = client.ask("dialogue:getHistory", json!({ "roomId": "chat", "eventName": "made up" })).await;
    assert_eq!(none["events"], json!([]));
    client.send(r#"4299["dialogue:getHistory",{"roomId":"chat","eventName":"message"}]"#).await;
    let calls = server.calls().await;
    let [Call::Load(load)] = calls.as_slice() else { panic!("{calls:?}") };
    server.core().tickets.answer(load.ticket, Answer::Failed);
    let crate::support::Wire::Text(text) = client.receive().await else { panic!("an answer") };
    assert_eq!(text, r#"4399[{"ok":false,"code":"INTERNAL","message":"Internal error"}]"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_hands_over_what_is_left_and_waits_for_it() {
    let server = TestServer::start(json!({}), &[("chat", chat(10))]);
    server.core().hooks.set(Hooks::CLEANUP);
    let mut client = server.client().await;
    let epoch = client.join("chat").await["epoch"].clone();
    say(&mut client, 1, 3).await;
    let stopping = server.server.clone();
    let stopped = tokio::task::spawn_blocking(move || stopping.stop());
    let calls = server.calls().await;
    let [Call::Cleanup { ticket, events, .. }] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(events.len(), 3);
    assert!(!stopped.is_finished(), "it waits");
    assert!(matches!(server.server.start(), Err(StartError::Running)), "nothing starts beside it");
    server.core().tickets.answer(*ticket, Answer::Cleaned);
    stopped.await.unwrap();
    server.server.start().unwrap();
    let position = server.core().rooms.get("chat").unwrap().position();
    assert_eq!(position.offset, 0);
    assert_ne!(json!(&*position.epoch), epoch);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_hands_many_rooms_over_at_once() {
    let names: Vec<String> = (0..20).map(|n| format!("room {n}")).collect();
    let rooms: Vec<_> = names.iter().map(|name| (name.as_str(), chat(10))).collect();
    let server = TestServer::start(json!({}), &rooms);
    server.core().hooks.set(Hooks::CLEANUP);
    let mut client = server.client().await;
    for name in &names {
        client.join(name).await;
        let request = json!({ "roomId": name, "event": "message", "data": 1 });
        assert_eq!(client.ask("dialogue:trigger", request).await["ok"], true);
    }
    let stopping = server.server.clone();
    let stopped = tokio::task::spawn_blocking(move || stopping.stop());
    let mut tickets = Vec::new();
    while tickets.len() < names.len() {
        for call in server.calls().await {
            let Call::Cleanup { ticket, .. } = call else { panic!("{call:?}") };
            tickets.push(ticket);
        }
    }
    assert!(!stopped.is_finished(), "none of them was answered");
    for ticket in tickets {
        server.core().tickets.answer(ticket, Answer::Cleaned);
    }
    stopped.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_begin_anew_also_where_nobody_takes_their_history() {
    let server = TestServer::start(json!({ "limits": { "drain": 50 } }), &[("chat", chat(10))]);
    server.core().hooks.set(Hooks::CLEANUP);
    let mut client = server.client().await;
    let epoch = client.join("chat").await["epoch"].clone();
    say(&mut client, 1, 3).await;
    let stopping = server.server.clone();
    tokio::task::spawn_blocking(move || stopping.stop()).await.unwrap();
    let calls = server.calls().await;
    let Some(Call::Cleanup { ticket, .. }) = calls.first() else { panic!("{calls:?}") };
    let room = server.core().rooms.get("chat").unwrap();
    assert_eq!(room.position().offset, 0);
    assert_ne!(json!(&*room.position().epoch), epoch);
    let address: std::net::SocketAddr = server.address().parse().unwrap();
    server.server.listen(Some("127.0.0.1"), address.port()).unwrap();
    let mut client = server.client().await;
    client.join("chat").await;
    say(&mut client, 1, 2).await;
    // Too late: it was about a room that is no more.
    server.core().tickets.answer(*ticket, Answer::Cleaned);
    let page = client.ask("dialogue:getHistory", json!({ "roomId": "chat" })).await;
    assert_eq!(offsets(page["events"].as_array().unwrap()), [2, 1]);
}

#[tokio::test]
async fn a_host_that_never_drains_stops_nobody() {
    let server = TestServer::start(json!({ "limits": { "hookQueue": 5 } }), &[("chat", chat(10))]);
    server.core().hooks.set(Hooks::EVENTS);
    let mut client = server.client().await;
    client.join("chat").await;
    say(&mut client, 1, 50).await;
    let calls = server.core().queue.drain(100);
    let told: Vec<_> = calls
        .iter()
        .filter_map(
            |call| if let Call::Event { publication, .. } = call { Some(publication.offset) } else { None },
        )
        .collect();
    assert_eq!(told, [46, 47, 48, 49, 50], "observers lost their oldest");
}

#[tokio::test]
async fn loads_that_overlap_without_end_let_a_cleanup_have_its_turn() {
    let server = TestServer::start(json!({ "limits": { "drain": 50 } }), &[("chat", chat(3))]);
    server.core().hooks.set(Hooks::CLEANUP | Hooks::LOAD);
    let mut client = server.client().await;
    client.join("chat").await;
    let read = r#"42["dialogue:getHistory",{"roomId":"chat","eventName":"message","start":0,"end":99}]"#;
    client.send(read).await;
    let [Call::Load(mut under_way)] = <[Call; 1]>::try_from(server.calls().await).unwrap() else {
        panic!("a load")
    };
    say(&mut client, 1, 4).await;
    // From here on there is always one load that has not ended when the next one begins.
    let mut cleaned = None;
    for _ in 0..10 {
        client.send(read).await;
        say(&mut client, 5, 5).await;
        server.core().tickets.answer(under_way.ticket, Answer::Loaded(Vec::new()));
        let calls = server.calls().await;
        match <[Call; 1]>::try_from(calls).unwrap() {
            [Call::Load(next)] => under_way = next,
            [Call::Cleanup { ticket, .. }] => {
                cleaned = Some(ticket);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    server.core().tickets.answer(cleaned.expect("a turn for the cleanup"), Answer::Cleaned);
    let calls = server.calls().await;
    assert!(matches!(calls.as_slice(), [Call::Load(_)]), "then for the load that waited: {calls:?}");
}
