//! Latest: the last good telegram with everything that follows from it, as messages and the page take it.

use heapless::{String, Vec};
use smarty_ledger::{Calculated, Standing};
use smarty_p1::{Quantity, Telegram, Values};
use smarty_payload::{Climate, Clock, FromEnergy, Moment, RunningQuarter};

use crate::devices::{DevicesNow, channels};
use crate::intake::Vouched;
use crate::zone::Zone;

/// Bytes of text that are kept for formats which show values as the telegram has them. Luxembourg's telegrams have 1.1 KB,
/// those with all phases and an M-Bus 2.2 KB; of a longer one values are written from the numbers.
pub const LONGEST_TEXT: usize = 4096;

/// See the module.
pub struct Latest {
    /// Counts the good telegrams since the start; 0: there was none yet.
    pub number: u32,
    /// UTC seconds.
    pub time: i64,
    /// When it came, seconds since the start.
    pub uptime_s: u32,
    /// Its numbers.
    pub values: Values,
    /// What names the meter.
    pub equipment: String<64>,
    /// What vouches for it.
    pub vouched: Vouched,
    /// What follows from the readings so far.
    pub calculated: Calculated,
    /// The quarter-hour that is running.
    pub quarter: Option<RunningQuarter>,
    /// The meters behind the meter.
    pub devices: DevicesNow,
    /// The text; empty where it is longer than what is kept.
    pub text: Vec<u8, LONGEST_TEXT>,
}

impl Latest {
    /// Before the first.
    #[inline(never)]
    pub fn new() -> Self {
        Self {
            number: 0,
            time: 0,
            uptime_s: 0,
            values: Values::EMPTY,
            equipment: String::new(),
            vouched: Vouched::default(),
            calculated: Calculated::default(),
            quarter: None,
            devices: [const { None }; 4],
            text: Vec::new(),
        }
    }

    /// Becomes the same as another. In place: a copy on its way would be 5 KB of the stack.
    pub fn copy_from(&mut self, other: &Self) {
        let Self { number, time, uptime_s, values, equipment, vouched, calculated, quarter, devices, text } = other;
        (self.number, self.time, self.uptime_s, self.vouched, self.quarter) =
            (*number, *time, *uptime_s, *vouched, *quarter);
        self.values.clone_from(values);
        self.equipment.clone_from(equipment);
        self.calculated.clone_from(calculated);
        self.devices.clone_from(devices);
        self.text.clear();
        // It fits: both are of one size.
        let _ = self.text.extend_from_slice(text);
    }

    /// The telegram, where its text is kept.
    pub fn telegram(&self) -> Option<Telegram<'_>> {
        Telegram::parse(&self.text).ok()
    }

    /// As the payloads take it. `before`: where the registers stood at the last publication. `host`: our own time.
    pub fn moment<'a>(
        &'a self,
        telegram: Option<&'a Telegram<'a>>,
        zone: Zone,
        before: Option<&Standing>,
        host: Option<Clock>,
        climate: Option<Climate>,
    ) -> Moment<'a> {
        let power = before.map(|before| self.standing().power_since(before)).unwrap_or_default();
        // What counts nothing has no quarter-hour.
        let counts = [Quantity::EnergyImport, Quantity::EnergyExport];
        let counts = counts.iter().any(|&total| self.values.total(total).is_some());
        Moment {
            telegram,
            mbus: channels(&self.devices),
            power_from_energy: FromEnergy { import_cw: power.import_cw, export_cw: power.export_cw },
            quarter: self.quarter.filter(|_| counts),
            host_time: host.map(|clock| clock.local),
            climate,
            ..Moment::new(zone.clock(self.time), &self.values, &self.equipment, &self.calculated)
        }
    }

    /// Where the registers stand, for the next publication.
    pub fn standing(&self) -> Standing {
        Standing::of(self.time, segment(&self.equipment), &self.values)
    }
}

impl Default for Latest {
    fn default() -> Self {
        Self::new()
    }
}

/// A number that differs between two meters: FNV-1a of the name.
pub fn segment(equipment: &str) -> i64 {
    let hash = equipment
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3));
    hash as i64
}
