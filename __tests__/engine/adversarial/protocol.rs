//! Lines 1–12: the protocol.

use serde_json::json;

use crate::{
    raw::{Raw, frame, http, poll, session},
    support::{TestServer, chat},
};

fn server() -> TestServer {
    TestServer::start(json!({ "limits": { "rate": 0, "drain": 50 } }), &[("chat", chat(10))])
}

/// One that waits for nobody.
fn impatient() -> TestServer {
    TestServer::start(
        json!({
            "limits": { "handshakeTimeout": 300, "rate": 0, "drain": 50 },
            "socket": { "connectTimeout": 300, "pingInterval": 300, "pingTimeout": 200 },
        }),
        &[("chat", chat(10))],
    )
}

#[tokio::test]
async fn line_01_frames_that_the_protocol_forbids() {
    let server = server();
    let unmasked = [0x81, 0x02, b'4', b'0'];
    let cases: [(&[u8], u16); 8] = [
        (&unmasked, 1002),
        (&frame(0xC1, b"40"), 1002),
        (&frame(0x83, b"40"), 1002),
        (&frame(0x8B, b""), 1002),
        (&frame(0x09, b""), 1002),
        (&frame(0x89, &[0; 126]), 1002),
        (&frame(0x81, &[b'4', 0xFF]), 1007),
        (&[frame(0x01, &[b'4', 0xC3]), frame(0x80, &[0x28])].concat(), 1007),
    ];
    for (bytes, code) in cases {
        let mut raw = Raw::connected(server.address()).await;
        raw.write(bytes).await;
        assert_eq!(raw.close_code().await, Some(code), "{bytes:?}");
    }
}

#[tokio::test]
async fn line_03_a_continuation_that_never_ends() {
    let server = server();
    let mut raw = Raw::connected(server.address()).await;
    raw.write(&frame(0x01, &[b'x'; 60_000])).await;
    for _ in 0..30 {
        raw.write(&frame(0x00, &[b'x'; 60_000])).await;
    }
    assert_eq!(raw.close_code().await, Some(1009));
}

#[tokio::test]
async fn line_04_requests_that_are_too_much_or_never_end() {
    let server = impatient();
    let headers: String = (0..2_000).map(|n| format!("X-{n}: x\r\n")).collect();
    assert_eq!(
        http(server.address(), &format!("GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n")).await.status,
        431
    );
    let long = "x".repeat(1 << 20);
    assert_eq!(
        http(server.address(), &format!("GET / HTTP/1.1\r\nHost: x\r\nX: {long}\r\n\r\n")).await.status,
        431
    );
    for half in ["GET /socket.io/", "GET / HTTP/1.1\r\nHost: x\r\nX: y", ""] {
        let mut raw = Raw::open(server.address()).await;
        raw.write(half.as_bytes()).await;
        assert!(raw.is_closed().await, "{half:?} is closed within handshakeTimeout");
    }
}

#[tokio::test]
async fn line_05_connected_and_silent() {
    let server = impatient();
    let mut no_connect = Raw::websocket(server.address(), "").await;
    assert_eq!(no_connect.close_code().await, Some(1000), "no `40` within connectTimeout");
    let mut no_pong = Raw::connected(server.address()).await;
    assert_eq!(no_pong.close_code().await, Some(1001), "no pong within pingTimeout");
    let id = session(server.address()).await;
    let pinged = poll(server.address(), "GET", &format!("&sid={id}"), "").await;
    assert_eq!(pinged.status, 200);
    let mut closed = poll(server.address(), "GET", &format!("&sid={id}"), "").await;
    if closed.status == 200 {
        // The last words: the session says that it is over.
        assert!(closed.body.ends_with('1'), "{closed:?}");
        closed = poll(server.address(), "GET", &format!("&sid={id}"), "").await;
    }
    assert_eq!(closed.status, 400, "a polling session ends as well");
}

