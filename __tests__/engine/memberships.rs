//! A membership is told once from its beginning to its end, whatever is deleted or cut at the same time.

use std::{collections::HashMap, sync::Arc};

use dialogue_rs::engine::{
    config::RoomConfig,
    host::{Call, Hooks},
    ids::Id,
    rooms,
};
use serde_json::json;

use crate::{
    raw::{Raw, frame},
    support::{TestServer, chat, scaled, within},
};

const ALL: u32 = Hooks::CONNECTED | Hooks::DISCONNECTED | Hooks::JOINED | Hooks::LEFT;

/// What the host was told of each client and room: `true` while a membership lasts.
#[derive(Default)]
struct Told {
    memberships: HashMap<(Id, Arc<str>), bool>,
    came: usize,
    went: usize,
}

impl Told {
    fn note(&mut self, server: &TestServer, call: Call) {
        match call {
            Call::Connected { client, .. } => {
                self.came += 1;
                server.server.client_ready(&client);
            }
            Call::Joined { client, room, .. } => {
                let before = self.memberships.insert((client, room), true);
                assert_ne!(before, Some(true), "joined twice");
            }
            Call::Left { client, room, .. } => self.leave(client, room),
            Call::Disconnected { client, rooms, .. } => {
                rooms.into_iter().for_each(|room| self.leave(client, room));
                self.went += 1;
                let client = server.core().clients.get(&client).expect("one whose end is being told");
                server.server.client_taken_note_of(&client);
            }
            _ => {}
        }
    }

    fn leave(&mut self, client: Id, room: Arc<str>) {
        assert_eq!(self.memberships.insert((client, room), false), Some(true), "left what it had joined");
    }
}

fn make_room(server: &TestServer) {
    let config: RoomConfig = serde_json::from_value(chat(5)).unwrap();
    let _ = rooms::create(server.core(), "chat", config, None, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_is_told_once_while_rooms_are_deleted_and_connections_cut() {
    let server =
        Arc::new(TestServer::start(json!({ "limits": { "rate": 0 }, "threads": 4 }), &[("chat", chat(5))]));
    server.core().hooks.set(ALL);
    let rounds = scaled(40, 1_000);
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let address = server.address().to_owned();
            tokio::spawn(async move {
                let mut both = frame(0x81, br#"42["dialogue:join",{"roomId":"chat"}]"#);
                both.extend(frame(0x81, br#"42["dialogue:leave",{"roomId":"chat"}]"#));
                let mut some = both.repeat(3);
                some.extend(frame(0x81, br#"420["dialogue:join",{"roomId":"chat"}]"#));
                for _ in 0..rounds {
                    let mut raw = Raw::websocket(&address, "").await;
                    raw.write(&frame(0x81, b"40")).await;
                    raw.write(&some).await;
                    // Cut while the last join is under way, or behind it.
                    drop(raw);
                }
            })
        })
        .collect();
    let deleting = {
        let server = server.clone();
        tokio::task::spawn_blocking(move || {
            while Arc::strong_count(&server) > 1 {
                if let Some(room) = server.core().rooms.get("chat") {
                    rooms::delete(server.core(), &room);
                }
                make_room(&server);
                std::thread::yield_now();
            }
        })
    };
    let mut told = Told::default();
    let mut take = || {
        let calls = server.core().drain(64);
        let took = !calls.is_empty();
        calls.into_iter().for_each(|call| told.note(&server, call));
        took
    };
    while clients.iter().any(|client| !client.is_finished()) {
        take();
        tokio::task::yield_now().await;
    }
    within("everybody to be gone", async {
        while take() || server.server.sessions() > 0 || server.core().clients.count() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(told.came > 0);
    assert_eq!(told.came, told.went);
    assert!(told.memberships.values().all(|lasts| !lasts), "nobody is left in a room");
    assert_eq!(server.core().rooms.get("chat").map_or(0, |room| room.size()), 0);
    drop(server);
    deleting.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_stops_without_patience_leaves_no_client_and_no_member() {
    for round in 0..scaled(10, 200) {
        let limits = json!({ "drain": 0, "rate": 0 });
        let server = TestServer::start(json!({ "limits": limits }), &[("chat", chat(5))]);
        server.core().hooks.set(Hooks::JOINED | Hooks::LEFT);
        let mut clients = Vec::new();
        for _ in 0..20 {
            let mut client = server.client().await;
            client.join("chat").await;
            clients.push(client);
        }
        let stopping = server.server.clone();
        tokio::task::spawn_blocking(move || stopping.stop()).await.unwrap();
        let mut told = Told::default();
        loop {
            let calls = server.core().drain(64);
            if calls.is_empty() {
                break;
            }
            calls.into_iter().for_each(|call| told.note(&server, call));
        }
        assert_eq!(server.core().clients.count(), 0, "clients are left in round {round}");
        assert_eq!(server.core().rooms.get("chat").unwrap().size(), 0, "members are left in round {round}");
        assert_eq!(told.went, 20);
        assert!(told.memberships.values().all(|lasts| !lasts));
    }
}
