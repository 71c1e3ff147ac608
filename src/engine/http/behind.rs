//! The server behind this one: what is not Socket.IO's goes to it over a private local socket, streaming both ways.
//!
//! A client's connection has at most one of its own to that server, opened by its first request and closed with it: keep-alive,
//! aborts and the identity of a connection are there what they would be without this server in between.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
    upgrade::OnUpgrade,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncWriteExt, copy_bidirectional},
    sync::Mutex,
    time::{sleep, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    accept::{MAX_HEAD, MAX_HEADERS},
    local::{self, Local},
    relayed::{Received, Sent},
};
use crate::engine::shutdown::Tasks;

/// How long that server may take to accept a connection, and a connection to be ready for its next request. It is a thread that may
/// be busy.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause before another attempt, where its queue of connections is full.
const PAUSE: Duration = Duration::from_millis(10);

/// Where that server is.
#[derive(Clone, Debug)]
pub struct Behind {
    /// Its local socket: a path, on Windows the name of a pipe.
    pub path: PathBuf,
    /// Tells it that a connection is this server's.
    pub token: String,
}

/// Marks the answer to a request whose connection that server closed without one: the client's is to be closed likewise.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the server behind hung up")]
pub struct HungUp;

/// The way of one client's connection to the server behind.
#[derive(Clone)]
pub struct Upstream(Arc<Inner>);

struct Inner {
    behind: Arc<Behind>,
    client: SocketAddr,
    /// Where the client connected to.
    here: SocketAddr,
    tasks: Tasks,
    /// Held while a request is sent; a connection has one at a time.
    sender: Mutex<Option<SendRequest<Sent>>>,
    /// A request asks for another protocol: then the end of HTTP is not the end of the connection.
    upgrading: Arc<AtomicBool>,
    /// Fired when the server behind has closed.
    closed: CancellationToken,
    /// Fired when the client is gone.
    left: CancellationToken,
    _leave: DropGuard,
}

impl Upstream {
    /// A way that is not taken yet.
    pub fn new(behind: Arc<Behind>, client: SocketAddr, here: SocketAddr, tasks: Tasks) -> Self {
        let left = CancellationToken::new();
        Self(Arc::new(Inner {
            behind,
            client,
            here,
            tasks,
            sender: Mutex::default(),
            upgrading: Arc::default(),
            closed: CancellationToken::new(),
            _leave: left.clone().drop_guard(),
            left,
        }))
    }

    /// Resolves when the server behind has closed its connection.
    pub async fn closed(&self) {
        self.0.closed.cancelled().await;
    }

    /// Has a request answered by the server behind, however long that takes: it is the client that waits.
    ///
    /// # Errors
    /// [`HungUp`]: the client's connection is to end like that server's.
    pub async fn forward(&self, mut request: Request) -> Result<Response, HungUp> {
        let asks_upgrade = request.headers().contains_key(header::UPGRADE);
        let client = asks_upgrade.then(|| hyper::upgrade::on(&mut request));
        request.extensions_mut().remove::<Self>();
        let (request, wanted) = Sent::of(request);
        self.0.upgrading.store(asks_upgrade, Ordering::Release);
        let mut response = match self.send(request).await {
            Ok(response) => response,
            Err(Unanswered::Unreachable(error)) => {
                tracing::debug!(%error, "the server behind cannot be reached");
                return Ok((StatusCode::BAD_GATEWAY, "Bad Gateway").into_response());
            }
            Err(Unanswered::HungUp) => return Err(HungUp),
        };
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            if let Some(client) = client {
                self.tunnel(client, hyper::upgrade::on(&mut response));
            }
            return Ok(response.map(|_| Body::empty()));
        }
        let unwanted = wanted.is_some_and(|wanted| !wanted.is_cancelled());
        if unwanted {
            // The body was not asked for and will not come: nothing can follow on this connection.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let last = unwanted.then(|| self.0.left.clone());
        Ok(response.map(|body| Body::new(Received::new(body, last))))
    }

    async fn send(&self, mut request: http::Request<Sent>) -> Result<http::Response<Incoming>, Unanswered> {
        let mut sender = self.0.sender.lock().await;
        for _ in 0..2 {
            let ready = match &mut *sender {
                Some(open) => timeout(PATIENCE, open.ready()).await.is_ok_and(|ready| ready.is_ok()),
                None => false,
            };
            if !ready {
                *sender = Some(self.open().await.map_err(Unanswered::Unreachable)?);
            }
            let Some(open) = &mut *sender else { break };
            match open.try_send_request(request).await {
                Ok(response) => return Ok(response),
                Err(mut error) => match error.take_message() {
                    // Closed in the moment it was to be used: nothing of the request is lost.
                    Some(unsent) => request = unsent,
                    None => return Err(Unanswered::HungUp),
                },
            }
            *sender = None;
        }
        Err(Unanswered::HungUp)
    }

    async fn open(&self) -> io::Result<SendRequest<Sent>> {
        let Inner { behind, client, here, .. } = &*self.0;
        let mut stream = timeout(PATIENCE, connect(behind)).await??;
        let line =
            format!("{} {} {} {} {}\n", behind.token, client.ip(), client.port(), here.ip(), here.port());
        timeout(PATIENCE, stream.write_all(line.as_bytes())).await??;
        let (sender, connection) = http1::Builder::new()
            .preserve_header_case(true)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        let (left, upgrading) = (self.0.left.clone(), self.0.upgrading.clone());
        let closed = self.0.closed.clone();
        self.0.tasks.spawn(async move {
            tokio::select! {
                _ = connection.with_upgrades() => {}
                () = left.cancelled() => {}
            }
            if !upgrading.load(Ordering::Acquire) {
                closed.cancel();
            }
        });
        Ok(sender)
    }

    /// Carries what follows an upgrade, until either side ends it or the server stops.
    fn tunnel(&self, client: OnUpgrade, server: OnUpgrade) {
        let way = self.clone();
        self.0.tasks.spawn(async move {
            let both = async { tokio::try_join!(client, server) };
            let Ok(Ok((client, server))) = timeout(PATIENCE, both).await else { return };
            let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
            tokio::select! {
                _ = copy_bidirectional(&mut client, &mut server) => {}
                () = way.0.tasks.stopping() => {}
            }
        });
    }
}

/// Why there is no answer.
enum Unanswered {
    Unreachable(io::Error),
    HungUp,
}

async fn connect(behind: &Behind) -> io::Result<Local> {
    loop {
        match local::connect(&behind.path).await {
            Err(error) if local::is_busy(&error) => sleep(PAUSE).await,
            connected => return connected,
        }
    }
}
