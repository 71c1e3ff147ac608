//! A client's request for a namespace, and the decision.

use std::sync::Arc;

use socketioxide_core::Str;

use super::{connection::Connection, packet, socket::Socket, v2};
use crate::engine::{
    payload::to_json,
    rate_limit::ConnectRate,
    transport::{Frame, Frames, Revision},
};

/// Asks for a namespace. Whoever holds it decides, once; dropped undecided, it refuses.
#[derive(Debug)]
pub struct ConnectRequest {
    connection: Arc<Connection>,
    socket: Arc<Socket>,
    auth: Option<Str>,
    decided: bool,
}

impl ConnectRequest {
    pub(super) fn new(connection: Arc<Connection>, nsp: Str, auth: Option<Str>) -> Self {
        let socket = Socket::new(nsp, connection.session().clone());
        Self { connection, socket, auth, decided: false }
    }

    /// The namespace, with its slash.
    pub fn nsp(&self) -> &str {
        self.socket.nsp()
    }

    /// The socket that it will be; until then it sends nothing.
    pub fn socket(&self) -> &Arc<Socket> {
        &self.socket
    }

    /// The rate of the connection's requests for namespaces; none for its first one.
    pub(in crate::engine) fn rate(&self, full: impl FnOnce() -> ConnectRate) -> Option<&ConnectRate> {
        self.connection.connect_rate(full)
    }

    /// Refuses, and closes the connection.
    pub(in crate::engine) fn close(self) {
        self.socket.close_connection();
    }

    /// The JSON object that the client sent with the request.
    pub fn auth(&self) -> Option<&Str> {
        self.auth.as_ref()
    }

    /// Accepts. `welcome` is what the client receives right behind the acceptance. `None`: the client is gone.
    pub fn accept(mut self, welcome: Frames) -> Option<Arc<Socket>> {
        self.decided = true;
        let nsp = self.socket.nsp();
        let granted = match self.socket.session().revision() {
            Revision::V4 => packet::connect(nsp, self.socket.id().as_str()),
            Revision::V3 => v2::connect(nsp),
        };
        let mut frames: Vec<Frame> = granted.into_vec();
        frames.extend(welcome);
        self.connection.accepted(&self.socket, &frames).then(|| self.socket.clone())
    }

    /// Refuses, with a message and JSON data for the client's `connect_error`.
    pub fn refuse(self, message: &str, data: Option<&str>) {
        self.refuse_with(Some(&to_json(message)), data);
    }

    /// The same in the program's words: JSON texts for `message` and `data`; `None`: it has no such field.
    pub fn refuse_with(mut self, message: Option<&str>, data: Option<&str>) {
        self.decided = true;
        self.connection.refused(self.socket.nsp(), message, data);
    }
}

impl Drop for ConnectRequest {
    fn drop(&mut self) {
        if !self.decided {
            self.connection.refused(self.socket.nsp(), Some(r#""Internal error""#), None);
        }
    }
}
