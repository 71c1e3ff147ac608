//! Memory that many rooms and clients held goes back to the system.
//!
//! The allocator of glibc keeps what is freed below anything that is still in use. Without being asked it would keep gigabytes
//! of a million rooms that are long gone.

/// What fewer leave behind, ten megabytes or so, is not worth the walk through all that is free: it is used again.
const WORTH_IT: usize = 4_000;

/// How many there were at most since memory was last given back.
#[derive(Debug, Default)]
pub struct HighWater {
    most: usize,
    /// How many there were when it had fallen, until they grow fewer no more.
    falling: Option<usize>,
}

impl HighWater {
    /// Takes note of how many there were at most since the last time, and are now. `true`: memory is to be given back, since at least half of them are gone, or since
    /// more of them went after that. Rooms that come and go at a steady number never ask for it.
    pub fn has_fallen(&mut self, most: usize, now: usize) -> bool {
        self.most = self.most.max(most);
        let half_gone = self.most >= WORTH_IT && now <= self.most / 2;
        let fewer_yet = self.falling.is_some_and(|before| now < before);
        if half_gone {
            self.most = now;
        }
        self.falling = (half_gone || fewer_yet).then_some(now);
        self.falling.is_some()
    }
}

/// Gives the system back what is free. Takes a fifth of a second for a gigabyte, in which other threads may wait to allocate.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        #[allow(unsafe_code, reason = "the C library's own function, which no crate offers as a safe one")]
        // SAFETY: it takes no pointer, changes nothing that is in use, and may be called by any thread at any time.
        unsafe {
            malloc_trim(0);
        }
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "declares the above")]
unsafe extern "C" {
    fn malloc_trim(pad: usize) -> std::ffi::c_int;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falls_when_half_are_gone_and_not_at_a_steady_number() {
        let mut water = HighWater::default();
        let mut given_back = |most, now| water.has_fallen(most, now);
        assert!(!given_back(0, 0));
        assert!(!given_back(3_999, 3_999) && !given_back(3_999, 0), "too few");
        for now in [9_000, 6_000, 4_501, 9_000, 5_000] {
            assert!(!given_back(9_000, now), "{now}");
        }
        assert!(given_back(5_000, 4_500));
        assert!(given_back(4_500, 4_000), "more of the same fall");
        assert!(!given_back(4_000, 4_000) && !given_back(4_000, 3_000), "that was over");
        assert!(
            given_back(3_000, 2_000) && given_back(2_000, 10) && given_back(10, 0),
            "the last of them too"
        );
        assert!(!given_back(0, 0));
        assert!(given_back(4_000, 0), "however quickly they came and went");
    }
}
