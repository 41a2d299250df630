//! From what the house does to what the telegram says: netting, and rounding to the last digit.

use crate::household::Moment;
use crate::profile::Spec;
use crate::values::PhaseValues;

/// One moment as the meter measures it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measurement {
    pub(crate) import_w: u32,
    pub(crate) export_w: u32,
    pub(crate) reactive_import_var: u32,
    pub(crate) reactive_export_var: u32,
    pub(crate) apparent: Option<(u32, u32)>,
    pub(crate) phases: [PhaseValues; 3],
    pub(crate) gas_w: u32,
}

impl Measurement {
    pub(crate) fn new(moment: &Moment, spec: &Spec) -> Self {
        let (import, export) = net(moment.active_w, spec.per_phase_netting);
        let (reactive_import_var, reactive_export_var) = net(moment.reactive_var, spec.per_phase_netting);
        let step = spec.power_step_w;
        let apparent = spec.apparent.then(|| {
            let total = apparent_va(moment.active_w.iter().sum(), moment.reactive_var.iter().sum());
            if export > 0 { (0, total) } else { (total, 0) }
        });
        Self {
            import_w: import / step * step,
            export_w: export / step * step,
            reactive_import_var,
            reactive_export_var,
            apparent,
            phases: [0, 1, 2].map(|phase| of_phase(moment, phase, spec)),
            gas_w: positive(moment.gas_w),
        }
    }

    /// What the four registers count.
    pub(crate) const fn powers(&self) -> [u32; 4] {
        [self.import_w, self.export_w, self.reactive_import_var, self.reactive_export_var]
    }
}

fn of_phase(moment: &Moment, phase: usize, spec: &Spec) -> PhaseValues {
    let active = moment.active_w[phase];
    let reactive = moment.reactive_var[phase];
    let voltage_mv = moment.voltage_mv[phase];
    PhaseValues {
        voltage_mv: spec.voltage_step_mv.map(|step| round(positive(voltage_mv), step)),
        current_ma: spec.current_step_ma.map(|step| {
            let micro_va = i64::from(apparent_va(active, reactive)) * 1_000_000;
            round(positive(micro_va / voltage_mv.max(1)), step)
        }),
        power_import_w: spec.phase_power.then(|| positive(active)),
        power_export_w: spec.phase_power.then(|| positive(-active)),
        reactive_power_import_var: spec.phase_reactive.then(|| positive(reactive)),
        reactive_power_export_var: spec.phase_reactive.then(|| positive(-reactive)),
    }
}

/// Import and export of three phases: of their sum, or each phase for itself.
fn net(phases: [i64; 3], per_phase: bool) -> (u32, u32) {
    if per_phase {
        let sum = |sign: i64| phases.iter().map(|&power| (sign * power).max(0)).sum();
        (positive(sum(1)), positive(sum(-1)))
    } else {
        let sum: i64 = phases.iter().sum();
        (positive(sum), positive(-sum))
    }
}

fn apparent_va(active: i64, reactive: i64) -> u32 {
    positive((active * active + reactive * reactive).isqrt())
}

/// To the nearest multiple of the step.
const fn round(value: u32, step: u32) -> u32 {
    (value + step / 2) / step * step
}

/// A house is far below the four million kilowatts that would not fit.
fn positive(value: i64) -> u32 {
    u32::try_from(value.max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    const MOMENT: Moment = Moment {
        active_w: [1200, -300, -405],
        reactive_var: [30, -50, -10],
        voltage_mv: [231_400, 229_600, 230_449],
        gas_w: 0,
    };

    #[test]
    fn luxembourg_nets_the_phases() {
        let measured = Measurement::new(&MOMENT, Profile::LuxembourgFull.spec());
        assert_eq!((measured.import_w, measured.export_w), (495, 0));
        assert_eq!((measured.reactive_import_var, measured.reactive_export_var), (0, 30));
        assert_eq!(measured.apparent, Some((495, 0)));
        assert_eq!(measured.phases[1].voltage_mv, Some(230_000));
        assert_eq!(measured.phases[0].current_ma, Some(5000));
        assert_eq!(measured.phases[2].power_export_w, Some(405));
    }

    #[test]
    fn austria_shows_both_directions_at_once() {
        let measured = Measurement::new(&MOMENT, Profile::Austria.spec());
        assert_eq!((measured.import_w, measured.export_w), (1200, 705));
        assert_eq!(measured.phases[0], PhaseValues::default());
    }

    #[test]
    fn dsmr_2_has_steps_of_ten_watts() {
        let measured = Measurement::new(&MOMENT, Profile::Netherlands22.spec());
        assert_eq!(measured.import_w, 490);
    }
}
