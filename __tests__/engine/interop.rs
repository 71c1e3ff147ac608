//! The same conversation with socketioxide's own server and with ours: clients see the same packets.

use std::sync::Arc;

use dialogue_rs::engine::{
    config::Config,
    host::Host,
    server::Server,
    socketio::{ConnectRequest, DisconnectReason, Handler, IncomingEvent, Socket},
};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Client, within};

struct NoHost;

impl Host for NoHost {
    fn wake(&self) {}
}

struct Echo;

impl Handler for Echo {
    fn connect(&self, request: ConnectRequest) {
        match request.nsp() {
            "/" => drop(request.accept(Default::default())),
            _ => request.refuse("Invalid namespace", None),
        }
    }

    fn event(&self, socket: &Arc<Socket>, event: IncomingEvent) {
        let argument = event.args[0].as_str();
        match event.ack {
            Some(id) => socket.acknowledge(id, format!("[{argument}]"), &event.attachments),
            None => socket.emit_args(format!(r#"["back",{argument}]"#), &event.attachments),
        };
    }

    fn disconnected(&self, _socket: &Arc<Socket>, _reason: DisconnectReason) {}
}

/// What a client says, and how many messages it then waits for.
const SCRIPT: &[(&[&str], usize)] = &[
    (&[r#"40{"token":"t"}"#], 1),
    (&[r#"42["hello",{"a":[1,"é",null]}]"#], 1),
    (&[r#"4212["ask","a question"]"#], 1),
    (&[r#"451-["hello",{"_placeholder":true,"num":0}]"#, "<attachment>"], 2),
    (&[r#"451-7["ask",{"_placeholder":true,"num":0}]"#, "<attachment>"], 2),
    (&["40/nowhere,"], 1),
];

async fn converse(address: &str) -> Vec<String> {
    let mut socket = Client::open(address).await;
    let mut heard = Vec::new();
    for (said, answers) in SCRIPT.iter().map(|(said, answers)| (*said, *answers)).chain([(&[] as &[&str], 0)])
    {
        for text in said {
            let message = if *text == "<attachment>" {
                Message::binary(&b"\x00\xff"[..])
            } else {
                Message::text(*text)
            };
            socket.send(message).await.unwrap();
        }
        let mut missing = answers;
        while missing > 0 {
            match within("an answer", socket.next()).await.unwrap().unwrap() {
                // The handshake's numbers are settings, and ids are random.
                Message::Text(text) if text.starts_with('0') || text.as_str() == "2" => continue,
                Message::Text(text) if text.starts_with("40") => {
                    let data: Value = serde_json::from_str(&text[2..]).unwrap();
                    heard.push(format!("40 {:?}", data.as_object().unwrap().keys().collect::<Vec<_>>()));
                }
                Message::Text(text) => heard.push(text.to_string()),
                other => heard.push(format!("{:?}", other.into_data())),
            }
            missing -= 1;
        }
    }
    heard
}

/// What the peer's handler reads and sends back: JSON, or one binary value.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
enum Echoed {
    Json(Value),
    Binary(bytes::Bytes),
}

async fn peer() -> String {
    use socketioxide::{
        SocketIo,
        extract::{AckSender, Data, SocketRef},
    };
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", async |socket: SocketRef| {
        socket.on("hello", async |socket: SocketRef, Data(data): Data<Echoed>| {
            let _ = socket.emit("back", &data);
        });
        socket.on("ask", async |Data(data): Data<Echoed>, ack: AckSender| {
            let _ = ack.send(&data);
        });
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().layer(layer)).await });
    address
}

#[tokio::test]
async fn clients_see_the_same_packets() {
    let config = Config { host: Some("127.0.0.1".to_owned()), ..Config::default() };
    let server = Server::new(config, Arc::new(NoHost));
    let ours = server.start_with(Arc::new(Echo)).unwrap().to_string();
    let theirs = peer().await;
    assert_eq!(converse(&ours).await, converse(&theirs).await);
    let _ = std::thread::spawn(move || server.stop()).join();
}
