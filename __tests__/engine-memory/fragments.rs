//! Line 2: fragments without content.

use serde_json::json;

use crate::{
    alone,
    memory::resident,
    raw::{Raw, frame},
    support::TestServer,
};

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
