//! Gate and pause, of the queue into the host: one who is paused is read on when the host took what waits.

use loom::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::{
    engine::{
        back_pressure::{BackPressure, Charge, Peer},
        host::{Account, Ebb},
    },
    explore,
};

#[derive(Clone)]
struct Connection(Arc<Inner>);

struct Inner {
    account: Account,
    paused: AtomicBool,
}

impl Peer for Connection {
    fn account(&self) -> &Account {
        &self.0.account
    }

    fn pause(&self) {
        self.0.paused.store(true, Ordering::SeqCst);
    }

    fn resume(&self) {
        self.0.paused.store(false, Ordering::SeqCst);
    }

    fn is_open(&self) -> bool {
        true
    }
}

struct World {
    pressure: BackPressure<Connection>,
    /// Bytes of each call that waits.
    queue: Mutex<Vec<usize>>,
    connection: Connection,
}

impl World {
    fn new() -> Arc<Self> {
        let inner = Inner { account: Account::default(), paused: AtomicBool::new(false) };
        Arc::new(Self {
            pressure: BackPressure::new(1),
            queue: Mutex::new(Vec::new()),
            connection: Connection(Arc::new(inner)),
        })
    }

    fn ebb(&self) -> Ebb {
        let is_empty = self.queue.lock().unwrap().is_empty();
        Ebb { events: is_empty, calls: is_empty }
    }

    fn push(&self, bytes: usize, flows: bool) {
        {
            let mut queue = self.queue.lock().unwrap();
            self.connection.account().charge(bytes, !flows);
            queue.push(bytes);
        }
        let charge = Charge { flows, full: flows };
        self.pressure.charge(&self.connection, charge, || self.ebb());
    }

    /// As a host that goes on until there is nothing.
    fn drain(&self, flows: bool) {
        loop {
            let calls = std::mem::take(&mut *self.queue.lock().unwrap());
            calls.iter().for_each(|bytes| self.connection.account().settle(*bytes, !flows));
            self.pressure.taken([self.connection.account()], || self.ebb());
            if calls.is_empty() {
                return;
            }
        }
    }
}

fn never_stays_paused(bytes: usize, flows: bool) {
    explore(move || {
        let world = World::new();
        let reader = {
            let world = world.clone();
            thread::spawn(move || {
                for _ in 0..2 {
                    world.push(bytes, flows);
                }
            })
        };
        world.drain(flows);
        reader.join().unwrap();
        if !world.queue.lock().unwrap().is_empty() {
            // It would have been woken for those.
            world.drain(flows);
        }
        assert!(!world.connection.0.paused.load(Ordering::SeqCst), "nobody would ever read on");
    });
}

#[test]
fn one_who_fills_its_share_is_read_on() {
    never_stays_paused(2 << 20, false);
}

#[test]
fn one_who_sends_into_a_full_lane_is_read_on() {
    never_stays_paused(1, true);
}
