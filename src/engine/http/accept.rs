//! The accept loop, with the limits that `axum::serve` does not expose.

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdListener, ToSocketAddrs},
    pin::{Pin, pin},
    sync::{Arc, mpsc},
    task::Poll,
    time::{Duration, Instant},
};

use http::{Request, StatusCode};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::TokioIo;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{spawn_blocking, yield_now},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use super::{
    app_response::AppResponse,
    behind::{Behind, Upstream},
    fallback::refuse,
    greeting::Greeting,
    head_clock::{HeadClock, HeadClocks},
    per_site::{PerSite, SitePlace},
    request_head,
    router::{Peer, Routes},
};
use crate::engine::{
    allocator,
    clock::looks,
    config::ms,
    core::Core,
    host::Level,
    occasional::Occasional,
    shutdown::Tasks,
    way_out::{Resets, WaysOut},
};

/// Connections that the kernel completes before they are accepted.
const BACKLOG: i32 = 4_096;
/// Largest head of a response of the server behind.
pub(super) const MAX_HEAD: usize = 64 * 1024;
/// Bytes that the kernel takes from us before they are on their way. Its own default is megabytes for a peer that does not read,
/// beside which `limits.sendBuffer` would mean little.
#[cfg(any(target_os = "linux", target_os = "android"))]
const MAX_UNSENT: u32 = 128 * 1024;
/// Most headers of a request.
pub(super) const MAX_HEADERS: usize = 200;
/// Connections that are accepted before everything else that is ready has its turn: each costs tens of microseconds.
const ACCEPTS_A_TURN: usize = 8;
/// Pause after an accept that failed and would again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// What accept fails with where file descriptors are used up: ENFILE, EMFILE, and Windows' WSAEMFILE.
const USED_UP: [i32; 3] = [23, 24, 10_024];
/// What accept fails with where the connection that it would have given is gone already, or a rule of the system forbade it: the next one is
/// there to be accepted. Linux: EPERM, EINTR, EPROTO, ENONET, ENOPROTOOPT, EOPNOTSUPP, ENETDOWN, ENETUNREACH, ECONNABORTED, ECONNRESET,
/// ETIMEDOUT, EHOSTDOWN, EHOSTUNREACH.
#[cfg(any(target_os = "linux", target_os = "android"))]
const PEERS: [i32; 13] = [1, 4, 71, 64, 92, 95, 100, 101, 103, 104, 110, 112, 113];
/// Bytes that are read, and thrown away, behind a request that is no HTTP.
const LINGERED: usize = 16 * 1024 * 1024;
/// How long that takes at most.
const LINGERS: Duration = Duration::from_secs(5);
/// Connections for which that is done at a time. Others are closed at once.
const LINGERING: usize = 256;
/// How often the log says so.
const SAID_AGAIN: Duration = Duration::from_secs(60);
/// How long whoever closes the listening socket waits for it to be closed: one step of the task that accepts.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// Listens on `host`; absent: on all interfaces, IPv6 and IPv4.
///
/// # Errors
/// The system's own; [`io::ErrorKind::AddrInUse`] for a taken port.
pub fn bind(host: Option<&str>, port: u16) -> io::Result<StdListener> {
    match host {
        None => listen((Ipv6Addr::UNSPECIFIED, port).into()).or_else(|error| match error.kind() {
            io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(error),
            // No IPv6 here.
            _ => listen((Ipv4Addr::UNSPECIFIED, port).into()),
        }),
        Some(host) => {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, format!("{host} has no address"));
            for address in (bare, port).to_socket_addrs()? {
                match listen(address) {
                    Ok(listener) => return Ok(listener),
                    Err(error) => last = error,
                }
            }
            Err(last)
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<StdListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The listening socket of a running server.
#[derive(Debug)]
pub struct Door {
    closing: CancellationToken,
    closed: mpsc::Receiver<Infallible>,
}

/// What a connection is served with.
#[derive(Clone)]
struct Service {
    routes: Routes,
    behind: Option<Arc<Behind>>,
    core: Arc<Core>,
    tasks: Tasks,
    tls: Option<Arc<Greeting>>,
    heads: Arc<HeadClocks>,
    sites: Arc<PerSite>,
    ways: Arc<WaysOut>,
    /// A permit for each connection that is read on behind what is no HTTP.
    lingering: Arc<Semaphore>,
}

impl Door {
    /// Accepts connections until the door is closed or the server stops.
    pub fn open(
        listener: TcpListener,
        routes: Routes,
        behind: Option<Arc<Behind>>,
        core: Arc<Core>,
        tasks: &Tasks,
    ) -> Self {
        let closing = CancellationToken::new();
        let (open, closed) = mpsc::channel();
        let limits = core.limits();
        let most = usize::try_from(limits.pending_connections).unwrap_or(usize::MAX);
        let tls = core
            .config
            .tls
            .as_ref()
            .map(|tls| Arc::new(Greeting::new(tls, ms(limits.handshake_timeout), most)));
        let sites = PerSite::new(limits.http_connections_per_address);
        let heads = HeadClocks::new(most);
        let (clocks, owner) = (heads.clone(), tasks.clone());
        let patience = ms(core.limits().handshake_timeout);
        tasks.spawn(async move {
            let mut look = looks(patience);
            loop {
                tokio::select! {
                    _ = look.tick() => clocks.look(),
                    () = owner.stopping() => return clocks.give_up(),
                }
            }
        });
        let ways = WaysOut::new(ms(core.limits().http_timeout), core.limits().http_buffer);
        core.goes_out_by(Arc::downgrade(&ways));
        tasks.spawn(watch(ways.clone(), core.clone(), tasks.clone()));
        let lingering = Arc::new(Semaphore::new(LINGERING));
        let service =
            Service { routes, behind, core, tasks: tasks.clone(), tls, heads, sites, ways, lingering };
        let until = closing.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = accept(&listener, &service) => {}
                () = until.cancelled() => {}
                () = service.tasks.stopping() => {}
            }
            drop(listener);
            drop::<mpsc::Sender<Infallible>>(open);
        });
        Self { closing, closed }
    }

    /// Closes the listening socket before it returns; open connections live on. Blocks for as long as that takes.
    pub fn close(&self) {
        self.closing.cancel();
        let _ = self.closed.recv_timeout(CLOSE_PATIENCE);
    }
}

