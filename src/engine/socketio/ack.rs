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
    waiting: HashMap<i64, Waiting>,
}

/// Who waits for an answer.
#[derive(Debug)]
enum Waiting {
    /// A task of the engine's.
    Task(oneshot::Sender<Answer>),
    /// Whoever stands on the Socket.IO layer.
    Handler,
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
        self.socket.forget_answer(self.id);
    }
}

impl Socket {
    /// Sends an event and asks for an answer; `args` is the JSON array with the name first.
    pub fn emit_with_ack(self: &Arc<Self>, args: impl Into<Str>, attachments: &[Bytes]) -> PendingAck {
        let (sender, answer) = oneshot::channel();
        let id = {
            let mut acks = lock(&self.acks);
            let acks = acks.get_or_insert_default();
            while acks.waiting.contains_key(&acks.next) {
                acks.next += 1;
            }
            let id = acks.next;
            acks.next += 1;
            acks.waiting.insert(id, Waiting::Task(sender));
            id
        };
        if !self.send(&packet::event(self.nsp(), args, attachments, Some(id))) {
            // Dropping the sender is how a waiter learns that the socket is over.
            self.forget_answer(id);
        }
        PendingAck { socket: self.clone(), id, answer }
    }

    /// The handler is told of the answer under this number.
    pub fn expect_answer(&self, id: i64) {
        lock(&self.acks).get_or_insert_default().waiting.insert(id, Waiting::Handler);
    }

    /// Nobody waits for the answer under this number any more.
    pub fn forget_answer(&self, id: i64) {
        if let Some(acks) = &mut *lock(&self.acks) {
            acks.waiting.remove(&id);
        }
    }

    /// How many answers it owes.
    pub fn owed_answers(&self) -> usize {
        lock(&self.acks).as_ref().map_or(0, |acks| acks.waiting.len())
    }

    /// A client answered. An id that was never issued, or was answered before, is nothing. What the handler waits for comes back.
    pub(super) fn answered(&self, id: i64, answer: Answer) -> Option<Answer> {
        match lock(&self.acks).as_mut()?.waiting.remove(&id)? {
            Waiting::Task(waiting) => {
                let _ = waiting.send(answer);
                None
            }
            Waiting::Handler => Some(answer),
        }
    }

    /// The socket is over: nobody waits on.
    pub(super) fn drop_acks(&self) {
        *lock(&self.acks) = None;
    }
}
