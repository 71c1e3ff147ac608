//! The one port: accepts connections, speaks HTTP/1.1, hands the Socket.IO path to the transport and everything else to the
//! host.

mod accept;
mod address;
mod cors;
mod fallback;
mod router;

pub use self::{
    accept::{bind, serve},
    router::{Front, router},
};
