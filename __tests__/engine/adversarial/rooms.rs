//! Lines 21–28: rooms.

use std::sync::Arc;

use dialogue_rs::engine::{config::RoomConfig, rooms};
use serde_json::json;

use crate::support::{TestServer, chat};

fn server() -> TestServer {
    TestServer::start(
        json!({
            "limits": { "clientRooms": { "max": 3 }, "rate": 0, "historyRate": 0 },
            "socket": { "maxHttpBufferSize": 2_000_000 },
        }),
        &[("chat", chat(10))],
    )
}

#[tokio::test]
async fn line_21_members_only() {
    let server = server();
    let mut stranger = server.client().await;
    let mut left = server.client().await;
    left.join("chat").await;
    left.ask("dialogue:leave", json!({ "roomId": "chat" })).await;
    for client in [&mut stranger, &mut left] {
        for (command, payload) in [
            ("dialogue:getHistory", json!({ "roomId": "chat", "eventName": "message" })),
            ("dialogue:getHistory", json!({ "roomId": "chat" })),
            ("dialogue:trigger", json!({ "roomId": "chat", "event": "message", "data": 1 })),
            ("dialogue:subscribe", json!({ "roomId": "chat", "eventName": "message" })),
            ("dialogue:subscribeAll", json!({ "roomId": "chat" })),
            ("dialogue:unsubscribe", json!({ "roomId": "chat", "eventName": "message" })),
        ] {
            assert_eq!(client.ask(command, payload).await["code"], "NOT_IN_ROOM", "{command}");
        }
    }
}

#[tokio::test]
async fn line_22_rooms_of_others_and_of_the_config() {
    let server = server();
    let mut ada = server.client_with(json!({ "userId": "ada" })).await;
    let mut bob = server.client_with(json!({ "userId": "bob" })).await;
    assert_eq!(
        ada.ask("dialogue:deleteRoom", json!({ "roomId": "chat" })).await["code"],
        "PERMISSION_DENIED"
    );
    for id in ["one", "two", "three"] {
        assert_eq!(ada.ask("dialogue:createRoom", json!({ "id": id, "name": id })).await["ok"], true);
    }
    assert_eq!(
        ada.ask("dialogue:createRoom", json!({ "id": "four", "name": "x" })).await["code"],
        "PERMISSION_DENIED"
    );
    assert_eq!(bob.ask("dialogue:deleteRoom", json!({ "roomId": "one" })).await["code"], "PERMISSION_DENIED");
    assert_eq!(ada.ask("dialogue:deleteRoom", json!({ "roomId": "one" })).await["ok"], true);
    assert_eq!(ada.ask("dialogue:createRoom", json!({ "id": "four", "name": "x" })).await["ok"], true);
    let off = TestServer::start(json!({}), &[]);
    let mut client = off.client().await;
    assert_eq!(
        client.ask("dialogue:createRoom", json!({ "id": "x", "name": "x" })).await["code"],
        "PERMISSION_DENIED"
    );
}

#[tokio::test]
async fn line_23_room_ids_are_a_key_space_of_their_own() {
    let server = server();
    let mut ada = server.client_with(json!({ "userId": "ada" })).await;
    let mut victim = server.client_with(json!({ "userId": "bob" })).await;
    for id in [victim.id.clone(), "bob".into(), "/".into(), "*".into(), "a\r\nb\0c\u{202e}d".into()] {
        let mut config: RoomConfig = serde_json::from_value(chat(1)).unwrap();
        config.listed = Some(false);
        rooms::create(server.core(), &id, config, None, None).unwrap();
        ada.join(&id).await;
        let said = json!({ "roomId": id, "event": "message", "data": 1 });
        assert_eq!(ada.ask("dialogue:trigger", said).await["ok"], true, "{id:?}");
        assert_eq!(ada.event().await.1["roomId"], json!(id));
    }
    for id in [String::new(), "x".repeat(1 << 20)] {
        assert_eq!(
            ada.ask("dialogue:createRoom", json!({ "id": id, "name": "x" })).await["code"],
            "INVALID_REQUEST"
        );
    }
    victim.ask("dialogue:listRooms", json!(null)).await;
    assert!(victim.events.is_empty(), "it got what was not its own: {:?}", victim.events);
}

#[tokio::test]
async fn line_24_envelopes_are_the_servers() {
    let server = server();
    let mut client = server.client_with(json!({ "userId": "ada" })).await;
    client.join("chat").await;
    let forged = json!({
        "roomId": "chat", "event": "message", "from": "bob", "timestamp": 1, "offset": 99,
        "data": { "from": "bob", "timestamp": 1, "roomId": "other", "event": "other" },
    });
    client.ask("dialogue:trigger", forged).await;
    let (_, message) = client.event().await;
    assert_eq!(
        (&message["from"], &message["roomId"], &message["event"]),
        (&json!("ada"), &json!("chat"), &json!("message"))
    );
    assert!(message["timestamp"].as_u64().unwrap() > 1_600_000_000_000 && message["offset"] == 1);
}

