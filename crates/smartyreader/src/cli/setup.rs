//! `setup`: from the cable to a configuration, in three questions.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serial2_tokio::SerialPort;
use smarty_p1::{
    Authentication, Deframer, Frame, Key, LONGEST_FRAME, OpenError, Progress, Reading, Telegram, hex_text,
};
use zeroize::Zeroizing;

use super::ports;
use crate::config::Format;
use crate::exit::{Code, Failure};
use crate::observe::title_text;
use crate::source;

#[derive(Debug, Args)]
pub(super) struct Setup {
    /// Where to write the configuration.
    #[arg(long, value_name = "FILE", default_value = "smartyreader.toml")]
    output: PathBuf,
    /// The port; asked for where not given.
    #[arg(long, value_name = "DEVICE")]
    port: Option<PathBuf>,
    /// A file with the key; asked for without echo where not given.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Where to keep readings; asked for where not given.
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// How long to listen for a telegram, in seconds.
    #[arg(long, default_value_t = 25)]
    listen: u64,
}

impl Setup {
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.output.exists() {
            return Err(Failure::new(
                Code::CannotCreate,
                format!("{} is there already; name another with --output, or move it away", self.output.display()),
            ));
        }
        let (port, heard) = self.choose_port()?;
        let key_file = match heard {
            Heard::Sealed { title, ref frame } => Some(self.key(title, frame)?),
            Heard::Plain { .. } => None,
            Heard::Nothing | Heard::Noise(_) | Heard::Closed(_) => {
                return Err(Failure::new(Code::Unavailable, "without a telegram there is nothing to set up yet"));
            }
        };
        let store = match &self.store {
            Some(path) => path.clone(),
            None => PathBuf::from(ask("Where to keep the readings", "smartyreader.db")?),
        };
        let text = configuration(&port, key_file.as_ref(), &heard, &store);
        std::fs::write(&self.output, text).map_err(|error| {
            Failure::new(Code::CannotCreate, format!("{} cannot be written: {error}", self.output.display()))
        })?;
        println!("\nWritten: {}\nNow: smartyreader run --config {}", self.output.display(), self.output.display());
        println!("Then look at http://127.0.0.1:8090/");
        Ok(())
    }

    /// Listens on every port at once, says what is heard on each, and asks which it is.
    fn choose_port(&self) -> Result<(PathBuf, Heard), Failure> {
        let ports = self.port.clone().map_or_else(ports::list, |port| vec![port]);
        if ports.is_empty() {
            return Err(Failure::new(
                Code::NoInput,
                "no serial port is there; plug the P1 cable in, or name one with --port",
            ));
        }
        println!("Listening for up to {} seconds; a meter sends every ten …", self.listen);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let patience = Duration::from_secs(self.listen);
        let mut heard: Vec<(PathBuf, Heard)> = runtime.block_on(async {
            let mut listeners = tokio::task::JoinSet::new();
            for port in ports {
                listeners.spawn(async move {
                    let heard = listen(&port, patience).await;
                    (port, heard)
                });
            }
            listeners.join_all().await
        });
        // What can be set up comes first, so that it is what a bare Enter means.
        heard.sort_by_key(|(port, heard)| (!heard.is_a_meter(), port.clone()));
        for (index, (port, heard)) in heard.iter().enumerate() {
            println!("{:>3}  {}\n     {}", index + 1, port.display(), heard.sentence());
        }
        if heard.len() == 1 {
            return Ok(heard.remove(0));
        }
        loop {
            let answer = ask("Which is the meter", "1")?;
            match answer
                .parse::<usize>()
                .ok()
                .and_then(|number| number.checked_sub(1))
                .filter(|index| *index < heard.len())
            {
                Some(index) => return Ok(heard.remove(index)),
                None => println!("A number from 1 to {}, please.", heard.len()),
            }
        }
    }

    /// The file with a key that opens the frame that was heard.
    fn key(&self, title: [u8; 8], frame: &[u8]) -> Result<(PathBuf, bool), Failure> {
        if let Some(file) = &self.key_file {
            let text = std::fs::read_to_string(file)
                .map(Zeroizing::new)
                .map_err(|error| Failure::new(Code::NoInput, format!("{} cannot be read: {error}", file.display())))?;
            let unchecked = try_key(&text, title, frame).map_err(|sentence| Failure::new(Code::Data, sentence))?;
            return Ok((file.clone(), unchecked));
        }
        loop {
            let text = rpassword::prompt_password("The key of this meter, 32 hex digits (it is not shown): ")
                .map(Zeroizing::new)
                .map_err(|error| Failure::new(Code::Io, format!("no terminal to ask on ({error}); use --key-file")))?;
            match try_key(&text, title, frame) {
                Err(sentence) => println!("{sentence}"),
                Ok(unchecked) => {
                    let file = self.output.with_extension("key");
                    write_key(&file, &text)?;
                    println!(
                        "The key opens the meter's telegrams. It is in {}, readable for you alone.",
                        file.display()
                    );
                    return Ok((file, unchecked));
                }
            }
        }
    }
}

