//! Verifier: the broker's certificate is there, is the broker's, and the broker has its key.
//!
//! embedded-tls checks what comes, and takes the end of a handshake in which nothing came: without a common key anybody can
//! say that. So what came is noted, and [`Verifier::is_proven`] is to be asked at the end.

use embedded_tls::pki::CertVerifier;
use embedded_tls::{
    Aes128GcmSha256, Certificate, CertificateEntryRef, CertificateRef, CertificateVerifyRef, Sha256, TlsClock,
    TlsError, TlsVerifier,
};

/// Bytes of a broker's certificate chain that can be checked.
const CHAIN: usize = 4096;

/// How far the broker is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    /// A certificate of the authority's, for the broker's name. Anybody may have a copy.
    Certificate,
    /// And that its key is at the other end of this connection.
    Proof,
}

/// See the module.
pub(super) struct Verifier<'a, Clock: TlsClock> {
    authority: &'a [u8],
    checks: CertVerifier<'a, Aes128GcmSha256, Clock, CHAIN>,
    seen: Seen,
}

impl<'a, Clock: TlsClock> Verifier<'a, Clock> {
    pub(super) fn new(authority: &'a [u8]) -> Self {
        Self { authority, checks: CertVerifier::new(Certificate::X509(authority)), seen: Seen::Nothing }
    }

    /// Whether all of it came.
    pub(super) fn is_proven(&self) -> bool {
        self.seen == Seen::Proof
    }
}

impl<Clock: TlsClock> TlsVerifier<Aes128GcmSha256> for Verifier<'_, Clock> {
    fn set_hostname_verification(&mut self, name: &str) -> Result<(), TlsError> {
        self.checks.set_hostname_verification(name)
    }

    /// One certificate, and behind it at most the authority's own: whether one between them may sign others nobody checks.
    fn verify_certificate(&mut self, transcript: &Sha256, chain: CertificateRef<'_>) -> Result<(), TlsError> {
        let others = chain.entries.get(1..).ok_or(TlsError::InvalidCertificate)?;
        let known =
            |entry: &CertificateEntryRef<'_>| matches!(entry, CertificateEntryRef::X509(der) if *der == self.authority);
        if self.seen != Seen::Nothing || !others.iter().all(known) {
            return Err(TlsError::InvalidCertificate);
        }
        self.checks.verify_certificate(transcript, chain)?;
        self.seen = Seen::Certificate;
        Ok(())
    }

    fn verify_signature(&mut self, proof: CertificateVerifyRef<'_>) -> Result<(), TlsError> {
        if self.seen != Seen::Certificate {
            return Err(TlsError::InvalidHandshake);
        }
        self.checks.verify_signature(proof)?;
        self.seen = Seen::Proof;
        Ok(())
    }
}
