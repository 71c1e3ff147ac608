//! Handshakes that go wrong, very many of them: memory comes back, and a good client gets in throughout.
//!
//! 20,000 handshakes; with `DIALOGUE_TEST_LONG=1` 1,000,000.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use dialogue_rs::engine::jwt::sign;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::{
    alone, is_back,
    memory::{held, resident_in_use},
    raw::frame,
    scaled,
    support::{TestServer, chat, within},
};

/// Handshakes under way at a time.
const TASKS: usize = 64;
const SECRET: &[u8] = b"secret";

/// Those that end before there is a token to look at, each in another way.
const REQUESTS: [&str; 6] = [
    // Half a request.
    "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n",
    // From a page of another origin.
    "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example\r\n\r\n",
    // A session that there is not.
    "GET /socket.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA HTTP/1.1\r\nHost: x\r\n\r\n",
    // A WebSocket of which nothing more is heard.
    WEBSOCKET,
    // A polling session of which nothing more is heard.
    "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n",
    // Nothing at all.
    "",
];
const WEBSOCKET: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
     Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A handshake that goes wrong: what is sent, and what is said to it before it goes away. Without that it just goes.
struct Wrong {
    request: Vec<u8>,
    refusal: Option<&'static str>,
}

fn token(key: &[u8], lifetime: f64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let claims = json!({ "sub": "ada" }).as_object().unwrap().clone();
    sign(claims, key, None, lifetime, None, now).unwrap()
}

fn wrong_handshakes() -> Vec<Wrong> {
    let early = REQUESTS.iter().map(|request| Wrong { request: request.as_bytes().to_vec(), refusal: None });
    // Another's signature, past its time, no token, and none at all.
    let tokens = [
        (json!({ "token": token(b"another", 3_600.0) }), "UNAUTHORIZED"),
        (json!({ "token": token(SECRET, -3_600.0) }), "TOKEN_EXPIRED"),
        (json!({ "token": "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl" }), "UNAUTHORIZED"),
        (json!({ "token": "x".repeat(1_000) }), "UNAUTHORIZED"),
        (json!({}), "UNAUTHORIZED"),
    ];
    let with_token = tokens.into_iter().map(|(auth, code)| {
        let connect = frame(0x81, format!("40{auth}").as_bytes());
        Wrong { request: [WEBSOCKET.as_bytes(), &connect].concat(), refusal: Some(code) }
    });
    early.chain(with_token).collect()
}

/// From an address of its own in 127.0.0.0/8, so that ports do not run out.
async fn connect(target: SocketAddr, n: usize) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    let source: SocketAddr = format!("127.{}.{}.1:0", 1 + n % 200, n / 200 % 250).parse().unwrap();
    socket.bind(source).unwrap();
    socket.connect(target).await.ok()
}

/// Goes wrong, and away with a reset. Whether it was told what it should have been.
async fn go_wrong(target: SocketAddr, n: usize, wrong: &Wrong) -> bool {
    let Some(mut stream) = connect(target, n).await else { return false };
    let _ = stream.write_all(&wrong.request).await;
    let mut told = true;
    if let Some(refusal) = wrong.refusal {
        told = within("the refusal", hears(&mut stream, refusal)).await;
    } else if n.is_multiple_of(2) {
        let _ = tokio::time::timeout(Duration::from_millis(50), stream.readable()).await;
        let _ = stream.try_read(&mut [0; 512]);
    }
    let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    told
}

/// Whether the server says this before it closes.
async fn hears(stream: &mut TcpStream, words: &str) -> bool {
    let mut heard = Vec::new();
    let mut chunk = [0; 512];
    while !heard.windows(words.len()).any(|window| window == words.as_bytes()) {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return false,
            Ok(count) => heard.extend_from_slice(&chunk[..count]),
        }
    }
    true
}

/// How many were not told what they should have been.
async fn storm(target: SocketAddr, count: usize) -> usize {
    let wrong = Arc::new(wrong_handshakes());
    let untold = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (wrong, untold) = (wrong.clone(), untold.clone());
            tokio::spawn(async move {
                for n in (task..count).step_by(TASKS) {
                    if !go_wrong(target, n, &wrong[n % wrong.len()]).await {
                        untold.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    untold.load(Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_wrong_handshakes_leaves_nothing_behind() {
    let _alone = alone().await;
    let server = TestServer::start(
        json!({
            "cors": { "any": false, "origins": ["https://app.example"] },
            "jwt": { "key": { "secret": "c2VjcmV0" } },
            // Long enough for a good client on a machine that the storm keeps busy.
            "limits": { "handshakeTimeout": 2_000 },
            "socket": { "connectTimeout": 2_000, "pingInterval": 500, "pingTimeout": 2_000 },
        }),
        &[("chat", chat(1))],
    );
    let target: SocketAddr = server.address().parse().unwrap();
    let auth = json!({ "token": token(SECRET, 36_000.0) });
    let settle = async || {
        within("every session to be gone", async {
            while server.server.sessions() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        (held(), resident_in_use())
    };
    let visited_storm = async |count: usize| {
        let storming = tokio::spawn(storm(target, count));
        let mut visits = 0;
        while !storming.is_finished() {
            server.client_with(auth.clone()).await.join("chat").await;
            visits += 1;
        }
        assert_eq!(storming.await.unwrap(), 0, "everyone with a token that is none was told so");
        visits
    };
    // What the process takes once and keeps: its code as it comes to be run, and its threads' caches.
    visited_storm(scaled(10_000, 100_000)).await;
    let before = settle().await;
    let visits = visited_storm(scaled(20_000, 1_000_000)).await;
    let after = settle().await;
    println!("{visits} good clients got in; bytes held and resident: {before:?} before, {after:?} after");
    assert!(visits > 0);
    assert!(is_back(after.0, before.0), "{} bytes held before, {} after", before.0, after.0);
    assert!(
        after.1 as f64 <= before.1 as f64 * 1.05,
        "{} bytes resident before, {} after",
        before.1,
        after.1
    );
}
