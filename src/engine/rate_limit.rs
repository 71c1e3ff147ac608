//! How much one connection may ask, in token buckets of the `governor` crate.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::Mutex,
    time::{Duration, Instant},
};

use governor::{
    Quota, RateLimiter,
    clock::MonotonicClock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed, keyed::HashMapStateStore},
};

use super::{
    error::{Code, Refusal},
    limits::Limits,
    lock::lock,
    site::Site,
};

/// Errors of this kind that a connection without acknowledgements gets per second.
const ERRORS_PER_SECOND: u32 = 10;
/// A connection this many times over its rate …
const FLOOD: u32 = 10;
/// … for this many seconds is closed.
const FLOOD_SECONDS: u32 = 10;

type Bucket = RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<Instant>>;

/// The bucket of a program's own events on one socket.
#[derive(Debug)]
pub struct EventRate(Option<Bucket>);

impl EventRate {
    /// A full one.
    pub fn new(limits: &Limits) -> Self {
        let rate = u32::try_from(limits.event_rate).unwrap_or(u32::MAX);
        Self(bucket(rate, rate.saturating_mul(2)))
    }

    /// An event came. `false`: it is dropped.
    pub fn grants(&self) -> bool {
        has_token(self.0.as_ref())
    }
}

/// How many times its rate of connects a connection may ask at once: it may have as many namespaces.
const CONNECTS_AT_ONCE: u32 = 10;
/// The same of a site: as many as there may be clients behind one address that come back together.
const SITE_CONNECTS_AT_ONCE: u32 = 100;

/// The bucket of a connection's requests for namespaces.
#[derive(Debug)]
pub struct ConnectRate {
    bucket: Option<Bucket>,
    rate: u32,
    /// A std mutex: taken only by a connection that is over its rate.
    flood: Mutex<Flood>,
}

impl ConnectRate {
    /// A full one.
    pub fn new(limits: &Limits) -> Self {
        let rate = u32::try_from(limits.connects).unwrap_or(u32::MAX);
        Self {
            bucket: bucket(rate, rate.saturating_mul(CONNECTS_AT_ONCE)),
            rate,
            flood: Mutex::new(Flood { second: Instant::now(), refused: 0, seconds: 0 }),
        }
    }

    /// A request for a namespace came.
    pub fn take(&self) -> Allowance {
        if has_token(self.bucket.as_ref()) {
            return Allowance::Granted;
        }
        if lock(&self.flood).count(self.rate, Instant::now()) {
            return Allowance::Flood;
        }
        let message = format!("Too many connects (limits.connects: {} per second)", self.rate);
        Allowance::Refused { refusal: Refusal::new(Code::RateLimited, message), silent: false }
    }
}

/// The buckets of all sites' connects.
#[derive(Debug)]
pub struct SiteConnects(Option<RateLimiter<Site, HashMapStateStore<Site>, MonotonicClock>>);

impl SiteConnects {
    /// Full ones.
    pub fn new(limits: &Limits) -> Self {
        let rate = u32::try_from(limits.connects_per_address).unwrap_or(u32::MAX);
        let quota = quota(rate, rate.saturating_mul(SITE_CONNECTS_AT_ONCE));
        Self(quota.map(|quota| RateLimiter::hashmap_with_clock(quota, MonotonicClock)))
    }

    /// Somebody at this address connects. `false`: too many do.
    pub fn take(&self, address: IpAddr) -> bool {
        self.0.as_ref().is_none_or(|buckets| buckets.check_key(&Site::of(address)).is_ok())
    }

