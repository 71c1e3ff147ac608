//! Payloads of long-polling. What one is read as, written again and read again, is the same.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use socketioxide_core::Str;

use super::floors::Floors;
use crate::engine::{
    lock::lock,
    transport::{CloseReason, Frame, Receiver, Revision, Session, Upper, offline::Payload},
};

/// Most bytes of a message.
const MAX_PAYLOAD: usize = 1_000_000;

/// The body of a POST, to sessions of each revision.
pub fn polling(body: &[u8]) {
    check(Revision::V4, body, false, b"\x1e4and more");
    check(Revision::V3, body, false, b"9:4and more");
    check(Revision::V3, body, true, b"\x00\x09\xff4and more");
}

/// `more`: another packet, as it stands behind others. `binary`: the body is bytes.
fn check(revision: Revision, body: &[u8], binary: bool, more: &[u8]) {
    let payload = Payload { body: body.to_vec(), binary };
    let (read, received) = post(revision, &payload);
    if received == Ok(()) {
        // Every packet was whole, so whatever is put behind them is read as well.
        let longer = Payload { body: [body, more].concat(), binary };
        assert_eq!(post(revision, &longer).1, Ok(()));
    }
    for base64 in [true, false] {
        let Some(written) = write(revision, base64, &read) else { return };
        assert!(!(base64 && written.binary), "one that takes no bytes gets none");
        assert_eq!(post(revision, &written), (read.clone(), Ok(())));
    }
}

/// What the session's receiver is handed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Message {
    Text(Str),
    Binary(Bytes),
}

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Message>>>);

impl Upper for Recorder {
    fn opened(&self, _: &Arc<Session>) -> Arc<dyn Receiver> {
        Arc::new(self.clone())
    }
}

impl Receiver for Recorder {
    fn message(&self, text: Str) {
        lock(&self.0).push(Message::Text(text));
    }

    fn binary(&self, bytes: Bytes) {
        lock(&self.0).push(Message::Binary(bytes));
    }

    fn closed(&self, _: CloseReason) {}
}

/// What a payload is read as, and whether all of it was packets.
fn post(revision: Revision, payload: &Payload) -> (Vec<Message>, Result<(), CloseReason>) {
    let recorder = Recorder::default();
    let floors = Floors::new(MAX_PAYLOAD, |_| Arc::new(recorder.clone()));
    let received = floors.client_of(revision, true).post(&payload.body, payload.binary);
    (std::mem::take(&mut lock(&recorder.0)), received)
}

/// The payload that tells a client the same. `None`: there is nothing to tell.
fn write(revision: Revision, base64: bool, messages: &[Message]) -> Option<Payload> {
    let floors = Floors::new(MAX_PAYLOAD, |_| Arc::new(Recorder::default()));
    let client = floors.client_of(revision, base64);
    for message in messages {
        assert!(client.send(&[match message {
            Message::Text(text) => Frame::text(&["4", text]),
            Message::Binary(bytes) => Frame::binary(bytes),
        }]));
    }
    client.poll()
}
