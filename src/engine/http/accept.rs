//! The accept loop, with the limits that `axum::serve` does not expose.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdListener, ToSocketAddrs},
    pin::pin,
    time::Duration,
};

use axum::Router;
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::Service as _};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};

use super::router::Peer;
use crate::engine::shutdown::Tasks;

/// Connections that the kernel completes before they are accepted.
const BACKLOG: i32 = 4_096;
/// Largest head of a request.
const MAX_HEAD: usize = 64 * 1024;
/// Bytes that the kernel takes from us before they are on their way. Its own default is megabytes for a peer that does not read,
/// beside which `limits.sendBuffer` would mean little.
#[cfg(any(target_os = "linux", target_os = "android"))]
const MAX_UNSENT: u32 = 128 * 1024;
/// Most headers of a request.
const MAX_HEADERS: usize = 200;
/// Pause after a failed accept: file descriptors are used up, and old connections free some.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

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

/// Accepts connections until the server stops.
pub async fn serve(listener: TcpListener, router: Router, head_timeout: Duration, tasks: Tasks) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = tasks.stopping() => return,
        };
        match accepted {
            Ok((stream, address)) => {
                tasks.spawn(connection(stream, address, router.clone(), head_timeout, tasks.clone()))
            }
            Err(error) => {
                tracing::debug!(%error, "accept failed");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    head_timeout: Duration,
    tasks: Tasks,
) {
    // Frames are joined before they are written; waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(MAX_UNSENT);
    let router = TowerToHyperService::new(router);
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(canonical(address)));
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // Boxed: the task is the connection's whole memory, and HTTP's part of it ends with an upgrade.
    let mut connection = Box::pin(connection);
    let ended = {
        let stopping = pin!(tasks.stopping());
        tokio::select! {
            result = &mut connection => Some(result),
            () = stopping => None,
        }
    };
    if ended.is_none() {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

/// An IPv4 client of a socket that listens on both is an IPv4 client.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
