//! A request's answer while it is waited for.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;

use super::{app_response::AppBody, behind::HungUp, exchange::Waiting};

/// Whatever else a request may take.
type Other = Pin<Box<dyn Future<Output = Result<Response<AppBody>, HungUp>> + Send>>;

/// An answer that will be there. hyper copies this once for each request: what most of them need is kept small, all else is boxed.
pub(super) enum Answering {
    /// The app's. Nothing of the request is kept meanwhile.
    App(Waiting),
    /// Any other.
    Other(Other),
}

impl Answering {
    /// What a future gives.
    pub fn other(answer: impl Future<Output = Response<AppBody>> + Send + 'static) -> Self {
        Self::Other(Box::pin(async { Ok(answer.await) }))
    }

    /// One that is there.
    pub fn ready(response: Response<AppBody>) -> Self {
        Self::other(std::future::ready(response))
    }
}

impl Future for Answering {
    /// A failure closes the connection without a word.
    type Output = Result<Response<AppBody>, HungUp>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::App(waiting) => Pin::new(waiting).poll(context).map(Ok),
            Self::Other(other) => other.as_mut().poll(context),
        }
    }
}