/// Ok(true): it opens, but only without the tag.
fn try_key(text: &str, title: [u8; 8], frame: &[u8]) -> Result<bool, String> {
    let key = Key::from_hex(text).map_err(|why| format!("This is no key: {why}."))?;
    if key.is_standard_authentication_key() {
        return Err(
            "This is the public authentication key, which is the same for all meters. The meter's own encryption key is the other one in the operator's letter.".into(),
        );
    }
    let mut bytes = frame.to_vec();
    let Some(mut sealed) = smarty_p1::SealedFrame::parse(&mut bytes) else {
        return Err("The frame that was heard is not whole; try again.".into());
    };
    match sealed.open(&key, &Authentication::Standard) {
        Ok(_) => Ok(false),
        Err(OpenError::AuthenticationKeyDiffers) => Ok(true),
        Err(_) => Err(format!(
            "This key does not open the telegrams. They come from meter {}: is the key for that one?",
            title_text(title)
        )),
    }
}

fn write_key(file: &Path, text: &str) -> Result<(), Failure> {
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut file| writeln!(file, "{}", text.trim()));
    written.map_err(|error| Failure::new(Code::CannotCreate, format!("{} cannot be written: {error}", file.display())))
}

enum Heard {
    /// The port cannot be opened or read, and why.
    Closed(String),
    Nothing,
    Noise(usize),
    Plain {
        equipment: String,
        crc: bool,
    },
    Sealed {
        title: [u8; 8],
        frame: Vec<u8>,
    },
}

impl Heard {
    fn is_a_meter(&self) -> bool {
        matches!(self, Self::Plain { .. } | Self::Sealed { .. })
    }

    fn sentence(&self) -> String {
        match self {
            Self::Closed(why) => format!("This port cannot be read: {why}."),
            Self::Nothing => {
                "Nothing was heard. Is the cable in the meter's port, and is the port released by the operator?".into()
            }
            Self::Noise(bytes) => format!(
                "{bytes} bytes were heard, but no telegram begins in them. `smartyreader doctor --device` and this port says why."
            ),
            Self::Plain { equipment, .. } => format!("A plain telegram of meter {equipment}: no key is needed."),
            Self::Sealed { title, .. } => {
                format!("A sealed telegram of meter {}: the key is needed.", title_text(*title))
            }
        }
    }
}

async fn listen(device: &Path, patience: Duration) -> Heard {
    match source::port(device, 115_200, Format::EightNone) {
        Ok(port) => listen_on(&port, patience).await.unwrap_or_else(|error| Heard::Closed(error.to_string())),
        Err(error) => Heard::Closed(error.to_string()),
    }
}

