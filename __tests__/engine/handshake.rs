//! Requests to the Socket.IO path that the host decides on.

use dialogue_rs::engine::{
    host::{Call, Decision, Hooks, RequestToDecide, RequestVerdict, Verdict},
    io::IoCall,
};
use serde_json::{Value, json};

use crate::{
    raw::{Raw, poll},
    support::{TestServer, within},
};

fn start(mut config: Value, hooks: u32) -> TestServer {
    config["bare"] = true.into();
    let server = TestServer::start(config, &[]);
    server.core().hooks.set(hooks);
    server
}

/// The next question.
async fn asked(server: &TestServer) -> (u64, RequestToDecide) {
    match server.calls().await.pop() {
        Some(Call::Decide { ticket, decision: Decision::Request(question) }) => (ticket, *question),
        other => panic!("{other:?}"),
    }
}

fn pass(server: &TestServer, ticket: u64) -> bool {
    let headers = vec![("X-Own".to_owned(), "1".to_owned())];
    server.core().decisions.answer(ticket, Verdict::Request(RequestVerdict::Pass { headers }))
}

#[tokio::test]
async fn the_end_of_a_session_that_was_decided_on_is_told_with_the_id_that_was_promised() {
    let server = start(json!({}), Hooks::HANDSHAKES);
    let address = server.address().to_owned();
    let opening = tokio::spawn(async move { poll(&address, "GET", "&name=ada", "").await });
    let (ticket, question) = asked(&server).await;
    assert_eq!(question.request.url, "/socket.io/?EIO=4&transport=polling&name=ada");
    assert!(!question.refused && !question.request.upgrade);
    assert!(pass(&server, ticket));
    let id = question.session.expect("it opens one");
    let opened = opening.await.unwrap();
    assert!(opened.body.starts_with(&format!(r#"0{{"sid":"{id}""#)), "{}", opened.body);
    // Its own requests are nobody's to decide.
    assert_eq!(poll(server.address(), "POST", &format!("&sid={id}"), "1").await.status, 200);
    let calls = server.calls().await;
    assert!(matches!(&calls[..], [Call::Io(IoCall::Closed { session, .. })] if *session == id), "{calls:?}");
}

#[tokio::test]
async fn a_client_that_goes_before_it_is_decided_is_told_as_gone() {
    let server = start(json!({}), Hooks::HANDSHAKES);
    let mut raw = Raw::open(server.address()).await;
    raw.write(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let (ticket, question) = asked(&server).await;
    drop(raw);
    let calls = server.calls().await;
    assert!(
        matches!(&calls[..], [Call::Io(IoCall::Closed { session, .. })] if Some(*session) == question.session),
        "{calls:?}"
    );
    pass(&server, ticket);
    assert_eq!(server.server.sessions(), 0);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_and_nobody_is_told_of_its_end() {
    let server = start(json!({ "limits": { "hookQueue": 1, "hookTimeout": 60_000 } }), Hooks::HANDSHAKES);
    let mut raw = Raw::open(server.address()).await;
    raw.write(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n").await;
    // The first one takes the queue's only place.
    while server.core().queue.is_empty() {
        tokio::task::yield_now().await;
    }
    let refused = poll(server.address(), "GET", "", "").await;
    assert_eq!((refused.status, refused.body.contains("overloaded")), (503, true));
    assert_eq!(server.core().queue.len(), 1);
}

#[tokio::test]
async fn a_refusal_is_told_where_somebody_listens_and_only_there() {
    let server = start(json!({}), 0);
    assert_eq!(poll(server.address(), "GET", "&sid=nobody", "").await.status, 400);
    assert!(server.core().queue.is_empty());
    server.core().hooks.set(Hooks::REFUSALS);
    assert_eq!(poll(server.address(), "GET", "&sid=nobody", "").await.status, 400);
    let calls = server.calls().await;
    let [Call::Refused { code, message, context, session: None, .. }] = &calls[..] else {
        panic!("{calls:?}")
    };
    assert_eq!((*code, *message, context.as_str()), (1, "Session ID unknown", r#"{"sid":"nobody"}"#));
}

#[tokio::test]
async fn where_there_is_no_place_nobody_is_asked() {
    let server = start(json!({ "limits": { "connections": 1 } }), 0);
    assert_eq!(poll(server.address(), "GET", "", "").await.status, 200);
    server.core().hooks.set(Hooks::HANDSHAKES);
    assert_eq!(poll(server.address(), "GET", "", "").await.status, 503);
    assert!(server.core().queue.is_empty());
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_an_answer() {
    let server = start(json!({ "limits": { "hookTimeout": 60_000, "drain": 60_000 } }), Hooks::HANDSHAKES);
    let address = server.address().to_owned();
    let opening = tokio::spawn(async move { poll(&address, "GET", "", "").await });
    asked(&server).await;
    let stopping = server.server.clone();
    let stopped = tokio::task::spawn_blocking(move || stopping.stop());
    assert_eq!(within("the server to stop", stopped).await.unwrap(), 0);
    assert_eq!(within("an answer", opening).await.unwrap().status, 503);
}
