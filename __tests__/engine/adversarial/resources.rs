//! Lines 34, 37 and 39: resources. Lines 35 and 36 have processes of their own in
//! `__tests__/engine-memory`, line 38 has one in `__tests__/suites/processes.ts`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    raw::{Raw, poll},
    support::{TestServer, chat, scaled, within},
};

#[tokio::test]
async fn line_34_one_client_at_full_speed() {
    let server = TestServer::start(json!({}), &[("chat", chat(1))]);
    let mut flood = server.client().await;
    let begun = Instant::now();
    let mut refused = 0;
    for _ in 0..400 {
        let answer = flood.ask("dialogue:join", json!({ "roomId": "chat" })).await;
        refused += usize::from(answer["code"] == "RATE_LIMITED");
    }
    // A burst of 200 passes, and then 100 a second, for however long it took.
    let passing = 201 + 100 * begun.elapsed().as_secs() as usize + 100;
    assert!(refused <= 200 && refused + passing >= 400, "{refused} in {:?}", begun.elapsed());
    for _ in 0..300 {
        flood.send(r#"42["dialogue:leave",{"roomId":"nowhere"}]"#).await;
    }
    let mut neighbour = server.client().await;
    neighbour.join("chat").await;
    // Errors without an acknowledgement are said ten times a second at most.
    flood.ask("dialogue:leave", json!({ "roomId": "chat" })).await;
    let errors = flood.events.iter().filter(|(name, _)| name == "dialogue:error").count();
    assert!(errors as u64 <= 10 * (begun.elapsed().as_secs() + 2), "{errors}");
}

#[tokio::test]
async fn line_34_history_is_limited_by_itself() {
    let server = TestServer::start(json!({}), &[("chat", chat(1))]);
    let mut client = server.client().await;
    client.join("chat").await;
    let mut refused = None;
    // Fewer than asked in a second, unless a machine takes long for them.
    for n in 0..1_000 {
        let answer = client.ask("dialogue:getHistory", json!({ "roomId": "chat" })).await;
        if answer["code"] == "RATE_LIMITED" {
            refused = Some((n, answer["message"].as_str().unwrap().to_owned()));
            break;
        }
    }
    let (n, message) = refused.expect("twenty at once, and ten a second");
    assert!(n >= 20 && message.contains("limits.historyRate"), "{n} {message}");
}

#[tokio::test]
async fn line_37_connections_per_address() {
    let limits = json!({ "connectionsPerAddress": 2, "trustProxy": ["127.0.0.1"] });
    let server = TestServer::start(json!({ "limits": limits }), &[]);
    let first = Raw::connected(server.address()).await;
    let _second = server.client().await;
    assert_eq!(poll(server.address(), "GET", "", "").await.status, 429);
    let behind_proxy = |address: &str| {
        format!(
            "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\n\r\n"
        )
    };
    for expected in [200, 200, 429] {
        let answer = crate::raw::http(server.address(), &behind_proxy("9.9.9.9, 203.0.113.7")).await;
        assert_eq!(answer.status, expected);
    }
    drop(first);
    within("the place of the first to be free", async {
        while poll(server.address(), "GET", "", "").await.status != 200 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn limits_on_rooms_and_subscriptions_name_themselves() {
    let limits = json!({ "joins": 2, "subscriptions": 3 });
    let room = json!({ "name": "Room", "events": [{ "name": "*" }], "defaultSubscriptions": ["a"] });
    let rooms = [("one", room.clone()), ("two", room.clone()), ("three", room)];
    let server = TestServer::start(json!({ "limits": limits }), &rooms);
    let mut client = server.client().await;
    client.join("one").await;
    client.join("two").await;
    let refused = client.ask("dialogue:join", json!({ "roomId": "three" })).await;
    assert_eq!(refused["code"], "INVALID_REQUEST");
    assert!(refused["message"].as_str().unwrap().contains("limits.joins"));
    let subscribe = |name: &str| json!({ "roomId": "one", "eventName": name });
    assert_eq!(client.ask("dialogue:subscribe", subscribe("b")).await["ok"], true);
    let refused = client.ask("dialogue:subscribe", subscribe("c")).await;
    assert!(refused["message"].as_str().unwrap().contains("limits.subscriptions"), "{refused}");
    client.ask("dialogue:leave", json!({ "roomId": "two" })).await;
    assert_eq!(client.ask("dialogue:subscribe", subscribe("c")).await["ok"], true, "leaving gives them back");
    assert_eq!(client.ask("dialogue:unsubscribe", subscribe("c")).await["ok"], true);
    client.join("three").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn line_39_all_lose_the_network_and_come_back_at_once() {
    let server = Arc::new(TestServer::start(json!({}), &[("chat", chat(1))]));
    let room = server.core().rooms.get("chat").unwrap();
    let count = scaled(300, 5_000);
    for _ in 0..2 {
        let begun = Instant::now();
        let mut coming = Vec::new();
        for _ in 0..count {
            let server = server.clone();
            coming.push(tokio::spawn(async move {
                let mut client = server.client().await;
                client.join("chat").await;
                client
            }));
        }
        let mut clients = Vec::new();
        for client in coming {
            clients.push(within("everyone to be back", client).await.unwrap());
        }
        assert_eq!(room.size(), count);
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        drop(clients);
        within("everyone to be gone", async {
            while room.size() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}
