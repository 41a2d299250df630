//! Sweden's H1 port: totals only, no name, `kVAr`, and `W` behind the time in July too.

use crate::calendar::Zone;
use crate::household::Appliances;
use crate::readout::Readout;
use crate::text::Text;

use super::{Spec, Tariffs, per_phase};

const ENERGY: (usize, usize) = (11, 3);
const POWER: (usize, usize) = (7, 3);

pub(super) static SPEC: Spec = Spec {
    zone: Zone::CENTRAL_EUROPE_NORMAL_TIME,
    appliances: Appliances { solar_wp: 0, heat_pump: true, electric_car: true, gas_boiler: false },
    power_step_w: 1,
    per_phase_netting: false,
    clock: true,
    reactive: true,
    apparent: false,
    voltage_step_mv: Some(100),
    current_step_ma: Some(100),
    phase_power: true,
    phase_reactive: true,
    tariffs: Tariffs::None,
    gas: None,
    demand: false,
};

pub(super) fn write(readout: &Readout<'_>) -> Vec<u8> {
    let values = readout.values;
    let registers = &values.registers;
    let mut text = Text::begin("/KAM5");
    let t = &mut text;
    t.stamp("0-0:1.0.0", readout.clock());
    t.fixed("1-0:1.8.0", registers.energy_import_wh, ENERGY, "kWh");
    t.fixed("1-0:2.8.0", registers.energy_export_wh, ENERGY, "kWh");
    t.fixed("1-0:3.8.0", registers.reactive_energy_import_varh.unwrap_or(0), ENERGY, "kVArh");
    t.fixed("1-0:4.8.0", registers.reactive_energy_export_varh.unwrap_or(0), ENERGY, "kVArh");
    t.fixed("1-0:1.7.0", values.power_import_w.into(), POWER, "kW");
    t.fixed("1-0:2.7.0", values.power_export_w.into(), POWER, "kW");
    t.fixed("1-0:3.7.0", values.reactive_power_import_var.unwrap_or(0).into(), POWER, "kVAr");
    t.fixed("1-0:4.7.0", values.reactive_power_export_var.unwrap_or(0).into(), POWER, "kVAr");
    let codes = ["1-0:21.7.0", "1-0:41.7.0", "1-0:61.7.0"];
    per_phase(t, codes, readout.phases(|phase| phase.power_import_w), POWER, "kW");
    let codes = ["1-0:22.7.0", "1-0:42.7.0", "1-0:62.7.0"];
    per_phase(t, codes, readout.phases(|phase| phase.power_export_w), POWER, "kW");
    let codes = ["1-0:23.7.0", "1-0:43.7.0", "1-0:63.7.0"];
    per_phase(t, codes, readout.phases(|phase| phase.reactive_power_import_var), POWER, "kVAr");
    let codes = ["1-0:24.7.0", "1-0:44.7.0", "1-0:64.7.0"];
    per_phase(t, codes, readout.phases(|phase| phase.reactive_power_export_var), POWER, "kVAr");
    let volts = readout.phases(|phase| phase.voltage_mv.map(|mv| mv / 100));
    per_phase(t, ["1-0:32.7.0", "1-0:52.7.0", "1-0:72.7.0"], volts, (4, 1), "V");
    let amperes = readout.phases(|phase| phase.current_ma.map(|ma| ma / 100));
    per_phase(t, ["1-0:31.7.0", "1-0:51.7.0", "1-0:71.7.0"], amperes, (4, 1), "A");
    text.end()
}
