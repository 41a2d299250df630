//! Calculator: from readings and the account's entries to the calculated values.

use smarty_p1::{Quantity, Values};

use crate::account::{Account, Outcome};
use crate::calculated::{CLASSES, Calculated, Exceedance, Rolling};
use crate::entry::{Energies, Entry, Running};
use crate::period::{Period, excess, measured_import, whole_wh};
use crate::quarter::{Outlook, PRESENT_MINUTES};
use crate::sample::Sample;
use crate::settings::{Settings, Terms};
use crate::window::Window;

/// A reading, and where it lies in the calendar that the caller knows.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// UTC seconds, the meter's.
    pub time: i64,
    /// Which physical meter spoke, as in [`Sample::segment`].
    pub segment: i64,
    /// First second, UTC, of the local day in which the reading lies.
    pub day_start: i64,
    /// Likewise of the local month.
    pub month_start: i64,
    /// The telegram's numbers.
    pub values: &'a Values,
    /// The gas register, litres, from the M-Bus channel whose device type says gas.
    pub gas_dm3: Option<i64>,
    /// What of it was used since local midnight, litres, by the books of that device ([`crate::Device`]).
    pub day_gas_dm3: Option<i64>,
    /// What the meter's contract says then.
    pub terms: Terms,
}

/// Total and phases, in the order of [`Calculated`].
const IMPORT: [Quantity; 4] =
    [Quantity::PowerImport, Quantity::PowerImportL1, Quantity::PowerImportL2, Quantity::PowerImportL3];
const EXPORT: [Quantity; 4] =
    [Quantity::PowerExport, Quantity::PowerExportL1, Quantity::PowerExportL2, Quantity::PowerExportL3];

/// What must be remembered from one reading to the next, about 10 kB: mostly the windows.
///
/// Energies and exceedance are sums over the account's entries and its running part, so that they are the same
/// whether the program ran all the time or was told the entries afterwards:
///
/// - An entry counts in a day or month in which it lies whole. A gap across midnight belongs to no day.
/// - The running part counts in the day if it began in it.
/// - Exceedance is what a quarter-hour's import, by the register at its borders, is above the reference power times
///   a quarter of an hour. A gap has no demand and adds nothing: the sums are then a lower bound, and the day and
///   the month are not complete. The running quarter-hour adds what it is above already, if its beginning was
///   measured; should its end not be, that is taken back.
/// - Gas has books of its own, by its own captures: [`crate::Device`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calculator {
    pub(crate) settings: Settings,
    pub(crate) import: [Window; 4],
    pub(crate) export: [Window; 4],
    pub(crate) excess_solar: Window,
    /// The import that goes on.
    pub(crate) present: Window,
    pub(crate) day: Period,
    pub(crate) month: Period,
    /// Closed energy of the day.
    pub(crate) day_energies: Energies,
}

impl Calculator {
    /// One that knows nothing yet.
    pub const fn new(settings: Settings) -> Self {
        const fn four(minutes: u8) -> [Window; 4] {
            [Window::new(minutes), Window::new(minutes), Window::new(minutes), Window::new(minutes)]
        }
        Self {
            settings,
            import: four(settings.window_minutes),
            export: four(settings.window_minutes),
            excess_solar: Window::new(settings.window_minutes),
            present: Window::new(PRESENT_MINUTES),
            day: Period::NONE,
            month: Period::NONE,
            day_energies: Energies::UNKNOWN,
        }
    }

    /// Books a reading in the account and calculates what follows from it. `None`: it came too late for the
    /// account, and nothing has changed.
    pub fn feed(
        &mut self,
        account: &mut Account,
        moment: &Moment<'_>,
        mut emit: impl FnMut(Entry),
    ) -> Option<Calculated> {
        let sample = Sample::of(moment.time, moment.segment, moment.values);
        if !account.is_late(moment.time) {
            self.turn(moment.day_start, moment.month_start);
        }
        let outcome = account.feed(&sample, |entry| {
            self.enter(&entry);
            emit(entry);
        });
        (outcome == Outcome::Booked).then(|| self.calculate(moment, &account.running()))
    }

    /// For a caller who feeds the account himself: a reading that the account has booked, every entry that came
    /// out, and the account's running part after it.
    pub fn take(
        &mut self,
        moment: &Moment<'_>,
        entries: impl IntoIterator<Item = Entry>,
        running: &Running,
    ) -> Calculated {
        self.turn(moment.day_start, moment.month_start);
        for entry in entries {
            self.enter(&entry);
        }
        self.calculate(moment, running)
    }

