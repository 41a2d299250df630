//! What the tests have in common: readings with everything around them that can be known, and messages as lines.

#![allow(dead_code)] // Each test file uses its part.

use std::fmt::Display;
use std::path::PathBuf;

use smarty_ledger::{Calculated, Exceedance, Outlook, Rolling, WindowSpread};
use smarty_p1::{Civil, Quantity, Reading, Season, Telegram, Timestamp, Values, hex_text};
use smarty_payload::native;
use smarty_payload::{Climate, Clock, FromEnergy, MbusChannels, Moment, RunningQuarter, mbus_channels};

/// Normal time in Luxembourg.
pub(crate) const ZONE_S: i32 = 3600;

/// Where the frozen files are.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// A telegram with what is known around it, for a [`Moment`] to borrow from.
pub(crate) struct Scene {
    pub(crate) text: Vec<u8>,
    pub(crate) clock: Clock,
    pub(crate) values: Values,
    pub(crate) mbus: MbusChannels,
    pub(crate) equipment: String,
    pub(crate) calculated: Calculated,
}

impl Scene {
    /// What the daemon makes of a telegram's text.
    pub(crate) fn of(text: Vec<u8>) -> Self {
        let telegram = Telegram::parse(&text).unwrap();
        let reading = Reading::of(&telegram);
        let clock = match reading.time {
            Some(time @ Timestamp::Valid(local, season)) if season.is_some() => {
                let offset = if season == Some(Season::Summer) { ZONE_S + 3600 } else { ZONE_S };
                Clock { utc: time.utc(ZONE_S).unwrap(), offset, local, season }
            }
            _ => Clock::at(1_795_391_990, ZONE_S),
        };
        let mut values = reading.values;
        let times = [Quantity::Mbus1Time, Quantity::Mbus2Time, Quantity::Mbus3Time, Quantity::Mbus4Time];
        for (device, quantity) in reading.mbus.iter().zip(times) {
            if let Some(utc) = device.capture_time.and_then(|time| time.utc(ZONE_S)) {
                values.set(quantity, utc);
            }
        }
        if let Some(utc) = reading.month_peak_time.and_then(|time| time.utc(ZONE_S)) {
            values.set(Quantity::DemandImportMonthPeakTime, utc);
        }
        let mut buffer = [0; 64];
        let equipment = reading.identity().and_then(|hex| hex_text(hex, &mut buffer)).unwrap_or_default().to_string();
        let mbus = mbus_channels(&values, Some(&telegram));
        let calculated = calculated(&values);
        Self { text, clock, values, mbus, equipment, calculated }
    }

    /// A frozen telegram.
    pub(crate) fn golden(name: &str) -> Self {
        Self::of(std::fs::read(folder().join(format!("{name}.telegram"))).unwrap())
    }

    /// The moment, with everything that can be known.
    pub(crate) fn moment<'a>(&'a self, telegram: Option<&'a Telegram<'a>>) -> Moment<'a> {
        let start = self.clock.utc.div_euclid(900) * 900;
        let local = self.clock.local;
        Moment {
            telegram,
            mbus: self.mbus,
            power_from_energy: FromEnergy { import_cw: Some(50_400), export_cw: Some(0) },
            quarter: Some(RunningQuarter {
                start,
                end: start + 900,
                energy_import_wh: Some(103),
                energy_export_wh: Some(0),
                complete: true,
                outlook: self.calculated.outlook,
            }),
            host_time: Some(Civil { second: local.second.saturating_add(1).min(59), ..local }),
            climate: Some(Climate { temperature_dc: 215, humidity_dpc: 480, pressure_dhpa: 10_132 }),
            ..Moment::new(self.clock, &self.values, &self.equipment, &self.calculated)
        }
    }
}

/// Everything known, from a telegram's own values and invented history.
pub(crate) fn calculated(values: &Values) -> Calculated {
    use Quantity as Q;

    let get = |quantity| values.get(quantity);
    let rolling = |now: Option<i64>, mean_cw| Rolling {
        now_w: now,
        window: now.map(|now| WindowSpread { mean_cw, min_w: now / 2, max_w: now * 2 + 1 }),
    };
    let import = [Q::PowerImport, Q::PowerImportL1, Q::PowerImportL2, Q::PowerImportL3].map(get);
    let export = [Q::PowerExport, Q::PowerExportL1, Q::PowerExportL2, Q::PowerExportL3].map(get);
    let excess: [Rolling; 4] = std::array::from_fn(|phase| {
        let now = import[phase].zip(export[phase]).map(|(import, export)| (export - import).max(0));
        rolling(now, 12_345)
    });
    let beyond = |reference_w, quarter_wh, day_wh, month_wh| {
        Some(Exceedance { reference_w, price_micro_euro: Some(76_500), quarter_wh, day_wh, month_wh })
    };
    let gas = [Q::Mbus1DeviceType, Q::Mbus2DeviceType].iter().position(|&of| get(of) == Some(3));
    let gas_dm3 = gas.and_then(|channel| get([Q::Mbus1Register, Q::Mbus2Register][channel]));
    Calculated {
        energy_import_wh: values.total(Q::EnergyImport),
        energy_export_wh: values.total(Q::EnergyExport),
        day_import_wh: Some(120),
        day_export_wh: Some(4321),
        power_import: import.map(|now| rolling(now, 51_249)),
        power_export: export.map(|now| rolling(now, 99_950)),
        excess_solar: excess,
        gas_dm3,
        day_gas_dm3: gas_dm3.map(|_| 1_204),
        exceedance: [beyond(3000, 42, 1_335, 18_005), beyond(7000, 0, 120, 2_000), beyond(12_000, 0, 0, 0)],
        outlook: Outlook {
            projected_import_w: Some(463),
            reference_w: Some(3000),
            allowed_w: Some(3_456),
            exceedance_wh: Some(0),
        },
        day_complete: true,
        month_complete: false,
    }
}

/// A day and a month of costs; the contract of the year has just begun.
pub(crate) fn costs<'a>(components: &'a [(&'a str, i64)]) -> native::Costs<'a> {
    let span = |utc, offset, total_micro_eur, exceedance_wh| native::CostSpan {
        start: Clock::at(utc, offset),
        total_micro_eur,
        components,
        exceedance_wh,
        certain: false,
        lower_bound: exceedance_wh.is_none(),
    };
    native::Costs {
        until: Clock::at(1_795_391_990, ZONE_S),
        spans: [
            Some(span(1_795_388_400, ZONE_S, 1_671_000, Some(2_411))),
            Some(span(1_793_487_600, ZONE_S, 24_950_333, Some(18_005))),
            Some(span(1_774_994_400, 7_200, -1, None)),
        ],
    }
}

/// Messages of a visitor, one `topic payload` a line.
#[derive(Default)]
pub(crate) struct Lines(pub(crate) Vec<(String, String)>);

impl Lines {
    /// What a visitor is shown.
    pub(crate) fn of(visit: impl FnOnce(&mut dyn FnMut(&dyn Display, &dyn Display))) -> Self {
        let mut lines = Vec::new();
        visit(&mut |topic, payload| lines.push((topic.to_string(), payload.to_string())));
        Self(lines)
    }

    /// As a file.
    pub(crate) fn text(&self) -> String {
        self.0.iter().fold(String::new(), |text, (topic, payload)| text + topic + " " + payload + "\n")
    }
}
