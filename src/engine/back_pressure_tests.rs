//! Of `back_pressure.rs`, which `__tests__/models/` compiles too, on the floors above.

use std::{sync::Arc, time::Duration};

use super::{
    connection::Dialogue,
    fuzzing::{caller::Caller, floors::Floors, program::Program},
    socketio::SocketIo,
};

#[test]
fn a_connection_is_held_once_however_much_it_sends() {
    const CLIENTS: usize = 20;
    // It is told of clients, listens to all they send, and has a short queue.
    let program = Program::new("niq");
    let dialogue = Arc::new(Dialogue::new(program.core.clone()));
    let floors =
        Floors::new(10_000, |tasks| SocketIo::start(dialogue, 10_000, Duration::from_secs(10), true, tasks));
    let mut callers: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let caller = Caller::connect(&floors, "ada");
            while program.answer_all() {
                floors.settle();
            }
            caller
        })
        .collect();
    assert_eq!(program.core.held(), 0);
    for _ in 0..50 {
        callers.iter_mut().for_each(|caller| caller.ask("shout", "1", 0, false));
        floors.settle();
    }
    // The first few came before the queue was full.
    assert!((CLIENTS - 2..=CLIENTS).contains(&program.core.held()), "{}", program.core.held());
    while program.answer_all() {
        floors.settle();
    }
    assert_eq!(program.core.held(), 0);
    assert!(callers.iter().all(Caller::is_there));
    floors.stop();
    program.core.give_up();
}
