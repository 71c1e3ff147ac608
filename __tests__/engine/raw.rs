//! Connections without a library behind them: what no client would send can be sent.

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::within;

/// A TCP connection.
pub struct Raw {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Raw {
    pub async fn open(address: &str) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), buffer: Vec::new() }
    }

    /// A WebSocket, its Engine.IO handshake read.
    pub async fn websocket(address: &str, query: &str) -> Self {
        let mut raw = Self::open(address).await;
        raw.write(websocket_request(query).as_bytes()).await;
        let head = raw.head().await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        raw
    }

    /// A WebSocket in namespace `/`.
    pub async fn connected(address: &str) -> Self {
        let mut raw = Self::websocket(address, "").await;
        raw.frame().await;
        raw.write(&frame(0x81, b"40")).await;
        raw.frame().await;
        raw.frame().await;
        raw
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        // A server that has had enough closes while it is written to.
        let _ = self.stream.write_all(bytes).await;
    }

    pub async fn text(&mut self, text: &str) {
        self.write(&frame(0x81, text.as_bytes())).await;
    }

    async fn more(&mut self) -> bool {
        let mut chunk = [0; 16 * 1024];
        match within("data or the end", self.stream.read(&mut chunk)).await {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.buffer.extend_from_slice(&chunk[..count]);
                true
            }
        }
    }

    /// Whether the server closes, whatever it says before.
    pub async fn is_closed(&mut self) -> bool {
        while self.more().await {}
        true
    }

    async fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let rest = self.buffer.split_off(end + 4);
                let head = std::mem::replace(&mut self.buffer, rest);
                return String::from_utf8_lossy(&head).into_owned();
            }
            if !self.more().await {
                return String::new();
            }
        }
    }

    /// The next frame of the server: opcode and payload. `None`: it closed without one.
    pub async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if self.buffer.len() >= 2 {
                let (header, length) = match self.buffer[1] {
                    126 if self.buffer.len() >= 4 => {
                        (4, usize::from(u16::from_be_bytes([self.buffer[2], self.buffer[3]])))
                    }
                    126 => (4, usize::MAX),
                    length => (2, usize::from(length)),
                };
                if self.buffer.len() >= header && self.buffer.len() - header >= length {
                    let rest = self.buffer.split_off(header + length);
                    let frame = std::mem::replace(&mut self.buffer, rest);
                    return Some((frame[0] & 0x0F, frame[header..].to_vec()));
                }
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// The code with which the server closes, whatever it says before. `None`: it closes without.
    pub async fn close_code(&mut self) -> Option<u16> {
        loop {
            match self.frame().await? {
                (8, payload) => return Some(u16::from_be_bytes([payload[0], payload[1]])),
                _ => continue,
            }
        }
    }

    /// Whether the connection still works: a command is answered.
    pub async fn answers(&mut self) -> bool {
        self.text(r#"42999["dialogue:listRooms"]"#).await;
        loop {
            match self.frame().await {
                Some((1, payload)) if payload.starts_with(b"43999[") => return true,
                Some((1, payload)) if payload == b"2" => self.text("3").await,
                Some((8, _)) | None => return false,
                Some(_) => {}
            }
        }
    }
}

/// A masked frame, as a client sends it.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..=125 => bytes.push(0x80 | length as u8),
        length @ 126..=65_535 => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    // A mask of zeros changes nothing, and is one.
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(payload);
    bytes
}

fn websocket_request(query: &str) -> String {
    format!(
        "GET /socket.io/?EIO=4&transport=websocket{query} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// One HTTP request on a connection of its own.
pub async fn http(address: &str, request: &str) -> Answer {
    let mut raw = Raw::open(address).await;
    raw.write(request.as_bytes()).await;
    let head = raw.head().await;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let length = head
        .to_ascii_lowercase()
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next()?.parse::<usize>().ok());
    while raw.buffer.len() < length.unwrap_or(0) && raw.more().await {}
    Answer { status, body: String::from_utf8_lossy(&raw.buffer).into_owned() }
}

/// A polling request.
pub async fn poll(address: &str, method: &str, query: &str, body: &str) -> Answer {
    let request = format!(
        "{method} /socket.io/?EIO=4&transport=polling{query} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    http(address, &request).await
}

/// A new polling session's id.
pub async fn session(address: &str) -> String {
    let opened = poll(address, "GET", "", "").await;
    let open: Value = serde_json::from_str(&opened.body[1..]).unwrap();
    open["sid"].as_str().unwrap().to_owned()
}
