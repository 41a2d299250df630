//! `setup`: from the cable to a configuration that works, in three questions: which port, which key, who may see it.

mod draft;
mod heard;

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use clap::Args;
use rustix::fs::{Access, access};
use zeroize::Zeroizing;

use super::{password, ports};
use crate::config::{self, Answers, Preset};
use crate::exit::{Code, Failure};
use draft::{Broker, Draft, Key};
use heard::{Heard, hear, try_key};

#[derive(Debug, Args)]
pub(super) struct Setup {
    /// Where to write the configuration [default: /etc/smartyreader/smartyreader.toml where the package made that folder,
    /// otherwise smartyreader.toml here].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// A file with the answers, so that nothing is asked.
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// The port; all are tried where none is given.
    #[arg(long, value_name = "DEVICE")]
    port: Option<PathBuf>,
    /// How the port is set: 115200 8N1, or 9600 7E1 for meters before 2014.
    #[arg(long, value_parser = ["dsmr-5", "dsmr-2"])]
    preset: Option<String>,
    /// A file with the key; asked for without echo where not given.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Where to keep readings.
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// How long to listen for a telegram, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 25)]
    listen: u64,
}

/// Where the package puts the configuration, and the unit looks for it.
const SYSTEM: &str = "/etc/smartyreader";
/// Beside the configuration: readable for its owner alone. The unit gives what is in it to the service.
const KEYS: &str = "keys";

impl Setup {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut answers = match &self.answers {
            Some(file) => Answers::load(file)?,
            None => Answers::default(),
        };
        answers.port = self.port.clone().or(answers.port);
        answers.key_file = self.key_file.clone().or(answers.key_file);
        answers.store = self.store.clone().or(answers.store);
        let name = answers.name.clone().unwrap_or_else(|| "home".into());
        if !config::is_slug(&name) {
            let sentence = format!("the name \"{name}\": use small letters, digits and \"-\", and `title` for people");
            return Err(Failure::new(Code::Usage, sentence));
        }
        let place = Place::new(self.output.clone())?;

