use std::sync::Arc;

use super::*;
use crate::engine::{
    event::Draft,
    host::{Decision, Level},
    ids::Id,
    payload::Payload,
    rooms::{Origin, Publication},
};

fn event(offset: u64, local: u64) -> Call {
    let draft = Draft {
        name: "e".into(),
        from: "u".into(),
        data: Some(Payload::plain("1")),
        meta: None,
        timestamp: None,
    };
    let origin = Arc::new(Origin { key: 1, room: "r".into(), epoch: "e".into() });
    let publication = Arc::new(Publication::new(origin, &draft, 0, offset));
    Call::Event { publication, recipients: 0, local }
}

fn question(ticket: u64) -> Call {
    let decision = Decision::Join { client: Id::random(), room: "r".into(), key: 1 };
    Call::Decide { ticket, decision }
}

fn push(queue: &Queue, call: Call) -> Pushed {
    queue.push(call, None)
}

fn offsets(calls: &[Call]) -> Vec<u64> {
    calls
        .iter()
        .filter_map(
            |call| if let Call::Event { publication, .. } = call { Some(publication.offset) } else { None },
        )
        .collect()
}

fn lost(events: u64) -> Lost {
    Lost { events, lines: 0 }
}

#[test]
fn observers_lose_their_oldest_and_nothing_else_is_lost() {
    let queue = Queue::new(4, 1 << 20);
    let (one, two) = (Id::random(), Id::random());
    push(&queue, Call::Refreshed(one));
    push(&queue, event(1, 7));
    for offset in 2..10 {
        push(&queue, event(offset, 0));
    }
    push(&queue, Call::Refreshed(two));
    assert_eq!((queue.len(), queue.take_lost()), (4, lost(7)));
    let calls = queue.drain(10);
    assert!(matches!(calls[0], Call::Refreshed(id) if id == one));
    assert!(matches!(calls[3], Call::Refreshed(id) if id == two));
    assert_eq!(offsets(&calls), [1, 9]);
    assert!(queue.is_empty());
}

#[test]
fn what_was_lost_leaves_no_place_behind() {
    let queue = Queue::new(1_000, 1 << 30);
    push(&queue, Call::Refreshed(Id::random()));
    for offset in 1..1_000_000 {
        push(&queue, event(offset, 0));
    }
    let places = |queue: &Queue| lock(&queue.state).lanes.iter().map(Lane::places).sum::<usize>();
    assert_eq!(queue.len(), 1_000);
    assert!(places(&queue) < 4_000, "{}", places(&queue));
    while !queue.drain(256).is_empty() {}
    assert!(places(&queue) <= Class::COUNT * 2_048, "{}", places(&queue));
}

#[test]
fn bytes_are_bounded_too() {
    let queue = Queue::new(1_000_000, 10_000);
    for offset in 1..1_000 {
        push(&queue, event(offset, 0));
    }
    assert!(queue.len() < 60, "{}", queue.len());
    assert_eq!(offsets(&queue.drain(1_000)).last(), Some(&999));
}

#[test]
fn what_is_asked_for_is_refused_when_too_much_of_it_waits_and_never_for_the_sake_of_others() {
    let queue = Queue::new(2, 1 << 20);
    for _ in 0..3 {
        push(&queue, Call::Refreshed(Id::random()));
    }
    assert!(queue.is_full());
    assert_eq!(queue.offer(question(1)), Ok(false));
    assert_eq!(queue.offer(question(2)), Ok(false));
    assert_eq!(queue.offer(question(3)), Err(Full));
    assert!(queue.offer(Call::Refreshed(Id::random())).is_ok(), "what must not be lost is not");
}

#[test]
fn a_question_that_nobody_waits_for_keeps_no_place() {
    let queue = Queue::new(2, 1 << 20);
    push(&queue, Call::Refreshed(Id::random()));
    queue.offer(question(1)).unwrap();
    queue.offer(question(2)).unwrap();
    queue.forget(|call| matches!(call, Call::Decide { ticket, .. } if *ticket > 1));
    assert!(queue.offer(question(3)).is_ok());
    let tickets: Vec<_> = queue
        .drain(10)
        .into_iter()
        .filter_map(|call| if let Call::Decide { ticket, .. } = call { Some(ticket) } else { None })
        .collect();
    assert_eq!(tickets, [2, 3]);
}

#[test]
fn what_must_not_be_lost_goes_in_and_says_that_it_is_too_much() {
    let queue = Queue::new(3, 1 << 20);
    let account = Arc::new(Account::default());
    let full: Vec<_> =
        (0..5).map(|_| queue.push(Call::Refreshed(Id::random()), Some(account.clone())).full).collect();
    assert_eq!(full, [false, false, false, true, true]);
    assert_eq!(account.calls(), 5);
    assert_eq!(queue.has_ebbed(), Ebb { events: true, calls: false });
    queue.drain(4);
    assert_eq!((account.calls(), queue.has_ebbed().calls), (1, true));
    queue.drain(4);
    assert_eq!((account.calls(), account.bytes()), (0, 0));
}

#[test]
fn ids_of_rooms_are_counted() {
    let rooms: Vec<Arc<str>> = (0..100).map(|n| format!("{n:0>200}").into()).collect();
    let size = |rooms| Call::Disconnected { client: Id::random(), reason: "transport close", rooms }.cost();
    let (none, many) = (size(Vec::new()), size(rooms));
    assert!(many >= none + 20_000, "{none} {many}");
}

#[test]
fn lines_of_the_log_are_bounded_and_what_is_lost_of_them_is_counted() {
    let queue = Queue::new(10, 1 << 20);
    for _ in 0..MAX_LINES + 5 {
        push(&queue, Call::Log { level: Level::Warn, message: "again".to_owned(), at: "test" });
    }
    assert_eq!(queue.take_lost(), Lost { events: 0, lines: 5 });
    assert_eq!(queue.len(), MAX_LINES);
    assert!(!queue.is_full());
}

#[test]
fn a_batch_is_bounded_in_bytes() {
    let queue = Queue::new(1_000, 1 << 30);
    for _ in 0..10 {
        let message = "x".repeat(BATCH_BYTES / 2);
        push(&queue, Call::Log { level: Level::Warn, message, at: "test" });
    }
    assert_eq!(queue.drain(256).len(), 2);
}

#[test]
fn the_host_is_woken_once_until_it_finds_nothing() {
    let queue = Queue::new(10, 1 << 20);
    assert!(push(&queue, event(1, 0)).wake);
    assert!(!push(&queue, event(2, 0)).wake);
    assert_eq!(queue.drain(1).len(), 1);
    assert!(!push(&queue, event(3, 0)).wake);
    assert_eq!(offsets(&queue.drain(10)), [2, 3]);
    assert!(!push(&queue, event(4, 0)).wake);
    assert_eq!(offsets(&queue.drain(10)), [4]);
    assert!(queue.drain(10).is_empty());
    assert!(push(&queue, event(5, 0)).wake);
}
