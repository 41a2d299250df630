//! Makes the key that updates are signed with, signs, and puts a signed image at a broker. Run it as `scripts/sign-firmware`.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Command, ExitCode, Stdio};

use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};
use smarty_app::update::{CHUNK, Header, Notice, Version, signed_part};

const USAGE: &str = "sign-firmware new-key KEY-FILE
    makes a secret key; keep it, boards take nothing that another one signed
sign-firmware public KEY-FILE
    prints the public key: for SMARTY_UPDATE_KEY when a board is built, or for its setting update-key
sign-firmware sign KEY-FILE BOARD VERSION IMAGE OUT
    signs an application image (scripts/firmware makes it) for boards of this kind: esp32c3-wifi, esp32c3-eth
sign-firmware publish FILE TOPIC [OPTION...]
    puts a signed image at a broker, in retained chunks below TOPIC/update (TOPIC is the board's setting), and the notice
    behind them. It calls mosquitto_pub for each, with these options: -h HOST, -p PORT, --cafile FILE ...
    User and password belong into ~/.config/mosquitto_pub, lines `-u USER` and `-P PASSWORD`: arguments are seen by everybody
sign-firmware clear FILE TOPIC [OPTION...]
    takes these chunks away again, and the notice if it is of this version; that is read with mosquitto_sub, which has its user
    and password from ~/.config/mosquitto_sub";

/// Where an application image has its descriptor: behind the image's header and that of its first segment.
const DESCRIPTOR: usize = 32;
const DESCRIPTOR_MAGIC: [u8; 4] = 0xABCD_5432_u32.to_le_bytes();

/// What `mosquitto_sub` ends with when nothing has come in time.
const NOTHING_KEPT: i32 = 27;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["new-key", key] => new_key(key),
        ["public", key] => read_key(key).map(|key| println!("{}", hex(key.verifying_key().as_bytes()))),
        ["sign", key, board, version, image, out] => sign(key, board, version, image, out),
        ["publish", file, topic, ref options @ ..] => {
            Broker::new(topic, options).and_then(|broker| broker.publish(file))
        }
        ["clear", file, topic, ref options @ ..] => Broker::new(topic, options).and_then(|broker| broker.clear(file)),
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
    // A board compares what it is offered with what it says of itself: the two have to agree.
    let own = own_version(&bytes).ok_or_else(|| {
        format!(
            "{image}: its own version cannot be read, and a board with it would never take an update again. \
             Build it with SMARTY_VERSION={version}."
        )
    })?;
    if own != version {
        return Err(format!(
            "{image}: it says of itself that it is version {own}, and would take {version} again and again. \
             Sign it as {own}, or build it with SMARTY_VERSION={version}."
        )
        .into());
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

/// The version in an image's descriptor.
fn own_version(image: &[u8]) -> Option<Version> {
    let text = image.get(DESCRIPTOR..)?.strip_prefix(&DESCRIPTOR_MAGIC)?.get(12..44)?;
    let end = text.iter().position(|byte| *byte == 0)?;
    Version::parse(std::str::from_utf8(&text[..end]).ok()?)
}

/// A broker as `mosquitto_pub` reaches it.
struct Broker<'a> {
    /// Topic of the notice.
    update: String,
    options: &'a [&'a str],
}

impl<'a> Broker<'a> {
    fn new(topic: &str, options: &'a [&'a str]) -> Result<Self, Box<dyn Error>> {
        if options.iter().any(|option| option.starts_with("-P") || matches!(*option, "--pw" | "--psk")) {
            let why = "a password or key among the arguments is seen by everybody on this machine; put it into \
                       ~/.config/mosquitto_pub, a line `-P PASSWORD` or `--psk KEY`";
            return Err(why.into());
        }
        Ok(Self { update: format!("{topic}/update"), options })
    }

    /// The chunks first: a board begins as soon as it sees the notice.
    fn publish(&self, path: &str) -> Result<(), Box<dyn Error>> {
        let (version, file) = signed(path)?;
        let chunks = file.chunks(CHUNK);
        let count = chunks.len();
        for (number, chunk) in chunks.enumerate() {
            self.keep(&format!("{}/{version}/{number}", self.update), chunk)?;
        }
        let notice = format!("{{\"version\":\"{version}\",\"chunks\":{count}}}");
        self.keep(&self.update, notice.as_bytes())?;
        println!("{}: {notice}", self.update);
        Ok(())
    }

    /// The notice first: a board would look for chunks that are gone.
    fn clear(&self, path: &str) -> Result<(), Box<dyn Error>> {
        let (version, file) = signed(path)?;
        let notice = self.notice()?;
        let named = Notice::parse(&notice).ok().flatten().map(|notice| notice.version);
        let said = if named == Some(version) {
            self.keep(&self.update, &[])?;
            "the notice and the chunks are taken away"
        } else if notice.is_empty() {
            "there was no notice; the chunks are taken away"
        } else {
            "the notice is not of this version and stays; the chunks are taken away"
        };
        for number in 0..file.chunks(CHUNK).len() {
            self.keep(&format!("{}/{version}/{number}", self.update), &[])?;
        }
        println!("{}: version {version}: {said}", self.update);
        Ok(())
    }

    /// The notice that the broker keeps; empty where there is none.
    fn notice(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        let mut command = Command::new("mosquitto_sub");
        command.args(self.options).args(["-t", &self.update, "--retained-only", "-N", "-C", "1", "-W", "2"]);
        let output = command
            .output()
            .map_err(|error| format!("mosquitto_sub: {error}; Debian has it in the package mosquitto-clients"))?;
        // It ends well, too, when it may not read the topic.
        let is_read = output.status.success() && !output.stdout.is_empty();
        if is_read || output.status.code() == Some(NOTHING_KEPT) {
            return Ok(output.stdout);
        }
        Err(format!(
            "{}: mosquitto_sub could not read the notice, so nothing was taken away: {} User and password belong into \
             ~/.config/mosquitto_sub, too.",
            self.update,
            String::from_utf8_lossy(&output.stderr).trim()
        )
        .into())
    }

    /// Leaves a message with the broker; an empty one takes away what was there.
    fn keep(&self, topic: &str, message: &[u8]) -> Result<(), Box<dyn Error>> {
        let mut command = Command::new("mosquitto_pub");
        command.args(self.options).args(["-q", "1", "-r", "-t", topic]);
        command.arg(if message.is_empty() { "-n" } else { "-s" }).stdin(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|error| format!("mosquitto_pub: {error}; Debian has it in the package mosquitto-clients"))?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(message)?;
        }
        if child.wait()?.success() {
            return Ok(());
        }
        Err(format!("{topic}: mosquitto_pub could not publish it; run the same command again").into())
    }
}

/// A file that was signed, and its version.
fn signed(path: &str) -> Result<(Version, Vec<u8>), Box<dyn Error>> {
    let file = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    let version =
        Header::claimed(&file).ok_or_else(|| format!("{path}: no signed image; make one with sign-firmware sign"))?;
    Ok((version, file))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
