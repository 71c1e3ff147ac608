//! Engine.IO alone: sends every message back. The public Engine.IO protocol suite runs against it.
//!
//! `PORT=3000 cargo run --no-default-features --example engine_echo`; the suite of version 3: `EIO3=1` in front.

mod protocol_suite;

use std::sync::Arc;

use dialogue_rs::engine::transport::{CloseReason, Frame, Receiver, Session, Upper};

struct Echo;

impl Upper for Echo {
    fn opened(&self, session: &Arc<Session>) -> Arc<dyn Receiver> {
        Arc::new(EchoSession(session.clone()))
    }
}

struct EchoSession(Arc<Session>);

impl Receiver for EchoSession {
    fn message(&self, text: socketioxide_core::Str) {
        self.0.send(&[Frame::text(&["4", &text])]);
    }

    fn binary(&self, bytes: bytes::Bytes) {
        self.0.send(&[Frame::binary(&bytes)]);
    }

    fn closed(&self, _reason: CloseReason) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = protocol_suite::server("/engine.io");
    println!("listening on {}", server.start_transport(Arc::new(Echo))?);
    protocol_suite::run_forever()
}
