//! Outbox and flush: a session that was marked is flushed, corked or not.

use loom::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::{
    engine::marks::{Cork, Marks},
    explore,
};

#[test]
fn one_that_is_marked_while_a_cork_comes_out_wakes_the_flusher() {
    explore(|| {
        let (marks, cork) = (Arc::new(Marks::default()), Arc::new(Cork::default()));
        let woken = Arc::new(AtomicBool::new(false));
        cork.put_in();
        let marking = {
            let (marks, cork, woken) = (marks.clone(), cork.clone(), woken.clone());
            thread::spawn(move || {
                if marks.put(1, &cork) {
                    woken.store(true, Ordering::SeqCst);
                }
            })
        };
        let corked = {
            let (marks, cork, woken) = (marks.clone(), cork.clone(), woken.clone());
            thread::spawn(move || {
                cork.put_in();
                if cork.take_out() && !marks.is_empty() {
                    woken.store(true, Ordering::SeqCst);
                }
            })
        };
        if cork.take_out() && !marks.is_empty() {
            woken.store(true, Ordering::SeqCst);
        }
        marking.join().unwrap();
        corked.join().unwrap();
        assert!(woken.load(Ordering::SeqCst) || marks.is_empty(), "nobody would ever flush");
    });
}
