//! Server: speaks TLS 1.3 as a test tells it, also wrongly (RFC 8446, sections 4, 5 and 7).

extern crate std;

use aes_gcm::aead::{AeadInPlace, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::pipe::Pipe;
use hkdf::Hkdf;
use p256::ecdh::EphemeralSecret;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use sha2::{Digest, Sha256};
use signature::Signer;
use std::vec::Vec;

use super::Dice;

/// One direction of a connection, in memory.
pub(super) type Wire = Pipe<NoopRawMutex, 512>;

/// The kinds of records, and of messages in the handshake.
pub(super) const HANDSHAKE: u8 = 22;
pub(super) const DATA: u8 = 23;
const HELLO: u8 = 2;
pub(super) const EXTENSIONS: u8 = 8;
pub(super) const CERTIFICATE: u8 = 11;
pub(super) const VERIFY: u8 = 15;
const FINISHED: u8 = 20;

/// The server's side of one connection.
pub(super) struct Server<'w> {
    input: &'w Wire,
    output: &'w Wire,
    transcript: Sha256,
    /// The handshake's secret, of which the later ones follow.
    secret: [u8; 32],
    /// The secret of what we send.
    mine: [u8; 32],
    sealing: Keys,
    opening: Keys,
}

impl<'w> Server<'w> {
    /// Takes the client's first message and answers it. From here on everything is sealed.
    pub(super) async fn hello(input: &'w Wire, output: &'w Wire, key: Option<&[u8]>) -> Self {
        let (_, hello) = record(input).await;
        let secret = EphemeralSecret::random(&mut Dice(7));
        let point = secret.public_key().to_encoded_point(false);
        let mut extensions = [&[0, 43, 0, 2, 3, 4, 0, 51, 0, 69, 0, 23, 0, 65][..], point.as_bytes()].concat();
        if key.is_some() {
            extensions.extend([0, 41, 0, 2, 0, 0]);
        }
        let length = (extensions.len() as u16).to_be_bytes();
        let answer = message(HELLO, &[&[3, 3][..], &[9; 32], &[0, 0x13, 0x01, 0], &length, &extensions].concat());
        let transcript = Sha256::new_with_prefix(&hello).chain_update(&answer);
        output.write_all(&framed(HANDSHAKE, &answer)).await;

        let shared = secret.diffie_hellman(&share(&hello));
        let early: [u8; 32] = Hkdf::<Sha256>::extract(Some(&[0; 32]), key.unwrap_or(&[0; 32])).0.into();
        let secret = Hkdf::<Sha256>::extract(Some(&derived(&early)), shared.raw_secret_bytes()).0.into();
        let now = transcript.clone().finalize();
        let mine = expanded(&secret, "s hs traffic", &now);
        let (sealing, opening) = (Keys::of(&mine), Keys::of(&expanded(&secret, "c hs traffic", &now)));
        Self { input, output, transcript, secret, mine, sealing, opening }
    }

    /// A message of the handshake, counted as said.
    pub(super) fn message(&mut self, kind: u8, content: &[u8]) -> Vec<u8> {
        let message = message(kind, content);
        self.transcript.update(&message);
        message
    }

    /// The certificates, each in DER.
    pub(super) fn certificates(&mut self, chain: &[&[u8]]) -> Vec<u8> {
        let entries: Vec<u8> = chain.iter().flat_map(|one| [&long(one.len())[..], one, &[0, 0]].concat()).collect();
        self.message(CERTIFICATE, &[&[0][..], &long(entries.len()), &entries].concat())
    }

    /// That the certificate's key is ours.
    pub(super) fn verify(&mut self, key: &SigningKey) -> Vec<u8> {
        let said =
            [&[32; 64][..], b"TLS 1.3, server CertificateVerify\0", &self.transcript.clone().finalize()].concat();
        let signature: DerSignature = key.sign(&said);
        let length = (signature.as_bytes().len() as u16).to_be_bytes();
        self.message(VERIFY, &[&[4, 3][..], &length, signature.as_bytes()].concat())
    }

    /// The end of the handshake.
    pub(super) fn finished(&mut self) -> Vec<u8> {
        let key: [u8; 32] = expanded(&self.mine, "finished", &[]);
        // Extract is an HMAC with the salt as its key.
        let proof = Hkdf::<Sha256>::extract(Some(&key), &self.transcript.clone().finalize()).0;
        self.message(FINISHED, &proof)
    }

