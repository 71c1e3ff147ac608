//! The one port: accepts connections, speaks HTTP/1.1, hands the Socket.IO path to the transport and everything else to the
//! host, or to the server behind this one.

mod accept;
mod address;
mod answering;
mod app_cors;
mod app_response;
mod behind;
mod cors;
mod exchange;
mod fallback;
mod greeting;
mod head_clock;
mod local;
mod per_site;
mod places;
mod relayed;
mod request_head;
mod router;
mod socket_cors;
mod socket_path;
mod unread;

pub use self::{
    accept::{Door, bind},
    app_response::AppResponse,
    behind::Behind,
    exchange::{Exchange, Exchanges, Taken},
    router::{Front, Routes},
};
