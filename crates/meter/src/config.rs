//! How a virtual meter is ordered.

use core::fmt;

use crate::calendar::{Zone, utc};
use crate::household::Appliances;
use crate::mbus::MbusDevice;
use crate::prng::{hash, pick};
use crate::profile::Profile;
use crate::readout::Device;
use crate::seal::{LengthForm, STANDARD_AUTHENTICATION_KEY};

const SERIAL: u64 = 0x40;
const KEY: u64 = 0x41;
const REGISTERS: u64 = 0x42;

/// Everything that makes one virtual meter differ from another.
///
/// ```
/// use smarty_meter::{MeterConfig, Profile, VirtualMeter};
///
/// let config = MeterConfig { seed: 7, key: Some([0x5A; 16]), ..MeterConfig::new(Profile::LuxembourgSolar) };
/// let telegram = VirtualMeter::new(config).next_telegram();
/// assert_eq!(telegram.frame[0], 0xDB);
/// assert_eq!(telegram.frame.len(), telegram.text.len() + 30);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct MeterConfig {
    /// The make of the meter.
    pub profile: Profile,
    /// Names the household, and the meter where no names are given.
    pub seed: u64,
    /// The clock; the profile's own unless changed.
    pub zone: Zone,
    /// What the house has; as the profile suggests unless changed.
    pub appliances: Appliances,
    /// The meter stands behind the panels of this house, and counts nothing but what they make.
    pub only_panels: bool,
    /// The name in the envelope; from the seed when `None`.
    pub system_title: Option<[u8; 8]>,
    /// The encryption key; `None` sends plain text.
    pub key: Option<[u8; 16]>,
    /// What is authenticated along with the text.
    pub authentication_key: [u8; 16],
    /// How the frame's length is written.
    pub length_form: LengthForm,
    /// The meter's name; from the seed when `None`.
    pub logical_device_name: Option<String>,
    /// When the first telegram is sent, in UTC.
    pub start: i64,
    /// Seconds from one telegram to the next; at least 1.
    pub period_s: u32,
    /// Where the registers stand in the first telegram; from the seed when `None`.
    pub start_registers: Option<StartRegisters>,
    /// What hangs on M-Bus channels 1 to 4 besides the profile's gas meter. Profiles of Luxembourg since 2020 and of DSMR 5
    /// show it.
    pub mbus: [Option<MbusDevice>; 4],
    /// The frame counter of the first telegram.
    pub start_frame_counter: u32,
}

impl MeterConfig {
    /// A plain meter of this make that starts at the new year of 2026 and sends every ten seconds.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            seed: 1,
            zone: profile.zone(),
            appliances: profile.appliances(),
            only_panels: false,
            system_title: None,
            key: None,
            authentication_key: STANDARD_AUTHENTICATION_KEY,
            length_form: LengthForm::default(),
            logical_device_name: None,
            start: utc(2025, 12, 31, 23, 0, 0),
            period_s: 10,
            start_registers: None,
            mbus: [const { None }; 4],
            start_frame_counter: 1,
        }
    }

    /// The names of this meter.
    #[must_use]
    pub fn device(&self) -> Device {
        // The title of a real meter ends with its serial number, three bytes of it.
        let serial = pick(self.seed, SERIAL, 0, 100_000, 999_999);
        let [.., high, middle, low] = serial.to_be_bytes();
        let austrian = self.profile == Profile::Austria;
        let maker = if austrian { *b"SAG5\0" } else { *b"SAGgp" };
        let [s, a, g, four, five] = maker;
        let name = match self.profile {
            Profile::Netherlands5 => format!("E0044007{serial:09}"),
            Profile::Netherlands22 => format!("ZBEV0051{serial:08}"),
            Profile::Belgium => format!("1SAG1100{serial:06}"),
            _ => format!("SAG10307{serial:08}"),
        };
        Device {
            logical_device_name: self.logical_device_name.clone().unwrap_or(name),
            system_title: self.system_title.unwrap_or([s, a, g, four, five, high, middle, low]),
            gas_identifier: format!("FLO182370{serial:06}"),
            mbus_identifiers: self.mbus.each_ref().map(|device| Some(device.as_ref()?.identifier.clone())),
        }
    }

    pub(crate) fn registers(&self) -> StartRegisters {
        self.start_registers.unwrap_or_else(|| StartRegisters::of(self.seed))
    }
}

impl fmt::Debug for MeterConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeterConfig")
            .field("profile", &self.profile)
            .field("seed", &self.seed)
            .field("sealed", &self.key.is_some())
            .field("start", &self.start)
            .field("period_s", &self.period_s)
            .finish_non_exhaustive()
    }
}

/// Where registers begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StartRegisters {
    /// Active energy drawn from the grid.
    pub energy_import_wh: u64,
    /// Active energy given to the grid.
    pub energy_export_wh: u64,
    /// Reactive energy, inductive side.
    pub reactive_energy_import_varh: u64,
    /// Reactive energy, capacitive side.
    pub reactive_energy_export_varh: u64,
    /// Gas.
    pub gas_dm3: u64,
}

impl StartRegisters {
    /// A meter that has hung on the wall for some years.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let place = |index, high| pick(seed, REGISTERS, index, 1_000_000, high).cast_unsigned();
        Self {
            energy_import_wh: place(0, 40_000_000),
            energy_export_wh: place(1, 20_000_000),
            reactive_energy_import_varh: place(2, 4_000_000),
            reactive_energy_export_varh: place(3, 9_000_000),
            gas_dm3: place(4, 15_000_000),
        }
    }
}

/// The encryption key that belongs to a seed, where a scene brings in a meter of its own (a swap, a
/// neighbour): whoever is to read it asks here.
#[must_use]
pub fn key_of(seed: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&hash(seed, KEY, 0).to_be_bytes());
    key[8..].copy_from_slice(&hash(seed, KEY, 1).to_be_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_key() {
        let config = MeterConfig { key: Some([0xAB; 16]), ..MeterConfig::new(Profile::LuxembourgFull) };
        let shown = format!("{config:?}");
        assert!(shown.contains("sealed: true") && !shown.contains("171"), "{shown}");
    }

    #[test]
    fn seeds_name_different_meters() {
        let device = |seed| MeterConfig { seed, ..MeterConfig::new(Profile::LuxembourgFull) }.device();
        assert_ne!(device(1), device(2));
        assert_eq!(device(1).logical_device_name.len(), 16);
        assert_ne!(key_of(1), key_of(2));
    }
}
