//! Bodies on their way through: streamed, with the pressure of whoever does not read.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    Error,
    body::{Body, HttpBody},
};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};

/// The body of a client's request.
pub struct Sent {
    body: Body,
    /// Set while it has not been asked for. Reading it is what asks the client.
    wanted: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl Sent {
    /// The request with its body to be streamed. Where the client waits to be asked for that (`Expect: 100-continue`), the token says
    /// whether it was.
    pub fn of(mut request: Request<Body>) -> (Request<Self>, Option<CancellationToken>) {
        let waits = request
            .headers()
            .get(header::EXPECT)
            .is_some_and(|expected| expected.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        let asked = waits.then(CancellationToken::new);
        if let Some(asked) = asked.clone() {
            hyper::ext::on_informational(&mut request, move |answer| {
                if answer.status() == StatusCode::CONTINUE {
                    asked.cancel();
                }
            });
        }
        let wanted = asked.clone().map(|asked| Box::pin(asked.cancelled_owned()));
        (request.map(|body| Self { body, wanted }), asked)
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(wanted) = &mut self.wanted {
            ready!(wanted.as_mut().poll(context));
            self.wanted = None;
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of the answer. Its length is for the answer's own headers to tell: the router would make one up from an exact size,
/// for HEAD and 304 too.
pub struct Received {
    body: Incoming,
    /// Ends the connection that it came on when it has been passed on.
    _last: Option<DropGuard>,
}

impl Received {
    /// A body; with `last`, what is to be told when it has been passed on.
    pub fn new(body: Incoming, last: Option<CancellationToken>) -> Self {
        Self { body, _last: last.map(CancellationToken::drop_guard) }
    }
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
