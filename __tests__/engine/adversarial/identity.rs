//! Line 16 through a real socket: how long a token lasts, on a wall clock that jumps. Lines 13–20 have their tests in
//! `src/engine/jwt` and `__tests__/suites/identity.ts`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use dialogue_rs::engine::jwt::{Clock, sign};
use serde_json::json;

use crate::support::{TestServer, Wire};

const NOW: f64 = 1_700_000_000.0;

fn token(sub: &str, exp: f64) -> String {
    let claims = json!({ "sub": sub, "exp": exp }).as_object().unwrap().clone();
    sign(claims, b"secret", None, 0.0, None, NOW).unwrap()
}

#[tokio::test]
async fn line_16_the_wall_clock_jumps_an_hour_either_way_and_nobody_is_ended_but_who_is_due() {
    for jump in [3_600, -3_600] {
        let (offset, start) = (Arc::new(AtomicI64::new(0)), Instant::now());
        let wall = offset.clone();
        let clock: Clock =
            Arc::new(move || NOW + start.elapsed().as_secs_f64() + wall.load(Ordering::Relaxed) as f64);
        let settings = json!({ "jwt": { "key": { "secret": "c2VjcmV0" } } });
        let server = TestServer::start_with_clock(settings, &[], clock);
        let mut staying = Vec::new();
        for n in 0..20 {
            let auth = json!({ "token": token(&format!("user {n}"), NOW + 900.0) });
            staying.push(server.client_with(auth).await);
        }
        let (life, ending) = (Duration::from_secs(2), start.elapsed());
        let mut due = server
            .client_with(json!({ "token": token("due", NOW + (start.elapsed() + life).as_secs_f64()) }))
            .await;
        offset.store(jump, Ordering::Relaxed);
        let (name, error) = due.event().await;
        assert_eq!((name.as_str(), error["code"].as_str()), ("dialogue:error", Some("TOKEN_EXPIRED")));
        // Its own time and not the jump's: `event` waits for seconds, the jump is an hour.
        let after = start.elapsed() - ending;
        assert!(after >= life, "{after:?}");
        assert_eq!(due.receive().await, Wire::Text("41".to_owned()));
        assert!(matches!(due.receive().await, Wire::Closed(_)));
        for client in &mut staying {
            assert_eq!(client.ask("dialogue:listRooms", json!({})).await["ok"], true);
        }
        let governed = server.core().jwt.as_ref().map(|guard| guard.governed());
        assert_eq!((server.core().clients.count(), governed), (20, Some(20)));
        drop(staying);
        while server.core().clients.count() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(server.core().jwt.as_ref().map(|guard| guard.governed()), Some(0), "nothing is kept");
    }
}
