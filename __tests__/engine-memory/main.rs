//! Memory, measured in a process where nothing else runs: fragments without content (line 2 of the threat list), and
//! handshakes that go wrong, very many of them: memory comes back, and a good client gets in throughout.
//!
//! 20,000 handshakes; with `DIALOGUE_TEST_LONG=1` 1,000,000.

#[path = "../engine/raw.rs"]
#[allow(dead_code, reason = "the engine's other tests use the rest")]
mod raw;
#[path = "../engine/support.rs"]
#[allow(dead_code, reason = "the engine's other tests use the rest")]
mod support;

use std::{net::SocketAddr, time::Duration};

use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpSocket};

use raw::{Raw, frame};
use support::{TestServer, chat, within};

/// Handshakes under way at a time.
const TASKS: usize = 64;

fn count() -> usize {
    if std::env::var_os("DIALOGUE_TEST_LONG").is_some() { 1_000_000 } else { 20_000 }
}

/// One that goes wrong, each in another way.
const REQUESTS: [&str; 6] = [
    // Half a request.
    "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n",
    // From a page of another origin.
    "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example\r\n\r\n",
    // A session that there is not.
    "GET /socket.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA HTTP/1.1\r\nHost: x\r\n\r\n",
    // A WebSocket of which nothing more is heard.
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    // A polling session of which nothing more is heard.
    "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n",
    // Nothing at all.
    "",
];

/// Sends it from an address of its own in 127.0.0.0/8 and goes away with a reset, so that ports do not run out.
async fn go_wrong(target: SocketAddr, n: usize) {
    let socket = TcpSocket::new_v4().unwrap();
    let source: SocketAddr = format!("127.{}.{}.1:0", 1 + n % 200, n / 200 % 250).parse().unwrap();
    socket.bind(source).unwrap();
    let Ok(mut stream) = socket.connect(target).await else { return };
    let _ = stream.write_all(REQUESTS[n % REQUESTS.len()].as_bytes()).await;
    if n.is_multiple_of(2) {
        let mut answer = [0; 512];
        let _ = tokio::time::timeout(Duration::from_millis(50), async {
            stream.readable().await.ok();
            stream.try_read(&mut answer).ok();
        })
        .await;
    }
    let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
}

async fn storm(target: SocketAddr, count: usize) {
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            tokio::spawn(async move {
                for n in (task..count).step_by(TASKS) {
                    go_wrong(target, n).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn line_02_fragments_without_end_and_without_content() {
    let _alone = alone().await;
    let server = TestServer::start(json!({ "limits": { "drain": 50 } }), &[]);
    let mut raw = Raw::connected(server.address()).await;
    let before = resident();
    raw.write(&frame(0x01, b"")).await;
    let chunk: Vec<u8> = std::iter::repeat_n(frame(0x00, b""), 10_000).flatten().collect();
    for _ in 0..1_000 {
        raw.write(&chunk).await;
    }
    assert_eq!(raw.close_code().await, Some(1009));
    let grown = resident().saturating_sub(before);
    assert!(grown < 2 << 20, "{grown} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_wrong_handshakes_leaves_nothing_behind() {
    let _alone = alone().await;
    let server = TestServer::start(
        json!({
            "cors": { "any": false, "origins": ["https://app.example"] },
            "limits": { "handshakeTimeout": 500 },
            // Long enough for a good client on a machine that the storm keeps busy.
            "socket": { "connectTimeout": 2_000, "pingInterval": 500, "pingTimeout": 2_000 },
        }),
        &[("chat", chat(1))],
    );
    let target: SocketAddr = server.address().parse().unwrap();
    let settle = async || {
        within("every session to be gone", async {
            while server.server.sessions() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        resident()
    };
    let visited_storm = async |count: usize| {
        let storming = tokio::spawn(storm(target, count));
        let mut visits = 0;
        while !storming.is_finished() {
            server.client().await.join("chat").await;
            visits += 1;
        }
        storming.await.unwrap();
        visits
    };
    // What the process takes once and keeps.
    visited_storm(10_000).await;
    let before = settle().await;
    let visits = visited_storm(count()).await;
    let after = settle().await;
    println!("{visits} good clients got in; {before} bytes before, {after} after");
    assert!(visits > 0);
    assert!(after as f64 <= before as f64 * 1.05, "{before} bytes before, {after} after");
}

/// One test at a time: what another one allocates would be counted too.
async fn alone() -> tokio::sync::MutexGuard<'static, ()> {
    static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    ALONE.lock().await
}

/// Bytes of this process that are resident.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4_096
}
