//! Certificate: X.509 of the smallest kind, made for a test (RFC 5280).

extern crate std;

use p256::ecdsa::{DerSignature, SigningKey};
use signature::Signer;
use std::vec::Vec;

/// ecdsa-with-SHA256.
const SIGNED: &[u8] = &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
/// id-ecPublicKey on prime256v1.
const KEY: &[u8] = &[0x30, 19, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// From 2020 to 2049.
const VALID: &[u8] = b"\x30\x1e\x17\x0d200101000000Z\x17\x0d491231000000Z";

/// A certificate for `name`, signed with the key of `issuer`. `authority`: it may sign others.
pub(super) fn certificate(name: &str, key: &SigningKey, issuer: (&str, &SigningKey), authority: bool) -> Vec<u8> {
    let key = [&[0][..], key.verifying_key().to_encoded_point(false).as_bytes()].concat();
    let key = wrapped(0x30, &[KEY, &wrapped(3, &key)].concat());
    let constraints = wrapped(4, &wrapped(0x30, if authority { &[1, 1, 255] } else { &[] }));
    let extension = wrapped(0x30, &[&[6, 3, 0x55, 0x1d, 19, 1, 1, 255][..], &constraints].concat());
    let extensions = wrapped(0xa3, &wrapped(0x30, &extension));
    let start = [&[0xa0, 3, 2, 1, 2, 2, 1, 1][..], SIGNED].concat();
    let content = [&start[..], &common_name(issuer.0), VALID, &common_name(name), &key, &extensions].concat();
    let content = wrapped(0x30, &content);
    let signature: DerSignature = issuer.1.sign(&content);
    let signature = wrapped(3, &[&[0][..], signature.as_bytes()].concat());
    wrapped(0x30, &[&content[..], SIGNED, &signature].concat())
}

fn common_name(name: &str) -> Vec<u8> {
    let name = [&[6, 3, 0x55, 4, 3][..], &wrapped(12, name.as_bytes())].concat();
    wrapped(0x30, &wrapped(0x31, &wrapped(0x30, &name)))
}

/// A value in DER.
fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = (content.len() as u16).to_be_bytes();
    let header = match content.len() {
        0..128 => std::vec![tag, low],
        128..256 => std::vec![tag, 0x81, low],
        _ => std::vec![tag, 0x82, high, low],
    };
    [&header[..], content].concat()
}
