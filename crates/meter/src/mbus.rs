//! M-Bus: any other meter behind the meter, on a channel of its own.

use crate::gas::last_capture;
use crate::prng::pick;
use crate::register::Register;
use crate::values::MbusValues;

const USE: u64 = 0x51;

/// What a device on the M-Bus is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MbusKind {
    /// Gas, m³.
    Gas,
    /// Cold water, m³.
    Water,
    /// Warm water, m³.
    WarmWater,
    /// Heat, GJ.
    Heat,
    /// Cooling, GJ.
    Cooling,
    /// A slave electricity meter, kWh.
    Electricity,
}

impl MbusKind {
    /// Each of them.
    pub const ALL: [Self; 6] = [Self::Gas, Self::Water, Self::WarmWater, Self::Heat, Self::Cooling, Self::Electricity];

    /// The name on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gas => "gas",
            Self::Water => "water",
            Self::WarmWater => "warm-water",
            Self::Heat => "heat",
            Self::Cooling => "cooling",
            Self::Electricity => "electricity",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The number that telegrams carry (EN 13757-3).
    #[must_use]
    pub const fn device_type(self) -> u8 {
        match self {
            Self::Gas => 3,
            Self::Water => 7,
            Self::WarmWater => 6,
            Self::Heat => 4,
            Self::Cooling => 10,
            Self::Electricity => 2,
        }
    }

    /// The unit as telegrams write it; registers here are thousandths of it.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Gas | Self::Water | Self::WarmWater => "m3",
            Self::Heat | Self::Cooling => "GJ",
            Self::Electricity => "kWh",
        }
    }

    /// Thousandths an hour, at most.
    const fn most(self) -> i64 {
        match self {
            Self::Gas => 1500,
            Self::Water => 120,
            Self::WarmWater => 60,
            Self::Heat => 30,
            Self::Cooling => 12,
            Self::Electricity => 2200,
        }
    }
}

/// How a device on the M-Bus is ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MbusDevice {
    /// What it is.
    pub kind: MbusKind,
    /// What names it, before it is written as hex.
    pub identifier: String,
    /// Where its register begins, thousandths of the unit.
    pub register: u64,
    /// Seconds from one capture to the next.
    pub slot_s: u32,
    /// Where its valve stands, if it has one.
    pub valve: Option<u8>,
}

impl MbusDevice {
    /// One that is read every five minutes and has no valve.
    #[must_use]
    pub fn new(kind: MbusKind, identifier: &str) -> Self {
        Self { kind, identifier: identifier.to_owned(), register: 0, slot_s: 300, valve: None }
    }
}

/// A device at work.
#[derive(Clone, Debug)]
pub(crate) struct MbusMeter {
    pub(crate) device: MbusDevice,
    seed: u64,
    register: Register,
    captured_at: i64,
    shown: u64,
}

impl MbusMeter {
    pub(crate) fn new(device: MbusDevice, seed: u64, clock: i64) -> Self {
        // A thousandth an hour is what a watt is to a watt-hour.
        let (register, shown) = (Register::energy(device.register), device.register);
        let mut meter = Self { device, seed, register, captured_at: 0, shown };
        meter.captured_at = meter.last_capture(clock);
        meter
    }

    /// Counts over `seconds`; at the first telegram after a capture the new register shows.
    pub(crate) fn add(&mut self, seconds: u64, clock: i64) {
        let kind = self.device.kind;
        let hour = clock.div_euclid(3600);
        let rate = pick(self.seed, USE, hour * 16 + i64::from(kind.device_type()), 0, kind.most());
        self.register.add(u32::try_from(rate).unwrap_or(0), seconds);
        let captured_at = self.last_capture(clock);
        if captured_at != self.captured_at {
            (self.captured_at, self.shown) = (captured_at, self.register.units());
        }
    }

    pub(crate) const fn show(&self) -> MbusValues {
        let MbusDevice { kind, valve, .. } = self.device;
        MbusValues { kind, captured_at: self.captured_at, register: self.shown, valve }
    }

    fn last_capture(&self, clock: i64) -> i64 {
        last_capture(self.seed, i64::from(self.device.slot_s.max(1)), 0, clock)
    }
}
