//! Those who come and say nothing, or too much, before they are anybody: what they cost, and whether others get in.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use serde_json::json;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
    time::Instant,
};

use crate::{
    alone,
    memory::{held, resident, resident_in_use},
    raw::Raw,
    scaled,
    support::{TestServer, chat, within},
    tls,
};

/// Bytes that an attack may cost.
const ALLOWED: usize = 64 << 20;

/// From an address of its own in 127.0.0.0/8, so that ports do not run out.
async fn connect(target: SocketAddr, n: usize) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    let source: SocketAddr = format!("127.{}.{}.1:0", 1 + n % 200, n / 200 % 250).parse().unwrap();
    socket.bind(source).unwrap();
    socket.connect(target).await.ok()
}

#[tokio::test]
async fn what_a_client_sent_as_auth_is_kept_once() {
    const SIZE: usize = 16_000;
    let _alone = alone().await;
    let server = TestServer::start(json!({ "limits": { "drain": 50 } }), &[]);
    let count = 200;
    let crowd = async |text: &str| {
        let before = held();
        let mut clients = Vec::new();
        for _ in 0..count {
            let mut raw = Raw::websocket(server.address(), "").await;
            raw.frame().await;
            raw.text(&format!("40{}", json!({ "userId": "ada", "text": text }))).await;
            raw.frame().await;
            raw.frame().await;
            clients.push(raw);
        }
        (held().saturating_sub(before), clients)
    };
    drop(crowd("").await);
    let (small, _few) = crowd("").await;
    let (large, _many) = crowd(&"x".repeat(SIZE)).await;
    let each = large.saturating_sub(small) / count;
    println!("{each} bytes for {SIZE} of auth");
    assert!((SIZE..SIZE * 3 / 2).contains(&each), "{each} bytes for {SIZE} of auth");
}

/// Bytes said by one who then says nothing more.
struct Silent {
    what: &'static str,
    says: &'static [u8],
    secure: bool,
    /// Of a thousand places, how many such connections keep theirs.
    places: usize,
}

