//! TLS: version 1.3 towards the broker, with a common key or with a certificate.
//!
//! With a common key no certificate is wanted: the keys of the connection follow from it, so a server without it cannot be
//! talked to. With a certificate the broker's must be signed by the authority that was given, for the broker's name.

mod pump;
mod records;
#[cfg(test)]
mod tests;
mod verifier;

use core::sync::atomic::{AtomicU32, Ordering};

use embedded_io_async::{Read, Write};
use embedded_tls::{
    Aes128GcmSha256, CryptoProvider, SignatureScheme, TlsClock, TlsConfig, TlsConnection, TlsContext, TlsError,
    TlsVerifier, UnsecureProvider,
};
use heapless::Vec;
use rand_core::CryptoRngCore;

use crate::settings::{Name, Settings};
pub(crate) use pump::Pump;
pub(crate) use records::Records;
use verifier::Verifier;

/// A record as long as TLS allows, for what the broker sends.
const RECEIVED: usize = 16_640;
/// What we send, our longest messages in a few records.
const SENT: usize = 4096;

/// The records of a connection, one after the other.
pub(crate) struct Buffers {
    received: [u8; RECEIVED],
    sent: [u8; SENT],
}

impl Buffers {
    #[allow(clippy::large_stack_arrays)] // It is made where it stays, in the publisher's future.
    pub(crate) const fn new() -> Self {
        Self { received: [0; RECEIVED], sent: [0; SENT] }
    }
}

/// By what the broker is known.
pub(crate) enum Secret<'a> {
    /// The common key of the settings.
    Psk,
    /// Who signed its certificate, DER.
    Authority(&'a [u8]),
}

/// A connection.
pub(crate) type Tls<'a, S> = TlsConnection<'a, S, Aes128GcmSha256>;

/// UTC seconds at the beginning of the handshake, for the certificate's dates. 0: nobody knows.
static NOW: AtomicU32 = AtomicU32::new(0);

struct Now;

impl TlsClock for Now {
    fn now() -> Option<u64> {
        Some(u64::from(NOW.load(Ordering::Relaxed))).filter(|now| *now > 0)
    }
}

/// Checks the broker's certificate and has none of its own.
struct Checking<'a, R> {
    rng: R,
    verifier: Verifier<'a, Now>,
}

impl<'a, R> Checking<'a, R> {
    /// Made where it stays: its 4 KB do not go over the stack of who polls the handshake.
    #[inline(never)]
    fn new(rng: R, authority: &'a [u8]) -> Self {
        Self { rng, verifier: Verifier::new(authority) }
    }
}

impl<R: CryptoRngCore> CryptoProvider for Checking<'_, R> {
    type CipherSuite = Aes128GcmSha256;
    type Signature = p256::ecdsa::DerSignature;

    fn rng(&mut self) -> impl embedded_tls::CryptoRngCore {
        &mut self.rng
    }
    fn verifier(&mut self) -> Result<&mut impl TlsVerifier<Aes128GcmSha256>, TlsError> {
        Ok(&mut self.verifier)
    }
    fn signer(&mut self) -> Result<(impl signature::SignerMut<Self::Signature>, SignatureScheme), TlsError> {
        Err::<(p256::ecdsa::SigningKey, _), _>(TlsError::InvalidPrivateKey)
    }
}

/// Encrypts a connection that stands.
///
/// # Errors
/// Why the other side is not who it should be, in words.
pub(crate) async fn open<'a, S: Read + Write + 'a>(
    settings: &Settings,
    secret: Secret<'_>,
    socket: S,
    buffers: &'a mut Buffers,
    rng: &mut impl CryptoRngCore,
    now: Option<i64>,
) -> Result<Tls<'a, S>, &'static str> {
    NOW.store(now.and_then(|now| now.try_into().ok()).unwrap_or(0), Ordering::Relaxed);
    let mut connection = TlsConnection::new(socket, &mut buffers.received, &mut buffers.sent);
    let result = match secret {
        Secret::Psk => {
            let key = bytes(settings.text(Name::PskKey));
            let identities = [settings.text(Name::PskIdentity).as_bytes()];
            let config = TlsConfig::new().with_psk(&key, &identities);
            // No certificate is asked for, so there is none to be checked.
            let provider = UnsecureProvider::new::<Aes128GcmSha256>(rng);
            let result = connection.open(TlsContext::new(&config, provider)).await;
            result.map_err(|_| "it refuses this identity and key, or does not speak TLS 1.3 with a common key")
        }
        Secret::Authority(certificate) => {
            let name = Some(settings.text(Name::TlsName)).filter(|name| !name.is_empty());
            let config = TlsConfig::new().with_server_name(name.unwrap_or(settings.text(Name::Broker)));
            // Lent: a future that is given something has it twice.
            let mut provider = Checking::new(rng, certificate);
            let result = connection.open(TlsContext::new(&config, &mut provider)).await;
            result.ok().filter(|()| provider.verifier.is_proven()).ok_or({
                "its certificate is not signed by the given authority, is out of date, or is for another name; or it \
                 does not speak TLS 1.3"
            })
        }
    };
    result.map(|()| connection)
}

/// The bytes of a text that is known to be hex.
fn bytes(hex: &str) -> Vec<u8, 64> {
    let digit = |digit: u8| (digit as char).to_digit(16).unwrap_or(0) as u8;
    hex.as_bytes().chunks_exact(2).take(64).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
