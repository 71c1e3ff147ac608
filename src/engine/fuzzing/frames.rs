//! WebSocket frames. However what was sent is cut, the same comes out of it; and it is what another implementation reads.

use std::io::{Cursor, Read, Write};

use tungstenite::{
    Message, WebSocket,
    protocol::{Role, WebSocketConfig},
};

use crate::engine::transport::{
    CloseReason,
    offline::{FrameReader, Incoming},
};

/// Most bytes of a message: one that small frames exceed, one between the two longer kinds of lengths, one above both.
const CAPS: [usize; 3] = [16, 300, 70_000];

/// Two bytes, for the cap and for where to cut, and what a client sent.
pub fn frames(data: &[u8]) {
    let [cap, cut, sent @ ..] = data else { return };
    let max = CAPS[usize::from(*cap) % CAPS.len()];
    let whole = read(max, [sent]);
    assert_eq!(read(max, pieces(sent, usize::from(*cut))), whole);
    if sent.len() < 1_024 {
        assert_eq!(read(max, sent.chunks(1)), whole);
    }
    for incoming in &whole.0 {
        match incoming {
            Incoming::Text(text) => assert!(text.len() <= max),
            Incoming::Binary(bytes) => assert!(bytes.len() <= max),
            Incoming::Ping(bytes) => assert!(bytes.len() <= 125),
            Incoming::Close => {}
        }
    }
    compare(max, sent, whole);
}

type Outcome = (Vec<Incoming>, Result<(), CloseReason>);

fn read<'a>(max: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut reader = FrameReader::new(max);
    let mut all = Vec::new();
    for piece in pieces {
        if let Err(reason) = reader.feed(&mut piece.to_vec(), &mut |incoming| all.push(incoming)) {
            return (all, Err(reason));
        }
    }
    (all, Ok(()))
}

/// Pieces of lengths that look random and are not.
fn pieces(mut sent: &[u8], seed: usize) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut next = seed;
    while !sent.is_empty() {
        next = next.wrapping_mul(25_173).wrapping_add(13_849) % 65_536;
        let (piece, rest) = sent.split_at((next >> 8).clamp(1, sent.len()));
        pieces.push(piece);
        sent = rest;
    }
    pieces
}

/// What tungstenite reads of the same bytes must be the same, as far as both read: each gives up on some things earlier.
fn compare(max: usize, sent: &[u8], (mut ours, end): Outcome) {
    let closed = ours.iter().position(|incoming| *incoming == Incoming::Close);
    ours.truncate(closed.unwrap_or(ours.len()));
    let config = WebSocketConfig::default()
        .read_buffer_size(1_024)
        .max_message_size(Some(max))
        .max_frame_size(Some(max));
    let mut socket = WebSocket::from_raw_socket(Received(Cursor::new(sent)), Role::Server, Some(config));
    let mut theirs = Vec::new();
    while let Ok(message) = socket.read() {
        match message {
            Message::Text(text) => theirs.push(Incoming::Text(text.as_str().to_owned().into())),
            Message::Binary(bytes) => theirs.push(Incoming::Binary(bytes)),
            Message::Ping(bytes) => theirs.push(Incoming::Ping(bytes)),
            Message::Pong(_) | Message::Frame(_) => {}
            Message::Close(_) => break,
        }
    }
    let both = ours.len().min(theirs.len());
    assert_eq!(ours[..both], theirs[..both]);
    if theirs.len() > both {
        // It does not count fragments that are empty.
        assert_eq!(end, Err(CloseReason::TooLarge));
    }
}

/// What a client sent; what it is answered, nobody reads.
struct Received<'a>(Cursor<&'a [u8]>);

impl Read for Received<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Received<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
