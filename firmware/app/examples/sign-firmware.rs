//! Makes the key that updates are signed with, and signs. Run it as `scripts/sign-firmware`.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitCode;

use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};
use smarty_app::update::{Version, signed_part};

const USAGE: &str = "sign-firmware new-key KEY-FILE
    makes a secret key; keep it, boards take nothing that another one signed
sign-firmware public KEY-FILE
    prints the public key: for SMARTY_UPDATE_KEY when a board is built, or for its setting update-key
sign-firmware sign KEY-FILE BOARD VERSION IMAGE OUT
    signs an application image (scripts/firmware makes it) for boards of this kind: esp32c3-wifi, esp32c3-eth";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["new-key", key] => new_key(key),
        ["public", key] => read_key(key).map(|key| println!("{}", hex(key.verifying_key().as_bytes()))),
        ["sign", key, board, version, image, out] => sign(key, board, version, image, out),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn new_key(path: &str) -> Result<(), Box<dyn Error>> {
    let mut seed = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut seed)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| format!("{path}: {error}. A key that is there is not overwritten."))?;
    writeln!(file, "{}", hex(&seed))?;
    println!("{}", hex(SigningKey::from_bytes(&seed).verifying_key().as_bytes()));
    Ok(())
}

fn read_key(path: &str) -> Result<SigningKey, Box<dyn Error>> {
    let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let wrong = || format!("{path}: no key; make one with sign-firmware new-key");
    let text = text.trim();
    if text.len() != 64 || !text.is_ascii() {
        return Err(wrong().into());
    }
    let mut seed = [0; 32];
    for (at, byte) in seed.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| wrong())?;
    }
    Ok(SigningKey::from_bytes(&seed))
}

fn sign(key: &str, board: &str, version: &str, image: &str, out: &str) -> Result<(), Box<dyn Error>> {
    let key = read_key(key)?;
    let version = Version::parse(version).ok_or("write the version as 1.2.3")?;
    let bytes = fs::read(image).map_err(|error| format!("{image}: {error}"))?;
    if bytes.first() != Some(&0xe9) {
        return Err(format!("{image}: no application image; scripts/firmware makes one").into());
    }
    let length = u32::try_from(bytes.len())?;
    let part = signed_part(board, version, length, &Sha256::digest(&bytes).into())
        .ok_or("write the board as up to 16 letters, digits and hyphens")?;
    let mut file = File::create(out).map_err(|error| format!("{out}: {error}"))?;
    file.write_all(&part)?;
    file.write_all(&key.sign(&part).to_bytes())?;
    file.write_all(&bytes)?;
    println!("{out}: {board} {version}, {length} bytes");
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
