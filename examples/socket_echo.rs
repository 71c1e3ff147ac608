//! Socket.IO alone: what the public Socket.IO protocol suite expects of the namespaces `/` and `/custom`.
//!
//! `PORT=3000 cargo run --no-default-features --example socket_echo`

mod protocol_suite;

use std::sync::Arc;

use dialogue_rs::engine::{
    payload::Payload,
    socketio::{ConnectRequest, DisconnectReason, Handler, IncomingEvent, Socket, packet},
};

struct Echo;

impl Handler for Echo {
    fn connect(&self, request: ConnectRequest) {
        if !matches!(request.nsp(), "/" | "/custom") {
            return request.refuse("Invalid namespace", None);
        }
        let auth = Payload::plain(request.auth().map_or("{}", |auth| auth.as_str()).to_owned());
        let welcome = packet::event_with(request.socket().nsp(), "auth", &auth);
        request.accept(welcome);
    }

    fn event(&self, socket: &Arc<Socket>, event: IncomingEvent) {
        let args: Vec<&str> = event.args.iter().map(|arg| arg.as_str()).collect();
        let args = args.join(",");
        match (event.name.as_str(), event.ack) {
            ("message", _) => {
                socket.emit_args(format!(r#"["message-back",{args}]"#), &event.attachments);
            }
            ("message-with-ack", Some(id)) => {
                socket.acknowledge(id, format!("[{args}]"), &event.attachments);
            }
            _ => {}
        }
    }

    fn disconnected(&self, _socket: &Arc<Socket>, _reason: DisconnectReason) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = protocol_suite::server("/socket.io");
    println!("listening on {}", server.start_with(Arc::new(Echo))?);
    protocol_suite::run_forever()
}
