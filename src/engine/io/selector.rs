//! Which sockets of a namespace are meant.

use std::{collections::HashSet, sync::Arc};

use serde::Deserialize;

use super::state::{Member, State};
use crate::engine::ids::Id;

/// Sockets by their rooms. A socket is in the room of its own id until it leaves it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Selector {
    /// The one with this id, and no others: also while it does not count.
    pub only: Option<String>,
    /// Those in any of these; none: all.
    pub rooms: Vec<Arc<str>>,
    /// But those in any of these.
    pub except: Vec<Arc<str>>,
}

impl Selector {
    /// Calls `visit` for each socket that is meant, once.
    pub(super) fn each<'a>(&self, state: &'a State, mut visit: impl FnMut(&'a Member)) {
        if let Some(id) = &self.only {
            state.find(id).into_iter().for_each(visit);
            return;
        }
        let but: HashSet<Id> = self.except.iter().flat_map(|room| state.in_room(room)).collect();
        let mut visit = |member: &'a Member| {
            if but.is_empty() || !but.contains(&member.id()) {
                visit(member);
            }
        };
        match self.rooms.as_slice() {
            [] => state.all_shown().for_each(visit),
            [room] => state.in_room(room).filter_map(|id| state.get(&id)).for_each(visit),
            rooms => {
                let mut seen = HashSet::new();
                for id in rooms.iter().flat_map(|room| state.in_room(room)) {
                    if seen.insert(id)
                        && let Some(member) = state.get(&id)
                    {
                        visit(member);
                    }
                }
            }
        }
    }
}
