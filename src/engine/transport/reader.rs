//! Reads WebSocket frames out of what a socket delivers, and messages out of frames.

use std::io::Cursor;

use bytes::Bytes;
use socketioxide_core::Str;
use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Control, Data, OpCode},
};

use super::CloseReason;

/// Longest payload of a control frame.
const MAX_CONTROL: u64 = 125;

/// What a peer sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A whole text message.
    Text(Str),
    /// A whole binary message.
    Binary(Bytes),
    /// A WebSocket ping, to be answered with the same payload.
    Ping(Bytes),
    /// A close frame.
    Close,
}

/// State between two reads. Idle connections hold no buffer.
#[derive(Debug)]
pub struct FrameReader {
    max: usize,
    /// The beginning of a frame that is not all there.
    partial: Vec<u8>,
    /// A message of which fragments came.
    fragments: Option<Fragments>,
}

#[derive(Debug)]
struct Fragments {
    text: bool,
    bytes: Vec<u8>,
    count: usize,
}

impl FrameReader {
    /// A reader of messages of at most `max` bytes, counted over their fragments.
    pub fn new(max: usize) -> Self {
        Self { max, partial: Vec::new(), fragments: None }
    }

    /// Takes what was read and hands over what it completes. `data` is unmasked in place.
    ///
    /// # Errors
    /// Why the connection must be closed.
    pub fn feed(&mut self, data: &mut [u8], sink: &mut dyn FnMut(Incoming)) -> Result<(), CloseReason> {
        if self.partial.is_empty() {
            let consumed = self.consume(data, sink)?;
            self.partial.extend_from_slice(&data[consumed..]);
        } else {
            let mut joined = std::mem::take(&mut self.partial);
            joined.extend_from_slice(data);
            let consumed = self.consume(&mut joined, sink)?;
            if consumed < joined.len() {
                joined.drain(..consumed);
                self.partial = joined;
            }
        }
        Ok(())
    }

    /// Reads whole frames; returns how many bytes they were.
    fn consume(&mut self, data: &mut [u8], sink: &mut dyn FnMut(Incoming)) -> Result<usize, CloseReason> {
        let mut at = 0;
        loop {
            let mut cursor = Cursor::new(&data[at..]);
            let Some((header, length)) =
                FrameHeader::parse(&mut cursor).map_err(|_| CloseReason::ParseError)?
            else {
                // A header that is not all there can already be wrong.
                return Ok(at);
            };
            let start = at + usize::try_from(cursor.position()).unwrap_or_default();
            let length = self.check(&header, length)?;
            let Some(payload) = data.get_mut(start..start + length) else {
                return Ok(at);
            };
            if let Some(mask) = header.mask {
                unmask(payload, mask);
            }
            self.frame(&header, payload, sink)?;
            at = start + length;
        }
    }

    /// Refuses what no client may send, before its payload is waited for.
    fn check(&self, header: &FrameHeader, length: u64) -> Result<usize, CloseReason> {
        if header.mask.is_none() || header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(CloseReason::ParseError);
        }
        if matches!(header.opcode, OpCode::Control(_)) {
            if !header.is_final || length > MAX_CONTROL {
                return Err(CloseReason::ParseError);
            }
            return Ok(length as usize);
        }
        let begun = self.fragments.as_ref();
        if (header.opcode == OpCode::Data(Data::Continue)) != begun.is_some() {
            return Err(CloseReason::ParseError);
        }
        let (bytes, count) = begun.map_or((0, 0), |fragments| (fragments.bytes.len(), fragments.count));
        let fits = usize::try_from(length).ok().filter(|length| bytes.saturating_add(*length) <= self.max);
        // Empty fragments never reach a cap on bytes.
        if count >= self.max {
            return Err(CloseReason::TooLarge);
        }
        fits.ok_or(CloseReason::TooLarge)
    }

    fn frame(
        &mut self,
        header: &FrameHeader,
        payload: &[u8],
        sink: &mut dyn FnMut(Incoming),
    ) -> Result<(), CloseReason> {
        match header.opcode {
            OpCode::Control(Control::Ping) => sink(Incoming::Ping(Bytes::copy_from_slice(payload))),
            OpCode::Control(Control::Close) => {
                check_close(payload)?;
                sink(Incoming::Close);
            }
            OpCode::Control(_) => {}
            OpCode::Data(data) => {
                let text = data == Data::Text;
                if header.is_final && self.fragments.is_none() {
                    sink(message(text, payload.to_vec())?);
                    return Ok(());
                }
                let fragments =
                    self.fragments.get_or_insert_with(|| Fragments { text, bytes: Vec::new(), count: 0 });
                fragments.bytes.extend_from_slice(payload);
                fragments.count += 1;
                if header.is_final
                    && let Some(whole) = self.fragments.take()
                {
                    sink(message(whole.text, whole.bytes)?);
                }
            }
        }
        Ok(())
    }
}

fn message(text: bool, bytes: Vec<u8>) -> Result<Incoming, CloseReason> {
    if text {
        String::from_utf8(bytes).map(|text| Incoming::Text(text.into())).map_err(|_| CloseReason::InvalidText)
    } else {
        Ok(Incoming::Binary(bytes.into()))
    }
}

