//! One request that the host's app works on: what is still to be read of it, what is still to be sent.

use std::{
    collections::{HashMap, VecDeque},
    io,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use axum::body::Body;
use bytes::Bytes;
use http::{Response, StatusCode};
use hyper::body::Frame;
use tokio::time::timeout;

use super::{
    app_response::{AppBody, AppResponse, read_answers},
    unread::{Unread, is_malformed},
};
use crate::engine::{
    config::ms,
    core::Core,
    host::{Call, HttpCall, Level},
    limits::Limits,
    lock::lock,
    shutdown::Tasks,
    way_out::{Outgoing, WayOut},
};

/// Bytes of a response that may wait for the peer before the host is told to wait.
const MAX_WAITING: usize = 64 * 1024;

/// The requests that the host's app works on, by number.
#[derive(Debug, Default)]
pub struct Exchanges {
    next: AtomicU64,
    /// A std mutex: held to put in, find or take out one.
    open: Mutex<HashMap<u64, Arc<Exchange>>>,
    /// Those of the server that they belong to, while it runs. A std mutex: held to read or replace it.
    tasks: Mutex<Option<Tasks>>,
}

/// One of them.
#[derive(Debug)]
pub struct Exchange {
    id: u64,
    /// Where the response goes.
    way: Arc<WayOut>,
    opened: Instant,
    /// A std mutex: held to put in or take out one thing.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    head: Head,
    /// What is not read yet of the request. `None`: everything is, or one piece is being read.
    unread: Option<Unread>,
    /// The host wants no more of it.
    discarded: bool,
    outgoing: Streamed,
}

/// The head of the response, or the whole of it.
#[derive(Debug)]
enum Head {
    /// Not there yet; whoever answers the request may wait for it.
    Awaited(Option<Waker>),
    Given(AppResponse),
    /// It was taken, or nobody waits any more.
    Over,
    /// It will not come.
    Overdue,
}

#[derive(Debug, Default)]
struct Streamed {
    pieces: VecDeque<Bytes>,
    bytes: usize,
    /// The host was told to wait.
    waits: bool,
    end: Option<End>,
    reader: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The response is complete.
    Complete,
    /// It will not be: the peer is to see that.
    Broken,
    /// The peer is gone, or has everything.
    Gone,
}

/// What the host should do after a piece of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Go on.
    More,
    /// Wait until it is told that the peer took some.
    Wait,
    /// Stop: nobody is there.
    Gone,
}

impl Exchanges {
    /// Opens one. `way`: where its response goes.
    pub(super) fn open(&self, way: Arc<WayOut>, unread: Option<Unread>) -> Arc<Exchange> {
        let id = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        way.awaits(true);
        let exchange = Arc::new(Exchange {
            id,
            way,
            opened: Instant::now(),
            state: Mutex::new(State {
                head: Head::Awaited(None),
                unread,
                discarded: false,
                outgoing: Streamed::default(),
            }),
        });
        lock(&self.open).insert(id, exchange.clone());
        exchange
    }

    /// The one with a number.
    pub fn get(&self, id: u64) -> Option<Arc<Exchange>> {
        lock(&self.open).get(&id).cloned()
    }

    /// How many were opened.
    pub fn opened(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        lock(&self.open).len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn close(&self, id: u64) {
        lock(&self.open).remove(&id);
    }

    /// A server starts, and these are its tasks, or it stopped: their handle keeps a runtime's file descriptors.
    pub(in crate::engine) fn run_on(&self, tasks: Option<Tasks>) {
        *lock(&self.tasks) = tasks;
    }

    /// Nobody wants the rest of a request's body: it is read on for a while, and thrown away. A connection that is closed with bytes unread is
    /// reset, which takes the answer from a client that still writes, and the requests behind that body would not be answered.
    pub(super) fn drain(&self, unread: Unread, limits: &Limits) {
        if !unread.can_drain() {
            return;
        }
        let Some(tasks) = lock(&self.tasks).clone() else { return };
        let (patience, whole, bytes) =
            (ms(limits.handshake_timeout), ms(limits.http_timeout), limits.http_body);
        let owner = tasks.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = unread.drain(patience, whole, bytes) => {}
                () = owner.stopping() => {}
            }
        });
    }

    /// Takes whole answers as [`read_answers`] has them: on the server's own threads, where those who wait for them are woken without a system
    /// call each.
    pub fn answer_all(self: &Arc<Self>, text: Bytes) {
        // Without a server nobody waits for an answer.
        let Some(tasks) = lock(&self.tasks).clone() else { return };
        let exchanges = self.clone();
        tasks.spawn_to_end(async move {
            read_answers(&text, |id, response| {
                if let Some(exchange) = exchanges.get(id) {
                    exchange.respond(response);
                }
            });
        });
    }

    /// Gives up those that were opened longer ago and not answered.
    pub(in crate::engine) fn expire(&self, patience: Duration) {
        let now = Instant::now();
        let overdue = |exchange: &&Arc<Exchange>| now.duration_since(exchange.opened) >= patience;
        let overdue: Vec<_> = lock(&self.open).values().filter(overdue).cloned().collect();
        for exchange in overdue {
            let waiting = lock(&exchange.state).settle(Head::Overdue);
            wake(waiting.flatten());
        }
    }
}

