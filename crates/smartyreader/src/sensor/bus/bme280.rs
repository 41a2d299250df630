//! BME280: temperature, relative humidity and air pressure.

use bme280::i2c::BME280;
use bme280::{Configuration, Error, IIRFilter, Oversampling};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use smarty_p1::{Quantity, Values};

use super::{Fault, Measured};
use crate::observe::SensorTrouble;

/// The register with the chip's number.
const ID: u8 = 0xD0;
const BME280_ID: u8 = 0x60;
const BMP280_ID: u8 = 0x58;

/// Measures once. The chip is set up each time, so one that was plugged in meanwhile is right.
pub(super) fn measure<B: I2c>(mut bus: B, address: u8, delay: &mut impl DelayNs) -> Result<Measured, Fault<B::Error>> {
    let mut id = [0];
    bus.write_read(address, &[ID], &mut id).map_err(Fault::Bus)?;
    let [id] = id;
    if !matches!(id, BME280_ID | BMP280_ID) {
        let what = match id {
            0x55 => "a BMP180".into(),
            0x56 | 0x57 => "a sample of a BMP280".into(),
            0x61 => "a BME680 or BME688".into(),
            _ => format!("its number is {id:#04x}, a BME280 has 0x60"),
        };
        return Err(Fault::OtherChip(what));
    }
    let mut chip = BME280::new(bus, address);
    // Measured in 20 ms; the driver waits for 40. No filter: it would begin anew each time.
    let settings = Configuration::default()
        .with_temperature_oversampling(Oversampling::Oversampling2X)
        .with_pressure_oversampling(Oversampling::Oversampling4X)
        .with_humidity_oversampling(Oversampling::Oversampling1X)
        .with_iir_filter(IIRFilter::Off);
    chip.init_with_config(delay, settings).map_err(fault)?;
    let measured = chip.measure(delay).map_err(fault)?;
    let mut values = Values::EMPTY;
    let mut troubles = Vec::new();
    let mut put = |quantity, value: f32, scale: f32| match rounded(value, scale) {
        Some(value) => {
            values.set(quantity, value);
            Ok(())
        }
        None => Err(Fault::Nonsense("its answer is no number")),
    };
    put(Quantity::Temperature, measured.temperature, 1000.0)?;
    put(Quantity::Pressure, measured.pressure, 1.0)?;
    if id == BME280_ID {
        put(Quantity::Humidity, measured.humidity, 10.0)?;
    } else {
        let what = "a BMP280, which measures no humidity";
        troubles.push(SensorTrouble::OtherChip { target: format!("{address:#04x}"), what: what.into() });
    }
    Ok(Measured { values, troubles })
}

fn rounded(value: f32, scale: f32) -> Option<i64> {
    value.is_finite().then(|| (value * scale).round() as i64)
}

fn fault<E>(error: Error<E>) -> Fault<E> {
    match error {
        Error::Bus(error) => Fault::Bus(error),
        Error::UnsupportedChip => Fault::OtherChip("the driver does not know it".into()),
        _ => Fault::Nonsense("its answer cannot be"),
    }
}

#[cfg(test)]
mod tests {
    use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource};
    use embedded_hal_mock::eh1::delay::NoopDelay;
    use embedded_hal_mock::eh1::i2c::{Mock, Transaction};

    use super::*;

    const ADDRESS: u8 = 0x76;

    fn read(register: u8, answer: &[u8]) -> Transaction {
        Transaction::write_read(ADDRESS, vec![register], answer.to_vec())
    }

    fn write(register: u8, value: u8) -> Transaction {
        Transaction::write(ADDRESS, vec![register, value])
    }

    /// The calibration and the raw values of the example in Bosch's data sheet of the BMP280, chapter 3.12.
    fn conversation() -> Vec<Transaction> {
        let mut calibration = Vec::new();
        let words: [i32; 12] = [27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000];
        for word in words {
            calibration.extend((word as u16).to_le_bytes());
        }
        // One byte that is not used, and H1.
        calibration.extend([0, 75]);
        vec![
            read(ID, &[BME280_ID]),
            read(ID, &[BME280_ID]),
            write(0xE0, 0xB6),
            read(0x88, &calibration),
            // H2 = 362, H3 = 0, H4 = 313, H5 = 50, H6 = 30.
            read(0xE1, &[0x6A, 0x01, 0x00, 0x13, 0x29, 0x03, 0x1E]),
            // Asleep: humidity once, temperature twice, pressure four times, no filter, and one measurement.
            read(0xF4, &[0]),
            write(0xF2, 1),
            read(0xF4, &[0]),
            write(0xF4, 0b0100_1100),
            read(0xF5, &[0]),
            write(0xF5, 0),
            read(0xF4, &[0b0100_1100]),
            read(0xF4, &[0b0100_1100]),
            write(0xF4, 0b0100_1101),
            // 415148, 519888, 29000.
            read(0xF7, &[0x65, 0x5A, 0xC0, 0x7E, 0xED, 0x00, 0x71, 0x48]),
        ]
    }

    #[test]
    fn the_example_of_the_data_sheet() {
        let mut bus = Mock::new(&conversation());
        let measured = measure(bus.clone(), ADDRESS, &mut NoopDelay::new()).unwrap();
        bus.done();
        let value = |quantity| measured.values.get(quantity).unwrap();
        assert_eq!(value(Quantity::Temperature), 25_082);
        assert!((value(Quantity::Pressure) - 100_653).abs() <= 1, "{}", value(Quantity::Pressure));
        // 49.43 % by the data sheet's formula.
        assert_eq!(value(Quantity::Humidity), 494);
        assert!(measured.troubles.is_empty());
    }

    #[test]
    fn who_is_not_there_or_another_is_said() {
        let silent = read(ID, &[0]).with_error(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address));
        let mut bus = Mock::new(&[silent]);
        assert!(matches!(measure(bus.clone(), ADDRESS, &mut NoopDelay::new()), Err(Fault::Bus(_))));
        bus.done();
        for (id, words) in [(0x61, "BME680"), (0x55, "BMP180"), (0xFF, "its number is 0xff")] {
            let mut bus = Mock::new(&[read(ID, &[id])]);
            let Err(Fault::OtherChip(what)) = measure(bus.clone(), ADDRESS, &mut NoopDelay::new()) else {
                panic!("{id}")
            };
            assert!(what.contains(words), "{what}");
            bus.done();
        }
        // It goes away in the middle.
        let gone = write(0xE0, 0xB6).with_error(ErrorKind::Other);
        let mut bus = Mock::new(&[read(ID, &[BME280_ID]), read(ID, &[BME280_ID]), gone]);
        assert!(matches!(measure(bus.clone(), ADDRESS, &mut NoopDelay::new()), Err(Fault::Bus(_))));
        bus.done();
    }
}
