//! A server with a host in plain Rust, and a client that speaks the wire.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use dialogue_rs::engine::{
    config::{Config, RoomConfig},
    core::Core,
    host::{Call, Host},
    jwt::{Clock, system_clock},
    rooms,
    server::{Behind, Server},
};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

/// Longest a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A count by default, and the full one where `DIALOGUE_TEST_LONG=1` asks for it.
pub fn scaled(by_default: usize, full: usize) -> usize {
    if std::env::var_os("DIALOGUE_TEST_LONG").is_some() { full } else { by_default }
}

struct QuietHost(tokio::sync::Notify);

impl Host for QuietHost {
    fn wake(&self) {
        self.0.notify_one();
    }
}

/// A running server; stopped when dropped.
pub struct TestServer {
    pub server: Arc<Server>,
    host: Arc<QuietHost>,
    address: String,
}

impl TestServer {
    /// A server with rooms, on a free port.
    pub fn start(config: Value, room_configs: &[(&str, Value)]) -> Self {
        Self::start_with_clock(config, room_configs, system_clock())
    }

    /// The same, with a wall clock of the test's own for tokens.
    pub fn start_with_clock(config: Value, room_configs: &[(&str, Value)], clock: Clock) -> Self {
        Self::start_full(config, room_configs, clock, None)
    }

    /// A server that has another one behind it.
    pub fn start_before(config: Value, behind: Behind) -> Self {
        Self::start_full(config, &[], system_clock(), Some(behind))
    }

    fn start_full(
        config: Value,
        room_configs: &[(&str, Value)],
        clock: Clock,
        behind: Option<Behind>,
    ) -> Self {
        let mut config: Config = serde_json::from_value(config).unwrap();
        config.host = Some("127.0.0.1".to_owned());
        // So that what several threads could do to each other shows, whatever the machine.
        config.threads.get_or_insert(2);
        let host = Arc::new(QuietHost(tokio::sync::Notify::new()));
        let server = Arc::new(Server::with_clock(config, host.clone(), clock));
        for (id, room) in room_configs {
            let room: RoomConfig = serde_json::from_value(room.clone()).unwrap();
            rooms::create(server.core(), id, room, None, None).unwrap();
        }
        server.set_behind(behind);
        let address = server.start().unwrap().to_string();
        Self { server, host, address }
    }

    pub fn core(&self) -> &Arc<Core> {
        self.server.core()
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub async fn client(&self) -> Client {
        self.client_with(json!({})).await
    }

    pub async fn client_with(&self, auth: Value) -> Client {
        Client::connect(&self.address, auth).await
    }

    /// The next calls for the host, once there are any.
    pub async fn calls(&self) -> Vec<Call> {
        within("a call for the host", async {
            loop {
                let calls = self.core().queue.drain(64);
                if !calls.is_empty() {
                    return calls;
                }
                self.host.0.notified().await;
            }
        })
        .await
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // Stopping blocks, which a test's own runtime does not allow on its threads.
        let server = self.server.clone();
        let _ = std::thread::spawn(move || server.stop()).join();
    }
}

/// Waits for `what`, but not for ever.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited too long for {what}"))
}

/// A message as the wire has it.
#[derive(Debug, PartialEq)]
pub enum Wire {
    Text(String),
    Binary(Bytes),
    Closed(Option<u16>),
}

/// A client on a WebSocket.
pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    next_ack: u64,
    /// What came while something else was waited for.
    pub events: Vec<(String, Value)>,
    pub id: String,
}

impl Client {
    /// Opens a WebSocket and nothing more.
    pub async fn open(address: &str) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
        connect_async(format!("ws://{address}/socket.io/?EIO=4&transport=websocket")).await.unwrap().0
    }

    /// A client with nothing to say of itself.
    pub async fn open_and_connect(address: &str) -> Self {
        Self::connect(address, json!({})).await
    }

    async fn connect(address: &str, auth: Value) -> Self {
        let mut client =
            Self { socket: Self::open(address).await, next_ack: 0, events: Vec::new(), id: String::new() };
        assert!(matches!(client.receive().await, Wire::Text(text) if text.starts_with('0')));
        client.send(&format!("40{auth}")).await;
        assert!(matches!(client.receive().await, Wire::Text(text) if text.starts_with("40")));
        let (name, connected) = client.event().await;
        assert_eq!(name, "dialogue:connected", "it comes first");
        client.id = connected["clientId"].as_str().unwrap().to_owned();
        client
    }

    pub async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub async fn send_binary(&mut self, bytes: &'static [u8]) {
        self.socket.send(Message::binary(bytes)).await.unwrap();
    }

    /// The next message; pings are answered and not shown.
    pub async fn receive(&mut self) -> Wire {
        loop {
            match within("a message", self.socket.next()).await {
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => self.send("3").await,
                Some(Ok(Message::Text(text))) => return Wire::Text(text.to_string()),
                Some(Ok(Message::Binary(bytes))) => return Wire::Binary(bytes),
                Some(Ok(Message::Close(frame))) => return Wire::Closed(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Wire::Closed(None),
            }
        }
    }

    /// The next event: its name and its payload.
    pub async fn event(&mut self) -> (String, Value) {
        if !self.events.is_empty() {
            return self.events.remove(0);
        }
        match self.receive().await {
            Wire::Text(text) => read_event(&text).unwrap_or_else(|| panic!("not an event: {text}")),
            other => panic!("not an event: {other:?}"),
        }
    }

    /// Asks, and waits for the acknowledgement; events that come before it are kept.
    pub async fn ask(&mut self, name: &str, payload: Value) -> Value {
        let id = self.next_ack;
        self.next_ack += 1;
        self.send(&format!("42{id}{}", json!([name, payload]))).await;
        let expected = format!("43{id}");
        loop {
            match self.receive().await {
                Wire::Text(text) if text.starts_with(&expected) => {
                    let answer: Value = serde_json::from_str(&text[expected.len()..]).unwrap();
                    return answer[0].clone();
                }
                Wire::Text(text) => self.events.extend(read_event(&text)),
                other => panic!("no answer to {name}: {other:?}"),
            }
        }
    }

    pub async fn join(&mut self, room: &str) -> Value {
        let joined = self.ask("dialogue:join", json!({ "roomId": room })).await;
        assert_eq!(joined["ok"], true, "{joined}");
        joined
    }
}

fn read_event(text: &str) -> Option<(String, Value)> {
    let args: Value = serde_json::from_str(text.strip_prefix("42")?).ok()?;
    Some((args[0].as_str()?.to_owned(), args[1].clone()))
}

/// A room that takes `message`, keeps `limit` of it, and subscribes everyone.
pub fn chat(limit: usize) -> Value {
    json!({
        "name": "Chat",
        "events": [{ "name": "message", "history": { "enabled": true, "limit": limit } }],
        "defaultSubscriptions": ["message"],
    })
}