async fn listen_on(port: &SerialPort, patience: Duration) -> io::Result<Heard> {
    let mut deframer = Box::new(Deframer::<LONGEST_FRAME>::new());
    let mut buffer = [0; 4096];
    let mut bytes = 0;
    let until = Instant::now() + patience;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        let Ok(read) = tokio::time::timeout(left, port.read(&mut buffer)).await else { break };
        let mut rest = &buffer[..read?];
        if rest.is_empty() {
            return Ok(Heard::Closed("it was closed at the other end".into()));
        }
        bytes += rest.len();
        loop {
            let (used, progress) = deframer.feed(rest);
            rest = &rest[used..];
            match progress {
                Progress::Pending if rest.is_empty() => break,
                Progress::Frame => {
                    // Kept, since the key is asked for only after the port has gone on.
                    let frame = deframer.frame_bytes().to_vec();
                    if let Some(heard) = recognise(deframer.frame(), frame) {
                        return Ok(heard);
                    }
                    deframer.reject();
                }
                _ => {}
            }
        }
    }
    Ok(if bytes == 0 { Heard::Nothing } else { Heard::Noise(bytes) })
}

fn recognise(frame: Frame<'_>, bytes: Vec<u8>) -> Option<Heard> {
    match frame {
        Frame::Foreign(_) => None,
        Frame::Sealed(sealed) => Some(Heard::Sealed { title: sealed.system_title(), frame: bytes }),
        Frame::Plain(text) => {
            let telegram = Telegram::parse(text).ok()?;
            let reading = Reading::of(&telegram);
            let mut decoded = [0; 64];
            let identity = reading.identity().unwrap_or(telegram.identification());
            let equipment = hex_text(identity, &mut decoded)
                .map_or_else(|| String::from_utf8_lossy(identity).into_owned(), str::to_string);
            Some(Heard::Plain { equipment, crc: telegram.crc().is_some() })
        }
    }
}

fn ask(question: &str, default: &str) -> Result<String, Failure> {
    print!("{question} [{default}]: ");
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    let answer = answer.trim();
    Ok(if answer.is_empty() { default } else { answer }.to_string())
}

fn configuration(port: &Path, key: Option<&(PathBuf, bool)>, heard: &Heard, store: &Path) -> String {
    let mut text = format!(
        "# SmartyReader. `smartyreader check --config THIS` says what this does.\n\
         zone = \"Europe/Luxembourg\"\n\n\
         # Where the telegrams come from.\n\
         [source.cable]\nkind = \"serial\"\ndevice = {:?}\n",
        port.display().to_string()
    );
    if let Heard::Plain { crc: false, .. } = heard {
        text += "# This meter sends no checksum, so damage cannot be told from data.\naccept-without-crc = true\n";
    }
    text += "\n# The meter. Its name stands in paths and topics.\n[meter.home]\nsource = \"cable\"\ntitle = \"Home\"\n";
    if let Some((file, unchecked)) = key {
        let file = std::fs::canonicalize(file).unwrap_or_else(|_| file.clone());
        let _ = writeln!(text, "key-file = {:?}", file.display().to_string());
        if *unchecked {
            text += "# The meter's authentication key is not the usual one. Put yours here; \"none\" reads without proof of origin.\n\
                     authentication-key = \"none\"\n";
        }
    }
    let _ = write!(
        text,
        "\n# Every telegram is kept here, about 20 MB a year.\n[store]\npath = {:?}\n\
         # flush = \"60s\"          # spare an SD card\n\
         # retention = \"3650d\"    # default: for ever\n\n\
         # The page, for this machine alone. For others: listen = \"0.0.0.0:8090\" and a password-hash made by `smartyreader password`.\n\
         [web]\nlisten = \"127.0.0.1:8090\"\n",
        store.display().to_string()
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_setup_writes_is_a_good_configuration() {
        let heard = Heard::Plain { equipment: "X".into(), crc: false };
        let text = configuration(Path::new("/dev/ttyUSB0"), None, &heard, Path::new("/tmp/x.db"));
        let config = crate::config::parse(&text, "setup").unwrap();
        assert!(config.errors().is_empty(), "{:?}", config.errors());
    }
}