impl Exchange {
    /// Its number.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The app answered, with its whole response. `false`: it had, or nobody waits any more.
    pub fn respond(&self, response: AppResponse) -> bool {
        let length = response.length();
        // Before the peer's task can find it. It counts from now on, and not from when that task comes to it.
        self.way.wait(length);
        let waiting = {
            let mut state = lock(&self.state);
            state.outgoing.end.get_or_insert(End::Complete);
            state.settle(Head::Given(response))
        };
        let waits = waiting.is_some();
        if !waits {
            self.way.forget(length);
        }
        wake(waiting.flatten());
        waits
    }

    /// The app answered; the body follows in pieces. `false`: nobody waits any more.
    pub fn begin(&self, response: AppResponse) -> bool {
        if response.why_refused().is_some() {
            // The pieces would be another answer's.
            return self.respond(response);
        }
        let waiting = lock(&self.state).settle(Head::Given(response));
        let waits = waiting.is_some();
        wake(waiting.flatten());
        waits
    }

    /// The app's answer, once, and whether all of it is here. `None`: it is overdue.
    fn poll_answer(&self, context: &Context<'_>) -> Poll<Option<(AppResponse, bool)>> {
        let mut state = lock(&self.state);
        match &mut state.head {
            Head::Awaited(waker) => {
                *waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            Head::Over | Head::Overdue | Head::Given(_) => self.way.awaits(false),
        }
        // One that broke off is not: its body says so.
        let whole = state.outgoing.end == Some(End::Complete) && state.outgoing.pieces.is_empty();
        let Head::Given(response) = std::mem::replace(&mut state.head, Head::Over) else {
            // It is overdue.
            return Poll::Ready(None);
        };
        Poll::Ready(Some((response, whole)))
    }

    /// A piece of the response's body.
    pub fn put(&self, piece: Bytes) -> Taken {
        let outgoing = &mut lock(&self.state).outgoing;
        if outgoing.end.is_some() {
            return Taken::Gone;
        }
        // Before the peer's task can find it.
        self.way.wait(piece.len());
        outgoing.bytes += piece.len();
        outgoing.pieces.push_back(piece);
        outgoing.wake();
        outgoing.waits = outgoing.bytes > MAX_WAITING;
        if outgoing.waits { Taken::Wait } else { Taken::More }
    }

    /// The response is over. `complete`: as it should be.
    pub fn finish(&self, complete: bool) {
        let outgoing = &mut lock(&self.state).outgoing;
        if outgoing.end.is_none() {
            outgoing.end = Some(if complete { End::Complete } else { End::Broken });
            outgoing.wake();
        }
    }

    /// Reads a piece of the request's body for the host.
    pub(in crate::engine) async fn read(self: Arc<Self>, core: Arc<Core>, patience: Duration) {
        let Some(mut unread) = lock(&self.state).unread.take() else { return };
        let mut status = None;
        let (bytes, more) = match timeout(patience, unread.piece()).await {
            Ok(Ok(Some(bytes))) => (Some(bytes), true),
            Ok(Ok(None)) => (Some(Bytes::new()), false),
            Ok(Err(error)) => {
                status = is_malformed(&error).then_some(StatusCode::BAD_REQUEST);
                (None, false)
            }
            Err(_) => {
                status = Some(StatusCode::REQUEST_TIMEOUT);
                (None, false)
            }
        };
        let exceeded = unread.exceeded();
        // A response that has begun goes on: the client may still read it.
        if let Some(status) = status
            && self.begin(AppResponse::empty(status))
        {
            self.finish(true);
        }
        if exceeded {
            // Whatever the app would make of a body that breaks off. A response that has begun breaks off too: it may be made of that.
            let is_answer = self.begin(AppResponse::empty(StatusCode::PAYLOAD_TOO_LARGE));
            self.finish(is_answer);
        }
        if more || exceeded {
            let mut state = lock(&self.state);
            if more && !state.discarded {
                state.unread = Some(unread);
            } else {
                drop(state);
                core.exchanges.drain(unread, core.limits());
            }
        }
        core.tell(Call::Http(HttpCall::Piece { id: self.id, bytes, more: more || exceeded }));
    }

    /// The host wants no more of the request's body.
    pub fn discard(&self, core: &Core) {
        // Outside the lock: a body that is dropped tells its connection.
        let unread = {
            let mut state = lock(&self.state);
            state.discarded = true;
            state.unread.take()
        };
        if let Some(unread) = unread {
            core.exchanges.drain(unread, core.limits());
        }
    }

    /// Nobody waits for the response any more. Whether it was not complete, and what is unread of the request.
    fn abandon(&self) -> (bool, Option<Unread>) {
        let over = {
            let mut state = lock(&self.state);
            let over = State {
                head: Head::Over,
                unread: None,
                discarded: true,
                outgoing: Streamed { end: Some(End::Gone), ..Streamed::default() },
            };
            std::mem::replace(&mut *state, over)
        };
        let given = if let Head::Given(response) = &over.head { response.length() } else { 0 };
        if matches!(over.head, Head::Awaited(_) | Head::Given(_)) {
            self.way.awaits(false);
        }
        self.way.forget(over.outgoing.bytes + given);
        (over.outgoing.end.is_none(), over.unread)
    }
}

impl State {
    /// The head is known. Who is to be woken, if it was awaited at all.
    fn settle(&mut self, head: Head) -> Option<Option<Waker>> {
        let Head::Awaited(waker) = &mut self.head else { return None };
        let waker = waker.take();
        self.head = head;
        Some(waker)
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Streamed {
    fn wake(&mut self) {
        wake(self.reader.take());
    }
}

/// An exchange as whoever answers the request holds it. Dropped before the end: the peer is gone, and the host is told.
pub(super) struct Pending {
    pub core: Arc<Core>,
    pub exchange: Arc<Exchange>,
    /// One of the places for requests that the app works on: taken until the response is out.
    pub outgoing: Option<Outgoing>,
}

impl Drop for Pending {
    fn drop(&mut self) {
        let Self { core, exchange, .. } = self;
        core.exchanges.close(exchange.id);
        let (is_cut, unread) = exchange.abandon();
        if let Some(unread) = unread {
            core.exchanges.drain(unread, core.limits());
        }
        if is_cut {
            core.tell(Call::Http(HttpCall::Aborted { id: exchange.id }));
        }
    }
}

/// The app was asked, and its answer is waited for. `None`: it came.
pub(super) struct Waiting(Option<Pending>);

impl Waiting {
    pub fn new(pending: Pending) -> Self {
        Self(Some(pending))
    }
}

impl Future for Waiting {
    type Output = Response<AppBody>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response<AppBody>> {
        let Some(mut pending) = self.0.take() else { return Poll::Pending };
        let Poll::Ready(answer) = pending.exchange.poll_answer(context) else {
            self.0 = Some(pending);
            return Poll::Pending;
        };
        if let Some(why) = answer.as_ref().and_then(|(response, _)| response.why_refused()) {
            pending.core.log(Level::Error, "http", why);
        }
        Poll::Ready(match answer {
            Some((response, true)) => response.whole(pending.outgoing.take()),
            Some((response, false)) => response.streamed(Body::new(Pieces(pending))),
            None => {
                let message = "The app did not answer a request in time (limits.httpTimeout)";
                pending.core.log(Level::Warn, "http", message);
                AppResponse::empty(StatusCode::GATEWAY_TIMEOUT).whole(pending.outgoing.take())
            }
        })
    }
}

/// A response's body that comes in pieces.
struct Pieces(Pending);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Pending { core, exchange, .. } = &self.0;
        let mut state = lock(&exchange.state);
        let outgoing = &mut state.outgoing;
        if let Some(piece) = outgoing.pieces.pop_front() {
            outgoing.bytes -= piece.len();
            exchange.way.take(piece.len());
            let ebbed = outgoing.waits && outgoing.bytes <= MAX_WAITING / 2;
            if ebbed {
                outgoing.waits = false;
                drop(state);
                core.tell(Call::Http(HttpCall::Drained { id: exchange.id }));
            }
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match outgoing.end {
            Some(End::Complete | End::Gone) => Poll::Ready(None),
            Some(End::Broken) => Poll::Ready(Some(Err(io::Error::other("the app's response broke off")))),
            None => {
                outgoing.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let outgoing = &lock(&self.0.exchange.state).outgoing;
        outgoing.pieces.is_empty() && outgoing.end == Some(End::Complete)
    }
}
