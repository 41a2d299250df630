//! The Netherlands: DSMR 5 as of today, DSMR 2.2 as of the first meters.

use crate::calendar::Zone;
use crate::household::Appliances;
use crate::readout::Readout;
use crate::text::Text;

use super::{Gas, Spec, Tariffs, mbus, per_phase};

const POWER: (usize, usize) = (5, 3);

pub(super) static SPEC_5: Spec = Spec {
    zone: Zone::CENTRAL_EUROPE,
    appliances: Appliances { solar_wp: 4100, heat_pump: false, electric_car: false, gas_boiler: true },
    power_step_w: 1,
    per_phase_netting: false,
    clock: true,
    reactive: false,
    apparent: false,
    voltage_step_mv: Some(100),
    current_step_ma: Some(1000),
    phase_power: true,
    phase_reactive: false,
    tariffs: Tariffs::LowFirst,
    gas: Some(Gas { channel: 1, slot_s: 300, jitter_s: 0 }),
    demand: false,
};

pub(super) static SPEC_22: Spec = Spec {
    appliances: Appliances { solar_wp: 2200, heat_pump: false, electric_car: false, gas_boiler: true },
    power_step_w: 10,
    clock: false,
    voltage_step_mv: None,
    current_step_ma: None,
    phase_power: false,
    gas: Some(Gas { channel: 2, slot_s: 3600, jitter_s: 0 }),
    ..SPEC_5
};

pub(super) fn write_5(readout: &Readout<'_>) -> Vec<u8> {
    let values = readout.values;
    let events = readout.events;
    let mut text = Text::begin("/ISK5\\2M550T-1012");
    let t = &mut text;
    t.raw(b"1-3:0.2.8(50)\r\n");
    t.stamp("0-0:1.0.0", readout.clock());
    t.hex("0-0:96.1.1", readout.device.logical_device_name.as_bytes());
    energy(t, readout, (9, 3));
    t.count("0-0:96.14.0", values.tariff.unwrap_or(1).into(), 4);
    t.fixed("1-0:1.7.0", values.power_import_w.into(), POWER, "kW");
    t.fixed("1-0:2.7.0", values.power_export_w.into(), POWER, "kW");
    t.count("0-0:96.7.21", events.failures.into(), 5);
    t.count("0-0:96.7.9", events.long_failures.into(), 5);
    t.raw(b"1-0:99.97.0");
    t.group(readout.failures.len() as u64, (if readout.failures.len() > 9 { 2 } else { 1 }, 0), "");
    t.raw(b"(0-0:96.7.19)");
    for failure in readout.failures {
        t.stamp_group(readout.stamp(failure.ended_at));
        t.group(failure.seconds.into(), (10, 0), "s");
    }
    t.raw(b"\r\n");
    for (code, count) in ["1-0:32.32.0", "1-0:52.32.0", "1-0:72.32.0"].into_iter().zip(events.sags) {
        t.count(code, count.into(), 5);
    }
    for (code, count) in ["1-0:32.36.0", "1-0:52.36.0", "1-0:72.36.0"].into_iter().zip(events.swells) {
        t.count(code, count.into(), 5);
    }
    t.words("0-0:96.13.0", readout.message);
    let volts = readout.phases(|phase| phase.voltage_mv.map(|mv| mv / 100));
    per_phase(t, ["1-0:32.7.0", "1-0:52.7.0", "1-0:72.7.0"], volts, (4, 1), "V");
    let amperes = readout.phases(|phase| phase.current_ma.map(|ma| ma / 1000));
    per_phase(t, ["1-0:31.7.0", "1-0:51.7.0", "1-0:71.7.0"], amperes, (3, 0), "A");
    let codes = ["1-0:21.7.0", "1-0:41.7.0", "1-0:61.7.0"];
    per_phase(t, codes, readout.phases(|phase| phase.power_import_w), POWER, "kW");
    let codes = ["1-0:22.7.0", "1-0:42.7.0", "1-0:62.7.0"];
    per_phase(t, codes, readout.phases(|phase| phase.power_export_w), POWER, "kW");
    if let Some(gas) = values.gas {
        t.count("0-1:24.1.0", 3, 3);
        t.hex("0-1:96.1.0", readout.device.gas_identifier.as_bytes());
        t.raw(b"0-1:24.2.1");
        t.stamp_group(readout.stamp(gas.captured_at));
        t.group(gas.volume_dm3, (8, 3), "m3");
        t.raw(b"\r\n");
    }
    mbus(t, readout);
    text.end()
}

pub(super) fn write_22(readout: &Readout<'_>) -> Vec<u8> {
    let values = readout.values;
    let mut text = Text::begin("/ISk5\\2MT382-1003");
    let t = &mut text;
    t.hex("0-0:96.1.1", readout.device.logical_device_name.as_bytes());
    energy(t, readout, (8, 3));
    t.count("0-0:96.14.0", values.tariff.unwrap_or(1).into(), 4);
    t.fixed("1-0:1.7.0", (values.power_import_w / 10).into(), (6, 2), "kW");
    t.fixed("1-0:2.7.0", (values.power_export_w / 10).into(), (6, 2), "kW");
    t.raw(b"0-0:17.0.0(0999.00*kW)\r\n0-0:96.3.10(1)\r\n0-0:96.13.1()\r\n");
    t.words("0-0:96.13.0", readout.message);
    if let Some(gas) = values.gas {
        t.raw(b"0-2:24.1.0(3)\r\n");
        t.hex("0-2:96.1.0", readout.device.gas_identifier.as_bytes());
        t.raw(b"0-2:24.3.0");
        t.bare_stamp_group(readout.stamp(gas.captured_at));
        t.raw(b"(00)(60)(1)(0-2:24.2.1)(m3)\r\n");
        t.group(gas.volume_dm3, (8, 3), "");
        t.raw(b"\r\n0-2:24.4.0(1)\r\n");
    }
    text.end_without_crc()
}

fn energy(t: &mut Text, readout: &Readout<'_>, form: (usize, usize)) {
    let [first, second] = readout.values.registers.tariffs.unwrap_or_default();
    t.fixed("1-0:1.8.1", first.energy_import_wh, form, "kWh");
    t.fixed("1-0:1.8.2", second.energy_import_wh, form, "kWh");
    t.fixed("1-0:2.8.1", first.energy_export_wh, form, "kWh");
    t.fixed("1-0:2.8.2", second.energy_export_wh, form, "kWh");
}
