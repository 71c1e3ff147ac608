//! Join and end: a membership is told once from its beginning to its end, and nobody is left in a room. Step by step as `membership.rs` and
//! `registry.rs` take the locks: the room's order, its members, the client's rooms.

use loom::{
    sync::{Arc, Mutex},
    thread,
};

use crate::explore;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Joined,
    Left,
    /// In the room, or not.
    Disconnected(bool),
}

#[derive(Default)]
struct Client {
    in_room: bool,
    ended: bool,
}

#[derive(Default)]
struct World {
    order: Mutex<()>,
    /// Whether the client is a member; `None`: the room is deleted.
    member: Mutex<Option<bool>>,
    client: Mutex<Client>,
    queue: Mutex<Vec<Call>>,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(Self { member: Mutex::new(Some(false)), ..Self::default() })
    }

    fn tell(&self, call: Call) {
        self.queue.lock().unwrap().push(call);
    }

    fn join(&self) {
        let _order = self.order.lock().unwrap();
        {
            let mut member = self.member.lock().unwrap();
            let mut client = self.client.lock().unwrap();
            if *member != Some(false) || client.ended {
                return;
            }
            client.in_room = true;
            *member = Some(true);
        }
        self.tell(Call::Joined);
    }

    /// `deletes`: the room is gone behind this.
    fn take_out(&self, deletes: bool) {
        let _order = self.order.lock().unwrap();
        let was_in = {
            let mut member = self.member.lock().unwrap();
            let was_in = *member == Some(true);
            *member = member.filter(|_| !deletes).map(|_| false);
            was_in
        };
        if was_in {
            self.tell(Call::Left);
            let mut client = self.client.lock().unwrap();
            if !client.ended {
                client.in_room = false;
            }
        }
    }

    fn end(&self) {
        let knows = {
            let mut client = self.client.lock().unwrap();
            if std::mem::replace(&mut client.ended, true) {
                return;
            }
            client.in_room
        };
        let was_in = knows && {
            let _order = self.order.lock().unwrap();
            let mut member = self.member.lock().unwrap();
            let was_in = *member == Some(true);
            *member = member.map(|_| false);
            was_in
        };
        self.tell(Call::Disconnected(was_in));
    }

    fn check(&self) {
        let told = self.queue.lock().unwrap();
        let (mut is_in, mut is_gone) = (false, false);
        for call in &*told {
            assert!(!is_gone, "nothing behind its end: {told:?}");
            match call {
                Call::Joined => assert!(!std::mem::replace(&mut is_in, true), "{told:?}"),
                Call::Left => assert!(std::mem::replace(&mut is_in, false), "{told:?}"),
                Call::Disconnected(was_in) => {
                    assert_eq!(is_in, *was_in, "{told:?}");
                    (is_in, is_gone) = (false, true);
                }
            }
        }
        assert!(is_gone && !is_in, "{told:?}");
        assert_ne!(*self.member.lock().unwrap(), Some(true), "a ghost");
    }
}

#[test]
fn a_membership_is_told_once_while_its_room_is_deleted_and_its_client_cut() {
    explore(|| {
        let world = World::new();
        let deleting = {
            let world = world.clone();
            thread::spawn(move || world.take_out(true))
        };
        let cutting = {
            let world = world.clone();
            thread::spawn(move || world.end())
        };
        world.join();
        deleting.join().unwrap();
        cutting.join().unwrap();
        world.check();
    });
}

#[test]
fn one_that_joins_leaves_and_joins_again_while_it_is_cut_is_told_of_each() {
    explore(|| {
        let world = World::new();
        let cutting = {
            let world = world.clone();
            thread::spawn(move || world.end())
        };
        world.join();
        world.take_out(false);
        world.join();
        cutting.join().unwrap();
        world.check();
    });
}