/// Ends the connections whose peers do not read their answers, and says so.
async fn watch(ways: Arc<WaysOut>, core: Arc<Core>, tasks: Tasks) {
    let (late, full) = (Occasional::default(), Occasional::default());
    let mut look = looks(ms(core.limits().http_timeout));
    let mut freed = false;
    loop {
        tokio::select! {
            _ = look.tick() => {}
            () = tasks.stopping() => return,
        }
        let overdue = ways.look();
        if overdue > 0 && late.say().is_some() {
            let patience = core.limits().http_timeout;
            let message = format!(
                "A connection was closed: its client took nothing of an answer for {patience} ms (limits.httpTimeout)"
            );
            core.log(Level::Warn, "http", message);
        }
        let shed = ways.take_shed();
        let ended = overdue > 0 || shed > 0;
        if std::mem::replace(&mut freed, ended) && !ended {
            // What waited on them is free by now.
            let _ = spawn_blocking(allocator::give_back).await;
        }
        if shed > 0 && full.say().is_some() {
            let most = core.limits().http_buffer;
            let message = format!(
                "{shed} connections were closed: answers of more than {most} bytes waited for their clients to read (limits.httpBuffer)"
            );
            core.log(Level::Warn, "http", message);
        }
    }
}

async fn accept(listener: &TcpListener, service: &Service) {
    let mut spare = Spare(None);
    let mut said: Option<Instant> = None;
    let mut accepted = 0;
    loop {
        spare.keep();
        if accepted == ACCEPTS_A_TURN {
            accepted = 0;
            yield_now().await;
        }
        let error = match listener.accept().await {
            Ok((stream, address)) => {
                accepted += 1;
                let address = canonical(address);
                let trusted = service.core.limits().trust_proxy.trusts(address.ip(), 0);
                let Ok(place) = service.sites.take(address.ip(), trusted) else {
                    reset(&stream);
                    continue;
                };
                service.tasks.spawn(greet(stream, address, service.clone(), place));
                continue;
            }
            Err(error) => error,
        };
        tracing::debug!(%error, "accept failed");
        if is_peers(&error) {
            continue;
        }
        let used_up = error.raw_os_error().is_some_and(|code| USED_UP.contains(&code));
        if !used_up || spare.turn_away(listener).await.is_err() {
            sleep(ACCEPT_PAUSE).await;
        }
        if used_up && said.is_none_or(|said| said.elapsed() >= SAID_AGAIN) {
            said = Some(Instant::now());
            service.core.log(
                Level::Warn,
                "accept",
                "No file descriptors are left: new connections are closed (ulimit -n)",
            );
        }
    }
}

