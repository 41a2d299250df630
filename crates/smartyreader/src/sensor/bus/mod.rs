//! Bus: chips on an I²C bus of this machine. Each reading opens the bus anew, so that a bus that went away and came back is
//! found again; and away from the thread that reads the meters, since the kernel may keep a caller waiting.

mod bme280;
mod ds3231;

use std::io;
use std::path::Path;
use std::time::Duration;

use embedded_hal::i2c::{Error as _, ErrorKind};
use linux_embedded_hal::{Delay, I2CError, I2cdev};
use smarty_p1::Values;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::Voice;
use crate::config::{Sensor, SensorKind};
use crate::doctor::Cause;
use crate::hub::Hub;
use crate::observe::{SensorTrouble, Trouble, now};
use crate::words;

/// After a failure it is tried again no later than this.
const LONGEST_WAIT: u64 = 30;
/// What may be wrong with a chip that answers.
const TROUBLES: &[&str] = &["sensor-other-chip", "sensor-clock-stopped", "sensor-clock-differs"];

/// What a chip said.
#[derive(Debug)]
struct Measured {
    values: Values,
    /// What is wrong with it all the same.
    troubles: Vec<SensorTrouble>,
}

/// Why a chip said nothing.
#[derive(Debug)]
enum Fault<E> {
    /// The bus or the chip did not answer.
    Bus(E),
    /// Another chip answers; what it is.
    OtherChip(String),
    /// It answers with what cannot be.
    Nonsense(&'static str),
}

/// The same in words.
#[derive(Debug)]
struct Refused {
    why: String,
    advice: &'static str,
}

/// Reads a chip for ever.
pub(super) async fn run(mut voice: Voice, kind: SensorKind, settings: Sensor, hub: Hub) {
    let bus = settings.bus.clone().unwrap_or_default();
    let address = settings.address();
    let mut state = "";
    loop {
        let at = bus.clone();
        let answer = spawn_blocking(move || read(kind, &at, address)).await;
        let time = now();
        let before = state;
        let mut wait = voice.every - time.rem_euclid(voice.every);
        match answer {
            Ok(Ok(measured)) => {
                state = "reading";
                voice.clear(&["unreachable"]);
                let said: Vec<Trouble> = measured.troubles.into_iter().map(Trouble::Sensor).collect();
                let over: Vec<&str> = TROUBLES
                    .iter()
                    .copied()
                    .filter(|code| said.iter().all(|trouble| trouble.code() != *code))
                    .collect();
                voice.clear(&over);
                for trouble in &said {
                    voice.observer.raise(&voice.subject, trouble);
                }
                hub.publish(voice.arrival(&measured.values, time)).await;
            }
            Ok(Err(fault)) => {
                state = "connecting";
                voice.count("refused", 1);
                wait = wait.min(LONGEST_WAIT as i64);
                let trouble = match fault {
                    Fault::OtherChip(what) => {
                        voice.clear(&["unreachable"]);
                        Trouble::Sensor(SensorTrouble::OtherChip { target: voice.target.clone(), what })
                    }
                    Fault::Nonsense(why) => unreachable(&voice.target, Refused { why: why.into(), advice: WIRES }),
                    Fault::Bus(refused) => unreachable(&voice.target, refused),
                };
                voice.observer.raise(&voice.subject, &trouble);
            }
            Err(error) => tracing::error!("{}: the reading has ended: {error}", voice.subject),
        }
        if state != before {
            voice.observer.source(&voice.name, |source| source.state = state.into());
        }
        sleep(Duration::from_secs(wait.max(1).unsigned_abs())).await;
    }
}

fn unreachable(target: &str, Refused { why, advice }: Refused) -> Trouble {
    Cause::Unreachable { target: target.into(), why, advice }.into()
}

/// Reads a chip once. Blocks.
fn read(kind: SensorKind, bus: &Path, address: u8) -> Result<Measured, Fault<Refused>> {
    let device = open(bus).map_err(Fault::Bus)?;
    let measured = match kind {
        SensorKind::Ds3231 => ds3231::measure(device, now()),
        _ => bme280::measure(device, address, &mut Delay),
    };
    measured.map_err(|fault| match fault {
        Fault::Bus(error) => Fault::Bus(refused(&error)),
        Fault::OtherChip(what) => Fault::OtherChip(what),
        Fault::Nonsense(why) => Fault::Nonsense(why),
    })
}

fn open(bus: &Path) -> Result<I2cdev, Refused> {
    I2cdev::new(bus).map_err(|error| {
        let error = io::Error::from(error);
        match error.kind() {
            io::ErrorKind::NotFound => Refused { why: words::of_io(&error), advice: SWITCHED_ON },
            io::ErrorKind::PermissionDenied => Refused { why: words::of_io(&error), advice: GROUP },
            // ENOTTY: it does not know the questions of a bus.
            _ if error.raw_os_error() == Some(25) => Refused { why: "it is no I²C bus".into(), advice: SWITCHED_ON },
            _ => Refused { why: words::of_io(&error), advice: WIRES },
        }
    })
}

/// What the kernel's drivers say, in words. A chip that does not answer is ENXIO, or EREMOTEIO on the Raspberry Pi.
fn refused(error: &I2CError) -> Refused {
    let number = match error.inner() {
        linux_embedded_hal::i2cdev::linux::LinuxI2CError::Errno(number) => Some(*number),
        linux_embedded_hal::i2cdev::linux::LinuxI2CError::Io(error) => error.raw_os_error(),
    };
    match (number, error.kind()) {
        (Some(16), _) => Refused { why: "a driver of the kernel has this address".into(), advice: KERNEL },
        (Some(121), _) | (_, ErrorKind::NoAcknowledge(_)) => {
            Refused { why: "nobody answers at this address".into(), advice: WIRES }
        }
        (Some(110), _) => Refused { why: "the bus hangs".into(), advice: WIRES },
        _ => Refused { why: error.to_string(), advice: WIRES },
    }
}

const SWITCHED_ON: &str = "Is I²C switched on (Raspberry Pi: raspi-config, or dtparam=i2c_arm=on), and is the module i2c-dev loaded? `ls /dev/i2c-*` lists the buses.";
const GROUP: &str = "Add the user to the bus's group: sudo usermod -aG i2c USER, then log in again.";
const WIRES: &str = "`i2cdetect -y 1` shows who answers on bus 1. Compare the address, and see the four wires: 3.3 V, ground, SDA, SCL. It is tried again all the time.";
const KERNEL: &str = "The kernel reads this clock itself (/dev/rtc0). Take its line (dtoverlay=i2c-rtc) out of the boot configuration, or leave this sensor out.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_that_is_none_is_said() {
        let why = |path: &str| open(Path::new(path)).err().map(|refused| (refused.why, refused.advice));
        assert_eq!(why("/dev/i2c-that-is-not-there"), Some(("it does not exist".into(), SWITCHED_ON)));
        assert_eq!(why("/dev/null"), Some(("it is no I²C bus".into(), SWITCHED_ON)));
    }

    #[test]
    fn what_the_kernel_says_in_words() {
        use linux_embedded_hal::i2cdev::linux::LinuxI2CError::Errno;
        for (number, words) in [
            (6, "nobody answers"),
            (121, "nobody answers"),
            (16, "a driver of the kernel"),
            (110, "the bus hangs"),
            (5, "EIO"),
        ] {
            let said = refused(&I2CError::from(Errno(number)));
            assert!(said.why.contains(words) && !said.advice.is_empty(), "{number}: {said:?}");
        }
    }
}
