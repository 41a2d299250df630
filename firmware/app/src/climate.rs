//! Climate: temperature, humidity and pressure from a BME280 on the board.

use bme280_rs::{AsyncBme280, Configuration, Oversampling, Sample, SensorMode};
use embassy_time::{Delay, Timer};
use embedded_hal_async::i2c::I2c;
use smarty_payload::Climate;

use crate::state::State;

/// Between two measurements, s. The air does not change faster, and a chip that measures warms itself.
const EVERY_S: u64 = 60;
/// Where the chip's other address pin is: `0x76` is the first address.
const ADDRESSES: [u8; 2] = [0x76, 0x77];

/// Measures for ever. Where there is no such chip, it looks again each minute: it may be plugged in later.
pub async fn measure<B: I2c>(mut bus: B, state: &'static State) -> ! {
    loop {
        for address in ADDRESSES {
            if let Ok(sample) = sample(&mut bus, address).await {
                state.put_climate(tenths(&sample));
                break;
            }
            state.put_climate(None);
        }
        Timer::after_secs(EVERY_S).await;
    }
}

/// One measurement, from the beginning: nothing is left over from a chip that was pulled out.
async fn sample<B: I2c>(bus: &mut B, address: u8) -> Result<Sample, B::Error> {
    let mut chip = AsyncBme280::new_with_address(bus, address, Delay);
    chip.init().await?;
    // Data sheet, 3.5.1: weather monitoring.
    let once = Oversampling::Oversample1;
    let configuration = Configuration::default()
        .with_temperature_oversampling(once)
        .with_pressure_oversampling(once)
        .with_humidity_oversampling(once)
        .with_sensor_mode(SensorMode::Forced);
    chip.set_sampling_configuration(configuration).await?;
    chip.take_forced_measurement().await?;
    chip.read_sample().await
}

/// What messages have: tenths. `None`: the chip left something out, or says what no air is.
fn tenths(sample: &Sample) -> Option<Climate> {
    let round = |value: f32, from: i32, to: i32| {
        // The driver works with floats; here they end. A float that is no number becomes 0 and is cut off by the range.
        let tenths = (value * 10.0 + 0.5_f32.copysign(value)) as i32;
        (from..=to).contains(&tenths).then_some(tenths)
    };
    Some(Climate {
        temperature_dc: round(sample.temperature?, -400, 850)?,
        humidity_dpc: round(sample.humidity?, 0, 1000)?,
        pressure_dhpa: round(sample.pressure? / 100.0, 3000, 11_000)?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    extern crate std;
    use super::*;
    use core::convert::Infallible;
    use embassy_futures::block_on;
    use embedded_hal_async::i2c::{ErrorType, Operation};
    use proptest::prelude::*;

    /// The chip's registers, on a bus.
    struct Chip([u8; 256]);

    impl ErrorType for Chip {
        type Error = Infallible;
    }

    impl I2c for Chip {
        async fn transaction(&mut self, _: u8, operations: &mut [Operation<'_>]) -> Result<(), Infallible> {
            let mut at = 0;
            for operation in operations {
                match operation {
                    Operation::Write(bytes) => {
                        at = usize::from(bytes[0]);
                        if let [0xf2..=0xf5, value] = **bytes {
                            self.0[at] = value;
                        }
                    }
                    Operation::Read(bytes) => {
                        for byte in bytes.iter_mut() {
                            *byte = self.0[at];
                            at += 1;
                        }
                    }
                }
            }
            Ok(())
        }
    }

    #[test]
    fn the_data_sheets_example() {
        // BMP280 data sheet, 3.12: these numbers are 25.08 °C and 100 653 Pa; the humidity's are of a real chip.
        let mut chip = Chip([0; 256]);
        chip.0[0xd0] = 0x60;
        let calibration: [i32; 12] =
            [27_504, 26_435, -1_000, 36_477, -10_685, 3_024, 2_855, 140, -7, 15_500, -14_600, 6_000];
        for (index, number) in calibration.into_iter().enumerate() {
            chip.0[0x88 + 2 * index..][..2].copy_from_slice(&(number as u16).to_le_bytes());
        }
        chip.0[0xa1] = 75;
        chip.0[0xe1..0xe8].copy_from_slice(&[0x6a, 0x01, 0x00, 0x13, 0x29, 0x03, 0x1e]);
        let raw = |number: u32| [(number >> 12) as u8, (number >> 4) as u8, (number << 4) as u8];
        chip.0[0xf7..0xfa].copy_from_slice(&raw(415_148));
        chip.0[0xfa..0xfd].copy_from_slice(&raw(519_888));
        chip.0[0xfd..0xff].copy_from_slice(&[0x6e, 0x00]);
        let climate = tenths(&block_on(sample(&mut chip, 0x76)).unwrap()).unwrap();
        assert_eq!((climate.temperature_dc, climate.pressure_dhpa), (251, 10_065));
        assert_eq!(chip.0[0xf4] & 0b11, 0b01, "it has measured once, and sleeps");
        assert!((300..700).contains(&climate.humidity_dpc), "{}", climate.humidity_dpc);
    }

    fn all(temperature: f32, humidity: f32, pressure: f32) -> Sample {
        Sample { temperature: Some(temperature), humidity: Some(humidity), pressure: Some(pressure) }
    }

    #[test]
    fn halves_round_away_from_zero() {
        let climate = tenths(&all(-0.25, 45.04, 101_325.0)).unwrap();
        assert_eq!(climate, Climate { temperature_dc: -3, humidity_dpc: 450, pressure_dhpa: 10_133 });
        assert_eq!(tenths(&Sample { humidity: None, ..all(20.0, 0.0, 101_325.0) }), None);
    }

    proptest! {
        #[test]
        fn what_no_air_is_is_not_known(temperature: f32, humidity: f32, pressure: f32) {
            if let Some(climate) = tenths(&all(temperature, humidity, pressure)) {
                prop_assert!((-400..=850).contains(&climate.temperature_dc));
                prop_assert!((0..=1000).contains(&climate.humidity_dpc) && pressure.is_normal());
            }
        }
    }
}
