//! Answer: a document as a server sends it: by its length, in chunks, or up to the end of the connection.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::{LONGEST, no_http, status};

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// After so many bytes.
    Length(usize),
    /// After a chunk without bytes.
    Chunks,
    /// When the server hangs up.
    Close,
}

/// Reads the answer to its end: status and body.
pub(super) async fn read(mut stream: impl AsyncRead + Unpin, longest: usize) -> io::Result<(u16, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = stream.read(&mut buffer).await;
        // TLS servers often hang up without saying so.
        let is_over = match read {
            Ok(0) => true,
            Ok(read) => {
                bytes.extend_from_slice(&buffer[..read]);
                false
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => true,
            Err(error) => return Err(error),
        };
        if let Some(answer) = whole(&bytes, longest, is_over)? {
            return Ok(answer);
        }
        if is_over {
            let why = if bytes.is_empty() {
                "it hung up without an answer"
            } else {
                "it hung up in the middle of its answer"
            };
            return Err(io::Error::other(why));
        }
    }
}

/// The status and the body, if they are there. `is_over`: nothing more will come.
fn whole(bytes: &[u8], longest: usize, is_over: bool) -> io::Result<Option<(u16, Vec<u8>)>> {
    let too_long = || io::Error::other(format!("its answer is longer than {longest} bytes"));
    let mut rest = bytes;
    let (head, body) = loop {
        let Some(at) = rest.windows(4).position(|window| window == b"\r\n\r\n") else {
            return if rest.len() > LONGEST { Err(no_http()) } else { status(rest).map(|_| None) };
        };
        let (head, body) = (&rest[..at + 2], &rest[at + 4..]);
        match status(head)? {
            Some(status) => break ((status, head), body),
            // What is said on the way (1xx).
            None => rest = body,
        }
    };
    let (status, head) = head;
    Ok(match end(head, status)? {
        End::Length(length) if length > longest => return Err(too_long()),
        End::Length(length) => body.get(..length).map(|body| (status, body.to_vec())),
        _ if body.len() > longest.saturating_mul(2) => return Err(too_long()),
        End::Chunks => match chunks(body)? {
            Some(body) if body.len() > longest => return Err(too_long()),
            Some(body) => Some((status, body)),
            None => None,
        },
        End::Close if body.len() > longest => return Err(too_long()),
        End::Close => is_over.then(|| (status, body.to_vec())),
    })
}

fn end(head: &[u8], status: u16) -> io::Result<End> {
    let head = String::from_utf8_lossy(head);
    let mut end = End::Close;
    for line in head.lines().skip(1) {
        let Some((name, value)) = line.split_once(':') else { return Err(no_http()) };
        let value = value.trim();
        if name.eq_ignore_ascii_case("transfer-encoding") {
            if !value.eq_ignore_ascii_case("chunked") {
                return Err(io::Error::other("its answer is packed in a way that is not known here"));
            }
            return Ok(End::Chunks);
        }
        if name.eq_ignore_ascii_case("content-length") {
            end = End::Length(value.parse().map_err(|_| no_http())?);
        }
    }
    Ok(if matches!(status, 204 | 304) { End::Length(0) } else { end })
}

/// The bytes of all chunks, once the last is there.
fn chunks(mut rest: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    loop {
        let Some(at) = rest.windows(2).position(|window| window == b"\r\n") else {
            return if rest.len() > LONGEST { Err(no_http()) } else { Ok(None) };
        };
        let size = std::str::from_utf8(&rest[..at]).ok().and_then(|line| {
            let digits = line.split(';').next().unwrap_or_default().trim();
            // Eight digits are four gigabytes already.
            (digits.len() <= 8).then(|| usize::from_str_radix(digits, 16).ok())?
        });
        let size = size.ok_or_else(no_http)?;
        rest = &rest[at + 2..];
        if size == 0 {
            return Ok(Some(body));
        }
        let Some(chunk) = rest.get(..size) else { return Ok(None) };
        body.extend_from_slice(chunk);
        match rest.get(size..size + 2) {
            None => return Ok(None),
            Some(b"\r\n") => rest = &rest[size + 2..],
            Some(_) => return Err(no_http()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(text: &str, is_over: bool) -> Result<Option<(u16, String)>, String> {
        whole(text.as_bytes(), 100, is_over)
            .map(|answer| answer.map(|(status, body)| (status, String::from_utf8(body).unwrap())))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_body_ends_by_length_by_chunks_or_with_the_connection() {
        let body = |text: &str| Ok(Some((200, text.to_string())));
        let length = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n{\"a\"";
        assert_eq!(answer(length, false), body("{\"a\""));
        assert_eq!(answer(&length[..length.len() - 1], false), Ok(None));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\n";
        assert_eq!(answer(chunked, false), body("abcd"));
        for end in 0..chunked.len() {
            assert_eq!(answer(&chunked[..end], false), Ok(None), "{end}");
        }
        let closed = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\n{}";
        assert_eq!(answer(closed, false), Ok(None));
        assert_eq!(answer(closed, true), body("{}"));
        assert_eq!(answer("HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", false), Ok(Some((204, String::new()))));
    }

    #[test]
    fn what_is_too_long_or_no_http_is_said() {
        for (text, words) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n".to_string(), "longer than 100 bytes"),
            (format!("HTTP/1.1 200 OK\r\n\r\n{}", "a".repeat(101)), "longer than 100 bytes"),
            ("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n".into(), "no HTTP"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n".into(), "packed"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n".into(), "no HTTP"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n".into(), "no HTTP"),
            ("SSH-2.0-x\r\n".into(), "no HTTP"),
        ] {
            let why = answer(&text, false).unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
    }

    proptest! {
        #[test]
        fn chunks_come_back_however_they_are_cut(body in prop::collection::vec(any::<u8>(), 0..300), size in 1usize..40) {
            let mut written = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
            for chunk in body.chunks(size) {
                written.extend(format!("{:x}\r\n", chunk.len()).bytes());
                written.extend(chunk);
                written.extend(b"\r\n");
            }
            written.extend(b"0\r\n\r\n");
            prop_assert_eq!(whole(&written, 1000, false).unwrap(), Some((200, body)));
        }

        #[test]
        fn nothing_is_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), is_over: bool) {
            let _ = whole(&bytes, 100, is_over);
            let behind = [&b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..], &bytes].concat();
            let _ = whole(&behind, 100, is_over);
        }
    }
}
