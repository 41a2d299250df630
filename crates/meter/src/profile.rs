//! The makes of meter: what each one sends, and how finely.

mod austria;
mod belgium;
mod luxembourg;
mod netherlands;
mod sweden;

use crate::calendar::{Local, Zone};
use crate::household::Appliances;
use crate::readout::Readout;
use crate::text::Text;

/// A make of meter with its list of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Luxembourg, firmware of 2020 and later: the full list, a house with heat pump and car.
    LuxembourgFull,
    /// The same meter in a house with panels on the roof.
    LuxembourgSolar,
    /// The same meter with a gas meter on an M-Bus channel.
    LuxembourgGas,
    /// Luxembourg, firmware of 2018: 28 objects, no unit behind reactive power.
    Luxembourg2018,
    /// Austria, T210-D-R: whole watts and watt-hours, two tariffs.
    Austria,
    /// The Netherlands, DSMR 5: two tariffs, gas every five minutes.
    Netherlands5,
    /// The Netherlands, DSMR 2.2: no clock, no checksum, gas on two lines.
    Netherlands22,
    /// Belgium: two tariffs the other way round, month peaks, limiter and fuse.
    Belgium,
    /// Sweden: totals only, normal time all the year, `kVAr`.
    Sweden,
}

/// When which tariff is in force, and how the telegram numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tariffs {
    /// Totals only.
    None,
    /// 1 is low: nights from 23 to 7 and weekends.
    LowFirst,
    /// 1 is the day from 7 to 22, 2 is night and weekend.
    DayFirst,
    /// 1 is the day from 6 to 22 on all days.
    EveryDay,
}

impl Tariffs {
    pub(crate) fn is_some(self) -> bool {
        self != Self::None
    }

    /// 1 or 2 by the meter's clock.
    pub(crate) fn at(self, local: &Local) -> Option<u8> {
        let hour = local.second_of_day / 3600;
        let weekday = !local.is_weekend();
        let second = match self {
            Self::None => return None,
            Self::LowFirst => weekday && (7..23).contains(&hour),
            Self::DayFirst => !(weekday && (7..22).contains(&hour)),
            Self::EveryDay => !(6..22).contains(&hour),
        };
        Some(1 + u8::from(second))
    }
}

/// A gas meter behind the port.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gas {
    pub(crate) channel: u8,
    /// One capture in each slot of this length …
    pub(crate) slot_s: i64,
    /// … at its begin, or up to this much later.
    pub(crate) jitter_s: i64,
}

/// What a profile sends besides power and totals, and its resolution.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) zone: Zone,
    pub(crate) appliances: Appliances,
    /// Watts in the last digit of the total power.
    pub(crate) power_step_w: u32,
    /// Import and export are counted per phase, so both may be above zero at the same time.
    pub(crate) per_phase_netting: bool,
    pub(crate) clock: bool,
    pub(crate) reactive: bool,
    pub(crate) apparent: bool,
    pub(crate) voltage_step_mv: Option<u32>,
    pub(crate) current_step_ma: Option<u32>,
    pub(crate) phase_power: bool,
    pub(crate) phase_reactive: bool,
    pub(crate) tariffs: Tariffs,
    pub(crate) gas: Option<Gas>,
    pub(crate) demand: bool,
}

impl Profile {
    /// All profiles, in the order of the declaration.
    pub const ALL: [Self; 9] = [
        Self::LuxembourgFull,
        Self::LuxembourgSolar,
        Self::LuxembourgGas,
        Self::Luxembourg2018,
        Self::Austria,
        Self::Netherlands5,
        Self::Netherlands22,
        Self::Belgium,
        Self::Sweden,
    ];

    /// The name on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LuxembourgFull => "luxembourg",
            Self::LuxembourgSolar => "luxembourg-solar",
            Self::LuxembourgGas => "luxembourg-gas",
            Self::Luxembourg2018 => "luxembourg-2018",
            Self::Austria => "austria",
            Self::Netherlands5 => "netherlands-5",
            Self::Netherlands22 => "netherlands-2.2",
            Self::Belgium => "belgium",
            Self::Sweden => "sweden",
        }
    }

    /// The profile of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// Whether the telegram ends with a checksum.
    #[must_use]
    pub const fn has_crc(self) -> bool {
        !matches!(self, Self::Netherlands22)
    }

    /// Whether a gas meter belongs to it, on an M-Bus channel.
    #[must_use]
    pub fn has_gas(self) -> bool {
        self.spec().gas.is_some()
    }

    /// The clock of this make.
    #[must_use]
    pub fn zone(self) -> Zone {
        self.spec().zone
    }

    /// What the house behind a meter of this make has, unless told otherwise.
    #[must_use]
    pub fn appliances(self) -> Appliances {
        self.spec().appliances
    }

    pub(crate) fn spec(self) -> &'static Spec {
        match self {
            Self::LuxembourgFull => &luxembourg::FULL,
            Self::LuxembourgSolar => &luxembourg::SOLAR,
            Self::LuxembourgGas => &luxembourg::GAS,
            Self::Luxembourg2018 => &luxembourg::OF_2018,
            Self::Austria => &austria::SPEC,
            Self::Netherlands5 => &netherlands::SPEC_5,
            Self::Netherlands22 => &netherlands::SPEC_22,
            Self::Belgium => &belgium::SPEC,
            Self::Sweden => &sweden::SPEC,
        }
    }

    /// The telegram of this readout.
    pub(crate) fn write(self, readout: &Readout<'_>) -> Vec<u8> {
        match self {
            Self::LuxembourgFull | Self::LuxembourgSolar | Self::LuxembourgGas => luxembourg::write(readout),
            Self::Luxembourg2018 => luxembourg::write_2018(readout),
            Self::Austria => austria::write(readout),
            Self::Netherlands5 => netherlands::write_5(readout),
            Self::Netherlands22 => netherlands::write_22(readout),
            Self::Belgium => belgium::write(readout),
            Self::Sweden => sweden::write(readout),
        }
    }
}

/// Writes one object per phase, in the order in which the codes are given.
fn per_phase(text: &mut Text, codes: [&str; 3], values: [Option<u32>; 3], form: (usize, usize), unit: &str) {
    for (code, value) in codes.into_iter().zip(values) {
        text.fixed(code, value.unwrap_or(0).into(), form, unit);
    }
}

/// Writes what hangs on the M-Bus. The device type comes before anything else of its channel.
fn mbus(text: &mut Text, readout: &Readout<'_>) {
    for (place, device) in readout.values.mbus.iter().enumerate() {
        let Some(device) = device else { continue };
        let code = |rest: &str| format!("0-{}:{rest}", place + 1);
        text.count(&code("24.1.0"), device.kind.device_type().into(), 3);
        let identifier = readout.device.mbus_identifiers[place].as_deref().unwrap_or_default();
        text.hex(&code("96.1.0"), identifier.as_bytes());
        text.raw(code("24.2.1").as_bytes());
        text.stamp_group(readout.stamp(device.captured_at));
        text.group(device.register, (8, 3), device.kind.unit());
        text.raw(b"\r\n");
        if let Some(valve) = device.valve {
            text.count(&code("24.4.0"), valve.into(), 1);
        }
    }
}