/// Whether accept failed for the sake of one connection, and not of the listening socket: others do not wait for it.
fn is_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if error.raw_os_error().is_some_and(|code| PEERS.contains(&code)) {
        return true;
    }
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// A file descriptor kept for when none are left. Given up for a moment it lets a connection be accepted, and closed: the peer
/// would wait in the backlog otherwise, and hear nothing.
struct Spare(Option<Socket>);

impl Spare {
    fn keep(&mut self) {
        if self.0.is_none() {
            self.0 = Socket::new(Domain::IPV4, Type::DGRAM, None).ok();
        }
    }

    /// Closes one connection, if one waits.
    ///
    /// # Errors
    /// The system's own, of accept: another thread was quicker to take what was given up.
    async fn turn_away(&mut self, listener: &TcpListener) -> io::Result<()> {
        self.0 = None;
        match poll_fn(|context| Poll::Ready(listener.poll_accept(context))).await {
            Poll::Ready(Ok((stream, _))) => {
                reset(&stream);
                Ok(())
            }
            // Where none are left, accept fails before it looks whether anyone waits.
            Poll::Pending => Ok(()),
            Poll::Ready(Err(error)) => Err(error),
        }
    }
}

/// When it is closed, its peer gets a reset, which leaves nothing of it in the kernel.
fn reset(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// Bytes of a request's line and headers.
fn head_size(request: &Request<Incoming>) -> usize {
    let line =
        request.method().as_str().len() + request.uri().path_and_query().map_or(0, |url| url.as_str().len());
    // Each header has a colon, a space and a line's end.
    request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() + line
}

/// Serves a connection from its first byte on. Until that is there, the connection holds a socket and a small task, and no buffer.
async fn greet(stream: TcpStream, address: SocketAddr, service: Service, place: SitePlace) {
    let clock = service.heads.add();
    if speaks(&stream, &clock, &service).await {
        // Boxed: each future around another one holds it twice.
        clock.spoke();
        Box::pin(connection(stream, address, clock, service)).await;
    }
    drop(place);
}

async fn connection(stream: TcpStream, address: SocketAddr, clock: HeadClock, service: Service) {
    // Frames are joined before they are written; waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(MAX_UNSENT);
    let upstream = service.behind.clone().and_then(|behind| {
        let here = stream.local_addr().ok()?;
        Some(Upstream::new(behind, address, here, service.tasks.clone()))
    });
    let Some(tls) = service.tls.clone() else {
        return Box::pin(serve(stream, address, upstream, clock, service)).await;
    };
    // Boxed: what a handshake needs is not kept beside the connection.
    let shaken = Box::pin(async {
        let shaken = tls.accept(stream, &clock).await;
        (shaken, clock)
    });
    let shaken = tokio::select! {
        shaken = shaken => shaken,
        () = service.tasks.stopping() => return,
    };
    // One who speaks no TLS, or takes too long: an alert is all there is to say, and rustls said it.
    if let (Some(stream), clock) = shaken {
        Box::pin(serve(stream, address, upstream, clock, service)).await;
    }
}

/// Waits for the first byte of a connection. `false`: it did not come within `limits.handshakeTimeout`, or the server stops.
async fn speaks(stream: &TcpStream, clock: &HeadClock, service: &Service) -> bool {
    let mut byte = [0];
    tokio::select! {
        // A socket may count as readable that is not: only a look tells.
        peeked = stream.peek(&mut byte) => peeked.is_ok_and(|count| count > 0),
        () = clock.step(ms(service.core.limits().handshake_timeout)) => false,
        () = service.tasks.stopping_in_task() => false,
    }
}

/// Speaks HTTP until the connection is over or somebody else's.
async fn serve<S>(
    stream: S,
    address: SocketAddr,
    upstream: Option<Upstream>,
    clock: HeadClock,
    service: Service,
) where
    S: AsyncRead + AsyncWrite + Resets + Send + Unpin + 'static,
{
    let Service { routes, core, tasks, ways, lingering, .. } = service;
    let stream = ways.watch(stream);
    let out = stream.way().clone();
    let head_timeout = ms(core.limits().handshake_timeout);
    let max_head = usize::try_from(core.limits().http_headers).unwrap_or(MAX_HEAD);
    let (way, judge) = (upstream.clone(), core.clone());
    let answer = hyper::service::service_fn(move |request: Request<Incoming>| {
        // hyper looks at a buffer's size, and into a buffer goes more than was asked for.
        let fits = head_size(&request) <= max_head;
        let refusal = if !fits {
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        // The server behind judges for itself.
        } else if way.is_none() && !request_head::is_sound(&request) {
            StatusCode::BAD_REQUEST
        } else {
            return routes.answer(request, Peer(address), way.as_ref(), &out);
        };
        refuse(&judge, request, AppResponse::empty(refusal).whole(None))
    });
    let connection = http1::Builder::new()
        .timer(clock)
        .header_read_timeout(head_timeout)
        .max_buf_size(max_head)
        .max_headers(MAX_HEADERS)
        .writev(false)
        // Costs a table per request, and only the server behind shows them to anybody.
        .preserve_header_case(upstream.is_some())
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades();
    // Boxed: the task is the connection's whole memory, and HTTP's part of it ends with an upgrade.
    let mut connection = Box::new(connection);
    let ended = {
        let stopping = pin!(tasks.stopping_in_task());
        let closed = async {
            match &upstream {
                Some(upstream) => upstream.closed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            result = &mut connection => Some(result),
            () = stopping => None,
            () = closed => None,
        }
    };
    match ended {
        Some(Err(error)) if error.is_parse() => {
            if let (Ok(_place), Some(parts)) = (lingering.try_acquire(), connection.into_parts()) {
                Box::pin(linger(parts.io.into_inner(), &tasks)).await;
            }
        }
        Some(_) => {}
        None => {
            Pin::new(&mut *connection).graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Reads on behind an answer that hyper gave to what is no HTTP. A socket that is closed with bytes unread resets its connection, which takes
/// the answer from a client that still writes.
async fn linger(mut socket: impl AsyncRead + Unpin, tasks: &Tasks) {
    let read = async {
        let mut buffer = vec![0; 8 * 1024];
        let mut left = LINGERED;
        while let Ok(count @ 1..) = socket.read(&mut buffer).await {
            match left.checked_sub(count) {
                Some(less) => left = less,
                // It can send no more, and may read the answer.
                None => return std::future::pending().await,
            }
        }
    };
    tokio::select! {
        () = read => {}
        () = sleep(LINGERS) => {}
        () = tasks.stopping_in_task() => {}
    }
}

/// An IPv4 client of a socket that listens on both is an IPv4 client.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_is_gone_before_it_is_accepted_holds_nobody_up() {
        let of = |code| is_peers(&io::Error::from_raw_os_error(code));
        #[cfg(target_os = "linux")]
        for code in PEERS {
            assert!(of(code), "{code}");
        }
        assert!(is_peers(&io::ErrorKind::ConnectionAborted.into()));
        // File descriptors and memory are everybody's: a pause follows, and a word in the log.
        for code in USED_UP.into_iter().chain([12, 105]) {
            assert!(!of(code), "{code}");
        }
    }
}
