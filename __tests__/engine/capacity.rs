//! `maxSize` is exact, whatever comes at once.

use std::sync::Arc;

use dialogue_rs::engine::{config::RoomConfig, rooms};
use serde_json::json;

use crate::support::{TestServer, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_above_and_never_stuck_below() {
    let server =
        Arc::new(TestServer::start(json!({}), &[("small", json!({ "name": "Small", "maxSize": 50 }))]));
    let mut clients = Vec::new();
    for _ in 0..200 {
        clients.push(server.client().await);
    }
    for _ in 0..3 {
        let mut asking = Vec::new();
        for mut client in clients.drain(..) {
            asking.push(tokio::spawn(async move {
                let answer = client.ask("dialogue:join", json!({ "roomId": "small" })).await;
                (client, answer)
            }));
        }
        let (mut joined, mut full) = (0, 0);
        for task in asking {
            let (client, answer) = task.await.unwrap();
            if answer["ok"] == true {
                joined += 1;
            } else {
                assert_eq!(answer["code"], "ROOM_FULL");
                full += 1;
            }
            clients.push(client);
        }
        assert_eq!((joined, full, server.core().rooms.get("small").unwrap().size()), (50, 150, 50));
        for client in &mut clients {
            client.ask("dialogue:leave", json!({ "roomId": "small" })).await;
        }
        assert_eq!(server.core().rooms.get("small").unwrap().size(), 0);
    }
}

#[tokio::test]
async fn a_connection_that_ends_frees_its_place() {
    let server = TestServer::start(json!({}), &[]);
    let config: RoomConfig = serde_json::from_value(json!({ "name": "One", "maxSize": 1 })).unwrap();
    let room = rooms::create(server.core(), "one", config, None, None).unwrap();
    let mut first = server.client().await;
    let mut second = server.client().await;
    first.join("one").await;
    assert_eq!(second.ask("dialogue:join", json!({ "roomId": "one" })).await["code"], "ROOM_FULL");
    drop(first);
    within("the place to be free", async {
        while room.size() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    second.join("one").await;
}
