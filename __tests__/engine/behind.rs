//! What is not Socket.IO's, to the server behind: its connections, both ways of streaming, upgrades, and its failures.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use dialogue_rs::engine::server::Behind;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpStream, UnixListener, UnixStream},
};

use crate::support::{TestServer, within};

/// A server behind whose every byte the test writes.
struct Hidden {
    listener: UnixListener,
    path: PathBuf,
}

/// One of its connections.
type Stream = BufReader<UnixStream>;

impl Hidden {
    fn open() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("dialogue-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        Self { listener: UnixListener::bind(&path).unwrap(), path }
    }

    fn front(&self) -> TestServer {
        TestServer::start_before(json!({ "limits": { "drain": 200 } }), self.behind())
    }

    fn behind(&self) -> Behind {
        Behind { path: self.path.clone(), token: "secret".to_owned() }
    }

    /// The next connection, its introduction read.
    async fn accept(&self) -> (Stream, String) {
        let (stream, _) = within("a connection", self.listener.accept()).await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        within("its introduction", stream.read_line(&mut line)).await.unwrap();
        (stream, line)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Reads a head, or the head of a chunk's worth: everything up to an empty line.
async fn head(stream: &mut (impl AsyncBufReadExt + Unpin)) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if within("a head", stream.read_line(&mut head)).await.unwrap() == 0 {
            break;
        }
    }
    head
}

async fn exactly(stream: &mut (impl AsyncReadExt + Unpin), expected: &str) {
    let mut bytes = vec![0; expected.len()];
    within("bytes", stream.read_exact(&mut bytes)).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes), expected);
}

async fn is_closed(stream: &mut (impl AsyncReadExt + Unpin)) -> bool {
    let mut rest = Vec::new();
    let _ = within("the end", stream.read_to_end(&mut rest)).await;
    rest.is_empty()
}

async fn client(server: &TestServer) -> BufReader<TcpStream> {
    BufReader::new(TcpStream::connect(server.address()).await.unwrap())
}