const SILENT: [Silent; 5] = [
    Silent { what: "nothing", says: b"", secure: false, places: 1_000 },
    Silent {
        what: "half a request",
        says: b"GET /socket.io/ HTTP/1.1\r\nHost: ",
        secure: false,
        places: 200,
    },
    Silent {
        what: "a request, and no other",
        says: b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n",
        secure: false,
        places: 200,
    },
    Silent { what: "nothing to one who speaks TLS", says: b"", secure: true, places: 1_000 },
    Silent {
        what: "half a TLS handshake",
        says: b"\x16\x03\x01\x02\x00\x01\x00\x02\x00",
        secure: true,
        places: 200,
    },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_say_nothing_more_are_bounded() {
    let _alone = alone().await;
    let count = scaled(3_000, 8_000);
    for Silent { what, says, secure, places } in SILENT {
        let config =
            json!({ "limits": { "pendingConnections": 1_000, "handshakeTimeout": 60_000, "drain": 50 } });
        let server =
            TestServer::start(if secure { tls::config(config) } else { config }, &[("chat", chat(1))]);
        let target: SocketAddr = server.address().parse().unwrap();
        let visit = async || {
            let begun = Instant::now();
            if secure {
                tls::visit(target).await;
            } else {
                server.client().await.join("chat").await;
            }
            begun.elapsed()
        };
        visit().await;
        let before = resident_in_use();
        let (mut kept, mut slowest, mut most) = (Vec::new(), Duration::ZERO, 0);
        for n in 0..count {
            let Some(mut stream) = connect(target, n).await else { continue };
            let _ = stream.write_all(says).await;
            kept.push(stream);
            if n % 250 == 249 {
                slowest = slowest.max(visit().await);
                most = most.max(resident());
            }
        }
        let open = async || {
            let mut open = 0;
            for stream in &kept {
                let mut byte = [0; 512];
                // What was answered is read; then it would block where it is open.
                let ended = loop {
                    match stream.try_read(&mut byte) {
                        Ok(0) => break true,
                        Ok(_) => {}
                        Err(error) => break error.kind() != std::io::ErrorKind::WouldBlock,
                    }
                };
                open += usize::from(!ended);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            open
        };
        within("the surplus to be closed", async { while open().await > places * 11 / 10 {} }).await;
        let grown = most.saturating_sub(before);
        println!("{count} that say {what}: {grown} bytes more at most, a visit took {slowest:?} at most");
        assert!(grown < ALLOWED, "{what}: {grown} bytes");
        assert!(open().await >= places * 9 / 10, "{what}: those that there is room for stay");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_half_requests_cost_is_bounded_by_the_defaults() {
    let _alone = alone().await;
    let server = TestServer::start(json!({ "limits": { "drain": 50 } }), &[("chat", chat(1))]);
    let target: SocketAddr = server.address().parse().unwrap();
    server.client().await.join("chat").await;
    let before = resident_in_use();
    let (mut kept, mut most) = (Vec::new(), 0);
    for n in 0..scaled(3_500, 9_000) {
        let Some(mut stream) = connect(target, n).await else { continue };
        let _ = stream.write_all(SILENT[1].says).await;
        kept.push(stream);
        if n % 250 == 249 {
            server.client().await.join("chat").await;
            most = most.max(resident());
        }
    }
    let grown = most.saturating_sub(before);
    println!("{} half requests: {grown} bytes more at most", kept.len());
    assert!(grown < ALLOWED, "{grown} bytes");
}

/// A connection that was accepted has no buffers before its first byte is there: as many as the default of `limits.pendingConnections` lets
/// wait stay within what an attack may cost, with a wide margin.
#[tokio::test]
async fn a_connection_that_says_nothing_holds_no_buffer() {
    let _alone = alone().await;
    for secure in [false, true] {
        let config = json!({ "limits": { "handshakeTimeout": 60_000, "drain": 50 } });
        let server =
            TestServer::start(if secure { tls::config(config) } else { config }, &[("chat", chat(1))]);
        let target: SocketAddr = server.address().parse().unwrap();
        let count = 1_000;
        let crowd = async || {
            let before = held();
            let mut kept = Vec::new();
            for n in 0..count {
                kept.push(connect(target, n).await.expect("a place in the backlog"));
            }
            // One that comes behind them is served: they were all accepted.
            if secure {
                tls::visit(target).await;
            } else {
                server.client().await.join("chat").await;
            }
            (held().saturating_sub(before) / count, kept)
        };
        // What grows with the first of them, and stays.
        let empty = held();
        drop(crowd().await);
        within("those to be gone", async {
            while held() > empty + 400 * count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        let (each, _kept) = crowd().await;
        println!("{each} bytes each, secure: {secure}");
        assert!(each < 3_000, "{each} bytes each, secure: {secure}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn line_39_all_come_back_at_once_over_tls() {
    let _alone = alone().await;
    // They answer no pings.
    let config = json!({ "limits": { "drain": 50 }, "socket": { "pingInterval": 600_000 } });
    let server = Arc::new(TestServer::start(tls::config(config), &[]));
    let target: SocketAddr = server.address().parse().unwrap();
    let count = scaled(500, 8_000);
    let mut half = Vec::new();
    for n in 0..200 {
        let mut stream = connect(target, n).await.unwrap();
        stream.write_all(SILENT[4].says).await.unwrap();
        half.push(stream);
    }
    let begun = Instant::now();
    let coming: Vec<_> = (0..count)
        .map(|n| {
            tokio::spawn(async move {
                let stream = connect(target, n).await.expect("a place in the backlog");
                let socket = tls::websocket(stream).await;
                (socket, begun.elapsed())
            })
        })
        .collect();
    let mut clients = Vec::new();
    let mut last = Duration::ZERO;
    for client in coming {
        // Longer than one is waited for elsewhere: on two cores the clients sign and verify as well.
        let (client, after) = tokio::time::timeout(Duration::from_secs(120), client).await.unwrap().unwrap();
        last = last.max(after);
        clients.push(client);
    }
    println!("{count} were in after {last:?}");
    assert_eq!(server.server.sessions(), count);
}
