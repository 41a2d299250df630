//! Quantity: what a number in a telegram means, with its unit, its OBIS code and its outward name.
//!
//! The names (`power_import_w`) are an API: topics, columns and JSON keys are made from them. The
//! discriminants are the codes that stored blocks carry: they are only ever added to.

use crate::obis::Obis;

/// The unit in which a [`Quantity`] is held, always as an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Watt-hour.
    WattHour,
    /// Var-hour.
    VarHour,
    /// Watt.
    Watt,
    /// Var.
    Var,
    /// Volt-ampere.
    VoltAmpere,
    /// Millivolt.
    Millivolt,
    /// Milliampere.
    Milliampere,
    /// Millihertz.
    Millihertz,
    /// A plain number: events, states, device types.
    One,
    /// By the M-Bus device: litre (thousandth of m³), megajoule (of GJ), watt-hour (of kWh).
    Milli,
    /// Seconds since 1970-01-01 00:00 UTC.
    UtcSecond,
    /// Millimetre.
    Millimetre,
    /// Millilitre: a thousandth of a litre.
    Millilitre,
    /// Thousandth of a degree Celsius.
    Millidegree,
    /// Thousandth: tenths of a percent.
    Permille,
    /// Pascal: a hundredth of a hectopascal.
    Pascal,
    /// A span of seconds.
    Second,
}

impl Unit {
    /// The unit as people write it.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::WattHour => "Wh",
            Self::VarHour => "varh",
            Self::Watt => "W",
            Self::Var => "var",
            Self::VoltAmpere => "VA",
            Self::Millivolt => "mV",
            Self::Milliampere => "mA",
            Self::Millihertz => "mHz",
            Self::One => "",
            Self::Milli => "1/1000",
            Self::UtcSecond | Self::Second => "s",
            Self::Millimetre => "mm",
            Self::Millilitre => "ml",
            Self::Millidegree => "m°C",
            Self::Permille => "‰",
            Self::Pascal => "Pa",
        }
    }

    /// How many decimals this unit has below the unit that telegrams write without a name
    /// (kWh, kW, V, A, m³): 3 for watt-hours, since a telegram's bare number is in kilowatt-hours.
    pub(crate) const fn default_scale(self) -> u8 {
        match self {
            Self::One | Self::UtcSecond | Self::Second | Self::Pascal | Self::Permille => 0,
            _ => 3,
        }
    }
}

/// How a [`Quantity`] behaves over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Counts up for ever; totals are differences of it.
    Register,
    /// A momentary value.
    Instant,
    /// Counts events.
    Counter,
    /// A state, a limit or a time.
    State,
}

impl Kind {
    /// The word that the API uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Instant => "instant",
            Self::Counter => "counter",
            Self::State => "state",
        }
    }
}

macro_rules! quantities {
    ($( $variant:ident = $code:literal, $name:literal, $obis:expr, $unit:ident, $kind:ident; )*) => {
        /// A numeric quantity that a telegram can carry or a sensor can measure.
        ///
        /// The discriminant is the code in stored blocks: never change one, only add.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Quantity {
            $( #[doc = concat!("`", $name, "`")] $variant = $code, )*
        }

        impl Quantity {
            /// Every quantity, in the order of the codes.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )*];
            const NAMES: &'static [&'static str] = &[$( $name, )*];
            const CODES: &'static [Obis] = &[$( $obis, )*];
            const UNITS: &'static [Unit] = &[$( Unit::$unit, )*];
            const KINDS: &'static [Kind] = &[$( Kind::$kind, )*];
        }
    };
}

const fn e(c: u8, d: u8, e: u8) -> Obis {
    Obis::new(1, 0, c, d, e)
}
const fn a(b: u8, c: u8, d: u8, e: u8) -> Obis {
    Obis::new(0, b, c, d, e)
}
/// Codes that no telegram carries as such: the capture time stands inside another object.
const fn inner(b: u8, e: u8) -> Obis {
    Obis::new(15, b, 0, 0, e)
}

