//! Notice: what a broker says, retained, of a newer image.
//!
//! - `{"version":"0.2.0","url":"http://10.0.0.5/smartyreader.img"}`: to be fetched over plain HTTP; the signature proves it.
//! - `{"version":"0.2.0","chunks":391}`: it lies at the broker itself, see `chunks`.

use core::fmt::{self, Display, Formatter};

use super::version::Version;
use crate::json::{Member, members};

/// Longest address of an image.
pub(super) const URL: usize = 128;

/// A newer image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice<'a> {
    /// Its version.
    pub version: Version,
    /// Where it is.
    pub place: Place<'a>,
}

/// Where an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// At a web server.
    Web {
        /// Its name or address.
        host: &'a str,
        /// 80 where the notice has none.
        port: u16,
        /// With its slash.
        path: &'a str,
    },
    /// At the broker, in so many chunks. A notice that has an address besides means them: they need nobody else.
    Broker(u16),
}

/// What is wrong with a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeError {
    /// Not an object of JSON with plain members.
    Json,
    /// No version, or not of the form `1.2.3`.
    Version,
    /// Neither an address nor chunks, or not one of plain HTTP.
    Url,
    /// No number of chunks from 1 to 65535.
    Chunks,
}

impl<'a> Notice<'a> {
    /// Reads a notice. An empty message (that is how one takes a retained one away) is `None`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &'a [u8]) -> Result<Option<Self>, NoticeError> {
        if text.is_empty() {
            return Ok(None);
        }
        let (mut version, mut url, mut chunks) = (None, None, None);
        for member in members(text) {
            let Member { name, value } = member.map_err(|_| NoticeError::Json)?;
            match name {
                "version" => version = value.text().and_then(Version::parse),
                "url" => url = value.text().and_then(split),
                "chunks" => chunks = Some(value.number().and_then(|count| count.try_into().ok()).unwrap_or(0)),
                // What a later version says besides is not for this one.
                _ => {}
            }
        }
        let place = match (chunks, url) {
            (Some(0), _) => return Err(NoticeError::Chunks),
            (Some(chunks), _) => Place::Broker(chunks),
            (None, url) => url.ok_or(NoticeError::Url)?,
        };
        Ok(Some(Self { version: version.ok_or(NoticeError::Version)?, place }))
    }
}

/// `http://HOST[:PORT]/PATH`
fn split(url: &str) -> Option<Place<'_>> {
    let rest =
        url.strip_prefix("http://").filter(|_| url.len() <= URL && url.bytes().all(|byte| byte.is_ascii_graphic()))?;
    let (authority, path) = rest.split_at(rest.find('/')?);
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port != 0)?),
        None => (authority, 80),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (!host.is_empty() && host.bytes().all(plain)).then_some(Place::Web { host, port, path })
}

impl Display for NoticeError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => {
                "The notice of an update is not an object of JSON, like {\"version\":\"1.2.3\",\"url\":\"http://…\"}."
            }
            Self::Version => "The notice of an update has no \"version\" of the form \"1.2.3\".",
            Self::Chunks => "The notice's \"chunks\" is no number from 1 to 65535.",
            Self::Url => {
                "The notice has no \"chunks\", and its \"url\" is not http://HOST/PATH, at most 128 characters without \
                          spaces; https is not needed: the image is signed."
            }
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Option<Notice<'_>>, NoticeError> {
        Notice::parse(text.as_bytes())
    }

    #[test]
    fn notices() {
        let version = Version([0, 2, 0]);
        assert_eq!(
            parse(r#"{"version":"0.2.0","url":"http://10.0.0.5/a/b.img?x=1","note":"why"}"#),
            Ok(Some(Notice { version, place: Place::Web { host: "10.0.0.5", port: 80, path: "/a/b.img?x=1" } }))
        );
        assert_eq!(
            parse(r#" { "url" : "http://nas.local:8080/" , "version" : "0.2.0" } "#),
            Ok(Some(Notice { version, place: Place::Web { host: "nas.local", port: 8080, path: "/" } }))
        );
        for text in [r#"{"version":"0.2.0","chunks":391}"#, r#"{"chunks":391,"url":"http://a/b","version":"0.2.0"}"#] {
            assert_eq!(parse(text), Ok(Some(Notice { version, place: Place::Broker(391) })));
        }
        assert_eq!(parse(""), Ok(None));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, error) in [
            ("on", NoticeError::Json),
            ("{", NoticeError::Json),
            ("{}", NoticeError::Url),
            (r#"{"url":"http://a/"}"#, NoticeError::Version),
            (r#"{"version":"2","url":"http://a/"}"#, NoticeError::Version),
            (r#"{"version":"0.2.0"}"#, NoticeError::Url),
            (r#"{"chunks":3}"#, NoticeError::Version),
            (r#"{"version":"0.2.0","chunks":0}"#, NoticeError::Chunks),
            (r#"{"version":"0.2.0","chunks":65536}"#, NoticeError::Chunks),
            (r#"{"version":"0.2.0","chunks":"3"}"#, NoticeError::Chunks),
            (r#"{"version":"0.2.0","url":"https://a/"}"#, NoticeError::Url),
            (r#"{"version":"0.2.0","url":"http://a"}"#, NoticeError::Url),
            (r#"{"version":"0.2.0","url":"http:///x"}"#, NoticeError::Url),
            (r#"{"version":"0.2.0","url":"http://a:0/"}"#, NoticeError::Url),
            (r#"{"version":"0.2.0","url":"http://u@a/"}"#, NoticeError::Url),
            (r#"{"version":"0.2.0","url":"http://a/b c"}"#, NoticeError::Url),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_comes_stops_it(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Notice::parse(&text);
        }

        #[test]
        fn nothing_can_be_put_into_the_request(url in "http://[ -~]{0,60}") {
            if let Some(Place::Web { host, path, .. }) = split(&url) {
                prop_assert!(path.starts_with('/'));
                prop_assert!(!host.contains(['/', ' ', '\r', '\n', '@']) && !path.contains([' ', '\r', '\n']));
            }
        }
    }
}
