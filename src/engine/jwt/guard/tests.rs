//! Lines 14 and 16 of the threat list, on an injected wall clock and a paused monotonic one.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use jsonwebtoken::EncodingKey;
use serde_json::json;

use super::*;
use crate::engine::jwt::testing;

const NOW: u64 = 1_700_000_000;

/// A wall clock that a test sets. It runs with tokio's clock.
#[derive(Clone)]
struct Wall(Arc<AtomicU64>, Instant);

impl Wall {
    fn new() -> Self {
        Self(Arc::new(AtomicU64::new(NOW)), Instant::now())
    }

    fn clock(&self) -> Clock {
        let wall = self.clone();
        Arc::new(move || wall.0.load(Ordering::Relaxed) as f64 + wall.1.elapsed().as_secs_f64())
    }
}

fn guard(settings: Value, clock: Clock) -> Arc<Guard> {
    Arc::new(Guard::new(&serde_json::from_value(settings).unwrap(), 256, clock))
}

fn secret() -> Value {
    json!({ "key": { "secret": "c2VjcmV0" } })
}

fn until(exp: u64) -> String {
    testing::hs256(&json!({ "sub": "ada", "exp": exp }).to_string(), "secret")
}

/// Watches in the background, and says who expired when.
fn watch(guard: &Arc<Guard>) -> tokio::sync::mpsc::UnboundedReceiver<(Id, Instant)> {
    let (told, expired) = tokio::sync::mpsc::unbounded_channel();
    let guard = guard.clone();
    tokio::spawn(async move {
        guard.watch(|client| _ = told.send((client, Instant::now()))).await;
    });
    expired
}

#[tokio::test(start_paused = true)]
async fn line_16_a_client_is_named_when_its_time_is_over_and_not_before() {
    let wall = Wall::new();
    let guard = guard(json!({ "key": { "secret": "c2VjcmV0" }, "leeway": 5 }), wall.clock());
    let mut expired = watch(&guard);
    let start = Instant::now();
    let (late, early, gone) = (Id::random(), Id::random(), Id::random());
    for (client, seconds) in [(late, 60), (early, 30), (gone, 10)] {
        guard.govern(client, &guard.verify(&until(NOW + seconds)).unwrap());
    }
    let governed = guard.verify(&until(NOW + 10)).unwrap();
    guard.release(gone, &governed);
    assert_eq!(guard.governed(), 2);
    for (client, seconds) in [(early, 35), (late, 65)] {
        let (named, at) = expired.recv().await.unwrap();
        assert_eq!(named, client);
        let after = at - start;
        assert!(
            after >= Duration::from_secs(seconds) && after < Duration::from_millis(seconds * 1_000 + 500)
        );
    }
    assert_eq!(guard.governed(), 0);
}

#[tokio::test(start_paused = true)]
async fn line_16_a_wall_clock_that_jumps_ends_nobody() {
    for jump in [3_600_i64, -3_600] {
        let wall = Wall::new();
        let guard = guard(secret(), wall.clock());
        let mut expired = watch(&guard);
        let start = Instant::now();
        for _ in 0..100 {
            guard.govern(Id::random(), &guard.verify(&until(NOW + 900)).unwrap());
        }
        wall.0.fetch_add_signed_test(jump);
        tokio::time::sleep(Duration::from_secs(899)).await;
        assert_eq!(guard.governed(), 100, "jump of {jump} s");
        assert!(expired.try_recv().is_err());
        let (_, at) = expired.recv().await.unwrap();
        assert_eq!((at - start).as_secs(), 900);
    }
}

trait Jump {
    fn fetch_add_signed_test(&self, by: i64);
}

impl Jump for AtomicU64 {
    fn fetch_add_signed_test(&self, by: i64) {
        let _ = self.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| now.checked_add_signed(by));
    }
}

