//! The state of an engine that asks for tokens.

use std::{
    fmt,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{
    Claims, JwtConfig, TokenError,
    deadlines::Deadlines,
    fetching::{Busy, Fetching, Wait, Waiting},
    keys::{BadKey, Keys},
    verify::{Policy, verify},
};
use crate::engine::{
    clock::unix_millis,
    ids::Id,
    lock::{lock, read, write},
};

/// The wall clock: Unix seconds.
pub type Clock = Arc<dyn Fn() -> f64 + Send + Sync>;

/// The wall clock of the system.
pub fn system_clock() -> Clock {
    Arc::new(|| unix_millis() as f64 / 1_000.0)
}

/// A token's time on the monotonic clock is at most this. Adding what a token asks for could overflow.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);
/// The watch looks at least this often: a timer of more than two years is none.
const LOOK: Duration = Duration::from_secs(3_600);
/// Clients that are ended before others have their turn.
const TURN: usize = 64;

/// A token that was accepted, and governs a connection.
#[derive(Debug)]
pub struct Token {
    /// The user.
    pub sub: Arc<str>,
    /// When its time is over, in Unix seconds.
    pub exp: f64,
    /// The same on the monotonic clock, with leeway.
    pub deadline: Instant,
    /// All claims, a JSON object.
    pub claims: Arc<str>,
    /// How many governed the connection before it.
    pub renewals: u32,
}

impl Token {
    /// Whether its time is over.
    pub fn is_over(&self) -> bool {
        self.deadline <= Instant::now()
    }

    /// `exp` as JSON, an integer where it is one.
    pub fn exp_json(&self) -> String {
        // In range: no later than a JavaScript `Date` can be.
        if self.exp.fract() == 0.0 { (self.exp as u64).to_string() } else { self.exp.to_string() }
    }
}

/// What became of a token that was handed in.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// All is said, or will be.
    Nothing,
    /// The host is to fetch keys.
    Keys,
}

/// Verifies tokens, knows the keys, and knows whose time is over.
pub struct Guard {
    policy: Policy,
    required: bool,
    fetched: bool,
    clock: Clock,
    /// Read per token, replaced when keys come.
    keys: RwLock<Arc<Keys>>,
    /// A std mutex: held to put in one token or take all out; never while somebody is told.
    fetching: Mutex<Fetching<Token>>,
    deadlines: Deadlines,
    /// The keys grew too old, others could not be had, and nobody said so yet.
    lost: AtomicBool,
    /// Fired when something is due earlier than before.
    changed: Notify,
}

