//! Requests to the Socket.IO path: what the host decides of them, and who is told when one is refused.

use axum::extract::Request;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use tokio::sync::oneshot;

use super::{address::Remote, router::Front};
use crate::engine::{
    config::SocketOptions,
    core::Core,
    header_text,
    host::{Call, Decision, Hooks, HttpResponse, RequestHead, RequestToDecide, RequestVerdict, Verdict},
    ids::Id,
    metrics::Family,
    transport::{Opening, Refused, names_session, wants_websocket},
};

/// Whether a path is the transport's, as Socket.IO has it: everything that begins with its own.
pub fn is_below(options: &SocketOptions, path: &str) -> bool {
    path.strip_prefix(options.path.trim_end_matches('/'))
        .is_some_and(|rest| !options.trailing_slash || rest.starts_with('/'))
}

/// Answers a request to the Socket.IO path.
pub async fn answer(front: &Front, request: Request, remote: Remote) -> Response<Bytes> {
    let Some(cors) = &front.core.config.socket_cors else { return decided(front, request, remote).await };
    let preflight = request.method() == Method::OPTIONS;
    if preflight && !cors.preflight_continue {
        return cors.preflight(request.headers());
    }
    let said = cors.headers(request.headers(), preflight);
    let mut response = decided(front, request, remote).await;
    add(response.headers_mut(), said);
    response
}

/// Adds headers, unless the program has said something else.
fn add(headers: &mut HeaderMap, added: HeaderMap) {
    for (name, value) in &added {
        if name == header::VARY || !headers.contains_key(name) {
            // Of more names than a map holds, the last are left out.
            let _ = headers.try_append(name, value.clone());
        }
    }
}

/// Serves a request, after the host has decided on it where it wants to.
async fn decided(front: &Front, request: Request, remote: Remote) -> Response<Bytes> {
    let (core, transport) = (&front.core, &front.transport);
    let upgrade = wants_websocket(&request);
    let file = client_file(&core.config.socket, request.uri().path());
    if let Some(file) = file {
        return match ask(front, to_decide(&request, remote, Some(file)), None).await {
            Verdict::Request(RequestVerdict::Answered(answer)) => respond(answer),
            _ => Refused::Undecided.response(),
        };
    }

    let first = !names_session(&request);
    let examined = transport.examine(&request, remote.address.ip()).and_then(|admitted| {
        let hurried = first && !core.site_connects.take(remote.address.ip());
        if hurried { Err(Refused::Hurried) } else { Ok(admitted) }
    });
    let mut opening = transport.opening();
    let session = first.then(|| opening.id());
    // Where there is no place, nobody is to be bothered.
    let crowded = matches!(examined, Err(Refused::Crowded | Refused::Hurried | Refused::Full));
    let asks =
        !crowded && core.hooks.any(if first { Hooks::HANDSHAKES | Hooks::REQUESTS } else { Hooks::REQUESTS });
    let shown = core.hooks.any(Hooks::REFUSALS).then(|| head(&request, remote));
    let tell = |refused: &Refused| {
        if let Some(shown) = shown {
            tell(core, shown, session.filter(|_| asks), refused);
        }
    };
    let refuse = |refused: &Refused| {
        core.metrics.add_part(Family::SessionsRefused, refused.part(), 1);
        if upgrade { refused.websocket_response() } else { refused.response() }
    };

    let begins_polling = examined.as_ref().is_ok_and(|admitted| admitted.begins_polling());
    let cookie = core.config.socket.cookie.as_ref().filter(|_| begins_polling);
    let cookie = cookie.map(|cookie| format!("{}={}{}", cookie.name, opening.id(), cookie.attributes));
    let mut headers = Vec::new();
    if asks {
        let question = RequestToDecide {
            session,
            refused: examined.is_err(),
            cookie,
            ..to_decide(&request, remote, None)
        };
        match ask(front, question, first.then_some(&mut opening)).await {
            Verdict::Request(RequestVerdict::Pass { headers: said }) => headers = said,
            Verdict::Request(RequestVerdict::Answered(answer)) => return respond(answer),
            Verdict::Request(RequestVerdict::Barred { forbidden, message, headers }) => {
                let refused = match forbidden {
                    true => Refused::Forbidden(message.map(Into::into)),
                    false => Refused::Middleware,
                };
                return with(refuse(&refused), headers);
            }
            _ => {
                tell(&Refused::Undecided);
                return refuse(&Refused::Undecided);
            }
        }
    } else if let Some(cookie) = cookie {
        headers.push((header::SET_COOKIE.to_string(), cookie));
    }

    let served = match examined {
        Ok(admitted) => transport.serve(request, admitted, opening, remote.address, remote.secure).await,
        Err(refused) => {
            tell(&refused);
            Err(refused)
        }
    };
    with(served.unwrap_or_else(|refused| refuse(&refused)), headers)
}

/// The file that a path names, where the host has it.
fn client_file<'a>(options: &SocketOptions, path: &'a str) -> Option<&'a str> {
    let name = path.strip_prefix(options.path.trim_end_matches('/'))?.strip_prefix('/')?;
    options.client_files.iter().any(|file| file == name).then_some(name)
}

