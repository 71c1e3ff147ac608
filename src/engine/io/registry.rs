//! The namespaces that there are.

use std::{
    collections::HashMap,
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use socketioxide_core::Str;

use super::namespace::Namespace;
use crate::engine::lock::{read, write};

/// The key of `/`.
const MAIN: u32 = 0;

/// Namespaces by name and by key. `/` is always there.
#[derive(Debug)]
pub struct Namespaces {
    main: Arc<Namespace>,
    /// Read per connect and event of other namespaces, written when one is made or dropped.
    others: RwLock<Others>,
    next: AtomicU32,
    /// The host may know names that are not here.
    open_ended: AtomicBool,
}

#[derive(Debug, Default)]
struct Others {
    by_name: HashMap<Str, Arc<Namespace>>,
    by_key: HashMap<u32, Arc<Namespace>>,
}

impl Default for Namespaces {
    fn default() -> Self {
        Self {
            main: Namespace::new("/".into(), MAIN),
            others: RwLock::default(),
            next: AtomicU32::new(MAIN + 1),
            open_ended: AtomicBool::new(false),
        }
    }
}

impl Namespaces {
    /// `/`.
    pub fn main(&self) -> &Arc<Namespace> {
        &self.main
    }

    /// The namespace of a name.
    pub fn named(&self, name: &str) -> Option<Arc<Namespace>> {
        if name == "/" { Some(self.main.clone()) } else { read(&self.others).by_name.get(name).cloned() }
    }

    /// The namespace with a key.
    pub fn get(&self, key: u32) -> Option<Arc<Namespace>> {
        if key == MAIN { Some(self.main.clone()) } else { read(&self.others).by_key.get(&key).cloned() }
    }

    /// The namespace of a name, made if need be.
    pub fn make(&self, name: &str) -> Arc<Namespace> {
        if let Some(known) = self.named(name) {
            return known;
        }
        let mut others = write(&self.others);
        let name: Str = name.to_owned().into();
        if let Some(known) = others.by_name.get(&name) {
            return known.clone();
        }
        let made = Namespace::new(name.clone(), self.next.fetch_add(1, Ordering::Relaxed));
        others.by_name.insert(name, made.clone());
        others.by_key.insert(made.key(), made.clone());
        made
    }

    /// Forgets a namespace. Sockets that are in it stay until they go.
    pub fn drop_named(&self, name: &str) {
        let mut others = write(&self.others);
        if let Some(dropped) = others.by_name.remove(name) {
            others.by_key.remove(&dropped.key());
        }
    }

    /// Says whether the host may know names that are not here.
    pub fn set_open_ended(&self, open_ended: bool) {
        self.open_ended.store(open_ended, Ordering::Release);
    }

    pub(super) fn is_open_ended(&self) -> bool {
        self.open_ended.load(Ordering::Acquire)
    }
}
