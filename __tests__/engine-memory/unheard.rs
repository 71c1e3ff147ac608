//! Events that nobody listens to, of a socket that the program holds, while the program has no turn.

use std::time::Duration;

use dialogue_rs::engine::{
    host::Call,
    io::{self, IoCall, Selector},
};
use serde_json::json;
use tokio::time::timeout;

use crate::{
    alone,
    memory::resident,
    raw::Raw,
    scaled,
    support::{TestServer, within},
};

const PAYLOAD: usize = 8 << 10;
/// Bytes that wait for the program, of all connections.
const BOUND: usize = 8 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_events_that_nobody_listens_to_waits_in_its_own_connections() {
    let _alone = alone().await;
    let connections = scaled(20, 100);
    let server = TestServer::start(json!({ "bare": true, "socket": { "pingInterval": 60_000 } }), &[]);
    let main = server.core().io.main().clone();
    main.set(false, false);
    let mut raws = Vec::new();
    for _ in 0..connections {
        let mut raw = Raw::websocket(server.address(), "").await;
        raw.frame().await;
        raw.text("40").await;
        raw.frame().await;
        raws.push(raw);
    }
    for id in main.select(&Selector::default()) {
        main.look_at(id.as_str()).expect("it is there");
    }
    let before = resident();
    let text = format!(r#"42["n","{}"]"#, "x".repeat(PAYLOAD));
    let mut sent = 0;
    let mut stopped = 0;
    for raw in &mut raws {
        // Until it is not read any more: what the kernel takes besides is not the server's.
        for _ in 0..16 << 10 {
            if timeout(Duration::from_millis(200), raw.text(&text)).await.is_err() {
                stopped += 1;
                break;
            }
            sent += text.len();
        }
    }
    let grown = resident().saturating_sub(before);
    println!("{sent} bytes sent by {connections}, {stopped} of them not read on, {grown} bytes grown");
    assert_eq!(stopped, connections);
    assert!(grown < 3 * BOUND, "{grown} bytes grown");
    // Others are served meanwhile.
    let mut other = Raw::websocket(server.address(), "").await;
    other.frame().await;
    other.text("40").await;
    within("another one to be let in", other.frame()).await;
    drop(raws);
    // The program has its turns: all of it is read, and none kept. One turn is asked for at a time.
    let (mut turns, mut ended) = (0, 0);
    while ended < connections {
        for call in server.calls().await {
            match call {
                Call::Io(IoCall::Turn) => {
                    turns += 1;
                    io::turned(server.core());
                }
                Call::Io(IoCall::Disconnected { id, .. }) => {
                    ended += 1;
                    main.forget(id.as_str(), false);
                }
                // The last few of one that is over are still told.
                Call::Io(IoCall::Event { .. }) => {}
                _ => panic!("that is all there is to tell"),
            }
        }
    }
    println!("{turns} turns");
    assert_eq!(main.count(), 1);
}
