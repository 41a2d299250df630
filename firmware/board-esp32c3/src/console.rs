//! Console: the chip's own USB. People type commands there, browsers speak Improv; the log comes out at the same place.

use core::fmt::Write as _;

use embassy_futures::select::{Either, select};
use embassy_time::{Duration, Timer};
use embedded_io_async::Read as _;
use esp_hal::peripherals::USB_DEVICE;
use esp_hal::usb::usb_serial_jtag::UsbSerialJtag;
use smarty_app::access::{Access, Place};
use smarty_app::serial::console::{Todo, command};
use smarty_app::serial::improv::{self, Packet, Reply, Request};
use smarty_app::serial::{Heard, Line};
use smarty_app::settings::{Name, Settings};
use smarty_app::{About, Reason, State};

/// Half a packet that does not go on is none.
const SILENCE: Duration = Duration::from_secs(1);
/// How long joining may take until the browser is told that it did not work.
const JOINING_S: u32 = 30;

/// What commands and packets reach.
#[derive(Clone, Copy)]
pub(crate) struct Reach {
    pub(crate) state: &'static State,
    pub(crate) access: &'static Access,
    pub(crate) about: About,
    pub(crate) reset: fn(Reason) -> !,
}

/// Where answers go: the same way as the log, so that neither gets into the other.
struct Out;

impl core::fmt::Write for Out {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        say(text.as_bytes());
        Ok(())
    }
}

fn say(bytes: &[u8]) {
    esp_println::Printer::write_bytes(bytes);
}

#[embassy_executor::task]
pub(crate) async fn work(usb: USB_DEVICE<'static>, reach: Reach) -> ! {
    let mut usb = UsbSerialJtag::new(usb).into_async();
    let mut line = Line::new();
    let mut buffer = [0; 64];
    loop {
        let Either::First(read) = select(usb.read(&mut buffer), Timer::after(SILENCE)).await else {
            line.silence();
            continue;
        };
        let Ok(length) = read;
        for byte in &buffer[..length] {
            match line.push(*byte) {
                None => {}
                Some(Heard::Command(text)) => obey(text, reach).await,
                Some(Heard::Unreadable) => say(b"That is no command; help lists them.\n"),
                Some(Heard::Damaged) => say(Reply::error(improv::Error::Malformed).finish()),
                Some(Heard::Packet(packet)) => answer(packet, reach).await,
            }
        }
    }
}

async fn obey(text: &str, reach: Reach) {
    let mut settings = reach.state.with_settings(Settings::clone);
    // Out has no errors.
    let todo = command(text, &mut settings, &mut Out).unwrap_or(Todo::Nothing);
    match todo {
        Todo::Nothing => {}
        Todo::Keep => reach.state.change_settings(settings),
        Todo::Forget => reach.state.forget.signal(()),
        Todo::Restart => {
            // What was set just before is written first.
            Timer::after_millis(500).await;
            (reach.reset)(Reason::Asked)
        }
        Todo::Status => {
            let (counters, link) = (reach.state.counters(), reach.state.link());
            let _ = writeln!(
                Out,
                "version {}, {:?}, {} good telegrams, broker {}, {} quarter-hours waiting",
                reach.about.version,
                reach.access.place(),
                counters.telegrams,
                if link.connected { "connected" } else { "away" },
                link.owed
            );
        }
    }
}

async fn answer(packet: Packet<'_>, reach: Reach) {
    let request = match packet.request() {
        None => return,
        Some(Err(error)) => return say(Reply::error(error).finish()),
        Some(Ok(request)) => request,
    };
    say(Reply::error(improv::Error::None).finish());
    match request {
        Request::State => {
            say(Reply::state(improv::state(reach.access.place())).finish());
            if let Place::Home(address) = reach.access.place() {
                say(Reply::page(request, address).finish());
            }
        }
        Request::Info => {
            let name = reach.state.with_settings(|settings| {
                let mut name = heapless::String::<32>::new();
                let _ = name.push_str(settings.text(Name::HostName));
                name
            });
            say(Reply::info(reach.about.version, reach.about.chip, &name).finish());
        }
        Request::Networks => {
            reach.access.with_networks(|networks| {
                for network in networks {
                    say(Reply::network(Some(network)).finish());
                }
            });
            say(Reply::network(None).finish());
        }
        Request::Join { name, password } => join(request, name, password, reach).await,
    }
}

async fn join(request: Request<'_>, name: &str, password: &str, reach: Reach) {
    let mut settings = reach.state.with_settings(Settings::clone);
    let set = settings.set(Name::WifiName, name).and_then(|()| settings.set(Name::WifiPassword, password));
    if set.is_err() {
        return say(Reply::error(improv::Error::CannotJoin).finish());
    }
    reach.state.change_settings(settings);
    reach.access.move_to(Place::Nowhere);
    reach.access.wanted.signal(());
    say(Reply::state(improv::State::Joining).finish());
    for _ in 0..JOINING_S {
        Timer::after_secs(1).await;
        if let Place::Home(address) = reach.access.place() {
            say(Reply::state(improv::State::Joined).finish());
            return say(Reply::page(request, address).finish());
        }
    }
    say(Reply::error(improv::Error::CannotJoin).finish());
    say(Reply::state(improv::State::Ready).finish());
}
