//! A reader just good enough for these tests, written apart from the crate's own code.

#![allow(dead_code, reason = "every test file uses its own part")]

use aes_gcm::aead::consts::U12;
use aes_gcm::{AeadInOut, AesGcm, KeyInit, Nonce, Tag, aes::Aes128};

/// CRC-16/ARC, one bit at a time.
pub(crate) fn crc_bit_by_bit(bytes: &[u8]) -> u16 {
    let mut crc = 0;
    for &byte in bytes {
        for bit in 0..8 {
            let out = (crc ^ u16::from(byte >> bit)) & 1;
            crc = (crc >> 1) ^ (out * 0xA001);
        }
    }
    crc
}

/// The lines between identification and `!`, as code and bracket groups.
pub(crate) fn objects(text: &[u8]) -> Vec<(String, Vec<String>)> {
    let text = core::str::from_utf8(text).expect("a telegram is ASCII");
    let mut lines = text.split("\r\n").skip(2);
    let mut objects = Vec::new();
    for line in lines.by_ref().take_while(|line| !line.starts_with('!')) {
        let (code, rest) = line.split_once('(').expect("every line has a bracket");
        let groups = rest.strip_suffix(')').expect("every line ends with a bracket").split(")(");
        objects.push((code.to_owned(), groups.map(str::to_owned).collect()));
    }
    objects
}

/// The number in the first group of an object, in the last of `decimals`, without its unit.
pub(crate) fn number(text: &[u8], code: &str, decimals: usize) -> u64 {
    let objects = objects(text);
    let (_, groups) = objects.iter().find(|(found, _)| found == code).unwrap_or_else(|| panic!("no {code}"));
    let digits = groups[groups.len() - 1].split('*').next().expect("split gives at least one");
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(fraction.len() <= decimals, "{code} is finer than expected");
    format!("{whole}{fraction:0<decimals$}").parse().expect("digits")
}

/// Opens a sealed frame, or says why not.
pub(crate) fn open(frame: &[u8], key: [u8; 16], authentication_key: [u8; 16]) -> Result<(u32, Vec<u8>), &'static str> {
    if frame[..2] != [0xDB, 8] {
        return Err("no sealed frame");
    }
    let title = &frame[2..10];
    let (length, rest) = match frame[10] {
        short @ 0..0x80 => (usize::from(short), &frame[11..]),
        form => {
            let count = usize::from(form & 0x7F);
            let length = frame[11..11 + count].iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
            (length, &frame[11 + count..])
        }
    };
    if rest.len() != length {
        return Err("the length is not what follows");
    }
    let (head, body) = rest.split_at(5);
    let (ciphertext, tag) = body.split_at(body.len() - 12);
    let mut text = ciphertext.to_vec();
    let nonce: [u8; 12] = [title, &head[1..]].concat().try_into().expect("8 and 4");
    let authenticated = [&head[..1], &authentication_key[..]].concat();
    let tag: [u8; 12] = tag.try_into().expect("12");
    AesGcm::<Aes128, U12, U12>::new(&key.into())
        .decrypt_inout_detached(
            &Nonce::<U12>::from(nonce),
            &authenticated,
            text.as_mut_slice().into(),
            &Tag::<U12>::from(tag),
        )
        .map_err(|_| "the tag does not match")?;
    Ok((u32::from_be_bytes(head[1..].try_into().expect("4")), text))
}

/// Whether `part` is in `bytes` as a whole.
pub(crate) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
