//! Sum: from a round of the members' readings to the group's values. Integers only; what not all know is absent.
//!
//! Without `subtract` registers and powers are plain sums. With it the group's registers are its own: what the signed sum
//! of the members' import rises by between two rounds is import, what it falls by is export, and the other way round
//! for their export. So registers never fall, and import minus export is that of the members, signed, exactly.

use std::sync::Arc;

use smarty_ledger::Register;
use smarty_p1::{Quantity as Q, Values};
use smarty_store::{Clock, Proof};

use super::merger::Round;

/// Tariff registers: summed where all have them, and none is subtracted.
const TARIFFS: [Q; 12] = [
    Q::EnergyImportT1,
    Q::EnergyImportT2,
    Q::EnergyImportT3,
    Q::EnergyImportT4,
    Q::EnergyExportT1,
    Q::EnergyExportT2,
    Q::EnergyExportT3,
    Q::EnergyExportT4,
    Q::ReactiveEnergyImportT1,
    Q::ReactiveEnergyImportT2,
    Q::ReactiveEnergyExportT1,
    Q::ReactiveEnergyExportT2,
];
/// Powers: import and export of the same.
const POWERS: [(Q, Q); 8] = [
    (Q::PowerImport, Q::PowerExport),
    (Q::PowerImportL1, Q::PowerExportL1),
    (Q::PowerImportL2, Q::PowerExportL2),
    (Q::PowerImportL3, Q::PowerExportL3),
    (Q::ReactivePowerImport, Q::ReactivePowerExport),
    (Q::ReactivePowerImportL1, Q::ReactivePowerExportL1),
    (Q::ReactivePowerImportL2, Q::ReactivePowerExportL2),
    (Q::ReactivePowerImportL3, Q::ReactivePowerExportL3),
];
/// Registers that belong together.
const PAIRS: [(Register, Register); 2] =
    [(Register::Import, Register::Export), (Register::ReactiveImport, Register::ReactiveExport)];

/// One reading of a member, as far as sums care.
#[derive(Clone, Debug)]
pub struct Part {
    time: i64,
    values: Values,
    /// Each register as it was last sent by this equipment, and when: not every reading has all.
    registers: [Option<(i64, i64)>; Register::COUNT],
    equipment: Arc<str>,
    pub(super) proof: Proof,
    pub(super) clock: Clock,
}

impl Part {
    /// A reading; `before` is the member's last.
    pub fn new(
        time: i64,
        values: &Values,
        equipment: &Arc<str>,
        (proof, clock): (Proof, Clock),
        before: Option<&Self>,
    ) -> Self {
        let before = before.filter(|before| before.equipment == *equipment);
        let registers = Register::ALL.map(|register| {
            let now = values.total(register.quantity()).map(|value| (time, value));
            now.or(before.and_then(|before| before.registers[register as usize]))
        });
        Self { time, values: *values, registers, equipment: Arc::clone(equipment), proof, clock }
    }

    /// Which registers this equipment has, as bits.
    fn has(&self) -> u8 {
        let bit = |register: Register| u8::from(self.registers[register as usize].is_some()) << register as u8;
        Register::ALL.into_iter().fold(0, |bits, register| bits | bit(register))
    }
}

/// Import and export.
type Pair = (i64, i64);

/// A group's own pair of registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counted {
    /// The signed sums of the members at the last round.
    members: Pair,
    /// The group's registers then.
    own: Pair,
}

/// A group's arithmetic, from round to round.
#[derive(Clone, Debug)]
pub struct Sum {
    names: Vec<Arc<str>>,
    /// 1 or -1 by member.
    signs: Vec<i64>,
    margin: i64,
    segment: Option<Segment>,
    counted: [Option<Counted>; 2],
}

/// Which equipments are summed.
#[derive(Clone, Debug)]
struct Segment {
    equipments: Vec<(Arc<str>, u8)>,
    name: Arc<str>,
}

