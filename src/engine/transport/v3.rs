//! What Engine.IO 3 writes and reads differently: payloads of polling, and messages of bytes.
//!
//! Frames wait in an outbox as version 4 has them, shared with its clients; they become version 3's when they leave.

use std::collections::VecDeque;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use smallvec::smallvec;

use super::{
    CloseReason, Frame, Frames,
    revision::{Part, Payload, text},
};

/// The type of a message, in front of its bytes.
const MESSAGE: u8 = 4;
/// Between the length and the packet, in a payload of bytes.
const SEPARATOR: u8 = 255;
/// In front of a packet's length: whether it is text.
const TEXT: u8 = 0;
const BYTES: u8 = 1;

/// The frames that a binary frame becomes on a WebSocket. `base64`: its peer takes text only.
pub fn binary_frames(frame: &Frame, base64: bool) -> Frames {
    if base64 {
        return smallvec![Frame::text(&["b4", &STANDARD.encode(frame.packet())]).asked_if(frame.is_asked())];
    }
    // The bytes stay shared: only what stands in front of them is made anew.
    let (front, bytes) = frame.with_first_byte(MESSAGE);
    smallvec![front, bytes]
}

/// The message in a WebSocket's bytes.
pub fn message(bytes: &[u8]) -> Result<&[u8], CloseReason> {
    match bytes {
        [MESSAGE, message @ ..] => Ok(message),
        _ => Err(CloseReason::ParseError),
    }
}

/// Writes packets as one payload: text, unless there are bytes among them and the client takes bytes.
pub fn write(frames: &VecDeque<Frame>, base64: bool) -> Payload {
    let binary = !base64 && frames.iter().any(Frame::is_binary);
    let mut body = Vec::with_capacity(frames.iter().map(Frame::cost).sum());
    for frame in frames {
        let packet = frame.packet();
        match (binary, frame.is_binary()) {
            (true, false) => {
                put_head(&mut body, TEXT, packet.len());
                body.extend_from_slice(packet);
            }
            (true, true) => {
                put_head(&mut body, BYTES, packet.len() + 1);
                body.push(MESSAGE);
                body.extend_from_slice(packet);
            }
            (false, false) => {
                body.extend_from_slice(format!("{}:", utf16_length(packet)).as_bytes());
                body.extend_from_slice(packet);
            }
            (false, true) => {
                let encoded = STANDARD.encode(packet);
                body.extend_from_slice(format!("{}:b4{encoded}", encoded.len() + 2).as_bytes());
            }
        }
    }
    Payload { body, binary }
}

fn put_head(body: &mut Vec<u8>, kind: u8, length: usize) {
    body.push(kind);
    body.extend(length.to_string().bytes().map(|digit| digit - b'0'));
    body.push(SEPARATOR);
}

/// How many UTF-16 units a text has, which is how a client counts.
fn utf16_length(utf8: &[u8]) -> usize {
    utf8.iter()
        .map(|byte| match byte {
            0x80..=0xBF => 0,
            0xF0.. => 2,
            _ => 1,
        })
        .sum()
}