quantities! {
    EnergyImport = 0, "energy_import_wh", e(1, 8, 0), WattHour, Register;
    EnergyExport = 1, "energy_export_wh", e(2, 8, 0), WattHour, Register;
    ReactiveEnergyImport = 2, "reactive_energy_import_varh", e(3, 8, 0), VarHour, Register;
    ReactiveEnergyExport = 3, "reactive_energy_export_varh", e(4, 8, 0), VarHour, Register;
    EnergyImportT1 = 4, "energy_import_t1_wh", e(1, 8, 1), WattHour, Register;
    EnergyImportT2 = 5, "energy_import_t2_wh", e(1, 8, 2), WattHour, Register;
    EnergyImportT3 = 6, "energy_import_t3_wh", e(1, 8, 3), WattHour, Register;
    EnergyImportT4 = 7, "energy_import_t4_wh", e(1, 8, 4), WattHour, Register;
    EnergyExportT1 = 8, "energy_export_t1_wh", e(2, 8, 1), WattHour, Register;
    EnergyExportT2 = 9, "energy_export_t2_wh", e(2, 8, 2), WattHour, Register;
    EnergyExportT3 = 10, "energy_export_t3_wh", e(2, 8, 3), WattHour, Register;
    EnergyExportT4 = 11, "energy_export_t4_wh", e(2, 8, 4), WattHour, Register;
    ReactiveEnergyImportT1 = 12, "reactive_energy_import_t1_varh", e(3, 8, 1), VarHour, Register;
    ReactiveEnergyImportT2 = 13, "reactive_energy_import_t2_varh", e(3, 8, 2), VarHour, Register;
    ReactiveEnergyExportT1 = 14, "reactive_energy_export_t1_varh", e(4, 8, 1), VarHour, Register;
    ReactiveEnergyExportT2 = 15, "reactive_energy_export_t2_varh", e(4, 8, 2), VarHour, Register;
    PowerImport = 16, "power_import_w", e(1, 7, 0), Watt, Instant;
    PowerExport = 17, "power_export_w", e(2, 7, 0), Watt, Instant;
    ReactivePowerImport = 18, "reactive_power_import_var", e(3, 7, 0), Var, Instant;
    ReactivePowerExport = 19, "reactive_power_export_var", e(4, 7, 0), Var, Instant;
    ApparentPowerImport = 20, "apparent_power_import_va", e(9, 7, 0), VoltAmpere, Instant;
    ApparentPowerExport = 21, "apparent_power_export_va", e(10, 7, 0), VoltAmpere, Instant;
    PowerImportL1 = 22, "power_import_l1_w", e(21, 7, 0), Watt, Instant;
    PowerImportL2 = 23, "power_import_l2_w", e(41, 7, 0), Watt, Instant;
    PowerImportL3 = 24, "power_import_l3_w", e(61, 7, 0), Watt, Instant;
    PowerExportL1 = 25, "power_export_l1_w", e(22, 7, 0), Watt, Instant;
    PowerExportL2 = 26, "power_export_l2_w", e(42, 7, 0), Watt, Instant;
    PowerExportL3 = 27, "power_export_l3_w", e(62, 7, 0), Watt, Instant;
    ReactivePowerImportL1 = 28, "reactive_power_import_l1_var", e(23, 7, 0), Var, Instant;
    ReactivePowerImportL2 = 29, "reactive_power_import_l2_var", e(43, 7, 0), Var, Instant;
    ReactivePowerImportL3 = 30, "reactive_power_import_l3_var", e(63, 7, 0), Var, Instant;
    ReactivePowerExportL1 = 31, "reactive_power_export_l1_var", e(24, 7, 0), Var, Instant;
    ReactivePowerExportL2 = 32, "reactive_power_export_l2_var", e(44, 7, 0), Var, Instant;
    ReactivePowerExportL3 = 33, "reactive_power_export_l3_var", e(64, 7, 0), Var, Instant;
    VoltageL1 = 34, "voltage_l1_mv", e(32, 7, 0), Millivolt, Instant;
    VoltageL2 = 35, "voltage_l2_mv", e(52, 7, 0), Millivolt, Instant;
    VoltageL3 = 36, "voltage_l3_mv", e(72, 7, 0), Millivolt, Instant;
    CurrentL1 = 37, "current_l1_ma", e(31, 7, 0), Milliampere, Instant;
    CurrentL2 = 38, "current_l2_ma", e(51, 7, 0), Milliampere, Instant;
    CurrentL3 = 39, "current_l3_ma", e(71, 7, 0), Milliampere, Instant;
    Frequency = 40, "frequency_mhz", e(14, 7, 0), Millihertz, Instant;
    DemandImport = 41, "demand_import_w", e(1, 4, 0), Watt, Instant;
    DemandImportMonthPeak = 42, "demand_import_month_peak_w", e(1, 6, 0), Watt, State;
    DemandImportMonthPeakTime = 43, "demand_import_month_peak_time", inner(0, 1), UtcSecond, State;
    ActiveThreshold = 44, "active_threshold_va", a(0, 17, 0, 0), VoltAmpere, State;
    CurrentThresholdImport = 45, "current_threshold_import_ma", Obis::new(1, 1, 31, 4, 0), Milliampere, State;
    CurrentThresholdExport = 46, "current_threshold_export_ma", inner(0, 2), Milliampere, State;
    FuseThreshold = 47, "fuse_threshold_ma", e(31, 4, 0), Milliampere, State;
    BreakerState = 48, "breaker_state", a(0, 96, 3, 10), One, State;
    Relay1State = 49, "relay1_state", a(1, 96, 3, 10), One, State;
    Relay2State = 50, "relay2_state", a(2, 96, 3, 10), One, State;
    TariffIndicator = 51, "tariff_indicator", a(0, 96, 14, 0), One, State;
    PowerFailures = 52, "power_failures", a(0, 96, 7, 21), One, Counter;
    LongPowerFailures = 53, "long_power_failures", a(0, 96, 7, 9), One, Counter;
    VoltageSagsL1 = 54, "voltage_sags_l1", e(32, 32, 0), One, Counter;
    VoltageSagsL2 = 55, "voltage_sags_l2", e(52, 32, 0), One, Counter;
    VoltageSagsL3 = 56, "voltage_sags_l3", e(72, 32, 0), One, Counter;
    VoltageSwellsL1 = 57, "voltage_swells_l1", e(32, 36, 0), One, Counter;
    VoltageSwellsL2 = 58, "voltage_swells_l2", e(52, 36, 0), One, Counter;
    VoltageSwellsL3 = 59, "voltage_swells_l3", e(72, 36, 0), One, Counter;
    Mbus1DeviceType = 60, "mbus1_device_type", a(1, 24, 1, 0), One, State;
    Mbus1Register = 61, "mbus1_register_milli", a(1, 24, 2, 1), Milli, Register;
    Mbus1Time = 62, "mbus1_time", inner(1, 0), UtcSecond, State;
    Mbus1Valve = 63, "mbus1_valve", a(1, 24, 4, 0), One, State;
    Mbus2DeviceType = 64, "mbus2_device_type", a(2, 24, 1, 0), One, State;
    Mbus2Register = 65, "mbus2_register_milli", a(2, 24, 2, 1), Milli, Register;
    Mbus2Time = 66, "mbus2_time", inner(2, 0), UtcSecond, State;
    Mbus2Valve = 67, "mbus2_valve", a(2, 24, 4, 0), One, State;
    Mbus3DeviceType = 68, "mbus3_device_type", a(3, 24, 1, 0), One, State;
    Mbus3Register = 69, "mbus3_register_milli", a(3, 24, 2, 1), Milli, Register;
    Mbus3Time = 70, "mbus3_time", inner(3, 0), UtcSecond, State;
    Mbus3Valve = 71, "mbus3_valve", a(3, 24, 4, 0), One, State;
    Mbus4DeviceType = 72, "mbus4_device_type", a(4, 24, 1, 0), One, State;
    Mbus4Register = 73, "mbus4_register_milli", a(4, 24, 2, 1), Milli, Register;
    Mbus4Time = 74, "mbus4_time", inner(4, 0), UtcSecond, State;
    Mbus4Valve = 75, "mbus4_valve", a(4, 24, 4, 0), One, State;
    PowerFactor = 76, "power_factor_permille", e(13, 7, 0), One, Instant;
    // What sensors measure: no telegram carries it.
    Distance = 77, "distance_mm", inner(60, 0), Millimetre, Instant;
    Level = 78, "level_mm", inner(60, 1), Millimetre, Instant;
    Volume = 79, "volume_ml", inner(60, 2), Millilitre, Instant;
    Temperature = 80, "temperature_mc", inner(60, 3), Millidegree, Instant;
    Humidity = 81, "humidity_permille", inner(60, 4), Permille, Instant;
    Pressure = 82, "pressure_pa", inner(60, 5), Pascal, Instant;
    ClockOffset = 83, "clock_offset_s", inner(60, 6), Second, Instant;
}

