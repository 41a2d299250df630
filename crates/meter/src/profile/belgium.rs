//! Belgium (Fluvius): quarter-hour demand with month peaks, limiter and fuse, gas without temperature
//! correction, and tariffs numbered the other way round.

use crate::calendar::Zone;
use crate::household::Appliances;
use crate::readout::Readout;
use crate::text::Text;

use super::{Gas, Spec, Tariffs, per_phase};

const ENERGY: (usize, usize) = (9, 3);
const POWER: (usize, usize) = (5, 3);

pub(super) static SPEC: Spec = Spec {
    zone: Zone::CENTRAL_EUROPE,
    appliances: Appliances { solar_wp: 5000, heat_pump: false, electric_car: false, gas_boiler: true },
    power_step_w: 1,
    per_phase_netting: false,
    clock: true,
    reactive: false,
    apparent: false,
    voltage_step_mv: Some(100),
    current_step_ma: Some(10),
    phase_power: true,
    phase_reactive: false,
    tariffs: Tariffs::DayFirst,
    gas: Some(Gas { channel: 1, slot_s: 300, jitter_s: 60 }),
    demand: true,
};

pub(super) fn write(readout: &Readout<'_>) -> Vec<u8> {
    let values = readout.values;
    let mut text = Text::begin("/FLU5\\253769484_A");
    let t = &mut text;
    t.raw(b"0-0:96.1.4(50217)\r\n");
    t.hex("0-0:96.1.1", readout.device.logical_device_name.as_bytes());
    t.stamp("0-0:1.0.0", readout.clock());
    let [first, second] = values.registers.tariffs.unwrap_or_default();
    t.fixed("1-0:1.8.1", first.energy_import_wh, ENERGY, "kWh");
    t.fixed("1-0:1.8.2", second.energy_import_wh, ENERGY, "kWh");
    t.fixed("1-0:2.8.1", first.energy_export_wh, ENERGY, "kWh");
    t.fixed("1-0:2.8.2", second.energy_export_wh, ENERGY, "kWh");
    t.count("0-0:96.14.0", values.tariff.unwrap_or(1).into(), 4);
    demand(t, readout);
    t.fixed("1-0:1.7.0", values.power_import_w.into(), POWER, "kW");
    t.fixed("1-0:2.7.0", values.power_export_w.into(), POWER, "kW");
    let codes = ["1-0:21.7.0", "1-0:41.7.0", "1-0:61.7.0"];
    per_phase(t, codes, readout.phases(|phase| phase.power_import_w), POWER, "kW");
    let codes = ["1-0:22.7.0", "1-0:42.7.0", "1-0:62.7.0"];
    per_phase(t, codes, readout.phases(|phase| phase.power_export_w), POWER, "kW");
    let volts = readout.phases(|phase| phase.voltage_mv.map(|mv| mv / 100));
    per_phase(t, ["1-0:32.7.0", "1-0:52.7.0", "1-0:72.7.0"], volts, (4, 1), "V");
    let amperes = readout.phases(|phase| phase.current_ma.map(|ma| ma / 10));
    per_phase(t, ["1-0:31.7.0", "1-0:51.7.0", "1-0:71.7.0"], amperes, (5, 2), "A");
    t.raw(b"0-0:96.3.10(1)\r\n0-0:17.0.0(999.9*kW)\r\n1-0:31.4.0(999*A)\r\n");
    t.words("0-0:96.13.0", readout.message);
    if let Some(gas) = values.gas {
        t.count("0-1:24.1.0", 3, 3);
        t.hex("0-1:96.1.1", readout.device.gas_identifier.as_bytes());
        t.raw(b"0-1:24.4.0(1)\r\n0-1:24.2.3");
        t.stamp_group(readout.stamp(gas.captured_at));
        t.group(gas.volume_dm3, (8, 3), "m3");
        t.raw(b"\r\n");
    }
    text.end()
}

/// The running quarter, the month's peak, and one line with the peaks of the last months.
fn demand(t: &mut Text, readout: &Readout<'_>) {
    let Some(demand) = readout.values.demand else {
        return;
    };
    t.fixed("1-0:1.4.0", demand.average_w.into(), POWER, "kW");
    t.raw(b"1-0:1.6.0");
    t.stamp_group(readout.stamp(demand.month_peak_at));
    t.group(demand.month_peak_w.into(), POWER, "kW");
    t.raw(b"\r\n0-0:98.1.0");
    let months = readout.month_peaks;
    t.group(months.len() as u64, (if months.len() > 9 { 2 } else { 1 }, 0), "");
    t.raw(b"(1-0:1.6.0)(1-0:1.6.0)");
    for month in months {
        t.stamp_group(readout.stamp(month.month_ended_at));
        t.stamp_group(readout.stamp(month.at));
        t.group(month.demand_w.into(), POWER, "kW");
    }
    t.raw(b"\r\n");
}
