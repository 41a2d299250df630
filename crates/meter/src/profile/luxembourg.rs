//! Luxembourg's *Smarty*, Sagemcom T210-D.

use crate::calendar::Zone;
use crate::household::Appliances;
use crate::readout::Readout;
use crate::text::Text;

use super::{Gas, Spec, Tariffs, mbus, per_phase};

const IDENTIFICATION: &str = "/Lux5\\253663629_D";
const ENERGY: (usize, usize) = (9, 3);
const POWER: (usize, usize) = (5, 3);

/// A house without panels or gas.
pub(super) static FULL: Spec = Spec {
    zone: Zone::CENTRAL_EUROPE,
    appliances: Appliances { solar_wp: 0, heat_pump: true, electric_car: true, gas_boiler: false },
    power_step_w: 1,
    per_phase_netting: false,
    clock: true,
    reactive: true,
    apparent: true,
    voltage_step_mv: Some(1000),
    current_step_ma: Some(1000),
    phase_power: true,
    phase_reactive: true,
    tariffs: Tariffs::None,
    gas: None,
    demand: false,
};

pub(super) static SOLAR: Spec =
    Spec { appliances: Appliances { solar_wp: 8400, heat_pump: true, electric_car: true, gas_boiler: false }, ..FULL };

pub(super) static GAS: Spec = Spec {
    appliances: Appliances { solar_wp: 0, heat_pump: false, electric_car: false, gas_boiler: true },
    // Real captures are neither on the hour nor on five minutes: 17:45:42 at 17:54:31.
    gas: Some(Gas { channel: 1, slot_s: 900, jitter_s: 840 }),
    ..FULL
};

pub(super) static OF_2018: Spec = Spec {
    appliances: Appliances { solar_wp: 0, heat_pump: false, electric_car: false, gas_boiler: false },
    apparent: false,
    voltage_step_mv: None,
    phase_power: false,
    phase_reactive: false,
    ..FULL
};

/// The full list, with the gas meter's objects where there is one.
pub(super) fn write(readout: &Readout<'_>) -> Vec<u8> {
    let values = readout.values;
    let mut text = Text::begin(IDENTIFICATION);
    let t = &mut text;
    head(t, readout);
    t.fixed("1-0:3.7.0", values.reactive_power_import_var.unwrap_or(0).into(), POWER, "kvar");
    t.fixed("1-0:4.7.0", values.reactive_power_export_var.unwrap_or(0).into(), POWER, "kvar");
    t.fixed("0-0:17.0.0", 276, (4, 1), "kVA");
    t.fixed("1-0:9.7.0", values.apparent_power_import_va.unwrap_or(0).into(), POWER, "kVA");
    t.fixed("1-0:10.7.0", values.apparent_power_export_va.unwrap_or(0).into(), POWER, "kVA");
    t.raw(b"1-1:31.4.0(040*A)(-040*A)\r\n");
    t.raw(b"0-0:96.3.10(1)\r\n0-1:96.3.10(0)\r\n0-2:96.3.10(0)\r\n");
    events_and_messages(t, readout);
    let volts = readout.phases(|phase| phase.voltage_mv.map(|mv| mv / 100));
    per_phase(t, ["1-0:32.7.0", "1-0:52.7.0", "1-0:72.7.0"], volts, (4, 1), "V");
    currents(t, readout);
    let codes = ["1-0:21.7.0", "1-0:41.7.0", "1-0:61.7.0"];
    per_phase(t, codes, readout.phases(|phase| phase.power_import_w), POWER, "kW");
    let codes = ["1-0:22.7.0", "1-0:42.7.0", "1-0:62.7.0"];
    per_phase(t, codes, readout.phases(|phase| phase.power_export_w), POWER, "kW");
    let codes = ["1-0:23.7.0", "1-0:43.7.0", "1-0:63.7.0"];
    per_phase(t, codes, readout.phases(|phase| phase.reactive_power_import_var), POWER, "kvar");
    let codes = ["1-0:24.7.0", "1-0:44.7.0", "1-0:64.7.0"];
    per_phase(t, codes, readout.phases(|phase| phase.reactive_power_export_var), POWER, "kvar");
    if let Some(gas) = values.gas {
        // The device type comes before anything else of its channel.
        t.count("0-1:24.1.0", 3, 3);
        t.hex("0-1:96.1.0", readout.device.gas_identifier.as_bytes());
        t.raw(b"0-1:24.2.1");
        t.stamp_group(readout.stamp(gas.captured_at));
        t.group(gas.volume_dm3, (8, 3), "m3");
        t.raw(b"\r\n0-1:24.4.0(1)\r\n");
    }
    mbus(t, readout);
    text.end()
}

/// The list of 2018.
pub(super) fn write_2018(readout: &Readout<'_>) -> Vec<u8> {
    let values = readout.values;
    let mut text = Text::begin(IDENTIFICATION);
    let t = &mut text;
    head(t, readout);
    // This firmware forgot the units, and the limiter's format.
    t.fixed("1-0:3.7.0", values.reactive_power_import_var.unwrap_or(0).into(), POWER, "");
    t.fixed("1-0:4.7.0", values.reactive_power_export_var.unwrap_or(0).into(), POWER, "");
    t.raw(b"0-0:17.0.0(77.376)\r\n0-0:96.3.10(1)\r\n");
    events_and_messages(t, readout);
    currents(t, readout);
    text.end()
}

/// What both firmwares have in common up to the active power.
fn head(t: &mut Text, readout: &Readout<'_>) {
    let values = readout.values;
    let registers = &values.registers;
    t.raw(b"1-3:0.2.8(42)\r\n");
    t.stamp("0-0:1.0.0", readout.clock());
    t.hex("0-0:42.0.0", readout.device.logical_device_name.as_bytes());
    t.fixed("1-0:1.8.0", registers.energy_import_wh, ENERGY, "kWh");
    t.fixed("1-0:2.8.0", registers.energy_export_wh, ENERGY, "kWh");
    t.fixed("1-0:3.8.0", registers.reactive_energy_import_varh.unwrap_or(0), ENERGY, "kvarh");
    t.fixed("1-0:4.8.0", registers.reactive_energy_export_varh.unwrap_or(0), ENERGY, "kvarh");
    t.fixed("1-0:1.7.0", values.power_import_w.into(), POWER, "kW");
    t.fixed("1-0:2.7.0", values.power_export_w.into(), POWER, "kW");
}

fn events_and_messages(t: &mut Text, readout: &Readout<'_>) {
    let events = readout.events;
    t.count("0-0:96.7.21", events.failures.into(), 5);
    for (code, count) in ["1-0:32.32.0", "1-0:52.32.0", "1-0:72.32.0"].into_iter().zip(events.sags) {
        t.count(code, count.into(), 5);
    }
    for (code, count) in ["1-0:32.36.0", "1-0:52.36.0", "1-0:72.36.0"].into_iter().zip(events.swells) {
        t.count(code, count.into(), 5);
    }
    t.words("0-0:96.13.0", readout.message);
    t.raw(b"0-0:96.13.2()\r\n0-0:96.13.3()\r\n0-0:96.13.4()\r\n0-0:96.13.5()\r\n");
}

fn currents(t: &mut Text, readout: &Readout<'_>) {
    let amperes = readout.phases(|phase| phase.current_ma.map(|ma| ma / 1000));
    per_phase(t, ["1-0:31.7.0", "1-0:51.7.0", "1-0:71.7.0"], amperes, (3, 0), "A");
}
