//! Link and tell: the receiver of a session is told of its end once, however close that comes to the beginning.

use loom::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering, fence},
    },
    thread,
};

use crate::{engine::told::Told, explore};

#[test]
fn a_receiver_is_told_once() {
    explore(|| {
        let told = Arc::new(Told::new());
        let count = Arc::new(AtomicUsize::new(0));
        let closing: Vec<_> = (0..2)
            .map(|_| {
                let told = told.clone();
                thread::spawn(move || {
                    if let Some(receiver) = told.end() {
                        let receiver: Arc<AtomicUsize> = receiver;
                        receiver.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        if let Some(late) = told.begin(count.clone()) {
            late.fetch_add(1, Ordering::SeqCst);
        }
        closing.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(count.load(Ordering::SeqCst), 1);
        assert!(told.receiver().is_none());
    });
}

/// A client's beginning is told before its end, and its end once: `Client::greet` and `connection::forget`.
#[test]
fn a_clients_end_is_told_behind_its_beginning_and_once() {
    explore(|| {
        let greeted = Arc::new(AtomicUsize::new(0));
        let connected = Arc::new(AtomicUsize::new(1));
        let ends = Arc::new(AtomicUsize::new(0));
        let forget = {
            let (greeted, ends) = (greeted.clone(), ends.clone());
            move || {
                fence(Ordering::SeqCst);
                if greeted.load(Ordering::SeqCst) == 1 {
                    // `Client::end` lets one do it.
                    let _ = ends.compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst);
                }
            }
        };
        let closing = {
            let (connected, forget) = (connected.clone(), forget.clone());
            thread::spawn(move || {
                connected.store(0, Ordering::SeqCst);
                forget();
            })
        };
        greeted.store(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if connected.load(Ordering::SeqCst) == 0 {
            forget();
        }
        closing.join().unwrap();
        assert_eq!(ends.load(Ordering::SeqCst), 1);
    });
}
