//! A real Mosquitto on a free port, in each of its security modes, and who listens to it.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};

use super::{Folder, Process, free_port};

/// How the broker is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    Plain,
    Password,
    Tls,
    ExpiredTls,
    ClientCertificate,
    Psk,
    WebSocket,
    SecureWebSocket,
}

pub const USER: &str = "board";
pub const PASSWORD: &str = "correct horse battery";
pub const PSK_IDENTITY: &str = "smarty";
pub const PSK: &str = "00112233445566778899aabbccddeeff";

/// A broker that can be stopped and started again on its port.
pub struct Broker {
    process: Option<Process>,
    config: PathBuf,
    pub port: u16,
    /// For Mosquitto's own clients, which know no WebSocket.
    plain: u16,
    security: Security,
    folder: PathBuf,
}

impl Broker {
    /// Starts one. Its files are in the test's folder: `ca.pem`, `client.pem`, `client-key.pem`, `password`, `psk`.
    pub fn start(folder: &Folder, security: Security) -> Self {
        let port = free_port();
        let path = |name: &str| folder.file(name).display().to_string();
        let websocket = matches!(security, Security::WebSocket | Security::SecureWebSocket);
        // As root it would change to a user who may not read these files.
        // A listener that comes back after a restart later than the one who publishes gets the live values, too.
        let mut lines = vec![format!(
            "user root\npersistence true\npersistence_location {}/\nqueue_qos0_messages true",
            folder.path().display()
        )];
        // Mosquitto 2.0.11 does not start with nothing but a WebSocket.
        let plain = if websocket { free_port() } else { port };
        if websocket {
            lines.push(format!("listener {plain} 127.0.0.1"));
        }
        lines.push(format!("listener {port} 127.0.0.1\nsocket_domain ipv4"));
        let anonymous = !matches!(security, Security::Password | Security::Psk | Security::ClientCertificate);
        lines.push(format!("allow_anonymous {anonymous}"));
        match security {
            Security::Plain => {}
            Security::WebSocket => lines.push("protocol websockets".into()),
            Security::Password => {
                let file = folder.write("broker-passwords", "");
                let status = Command::new("mosquitto_passwd")
                    .args(["-b"])
                    .arg(&file)
                    .args([USER, PASSWORD])
                    .stderr(Stdio::null())
                    .status();
                assert!(status.unwrap().success());
                lines.push(format!("password_file {}", file.display()));
            }
            Security::Psk => {
                let file = folder.write("broker-psk", &format!("{PSK_IDENTITY}:{PSK}\n"));
                lines.push(format!("psk_file {}\npsk_hint meter\nuse_identity_as_username true", file.display()));
            }
            Security::Tls | Security::ExpiredTls | Security::ClientCertificate | Security::SecureWebSocket => {
                certificates(folder, security == Security::ExpiredTls);
                let [ca, certificate, key] = ["ca.pem", "server.pem", "server-key.pem"].map(path);
                lines.push(format!("cafile {ca}\ncertfile {certificate}\nkeyfile {key}"));
                if security == Security::ClientCertificate {
                    lines.push("require_certificate true\nuse_identity_as_username true".into());
                }
                if security == Security::SecureWebSocket {
                    lines.push("protocol websockets".into());
                }
            }
        }
        folder.write("password", &format!("{PASSWORD}\n"));
        folder.write("psk", &format!("{PSK}\n"));
        let config = folder.write("mosquitto.conf", &(lines.join("\n") + "\n"));
        let mut broker = Self { process: None, config, port, plain, security, folder: folder.path().to_path_buf() };
        broker.go();
        broker
    }

