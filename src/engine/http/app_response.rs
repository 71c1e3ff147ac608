//! The app's answer as the host gives it, and as hyper sends it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use crate::engine::{header_text, way_out::Outgoing};

/// Bytes of a body that hyper gets at once. It copies them.
const PIECE: usize = 32 * 1024;
/// Names of headers that an answer may have. A map of 24,576 panics at one more, and CORS has a few to add.
const MAX_NAMES: usize = 20_000;

/// The app's answer, or its head.
#[derive(Debug)]
pub struct AppResponse {
    /// The status; 500 in place of one that is none.
    status: StatusCode,
    headers: HeaderMap,
    /// The body, as far as it is here.
    body: Bytes,
    /// Why it is a 500 in place of what the app said.
    refused: Option<&'static str>,
}

impl AppResponse {
    /// `lines`: name, value, name, value …, a line each, since no value has a line break in it; of a value, a character for each byte. What is
    /// no header is left out, and what is the connection's to say, except that it is to be closed. A 500 for more names than an answer may have.
    pub fn new(status: u16, lines: &Bytes, body: Bytes) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut headers = HeaderMap::new();
        let mut at = 0;
        while let Some((name, value_at)) = line(lines, at)
            && let Some((value, next)) = line(lines, value_at)
        {
            at = next;
            let value = header_text::write_shared(lines.slice(value));
            let (Ok(name), Some(value)) = (HeaderName::from_bytes(&lines[name]), value) else { continue };
            match name {
                header::CONNECTION => {
                    if let Some(option) = connection_option(&value) {
                        headers.insert(name, option);
                    }
                }
                header::CONTENT_LENGTH => {
                    // One that is no number, or a second one, would end the connection.
                    if value.to_str().is_ok_and(|length| length.parse::<u64>().is_ok()) {
                        headers.insert(name, value);
                    }
                }
                name if name == header::TRANSFER_ENCODING || name == "keep-alive" => {}
                name => {
                    if headers.keys_len() >= MAX_NAMES || headers.try_append(name, value).is_err() {
                        return Self::refused("An answer of the app's has more than 20,000 names of headers");
                    }
                }
            }
        }
        Self { status, headers, body, refused: None }
    }

    /// Bytes of its body that are here.
    pub(super) fn length(&self) -> usize {
        self.body.len()
    }

    /// A status alone.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), refused: None }
    }

    /// A 500 in place of an answer that cannot be sent.
    fn refused(why: &'static str) -> Self {
        Self { refused: Some(why), ..Self::empty(StatusCode::INTERNAL_SERVER_ERROR) }
    }

    /// Why it is a 500 in place of what the app said.
    pub(super) fn why_refused(&self) -> Option<&'static str> {
        self.refused
    }

    /// With the body that it has, and what belongs to it until it is out.
    pub(super) fn whole(self, mut outgoing: Option<Outgoing>) -> Response<AppBody> {
        let Self { status, mut headers, body, .. } = self;
        if let Some(outgoing) = &mut outgoing {
            outgoing.is_whole(body.len());
        }
        // An answer without a body may have the length of one: what GET would get, or what has not been modified. hyper keeps it for HEAD; for
        // 304 it keeps it beside a body that it has not seen the end of.
        if status == StatusCode::NOT_MODIFIED && headers.contains_key(header::CONTENT_LENGTH) {
            return respond(status, headers, AppBody { body: Kind::Absent, _outgoing: outgoing });
        }
        // hyper takes the app's word for it, which may be wrong.
        if !body.is_empty() {
            headers.remove(header::CONTENT_LENGTH);
        }
        respond(status, headers, AppBody { body: Kind::Whole(body), _outgoing: outgoing })
    }

    /// With a body that comes.
    pub(super) fn streamed(self, body: Body) -> Response<AppBody> {
        respond(self.status, self.headers, body.into())
    }
}

fn respond(status: StatusCode, headers: HeaderMap, body: AppBody) -> Response<AppBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// What an app may say of the connection: that it ends, or which other protocol would be spoken on it (426).
fn connection_option(value: &HeaderValue) -> Option<HeaderValue> {
    let said = value.to_str().ok()?;
    ["close", "upgrade"]
        .into_iter()
        .find(|option| said.split(',').any(|part| part.trim().eq_ignore_ascii_case(option)))
        .map(HeaderValue::from_static)
}

/// The line that begins at `from`, without its end, and where the next one begins.
fn line(text: &[u8], from: usize) -> Option<(std::ops::Range<usize>, usize)> {
    let length = text.get(from..)?.iter().position(|byte| *byte == b'\n')?;
    Some((from..from + length, from + length + 1))
}

/// Several whole answers in one text, each `id status bytes\n`, its headers, an empty line, and so many bytes of a body. What is
/// no such text ends it.
pub fn read_answers(text: &Bytes, mut take: impl FnMut(u64, AppResponse)) {
    let mut at = 0;
    while let Some((head, lines_at)) = line(text, at) {
        let mut numbers = std::str::from_utf8(&text[head]).unwrap_or_default().split(' ');
        let mut number = || numbers.next()?.parse::<u64>().ok();
        let (Some(id), Some(status), Some(length)) = (number(), number(), number()) else { return };
        let mut end = lines_at;
        let body_at = loop {
            match line(text, end) {
                Some((name, next)) if name.is_empty() => break next,
                Some((_, value_at)) => match line(text, value_at) {
                    Some((_, next)) => end = next,
                    None => return,
                },
                None => return,
            }
        };
        let Some(body_end) = usize::try_from(length).ok().and_then(|length| body_at.checked_add(length))
        else {
            return;
        };
        let Some(body) = text.get(body_at..body_end) else { return };
        // A copy: a peer that is slow to take a few bytes would keep the answers of others.
        let body = Bytes::copy_from_slice(body);
        let status = u16::try_from(status).unwrap_or_default();
        let lines = text.slice(lines_at..end);
        // The answers of others are in the same text.
        let answer = catch_unwind(AssertUnwindSafe(|| AppResponse::new(status, &lines, body)));
        take(id, answer.unwrap_or_else(|_| AppResponse::refused("An answer of the app's could not be read")));
        at = body_end;
    }
}

