//! Task: hears the serial line and answers.

use core::fmt::Write as _;

use embassy_time::{Duration, Instant, Timer, with_timeout};
use embedded_io_async::{Read, Write};
use heapless::String;

use super::console::{self, Todo};
use super::improv::{self, Error, Packet, Reply, Request};
use super::line::{Heard, Line};
use crate::access::{Access, NETWORKS, Place};
use crate::board::{About, Reason};
use crate::facts::uptime_s;
use crate::settings::{Name, Settings};
use crate::state::State;

/// The longest answer, which is the one to `help`.
const ANSWER: usize = 768;
/// Half a packet is none after so long.
const SILENCE: Duration = Duration::from_secs(1);
/// Joining a network takes at most so long; browsers wait as long.
const JOINING: Duration = Duration::from_secs(30);
/// Until the flash has what was changed, and the answer is out.
const BEFORE_RESTART: Duration = Duration::from_secs(1);

/// Attends to the serial line for ever. The board spawns it, where it has such a line.
pub async fn attend<Serial: Read + Write>(
    mut serial: Serial,
    state: &'static State,
    access: &'static Access,
    about: About,
    reset: fn(Reason) -> !,
) -> ! {
    let mut line = Line::new();
    let mut bytes = [0; 64];
    loop {
        let length = match with_timeout(SILENCE, serial.read(&mut bytes)).await {
            Ok(Ok(length)) => length,
            Ok(Err(_)) => {
                Timer::after(SILENCE).await;
                continue;
            }
            Err(_) => {
                line.silence();
                continue;
            }
        };
        for byte in &bytes[..length] {
            let desk = Desk { serial: &mut serial, state, access, about, reset };
            // Nobody listens: what cannot be written is not written.
            let _ = match line.push(*byte) {
                Some(Heard::Command(command)) => desk.command(command).await,
                Some(Heard::Packet(packet)) => desk.packet(packet).await,
                Some(Heard::Damaged) => desk.send(Reply::error(Error::Malformed)).await,
                Some(Heard::Unreadable) => desk.say("This line is too long or no text.\n").await,
                None => Ok(()),
            };
        }
    }
}

struct Desk<'a, Serial> {
    serial: &'a mut Serial,
    state: &'static State,
    access: &'static Access,
    about: About,
    reset: fn(Reason) -> !,
}

impl<Serial: Read + Write> Desk<'_, Serial> {
    async fn say(self, text: &str) -> Result<(), Serial::Error> {
        self.serial.write_all(text.as_bytes()).await
    }

    async fn send(self, mut reply: Reply) -> Result<(), Serial::Error> {
        self.serial.write_all(reply.finish()).await
    }

    async fn command(self, command: &str) -> Result<(), Serial::Error> {
        let mut answer = String::<ANSWER>::new();
        let mut settings = self.state.with_settings(Settings::clone);
        // What does not fit into the answer, which none of ours does, is cut off.
        let todo = console::command(command, &mut settings, &mut answer).unwrap_or(Todo::Nothing);
        match todo {
            Todo::Keep => self.state.change_settings(&settings),
            Todo::Status => self.status(&mut answer),
            Todo::ShowAll => {
                for name in Name::ALL {
                    answer.clear();
                    let _ = console::shown(*name, &settings, &mut answer);
                    self.serial.write_all(answer.as_bytes()).await?;
                }
                return Ok(());
            }
            Todo::Nothing | Todo::Restart | Todo::Forget => {}
        }
        self.serial.write_all(answer.as_bytes()).await?;
        if todo == Todo::Forget {
            // Who has the flash forgets, and starts the board anew.
            self.state.forget.signal(());
        }
        if todo == Todo::Restart {
            Timer::after(BEFORE_RESTART).await;
            (self.reset)(Reason::Asked)
        }
        Ok(())
    }

    fn status(&self, answer: &mut String<ANSWER>) {
        let (counters, link) = (self.state.counters(), self.state.link());
        let _ = writeln!(answer, "SmartyReader {} for {}, up {} s", self.about.version, self.about.board, uptime_s());
        let _ =
            writeln!(answer, "telegrams {}, frames {}, bytes {}", counters.telegrams, counters.frames, counters.bytes);
        let _ = match self.access.place() {
            Place::Nowhere => writeln!(answer, "network: the settings' (address: ask the router)"),
            Place::OwnNetwork(address) => writeln!(answer, "network: our own, for the setup at http://{address}/"),
            Place::Home(address) => writeln!(answer, "network: http://{address}/"),
        };
        let connected = if link.connected { "connected" } else { "away" };
        let _ = writeln!(answer, "broker {connected}, messages {}, owed {}", link.sent, link.owed);
    }

    async fn packet(self, packet: Packet<'_>) -> Result<(), Serial::Error> {
        let Some(request) = packet.request() else { return Ok(()) };
        let serial = self.serial;
        let request = match request {
            Ok(request) => request,
            Err(error) => return serial.write_all(Reply::error(error).finish()).await,
        };
        match request {
            Request::State => {
                let place = self.access.place();
                serial.write_all(Reply::state(improv::state(place)).finish()).await?;
                if let Place::Home(address) = place {
                    serial.write_all(Reply::page(request, address).finish()).await?;
                }
                Ok(())
            }
            Request::Info => {
                let name = self.state.with_settings(|settings| {
                    // A host name has 32 bytes.
                    String::<32>::try_from(settings.text(Name::HostName)).unwrap_or_default()
                });
                serial.write_all(Reply::info(self.about.version, self.about.chip, &name).finish()).await
            }
            Request::Networks => {
                for index in 0..NETWORKS {
                    let network = self.access.with_networks(|networks| networks.get(index).cloned());
                    let Some(network) = network else { break };
                    serial.write_all(Reply::network(Some(&network)).finish()).await?;
                }
                serial.write_all(Reply::network(None).finish()).await
            }
            Request::Join { name, password } => {
                let mut settings = self.state.with_settings(Settings::clone);
                let given =
                    settings.set(Name::WifiName, name).and_then(|()| settings.set(Name::WifiPassword, password));
                if given.is_err() {
                    return serial.write_all(Reply::error(Error::Malformed).finish()).await;
                }
                self.state.change_settings(&settings);
                self.access.move_to(Place::Nowhere);
                self.access.wanted.signal(());
                serial.write_all(Reply::state(improv::State::Joining).finish()).await?;
                let until = Instant::now() + JOINING;
                while Instant::now() < until {
                    if let Place::Home(address) = self.access.place() {
                        serial.write_all(Reply::state(improv::State::Joined).finish()).await?;
                        return serial.write_all(Reply::page(request, address).finish()).await;
                    }
                    Timer::after_millis(250).await;
                }
                serial.write_all(Reply::error(Error::CannotJoin).finish()).await?;
                serial.write_all(Reply::state(improv::State::Ready).finish()).await
            }
        }
    }
}