fn head(request: &Request, remote: Remote) -> RequestHead {
    RequestHead {
        method: request.method().as_str().to_owned(),
        url: request.uri().path_and_query().map_or("/", |url| url.as_str()).to_owned(),
        headers: request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), header_text::read(value)))
            .collect(),
        remote: remote.address,
        secure: remote.secure,
        upgrade: wants_websocket(request),
    }
}

fn to_decide(request: &Request, remote: Remote, file: Option<&str>) -> RequestToDecide {
    RequestToDecide {
        request: head(request, remote),
        session: None,
        refused: false,
        cookie: None,
        file: file.map(str::to_owned),
    }
}

/// Has the host decide. It may keep something for a session that is to be opened, and is told if that is not.
async fn ask(front: &Front, question: RequestToDecide, opening: Option<&mut Opening>) -> Verdict {
    let (sender, mut verdict) = oneshot::channel();
    front.core.decide(Decision::Request(Box::new(question)), None, move |verdict| {
        let _ = sender.send(verdict);
    });
    let already = verdict.try_recv().ok();
    if matches!(already, Some(Verdict::Overdue)) {
        // It was not asked, and has nothing to be told.
        return Verdict::Overdue;
    }
    if let Some(opening) = opening {
        opening.announce();
    }
    if let Some(verdict) = already {
        return verdict;
    }
    tokio::select! {
        verdict = verdict => verdict.unwrap_or(Verdict::Overdue),
        // A server that stops does not wait for a program that may never answer.
        () = front.transport.stopping() => Verdict::Overdue,
    }
}

fn tell(core: &Core, request: RequestHead, session: Option<Id>, refused: &Refused) {
    // One that the host has no time to hear of is counted as refused all the same; what it was asked about before it does hear of.
    core.ask(Call::Refused {
        request: Box::new(request),
        session,
        code: refused.code(),
        message: refused.message(),
        context: refused.context(),
    });
}

fn respond(answer: HttpResponse) -> Response<Bytes> {
    let mut response = Response::new(answer.body);
    *response.status_mut() = StatusCode::from_u16(answer.status)
        .ok()
        .filter(|status| !status.is_informational())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    with(response, answer.headers)
}

/// Gives a response the host's headers. What it says once or more often takes the place of what was there.
fn with(mut response: Response<Bytes>, said: Vec<(String, String)>) -> Response<Bytes> {
    let mut headers = HeaderMap::new();
    for (name, value) in said {
        if let (Ok(name), Some(value)) = (HeaderName::try_from(name), header_text::write(&value))
            && !is_ours(&name)
        {
            // Of more names than a map holds, the last are left out.
            let _ = headers.try_append(name, value);
        }
    }
    // What was said of an answer that it did not come to, or of one that was taken for text, is not so.
    let refused = response.status().is_client_error() || response.status().is_server_error();
    let is_bytes = |kind: &HeaderValue| kind == "application/octet-stream";
    if response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| refused || is_bytes(kind)) {
        headers.remove(header::CONTENT_TYPE);
    }
    let present = response.headers_mut();
    for name in headers.keys() {
        present.remove(name);
    }
    for (name, value) in &headers {
        let _ = present.try_append(name, value.clone());
    }
    response
}

/// Headers of the connection, which are the server's to tell.
fn is_ours(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::CONNECTION
            | header::TRANSFER_ENCODING
            | header::CONTENT_LENGTH
            | header::UPGRADE
            | header::SEC_WEBSOCKET_ACCEPT
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_the_path_is_the_transports() {
        let mut options = SocketOptions::default();
        for (path, expected) in [
            ("/socket.io/", [true, true]),
            ("/socket.io/default/", [true, true]),
            ("/socket.io", [false, true]),
            ("/socket.iox/", [false, true]),
            ("/socket.i/", [false, false]),
            ("/", [false, false]),
        ] {
            let found = [true, false].map(|slash| {
                options.trailing_slash = slash;
                is_below(&options, path)
            });
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn files_have_exact_names() {
        let options = SocketOptions { client_files: vec!["socket.io.js".into()], ..SocketOptions::default() };
        assert_eq!(client_file(&options, "/socket.io/socket.io.js"), Some("socket.io.js"));
        for path in
            ["/socket.io/a/socket.io.js", "/socket.io/socket.io.jsx", "/socket.io.js", "/x/socket.io.js"]
        {
            assert_eq!(client_file(&options, path), None, "{path}");
        }
    }

    #[test]
    fn the_hosts_headers_take_the_place_of_ours_and_the_connection_is_ours() {
        let mut response = Response::new(Bytes::new());
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let said = [
            ("Cache-Control", "no-cache"),
            ("set-cookie", "a=1"),
            ("Set-Cookie", "b=2"),
            ("connection", "x"),
            ("b\n", "c"),
        ];
        let response = with(response, said.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        let headers: Vec<_> = response
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        assert_eq!(headers, ["cache-control: no-cache", "set-cookie: a=1", "set-cookie: b=2"]);
    }
}