impl Quantity {
    /// How many quantities there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The quantity with this stored code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The quantity with this outward name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|quantity| quantity.name() == name)
    }

    /// The quantity that an object with this code carries in its last group.
    #[inline]
    pub fn of(obis: Obis) -> Option<Self> {
        LOOKUP.find(obis)
    }

    /// The code in stored blocks, and the index into tables of [`Quantity::COUNT`].
    #[inline]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// [`Quantity::code`] as an index.
    #[inline]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The outward name, unit included: `power_import_w`.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The object's code, or `None` for what stands inside another object (a capture time).
    pub const fn obis(self) -> Option<Obis> {
        let obis = Self::CODES[self as usize];
        if obis.a() == 15 { None } else { Some(obis) }
    }

    /// The unit of the integer.
    pub const fn unit(self) -> Unit {
        Self::UNITS[self as usize]
    }

    /// How it behaves over time.
    pub const fn kind(self) -> Kind {
        Self::KINDS[self as usize]
    }

    /// The registers by tariff whose sum this register is. None: it is no such sum.
    pub const fn tariffs(self) -> &'static [Self] {
        match self {
            Self::EnergyImport => {
                &[Self::EnergyImportT1, Self::EnergyImportT2, Self::EnergyImportT3, Self::EnergyImportT4]
            }
            Self::EnergyExport => {
                &[Self::EnergyExportT1, Self::EnergyExportT2, Self::EnergyExportT3, Self::EnergyExportT4]
            }
            Self::ReactiveEnergyImport => &[Self::ReactiveEnergyImportT1, Self::ReactiveEnergyImportT2],
            Self::ReactiveEnergyExport => &[Self::ReactiveEnergyExportT1, Self::ReactiveEnergyExportT2],
            _ => &[],
        }
    }
}

