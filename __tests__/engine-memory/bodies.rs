//! Requests with bodies while the host is busy.

use std::{sync::Arc, time::Duration};

use dialogue_rs::engine::host::{Call, Hooks, HttpCall, RequestBody};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};

use crate::{
    alone,
    memory::resident,
    scaled,
    support::{TestServer, within},
};

const BODY: usize = 300_000;
/// What one that is not read counts.
const COST: usize = 128 << 10;

/// Sends a request, and resolves to the status of its answer.
fn send(address: &str) -> JoinHandle<Option<String>> {
    let address = address.to_owned();
    tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let head = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {BODY}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.ok()?;
        stream.write_all(&vec![b'x'; BODY]).await.ok()?;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.ok()?;
        Some(String::from_utf8_lossy(&status[9..]).into_owned())
    })
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    within(what, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

fn server(bytes: usize) -> TestServer {
    let limits = json!({ "limits": { "hookQueueBytes": bytes, "drain": 0, "handshakeTimeout": 60_000 } });
    let server = TestServer::start(limits, &[]);
    server.core().hooks.set(Hooks::HTTP);
    server
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_not_read_have_their_requests_refused_above_the_bound() {
    let _alone = alone().await;
    let (server, count) = (server(20 * COST), scaled(600, 3_000));
    let before = resident();
    let sent: Vec<_> = (0..count).map(|_| send(server.address())).collect();
    until("the others to be refused", || sent.iter().filter(|sent| sent.is_finished()).count() >= count - 20)
        .await;
    let refused = sent.iter().filter(|sent| sent.is_finished()).count();
    let grown = resident().saturating_sub(before);
    println!("{refused} of {count} refused, {grown} bytes grown");
    let mut asked = 0;
    for call in server.core().queue.drain(256) {
        assert!(
            matches!(call, Call::Http(HttpCall::Request(request)) if matches!(request.body, RequestBody::Pieces))
        );
        asked += 1;
    }
    assert!((8..=20).contains(&asked), "{asked}");
    for sent in sent.into_iter().filter(JoinHandle::is_finished) {
        assert_eq!(sent.await.unwrap().as_deref(), Some("503"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pieces_that_the_host_asked_for_and_does_not_take_are_one_for_each_request() {
    let _alone = alone().await;
    let (server, count) = (server(8 * COST), scaled(600, 2_000));
    let (mut ids, mut sent) = (Vec::new(), Vec::new());
    while ids.len() < count {
        sent.push(send(server.address()));
        for call in server.calls().await {
            let Call::Http(HttpCall::Request(request)) = call else { panic!("{call:?}") };
            ids.push(request.id);
        }
    }
    let before = resident();
    ids.iter().for_each(|id| server.server.read_request(*id));
    let waits = || server.core().queue.len();
    until("pieces", || waits() == count).await;
    let grown = resident().saturating_sub(before);
    println!("{count} pieces wait, {grown} bytes grown");
    // A piece is what the connection had in its buffer, and the buffer that it reads into next.
    assert!(grown < count * (64 << 10), "{grown} bytes grown");
    let mut taken = 0;
    while taken < count {
        for call in server.calls().await {
            let Call::Http(HttpCall::Piece { bytes: Some(bytes), more: true, .. }) = call else {
                panic!("{call:?}")
            };
            assert!(!bytes.is_empty());
            taken += 1;
        }
    }
    sent.iter().for_each(JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_client_is_gone_is_not_waited_for() {
    let _alone = alone().await;
    let server = server(8 * COST);
    let core = Arc::clone(server.core());
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    until("the request", || core.queue.len() == 1).await;
    drop(stream);
    until("its end", || core.queue.len() == 2).await;
    let calls = core.queue.drain(2);
    assert!(
        matches!(&calls[..], [Call::Http(HttpCall::Request(_)), Call::Http(HttpCall::Aborted { .. })]),
        "{calls:?}"
    );
    assert!(!core.is_waited_for(&calls[0]));
}