/// A body on its way out.
#[derive(Debug)]
pub struct AppBody {
    body: Kind,
    _outgoing: Option<Outgoing>,
}

/// Mostly one that is there, without a box around it.
#[derive(Debug)]
enum Kind {
    /// All of it.
    Whole(Bytes),
    /// None, of an answer whose headers tell the length of one.
    Absent,
    /// Whatever axum has.
    Other(Body),
}

impl AppBody {
    /// Whatever axum has, and what belongs to it until it is out.
    pub(super) fn new(body: Body, outgoing: Option<Outgoing>) -> Self {
        Self { body: Kind::Other(body), _outgoing: outgoing }
    }
}

impl From<Body> for AppBody {
    fn from(body: Body) -> Self {
        Self::new(body, None)
    }
}

impl HttpBody for AppBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut self.get_mut().body {
            Kind::Whole(body) if body.is_empty() => Poll::Ready(None),
            Kind::Whole(body) => Poll::Ready(Some(Ok(Frame::data(body.split_to(body.len().min(PIECE)))))),
            Kind::Absent => Poll::Ready(None),
            Kind::Other(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Kind::Whole(body) => body.is_empty(),
            Kind::Absent => false,
            Kind::Other(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Kind::Whole(body) => SizeHint::with_exact(body.len() as u64),
            Kind::Absent => SizeHint::default(),
            Kind::Other(body) => body.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Answer = (u64, u16, Vec<(String, String)>, String);

    fn answers(text: &'static str) -> Vec<Answer> {
        let mut read = Vec::new();
        read_answers(&Bytes::from_static(text.as_bytes()), |id, response| {
            let headers = response
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect();
            let body = String::from_utf8(response.body.to_vec()).unwrap();
            read.push((id, response.status.as_u16(), headers, body));
        });
        read
    }

    #[test]
    fn several_answers_are_told_apart() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            answers("7 200 3\nx-a\n1\nset-cookie\na=b\nset-cookie\nc=\n\nä\n8 404 0\n\n9 99 2\n\nok"),
            [
                (
                    7,
                    200,
                    vec![header("x-a", "1"), header("set-cookie", "a=b"), header("set-cookie", "c=")],
                    "ä\n".into()
                ),
                (8, 404, vec![], String::new()),
                (9, 500, vec![], "ok".into()),
            ]
        );
    }

    #[test]
    fn what_is_the_connections_and_what_is_no_header_is_left_out() {
        let read = answers(
            "1 200 0\nconnection\nkeep-alive\nb ad\n1\nx\n\u{1}\ny\n2\nz\n\u{100}\nkeep-alive\ntimeout=5\ntransfer-encoding\nchunked\ncontent-length\nx\n\n",
        );
        assert_eq!(read[0].2, [("y".to_owned(), "2".to_owned())]);
    }

    #[test]
    fn an_app_may_close_the_connection_and_name_another_protocol() {
        for (said, kept) in [
            ("close", Some("close")),
            ("Keep-Alive, Close", Some("close")),
            ("Upgrade", Some("upgrade")),
            ("x", None),
        ] {
            let option = connection_option(&HeaderValue::from_static(said));
            assert_eq!(option.as_ref().map(|option| option.to_str().unwrap()), kept, "{said}");
        }
    }

    #[test]
    fn an_answer_with_more_names_than_a_map_holds_is_refused_and_its_neighbours_are_not() {
        let many = |count: usize| (0..count).fold(String::new(), |lines, n| lines + &format!("x-{n}\n1\n"));
        let text =
            format!("1 200 1\n\na2 200 1\n{}\nb3 200 1\n\nc4 200 1\n{}\nd", many(25_000), many(20_000));
        let mut read = Vec::new();
        read_answers(&Bytes::from(text), |id, response| {
            read.push((
                id,
                response.status.as_u16(),
                response.headers.len(),
                response.why_refused().is_some(),
            ));
        });
        assert_eq!(
            read,
            [(1, 200, 0, false), (2, 500, 0, true), (3, 200, 0, false), (4, 200, 20_000, false)]
        );
        // Values of one name are no names.
        let cookies = "set-cookie\na=b\n".repeat(50_000);
        let response = AppResponse::new(200, &Bytes::from(cookies), Bytes::new());
        assert_eq!((response.why_refused(), response.headers.len()), (None, 50_000));
    }

    #[test]
    fn a_value_is_a_byte_for_each_character() {
        let response = AppResponse::new(200, &Bytes::from("x-a\nM\u{fc}\u{c3}\n"), Bytes::new());
        assert_eq!(response.headers["x-a"].as_bytes(), b"M\xfc\xc3");
    }

    #[test]
    fn what_is_no_answer_ends_the_text() {
        for text in [
            "",
            "x",
            "1 200",
            "1 200 5\n\nabc",
            "1 200 0\na\n",
            "1 200 x\n\n",
            "\n",
            "1 200 18446744073709551615\n\nabc",
        ] {
            assert_eq!(answers(text), [], "{text:?}");
        }
        assert_eq!(answers("1 200 0\n\nrest").len(), 1);
    }
}
