//! A program's own Socket.IO: namespaces, rooms in a key space of their own, events to listeners.
//!
//! It knows nothing of Dialogue's rooms. `docs/design/io.md` says who owns what.

mod call;
mod connect;
mod flow;
mod namespace;
mod operation;
mod registry;
mod selector;
mod state;
mod unheard;

pub(in crate::engine) use self::unheard::part;
pub use self::{
    call::{IoCall, RoomChange, RoomEvent},
    connect::{connect, describe, ended, refuse},
    flow::{Flow, answered, event},
    namespace::Namespace,
    operation::{Applied, Operation, apply, emit_to},
    registry::Namespaces,
    selector::Selector,
    unheard::{hear, turned},
};