    /// Forgets the sites whose bucket is full again. Runs every so often.
    pub fn sweep(&self) {
        if let Some(buckets) = &self.0
            && !buckets.is_empty()
        {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
    }
}

/// The buckets of one connection.
#[derive(Debug)]
pub struct Rates {
    commands: Option<Bucket>,
    history: Option<Bucket>,
    rooms: Option<Bucket>,
    events: EventRate,
    errors: Option<Bucket>,
    rate: u32,
    /// A std mutex: taken only by a connection that is over its rate.
    flood: Mutex<Flood>,
}

/// What becomes of a command.
#[derive(Debug)]
pub enum Allowance {
    /// It is handled.
    Granted,
    /// It is refused. `silent`: without an acknowledgement to answer, nothing is said of it.
    Refused {
        /// What its sender is told.
        refusal: Refusal,
        /// Whether enough such errors were sent this second.
        silent: bool,
    },
    /// The connection has been far over its rate for long: it is closed.
    Flood,
}

#[derive(Debug)]
struct Flood {
    second: Instant,
    refused: u32,
    seconds: u32,
}

impl Rates {
    /// Full buckets.
    pub fn new(limits: &Limits) -> Self {
        let count = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        Self {
            commands: bucket(count(limits.rate), count(limits.burst)),
            history: bucket(count(limits.history_rate), count(limits.history_rate).saturating_mul(2)),
            rooms: bucket(count(limits.room_rate), count(limits.room_rate).saturating_mul(2)),
            events: EventRate::new(limits),
            errors: bucket(ERRORS_PER_SECOND, ERRORS_PER_SECOND),
            rate: count(limits.rate),
            flood: Mutex::new(Flood { second: Instant::now(), refused: 0, seconds: 0 }),
        }
    }

    /// A command of the protocol came.
    pub fn command(&self, name: &str) -> Allowance {
        if !has_token(self.commands.as_ref()) {
            if lock(&self.flood).count(self.rate, Instant::now()) {
                return Allowance::Flood;
            }
            return self.refuse(format!("Too many requests (limits.rate: {} per second)", self.rate));
        }
        if name == "dialogue:getHistory" && !has_token(self.history.as_ref()) {
            return self.refuse("Too many requests for history (limits.historyRate)".to_owned());
        }
        Allowance::Granted
    }

    /// A room is about to be made or deleted for its client, which is told to everybody.
    ///
    /// # Errors
    /// `RATE_LIMITED`.
    pub fn room(&self) -> Result<(), Refusal> {
        if has_token(self.rooms.as_ref()) {
            return Ok(());
        }
        Err(Refusal::new(Code::RateLimited, "Too many rooms made or deleted (limits.roomRate)"))
    }

    /// An event of the program's own came. `false`: it is dropped.
    pub fn event(&self) -> bool {
        self.events.grants()
    }

