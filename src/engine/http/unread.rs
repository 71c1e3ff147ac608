//! What is not read yet of a request's body.

use std::{
    error::Error,
    future::{Future, poll_fn},
    io,
    pin::Pin,
    task::Poll,
    time::Duration,
};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{sleep, timeout};

/// Bytes of a request's body that are handed over at once.
const PIECE: usize = 128 * 1024;
/// So many times what a body may have is read of one that nobody wants, and at least so many bytes.
const DRAINED: (u64, u64) = (4, 1024 * 1024);
/// How long a body that was read so far is held before its connection is closed: its client, which can send no more, may read the answer.
const HELD: Duration = Duration::from_secs(1);
/// How long what is under way may take to arrive: a body in a packet of its own.
const UNDER_WAY: Duration = Duration::from_millis(10);

/// A request's body, as far as it is not read.
#[derive(Debug)]
pub(super) struct Unread {
    /// What was read already, and not handed over.
    ahead: BytesMut,
    body: Body,
    /// Bytes that it may still have.
    allowed: u64,
    /// It had more.
    exceeded: bool,
    /// The client sends nothing of it before it is asked for.
    is_awaited: bool,
}

impl Unread {
    /// `allowed`: bytes that it may have.
    pub fn new(headers: &HeaderMap, body: Incoming, allowed: u64) -> Self {
        let is_awaited = headers
            .get(header::EXPECT)
            .is_some_and(|expected| expected.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        Self { ahead: BytesMut::new(), body: Body::new(body), allowed, exceeded: false, is_awaited }
    }

    /// Reads what is there already, or will be in a moment. `Some`: that is all of it.
    ///
    /// # Errors
    /// The status to answer with.
    pub async fn read_ahead(&mut self) -> Result<Option<Bytes>, StatusCode> {
        if self.is_awaited {
            return Ok(None);
        }
        let Self { ahead, body, .. } = self;
        let read = async {
            while let Some(frame) = body.frame().await {
                if let Ok(bytes) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() {
                    ahead.extend_from_slice(&bytes);
                }
            }
            Ok(())
        };
        match timeout(UNDER_WAY, read).await {
            Ok(Ok(())) => Ok(Some(std::mem::take(ahead).freeze())),
            Ok(Err(status)) => Err(status),
            Err(_) => Ok(None),
        }
    }

    /// Whether it had more bytes than it may have.
    pub fn exceeded(&self) -> bool {
        self.exceeded
    }

    /// Whether reading on leads to its end. A client that was not asked for it sends its next request in its place.
    pub fn can_drain(&self) -> bool {
        !self.is_awaited
    }

    /// Reads what nobody wants, while it moves (`patience`) and for no longer than `whole`. `allowed`: bytes that a body may have.
    /// The body is dropped at the end, which closes its connection if there is more of it.
    pub async fn drain(mut self, patience: Duration, whole: Duration, allowed: u64) {
        let mut left = allowed.saturating_mul(DRAINED.0).max(DRAINED.1);
        let drained = async {
            while let Ok(Some(Ok(frame))) = timeout(patience, self.body.frame()).await {
                let bytes = frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
                match left.checked_sub(bytes) {
                    Some(less) => left = less,
                    None => return sleep(HELD).await,
                }
            }
        };
        tokio::select! {
            () = drained => {}
            () = sleep(whole) => {}
        }
    }

    /// The next bytes; what else is there already comes with them. `None`: there are no more.
    pub async fn piece(&mut self) -> io::Result<Option<Bytes>> {
        self.is_awaited = false;
        let mut piece = std::mem::take(&mut self.ahead);
        self.allowed = self.allowed.saturating_sub(piece.len() as u64);
        loop {
            let frame = if piece.is_empty() {
                self.body.frame().await
            } else {
                // Only what is there.
                match poll_fn(|context| {
                    Poll::Ready(match Pin::new(&mut self.body.frame()).poll(context) {
                        Poll::Ready(frame) => Some(frame),
                        Poll::Pending => None,
                    })
                })
                .await
                {
                    Some(frame) => frame,
                    None => return Ok(Some(piece.freeze())),
                }
            };
            let Some(frame) = frame else {
                return Ok((!piece.is_empty()).then(|| piece.freeze()));
            };
            let Ok(bytes) = frame.map_err(io::Error::other)?.into_data() else { continue };
            match self.allowed.checked_sub(bytes.len() as u64) {
                Some(allowed) => self.allowed = allowed,
                None => {
                    self.exceeded = true;
                    return Err(io::Error::other("the body is too large"));
                }
            }
            if piece.is_empty() && bytes.len() >= PIECE / 4 {
                return Ok(Some(bytes));
            }
            piece.extend_from_slice(&bytes);
            if piece.len() >= PIECE {
                return Ok(Some(piece.freeze()));
            }
        }
    }
}

/// Whether a body broke off since it is written in no way that HTTP has, such as a chunk without a length. hyper's own error says so by that of
/// its source.
pub(super) fn is_malformed(error: &io::Error) -> bool {
    let mut source: Option<&(dyn Error + 'static)> = error.get_ref().map(|inner| inner as _);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>()
            && matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
        {
            return true;
        }
        source = error.source();
    }
    false
}
