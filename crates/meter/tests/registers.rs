//! The law of the registers: they hold exactly what the telegrams' powers add up to.

use smarty_meter::calendar::utc;
use smarty_meter::{Fault, Line, MeterConfig, Profile, Script, StartRegisters, Values, VirtualMeter};

const START: StartRegisters = StartRegisters {
    energy_import_wh: 1_000_003,
    energy_export_wh: 2_000_007,
    reactive_energy_import_varh: 3_000_011,
    reactive_energy_export_varh: 4_000_013,
    gas_dm3: 5_000_017,
};

fn meter(profile: Profile, period_s: u32) -> VirtualMeter {
    VirtualMeter::new(MeterConfig {
        start: utc(2026, 3, 27, 4, 0, 0),
        period_s,
        start_registers: Some(START),
        ..MeterConfig::new(profile)
    })
}

/// Adds up watt-seconds from what the telegrams say, in 128 bits and without carry.
#[derive(Default)]
struct Sum {
    import: u128,
    export: u128,
    reactive_import: u128,
    reactive_export: u128,
}

impl Sum {
    fn add(&mut self, values: &Values, seconds: u128) {
        self.import += u128::from(values.power_import_w) * seconds;
        self.export += u128::from(values.power_export_w) * seconds;
        self.reactive_import += u128::from(values.reactive_power_import_var.unwrap_or(0)) * seconds;
        self.reactive_export += u128::from(values.reactive_power_export_var.unwrap_or(0)) * seconds;
    }

    fn check(&self, values: &Values) {
        let registers = &values.registers;
        let stands = |start: u64, sum: u128| start + u64::try_from(sum / 3600).expect("a small sum");
        assert_eq!(registers.energy_import_wh, stands(START.energy_import_wh, self.import));
        assert_eq!(registers.energy_export_wh, stands(START.energy_export_wh, self.export));
        if let Some(varh) = registers.reactive_energy_import_varh {
            assert_eq!(varh, stands(START.reactive_energy_import_varh, self.reactive_import));
        }
        if let Some(varh) = registers.reactive_energy_export_varh {
            assert_eq!(varh, stands(START.reactive_energy_export_varh, self.reactive_export));
        }
    }
}

#[test]
fn registers_integrate_the_power_of_every_profile() {
    for profile in Profile::ALL {
        for period_s in [1, 10, 7] {
            let mut meter = meter(profile, period_s);
            let mut sum = Sum::default();
            let first = meter.next_values();
            sum.check(&first);
            for _ in 0..12_000 {
                let values = meter.next_values();
                sum.add(&values, period_s.into());
                sum.check(&values);
            }
            assert!(sum.import > 0, "{profile:?} used something");
        }
    }
}

#[test]
fn tariffs_add_up_to_the_totals_at_every_moment() {
    for profile in [Profile::Austria, Profile::Netherlands5, Profile::Netherlands22, Profile::Belgium] {
        let mut both = [false; 2];
        for values in (0..20_000).scan(meter(profile, 10), |meter, _| Some(meter.next_values())) {
            let [first, second] = values.registers.tariffs.expect("a profile with tariffs");
            assert_eq!(first.energy_import_wh + second.energy_import_wh, values.registers.energy_import_wh);
            assert_eq!(first.energy_export_wh + second.energy_export_wh, values.registers.energy_export_wh);
            both[usize::from(values.tariff.expect("a profile with tariffs")) - 1] = true;
        }
        assert_eq!(both, [true, true], "{profile:?} has seen both tariffs");
    }
}

#[test]
fn values_and_telegrams_are_the_same_meter() {
    let mut quick = meter(Profile::LuxembourgSolar, 10);
    let telegrams = meter(Profile::LuxembourgSolar, 10);
    for telegram in telegrams.take(2000) {
        assert_eq!(quick.next_values(), telegram.values);
    }
}

#[test]
fn a_meter_that_is_not_heard_counts_on() {
    let heard: Vec<Values> =
        (0..50).scan(meter(Profile::LuxembourgFull, 10), |meter, _| Some(meter.next_values())).collect();
    let script = Script::new().with(10, Fault::Silence { telegrams: 30 });
    for chunk in Line::new(meter(Profile::LuxembourgFull, 10), script).until(50) {
        let telegram = chunk.truth.expect("what is heard is whole");
        assert_eq!(telegram.values, heard[usize::try_from(chunk.index).expect("small")]);
    }
}

#[test]
fn a_silent_month_counts_as_one_telegram() {
    let mut meter = meter(Profile::LuxembourgSolar, 10);
    let mut sum = Sum::default();
    let mut before = meter.next_values();
    for seconds in [10, 3, 25, 900, 30 * 86_400, 10] {
        meter.silent_until(before.sent_at + seconds);
        let values = meter.next_values();
        // Never sooner than its period.
        assert_eq!(values.sent_at - before.sent_at, seconds.max(10));
        sum.add(&values, seconds.max(10).unsigned_abs().into());
        sum.check(&values);
        before = values;
    }
    assert!(sum.import + sum.export > 0);
}

#[test]
fn gas_is_handed_over_late_and_never_falls() {
    for (profile, longest) in
        [(Profile::LuxembourgGas, 1740), (Profile::Netherlands5, 300), (Profile::Netherlands22, 3600)]
    {
        let mut meter = meter(profile, 10);
        let mut captures = vec![meter.next_values().gas.expect("a profile with gas")];
        for _ in 0..8640 {
            let values = meter.next_values();
            let gas = values.gas.expect("a profile with gas");
            assert!((0..longest).contains(&(values.sent_at - gas.captured_at)), "{profile:?}");
            if gas != captures[captures.len() - 1] {
                captures.push(gas);
            }
        }
        assert!(captures.is_sorted_by_key(|gas| (gas.captured_at, gas.volume_dm3)));
        let used = captures[captures.len() - 1].volume_dm3 - captures[0].volume_dm3;
        assert!((1000..20_000).contains(&used), "{used} litres on a day in March");
        if profile == Profile::LuxembourgGas {
            assert!(captures.iter().any(|gas| gas.captured_at % 60 != 0), "not on the minute");
        }
    }
}

#[test]
fn belgian_demand_is_the_energy_of_the_quarter() {
    let mut meter = meter(Profile::Belgium, 10);
    let mut sum = 0u64;
    let mut highest = 0;
    let mut before = meter.next_values();
    for _ in 0..5000 {
        let values = meter.next_values();
        sum += u64::from(values.power_import_w) * 10;
        if values.sent_at % 900 == 0 {
            highest = highest.max(u32::try_from(sum / 900).expect("a house"));
            sum = 0;
        }
        let demand = values.demand.expect("Belgium");
        assert_eq!(u64::from(demand.average_w), sum / 900);
        assert_eq!(demand.month_peak_w, highest);
        assert!(demand.month_peak_at >= before.demand.expect("Belgium").month_peak_at);
        before = values;
    }
}
