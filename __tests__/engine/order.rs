//! All subscribers of a room see one order, and it is that of history.

use serde_json::{Value, json};

use crate::support::{TestServer, chat};

const SENDERS: usize = 4;
const EACH: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_order_for_all() {
    let server = TestServer::start(json!({}), &[("chat", chat(1_000))]);
    let mut listeners = Vec::new();
    for _ in 0..3 {
        let mut listener = server.client().await;
        listener.join("chat").await;
        listeners.push(listener);
    }
    let mut speaking = Vec::new();
    for sender in 0..SENDERS {
        let mut client = server.client_with(json!({ "userId": format!("sender-{sender}") })).await;
        client.join("chat").await;
        speaking.push(tokio::spawn(async move {
            for n in 0..EACH {
                client
                    .send(&format!(
                        "42{}",
                        json!(["dialogue:trigger", { "roomId": "chat", "event": "message", "data": n }])
                    ))
                    .await;
            }
            client
        }));
    }
    let mut seen: Vec<Vec<Value>> = Vec::new();
    for listener in &mut listeners {
        let mut messages = Vec::new();
        while messages.len() < SENDERS * EACH {
            messages.push(listener.event().await.1);
        }
        seen.push(messages);
    }
    assert!(
        seen[0].iter().zip(1..).all(|(message, offset)| message["offset"] == offset),
        "offsets grow by one"
    );
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    for sender in 0..SENDERS {
        let own: Vec<_> = seen[0]
            .iter()
            .filter(|m| m["from"] == format!("sender-{sender}"))
            .map(|m| m["data"].clone())
            .collect();
        assert_eq!(own, (0..EACH).map(Value::from).collect::<Vec<_>>(), "what one sends keeps its order");
    }
    let page = listeners[0]
        .ask("dialogue:getHistory", json!({ "roomId": "chat", "eventName": "message", "end": 1000 }))
        .await;
    let mut history = page["events"].as_array().unwrap().clone();
    history.reverse();
    assert_eq!(history, seen[0]);
    for task in speaking {
        drop(task.await);
    }
}
