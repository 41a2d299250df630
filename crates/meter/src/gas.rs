//! The gas meter: it counts all the time, and hands its index over only now and then.

use crate::prng::pick;
use crate::profile::Gas;
use crate::register::Register;
use crate::values::GasValues;

const CAPTURE: u64 = 0x50;

/// A gas meter on an M-Bus channel.
#[derive(Clone, Debug)]
pub(crate) struct GasMeter {
    plan: Gas,
    seed: u64,
    register: Register,
    shown: GasValues,
}

impl GasMeter {
    pub(crate) fn new(plan: Gas, seed: u64, volume_dm3: u64, clock: i64) -> Self {
        let register = Register::gas(volume_dm3);
        let shown = GasValues { channel: plan.channel, captured_at: 0, volume_dm3 };
        let mut meter = Self { plan, seed, register, shown };
        meter.shown.captured_at = meter.last_capture(clock);
        meter
    }

    /// Counts heat over `seconds`; at the first telegram after a capture the new index shows.
    pub(crate) fn add(&mut self, gas_w: u32, seconds: u64, clock: i64) {
        self.register.add(gas_w, seconds);
        let captured_at = self.last_capture(clock);
        if captured_at != self.shown.captured_at {
            self.shown = GasValues { captured_at, volume_dm3: self.register.units(), ..self.shown };
        }
    }

    /// What the gas meter itself shows, ahead of what was handed over.
    pub(crate) const fn volume_dm3(&self) -> u64 {
        self.register.units()
    }

    pub(crate) const fn show(&self) -> GasValues {
        self.shown
    }

    fn last_capture(&self, clock: i64) -> i64 {
        last_capture(self.seed, self.plan.slot_s, self.plan.jitter_s, clock)
    }
}

/// The latest capture that is not after `clock`: one in each slot, at its begin or up to `jitter_s` later.
pub(crate) fn last_capture(seed: u64, slot_s: i64, jitter_s: i64, clock: i64) -> i64 {
    let slot = clock.div_euclid(slot_s);
    let at = |slot: i64| slot * slot_s + pick(seed, CAPTURE, slot, 0, jitter_s);
    if at(slot) <= clock { at(slot) } else { at(slot - 1) }
}