/// Reads a payload of text: `<UTF-16 units>:<packet>`, one after the other.
pub fn read_text(
    mut rest: &str,
    take: &mut dyn FnMut(Part<'_>) -> Result<(), CloseReason>,
) -> Result<(), CloseReason> {
    if rest.is_empty() {
        return Err(CloseReason::ParseError);
    }
    while !rest.is_empty() {
        let (length, behind) = rest.split_once(':').ok_or(CloseReason::ParseError)?;
        let length = number(length.bytes().map(|digit| digit.wrapping_sub(b'0')))?;
        let (packet, following) = split_utf16(behind, length).ok_or(CloseReason::ParseError)?;
        if !packet.is_empty() {
            take(Part::Text(packet))?;
        }
        rest = following;
    }
    Ok(())
}

/// Reads a payload of bytes: `<0 for text, 1 for bytes><digits of the length><255><packet>`, one after the other.
pub fn read_binary(
    mut rest: &[u8],
    take: &mut dyn FnMut(Part<'_>) -> Result<(), CloseReason>,
) -> Result<(), CloseReason> {
    while let [kind, behind @ ..] = rest {
        let end = behind.iter().position(|byte| *byte == SEPARATOR).ok_or(CloseReason::ParseError)?;
        let length = number(behind[..end].iter().copied())?;
        let (packet, following) =
            behind[end + 1..].split_at_checked(length).ok_or(CloseReason::ParseError)?;
        take(match *kind {
            TEXT => Part::Text(text(packet)?),
            BYTES => Part::Binary(message(packet)?),
            _ => return Err(CloseReason::ParseError),
        })?;
        rest = following;
    }
    Ok(())
}

/// A length from its digits. What has none, or is longer than anything can be, is no length.
fn number(digits: impl ExactSizeIterator<Item = u8>) -> Result<usize, CloseReason> {
    if digits.len() == 0 {
        return Err(CloseReason::ParseError);
    }
    let mut number: usize = 0;
    for digit in digits {
        number = number
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(usize::from(digit)))
            .filter(|_| digit < 10)
            .ok_or(CloseReason::ParseError)?;
    }
    Ok(number)
}

/// Splits a text behind so many UTF-16 units. `None`: it is shorter, or the end would be inside a character.
fn split_utf16(text: &str, units: usize) -> Option<(&str, &str)> {
    // A text has no more units than bytes, and in most both are the same.
    let ahead = text.as_bytes().get(..units)?;
    if ahead.is_ascii() {
        return text.split_at_checked(units);
    }
    let mut left = units;
    for (at, character) in text.char_indices() {
        if left == 0 {
            return Some(text.split_at(at));
        }
        left = left.checked_sub(character.len_utf16())?;
    }
    (left == 0).then_some((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(frames: &[Frame], base64: bool) -> Payload {
        write(&frames.iter().cloned().collect(), base64)
    }

    fn read(
        read: impl FnOnce(&mut dyn FnMut(Part<'_>) -> Result<(), CloseReason>) -> Result<(), CloseReason>,
    ) -> Result<Vec<String>, CloseReason> {
        let mut parts = Vec::new();
        read(&mut |part| {
            parts.push(match part {
                Part::Text(text) => text.to_owned(),
                Part::Binary(bytes) => format!("{bytes:?}"),
            });
            Ok(())
        })
        .map(|()| parts)
    }

    #[test]
    fn payloads_are_those_of_the_specification() {
        let frames = [Frame::text(&["4", "€"]), Frame::binary(&[1, 2, 3, 4])];
        let text = payload(&frames, true);
        assert_eq!((text.body, text.binary), ("2:4€10:b4AQIDBA==".into(), false));
        let bytes = payload(&frames, false);
        let expected = b"\x00\x04\xff4\xe2\x82\xac\x01\x05\xff\x04\x01\x02\x03\x04";
        assert_eq!((&bytes.body[..], bytes.binary), (&expected[..], true));
        let no_bytes = payload(&[Frame::text(&["4hello"]), Frame::text(&["6"])], false);
        assert_eq!((no_bytes.body, no_bytes.binary), (b"6:4hello1:6".to_vec(), false));
    }

    #[test]
    fn lengths_are_counted_as_a_client_counts() {
        let message = format!("4{}😀é", "x".repeat(120));
        let written = payload(&[Frame::text(&[&message]), Frame::text(&["2"])], true).body;
        assert!(written.starts_with(b"124:4x"));
        assert_eq!(
            read(|take| read_text(std::str::from_utf8(&written).unwrap(), take)).unwrap(),
            [message.as_str(), "2"]
        );
        let written = payload(&[Frame::text(&[&message]), Frame::binary(&[7; 200])], false).body;
        assert_eq!(
            read(|take| read_binary(&written, take)).unwrap(),
            [message, format!("{:?}", [7_u8; 200])]
        );
    }

    #[test]
    fn text_that_is_no_payload_is_refused_at_the_packet_that_is_none() {
        for wrong in [
            "",
            "abc",
            ":4a",
            "2",
            "2:",
            "3:4a",
            "-1:4a",
            "+2:4a",
            "2.0:4a",
            "1e0:4",
            " 2:4a",
            "2:4a3",
            "2:4a3:",
            "2:4😀",
            "1:😀",
            "99999999999999999999999999:4a",
            "18446744073709551615:4a",
        ] {
            let mut parts = 0;
            let mut count = |_: Part<'_>| {
                parts += 1;
                Ok(())
            };
            assert_eq!(read_text(wrong, &mut count), Err(CloseReason::ParseError), "{wrong}");
            assert_eq!(parts, usize::from(wrong.starts_with("2:4a")), "{wrong}");
        }
        assert_eq!(read(|take| read_text("0:02:4a", take)).unwrap(), ["4a"]);
    }

    #[test]
    fn bytes_that_are_no_payload_are_refused() {
        let wrong: [&[u8]; 11] = [
            b"\x00",
            b"\x00\x01",
            b"\x00\xff4",
            b"\x00\x02\xff4",
            b"\x02\x01\xff4",
            b"\x00\x0a\xff4234567890",
            b"4hello",
            b"\x01\x00\xff",
            b"\x01\x02\xff\x05a",
            b"\x00\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\xff4",
            b"\x00\x01\xff4\x00\x01\xfe4",
        ];
        for wrong in wrong {
            assert_eq!(read(|take| read_binary(wrong, take)), Err(CloseReason::ParseError), "{wrong:?}");
        }
        assert_eq!(read(|take| read_binary(b"\x00\x02\xff4\xc3", take)), Err(CloseReason::InvalidText));
        assert_eq!(read(|take| read_binary(b"", take)).unwrap(), [""; 0]);
    }

    #[test]
    fn bytes_on_a_websocket_have_their_type_in_front_and_stay_shared() {
        for length in [0, 3, 124, 125, 65_534, 65_535] {
            let shared = Frame::binary(&vec![9; length]);
            let [front, bytes] = &binary_frames(&shared, false)[..] else { panic!("two pieces") };
            let whole = [front.wire(), bytes.wire()].concat();
            let expected = Frame::binary(&[&[MESSAGE][..], &vec![9; length]].concat());
            assert_eq!(whole, expected.wire(), "{length}");
            assert_eq!(bytes.wire().as_ptr(), shared.packet().as_ptr());
            assert!(!front.is_binary() && !bytes.is_binary(), "they are not to be changed once more");
        }
        let [text] = &binary_frames(&Frame::binary(&[1, 2, 3, 4]), true)[..] else { panic!("one frame") };
        assert_eq!(text.wire(), Frame::text(&["b4AQIDBA=="]).wire());
    }
}