/// What a round comes to.
#[derive(Clone, Debug)]
pub struct Total {
    /// As far as all know.
    pub values: Values,
    /// Names the equipments that were summed; with `subtract` also since when the group counts them.
    pub segment: Arc<str>,
    /// The same for people: `flat-1 SAG1030700000001 + flat-2 SAG1030700000002`.
    pub members: String,
    /// The weakest of the members'.
    pub proof: Proof,
    /// The host's where it is of one of them.
    pub clock: Clock,
}

impl Sum {
    /// Of members and their signs, 1 or -1. `margin`: how old, in seconds, a register may be at a border.
    pub fn new(members: Vec<(Arc<str>, i64)>, margin: i64) -> Self {
        let (names, signs) = members.into_iter().unzip();
        Self { names, signs, margin, segment: None, counted: [None; 2] }
    }

    fn subtracts(&self) -> bool {
        self.signs.contains(&-1)
    }

    /// Goes on from the group's last reading, if it was of these parts. Otherwise its next begins a segment.
    pub fn resume(&mut self, round: &Round<'_, Part>, values: &Values, segment: &Arc<str>) {
        if !self.subtracts() || !segment.starts_with(&*self.fingerprint(round.parts)) {
            return;
        }
        let mut counted = [None; 2];
        for (place, pair) in counted.iter_mut().zip(PAIRS) {
            let Some(members) = self.signed_pair(round, pair) else { continue };
            let own = |register: Register| values.get(register.quantity());
            let Some(own) = own(pair.0).zip(own(pair.1)) else { continue };
            // Another reading than the one that was counted, or a value that was put aside since.
            if own.0.checked_sub(own.1) != members.0.checked_sub(members.1) {
                return;
            }
            *place = Some(Counted { members, own });
        }
        self.counted = counted;
        self.segment = Some(Segment { equipments: equipments(round.parts), name: Arc::clone(segment) });
    }

    /// What a round comes to.
    pub fn of(&mut self, round: &Round<'_, Part>) -> Total {
        if self.segment.as_ref().is_none_or(|segment| segment.equipments != equipments(round.parts)) {
            let mut name = self.fingerprint(round.parts);
            if self.subtracts() {
                // Its registers begin anew, and must not be mistaken for those before.
                name = format!("{name}-{}", round.time);
            }
            self.segment = Some(Segment { equipments: equipments(round.parts), name: name.into() });
            self.counted = [None; 2];
        }
        let mut values = Values::EMPTY;
        if self.subtracts() {
            self.count(round, &mut values);
        } else {
            self.add(round, &mut values);
        }
        self.powers(round.parts, &mut values);
        let weakest = |one: Proof, two: Proof| if rank(one) >= rank(two) { one } else { two };
        let host = round.parts.iter().any(|part| part.clock == Clock::Host);
        Total {
            values,
            segment: self.segment.as_ref().map(|segment| Arc::clone(&segment.name)).unwrap_or_default(),
            members: self.sentence(round.parts),
            proof: round.parts.iter().map(|part| part.proof).reduce(weakest).unwrap_or(Proof::Published),
            clock: if host { Clock::Host } else { Clock::Meter },
        }
    }

    /// Plain sums of the registers.
    fn add(&self, round: &Round<'_, Part>, values: &mut Values) {
        for register in Register::ALL {
            if let Some(sum) = self.signed(round, register).filter(|_| anybody_has(round.parts, register)) {
                values.set(register.quantity(), sum);
            }
        }
        for tariff in TARIFFS {
            let mut all = round.parts.iter().map(|part| part.values.get(tariff));
            if let Some(sum) = all.try_fold(0i64, |sum, value| Some(sum.saturating_add(value?))) {
                values.set(tariff, sum);
            }
        }
    }

