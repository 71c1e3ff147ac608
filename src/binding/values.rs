//! Conversions that several files need.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use napi::bindgen_prelude::{Buffer, BufferSlice};

use crate::engine::{
    client::Client,
    core::Core,
    ids::Id,
    payload::{Attachments, Payload},
    rooms::Room,
};

/// Attachments from JavaScript; their bytes are copied, since JavaScript may change them.
pub fn attachments(buffers: &[BufferSlice<'_>]) -> Attachments {
    Attachments::new(buffers.iter().map(|buffer| Bytes::copy_from_slice(buffer)))
}

/// Attachments for JavaScript.
pub fn buffer(bytes: &Bytes) -> Buffer {
    bytes.to_vec().into()
}

/// The array of an event or an acknowledgement of the program's own. Where nothing is attached, what looks like a placeholder is
/// text, as Socket.IO has it.
pub fn event(text: String, buffers: &[BufferSlice<'_>]) -> Option<Payload> {
    if buffers.is_empty() {
        return Some(Payload::plain(text));
    }
    let attachments = buffers.iter().map(|buffer| Bytes::copy_from_slice(buffer)).collect();
    Payload::whole(text.into(), attachments).ok()
}

/// The room with a key.
pub fn room(core: &Core, key: f64) -> Option<Arc<Room>> {
    // Keys are small integers; what is none names no room.
    core.rooms.by_key(key as u64)
}

/// The client with an id.
pub fn client(core: &Core, id: &str) -> Option<Arc<Client>> {
    core.clients.get(&Id::parse(id)?)
}

/// Ids as JavaScript strings.
pub fn strings(ids: impl IntoIterator<Item = impl ToString>) -> Vec<String> {
    ids.into_iter().map(|id| id.to_string()).collect()
}

/// An address as Node shows one, in JSON.
pub fn address(address: SocketAddr) -> String {
    let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
    format!(r#"{{"address":"{}","family":"{family}","port":{}}}"#, address.ip(), address.port())
}
