//! A client's request for a namespace, and the decision.

use std::sync::Arc;

use socketioxide_core::Str;

use super::{connection::Connection, packet, socket::Socket};
use crate::engine::transport::{Frame, Frames, Head};

/// Asks for a namespace. Whoever holds it decides, once; dropped undecided, it refuses.
#[derive(Debug)]
pub struct ConnectRequest {
    connection: Arc<Connection>,
    nsp: Str,
    auth: Option<Str>,
    decided: bool,
}

impl ConnectRequest {
    pub(super) fn new(connection: Arc<Connection>, nsp: Str, auth: Option<Str>) -> Self {
        Self { connection, nsp, auth, decided: false }
    }

    /// The namespace, with its slash.
    pub fn nsp(&self) -> &str {
        &self.nsp
    }

    /// The JSON object that the client sent with the request.
    pub fn auth(&self) -> Option<&Str> {
        self.auth.as_ref()
    }

    /// The request that opened the connection.
    pub fn head(&self) -> &Head {
        self.connection.session().head()
    }

    /// Accepts. `welcome` makes what the client receives right behind the acceptance. `None`: the client is gone.
    pub fn accept(mut self, welcome: impl FnOnce(&Arc<Socket>) -> Frames) -> Option<Arc<Socket>> {
        self.decided = true;
        let socket = Socket::new(self.nsp.clone(), self.connection.session().clone());
        let mut frames: Vec<Frame> = packet::connect(&self.nsp, socket.id().as_str()).into_vec();
        frames.extend(welcome(&socket));
        self.connection.accepted(&socket, &frames).then_some(socket)
    }

    /// Refuses, with a message and JSON data for the client's `connect_error`.
    pub fn refuse(mut self, message: &str, data: Option<&str>) {
        self.decided = true;
        self.connection.refused(&self.nsp, message, data);
    }
}

impl Drop for ConnectRequest {
    fn drop(&mut self) {
        if !self.decided {
            self.connection.refused(&self.nsp, "Internal error", None);
        }
    }
}