    /// Sums up day and month anew from the entries that the account has emitted before: all since the month (and
    /// the day) began, each once, in any order; earlier ones are skipped. Day and month are those of
    /// [`Account::last_time`], in UTC seconds. It is no harm if they are over at the next reading.
    pub fn seed(&mut self, day_start: i64, month_start: i64, entries: impl IntoIterator<Item = Entry>) {
        self.day = Period::NONE;
        self.month = Period::NONE;
        self.turn(day_start, month_start);
        for entry in entries {
            self.enter(&entry);
        }
    }

    /// Another day or month may have begun. This comes before the entries of the same reading: those of the time
    /// before begin before it, and only that tells them apart.
    fn turn(&mut self, day_start: i64, month_start: i64) {
        if self.day.start != day_start {
            self.day = Period::new(day_start);
            self.day_energies = Energies::UNKNOWN;
        }
        if self.month.start != month_start {
            self.month = Period::new(month_start);
        }
    }

    /// Something is closed. It has ended by now, so that it lies in what is running if it began there.
    fn enter(&mut self, entry: &Entry) {
        let (start, energies) = match entry {
            Entry::Quarter(quarter) => {
                self.day.take(quarter, &self.settings.references);
                self.month.take(quarter, &self.settings.references);
                (quarter.start, quarter.energies)
            }
            Entry::Gap(gap) => (gap.start, gap.energies),
        };
        if start >= self.day.start {
            let active = Energies { import: energies.import, export: energies.export, ..Energies::UNKNOWN };
            self.day_energies = self.day_energies.plus(&active);
        }
    }

    /// The values at a reading whose entries are in.
    fn calculate(&mut self, moment: &Moment<'_>, running: &Running) -> Calculated {
        let Moment { time, values, .. } = *moment;
        let day = self.day_energies.plus(&running.since_within(self.day.start..i64::MAX));
        let [import, export] = [IMPORT, EXPORT].map(|powers| powers.map(|power| values.get(power)));
        let excess = [0, 1, 2, 3].map(|index| Some(export[index]?.saturating_sub(import[index]?).max(0)));
        self.present.add(time, import[0]);
        let [solar, solar_l1, solar_l2, solar_l3] = excess;
        let phase = |now_w| Rolling { now_w, window: None };
        Calculated {
            energy_import_wh: values.total(Quantity::EnergyImport),
            energy_export_wh: values.total(Quantity::EnergyExport),
            day_import_wh: day.import,
            day_export_wh: day.export,
            power_import: roll(&mut self.import, time, import),
            power_export: roll(&mut self.export, time, export),
            excess_solar: [
                roll_one(&mut self.excess_solar, time, solar),
                phase(solar_l1),
                phase(solar_l2),
                phase(solar_l3),
            ],
            gas_dm3: moment.gas_dm3,
            day_gas_dm3: moment.day_gas_dm3,
            exceedance: self.exceedance(&moment.terms, running),
            outlook: Outlook::of(time, running, self.present.spread(), moment.terms.reference_w),
            day_complete: self.day.is_complete(running),
            month_complete: self.month.is_complete(running),
        }
    }

    fn exceedance(&self, terms: &Terms, running: &Running) -> [Option<Exceedance>; CLASSES] {
        let energy = measured_import(running);
        let mut exceedance = [None; CLASSES];
        for (index, place) in exceedance.iter_mut().enumerate() {
            let Some(reference) = self.settings.references[index] else { continue };
            let quarter = excess(energy, reference.power_w);
            *place = Some(Exceedance {
                reference_w: reference.power_w,
                price_micro_euro: reference.price_micro_euro.or(terms.price_micro_euro),
                quarter_wh: whole_wh(quarter),
                day_wh: whole_wh(self.day.excess[index].saturating_add(quarter)),
                month_wh: whole_wh(self.month.excess[index].saturating_add(quarter)),
            });
        }
        exceedance
    }
}

fn roll_one(window: &mut Window, time: i64, now_w: Option<i64>) -> Rolling {
    window.add(time, now_w);
    Rolling { now_w, window: window.spread() }
}

fn roll(windows: &mut [Window; 4], time: i64, now: [Option<i64>; 4]) -> [Rolling; 4] {
    let mut rolling = [Rolling::default(); 4];
    for ((place, window), now_w) in rolling.iter_mut().zip(windows).zip(now) {
        *place = roll_one(window, time, now_w);
    }
    rolling
}
