//! A line of the log that comes once a minute at most, however often there is a reason for it.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use super::lock::lock;

/// From one to the next.
const PAUSE: Duration = Duration::from_secs(60);

/// When it was last said.
#[derive(Debug, Default)]
pub struct Occasional {
    /// A std mutex: held to count.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    said: Option<Instant>,
    unsaid: u64,
}

impl Occasional {
    /// There is a reason. `Some`: it is to be said, and so many were not since the last time.
    pub fn say(&self) -> Option<u64> {
        self.say_at(Instant::now())
    }

    fn say_at(&self, now: Instant) -> Option<u64> {
        let mut state = lock(&self.state);
        if state.said.is_some_and(|said| now.saturating_duration_since(said) < PAUSE) {
            state.unsaid += 1;
            return None;
        }
        state.said = Some(now);
        Some(std::mem::take(&mut state.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_a_minute_and_how_many_were_not_said() {
        let line = Occasional::default();
        let start = Instant::now();
        assert_eq!(line.say_at(start), Some(0));
        assert_eq!(line.say_at(start + PAUSE / 2), None);
        assert_eq!(line.say_at(start + PAUSE / 2), None);
        assert_eq!(line.say_at(start + PAUSE), Some(2));
        assert_eq!(line.say_at(start + PAUSE * 2), Some(0));
    }
}
