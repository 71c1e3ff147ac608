//! Acknowledgements that the server asked for.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use socketioxide_core::Str;
use tokio::{sync::oneshot, time::timeout};

use super::{packet, socket::Socket};
use crate::engine::lock::lock;

/// What a client answered: a JSON array and its attachments.
pub type Answer = (Str, Vec<Bytes>);

/// The answers that one socket owes.
#[derive(Debug, Default)]
pub struct Acks {
    next: i64,
    waiting: HashMap<i64, oneshot::Sender<Answer>>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AckError {
    /// None came in time.
    #[error("operation has timed out")]
    Timeout,
    /// The socket is over.
    #[error("socket has been disconnected")]
    Disconnected,
}

/// An answer that is waited for. Dropped, it is waited for no longer.
#[derive(Debug)]
pub struct PendingAck {
    socket: Arc<Socket>,
    id: i64,
    answer: oneshot::Receiver<Answer>,
}

impl PendingAck {
    /// Waits for the answer.
    ///
    /// # Errors
    /// [`AckError`].
    pub async fn wait(mut self, patience: Duration) -> Result<Answer, AckError> {
        match timeout(patience, &mut self.answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(AckError::Disconnected),
            Err(_) => Err(AckError::Timeout),
        }
    }
}

impl Drop for PendingAck {
    fn drop(&mut self) {
        lock(&self.socket.acks).waiting.remove(&self.id);
    }
}

impl Socket {
    /// Sends an event and asks for an answer; `args` is the JSON array with the name first.
    pub fn emit_with_ack(self: &Arc<Self>, args: impl Into<Str>, attachments: &[Bytes]) -> PendingAck {
        let (sender, answer) = oneshot::channel();
        let id = {
            let mut acks = lock(&self.acks);
            let id = acks.next;
            acks.next += 1;
            acks.waiting.insert(id, sender);
            id
        };
        if !self.send(&packet::event(self.nsp(), args, attachments, Some(id))) {
            // Dropping the sender is how a waiter learns that the socket is over.
            lock(&self.acks).waiting.remove(&id);
        }
        PendingAck { socket: self.clone(), id, answer }
    }

    /// A client answered. An id that was never issued, or was answered before, is nothing.
    pub(super) fn answered(&self, id: i64, answer: Answer) {
        if let Some(waiting) = lock(&self.acks).waiting.remove(&id) {
            let _ = waiting.send(answer);
        }
    }

    /// The socket is over: nobody waits on.
    pub(super) fn drop_acks(&self) {
        lock(&self.acks).waiting = HashMap::new();
    }
}