    /// Starts it again where it was.
    pub fn go(&mut self) {
        let mut process = Process::start(Command::new("mosquitto").arg("-c").arg(&self.config));
        let until = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < until, "mosquitto does not start: {}", process.log());
            thread::sleep(Duration::from_millis(20));
        }
        assert!(process.child.try_wait().unwrap().is_none(), "mosquitto has ended: {}", process.log());
        self.process = Some(process);
    }

    /// Stops it as a machine does that is shut down: sessions are kept.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.terminate();
        }
    }

    /// Starts it anew, and it refuses subscriptions to exactly this topic: by a plugin, its lists of rights refuse none.
    pub fn refuse(&mut self, topic: &str) {
        let plugin = std::fs::read_dir("/usr/lib").unwrap().map_while(Result::ok).map(|entry| entry.path());
        let plugin = plugin.map(|folder| folder.join("mosquitto_dynamic_security.so")).find(|file| file.exists());
        let rights = serde_json::json!({
            "defaultACLAccess": {
                "publishClientSend": true, "publishClientReceive": true, "subscribe": true, "unsubscribe": true
            },
            "roles": [{
                "rolename": "all",
                "acls": [{ "acltype": "subscribeLiteral", "topic": topic, "allow": false }]
            }],
            "groups": [{ "groupname": "all", "roles": [{ "rolename": "all" }] }],
            "anonymousGroup": "all",
            "clients": []
        });
        let file = self.folder.join("rights.json");
        std::fs::write(&file, rights.to_string()).unwrap();
        let mut config = std::fs::read_to_string(&self.config).unwrap();
        if !config.contains("plugin_opt_config_file") {
            let plugin = plugin.expect("the package mosquitto has this plugin");
            let lines =
                [format!("plugin {}", plugin.display()), format!("plugin_opt_config_file {}\n", file.display())];
            config.push_str(&lines.join("\n"));
        }
        std::fs::write(&self.config, config).unwrap();
        self.stop();
        self.go();
    }

    /// Holds it: connections stay open and nothing answers.
    pub fn freeze(&self, frozen: bool) {
        let process = self.process.as_ref().unwrap();
        let signal = if frozen { rustix::process::Signal::STOP } else { rustix::process::Signal::CONT };
        rustix::process::kill_process(rustix::process::Pid::from_child(&process.child), signal).unwrap();
    }

    /// The settings with which it lets one in, and what is owed to it however old: virtual meters live on days that are
    /// written in the tests.
    pub fn settings(&self) -> String {
        self.access() + "owed-at-most = \"100000d\"\n"
    }

    /// The settings with which it lets one in.
    pub fn access(&self) -> String {
        let port = self.port;
        let broker = |scheme: &str| format!("broker = \"{scheme}://localhost:{port}\"\n");
        match self.security {
            Security::Plain => broker("mqtt"),
            Security::WebSocket => broker("ws"),
            Security::Password => broker("mqtt") + "user = \"board\"\npassword-file = \"password\"\n",
            Security::Tls | Security::ExpiredTls => broker("mqtts") + "ca-file = \"ca.pem\"\n",
            Security::SecureWebSocket => broker("wss") + "ca-file = \"ca.pem\"\n",
            Security::ClientCertificate => {
                broker("mqtts")
                    + "ca-file = \"ca.pem\"\ncertificate-file = \"client.pem\"\ncertificate-key-file = \"client-key.pem\"\n"
            }
            Security::Psk => broker("mqtts") + "psk-identity = \"smarty\"\npsk-file = \"psk\"\n",
        }
    }

    /// One of Mosquitto's own clients, let in.
    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(["-h", "localhost", "-p", &self.plain.to_string()]);
        let file = |name: &str| self.folder.join(name).display().to_string();
        match self.security {
            Security::Plain | Security::WebSocket | Security::SecureWebSocket => &mut command,
            Security::Password => command.args(["-u", USER, "-P", PASSWORD]),
            Security::Tls | Security::ExpiredTls => command.args(["--cafile", &file("ca.pem")]),
            Security::ClientCertificate => command.args([
                "--cafile",
                &file("ca.pem"),
                "--cert",
                &file("client.pem"),
                "--key",
                &file("client-key.pem"),
            ]),
            Security::Psk => command.args(["--psk-identity", PSK_IDENTITY, "--psk", PSK]),
        };
        command
    }

    /// Publishes one message; an empty one that is retained takes away what there was.
    pub fn publish(&self, topic: &str, payload: &[u8], retain: bool) {
        let mut command = self.client("mosquitto_pub");
        let from = if payload.is_empty() { "-n" } else { "-s" };
        command.args(["-q", "1", "-t", topic, from]).stdin(Stdio::piped());
        if retain {
            command.arg("-r");
        }
        let mut child = command.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), payload).unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// Listens from now on, with what the broker keeps.
    pub fn listen(&self, filter: &str) -> Listener {
        self.listen_with(filter, &[])
    }

    /// The same with more arguments, such as a session of its own that outlives the broker's pauses.
    pub fn listen_with(&self, filter: &str, more: &[&str]) -> Listener {
        let mut command = self.client("mosquitto_sub");
        // Payloads in hex: a telegram has line ends.
        command.args(["-t", filter, "-q", "2", "-F", "%r %q %t %x"]).args(more);
        Listener::start(&mut command)
    }
}

