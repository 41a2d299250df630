//! Registers: which of a meter's an import goes to. Its total; or those by tariff, where it sends no total.

use std::path::Path;

use smarty_p1::{Quantity, Values};
use smarty_store::Reader;

use super::Sends;
use super::lines::{Line, Pile};
use crate::exit::{Code, Failure};

/// One register, or those of two tariffs.
#[derive(Debug)]
pub(super) struct Registers(Vec<Quantity>);

impl Registers {
    /// Those that the meter is known to send, because the store adds up tariffs only where all of them are there and never was a total:
    /// a total that the meter does not send would end its accounts for good. `said`: what the user says that it sends.
    ///
    /// # Errors
    /// When the store cannot be read, the pile has not what the meter sends, or nobody knows what that is.
    pub(super) fn new(
        total: Quantity,
        pile: &Pile,
        store: &Path,
        meter: &str,
        said: Option<Sends>,
    ) -> Result<Self, Failure> {
        let mut sent = Vec::new();
        if store.exists() {
            let reader = Reader::open(store)?;
            if reader.meters()?.iter().any(|entry| entry.name == meter) {
                sent.extend(reader.quantities(meter)?.into_iter().map(|known| known.quantity));
            }
        }
        let mut tariffs: Vec<Quantity> =
            total.tariffs().iter().copied().filter(|tariff| sent.contains(tariff)).collect();
        if sent.contains(&total) {
            if said == Some(Sends::ByTariff) {
                let sentence = format!("meter {meter} has a total, which is imported to; leave --by-tariff out");
                return Err(Failure::new(Code::Usage, sentence));
            }
            return Ok(Self(vec![total]));
        }
        let both = total.tariffs().get(..2).unwrap_or_default();
        if tariffs.is_empty() {
            // As the other direction is.
            let energies = [Quantity::EnergyImport, Quantity::EnergyExport];
            let known = if energies.iter().any(|other| sent.contains(other)) {
                Some(Sends::Total)
            } else if energies.iter().flat_map(|other| other.tariffs()).any(|tariff| sent.contains(tariff)) {
                Some(Sends::ByTariff)
            } else {
                None
            };
            match known.or(said) {
                Some(Sends::ByTariff) => tariffs = both.to_vec(),
                Some(Sends::Total) => return Ok(Self(vec![total])),
                None => {
                    let sentence = format!(
                        "nobody knows yet which registers meter {meter} sends, and a wrong guess could not be taken back. Let the \
                         daemon read one telegram first; or say --total (as in Luxembourg), or --by-tariff (as in the \
                         Netherlands and Belgium)"
                    );
                    return Err(Failure::new(Code::Usage, sentence));
                }
            }
        }
        if !pile.split {
            let why =
                "sends registers by tariff and no total, and what is to be imported does not say of which tariff it is";
            return Err(Failure::new(Code::Data, format!("meter {meter} {why}")));
        }
        if !tariffs.iter().all(|tariff| both.contains(tariff)) {
            let why = "sends registers by more than two tariffs, and what is to be imported knows two";
            return Err(Failure::new(Code::Data, format!("meter {meter} {why}")));
        }
        Ok(Self(tariffs))
    }

    /// Is it the sum of several that the pile has?
    pub(super) fn adds_up(&self, pile: &Pile) -> bool {
        self.0.len() == 1 && pile.lines.iter().any(|line| line.wh[1] != 0)
    }

    /// They are those of two tariffs.
    pub(super) fn are_two(&self) -> bool {
        self.0.len() == 2
    }

    /// The line as it is imported.
    pub(super) fn line(&self, line: Line) -> Line {
        let [one, two] = line.wh;
        // No register comes near the bound.
        if self.are_two() { line } else { Line { wh: [one.saturating_add(two), 0], ..line } }
    }

    /// What a stored reading says of them. `None`: not all are there.
    pub(super) fn of(&self, values: &Values) -> Option<[i64; 2]> {
        let mut wh = [0; 2];
        for (wh, quantity) in wh.iter_mut().zip(&self.0) {
            *wh = values.get(*quantity)?;
        }
        Some(wh)
    }

    /// What is stored of a line.
    pub(super) fn values(&self, wh: [i64; 2]) -> Values {
        let mut values = Values::EMPTY;
        for (wh, quantity) in wh.into_iter().zip(&self.0) {
            values.set(*quantity, wh);
        }
        values
    }

    /// Tells readings of one second apart.
    pub(super) fn code(&self) -> u8 {
        self.0.first().map_or(0, |quantity| quantity.code())
    }
}
