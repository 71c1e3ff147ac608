//! A connection to another server on this machine: a Unix-domain socket, on Windows a named pipe.

use std::{io, path::Path};

#[cfg(unix)]
pub use tokio::net::UnixStream as Local;
#[cfg(windows)]
pub use tokio::net::windows::named_pipe::NamedPipeClient as Local;

/// Connects; fails at once where that cannot be done now.
#[cfg(unix)]
pub async fn connect(path: &Path) -> io::Result<Local> {
    Local::connect(path).await
}

/// Connects; fails at once where that cannot be done now.
#[cfg(windows)]
pub async fn connect(path: &Path) -> io::Result<Local> {
    tokio::net::windows::named_pipe::ClientOptions::new().open(path)
}

/// Whether the server is there and only has no place at the moment.
pub fn is_busy(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.kind() == io::ErrorKind::WouldBlock;
    #[cfg(windows)]
    return error.raw_os_error() == Some(231); // ERROR_PIPE_BUSY
}