/// A message as a subscriber gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub retained: bool,
    pub qos: u8,
    pub topic: String,
    pub payload: Vec<u8>,
}

impl Heard {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.payload).unwrap_or_else(|error| panic!("{}: {error}: {}", self.topic, self.text()))
    }
}

/// `mosquitto_sub`, and what it has heard.
pub struct Listener {
    child: Child,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Listener {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (lines, sink) = (BufReader::new(child.stdout.take().unwrap()), Arc::clone(&heard));
        thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut parts = line.splitn(4, ' ');
                let mut next = || parts.next().unwrap_or_default().to_string();
                let (retained, qos, topic, hex) = (next() == "1", next().parse().unwrap(), next(), next());
                let digits: Vec<u8> = hex.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
                let payload = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
                sink.lock().unwrap().push(Heard { retained, qos, topic, payload });
            }
        });
        Self { child, heard }
    }

    /// Everything so far.
    pub fn all(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// Everything so far on one topic.
    pub fn on(&self, topic: &str) -> Vec<Heard> {
        self.all().into_iter().filter(|heard| heard.topic == topic).collect()
    }

    /// Waits until something holds of what was heard.
    pub fn wait(&self, what: &str, holds: impl Fn(&[Heard]) -> bool) {
        let until = Instant::now() + Duration::from_mins(2);
        while !holds(&self.heard.lock().unwrap()) {
            assert!(Instant::now() < until, "not heard: {what}; the last on each topic:{}", self.newest());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for a message on a topic and answers the first.
    pub fn first(&self, topic: &str) -> Heard {
        self.wait(topic, |heard| heard.iter().any(|message| message.topic == topic));
        self.on(topic).remove(0)
    }

    /// The last message on each topic, a line each.
    fn newest(&self) -> String {
        let newest = |topic: &String| {
            let last = self.on(topic).last().map(Heard::text).unwrap_or_default();
            format!("\n{topic} {}", last.chars().take(400).collect::<String>())
        };
        self.topics().iter().map(newest).collect()
    }

    pub fn topics(&self) -> Vec<String> {
        let mut topics: Vec<String> = self.all().into_iter().map(|heard| heard.topic).collect();
        topics.sort();
        topics.dedup();
        topics
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An authority, a certificate of it for `localhost`, valid or expired, and one for a client.
pub fn certificates(folder: &Folder, expired: bool) {
    let (authority, authority_key) = certificate("test authority", None, true, false);
    let write = |name: &str, pem: Vec<u8>| std::fs::write(folder.file(name), pem).unwrap();
    write("ca.pem", authority.to_pem().unwrap());
    for (name, expired) in [("server", expired), ("client", false)] {
        let common_name = if name == "server" { "localhost" } else { "board" };
        let (certificate, key) = certificate(common_name, Some((&authority, &authority_key)), false, expired);
        write(&format!("{name}.pem"), certificate.to_pem().unwrap());
        write(&format!("{name}-key.pem"), key.private_key_to_pem_pkcs8().unwrap());
    }
    let (foreign, _) = certificate("another authority", None, true, false);
    write("foreign-ca.pem", foreign.to_pem().unwrap());
}

fn certificate(
    name: &str,
    issuer: Option<(&X509, &PKey<Private>)>,
    authority: bool,
    expired: bool,
) -> (X509, PKey<Private>) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let serial = BigNum::from_u32(rand_serial()).unwrap().to_asn1_integer().unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(issuer.map_or(&*subject, |(issuer, _)| issuer.subject_name())).unwrap();
    builder.set_pubkey(&key).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let end = if expired { now - 86_400 } else { now + 86_400 };
    builder.set_not_before(&Asn1Time::from_unix(now - 10 * 86_400).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(end).unwrap()).unwrap();
    if authority {
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    } else {
        let names = SubjectAlternativeName::new().dns(name).build(&builder.x509v3_context(None, None)).unwrap();
        builder.append_extension(names).unwrap();
    }
    builder.sign(issuer.map_or(&key, |(_, key)| key), MessageDigest::sha256()).unwrap();
    (builder.build(), key)
}

fn rand_serial() -> u32 {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}