    /// Takes the client's end of the handshake; from here on the keys are those of data.
    pub(super) async fn established(&mut self) {
        let now = self.transcript.clone().finalize();
        assert_eq!(self.hear().await.0, HANDSHAKE);
        let secret: [u8; 32] = Hkdf::<Sha256>::extract(Some(&derived(&self.secret)), &[0; 32]).0.into();
        self.sealing = Keys::of(&expanded(&secret, "s ap traffic", &now));
        self.opening = Keys::of(&expanded(&secret, "c ap traffic", &now));
    }

    /// A sealed record.
    pub(super) fn sealed(&mut self, kind: u8, content: &[u8]) -> Vec<u8> {
        self.sealing.seal(&[content, &[kind]].concat())
    }

    /// A sealed record with nothing in it, not even its kind.
    pub(super) fn sealed_nothing(&mut self) -> Vec<u8> {
        self.sealing.seal(&[])
    }

    pub(super) async fn send(&self, bytes: &[u8]) {
        self.output.write_all(bytes).await;
    }

    /// The next sealed record: its kind and its content.
    pub(super) async fn hear(&mut self) -> (u8, Vec<u8>) {
        let (header, mut content) = record(self.input).await;
        let nonce = self.opening.nonce();
        self.opening.cipher.decrypt_in_place(Nonce::from_slice(&nonce), &header, &mut content).unwrap();
        (content.pop().unwrap(), content)
    }
}

/// A record as it is on the line.
pub(super) fn framed(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &(content.len() as u16).to_be_bytes(), content].concat()
}

async fn record(input: &Wire) -> ([u8; 5], Vec<u8>) {
    let mut header = [0; 5];
    fill(input, &mut header).await;
    let mut content = std::vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
    fill(input, &mut content).await;
    (header, content)
}

async fn fill(input: &Wire, bytes: &mut [u8]) {
    let mut at = 0;
    while at < bytes.len() {
        at += input.read(&mut bytes[at..]).await;
    }
}

fn message(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind][..], &long(content.len()), content].concat()
}

/// A length of three bytes.
fn long(length: usize) -> [u8; 3] {
    let [_, a, b, c] = (length as u32).to_be_bytes();
    [a, b, c]
}

/// The client's public key: a P-256 point of 65 bytes behind the group's number and its length.
fn share(hello: &[u8]) -> p256::PublicKey {
    let at = hello.windows(5).position(|five| five == [0, 23, 0, 65, 4]).unwrap() + 4;
    p256::PublicKey::from_sec1_bytes(&hello[at..at + 65]).unwrap()
}

/// What a direction is sealed with.
struct Keys {
    cipher: Aes128Gcm,
    first: [u8; 12],
    count: u64,
}

impl Keys {
    fn of(secret: &[u8; 32]) -> Self {
        let key: [u8; 16] = expanded(secret, "key", &[]);
        Self { cipher: Aes128Gcm::new(&key.into()), first: expanded(secret, "iv", &[]), count: 0 }
    }

    fn nonce(&mut self) -> [u8; 12] {
        let mut nonce = self.first;
        nonce[4..].iter_mut().zip(self.count.to_be_bytes()).for_each(|(byte, count)| *byte ^= count);
        self.count += 1;
        nonce
    }

    fn seal(&mut self, content: &[u8]) -> Vec<u8> {
        let mut content = content.to_vec();
        let [high, low] = (content.len() as u16 + 16).to_be_bytes();
        let nonce = self.nonce();
        self.cipher.encrypt_in_place(Nonce::from_slice(&nonce), &[DATA, 3, 3, high, low], &mut content).unwrap();
        framed(DATA, &content)
    }
}

fn derived(secret: &[u8; 32]) -> [u8; 32] {
    expanded(secret, "derived", &Sha256::digest([]))
}

/// HKDF-Expand-Label.
fn expanded<const N: usize>(secret: &[u8; 32], label: &str, context: &[u8]) -> [u8; N] {
    let lengths = ((N as u16).to_be_bytes(), [label.len() as u8 + 6], [context.len() as u8]);
    let info = [&lengths.0[..], &lengths.1, b"tls13 ", label.as_bytes(), &lengths.2, context].concat();
    let mut bytes = [0; N];
    Hkdf::<Sha256>::from_prk(secret).unwrap().expand(&info, &mut bytes).unwrap();
    bytes
}