impl fmt::Debug for Guard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Guard").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Guard {
    /// A guard of these settings. `sub_length`: most bytes of a user id.
    pub fn new(config: &JwtConfig, sub_length: u64, clock: Clock) -> Self {
        Self {
            policy: Policy {
                algorithms: config.algorithms.clone(),
                issuers: config.issuer.clone(),
                audiences: config.audience.clone(),
                leeway: config.leeway,
                sub_length,
            },
            required: config.required,
            fetched: config.fetched,
            clock,
            keys: RwLock::new(Arc::new(config.keys.clone())),
            fetching: Mutex::default(),
            deadlines: Deadlines::default(),
            lost: AtomicBool::new(false),
            changed: Notify::new(),
        }
    }

    /// Whether one without a token is refused.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// Verifies a token with the keys that are there.
    fn verify(&self, token: &str) -> Result<Token, TokenError> {
        let keys = read(&self.keys).clone();
        let wall = (self.clock)();
        let Claims { sub, exp, text } = verify(token, &keys, &self.policy, wall)?;
        // From here on only the monotonic clock counts.
        let left = (exp + self.policy.leeway - wall).clamp(0.0, LONGEST.as_secs_f64());
        let deadline = Instant::now() + Duration::from_secs_f64(left);
        Ok(Token { sub: sub.into(), exp, deadline, claims: text.into(), renewals: 0 })
    }

    /// Judges a token and says so: at once, or when the keys that it names were fetched.
    pub fn judge(
        &self,
        token: String,
        then: impl FnOnce(Result<Token, TokenError>) + Send + 'static,
    ) -> Asked {
        self.forget_old_keys();
        match self.verify(&token) {
            Err(TokenError::UnknownKey) if self.fetched => self.wait(token, then),
            judged => {
                let stale = self.fetched && lock(&self.fetching).is_stale(Instant::now());
                then(judged);
                if stale { self.asks() } else { Asked::Nothing }
            }
        }
    }

    /// Lets go of fetched keys that were not replaced for so long that they may be withdrawn ones.
    fn forget_old_keys(&self) {
        if !self.fetched {
            return;
        }
        let expired = lock(&self.fetching).expire(Instant::now());
        if let Some(failed) = expired {
            *write(&self.keys) = Arc::default();
            self.lost.store(failed, Ordering::Relaxed);
        }
    }

    /// Whether fetched keys grew too old, and others could not be had, since this was last asked.
    pub fn take_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed) && self.lost.swap(false, Ordering::Relaxed)
    }

    /// Has a token wait for keys, if it may.
    fn wait(&self, token: String, then: impl FnOnce(Result<Token, TokenError>) + Send + 'static) -> Asked {
        let mut fetching = lock(&self.fetching);
        // The keys may have come since it was looked at; from here on they cannot without those who wait being told.
        let judged = match self.verify(&token) {
            Err(TokenError::UnknownKey) => match fetching.may_wait(Instant::now()) {
                Wait::Not(Busy::Full) => Err(TokenError::Busy),
                Wait::Not(Busy::Paused) => Err(TokenError::UnknownKey),
                wait @ (Wait::Ask | Wait::Join) => {
                    fetching.wait(Waiting { token, then: Box::new(then) });
                    return if wait == Wait::Ask { self.asks() } else { Asked::Nothing };
                }
            },
            judged => judged,
        };
        drop(fetching);
        then(judged);
        Asked::Nothing
    }

    /// The host is to be asked, and does not have for ever.
    fn asks(&self) -> Asked {
        self.changed.notify_one();
        Asked::Keys
    }

    /// The host fetched a set of keys: it replaces the one before. `None`: it failed to.
    ///
    /// # Errors
    /// [`BadKey`]: the set is not usable, and counts as none.
    pub fn fetched(&self, set: Option<&Value>) -> Result<(), BadKey> {
        let keys = set.map(Keys::public_set).transpose();
        let brought = keys.as_ref().ok().and_then(Option::as_ref).cloned();
        let known = brought.is_some();
        if let Some(keys) = brought {
            *write(&self.keys) = Arc::new(keys);
        }
        let (waiting, first) = lock(&self.fetching).settle(Instant::now(), known);
        let judged: Vec<_> = waiting.into_iter().map(|one| (self.verify(&one.token), one.then)).collect();
        if first && judged.iter().all(|(judged, _)| !matches!(judged, Err(TokenError::UnknownKey))) {
            lock(&self.fetching).reopen();
        }
        for (judged, then) in judged {
            then(judged);
        }
        keys.map(|_| ())
    }

    /// A client is governed by a token from now on.
    pub fn govern(&self, client: Id, token: &Token) {
        if self.deadlines.add(token.deadline, client) {
            self.changed.notify_one();
        }
    }

    /// A token no longer governs a client.
    pub fn release(&self, client: Id, token: &Token) {
        self.deadlines.remove(token.deadline, client);
    }

    /// How many clients are governed by a token.
    pub fn governed(&self) -> usize {
        self.deadlines.len()
    }

    /// Names the clients whose time is over, as it is, and gives up fetches that the host does not end. Runs while the server does.
    pub async fn watch(&self, mut expire: impl FnMut(Id)) {
        loop {
            let now = Instant::now();
            let mut ended = 0;
            while let Some(client) = self.deadlines.take_due(now) {
                expire(client);
                ended += 1;
                if ended % TURN == 0 {
                    tokio::task::yield_now().await;
                }
            }
            let overdue = lock(&self.fetching).due().is_some_and(|due| due <= now);
            if overdue {
                // There is no set that could be bad.
                let _ = self.fetched(None);
            }
            let due = lock(&self.fetching).due();
            let next = self.deadlines.first().into_iter().chain(due).min();
            let next = next.map_or(now + LOOK, |next| next.min(now + LOOK));
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Nobody waits any more: the server stops.
    pub fn give_up(&self) {
        let (waiting, _) = lock(&self.fetching).settle(Instant::now(), false);
        lock(&self.fetching).reopen();
        for one in waiting {
            (one.then)(Err(TokenError::UnknownKey));
        }
    }
}

#[cfg(test)]
mod tests;