#[tokio::test]
async fn line_06_attachments_that_are_announced_and_placeholders_that_match_none() {
    let server = server();
    let mut raw = Raw::connected(server.address()).await;
    raw.text(r#"451000000000-["dialogue:trigger",{}]"#).await;
    assert_eq!(raw.close_code().await, Some(1002));
    let mut raw = Raw::connected(server.address()).await;
    raw.text(r#"421["dialogue:join",{"roomId":"chat"}]"#).await;
    for (n, num) in [r#","num":"splice""#, r#","num":-1"#, r#","num":1e9"#, ""].into_iter().enumerate() {
        let id = n + 2;
        raw.text(&format!(
            r#"451-{id}["dialogue:trigger",{{"roomId":"chat","event":"message","data":{{"_placeholder":true{num}}}}}]"#
        ))
        .await;
        raw.write(&frame(0x82, b"attachment")).await;
        let expected = format!("43{id}[{{\"ok\":false,\"code\":\"INVALID_REQUEST\"");
        loop {
            let (_, payload) = raw.frame().await.expect("the connection lives");
            if payload.starts_with(expected.as_bytes()) {
                break;
            }
            assert!(
                !payload.starts_with(b"45") && !payload.starts_with(b"42[\"dialogue:event"),
                "passed on: {num}"
            );
            if payload == b"2" {
                raw.text("3").await;
            }
        }
    }
}

#[tokio::test]
async fn line_07_names_of_events() {
    let server = server();
    for text in [
        r#"42[{}]"#,
        r#"42["connect"]"#,
        r#"42["disconnect"]"#,
        r#"42["connect_error"]"#,
        r#"42["newListener"]"#,
        "42[]",
    ] {
        let mut raw = Raw::connected(server.address()).await;
        raw.text(text).await;
        assert_eq!(raw.close_code().await, Some(1002), "{text}");
    }
    let mut raw = Raw::connected(server.address()).await;
    for text in
        [r#"42[7]"#, r#"42[""]"#, r#"42["error"]"#, r#"42["dialogue:made up",{}]"#, r#"42["dialogue:"]"#]
    {
        raw.text(text).await;
        assert!(raw.answers().await, "{text}");
    }
}

#[tokio::test]
async fn line_08_json_to_break_parsers() {
    let server = server();
    let mut raw = Raw::connected(server.address()).await;
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    raw.text(&format!(r#"42["dialogue:trigger",{{"roomId":"chat","event":"message","data":{deep}}}]"#)).await;
    assert!(raw.answers().await);
    raw.text(r#"421["dialogue:join",{"roomId":"chat"}]"#).await;
    assert!(raw.answers().await);
    for data in [r#"1e999"#, r#"{"a":1,"a":2}"#, r#""\ud800""#, r#""\u0000""#] {
        raw.text(&format!(r#"42["dialogue:trigger",{{"roomId":"chat","event":"message","data":{data}}}]"#))
            .await;
        let said = loop {
            let (_, payload) = raw.frame().await.expect("the connection lives");
            if payload.starts_with(b"42[\"dialogue:event") {
                break String::from_utf8(payload).unwrap();
            }
        };
        assert!(said.contains(&format!(r#""data":{data},"#)), "carried unchanged: {said}");
    }
    raw.text(&format!("42{}", "[".repeat(900_000))).await;
    assert_eq!(raw.close_code().await, Some(1002));
}

#[tokio::test]
async fn line_09_names_of_prototypes_are_names() {
    let server = server();
    let mut client = server.client().await;
    for name in ["__proto__", "constructor", "toString", "hasOwnProperty"] {
        let answer = client.ask("dialogue:join", json!({ "roomId": name })).await;
        assert_eq!(answer["code"], "ROOM_NOT_FOUND");
        client.join("chat").await;
        let answer = client.ask("dialogue:trigger", json!({ "roomId": "chat", "event": name })).await;
        assert_eq!(answer["code"], "EVENT_NOT_ALLOWED");
    }
    let said = json!({ "roomId": "chat", "event": "message", "data": { "__proto__": { "a": 1 } }, "meta": { "__proto__": 1 } });
    client.ask("dialogue:trigger", said).await;
    let (_, message) = client.event().await;
    assert_eq!((&message["data"]["__proto__"]["a"], &message["meta"]["__proto__"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn line_10_polling_abused() {
    let server = server();
    let address = server.address();
    let client = server.client().await;
    for id in [client.id.as_str(), &"x".repeat(30_000), "", "%00"] {
        assert_eq!(poll(address, "GET", &format!("&sid={id}"), "").await.status, 400, "{id:.30}");
    }
    let long = "x".repeat(1 << 20);
    assert_eq!(poll(address, "GET", &format!("&sid={long}"), "").await.status, 431);
    let id = session(address).await;
    let request = format!(
        "POST /socket.io/?EIO=4&transport=polling&sid={id} HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n4"
    );
    assert_eq!(http(address, &request).await.status, 413);
    assert_eq!(poll(address, "GET", &format!("&sid={id}"), "").await.status, 400, "the session is gone");
    let id = session(address).await;
    let many = "6\x1e".repeat(1_000_000);
    assert_eq!(poll(address, "POST", &format!("&sid={id}"), &many).await.status, 413);
    let id = session(address).await;
    let request = format!(
        "POST /socket.io/?EIO=4&transport=polling&sid={id} HTTP/1.1\r\nHost: x\r\n\
         Content-Type: application/octet-stream\r\nContent-Length: 2\r\n\r\n40"
    );
    assert_eq!(http(address, &request).await.status, 400);
    assert_eq!(poll(address, "GET", &format!("&sid={id}"), "").await.status, 400, "the session is gone");
}

#[tokio::test]
async fn line_10_a_goodbye_and_the_poll_beside_it_may_come_in_either_order() {
    let server = server();
    for goodbye_first in [true, false] {
        let id = session(server.address()).await;
        let query = format!("&sid={id}");
        let polling = async || poll(server.address(), "GET", &query, "").await;
        let goodbye = async || poll(server.address(), "POST", &query, "1").await;
        let (polled, said) = if goodbye_first {
            let said = goodbye().await;
            (polling().await, said)
        } else {
            tokio::join!(polling(), goodbye())
        };
        assert_eq!((said.status, polled.status, polled.body.as_str()), (200, 200, "6"));
        assert_eq!(polling().await.status, 400);
    }
}

#[tokio::test]
async fn line_11_rival_upgrades() {
    let server = server();
    let id = session(server.address()).await;
    let mut winner = Raw::websocket(server.address(), &format!("&sid={id}")).await;
    winner.text("2probe").await;
    assert_eq!(winner.frame().await.unwrap().1, b"3probe");
    let mut rival = Raw::websocket(server.address(), &format!("&sid={id}")).await;
    assert_eq!(rival.close_code().await, Some(1000));
    winner.text("5").await;
    winner.text("40").await;
    assert!(winner.frame().await.unwrap().1.starts_with(b"40{"));
}

#[tokio::test]
async fn line_12_acknowledgements_that_nobody_asked_for() {
    let server = server();
    let mut raw = Raw::connected(server.address()).await;
    for text in ["430[]", "430[]", "4399999[1]", "439223372036854775807[]"] {
        raw.text(text).await;
        assert!(raw.answers().await, "{text}");
    }
    raw.text("4318446744073709551616[]").await;
    assert_eq!(raw.close_code().await, Some(1002));
}