        let preset = self.preset.clone().unwrap_or_else(|| match answers.preset {
            Some(Preset::Dsmr2) => "dsmr-2".into(),
            _ => "dsmr-5".into(),
        });
        let (device, heard) = self.choose_port(answers.port.clone(), &preset)?;
        let mut files = Vec::new();
        let (mut key, mut crc) = (None, true);
        match &heard {
            Heard::Sealed { title, frame } => {
                let (text, unchecked) = self.key(answers.key_file.as_deref(), *title, frame)?;
                let file = Path::new(KEYS).join(format!("{name}.key"));
                key = Some(Key { file: file.clone(), unchecked });
                files.push((file, text));
            }
            Heard::Plain { crc: checked, .. } => crc = *checked,
            Heard::No(_) => {
                return Err(Failure::new(Code::Unavailable, "without a telegram there is nothing to set up yet"));
            }
        }
        let seen = if self.answers.is_some() { Seen::answered(&answers)? } else { Seen::asked()? };
        let listen = answers.listen.unwrap_or_else(|| {
            let host = if seen.password_hash.is_some() { [0, 0, 0, 0] } else { [127, 0, 0, 1] };
            SocketAddr::from((host, 8090))
        });
        let broker = seen.broker.map(|(address, login)| {
            let (user, password) = login.map_or((None, None), |(user, password)| (Some(user), password));
            let password_file = password.map(|text| {
                let file = Path::new(KEYS).join("broker.password");
                files.push((file.clone(), text));
                file
            });
            Broker { address, user, password_file }
        });
        let draft = Draft {
            zone: "Europe/Luxembourg",
            device,
            preset,
            crc,
            title: answers.title.clone().unwrap_or_else(|| "Home".into()),
            name,
            key,
            store: answers.store.clone().unwrap_or_else(|| place.store()),
            listen,
            password_hash: seen.password_hash,
            broker,
        };
        place.write(&draft, &files)?;
        place.tell(listen);
        Ok(())
    }

    /// Listens on every port at once, says what is heard on each, and asks which it is.
    fn choose_port(&self, port: Option<PathBuf>, preset: &str) -> Result<(PathBuf, Heard), Failure> {
        let ports = port.map_or_else(ports::list, |port| vec![port]);
        if ports.is_empty() {
            return Err(Failure::new(
                Code::NoInput,
                "no serial port is there; plug the P1 cable in, or name one with --port",
            ));
        }
        println!("Listening for up to {} seconds; a meter sends every ten …", self.listen);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut heard: Vec<(PathBuf, Heard)> = runtime.block_on(async {
            let mut listeners = tokio::task::JoinSet::new();
            for port in ports {
                let (preset, seconds) = (preset.to_string(), self.listen);
                listeners.spawn(async move {
                    let heard = hear(port.clone(), &preset, seconds).await?;
                    Ok((port, heard))
                });
            }
            listeners.join_all().await.into_iter().collect::<Result<_, Failure>>()
        })?;
        // What can be set up comes first, so that it is what a bare Enter means.
        heard.sort_by_key(|(port, heard)| (!heard.is_a_meter(), port.clone()));
        for (index, (port, heard)) in heard.iter().enumerate() {
            println!("{:>3}  {}\n     {}", index + 1, port.display(), heard.sentence());
        }
        if heard.len() == 1 {
            return Ok(heard.remove(0));
        }
        if self.answers.is_some() {
            let meters = heard.iter().filter(|(_, heard)| heard.is_a_meter()).count();
            if meters == 1 {
                return Ok(heard.remove(0));
            }
            let sentence =
                format!("meters are heard on {meters} ports: write `port = …` of one of them into the answers");
            return Err(Failure::new(Code::Unavailable, sentence));
        }
        let number = choose("Which is the meter", heard.len(), 1)?;
        Ok(heard.remove(number - 1))
    }

    /// A key that opens the frame that was heard, and whether it opens it without proof only.
    fn key(&self, file: Option<&Path>, title: [u8; 8], frame: &[u8]) -> Result<(Zeroizing<String>, bool), Failure> {
        if let Some(file) = file {
            let text = secret(file)?;
            let unchecked = try_key(&text, title, frame).map_err(|sentence| Failure::new(Code::Data, sentence))?;
            return Ok((text, unchecked));
        }
        if self.answers.is_some() {
            let sentence = "the meter's telegrams are sealed: write `key-file = …` into the answers";
            return Err(Failure::new(Code::Usage, sentence));
        }
        loop {
            let text = rpassword::prompt_password("The key of this meter, 32 hex digits (it is not shown): ")
                .map(Zeroizing::new)
                .map_err(|error| Failure::new(Code::Io, format!("no terminal to ask on ({error}); use --key-file")))?;
            match try_key(&text, title, frame) {
                Err(sentence) => println!("{sentence}"),
                Ok(unchecked) => {
                    println!("The key opens the meter's telegrams.");
                    return Ok((text, unchecked));
                }
            }
        }
    }
}

/// A user, and a password where there is one.
type Login = (String, Option<Zeroizing<String>>);

/// Who may see the readings.
#[derive(Default)]
struct Seen {
    password_hash: Option<String>,
    broker: Option<(String, Option<Login>)>,
}

impl Seen {
    fn answered(answers: &Answers) -> Result<Self, Failure> {
        let hash = |file: &PathBuf| password::hash(&secret(file)?);
        let password = answers.broker_password_file.as_deref().map(secret).transpose()?;
        let login = answers.broker_user.clone().map(|user| (user, password));
        Ok(Self {
            password_hash: answers.password_file.as_ref().map(hash).transpose()?,
            broker: answers.broker.clone().map(|address| (address, login)),
        })
    }

    fn asked() -> Result<Self, Failure> {
        println!(
            "\nWho may see the readings?\n  1  this machine alone\n  2  everybody in the home network who knows a password\n  \
             3  this machine, and other programs through an MQTT broker (Home Assistant, …)"
        );
        // Who is here over the network wants to see the page over the network.
        let usual = if std::env::var_os("SSH_CONNECTION").is_some() { 2 } else { 1 };
        match choose("Which", 3, usual)? {
            2 => Ok(Self { password_hash: Some(password::hash(&password::twice()?)?), broker: None }),
            3 => {
                let address = ask("The broker", "mqtt://127.0.0.1")?;
                let user = ask("The user's name at the broker", "none")?;
                let login = if user == "none" {
                    None
                } else {
                    let password = rpassword::prompt_password("The user's password at the broker (it is not shown): ");
                    let password = password.map(Zeroizing::new).map_err(|error| {
                        Failure::new(Code::Io, format!("no terminal to ask on ({error}); use --answers"))
                    })?;
                    Some((user, Some(password)))
                };
                Ok(Self { password_hash: None, broker: Some((address, login)) })
            }
            _ => Ok(Self::default()),
        }
    }
}