#[tokio::test]
async fn line_25_everything_is_everything_of_one_room() {
    let server = server();
    let config: RoomConfig = serde_json::from_value(chat(1)).unwrap();
    rooms::create(server.core(), "other", config, None, None).unwrap();
    let mut listener = server.client().await;
    listener.join("chat").await;
    listener.ask("dialogue:subscribeAll", json!({ "roomId": "chat" })).await;
    listener.ask("dialogue:subscribe", json!({ "roomId": "chat", "eventName": "*" })).await;
    let mut speaker = server.client().await;
    speaker.join("other").await;
    speaker.ask("dialogue:trigger", json!({ "roomId": "other", "event": "message", "data": 1 })).await;
    speaker.join("chat").await;
    speaker.ask("dialogue:trigger", json!({ "roomId": "chat", "event": "message", "data": 2 })).await;
    assert_eq!(listener.event().await.1["data"], 2, "the first that it hears is of its own room");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn line_26_capacity_is_exact_while_members_come_and_go() {
    let server = Arc::new(server());
    let config = RoomConfig { name: "Small".into(), max_size: Some(5), ..RoomConfig::default() };
    let room = rooms::create(server.core(), "small", config, None, None).unwrap();
    let mut tasks = Vec::new();
    for n in 0..40 {
        let (server, room) = (server.clone(), room.clone());
        tasks.push(tokio::spawn(async move {
            for round in 0..15 {
                let mut client = server.client().await;
                client.ask("dialogue:join", json!({ "roomId": "small" })).await;
                assert!(room.size() <= 5);
                if (n + round) % 2 == 0 {
                    client.ask("dialogue:leave", json!({ "roomId": "small" })).await;
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    crate::support::within("every place to be free", async {
        while room.size() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn line_27_pages_are_clamped_or_refused() {
    let server = TestServer::start(json!({ "limits": { "historyPage": 5 } }), &[("chat", chat(100))]);
    let mut client = server.client().await;
    client.join("chat").await;
    for n in 0..20 {
        client.ask("dialogue:trigger", json!({ "roomId": "chat", "event": "message", "data": n })).await;
    }
    for (start, end) in [
        (json!(-1), json!(5)),
        (json!(0), json!(1e18)),
        (json!("a"), json!(5)),
        (json!({}), json!([])),
        (json!(9), json!(3)),
        (json!(0), json!(null)),
    ] {
        let page = client
            .ask(
                "dialogue:getHistory",
                json!({ "roomId": "chat", "eventName": "message", "start": start, "end": end }),
            )
            .await;
        match page["events"].as_array() {
            Some(events) => assert!(events.len() <= 5, "{start} {end}"),
            None => assert_eq!(page["code"], "INVALID_REQUEST", "{start} {end}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn line_28_a_room_deleted_while_it_is_used() {
    let server = Arc::new(server());
    for round in 0..30 {
        let id = format!("room-{round}");
        let config: RoomConfig = serde_json::from_value(chat(5)).unwrap();
        let room = rooms::create(server.core(), &id, config, None, None).unwrap();
        let mut users = Vec::new();
        for _ in 0..4 {
            let mut client = server.client().await;
            let id = id.clone();
            users.push(tokio::spawn(async move {
                let joined = client.ask("dialogue:join", json!({ "roomId": id })).await;
                let said = client
                    .ask("dialogue:trigger", json!({ "roomId": id, "event": "message", "data": 1 }))
                    .await;
                let page = client.ask("dialogue:getHistory", json!({ "roomId": id })).await;
                (joined, said, page, client)
            }));
        }
        tokio::task::yield_now().await;
        assert!(rooms::delete(server.core(), &room) && !rooms::delete(server.core(), &room));
        for user in users {
            let (joined, said, page, client) = user.await.unwrap();
            for answer in [joined, said, page] {
                assert!(
                    answer["ok"] == true
                        || answer["code"] == "ROOM_NOT_FOUND"
                        || answer["code"] == "NOT_IN_ROOM",
                    "{answer}"
                );
            }
            assert!(!room.has(&dialogue_rs::engine::ids::Id::parse(&client.id).unwrap()), "no ghost");
        }
        assert_eq!((room.size(), server.core().rooms.get(&id).is_none()), (0, true));
    }
}
