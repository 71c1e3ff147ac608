//! How many TCP connections one site has that are no WebSockets.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use crate::engine::{lock::lock, site::Site};

/// The connections of all sites, where they are bounded.
#[derive(Debug)]
pub struct PerSite {
    /// Most of one site; 0: no bound, and nothing is counted.
    most: u64,
    /// A std mutex: held to count one up or down.
    sites: Mutex<HashMap<Site, u64>>,
}

/// There are as many as there may be.
#[derive(Debug)]
pub struct Crowded;

/// The place of one connection, until it is dropped.
#[derive(Debug)]
pub struct SitePlace(Option<(Arc<PerSite>, Site)>);

impl PerSite {
    /// None yet.
    pub fn new(most: u64) -> Arc<Self> {
        Arc::new(Self { most, sites: Mutex::default() })
    }

    /// A connection came. `exempt`: it is not counted.
    ///
    /// # Errors
    /// [`Crowded`].
    pub fn take(self: &Arc<Self>, address: IpAddr, exempt: bool) -> Result<SitePlace, Crowded> {
        if self.most == 0 || exempt {
            return Ok(SitePlace(None));
        }
        let site = Site::of(address);
        let mut sites = lock(&self.sites);
        let count = sites.entry(site).or_default();
        if *count >= self.most {
            return Err(Crowded);
        }
        *count += 1;
        Ok(SitePlace(Some((self.clone(), site))))
    }
}

impl Drop for SitePlace {
    fn drop(&mut self) {
        let Some((all, site)) = self.0.take() else { return };
        let mut sites = lock(&all.sites);
        if let Some(count) = sites.get_mut(&site) {
            *count -= 1;
            if *count == 0 {
                sites.remove(&site);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_site_has_its_places_and_leaves_nothing_behind() {
        let all = PerSite::new(2);
        let take = |address: &str| all.take(address.parse().unwrap(), false);
        let (one, two) = (take("2001:db8::1"), take("2001:db8::2"));
        assert!(one.is_ok() && two.is_ok() && take("2001:db8::3").is_err());
        assert!(take("192.0.2.1").is_ok());
        assert!(all.take("2001:db8::3".parse().unwrap(), true).is_ok(), "a proxy stands for many");
        drop(one);
        let again = take("2001:db8::3");
        assert!(again.is_ok());
        drop((two, again));
        assert!(lock(&all.sites).is_empty());
        let free = PerSite::new(0);
        let many: Vec<_> =
            (0..100).map(|_| free.take("192.0.2.1".parse().unwrap(), false).unwrap()).collect();
        assert!(lock(&free.sites).is_empty() && many.len() == 100);
    }
}
