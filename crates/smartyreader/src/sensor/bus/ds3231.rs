//! DS3231: a clock that goes on by its battery, with a thermometer for its crystal. Its time is taken as UTC and compared
//! with this machine's; it sets nobody's.

use ds323x::{DateTimeAccess as _, Ds323x, Error};
use embedded_hal::i2c::I2c;
use smarty_p1::{Quantity, Values};

use super::{Fault, Measured};
use crate::observe::SensorTrouble;

/// Clocks may differ by this much, s.
const DRIFT: i64 = 60;

/// Measures once. `now` is this machine's time, UTC seconds.
pub(super) fn measure<B: I2c>(bus: B, now: i64) -> Result<Measured, Fault<B::Error>> {
    let mut chip = Ds323x::new_ds3231(bus);
    let mut values = Values::EMPTY;
    let mut troubles = Vec::new();
    // Quarters of a degree.
    let temperature = chip.temperature().map_err(fault)?;
    values.set(Quantity::Temperature, (temperature * 1000.0).round() as i64);
    if chip.has_been_stopped().map_err(fault)? {
        troubles.push(SensorTrouble::ClockStopped);
        return Ok(Measured { values, troubles });
    }
    match chip.datetime() {
        Ok(time) => {
            let seconds = time.and_utc().timestamp() - now;
            values.set(Quantity::ClockOffset, seconds);
            if seconds.abs() > DRIFT {
                // Rounded, so that the sentence does not change with every reading.
                troubles.push(SensorTrouble::ClockDiffers { seconds: seconds / 10 * 10 });
            }
        }
        // A date that cannot be: it was never set.
        Err(Error::InvalidDeviceState) => troubles.push(SensorTrouble::ClockStopped),
        Err(error) => return Err(fault(error)),
    }
    Ok(Measured { values, troubles })
}

fn fault<E>(error: Error<E>) -> Fault<E> {
    match error {
        Error::Comm(error) => Fault::Bus(error),
        Error::InvalidInputData | Error::InvalidDeviceState => Fault::Nonsense("its answer cannot be"),
    }
}

#[cfg(test)]
mod tests {
    use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource};
    use embedded_hal_mock::eh1::i2c::{Mock, Transaction};

    use super::*;

    const ADDRESS: u8 = 0x68;
    /// date -u -d '2026-11-23 08:30:15' +%s
    const NOW: i64 = 1_795_422_615;

    fn read(register: u8, answer: &[u8]) -> Transaction {
        Transaction::write_read(ADDRESS, vec![register], answer.to_vec())
    }

    /// Temperature, the flag of a clock that stood still, seconds to years.
    fn conversation(temperature: [u8; 2], stopped: bool, second: u8) -> Vec<Transaction> {
        let mut all = vec![read(0x11, &temperature), read(0x0F, &[if stopped { 0x80 } else { 0 }])];
        if !stopped {
            all.push(read(0x00, &[second, 0x30, 0x08, 0x01, 0x23, 0x11, 0x26]));
        }
        all
    }

    fn measured(temperature: [u8; 2], stopped: bool, second: u8, now: i64) -> Measured {
        let mut bus = Mock::new(&conversation(temperature, stopped, second));
        let measured = measure(bus.clone(), now).unwrap();
        bus.done();
        measured
    }

    #[test]
    fn temperature_and_how_far_the_clock_is_off() {
        let said = measured([0x19, 0x40], false, 0x17, NOW);
        assert_eq!(
            (said.values.get(Quantity::Temperature), said.values.get(Quantity::ClockOffset)),
            (Some(25_250), Some(2))
        );
        assert!(said.troubles.is_empty());
        assert_eq!(measured([0xFE, 0xC0], false, 0x15, NOW).values.get(Quantity::Temperature), Some(-1250));
        let behind = measured([0, 0], false, 0x15, NOW + 75);
        assert_eq!(behind.values.get(Quantity::ClockOffset), Some(-75));
        assert_eq!(behind.troubles, [SensorTrouble::ClockDiffers { seconds: -70 }]);
    }

    #[test]
    fn a_clock_that_stood_still_or_is_not_there() {
        let stopped = measured([0x19, 0], true, 0, NOW);
        assert_eq!(stopped.values.get(Quantity::ClockOffset), None);
        assert_eq!(stopped.troubles, [SensorTrouble::ClockStopped]);
        let gone = read(0x11, &[0, 0]).with_error(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address));
        let mut bus = Mock::new(&[gone]);
        assert!(matches!(measure(bus.clone(), NOW), Err(Fault::Bus(_))));
        bus.done();
    }
}
