//! HTTP: one request on a connection of its own, plain or over TLS. HTTP/1.1 as far as it takes to hand something over,
//! where only the status of the answer is read, or to ask for a small document.

mod answer;

use std::io;
use std::path::Path;
use std::pin::Pin;

use openssl::ssl::{SslConnector, SslMethod, SslVersion};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use crate::config::Target;

/// A status line is shorter.
const LONGEST: usize = 8 * 1024;

/// Posts JSON and answers the status.
///
/// # Errors
/// A sentence that stands behind the target: what the network, the TLS or the server has against it.
pub(crate) async fn post(target: &Target, ca: Option<&Path>, token: Option<&str>, body: &[u8]) -> io::Result<u16> {
    let what = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    let head = head("POST", target, token, &what)?;
    hand_over(connect(target, ca).await?, &head, body).await
}

/// Asks for a document and answers the status and the body, of `longest` bytes at most.
///
/// # Errors
/// As of [`post`]; and where the body is longer, or does not end as it should.
pub(crate) async fn get(
    target: &Target,
    ca: Option<&Path>,
    token: Option<&str>,
    longest: usize,
) -> io::Result<(u16, Vec<u8>)> {
    let head = head("GET", target, token, "Accept: application/json\r\n")?;
    let mut stream = connect(target, ca).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.flush().await?;
    answer::read(stream, longest).await
}

trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Connection for T {}

async fn connect(target: &Target, ca: Option<&Path>) -> io::Result<Box<dyn Connection>> {
    let tcp = TcpStream::connect((target.host.as_str(), target.port)).await?;
    if !target.secure {
        return Ok(Box::new(tcp));
    }
    let mut builder = SslConnector::builder(SslMethod::tls_client())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    if let Some(ca) = ca {
        builder.set_ca_file(ca).map_err(|_| io::Error::other(format!("{} cannot be used", ca.display())))?;
    }
    let ssl = builder.build().configure()?.into_ssl(&target.host)?;
    let mut stream = SslStream::new(ssl, tcp)?;
    if let Err(error) = Pin::new(&mut stream).connect().await {
        let verified = stream.ssl().verify_result();
        let why = if verified == openssl::x509::X509VerifyResult::OK {
            format!("TLS fails: {error}")
        } else {
            format!("its certificate is not accepted: {}", verified.error_string())
        };
        return Err(io::Error::other(why));
    }
    Ok(Box::new(stream))
}

fn head(method: &str, target: &Target, token: Option<&str>, what: &str) -> io::Result<String> {
    let authorization = match token {
        // A line end would begin a header of its own.
        Some(token) if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) => {
            return Err(io::Error::other("the token is one word of letters, digits and signs, and this is not"));
        }
        Some(token) => format!("Authorization: Bearer {token}\r\n"),
        None => String::new(),
    };
    Ok(format!(
        "{method} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: smartyreader/{}\r\n{authorization}{what}Connection: close\r\n\r\n",
        target.path,
        target.authority(),
        env!("CARGO_PKG_VERSION"),
    ))
}

async fn hand_over(mut stream: Box<dyn Connection>, head: &str, body: &[u8]) -> io::Result<u16> {
    let sent = async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body).await?;
        stream.flush().await
    };
    // A server that refuses may answer without reading everything: its answer says more than the broken line.
    let sent = sent.await;
    let mut answer = Vec::new();
    let mut buffer = [0; 512];
    loop {
        if let Some(status) = status(&answer)? {
            return Ok(status);
        }
        let read = match stream.read(&mut buffer).await {
            Ok(0) => return Err(sent.err().unwrap_or_else(|| io::Error::other("it hung up without an answer"))),
            Ok(read) => read,
            Err(error) => return Err(error),
        };
        answer.extend_from_slice(&buffer[..read]);
        if answer.len() > LONGEST {
            return Err(no_http());
        }
    }
}

/// The status, once it is there: `HTTP/1.1 204 No Content`. What is said on the way (1xx) is passed over.
fn status(mut answer: &[u8]) -> io::Result<Option<u16>> {
    loop {
        let Some(end) = answer.iter().position(|&byte| byte == b'\n') else { return Ok(None) };
        let line = String::from_utf8_lossy(&answer[..end]);
        let mut words = line.split_ascii_whitespace();
        let version = words.next().unwrap_or_default();
        let status = words.next().filter(|word| word.len() == 3).and_then(|word| word.parse::<u16>().ok());
        match status {
            Some(status) if version.starts_with("HTTP/1.") && status >= 200 => return Ok(Some(status)),
            Some(status) if version.starts_with("HTTP/1.") && status >= 100 => {}
            _ => return Err(no_http()),
        }
        let Some(blank) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        answer = &answer[blank + 4..];
    }
}

fn no_http() -> io::Error {
    io::Error::other("its answer is no HTTP")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_as_soon_as_it_is_there() {
        let read = |text: &str| status(text.as_bytes()).unwrap();
        assert_eq!(read("HTTP/1.1 20"), None);
        assert_eq!(read("HTTP/1.1 204 No Content\r\n"), Some(204));
        assert_eq!(read("HTTP/1.0 404\r\n"), Some(404));
        assert_eq!(read("HTTP/1.1 100 Continue\r\n\r\n"), None);
        assert_eq!(read("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 500 No\r\n"), Some(500));
        for wrong in ["SSH-2.0-x\r\n", "HTTP/2 200\r\n", "HTTP/1.1 2000 x\r\n", "\n"] {
            assert!(status(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_no_header_of_its_own() {
        let target = Target { secure: false, host: "host".into(), port: 80, path: "/a".into() };
        assert!(head("POST", &target, Some("abc\r\nX: y"), "").is_err());
        let head = head("POST", &target, Some("abc"), "Content-Length: 5\r\n").unwrap();
        assert!(head.starts_with("POST /a HTTP/1.1\r\nHost: host\r\n") && head.contains("Bearer abc\r\n"), "{head}");
        assert!(head.contains("Content-Length: 5\r\n") && head.ends_with("\r\n\r\n"));
    }
}