    /// The group's own registers go on.
    fn count(&mut self, round: &Round<'_, Part>, values: &mut Values) {
        for (index, pair) in PAIRS.into_iter().enumerate() {
            let Some(members) = self.signed_pair(round, pair) else { continue };
            let (before, own) = self.counted[index].map_or(((0, 0), (0, 0)), |counted| (counted.members, counted.own));
            let (import, export) = (members.0.saturating_sub(before.0), members.1.saturating_sub(before.1));
            // What is imported less is exported, and what is exported less is imported.
            let own = (
                own.0.saturating_add(import.max(0)).saturating_add(export.min(0).saturating_neg()),
                own.1.saturating_add(export.max(0)).saturating_add(import.min(0).saturating_neg()),
            );
            self.counted[index] = Some(Counted { members, own });
            values.set(pair.0.quantity(), own.0);
            values.set(pair.1.quantity(), own.1);
        }
    }

    /// Signed sums of import and export; `None` where a register that one of the members has is not known now, or nobody
    /// has either.
    fn signed_pair(&self, round: &Round<'_, Part>, (import, export): (Register, Register)) -> Option<Pair> {
        let somebody = anybody_has(round.parts, import) || anybody_has(round.parts, export);
        self.signed(round, import).zip(self.signed(round, export)).filter(|_| somebody)
    }

    /// The signed sum of one register over the members that have it. `None` where one of them does not know it now: in a
    /// round at a border it may be as old as the margin, like in the accounts, otherwise it is in the reading itself.
    fn signed(&self, round: &Round<'_, Part>, register: Register) -> Option<i64> {
        let mut sum = 0i64;
        for (part, sign) in round.parts.iter().zip(&self.signs) {
            let Some((time, value)) = part.registers[register as usize] else { continue };
            let known = if round.is_border() { time >= round.at - self.margin } else { time == part.time };
            if !known {
                return None;
            }
            sum = sum.saturating_add(value.saturating_mul(*sign));
        }
        Some(sum)
    }

    /// Powers of what all members speak of.
    fn powers(&self, parts: &[&Part], values: &mut Values) {
        for (import, export) in POWERS {
            let of = |quantity: Q| parts.iter().map(move |part| part.values.get(quantity));
            if of(import).zip(of(export)).any(|both| both == (None, None)) {
                continue;
            }
            let sum = |quantity: Q| {
                let signed =
                    of(quantity).zip(&self.signs).map(|(value, sign)| value.unwrap_or(0).saturating_mul(*sign));
                signed.fold(0i64, i64::saturating_add)
            };
            if self.subtracts() {
                let net = sum(import).saturating_sub(sum(export));
                values.set(import, net.max(0));
                values.set(export, net.min(0).saturating_neg());
                continue;
            }
            for quantity in [import, export] {
                if of(quantity).any(|value| value.is_some()) {
                    values.set(quantity, sum(quantity));
                }
            }
        }
    }

    /// The same for the same members with the same equipments that have the same registers: `group-3f9a01c2d4e5`.
    fn fingerprint(&self, parts: &[&Part]) -> String {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for ((part, name), sign) in parts.iter().zip(&self.names).zip(&self.signs) {
            for byte in format!("{sign}\0{name}\0{}\0{}\0", part.equipment, part.has()).bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        format!("group-{:012x}", hash >> 16)
    }

    fn sentence(&self, parts: &[&Part]) -> String {
        let mut sentence = String::new();
        for (index, ((part, name), sign)) in parts.iter().zip(&self.names).zip(&self.signs).enumerate() {
            let sign = match (index, sign) {
                (0, 1) => "",
                (_, 1) => " + ",
                (0, _) => "- ",
                _ => " - ",
            };
            sentence = sentence + sign + name + " " + &part.equipment;
        }
        sentence
    }
}

fn anybody_has(parts: &[&Part], register: Register) -> bool {
    parts.iter().any(|part| part.registers[register as usize].is_some())
}

fn equipments(parts: &[&Part]) -> Vec<(Arc<str>, u8)> {
    parts.iter().map(|part| (Arc::clone(&part.equipment), part.has())).collect()
}

/// The weaker, the more.
const fn rank(proof: Proof) -> u8 {
    match proof {
        Proof::Tag => 0,
        Proof::Crc => 1,
        Proof::Plain => 2,
        Proof::Published => 3,
        Proof::Imported => 4,
        Proof::Measured => 5,
    }
}
