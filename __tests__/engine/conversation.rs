//! Two clients talk, in JSON and in binary.

use bytes::Bytes;
use serde_json::json;

use crate::support::{TestServer, Wire, chat};

#[tokio::test]
async fn what_one_says_the_other_hears_with_the_servers_envelope() {
    let server = TestServer::start(json!({}), &[("chat", chat(10))]);
    let mut ada = server.client_with(json!({ "userId": "ada" })).await;
    let mut bob = server.client().await;
    assert_eq!(ada.join("chat").await["offset"], 0);
    bob.join("chat").await;
    let said = ada
        .ask(
            "dialogue:trigger",
            json!({ "roomId": "chat", "event": "message", "data": { "from": "x" }, "from": "bob" }),
        )
        .await;
    assert_eq!(said, json!({ "ok": true }));
    let (name, message) = bob.event().await;
    assert_eq!(name, "dialogue:event");
    assert_eq!(
        (&message["from"], &message["roomId"], &message["offset"]),
        (&json!("ada"), &json!("chat"), &json!(1))
    );
    assert_eq!(message["data"], json!({ "from": "x" }));
    assert_eq!(ada.event().await.1, message, "a subscribed sender hears itself");
}

#[tokio::test]
async fn binary_crosses_as_attachments_and_comes_back_from_history() {
    let server = TestServer::start(json!({}), &[("chat", chat(10))]);
    let mut ada = server.client().await;
    let mut bob = server.client().await;
    ada.join("chat").await;
    bob.join("chat").await;
    ada.send(concat!(
        r#"452-["dialogue:trigger",{"roomId":"chat","event":"message","#,
        r#""data":[{"_placeholder":true,"num":1}],"meta":{"m":{"num":0,"_placeholder":true}}}]"#
    ))
    .await;
    ada.send_binary(b"for meta").await;
    ada.send_binary(b"for data").await;
    let Wire::Text(text) = bob.receive().await else { panic!("the packet comes before its attachments") };
    assert!(text.starts_with(r#"452-["dialogue:event","#), "{text}");
    assert!(text.contains(r#""data":[{"_placeholder":true,"num":0}]"#), "{text}");
    assert_eq!(bob.receive().await, Wire::Binary(Bytes::from_static(b"for data")));
    assert_eq!(bob.receive().await, Wire::Binary(Bytes::from_static(b"for meta")));
    bob.send(r#"427["dialogue:getHistory",{"roomId":"chat","eventName":"message"}]"#).await;
    let Wire::Text(text) = bob.receive().await else { panic!("the answer comes before its attachments") };
    assert!(text.starts_with(r#"462-7[{"ok":true,"#), "{text}");
    assert_eq!(bob.receive().await, Wire::Binary(Bytes::from_static(b"for data")));
    assert_eq!(bob.receive().await, Wire::Binary(Bytes::from_static(b"for meta")));
}

#[tokio::test]
async fn placeholders_that_match_nothing_are_never_passed_on() {
    let server = TestServer::start(json!({}), &[("chat", chat(10))]);
    let mut ada = server.client().await;
    ada.join("chat").await;
    for num in [json!("splice"), json!(-1), json!(1e9), json!(null)] {
        let data = json!({ "_placeholder": true, "num": num });
        let refused =
            ada.ask("dialogue:trigger", json!({ "roomId": "chat", "event": "message", "data": data })).await;
        assert_eq!(refused["code"], "INVALID_REQUEST", "{num}");
    }
    let page = ada.ask("dialogue:getHistory", json!({ "roomId": "chat" })).await;
    assert_eq!(page["events"], json!([]));
}