#[tokio::test(start_paused = true)]
async fn line_15_an_exp_at_the_end_of_time_is_a_deadline_like_any_other() {
    let guard = guard(secret(), Wall::new().clock());
    let token = guard.verify(&until(8_640_000_000_000)).unwrap();
    assert_eq!(token.exp_json(), "8640000000000");
    guard.govern(Id::random(), &token);
    let mut expired = watch(&guard);
    tokio::time::sleep(Duration::from_secs(5 * 365 * 86_400)).await;
    assert!(expired.try_recv().is_err());
}

/// The user, or why not.
type Told = Result<Arc<str>, TokenError>;

/// A guard whose host fetches, a counter of how often it was asked, and what waiting tokens were told.
struct Fetched {
    guard: Arc<Guard>,
    asked: AtomicUsize,
    told: Arc<Mutex<Vec<Told>>>,
}

impl Fetched {
    fn new(settings: Value) -> Self {
        let guard = guard(settings, Wall::new().clock());
        Self { guard, asked: AtomicUsize::new(0), told: Arc::default() }
    }

    fn judge(&self, pair: &testing::Pair, kid: &str, issuer: &str) {
        let key = EncodingKey::from_rsa_pem(pair.private_pem.as_bytes()).unwrap();
        let claims = json!({ "sub": kid, "exp": NOW + 100_000, "iss": issuer }).to_string();
        let token = testing::token(&json!({ "alg": "RS256", "kid": kid }).to_string(), &claims, &key);
        let told = self.told.clone();
        let asked = self.guard.judge(token, move |judged| lock(&told).push(judged.map(|token| token.sub)));
        self.asked.fetch_add(usize::from(asked == Asked::Keys), Ordering::Relaxed);
    }

    fn take(&self) -> (usize, Vec<Told>) {
        (self.asked.swap(0, Ordering::Relaxed), std::mem::take(&mut lock(&self.told)))
    }
}

