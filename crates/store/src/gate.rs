//! Gate: which register values are believed. A register counts up, and not faster than the connection allows.

use smarty_ledger::{Register, Sample};
use smarty_p1::{Kind, Quantity, Unit, Values};

/// A value that was believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Good {
    pub(crate) time: i64,
    pub(crate) value: i64,
}

/// The last good value of each register of a segment.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    good: [Option<Good>; Quantity::COUNT],
}

/// Why a value is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Doubt {
    pub(crate) previous: i64,
    pub(crate) reason: String,
}

/// Why a value in quarantine cannot be believed any more.
pub(crate) const GONE_ON: &str =
    "the register has gone on from its earlier value since, so this one was a single error: dismiss it";

/// Meters show a register up to this much later than the energy flowed.
const LAG: i64 = 60;
/// Devices on the M-Bus report once an hour, some once a day.
const MBUS_LAG: i64 = 86_400;
/// No household's gas, water or heat meter counts faster, in thousandths an hour.
const MBUS_AN_HOUR: i64 = 1_000_000;

impl Gate {
    pub(crate) const fn new() -> Self {
        Self { good: [None; Quantity::COUNT] }
    }

    /// The last good value.
    pub(crate) const fn good(&self, quantity: Quantity) -> Option<Good> {
        self.good[quantity.index()]
    }

    /// Believes a value from now on.
    pub(crate) const fn believe(&mut self, quantity: Quantity, good: Good) {
        self.good[quantity.index()] = Some(good);
    }

    /// Believes whatever comes next.
    pub(crate) const fn forget(&mut self, quantity: Quantity) {
        self.good[quantity.index()] = None;
    }

    /// Is the value possible after the last good one? Late values are not judged: they are not accounted.
    pub(crate) fn judge(&self, quantity: Quantity, now: Good, max_kva: u32) -> Result<(), Doubt> {
        let before = self.good(quantity);
        let fine = match before {
            None => now.value >= 0,
            Some(before) => now.time <= before.time || follows(quantity, before, now, max_kva),
        };
        if fine { Ok(()) } else { Err(doubt(quantity, before, now, max_kva)) }
    }

    /// What the accounts get. A total that the segment has ever sent is never replaced by the sum of its tariffs,
    /// and a sum of tariffs counts only when all that were ever there are there: anything else would jump.
    pub(crate) fn sample(&self, time: i64, segment: i64, values: &Values) -> Sample {
        let mut sample = Sample::of(time, segment, values);
        for register in Register::ALL {
            let total = register.quantity();
            if values.get(total).is_some() {
                continue;
            }
            let torn = self.good(total).is_some()
                || tariffs(register).iter().any(|&tariff| self.good(tariff).is_some() && values.get(tariff).is_none());
            if torn {
                sample.totals[register as usize] = None;
            }
        }
        sample
    }

    /// For the row in which it is kept across restarts.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for &quantity in Quantity::ALL {
            if let Some(good) = self.good(quantity) {
                bytes.push(quantity.code());
                bytes.extend(good.time.to_le_bytes());
                bytes.extend(good.value.to_le_bytes());
            }
        }
        bytes
    }

    /// The inverse; what it does not understand is forgotten, and the next value believed.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let mut gate = Self::new();
        for entry in bytes.chunks_exact(17) {
            let number = |at: usize| {
                let mut eight = [0; 8];
                eight.copy_from_slice(&entry[at..at + 8]);
                i64::from_le_bytes(eight)
            };
            if let Some(quantity) = Quantity::from_code(entry[0]) {
                gate.believe(quantity, Good { time: number(1), value: number(9) });
            }
        }
        gate
    }
}

/// What is wrong with a value that cannot follow the last good one.
pub(crate) fn doubt(quantity: Quantity, before: Option<Good>, now: Good, max_kva: u32) -> Doubt {
    let Some(before) = before else {
        return Doubt { previous: 0, reason: "is below zero, which no register can be".to_owned() };
    };
    let reason = if now.value < before.value {
        format!("went down by {}", amount(quantity, i128::from(before.value) - i128::from(now.value)))
    } else {
        let seconds = now.time - before.time;
        format!(
            "went up by {} in {}; the connection can carry at most {}",
            amount(quantity, i128::from(now.value) - i128::from(before.value)),
            duration(seconds),
            amount(quantity, most(quantity, seconds, max_kva)),
        )
    };
    Doubt { previous: before.value, reason }
}