/// Open addressing over the codes, built at compile time: a binary search over 80 codes costs more
/// than the rest of a line.
struct Lookup {
    slots: [u8; Lookup::SIZE],
}

const FREE: u8 = u8::MAX;

impl Lookup {
    const SIZE: usize = 512;

    const fn slot(obis: Obis) -> usize {
        (obis.packed().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - 9)) as usize
    }

    const fn new() -> Self {
        let mut slots = [FREE; Self::SIZE];
        let mut index = 0;
        while index < Quantity::COUNT {
            let mut slot = Self::slot(Quantity::CODES[index]);
            while slots[slot] != FREE {
                slot = (slot + 1) % Self::SIZE;
            }
            slots[slot] = index as u8;
            index += 1;
        }
        Self { slots }
    }

    #[inline]
    fn find(&self, obis: Obis) -> Option<Quantity> {
        let mut slot = Self::slot(obis);
        loop {
            let index = self.slots[slot];
            if index == FREE {
                return None;
            }
            if Quantity::CODES[usize::from(index)].packed() == obis.packed() {
                return Some(Quantity::ALL[usize::from(index)]);
            }
            slot = (slot + 1) % Self::SIZE;
        }
    }
}

static LOOKUP: Lookup = Lookup::new();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_positions() {
        for (index, quantity) in Quantity::ALL.iter().enumerate() {
            assert_eq!(quantity.index(), index);
            assert_eq!(Quantity::from_code(quantity.code()), Some(*quantity));
            assert_eq!(Quantity::from_name(quantity.name()), Some(*quantity));
        }
    }

    #[test]
    fn every_code_is_found_and_no_two_are_alike() {
        for (index, quantity) in Quantity::ALL.iter().enumerate() {
            assert_eq!(Quantity::of(Quantity::CODES[index]), Some(*quantity));
        }
        assert_eq!(Quantity::of(Obis::new(1, 0, 99, 97, 0)), None);
    }

    /// Stored blocks carry these codes. Do not change this test: add lines to it.
    #[test]
    fn stored_codes_are_frozen() {
        for (code, name) in [
            (0, "energy_import_wh"),
            (1, "energy_export_wh"),
            (16, "power_import_w"),
            (17, "power_export_w"),
            (34, "voltage_l1_mv"),
            (37, "current_l1_ma"),
            (44, "active_threshold_va"),
            (48, "breaker_state"),
            (52, "power_failures"),
            (61, "mbus1_register_milli"),
            (75, "mbus4_valve"),
            (76, "power_factor_permille"),
            (77, "distance_mm"),
            (83, "clock_offset_s"),
        ] {
            assert_eq!(Quantity::from_code(code).map(Quantity::name), Some(name));
        }
    }
}
