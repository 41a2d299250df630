//! Stream: TCP, and TLS over it with a certificate or a pre-shared key.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use openssl::ssl::{SslConnector, SslFiletype, SslMethod, SslVersion};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_openssl::SslStream;
use zeroize::Zeroizing;

use super::refusal::Why;
use crate::config::{Address, Mqtt};
use crate::hex;

/// For each of connecting and shaking hands.
const PATIENCE: Duration = Duration::from_secs(8);

/// What the connection is made with. Files are read anew each time: a certificate may have been renewed.
#[derive(Clone)]
pub(super) struct Dial {
    address: Address,
    ca: Option<PathBuf>,
    certificate: Option<(PathBuf, PathBuf)>,
    psk: Option<Psk>,
}

#[derive(Clone)]
struct Psk {
    identity: String,
    key: Zeroizing<Vec<u8>>,
}

/// A stream of either kind.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Wire for S {}

impl Dial {
    /// Takes what it needs out of the settings.
    pub(super) fn new(settings: &Mqtt, address: &Address) -> Result<Self, String> {
        let psk = match (&settings.psk_identity, settings.psk().fetch()) {
            (_, Err(problem)) => return Err(format!("the pre-shared key: {problem}")),
            (None, Ok(None)) => None,
            (Some(_), Ok(None)) => return Err("`psk-identity` needs the key: `psk-file`".into()),
            (None, Ok(Some(_))) => return Err("a pre-shared key needs `psk-identity`".into()),
            (Some(identity), Ok(Some((place, text)))) => {
                let key = hex::bytes(text.trim().as_bytes()).filter(|key| !key.is_empty());
                let key = key.ok_or_else(|| format!("what is in {place} is no pre-shared key: it is hex digits"))?;
                Some(Psk { identity: identity.clone(), key: Zeroizing::new(key) })
            }
        };
        let certificate = match (&settings.certificate_file, &settings.certificate_key_file) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
            _ => return Err("`certificate-file` and `certificate-key-file` belong together".into()),
        };
        Ok(Self { address: address.clone(), ca: settings.ca_file.clone(), certificate, psk })
    }

    /// Connects.
    pub(super) async fn connect(&self) -> io::Result<Pin<Box<dyn Wire>>> {
        let host = (self.address.host.as_str(), self.address.port);
        let tcp = timeout(PATIENCE, TcpStream::connect(host)).await.map_err(|_| io::ErrorKind::TimedOut)??;
        // A live value is a small packet and must not wait for the next one.
        tcp.set_nodelay(true)?;
        if !self.address.secure {
            return Ok(Box::pin(tcp));
        }
        let connector = self.connector().map_err(io::Error::other)?;
        let ours = |error: openssl::error::ErrorStack| io::Error::other(Why::Ours(error.to_string()));
        let ssl = connector.configure().and_then(|ssl| ssl.into_ssl(&self.address.host)).map_err(ours)?;
        let mut stream = Box::pin(SslStream::new(ssl, tcp).map_err(ours)?);
        match timeout(PATIENCE, stream.as_mut().connect()).await {
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
            Ok(Ok(())) => Ok(stream),
            Ok(Err(error)) => {
                Err(io::Error::other(Why::of_handshake(stream.ssl().verify_result(), &error, self.psk.is_some())))
            }
        }
    }

    fn connector(&self) -> Result<SslConnector, Why> {
        let ours = |what: &Path| {
            let what = what.display().to_string();
            move |error: openssl::error::ErrorStack| {
                let reason = error.errors().first().and_then(openssl::error::Error::reason).unwrap_or("it is damaged");
                Why::Ours(format!("{what} cannot be used: {reason}"))
            }
        };
        let tls = |error: openssl::error::ErrorStack| Why::Ours(error.to_string());
        let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(tls)?;
        builder.set_min_proto_version(Some(SslVersion::TLS1_2)).map_err(tls)?;
        if let Some(ca) = &self.ca {
            builder.set_ca_file(ca).map_err(ours(ca))?;
        }
        if let Some((certificate, key)) = &self.certificate {
            builder.set_certificate_chain_file(certificate).map_err(ours(certificate))?;
            builder.set_private_key_file(key, SslFiletype::PEM).map_err(ours(key))?;
        }
        if let Some(psk) = self.psk.clone() {
            // Only ciphers that prove both sides by the key: a certificate instead is not accepted. In TLS 1.3 a
            // broker could choose to show one, so it stays at 1.2, as with the original board.
            builder.set_max_proto_version(Some(SslVersion::TLS1_2)).map_err(tls)?;
            builder.set_cipher_list("PSK+AESGCM:PSK+CHACHA20:PSK+AES:!aNULL:!aRSA:!aECDSA").map_err(tls)?;
            builder.set_psk_client_callback(move |_, _, identity, key| {
                let (name, secret) = (psk.identity.as_bytes(), &psk.key);
                // The identity ends with a zero.
                if name.len() >= identity.len() || secret.len() > key.len() {
                    return Ok(0);
                }
                identity[..name.len()].copy_from_slice(name);
                identity[name.len()] = 0;
                key[..secret.len()].copy_from_slice(secret);
                Ok(secret.len())
            });
        }
        Ok(builder.build())
    }
}