/// Registers are judged, everything else is taken as it is.
pub(crate) fn judged(quantity: Quantity) -> bool {
    quantity.kind() == Kind::Register
}

/// Can the one value follow the other?
pub(crate) fn follows(quantity: Quantity, before: Good, now: Good, max_kva: u32) -> bool {
    let rise = i128::from(now.value) - i128::from(before.value);
    rise >= 0 && rise <= most(quantity, now.time.saturating_sub(before.time).max(0), max_kva)
}

/// The accounted register that a quantity is, or is a tariff of.
pub(crate) fn register(quantity: Quantity) -> Option<Register> {
    Register::ALL.into_iter().find(|&register| register.quantity() == quantity || tariffs(register).contains(&quantity))
}

const fn tariffs(register: Register) -> &'static [Quantity] {
    use Quantity as Q;
    match register {
        Register::Import => &[Q::EnergyImportT1, Q::EnergyImportT2, Q::EnergyImportT3, Q::EnergyImportT4],
        Register::Export => &[Q::EnergyExportT1, Q::EnergyExportT2, Q::EnergyExportT3, Q::EnergyExportT4],
        Register::ReactiveImport => &[Q::ReactiveEnergyImportT1, Q::ReactiveEnergyImportT2],
        Register::ReactiveExport => &[Q::ReactiveEnergyExportT1, Q::ReactiveEnergyExportT2],
    }
}

/// The most that a register can rise in so many seconds.
fn most(quantity: Quantity, seconds: i64, max_kva: u32) -> i128 {
    let (an_hour, lag) = match quantity.unit() {
        Unit::WattHour => (i64::from(max_kva) * 1000, LAG),
        Unit::VarHour => (i64::from(max_kva) * 2000, LAG),
        _ => (MBUS_AN_HOUR, MBUS_LAG),
    };
    i128::from(an_hour) * i128::from(seconds.saturating_add(lag)) / 3600
}

/// `353 993 kWh`, `0.278 kWh`.
fn amount(quantity: Quantity, value: i128) -> String {
    let unit = match quantity.unit() {
        Unit::WattHour => " kWh",
        Unit::VarHour => " kvarh",
        _ => "",
    };
    let (whole, thousandths) = (value / 1000, value % 1000);
    let digits = whole.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{a0}');
        }
        grouped.push(digit);
    }
    let exact = if whole < 1000 && thousandths != 0 { format!(".{thousandths:03}") } else { String::new() };
    grouped + &exact + unit
}

fn duration(seconds: i64) -> String {
    match seconds {
        ..600 => format!("{seconds} s"),
        600..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const IMPORT: Quantity = Quantity::EnergyImport;

    #[test]
    fn a_register_counts_up_and_not_too_fast() {
        let mut gate = Gate::new();
        assert_eq!(gate.judge(IMPORT, Good { time: 0, value: 6695 }, 100), Ok(()));
        gate.believe(IMPORT, Good { time: 0, value: 6695 });
        let judge = |time, value| gate.judge(IMPORT, Good { time, value }, 100);
        assert_eq!(judge(10, 6695), Ok(()));
        assert_eq!(judge(10, 6700), Ok(()));
        assert_eq!(judge(3600, 100_000), Ok(()));
        assert_eq!(judge(10, 6694).unwrap_err().reason, "went down by 0.001 kWh");
        assert_eq!(
            judge(10, 354_000_000).unwrap_err().reason,
            "went up by 353\u{a0}993 kWh in 10 s; the connection can carry at most 1.944 kWh"
        );
        assert!(judge(10, i64::MIN).is_err() && judge(10, i64::MAX).is_err());
        assert_eq!(judge(-10, 1), Ok(()), "late values are not judged");
    }

    #[test]
    fn a_missing_tariff_does_not_make_a_total_jump() {
        let mut gate = Gate::new();
        let mut values = Values::EMPTY;
        for (tariff, value) in [(Quantity::EnergyImportT1, 5), (Quantity::EnergyImportT2, 7)] {
            values.set(tariff, value);
            gate.believe(tariff, Good { time: 0, value });
        }
        assert_eq!(gate.sample(10, 1, &values).totals[0], Some(12));
        values.remove(Quantity::EnergyImportT2);
        assert_eq!(gate.sample(10, 1, &values).totals[0], None);
    }

    #[test]
    fn the_gate_survives_a_restart() {
        let mut gate = Gate::new();
        gate.believe(IMPORT, Good { time: 5, value: -7 });
        let again = Gate::from_bytes(&gate.to_bytes());
        assert_eq!(again.good, gate.good);
    }
}
