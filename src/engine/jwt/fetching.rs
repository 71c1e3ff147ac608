//! Tokens that wait for keys, and how often the host is asked for them.

use std::time::Duration;

use tokio::time::Instant;

use super::TokenError;

/// Shortest time from asking for keys in vain, or for others than there were, to asking again.
const PAUSE: Duration = Duration::from_secs(60);
/// How long the host may take: its own timeout is five seconds.
const PATIENCE: Duration = Duration::from_secs(7);
/// Age at which keys are asked for again, so that one that its issuer withdrew does not count for ever.
const MAX_AGE: Duration = Duration::from_secs(600);
/// Age at which keys count no longer: one that its issuer withdrew may be among them.
const LONGEST_AGE: Duration = Duration::from_secs(3_600);
/// Most tokens that wait: with the longest token, 16 MB.
const MAX_WAITING: usize = 1_000;

/// A token that waits, and who wants to know.
pub struct Waiting<T> {
    /// The token.
    pub token: String,
    /// Told once.
    pub then: Box<dyn FnOnce(Result<T, TokenError>) + Send>,
}

/// The state of fetching. The first set is fetched when a token asks for it. A set that replaces another, or that brought not
/// what was asked for, is followed by a pause: made-up key names cause one fetch a minute, whoever sends them.
pub struct Fetching<T> {
    /// Since when the host has been asked.
    since: Option<Instant>,
    /// Until when it is not asked.
    closed: Option<Instant>,
    /// When the keys that are there came.
    came: Option<Instant>,
    /// The last time, the host failed to bring any.
    failed: bool,
    waiting: Vec<Waiting<T>>,
}

/// What becomes of a token whose key is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// It waits, and the host is to be asked.
    Ask,
    /// It waits for what the host was asked already.
    Join,
    /// It does not wait.
    Not(Busy),
}

/// Why a token does not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// The host was asked a short time ago.
    Paused,
    /// Too many wait.
    Full,
}

impl<T> Default for Fetching<T> {
    fn default() -> Self {
        Self { since: None, closed: None, came: None, failed: false, waiting: Vec::new() }
    }
}

impl<T> Fetching<T> {
    fn is_paused(&self, now: Instant) -> bool {
        self.closed.is_some_and(|until| now < until)
    }

    /// Whether a token may wait, and what is to be done then.
    pub fn may_wait(&mut self, now: Instant) -> Wait {
        if self.since.is_none() {
            if self.is_paused(now) {
                return Wait::Not(Busy::Paused);
            }
            self.since = Some(now);
            return Wait::Ask;
        }
        if self.waiting.len() >= MAX_WAITING { Wait::Not(Busy::Full) } else { Wait::Join }
    }

    /// Has a token wait.
    pub fn wait(&mut self, waiting: Waiting<T>) {
        self.waiting.push(waiting);
    }

    /// Whether the keys are so old that the host is to be asked for others.
    pub fn is_stale(&mut self, now: Instant) -> bool {
        let stale = self.since.is_none()
            && !self.is_paused(now)
            && self.came.is_some_and(|came| now >= came + MAX_AGE);
        if stale {
            self.since = Some(now);
        }
        stale
    }

    /// Whether the keys are so old that they count no longer. Some once, since from then on there are none: whether the host failed to
    /// bring others. If nobody came for so long, it was not asked.
    pub fn expire(&mut self, now: Instant) -> Option<bool> {
        self.came.take_if(|came| now >= *came + LONGEST_AGE).map(|_| self.failed)
    }

    /// The host answered, or failed to. Returns the tokens that waited, and whether these are the first keys.
    pub fn settle(&mut self, now: Instant, brought: bool) -> (Vec<Waiting<T>>, bool) {
        let first = brought && self.came.is_none();
        self.failed = !brought;
        if brought {
            self.came = Some(now);
        }
        self.since = None;
        self.closed = Some(now + PAUSE);
        (std::mem::take(&mut self.waiting), first)
    }

    /// The first keys were what was asked for: the next unknown one may be asked for at once.
    pub fn reopen(&mut self) {
        self.closed = None;
    }

    /// When the host's time is up.
    pub fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + PATIENCE)
    }
}