#[tokio::test(start_paused = true)]
async fn line_14_a_flood_of_unknown_kids_asks_for_keys_once_a_minute() {
    let rsa = testing::rsa();
    let fetched = Fetched::new(json!({ "key": "jwksUri", "issuer": ["a"] }));
    for n in 0..1_500 {
        fetched.judge(rsa, &format!("made up {n}"), "a");
    }
    let (asked, told) = fetched.take();
    assert_eq!((asked, told.len()), (1, 500), "a thousand wait, the others are told that too many do");
    assert!(told.iter().all(|told| *told == Err(TokenError::Busy)));
    fetched.guard.fetched(Some(&json!({ "keys": [rsa.jwk("k1")] }))).unwrap();
    let (_, told) = fetched.take();
    assert_eq!(told.len(), 1_000);
    assert!(told.iter().all(|told| *told == Err(TokenError::UnknownKey)));
    for second in 0..120 {
        fetched.judge(rsa, "made up", "a");
        fetched.judge(rsa, "made up", "b");
        fetched.judge(rsa, "k1", "a");
        if second == 60 {
            fetched.guard.fetched(Some(&json!({ "keys": [rsa.jwk("k1")] }))).unwrap();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let (asked, told) = fetched.take();
    assert_eq!(asked, 1, "one in two minutes after the first");
    assert_eq!(told.iter().filter(|told| told.is_ok()).count(), 120, "the known key serves throughout");
}

#[tokio::test(start_paused = true)]
async fn keys_that_rotate_are_fetched_once_and_those_who_waited_are_let_in() {
    let (old, new) = (testing::rsa(), testing::another_rsa());
    let fetched = Fetched::new(json!({ "key": "jwksUri" }));
    fetched.judge(old, "old", "a");
    fetched.judge(old, "old", "a");
    assert_eq!(fetched.take(), (1, vec![]));
    fetched.guard.fetched(Some(&json!({ "keys": [old.jwk("old")] }))).unwrap();
    assert_eq!(fetched.take(), (0, vec![Ok("old".into()), Ok("old".into())]));
    fetched.judge(&new, "new", "a");
    assert_eq!(fetched.take(), (1, vec![]), "the first set was what was asked for: no pause");
    fetched.guard.fetched(Some(&json!({ "keys": [new.jwk("new")] }))).unwrap();
    assert_eq!(fetched.take().1, [Ok("new".into())]);
    fetched.judge(old, "old", "a");
    assert_eq!(
        fetched.take(),
        (0, vec![Err(TokenError::UnknownKey)]),
        "withdrawn, and the minute is not over"
    );
    tokio::time::sleep(Duration::from_secs(601)).await;
    fetched.judge(&new, "new", "a");
    assert_eq!(fetched.take(), (1, vec![Ok("new".into())]), "old keys serve while others are asked for");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_does_not_answer_is_not_waited_for_and_a_bad_set_changes_nothing() {
    let rsa = testing::rsa();
    let fetched = Fetched::new(json!({ "key": "jwksUri" }));
    let _expired = watch(&fetched.guard);
    fetched.judge(rsa, "k1", "a");
    let start = Instant::now();
    while lock(&fetched.told).is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(start.elapsed() < Duration::from_secs(8));
    assert_eq!(fetched.take(), (1, vec![Err(TokenError::UnknownKey)]));
    // It comes late: it counts all the same.
    fetched.guard.fetched(Some(&json!({ "keys": [rsa.jwk("k1")] }))).unwrap();
    let secret = json!({ "keys": [{ "kty": "oct", "kid": "k1", "k": "c2VjcmV0" }] });
    assert!(fetched.guard.fetched(Some(&secret)).is_err());
    fetched.judge(rsa, "k1", "a");
    assert_eq!(fetched.take().1, [Ok("k1".into())]);
    // Old keys serve; one that is not known does not wait longer for the host that is silent again.
    tokio::time::sleep(Duration::from_secs(601)).await;
    fetched.judge(rsa, "k1", "a");
    tokio::time::sleep(Duration::from_secs(3)).await;
    fetched.judge(rsa, "k2", "a");
    assert_eq!(fetched.take(), (1, vec![Ok("k1".into())]));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(fetched.take().1, [Err(TokenError::UnknownKey)]);
}

#[tokio::test(start_paused = true)]
async fn line_14_keys_that_cannot_be_fetched_again_do_not_count_for_ever() {
    let rsa = testing::rsa();
    let fetched = Fetched::new(json!({ "key": "jwksUri" }));
    let _expired = watch(&fetched.guard);
    fetched.judge(rsa, "k1", "a");
    fetched.guard.fetched(Some(&json!({ "keys": [rsa.jwk("k1")] }))).unwrap();
    fetched.take();
    // The issuer withdrew the key, and nobody can be asked: the fetches fail, or bring what is no set.
    for minute in 0..59 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        fetched.judge(rsa, "k1", "a");
        let _ = fetched.guard.fetched((minute % 2 == 0).then_some(&json!({ "keys": [] })));
    }
    let (asked, told) = fetched.take();
    assert!(asked >= 40, "asked {asked} times");
    assert!(told.iter().all(Result::is_ok), "an hour is bridged");
    assert!(!fetched.guard.take_lost());
    tokio::time::sleep(Duration::from_secs(61)).await;
    fetched.judge(rsa, "k1", "a");
    assert_eq!(fetched.take(), (1, vec![]), "it waits for the keys");
    fetched.guard.fetched(None).unwrap();
    assert_eq!(fetched.take().1, [Err(TokenError::UnknownKey)]);
    assert!(fetched.guard.take_lost() && !fetched.guard.take_lost(), "said once");
    tokio::time::sleep(Duration::from_secs(61)).await;
    fetched.judge(rsa, "k1", "a");
    fetched.guard.fetched(Some(&json!({ "keys": [rsa.jwk("k1")] }))).unwrap();
    assert_eq!(fetched.take(), (1, vec![Ok("k1".into())]), "the issuer is back");
    // Nobody comes for a day: the next one waits for the keys, and nothing is wrong.
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    fetched.judge(rsa, "k1", "a");
    fetched.guard.fetched(Some(&json!({ "keys": [rsa.jwk("k1")] }))).unwrap();
    assert_eq!(fetched.take(), (1, vec![Ok("k1".into())]));
    assert!(!fetched.guard.take_lost());
}
