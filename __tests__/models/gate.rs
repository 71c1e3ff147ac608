//! Gate and pause: a connection that is paused for what waits is read again.

use loom::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::{
    engine::gate::{Gate, Waits},
    explore,
};

struct Command(usize);

impl Waits for Command {
    fn cost(&self) -> usize {
        // Two of them are too much.
        600_000
    }
}

#[test]
fn one_that_is_paused_is_resumed_and_every_command_is_handled_once_in_order() {
    explore(|| {
        let gate = Arc::new(Gate::new(false));
        let paused = Arc::new(AtomicBool::new(false));
        let handled = Arc::new(Mutex::new(Vec::new()));
        let reader = {
            let (gate, paused, handled) = (gate.clone(), paused.clone(), handled.clone());
            thread::spawn(move || {
                for n in 0..2 {
                    let pause = || paused.store(true, Ordering::SeqCst);
                    if let Some(command) = gate.enter(Command(n), |_| false, pause) {
                        handled.lock().unwrap().push(command.0);
                    }
                }
            })
        };
        // The welcome is over: what waits is handled, here.
        if gate.welcomed() {
            while let Some((command, _)) = gate.next(|_| false, || paused.store(false, Ordering::SeqCst)) {
                handled.lock().unwrap().push(command.0);
            }
        }
        reader.join().unwrap();
        assert!(!paused.load(Ordering::SeqCst), "nobody would ever read on");
        assert_eq!(*handled.lock().unwrap(), [0, 1]);
    });
}
