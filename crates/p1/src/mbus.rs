//! M-Bus: the meters behind the meter, what they measure and in what.

use crate::quantity::Quantity;

/// What an M-Bus device measures (EN 13757-3), from its device type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// 3.
    Gas,
    /// 4, 12, 13.
    Heat,
    /// 6, 7.
    Water,
    /// 10, 11.
    Cooling,
    /// 2.
    Electricity,
    /// 8.
    HeatCostAllocator,
    /// Any other number.
    Other,
}

impl Medium {
    /// What people call a device of this kind, in English. Warm water is water of type 6.
    pub const fn title(self, device_type: Option<i64>) -> &'static str {
        match self {
            Self::Water if matches!(device_type, Some(6)) => "Warm water",
            Self::Gas => "Gas",
            Self::Heat => "Heat",
            Self::Water => "Water",
            Self::Cooling => "Cooling",
            Self::Electricity => "Electricity",
            Self::HeatCostAllocator => "Heat cost allocator",
            Self::Other => "Meter",
        }
    }

    /// The medium behind a device type.
    pub const fn of(device_type: i64) -> Self {
        match device_type {
            2 => Self::Electricity,
            3 => Self::Gas,
            4 | 12 | 13 => Self::Heat,
            6 | 7 => Self::Water,
            8 => Self::HeatCostAllocator,
            10 | 11 => Self::Cooling,
            _ => Self::Other,
        }
    }

    /// The word that the API uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gas => "gas",
            Self::Heat => "heat",
            Self::Water => "water",
            Self::Cooling => "cooling",
            Self::Electricity => "electricity",
            Self::HeatCostAllocator => "heat-cost-allocator",
            Self::Other => "other",
        }
    }
}

/// What an M-Bus register counts. The integer is always the thousandth of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MbusUnit {
    /// m³, held in litres.
    CubicMetre,
    /// GJ, held in megajoules.
    Gigajoule,
    /// kWh, held in watt-hours.
    KilowattHour,
}

impl MbusUnit {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::CubicMetre, Self::Gigajoule, Self::KilowattHour];

    /// The unit as a telegram writes it: `m3`, `GJ`, `kWh` and what else comes to the same integer.
    pub fn of(written: &[u8]) -> Option<Self> {
        match written {
            b"m3" | b"dm3" | b"l" => Some(Self::CubicMetre),
            b"GJ" | b"MJ" => Some(Self::Gigajoule),
            b"kWh" | b"Wh" | b"MWh" => Some(Self::KilowattHour),
            _ => None,
        }
    }

    /// The integer's unit, as names end: `dm3`, `mj`, `wh`.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::CubicMetre => "dm3",
            Self::Gigajoule => "mj",
            Self::KilowattHour => "wh",
        }
    }

    /// What is counted, as names begin: `volume`, `energy`.
    pub const fn stem(self) -> &'static str {
        match self {
            Self::CubicMetre => "volume",
            Self::Gigajoule | Self::KilowattHour => "energy",
        }
    }
}

/// What hangs on a channel: what it measures, and in what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MbusChannel {
    /// What it measures.
    pub medium: Medium,
    /// In what.
    pub unit: MbusUnit,
}

impl MbusChannel {
    /// From what a telegram says of it. Without a unit gas and water are taken as m³, which they always are; heat can be GJ or
    /// kWh and stays unknown. A register in m³ whose device type is not sent is gas, as the first `SmartyReader` took it.
    pub fn of(device_type: Option<i64>, unit: Option<MbusUnit>) -> Option<Self> {
        let medium = device_type.map(Medium::of);
        let unit = unit.or(match medium {
            Some(Medium::Gas | Medium::Water) => Some(MbusUnit::CubicMetre),
            _ => None,
        })?;
        let medium = match medium {
            Some(medium) => medium,
            None if unit == MbusUnit::CubicMetre => Medium::Gas,
            None => return None,
        };
        Some(Self { medium, unit })
    }
}

/// The quantities of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MbusQuantities {
    /// What the device is.
    pub device_type: Quantity,
    /// What it has counted.
    pub register: Quantity,
    /// When the register was read.
    pub time: Quantity,
    /// Its valve.
    pub valve: Quantity,
}

/// The quantities of channels 1 to 4. A channel's number says nothing of what hangs there: it follows the order of
/// installation.
pub const MBUS: [MbusQuantities; 4] = [
    MbusQuantities {
        device_type: Quantity::Mbus1DeviceType,
        register: Quantity::Mbus1Register,
        time: Quantity::Mbus1Time,
        valve: Quantity::Mbus1Valve,
    },
    MbusQuantities {
        device_type: Quantity::Mbus2DeviceType,
        register: Quantity::Mbus2Register,
        time: Quantity::Mbus2Time,
        valve: Quantity::Mbus2Valve,
    },
    MbusQuantities {
        device_type: Quantity::Mbus3DeviceType,
        register: Quantity::Mbus3Register,
        time: Quantity::Mbus3Time,
        valve: Quantity::Mbus3Valve,
    },
    MbusQuantities {
        device_type: Quantity::Mbus4DeviceType,
        register: Quantity::Mbus4Register,
        time: Quantity::Mbus4Time,
        valve: Quantity::Mbus4Valve,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_what_its_type_and_unit_say() {
        let of = |device_type, unit: &str| MbusChannel::of(device_type, MbusUnit::of(unit.as_bytes()));
        let channel = |medium, unit| Some(MbusChannel { medium, unit });
        assert_eq!(of(Some(3), "m3"), channel(Medium::Gas, MbusUnit::CubicMetre));
        assert_eq!(of(Some(7), ""), channel(Medium::Water, MbusUnit::CubicMetre));
        assert_eq!(of(Some(12), "GJ"), channel(Medium::Heat, MbusUnit::Gigajoule));
        assert_eq!(of(Some(4), "kWh"), channel(Medium::Heat, MbusUnit::KilowattHour));
        assert_eq!(of(Some(4), ""), None, "heat can be counted in either");
        assert_eq!(of(None, "m3"), channel(Medium::Gas, MbusUnit::CubicMetre));
        assert_eq!(of(None, "GJ"), None);
    }

    #[test]
    fn the_quantities_belong_to_their_channel() {
        for (number, channel) in MBUS.iter().enumerate() {
            for (quantity, name) in [
                (channel.device_type, "device_type"),
                (channel.register, "register_milli"),
                (channel.time, "time"),
                (channel.valve, "valve"),
            ] {
                let mut found = quantity.name().strip_prefix("mbus").unwrap().splitn(2, '_');
                assert_eq!(found.next().unwrap().parse(), Ok(number + 1));
                assert_eq!(found.next(), Some(name));
            }
        }
    }
}
