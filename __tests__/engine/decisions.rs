//! What the host decides, or does not.

use dialogue_rs::engine::{
    error::Code,
    host::{Call, Decision, Hooks, Verdict},
};
use serde_json::json;

use crate::support::{TestServer, chat, within};

fn accept() -> Verdict {
    Verdict::Accept { data: None, meta: None, local: 0 }
}

fn trigger(n: usize) -> String {
    format!(r#"42{n}["dialogue:trigger",{{"roomId":"chat","event":"message","data":{n}}}]"#)
}

#[tokio::test]
async fn decisions_of_one_connection_wait_together_and_everything_else_behind_them() {
    let server = TestServer::start(json!({}), &[("chat", chat(10))]);
    let mut client = server.client().await;
    client.join("chat").await;
    server.core().hooks.set(Hooks::BEFORE_EACH);
    for n in 10..13 {
        client.send(&trigger(n)).await;
    }
    client.send(r#"4220["dialogue:leave",{"roomId":"chat"}]"#).await;
    client.send(&trigger(21)).await;
    let mut tickets = Vec::new();
    while tickets.len() < 3 {
        tickets.extend(server.calls().await.into_iter().map(|call| match call {
            Call::Decide { ticket, decision: Decision::Event { validate: false, .. } } => ticket,
            other => panic!("{other:?}"),
        }));
    }
    assert!(server.core().queue.is_empty(), "what came behind the leave waits");
    for ticket in &tickets {
        assert!(server.core().decisions.answer(*ticket, accept()));
    }
    let left = loop {
        let crate::support::Wire::Text(text) = client.receive().await else { panic!("it lives") };
        if text.starts_with("4320") || text.starts_with("4321") {
            break text;
        }
    };
    assert_eq!(left, r#"4320[{"ok":true,"roomId":"chat"}]"#);
    let crate::support::Wire::Text(refused) = client.receive().await else { panic!("it lives") };
    assert!(refused.contains("NOT_IN_ROOM"), "{refused}");
    assert_eq!(server.core().rooms.get("chat").unwrap().position().offset, 3);
}

#[tokio::test]
async fn above_the_bound_of_the_queue_a_sender_is_told_that_the_server_is_overloaded() {
    let server = TestServer::start(json!({ "limits": { "hookQueue": 5 } }), &[("chat", chat(10))]);
    let mut client = server.client().await;
    client.join("chat").await;
    server.core().hooks.set(Hooks::BEFORE_EACH);
    for n in 0..5 {
        client.send(&trigger(100 + n)).await;
    }
    let refused = client.ask("dialogue:trigger", json!({ "roomId": "chat", "event": "message" })).await;
    assert_eq!(refused["code"], "OVERLOADED");
    assert_eq!(server.core().counters.get(Code::Overloaded), 1);
}

#[tokio::test]
async fn a_decision_that_is_not_made_in_time_is_a_refusal_and_is_not_asked_for_any_more() {
    let server = TestServer::start(json!({ "limits": { "hookTimeout": 50 } }), &[("chat", chat(10))]);
    server.core().hooks.set(Hooks::BEFORE_JOIN);
    let mut client = server.client().await;
    let refused = client.ask("dialogue:join", json!({ "roomId": "chat" })).await;
    assert_eq!(refused["code"], "OVERLOADED");
    let calls = server.calls().await;
    let Some(Call::Decide { ticket, .. }) = calls.first() else { panic!("{calls:?}") };
    assert!(!server.core().decisions.is_open(*ticket));
    assert!(!server.core().decisions.answer(*ticket, accept()), "too late");
    assert_eq!(server.core().rooms.get("chat").unwrap().size(), 0);
}

#[tokio::test]
async fn a_decision_that_is_overdue_keeps_no_place_in_the_queue() {
    let limits = json!({ "hookQueue": 5, "hookTimeout": 50 });
    let server = TestServer::start(json!({ "limits": limits }), &[("chat", chat(10))]);
    let mut client = server.client().await;
    client.join("chat").await;
    server.core().hooks.set(Hooks::BEFORE_EACH);
    let message = json!({ "roomId": "chat", "event": "message" });
    for n in 0..5 {
        client.send(&trigger(900 + n)).await;
    }
    // Behind the others of its connection, so that all of them were refused when it is answered. The host has taken nothing.
    assert_eq!(client.ask("dialogue:trigger", message.clone()).await["code"], "OVERLOADED");
    within("all of them to be overdue", async {
        while server.core().counters.get(Code::Overloaded) < 6 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
    let asked = client.ask("dialogue:trigger", message);
    let decided = async {
        loop {
            for call in server.calls().await {
                if let Call::Decide { ticket, .. } = call
                    && server.core().decisions.answer(ticket, accept())
                {
                    return;
                }
            }
        }
    };
    assert_eq!(tokio::join!(asked, decided).0["ok"], true);
}

#[tokio::test]
async fn a_connection_that_is_not_yet_identified_says_nothing_and_is_told_why_not() {
    let server = TestServer::start(json!({}), &[]);
    server.core().hooks.set(Hooks::AUTHENTICATE);
    let mut raw = crate::raw::Raw::websocket(server.address(), "").await;
    raw.frame().await;
    raw.text(r#"40{"token":"t"}"#).await;
    let calls = server.calls().await;
    let [Call::Decide { ticket, decision: Decision::Connect { auth, .. } }] = calls.as_slice() else {
        panic!("{calls:?}")
    };
    assert_eq!(auth.as_str(), r#"{"token":"t"}"#);
    assert_eq!(server.core().clients.count(), 0);
    server
        .core()
        .decisions
        .answer(*ticket, Verdict::Refuse { code: Code::Unauthorized, reason: "no".to_owned(), issues: None });
    let (_, refused) = raw.frame().await.unwrap();
    assert_eq!(refused, br#"44{"message":"no","data":{"code":"UNAUTHORIZED"}}"#);
}

#[tokio::test]
async fn what_is_never_answered_does_not_outlive_a_server_that_was_stopped() {
    let server = TestServer::start(json!({}), &[("chat", chat(10))]);
    let core = std::sync::Arc::downgrade(server.core());
    let mut client = server.client().await;
    client.join("chat").await;
    server.core().hooks.set(Hooks::BEFORE_EACH | Hooks::LOAD);
    let page =
        json!(["dialogue:getHistory", { "roomId": "chat", "eventName": "message", "start": 0, "end": 5 }]);
    client.send(&format!("4210{page}")).await;
    client.send(&trigger(11)).await;
    let mut asked = Vec::new();
    while asked.len() < 2 {
        asked.extend(server.calls().await);
    }
    assert!(matches!(asked.as_slice(), [Call::Load(_), Call::Decide { .. }]), "{asked:?}");
    drop((asked, server));
    assert_eq!(core.strong_count(), 0);
}

#[tokio::test]
async fn a_panic_among_the_deadlines_ends_none_of_them_and_is_told() {
    let server = TestServer::start(json!({ "limits": { "hookTimeout": 20 } }), &[("chat", chat(10))]);
    let core = server.core();
    core.decisions.issue(|_| panic!("of the test"));
    let (overdue, ended) = tokio::sync::oneshot::channel();
    core.decisions.issue(move |verdict| {
        assert!(matches!(verdict, Verdict::Overdue));
        let _ = overdue.send(());
    });
    within("the one behind it to be overdue", ended).await.unwrap();
    loop {
        let told = server.calls().await;
        if told
            .iter()
            .any(|call| matches!(call, Call::Log { message, .. } if message.contains("of the test")))
        {
            break;
        }
    }
}