    fn refuse(&self, message: String) -> Allowance {
        let silent = !has_token(self.errors.as_ref());
        Allowance::Refused { refusal: Refusal::new(Code::RateLimited, message), silent }
    }
}

impl Flood {
    /// Counts a refused command; `true` once it has been too much for too long.
    fn count(&mut self, rate: u32, now: Instant) -> bool {
        let since = now.duration_since(self.second);
        if since >= Duration::from_secs(1) {
            // What was granted counts too: ten times over is nine refused for one granted.
            let over = self.refused >= rate.saturating_mul(FLOOD - 1) && since < Duration::from_secs(2);
            self.seconds = if over { self.seconds + 1 } else { 0 };
            self.refused = 0;
            self.second = now;
        }
        self.refused = self.refused.saturating_add(1);
        self.seconds >= FLOOD_SECONDS
    }
}

/// 0 per second is no limit.
fn quota(per_second: u32, burst: u32) -> Option<Quota> {
    Some(Quota::per_second(NonZeroU32::new(per_second)?).allow_burst(NonZeroU32::new(burst.max(1))?))
}

fn bucket(per_second: u32, burst: u32) -> Option<Bucket> {
    Some(RateLimiter::direct_with_clock(quota(per_second, burst)?, MonotonicClock))
}

fn has_token(bucket: Option<&Bucket>) -> bool {
    bucket.is_none_or(|bucket| bucket.check().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(rate: u64, burst: u64) -> Limits {
        Limits { rate, burst, history_rate: 2, room_rate: 2, ..Limits::default() }
    }

    #[test]
    fn a_burst_is_granted_and_then_the_rate() {
        let rates = Rates::new(&limits(10, 20));
        let granted =
            (0..100).filter(|_| matches!(rates.command("dialogue:join"), Allowance::Granted)).count();
        assert!((20..=21).contains(&granted), "{granted}");
        let Allowance::Refused { refusal, .. } = rates.command("dialogue:join") else {
            panic!("it is over its rate")
        };
        assert_eq!(refusal.code, Code::RateLimited);
        assert!(refusal.message.contains("limits.rate"));
    }

    #[test]
    fn history_and_rooms_have_buckets_of_their_own_and_zero_is_no_limit() {
        let rates = Rates::new(&limits(0, 1));
        let granted = (0..100).filter(|_| rates.room().is_ok()).count();
        assert!((4..=5).contains(&granted), "{granted}");
        let granted =
            (0..100).filter(|_| matches!(rates.command("dialogue:getHistory"), Allowance::Granted)).count();
        assert!((4..=5).contains(&granted), "{granted}");
        assert!((0..1_000).all(|_| matches!(rates.command("dialogue:join"), Allowance::Granted)));
        assert!((0..1_000).all(|_| rates.event()));
    }

    #[test]
    fn connects_come_at_once_and_then_by_the_rate() {
        let rate = ConnectRate::new(&Limits { connects: 3, ..Limits::default() });
        let granted = (0..1_000).filter(|_| matches!(rate.take(), Allowance::Granted)).count();
        assert!((30..=31).contains(&granted), "{granted}");
        let Allowance::Refused { refusal, .. } = rate.take() else { panic!("it is over its rate") };
        assert!(refusal.code == Code::RateLimited && refusal.message.contains("limits.connects"));
        let free = ConnectRate::new(&Limits { connects: 0, ..Limits::default() });
        assert!((0..1_000).all(|_| matches!(free.take(), Allowance::Granted)));
    }

    #[test]
    fn sites_are_counted_apart_and_forgotten_when_they_are_quiet() {
        let sites = SiteConnects::new(&Limits { connects_per_address: 1, ..Limits::default() });
        let of = |address: &str| sites.take(address.parse().unwrap());
        let granted = (0..1_000).filter(|_| of("192.0.2.1")).count();
        assert!((100..=101).contains(&granted), "{granted}");
        assert!(of("192.0.2.2"));
        // A network of IPv6 is one site, however many addresses it has.
        let granted = (0..1_000).filter(|n| of(&format!("2001:db8::{n:x}"))).count();
        assert!((100..=101).contains(&granted), "{granted}");
        let quick = SiteConnects::new(&Limits { connects_per_address: 1_000, ..Limits::default() });
        for n in 0..10_000_u32 {
            assert!(quick.take(std::net::Ipv4Addr::from_bits(n).into()));
        }
        std::thread::sleep(Duration::from_millis(20));
        quick.sweep();
        assert!(quick.0.unwrap().is_empty());
        let off = SiteConnects::new(&Limits { connects_per_address: 0, ..Limits::default() });
        assert!((0..200_000).all(|_| off.take("192.0.2.1".parse().unwrap())));
    }

    #[test]
    fn only_ten_errors_a_second_are_said() {
        let rates = Rates::new(&limits(1, 1));
        let said = (0..100)
            .filter(|_| matches!(rates.command("dialogue:join"), Allowance::Refused { silent: false, .. }))
            .count();
        assert!((10..=11).contains(&said), "{said}");
    }

    #[test]
    fn ten_times_over_for_ten_seconds_is_a_flood_and_a_quiet_second_forgives() {
        let start = Instant::now();
        let second = |n: u64| start + Duration::from_millis(1_000 * n);
        let flood = |seconds: &[u64]| {
            let mut flood = Flood { second: start, refused: 0, seconds: 0 };
            seconds.iter().any(|n| (0..900).any(|_| flood.count(100, second(*n))))
        };
        assert!(flood(&(0..=10).collect::<Vec<_>>()));
        assert!(!flood(&(0..=9).collect::<Vec<_>>()));
        assert!(!flood(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14]));
    }
}
