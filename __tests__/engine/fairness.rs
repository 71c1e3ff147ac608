//! A connection that sends without a pause takes its turn, and no other's.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::json;

use crate::{
    raw::{Raw, frame},
    support::{TestServer, chat},
};

const REQUESTS: usize = 50;

/// Writes `bytes` again and again, as fast as the server takes them, until `over`; reads nothing but to make room.
fn flood(
    stream: tokio::net::TcpStream,
    bytes: Vec<u8>,
    over: Arc<AtomicBool>,
) -> std::thread::JoinHandle<u64> {
    let stream: TcpStream = stream.into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    let mut reads = stream.try_clone().unwrap();
    std::thread::spawn(move || while reads.read(&mut [0; 64 * 1024]).is_ok_and(|count| count > 0) {});
    std::thread::spawn(move || {
        let mut stream = stream;
        let mut written = 0;
        while !over.load(Ordering::Relaxed) && stream.write_all(&bytes).is_ok() {
            written += bytes.len() as u64;
        }
        let _ = stream.shutdown(std::net::Shutdown::Both);
        written
    })
}

struct End(Arc<AtomicBool>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The others are answered while it goes on: it ends when they were.
async fn others_are_answered_beside(bytes: Vec<u8>) {
    let server = TestServer::start(
        json!({ "threads": 1, "limits": { "rate": 0, "historyRate": 0 } }),
        &[("chat", chat(10))],
    );
    let mut good = server.client().await;
    good.join("chat").await;
    let raw = Raw::connected(server.address()).await;
    let over = Arc::new(AtomicBool::new(false));
    // However the test ends, the flood ends with it.
    let end = End(over.clone());
    let flooding = flood(raw.stream, bytes, over.clone());
    for n in 0..REQUESTS {
        let answer =
            good.ask("dialogue:trigger", json!({ "roomId": "chat", "event": "message", "data": n })).await;
        assert_eq!(answer["ok"], true, "{answer}");
    }
    assert!(!flooding.is_finished(), "the flood went on all the time");
    drop(end);
    tokio::task::spawn_blocking(move || flooding.join()).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn line_34_events_that_nobody_listens_to() {
    others_are_answered_beside(frame(0x81, br#"42["x"]"#).repeat(20_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn line_34_frames_that_are_no_message() {
    others_are_answered_beside(frame(0x8A, b"").repeat(50_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn line_34_requests_that_are_refused() {
    let request = br#"42["dialogue:trigger",{"roomId":"elsewhere","event":"message","data":1}]"#;
    others_are_answered_beside(frame(0x81, request).repeat(5_000)).await;
}