/// Where the configuration will be.
struct Place {
    output: PathBuf,
    /// Where the package's unit looks for it.
    system: bool,
}

impl Place {
    /// Nothing may be there yet, and it must be allowed to write there: better known before the questions.
    fn new(output: Option<PathBuf>) -> Result<Self, Failure> {
        let system = output.is_none() && Path::new(SYSTEM).is_dir();
        let folder = if system { Path::new(SYSTEM) } else { Path::new("") };
        let output = output.unwrap_or_else(|| folder.join("smartyreader.toml"));
        if output.exists() {
            return Err(Failure::new(
                Code::CannotCreate,
                format!("{} is there already; name another with --output, or move it away", output.display()),
            ));
        }
        let place = Self { output, system };
        if let Err(error) = access(place.folder(), Access::WRITE_OK) {
            let folder = place.folder().display();
            let sentence = format!("nothing can be written into {folder}: {error}; try again with sudo");
            return Err(Failure::new(Code::CannotCreate, sentence));
        }
        Ok(place)
    }

    fn folder(&self) -> &Path {
        self.output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    fn store(&self) -> PathBuf {
        if self.system { config::Store::default().path } else { "smartyreader.db".into() }
    }

    /// Writes the secrets, then the configuration, which is then read back: what has errors does not stay.
    fn write(&self, draft: &Draft, secrets: &[(PathBuf, Zeroizing<String>)]) -> Result<(), Failure> {
        let keys = self.folder().join(KEYS);
        let failed = |path: &Path| {
            let path = path.display().to_string();
            move |error| Failure::new(Code::CannotCreate, format!("{path} cannot be written: {error}"))
        };
        if !secrets.is_empty() && !keys.is_dir() {
            std::fs::DirBuilder::new().mode(0o700).create(&keys).map_err(failed(&keys))?;
        }
        for (file, text) in secrets {
            let file = self.folder().join(file);
            write(&file, 0o600, &format!("{}\n", text.trim())).map_err(failed(&file))?;
        }
        write(&self.output, 0o640, &draft.text()).map_err(failed(&self.output))?;
        let wrong = match config::load(&self.output) {
            Ok(config) => config.errors().join("\n"),
            Err(error) => error.to_string(),
        };
        if wrong.is_empty() {
            return Ok(());
        }
        std::fs::remove_file(&self.output).map_err(failed(&self.output))?;
        Err(Failure::new(Code::Config, format!("these answers make no good configuration:\n{wrong}")))
    }

    fn tell(&self, listen: SocketAddr) {
        let file = self.output.display();
        if self.system {
            println!("\nWritten: {file}, which sudo smartyreader check explains.");
            println!("Now: sudo systemctl restart smartyreader");
        } else {
            println!("\nWritten: {file}, which smartyreader check --config {file} explains.");
            println!("Now: smartyreader run --config {file}");
        }
        let host = if listen.ip().is_unspecified() { host_name() } else { listen.ip().to_string() };
        println!("Then look at http://{host}:{}/", listen.port());
    }
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn write(file: &Path, mode: u32, text: &str) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(file)?;
    // Whatever the umask is, and whatever rights a file had that is written anew.
    file.set_permissions(std::fs::Permissions::from_mode(mode))?;
    file.write_all(text.as_bytes())
}

fn secret(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(Code::NoInput, format!("{} cannot be read: {error}", file.display())))?;
    Ok(Zeroizing::new(Zeroizing::new(text).trim().to_string()))
}

fn choose(question: &str, most: usize, usual: usize) -> Result<usize, Failure> {
    loop {
        let answer = ask(question, &usual.to_string())?;
        match answer.parse().ok().filter(|number| (1..=most).contains(number)) {
            Some(number) => return Ok(number),
            None => println!("A number from 1 to {most}, please."),
        }
    }
}

/// A bare Enter, and an input that has ended, is the usual answer.
fn ask(question: &str, usual: &str) -> Result<String, Failure> {
    print!("{question} [{usual}]: ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    let answer = answer.trim();
    Ok(if answer.is_empty() { usual } else { answer }.to_string())
}
