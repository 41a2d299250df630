//! Austria's T210-D-R: the Luxembourg envelope around whole watts and watt-hours in two tariffs.

use crate::calendar::Zone;
use crate::household::Appliances;
use crate::readout::Readout;
use crate::text::Text;
use crate::values::TariffRegisters;

use super::{Spec, Tariffs};

const WHOLE: (usize, usize) = (9, 0);

pub(super) static SPEC: Spec = Spec {
    zone: Zone::CENTRAL_EUROPE,
    appliances: Appliances { solar_wp: 6200, heat_pump: false, electric_car: false, gas_boiler: false },
    power_step_w: 1,
    per_phase_netting: true,
    clock: true,
    reactive: true,
    apparent: false,
    voltage_step_mv: None,
    current_step_ma: None,
    phase_power: false,
    phase_reactive: false,
    tariffs: Tariffs::EveryDay,
    gas: None,
    demand: false,
};

pub(super) fn write(readout: &Readout<'_>) -> Vec<u8> {
    let values = readout.values;
    let registers = &values.registers;
    let [first, second] = registers.tariffs.unwrap_or_default();
    let mut text = Text::begin("/EST5\\253717584_A");
    let t = &mut text;
    t.raw(b"1-3:0.2.8(50)\r\n");
    t.stamp("0-0:1.0.0", readout.clock());
    let mut quantity =
        |codes: [&str; 4], total: u64, part: fn(&TariffRegisters) -> u64, power: u32, units: [&str; 2]| {
            t.fixed(codes[0], total, WHOLE, units[0]);
            t.fixed(codes[1], part(&first), WHOLE, units[0]);
            t.fixed(codes[2], part(&second), WHOLE, units[0]);
            t.fixed(codes[3], power.into(), WHOLE, units[1]);
        };
    quantity(
        ["1-0:1.8.0", "1-0:1.8.1", "1-0:1.8.2", "1-0:1.7.0"],
        registers.energy_import_wh,
        |tariff| tariff.energy_import_wh,
        values.power_import_w,
        ["Wh", "W"],
    );
    quantity(
        ["1-0:2.8.0", "1-0:2.8.1", "1-0:2.8.2", "1-0:2.7.0"],
        registers.energy_export_wh,
        |tariff| tariff.energy_export_wh,
        values.power_export_w,
        ["Wh", "W"],
    );
    quantity(
        ["1-0:3.8.0", "1-0:3.8.1", "1-0:3.8.2", "1-0:3.7.0"],
        registers.reactive_energy_import_varh.unwrap_or(0),
        |tariff| tariff.reactive_energy_import_varh,
        values.reactive_power_import_var.unwrap_or(0),
        ["varh", "var"],
    );
    quantity(
        ["1-0:4.8.0", "1-0:4.8.1", "1-0:4.8.2", "1-0:4.7.0"],
        registers.reactive_energy_export_varh.unwrap_or(0),
        |tariff| tariff.reactive_energy_export_varh,
        values.reactive_power_export_var.unwrap_or(0),
        ["varh", "var"],
    );
    text.end()
}