/// A close frame is empty, or a code that may be sent and a reason in UTF-8.
fn check_close(payload: &[u8]) -> Result<(), CloseReason> {
    match payload {
        [] => Ok(()),
        [_] => Err(CloseReason::ParseError),
        [high, low, reason @ ..] => match u16::from_be_bytes([*high, *low]) {
            1000..=1003 | 1007..=1014 | 3000..=4999 if std::str::from_utf8(reason).is_ok() => Ok(()),
            1000..=1003 | 1007..=1014 | 3000..=4999 => Err(CloseReason::InvalidText),
            _ => Err(CloseReason::ParseError),
        },
    }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let mut words = payload.chunks_exact_mut(4);
    for word in &mut words {
        for (byte, key) in word.iter_mut().zip(mask) {
            *byte ^= key;
        }
    }
    for (byte, key) in words.into_remainder().iter_mut().zip(mask) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: [u8; 4] = [7, 0, 255, 42];

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match payload.len() {
            0..=125 => bytes.push(0x80 | payload.len() as u8),
            length => {
                bytes.push(0x80 | 126);
                bytes.extend_from_slice(&(length as u16).to_be_bytes());
            }
        }
        bytes.extend_from_slice(&MASK);
        let mut payload = payload.to_vec();
        unmask(&mut payload, MASK);
        bytes.extend(payload);
        bytes
    }

    fn read(max: usize, pieces: &[&[u8]]) -> Result<Vec<Incoming>, CloseReason> {
        let mut reader = FrameReader::new(max);
        let mut all = Vec::new();
        for piece in pieces {
            reader.feed(&mut piece.to_vec(), &mut |incoming| all.push(incoming))?;
        }
        Ok(all)
    }

    #[test]
    fn messages_are_whole_however_they_are_cut() {
        let mut bytes = frame(0x81, b"hello");
        bytes.extend(frame(0x02, &[1, 2]));
        bytes.extend(frame(0x89, b"ping between fragments"));
        bytes.extend(frame(0x80, &[3]));
        bytes.extend(frame(0x81, "x".repeat(300).as_bytes()));
        let expected = [
            Incoming::Text("hello".into()),
            Incoming::Ping(Bytes::from_static(b"ping between fragments")),
            Incoming::Binary(Bytes::from_static(&[1, 2, 3])),
            Incoming::Text("x".repeat(300).into()),
        ];
        for cut in 0..bytes.len() {
            assert_eq!(read(1_000, &[&bytes[..cut], &bytes[cut..]]).unwrap(), expected, "cut at {cut}");
        }
    }

    #[test]
    fn what_the_protocol_forbids_is_refused() {
        let unmasked = [0x81, 0x01, b'x'];
        let cases: [(&[u8], CloseReason); 10] = [
            (&unmasked, CloseReason::ParseError),
            (&frame(0xC1, b"rsv"), CloseReason::ParseError),
            (&frame(0x83, b"reserved opcode"), CloseReason::ParseError),
            (&frame(0x8B, b"reserved control"), CloseReason::ParseError),
            (&frame(0x09, b"fragmented ping"), CloseReason::ParseError),
            (&frame(0x89, &[0; 126]), CloseReason::ParseError),
            (&frame(0x80, b"continues nothing"), CloseReason::ParseError),
            (&frame(0x88, &[3]), CloseReason::ParseError),
            (&frame(0x81, &[0xC3]), CloseReason::InvalidText),
            (&frame(0x81, &[b'x'; 301]), CloseReason::TooLarge),
        ];
        for (bytes, reason) in cases {
            assert_eq!(read(300, &[bytes]).unwrap_err(), reason, "{bytes:?}");
        }
        let two_beginnings = [frame(0x01, b"a"), frame(0x01, b"b")].concat();
        assert_eq!(read(300, &[&two_beginnings]).unwrap_err(), CloseReason::ParseError);
    }

    #[test]
    fn text_may_be_cut_inside_a_character() {
        let bytes = [frame(0x01, &[0xC3]), frame(0x80, &[0xA9])].concat();
        assert_eq!(read(10, &[&bytes]).unwrap(), [Incoming::Text("é".into())]);
    }

    #[test]
    fn fragments_are_counted_in_bytes_and_in_number() {
        let mut reader = FrameReader::new(100);
        let mut feed = |bytes: Vec<u8>| reader.feed(&mut bytes.clone(), &mut |_| {});
        feed(frame(0x01, b"")).unwrap();
        let reached = (0..1_000).find_map(|count| feed(frame(0x00, b"")).err().map(|reason| (count, reason)));
        assert_eq!(reached, Some((99, CloseReason::TooLarge)));
    }

    #[test]
    fn a_length_over_the_cap_is_refused_before_its_bytes_come() {
        let mut bytes = vec![0x82, 0x80 | 127];
        bytes.extend_from_slice(&u64::MAX.to_be_bytes());
        bytes.extend_from_slice(&MASK);
        assert_eq!(read(1_000_000, &[&bytes]).unwrap_err(), CloseReason::TooLarge);
    }
}