async fn get(client: &mut BufReader<TcpStream>, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nX-Case: Kept\r\nx-two: a\r\nx-two: b\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn a_connection_there_for_each_here_with_the_clients_address() {
    let hidden = Hidden::open();
    let server = hidden.front();
    let mut one = client(&server).await;
    get(&mut one, "/a?b=c").await;
    let (mut stream, introduction) = hidden.accept().await;
    let (here, there) = (one.get_ref().local_addr().unwrap(), one.get_ref().peer_addr().unwrap());
    assert_eq!(
        introduction,
        format!("secret {} {} {} {}\n", here.ip(), here.port(), there.ip(), there.port())
    );
    assert_eq!(
        head(&mut stream).await,
        "GET /a?b=c HTTP/1.1\r\nHost: x\r\nX-Case: Kept\r\nx-two: a\r\nx-two: b\r\n\r\n"
    );
    stream
        .write_all(
            b"HTTP/1.1 201 Made\r\nX-Odd: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 2\r\n\r\nok",
        )
        .await
        .unwrap();
    let answer = head(&mut one).await;
    assert!(answer.starts_with("HTTP/1.1 201 Made\r\n"), "{answer}");
    assert!(answer.contains("X-Odd: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"), "{answer}");
    exactly(&mut one, "ok").await;
    // The next request of that connection comes on the same one, another client's on its own.
    get(&mut one, "/again").await;
    assert!(head(&mut stream).await.starts_with("GET /again "));
    let mut two = client(&server).await;
    get(&mut two, "/two").await;
    let (mut other, _) = hidden.accept().await;
    assert!(head(&mut other).await.starts_with("GET /two "));
    // Whoever goes away takes that with it.
    drop(one);
    assert!(is_closed(&mut stream).await);
    other.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    let answer = head(&mut two).await;
    assert!(answer.starts_with("HTTP/1.1 204") && !answer.contains("length"), "{answer}");
    // And one that is idle there is closed here.
    drop(other);
    assert!(is_closed(&mut two).await);
}

#[tokio::test]
async fn socket_io_stays_here_also_on_the_same_connection() {
    let hidden = Hidden::open();
    let server = hidden.front();
    let mut client = client(&server).await;
    get(&mut client, "/socket.io/?EIO=4&transport=polling").await;
    assert!(head(&mut client).await.starts_with("HTTP/1.1 200 OK"));
    drop(client);
    server.client().await;
}

#[tokio::test]
async fn answers_without_a_body_are_left_as_they_are() {
    let hidden = Hidden::open();
    let server = hidden.front();
    let mut client = client(&server).await;
    client.write_all(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let (mut stream, _) = hidden.accept().await;
    head(&mut stream).await;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n").await.unwrap();
    assert!(head(&mut client).await.contains("Content-Length: 1234\r\n"));
    client.write_all(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    head(&mut stream).await;
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
    assert!(!head(&mut client).await.to_lowercase().contains("content-length"));
    get(&mut client, "/").await;
    head(&mut stream).await;
    stream.write_all(b"HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n").await.unwrap();
    let answer = head(&mut client).await;
    assert!(
        answer.starts_with("HTTP/1.1 304") && !answer.to_lowercase().contains("content-length"),
        "{answer}"
    );
    get(&mut client, "/").await;
    head(&mut stream).await;
    stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n!").await.unwrap();
    assert!(head(&mut client).await.contains("Connection: close\r\n"));
    exactly(&mut client, "!").await;
    assert!(is_closed(&mut client).await);
}

#[tokio::test]
async fn what_is_streamed_arrives_as_it_comes() {
    let hidden = Hidden::open();
    let server = hidden.front();
    let mut client = client(&server).await;
    client
        .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nup\r\n")
        .await
        .unwrap();
    let (mut stream, _) = hidden.accept().await;
    assert!(head(&mut stream).await.contains("Transfer-Encoding: chunked\r\n"));
    exactly(&mut stream, "2\r\nup\r\n").await;
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndown\r\n").await.unwrap();
    assert!(head(&mut client).await.contains("Transfer-Encoding: chunked\r\n"));
    exactly(&mut client, "4\r\ndown\r\n").await;
    client.write_all(b"3\r\nend\r\n0\r\n\r\n").await.unwrap();
    exactly(&mut stream, "3\r\nend\r\n0\r\n\r\n").await;
    // It ends in the middle, and so the client is told.
    drop(stream);
    assert!(is_closed(&mut client).await, "no end of chunks");
}

#[tokio::test]
async fn one_who_does_not_read_holds_up_the_one_who_writes() {
    let hidden = Hidden::open();
    let server = hidden.front();
    let mut client = client(&server).await;
    get(&mut client, "/").await;
    let (mut stream, _) = hidden.accept().await;
    head(&mut stream).await;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n").await.unwrap();
    let chunk = vec![b'x'; 64 * 1024];
    let mut sent = 0;
    while let Ok(written) = tokio::time::timeout(Duration::from_millis(500), stream.write(&chunk)).await {
        sent += written.unwrap();
        assert!(sent < 64 << 20, "the buffers of the system, and little more");
    }
    head(&mut client).await;
    let mut received = vec![0; sent];
    within("what was held up", client.read_exact(&mut received)).await.unwrap();
    // The other way.
    let mut client = self::client(&server).await;
    client.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n").await.unwrap();
    let (mut stream, _) = hidden.accept().await;
    let mut sent = 0;
    while let Ok(written) = tokio::time::timeout(Duration::from_millis(500), client.write(&chunk)).await {
        sent += written.unwrap();
        assert!(sent < 64 << 20, "the buffers of the system, and little more");
    }
    head(&mut stream).await;
    let mut received = vec![0; sent];
    within("what was held up", stream.read_exact(&mut received)).await.unwrap();
    // A client that goes away in the middle.
    drop(client);
    assert!(is_closed(&mut stream).await);
}

#[tokio::test]
async fn a_body_is_asked_for_when_the_server_behind_asks() {
    let hidden = Hidden::open();
    let server = hidden.front();
    let mut asked = client(&server).await;
    let request = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    asked.write_all(request).await.unwrap();
    let (mut stream, _) = hidden.accept().await;
    assert!(head(&mut stream).await.contains("Expect: 100-continue\r\n"));
    stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.unwrap();
    assert_eq!(head(&mut asked).await, "HTTP/1.1 100 Continue\r\n\r\n");
    asked.write_all(b"body").await.unwrap();
    exactly(&mut stream, "body").await;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    assert!(head(&mut asked).await.starts_with("HTTP/1.1 200 OK\r\n"));

    let mut refused = client(&server).await;
    refused.write_all(request).await.unwrap();
    let (mut stream, _) = hidden.accept().await;
    head(&mut stream).await;
    stream.write_all(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno").await.unwrap();
    let answer = head(&mut refused).await;
    assert!(answer.starts_with("HTTP/1.1 417"), "never asked for its body: {answer}");
    exactly(&mut refused, "no").await;
    assert!(is_closed(&mut refused).await);
    assert!(is_closed(&mut stream).await);
}

const UPGRADE: &[u8] = b"GET /other HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n";

#[tokio::test]
async fn upgrades_of_other_paths_are_tunnelled_until_the_server_stops() {
    let hidden = Hidden::open();
    let server = hidden.front();
    let mut tunnels = Vec::new();
    for _ in 0..2 {
        let mut client = client(&server).await;
        client.write_all(UPGRADE).await.unwrap();
        let (mut stream, _) = hidden.accept().await;
        assert!(head(&mut stream).await.contains("Upgrade: odd\r\n"));
        let switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\nfirst";
        stream.write_all(switch).await.unwrap();
        let answer = head(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 101") && answer.contains("Connection: Upgrade\r\n"), "{answer}");
        exactly(&mut client, "first").await;
        client.write_all(b"\0up").await.unwrap();
        exactly(&mut stream, "\0up").await;
        stream.write_all(b"\0down").await.unwrap();
        exactly(&mut client, "\0down").await;
        tunnels.push((client, stream));
    }
    let (client, mut stream) = tunnels.remove(0);
    drop(client);
    assert!(is_closed(&mut stream).await);
    let (mut client, mut stream) = tunnels.remove(0);
    drop(server);
    assert!(is_closed(&mut stream).await);
    assert!(is_closed(&mut client).await);
}

#[tokio::test]
async fn a_refused_upgrade_is_an_answer_like_any_other() {
    let hidden = Hidden::open();
    let server = hidden.front();
    let mut client = client(&server).await;
    client.write_all(UPGRADE).await.unwrap();
    let (mut stream, _) = hidden.accept().await;
    head(&mut stream).await;
    stream.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    assert!(head(&mut client).await.starts_with("HTTP/1.1 401"));
    get(&mut client, "/").await;
    assert!(head(&mut stream).await.starts_with("GET / "));
}

#[tokio::test]
async fn one_that_hangs_up_and_one_that_is_not_there() {
    let hidden = Hidden::open();
    let server = hidden.front();
    let mut one = client(&server).await;
    get(&mut one, "/").await;
    let (mut stream, _) = hidden.accept().await;
    head(&mut stream).await;
    drop(stream);
    assert!(is_closed(&mut one).await, "closed without a word");
    drop(hidden);
    let mut one = client(&server).await;
    get(&mut one, "/").await;
    assert!(head(&mut one).await.starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
}

#[tokio::test]
async fn a_closed_door_leaves_open_connections_as_they_are() {
    let hidden = Hidden::open();
    let server = hidden.front();
    let mut one = client(&server).await;
    get(&mut one, "/").await;
    let (mut stream, _) = hidden.accept().await;
    server.server.close_listener();
    // The port is free at once.
    std::net::TcpListener::bind(server.address()).unwrap();
    assert!(TcpStream::connect(server.address()).await.is_err());
    head(&mut stream).await;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
    assert!(head(&mut one).await.starts_with("HTTP/1.1 200"));
    exactly(&mut one, "ok").await;
}
