//! A client that does not read costs at most its byte cap, and nobody else notices. A tenth of a room: `__tests__/engine-memory/stalled.rs`.

use serde_json::json;

use crate::support::{Client, TestServer, chat, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn line_35_one_who_does_not_read_is_closed_and_the_rest_goes_on() {
    let server = TestServer::start(json!({ "limits": { "sendBuffer": 200_000 } }), &[("chat", chat(1))]);
    let mut stalled = server.client().await;
    stalled.join("chat").await;
    let mut reader = server.client().await;
    reader.join("chat").await;
    let room = server.core().rooms.get("chat").unwrap();
    let text = "x".repeat(50_000);
    let mut said = 0;
    within("the stalled one to be closed", async {
        while room.size() == 2 {
            let request = json!({ "roomId": "chat", "event": "message", "data": text });
            assert_eq!(reader.ask("dialogue:trigger", request).await["ok"], true);
            said += 1;
            assert!(said < 2_000, "the kernel does not take 100 MB");
        }
    })
    .await;
    while reader.events.len() < said {
        let event = reader.event().await;
        reader.events.push(event);
    }
    let offsets: Vec<_> =
        reader.events.iter().map(|(_, message)| message["offset"].as_u64().unwrap()).collect();
    assert_eq!(offsets, (1..=said as u64).collect::<Vec<_>>(), "the reader missed nothing");
}

#[tokio::test]
async fn an_empty_outbox_takes_a_packet_of_any_size() {
    let server = TestServer::start(json!({ "limits": { "sendBuffer": 1_024 } }), &[("chat", chat(10))]);
    let mut client = server.client().await;
    client.join("chat").await;
    let request = json!({ "roomId": "chat", "event": "message", "data": "x".repeat(100_000) });
    client.send(&format!("42{}", json!(["dialogue:trigger", request]))).await;
    assert_eq!(client.event().await.1["offset"], 1);
}

#[tokio::test]
async fn stopping_waits_for_nobody_who_does_not_read() {
    let server = TestServer::start(json!({}), &[("chat", chat(1))]);
    let _silent = Client::open(server.address()).await;
    let mut client = server.client().await;
    let stopping = server.server.clone();
    let stopped = tokio::task::spawn_blocking(move || stopping.stop());
    assert_eq!(client.receive().await, crate::support::Wire::Closed(Some(1001)));
    assert_eq!(within("the server to stop", stopped).await.unwrap(), 0);
}
