//! A program's own namespaces, as its host sees them.

use std::sync::Arc;

use dialogue_rs::engine::{
    host::Call,
    io::{self, IoCall, Namespace, Operation, Selector, apply},
    metrics::Family,
    payload::Payload,
    socketio::Hearing,
};
use serde_json::json;

use crate::{
    raw::Raw,
    support::{TestServer, within},
};

/// A server whose `/` lets everybody in; `heeded`: and tells of each.
fn serving(heeded: bool) -> (TestServer, Arc<Namespace>) {
    let server = TestServer::start(json!({ "bare": true }), &[]);
    let main = server.core().io.main().clone();
    main.set(heeded, false);
    (server, main)
}

/// Somebody in `/`.
async fn coming(server: &TestServer) -> Raw {
    let mut raw = Raw::websocket(server.address(), "").await;
    raw.frame().await;
    raw.text("40").await;
    raw
}

async fn event(server: &TestServer) -> String {
    match server.calls().await.pop() {
        Some(Call::Io(IoCall::Event { args, .. })) => args.text().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_socket_counts_from_when_the_host_tells_of_it_until_it_has_told_of_its_end() {
    let (server, main) = serving(true);
    let raw = coming(&server).await;
    let calls = server.calls().await;
    let [Call::Io(IoCall::Connected { socket, .. })] = &calls[..] else { panic!("{calls:?}") };
    let id = socket.public_id();
    let id = id.as_str();
    let everybody = Selector::default();
    let room: Arc<str> = "x".into();
    let only = Selector { only: Some(id.to_owned()), ..Selector::default() };
    apply(server.core(), &main, &only, Operation::Join(vec![room]));
    let counts = || {
        let selected = main.select(&everybody).len();
        let (size, is_in) = (main.room_size("x"), main.is_in("x", id));
        (main.count(), selected, size, is_in, main.room_count(), server.server.seen_sessions())
    };
    assert_eq!(counts(), (0, 0, 0, false, 0, 0));
    assert!(main.find(id).is_some() && main.look_at(id).is_none() && !main.is_shown(id));
    assert!(main.show(id) && main.show(id));
    assert_eq!(counts(), (1, 1, 1, true, 2, 1));
    drop(raw);
    let calls = server.calls().await;
    assert!(matches!(&calls[..], [Call::Io(IoCall::Disconnected { .. })]), "{calls:?}");
    within("its session to be gone", async {
        while server.server.sessions() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(counts(), (1, 1, 1, true, 2, 1));
    main.forget(id, false);
    assert_eq!(counts(), (0, 0, 0, false, 0, 0));
}

#[tokio::test]
async fn who_is_looked_at_by_nobody_comes_and_goes_without_the_host() {
    let (server, main) = serving(false);
    let mut raw = coming(&server).await;
    raw.frame().await;
    assert_eq!((main.count(), server.server.seen_sessions()), (1, 1));
    drop(raw);
    within("it to be gone", async {
        while main.count() > 0 || server.server.seen_sessions() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(server.core().queue.is_empty());
}

#[tokio::test]
async fn an_event_waits_for_a_listener_until_the_program_had_a_turn() {
    let (server, main) = serving(false);
    let core = server.core();
    let mut raw = coming(&server).await;
    raw.frame().await;
    let dropped = || core.metrics.read().get(Family::EventsDropped);
    // Nobody can be about to listen to one that the program does not hold.
    raw.text(r#"42["n",0]"#).await;
    within("it to be dropped", async {
        while dropped() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(core.queue.is_empty());
    let id = main.select(&Selector::default())[0].clone();
    let socket = main.look_at(id.as_str()).expect("it is there");
    raw.text(r#"42["n",1]"#).await;
    raw.text(r#"42["n",2]"#).await;
    let calls = server.calls().await;
    assert!(matches!(&calls[..], [Call::Io(IoCall::Turn)]), "{calls:?}");
    raw.text(r#"42["n",3]"#).await;
    while socket.unheard_events() < 3 {
        tokio::task::yield_now().await;
    }
    assert!(core.queue.is_empty(), "one turn is asked for at a time");
    io::hear(core, &socket, Hearing::EVENTS);
    let calls = core.drain(8);
    let told: Vec<_> = calls
        .iter()
        .map(|call| match call {
            Call::Io(IoCall::Event { args, .. }) => args.text(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, [r#"["n",1]"#, r#"["n",2]"#, r#"["n",3]"#]);
    raw.text(r#"42["n",4]"#).await;
    assert_eq!(event(&server).await, r#"["n",4]"#);
    io::hear(core, &socket, 0);
    io::turned(core);
    raw.text(r#"42["n",5]"#).await;
    let calls = server.calls().await;
    assert!(matches!(&calls[..], [Call::Io(IoCall::Turn)]), "{calls:?}");
    assert_eq!(dropped(), 1);
    io::turned(core);
    assert_eq!((dropped(), socket.unheard_events()), (2, 0));
    io::hear(core, &socket, Hearing::EVENTS);
    assert!(core.queue.is_empty());
}

#[tokio::test]
async fn a_broadcast_asks_those_who_are_meant_and_is_forgotten_by_them_alone() {
    let (server, main) = serving(false);
    let mut raws = Vec::new();
    for _ in 0..3 {
        let mut raw = coming(&server).await;
        raw.frame().await;
        raws.push(raw);
    }
    let ids = main.select(&Selector::default());
    let sockets: Vec<_> = ids.iter().map(|id| main.find(id.as_str()).expect("it is there")).collect();
    let owed = || sockets.iter().map(|socket| socket.owed_answers()).collect::<Vec<_>>();
    let first = Selector { rooms: vec![ids[0].as_str().into()], ..Selector::default() };
    let ask = |selector: &Selector, volatile| {
        let args = Payload::plain(r#"["asks"]"#);
        apply(server.core(), &main, selector, Operation::Emit { args, volatile, ack: true })
    };
    let one = ask(&first, false);
    let all = ask(&Selector::default(), false);
    assert_eq!((one.count, all.count, owed()), (1, 3, vec![2, 1, 1]));
    main.forget_answer(one.ack.unwrap());
    assert_eq!(owed(), [1, 1, 1]);
    main.forget_answer(all.ack.unwrap());
    assert_eq!(owed(), [0, 0, 0]);
    // They got something in this turn: what is volatile goes to none of them, and none of them owes an answer.
    let volatile = ask(&Selector::default(), true);
    assert_eq!((volatile.count, owed()), (0, vec![0, 0, 0]));
    let args = Payload::plain(r#"["asks"]"#);
    assert_eq!(io::emit_to(&main, &sockets[0], &args, true, true), None);
    assert!(io::emit_to(&main, &sockets[0], &args, false, true).is_some());
    assert_eq!(owed(), [1, 0, 0]);
}
