//! Rtc: a clock with a battery, a DS3231. It keeps UTC, so that nobody has to set it twice a year.

use embassy_time::Timer;
use embedded_hal_async::i2c::I2c;
use smarty_p1::{Civil, Timestamp};
use smarty_payload::Clock;

use crate::state::State;
use crate::utc::Origin;

const ADDRESS: u8 = 0x68;
/// Seconds, minutes, hours, day of the week, day, month, year: two decimal digits a byte.
const TIME: u8 = 0x00;
/// Bit 7: the clock stood still since it was set, its time is worth nothing (data sheet of the DS3231, status register).
const STATUS: u8 = 0x0f;
const STOOD_STILL: u8 = 0x80;

/// How often the clock is set right, s: a DS3231 is 0.2 s wrong in a day.
const EVERY_S: u64 = 86_400;

/// Takes the time from the clock at the start, and sets it by a time server's once a day. It needs no clock to be there.
pub async fn attend<B: I2c>(mut bus: B, state: &'static State) -> ! {
    if let Ok(Some(utc)) = read(&mut bus).await {
        state.utc.set(utc, Origin::Rtc);
    }
    loop {
        let pause = match state.utc.now() {
            Some((utc, Origin::Server)) if set(&mut bus, utc).await.is_ok() => EVERY_S,
            _ => 60,
        };
        Timer::after_secs(pause).await;
    }
}

/// Reads UTC. `None`: the clock has never been set, or its battery was empty.
///
/// # Errors
/// Those of the bus: there is no such clock.
pub async fn read<B: I2c>(bus: &mut B) -> Result<Option<i64>, B::Error> {
    let (mut status, mut registers) = ([0], [0; 7]);
    bus.write_read(ADDRESS, &[STATUS], &mut status).await?;
    bus.write_read(ADDRESS, &[TIME], &mut registers).await?;
    Ok(if status[0] & STOOD_STILL == 0 { from_registers(registers) } else { None })
}

/// Sets the clock.
///
/// # Errors
/// Those of the bus.
pub async fn set<B: I2c>(bus: &mut B, utc: i64) -> Result<(), B::Error> {
    let [second, minute, hour, weekday, day, month, year] = to_registers(utc);
    bus.write(ADDRESS, &[TIME, second, minute, hour, weekday, day, month, year]).await?;
    let mut status = [0];
    bus.write_read(ADDRESS, &[STATUS], &mut status).await?;
    // After the time: until here the old one did not count.
    bus.write(ADDRESS, &[STATUS, status[0] & !STOOD_STILL]).await
}

fn from_registers([second, minute, hour, _, day, month, year]: [u8; 7]) -> Option<i64> {
    if hour & 0x40 != 0 {
        // Twelve hours: somebody else has set it.
        return None;
    }
    let mut digits = [0; 12];
    // The month's highest bit is the century.
    for (pair, register) in digits.chunks_exact_mut(2).zip([year, month & 0x1f, day, hour, minute, second]) {
        pair[0] = b'0' + (register >> 4);
        pair[1] = b'0' + (register & 0x0f);
    }
    match Timestamp::parse(&digits)? {
        Timestamp::Valid(civil, _) => Some(civil.seconds()),
        Timestamp::Invalid => None,
    }
}

fn to_registers(utc: i64) -> [u8; 7] {
    let Civil { year, month, day, hour, minute, second } = Clock::at(utc, 0).local;
    // 1970-01-01 was a Thursday; the clock counts from 1 and only has to go on.
    let weekday = (utc.div_euclid(86_400) + 3).rem_euclid(7) as u8 + 1;
    let coded = |number: u8| ((number / 10) << 4) | (number % 10);
    [coded(second), coded(minute), coded(hour), weekday, coded(day), coded(month), coded((year % 100) as u8)]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    use super::*;
    use core::convert::Infallible;
    use embassy_futures::block_on;
    use embedded_hal_async::i2c::{ErrorType, Operation};
    use proptest::prelude::*;

    /// The chip's registers, on a bus.
    struct Chip([u8; 19]);

    impl ErrorType for Chip {
        type Error = Infallible;
    }

    impl I2c for Chip {
        async fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), Infallible> {
            assert_eq!(address, ADDRESS);
            let mut at = 0;
            for operation in operations {
                match operation {
                    Operation::Write(bytes) => {
                        at = usize::from(bytes[0]);
                        self.0[at..at + bytes.len() - 1].copy_from_slice(&bytes[1..]);
                    }
                    Operation::Read(bytes) => bytes.copy_from_slice(&self.0[at..at + bytes.len()]),
                }
            }
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn what_was_set_is_read(utc in 946_684_800_i64..4_102_444_800) {
            let mut chip = Chip([0; 19]);
            chip.0[usize::from(STATUS)] = STOOD_STILL | 0x08;
            block_on(set(&mut chip, utc)).unwrap();
            prop_assert_eq!(block_on(read(&mut chip)).unwrap(), Some(utc));
            prop_assert_eq!(chip.0[usize::from(STATUS)], 0x08);
        }

        #[test]
        fn no_registers_stop_it(registers: [u8; 7]) {
            let _ = from_registers(registers);
        }
    }

    #[test]
    fn the_registers_are_the_data_sheets() {
        // 2026-11-23 is a Monday: 1 where the week begins with it.
        assert_eq!(to_registers(1_795_392_790), [0x10, 0x13, 0x00, 1, 0x23, 0x11, 0x26]);
    }

    #[test]
    fn a_clock_that_stood_still_says_nothing() {
        let mut chip = Chip([0; 19]);
        block_on(set(&mut chip, 1_795_392_790)).unwrap();
        chip.0[usize::from(STATUS)] |= STOOD_STILL;
        assert_eq!(block_on(read(&mut chip)).unwrap(), None);
        // As delivered: the first of a month 0.
        assert_eq!(from_registers([0; 7]), None);
    }
}
