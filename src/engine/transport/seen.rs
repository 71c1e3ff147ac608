//! How many connections there are, as the host has been told of them.
//!
//! A connection is there from its handshake to its end, and not for as long as its last words wait to be fetched. The sockets on it may be
//! such that the host is told of them: then it counts from when the host shows the first of them, until it has told of the end of one.

use std::sync::atomic::{AtomicIsize, Ordering};

/// What of a session the host has been told. Guarded by a lock of the session's own.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::engine) struct Seen {
    /// Sockets on it that count.
    pub shown: u16,
    /// Sockets on it that do not count yet, or not any more.
    pub hidden: u16,
    /// It is over.
    over: bool,
    /// It is among the sessions no more.
    forgotten: bool,
    /// The end of one of its sockets was told since it was over.
    told: bool,
}

impl Seen {
    /// The session is over.
    pub(super) fn close(&mut self) {
        self.over = true;
    }

    /// The session is let go of.
    pub(super) fn forget(&mut self) {
        self.over = true;
        self.forgotten = true;
    }

    /// A socket on it counts from now on.
    pub fn show(&mut self) {
        self.hidden = self.hidden.saturating_sub(1);
        self.shown = self.shown.saturating_add(1);
    }

    /// A socket on it does not count from now on.
    pub fn hide(&mut self) {
        self.shown = self.shown.saturating_sub(1);
        self.hidden = self.hidden.saturating_add(1);
        self.told |= self.over;
    }

    /// What it adds to the number of sessions that are kept: 1 where it counts and is not kept, -1 where it is kept and does not count.
    fn extra(self) -> isize {
        let counts = match self {
            Self { over: true, told, shown, .. } => shown > 0 && !told,
            Self { over: false, shown, hidden, .. } => shown > 0 || hidden == 0,
        };
        isize::from(counts) - isize::from(!self.forgotten)
    }

    /// Changes it, and the sum of what all sessions add.
    pub(super) fn change(&mut self, sum: &AtomicIsize, change: impl FnOnce(&mut Self)) {
        let before = self.extra();
        change(self);
        let difference = self.extra() - before;
        if difference != 0 {
            sum.fetch_add(difference, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_counts_from_its_first_socket_that_is_shown_to_the_first_end_that_is_told() {
        let (mut seen, sum) = (Seen::default(), AtomicIsize::new(0));
        let mut step = |change: &mut dyn FnMut(&mut Seen)| {
            seen.change(&sum, change);
            sum.load(Ordering::SeqCst)
        };
        assert_eq!(step(&mut |seen| seen.hidden += 1), -1, "a socket has come, and was not told of");
        assert_eq!(step(&mut Seen::show), 0);
        assert_eq!(step(&mut |seen| seen.hidden += 1), 0, "one that is beside another");
        assert_eq!(step(&mut Seen::show), 0);
        assert_eq!(step(&mut Seen::forget), 1, "it is over, and nobody was told");
        assert_eq!(step(&mut Seen::hide), 0, "one was told");
        assert_eq!(step(&mut Seen::hide), 0);
    }

    #[test]
    fn a_session_whose_last_words_wait_does_not_count() {
        let (mut seen, sum) = (Seen::default(), AtomicIsize::new(0));
        let mut step = |change: &mut dyn FnMut(&mut Seen)| {
            seen.change(&sum, change);
            sum.load(Ordering::SeqCst)
        };
        step(&mut |seen| seen.hidden += 1);
        assert_eq!(step(&mut Seen::show), 0);
        assert_eq!(step(&mut Seen::close), 0, "nobody was told");
        assert_eq!(step(&mut Seen::hide), -1, "it is kept, and does not count");
        assert_eq!(step(&mut Seen::forget), 0);
    }
}
