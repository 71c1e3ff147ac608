use super::*;
use crate::engine::{config::RoomConfig, rooms::log::RoomLog};

fn room(id: &str, key: u64) -> Arc<Room> {
    Room::new(id.into(), key, RoomConfig::default(), None, false, RoomLog::new(Arc::default()))
}

fn change(kind: Kind, room: &Arc<Room>) -> Change {
    Change { kind, room: room.clone(), known_to: Arc::default() }
}

/// What each audience is told next: kinds and ids.
fn told(audience: &mut Audience) -> Vec<(Kind, String)> {
    let taken = audience.take(usize::MAX);
    taken.into_iter().map(|(_, change)| (change.kind, change.room.id().to_string())).collect()
}

fn told_to(announcements: &Announcements) -> [Vec<(Kind, String)>; 2] {
    let noted = &mut *lock(&announcements.noted);
    [told(&mut noted.batched), told(&mut noted.single)]
}

#[test]
fn a_batch_has_everything_in_order_and_singles_what_is_left_of_it() {
    use Kind::{Created, Deleted, Updated};
    let (all, one, two, again) = (Announcements::default(), room("one", 1), room("two", 2), room("one", 3));
    for (kind, room) in [
        (Created, &one),
        (Created, &two),
        (Updated, &two),
        (Deleted, &one),
        (Created, &again),
        (Updated, &two),
    ] {
        all.note(&change(kind, room));
    }
    let id = |kind, id: &str| (kind, id.to_owned());
    let [batched, single] = told_to(&all);
    assert_eq!(
        batched,
        [
            id(Created, "one"),
            id(Created, "two"),
            id(Updated, "two"),
            id(Deleted, "one"),
            id(Created, "one"),
            id(Updated, "two")
        ]
    );
    assert_eq!(single, [id(Created, "one"), id(Created, "two")]);
    assert!(all.is_empty() && lock(&all.noted).single.of_room.is_empty());
    // What was told is not taken back in silence.
    all.note(&change(Deleted, &two));
    assert_eq!(told_to(&all)[1], [id(Deleted, "two")]);
}

#[test]
fn a_room_that_a_list_showed_is_told_of_when_it_goes() {
    let (all, seen, unseen) = (Announcements::default(), room("seen", 1), room("unseen", 2));
    all.note(&change(Kind::Created, &seen));
    all.note_list();
    all.note(&change(Kind::Created, &unseen));
    all.note(&change(Kind::Deleted, &seen));
    all.note(&change(Kind::Deleted, &unseen));
    assert_eq!(told_to(&all)[1], [(Kind::Deleted, "seen".to_owned())]);
}

#[test]
fn where_more_waits_than_a_frame_has_only_what_is_left_is_kept() {
    let all = Announcements::default();
    for key in 0..10 * MOST as u64 {
        let room = room("again", key);
        all.note(&change(Kind::Created, &room));
        all.note(&change(Kind::Deleted, &room));
    }
    let noted = lock(&all.noted);
    assert!(noted.batched.changes.len() <= MOST, "{}", noted.batched.changes.len());
    assert!(noted.single.changes.is_empty());
}

#[test]
fn the_one_who_asked_for_a_room_is_owed_its_end() {
    let (all, room, id) = (Announcements::default(), room("own", 1), Id::random());
    let known_to = Arc::new(HashSet::from([id]));
    all.note(&Change { known_to, ..change(Kind::Created, &room) });
    let [batched, single] = all.note(&change(Kind::Deleted, &room));
    assert!(batched.is_none(), "it is announced");
    assert!(single.is_some_and(|knowing| knowing.contains(&id)));
}

#[test]
fn however_much_is_made_and_listed_and_deleted_what_waits_is_bounded() {
    let all = Announcements::default();
    for round in 0..50 {
        for key in 0..200 {
            let room = room("listed", round * 200 + key);
            all.note(&change(Kind::Created, &room));
            all.note_list();
            all.note(&change(Kind::Deleted, &room));
        }
        let Noted { batched, single, .. } = &mut *lock(&all.noted);
        batched.take(batched.pace(MOST));
        single.take(single.pace(1));
        assert!(batched.changes.len() <= MOST && single.changes.len() <= MOST, "{round}");
    }
}

#[test]
fn what_did_not_fit_is_told_next_and_in_order() {
    let (all, one, two) = (Announcements::default(), room("one", 1), room("two", 2));
    all.note(&change(Kind::Created, &one));
    all.note(&change(Kind::Created, &two));
    {
        let batched = &mut lock(&all.noted).batched;
        let mut taken = batched.take(MOST);
        batched.restore(taken.split_off(1));
    }
    all.note(&change(Kind::Deleted, &one));
    assert_eq!(told_to(&all)[0], [(Kind::Created, "two".to_owned()), (Kind::Deleted, "one".to_owned())]);
}
