//! `import`: readings that other programs wrote, into the database.

mod databases;
mod dsmr_reader;
mod lines;
mod plan;
mod registers;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use smarty_p1::Quantity;
use smarty_store::{BatchCount, Calendar, Clock, MeterReading, Proof, Store, StoreError};

use super::ConfigFile;
use crate::config::{Config, Direction};
use crate::daemon;
use crate::exit::{Code, Failure};
use crate::observe::now;
use lines::Pile;
use plan::{Plan, Taken};
use registers::Registers;

#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Day files as the Python script of weigu.lu wrote them: a register once a minute.
    Dayfile(Dayfile),
    /// A backup of dsmr-reader (`.sql` or `.sql.gz`), or its export of days (`.csv`).
    DsmrReader(DsmrReader),
    /// Domoticz's database: the rows of its P1 Smart Meter.
    Domoticz(Domoticz),
    /// Home Assistant's database: the long-term statistics of a sensor that counts energy.
    HomeAssistant(HomeAssistant),
}

/// Whose readings these are, and whether it is meant.
#[derive(Debug, Args)]
struct Whose {
    #[command(flatten)]
    config: ConfigFile,
    /// Whose readings these are.
    #[arg(long)]
    meter: String,
    /// The meter's identifier, where the database does not know it yet or the readings are of one that was there before.
    #[arg(long, value_name = "IDENTIFIER")]
    equipment: Option<String>,
    /// The meter sends registers by two tariffs and no total. Only needed where the database knows nothing of it yet.
    #[arg(long, conflicts_with = "total")]
    by_tariff: bool,
    /// The meter sends a total. Only needed where the database knows nothing of it yet.
    #[arg(long)]
    total: bool,
    /// Only say what would be taken and what left.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct Dayfile {
    #[command(flatten)]
    whose: Whose,
    /// Which register.
    #[arg(long, value_enum, default_value_t)]
    value: Direction,
    /// Day files, or folders of them: in a folder every file that ends with `.min`.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct DsmrReader {
    #[command(flatten)]
    whose: Whose,
    /// The backup or the export.
    file: PathBuf,
}

#[derive(Debug, Args)]
struct Domoticz {
    #[command(flatten)]
    whose: Whose,
    /// Which P1 Smart Meter, by its Idx; can be left out when there is one.
    #[arg(long, value_name = "IDX")]
    device: Option<i64>,
    /// `domoticz.db`, or a copy of it.
    file: PathBuf,
}

#[derive(Debug, Args)]
struct HomeAssistant {
    #[command(flatten)]
    whose: Whose,
    /// The sensor, as Home Assistant calls it: `sensor.energy_import`; twice for those of tariff 1 and 2. Without it all are listed.
    #[arg(long, value_name = "ENTITY")]
    statistic: Vec<String>,
    /// Which register it is.
    #[arg(long, value_enum, default_value_t)]
    value: Direction,
    /// `home-assistant_v2.db`, or a copy of it.
    file: PathBuf,
}

/// Which registers a meter sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sends {
    Total,
    ByTariff,
}

/// So many lines become readings in one transaction: a week.
const PORTION: usize = 10_000;
/// Telegrams are told apart by numbers below 2³²; so import and export of one second are two readings.
const IDENT: u64 = 1 << 40;

impl Import {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self.what {
            What::Dayfile(Dayfile { mut whose, value, paths }) => {
                // The script reads no others.
                whose.total = !whose.by_tariff;
                whose.bring(|zone| Ok(vec![(value, Pile::read(&paths, zone)?)]))
            }
            What::DsmrReader(DsmrReader { whose, file }) => whose.bring(|zone| dsmr_reader::read(&file, zone)),
            What::Domoticz(Domoticz { whose, device, file }) => {
                whose.bring(|zone| databases::domoticz(&file, device, zone))
            }
            What::HomeAssistant(HomeAssistant { whose, statistic, value, file }) => {
                whose.bring(|_| Ok(vec![(value, databases::home_assistant(&file, &statistic)?)]))
            }
        }
    }
}

/// What was read of each register.
type Piles = Vec<(Direction, Pile)>;

impl Whose {
    fn bring(self, read: impl FnOnce(&TimeZone) -> Result<Piles, Failure>) -> Result<(), Failure> {
        let config = self.config.load()?;
        let Some(meter) = config.meter.get(&self.meter) else {
            let names: Vec<&str> = config.meter.keys().map(String::as_str).collect();
            let sentence = format!("there is no meter {}; there are {}", self.meter, names.join(", "));
            return Err(Failure::new(Code::Usage, sentence));
        };
        if config.group.contains_key(&self.meter) {
            let sentence = format!("{} is a group, which follows from its members; import into these", self.meter);
            return Err(Failure::new(Code::Usage, sentence));
        }
        let piles = read(&config.time_zone())?;
        let equipment = self.equipment.clone().or_else(|| match &meter.equipment[..] {
            [only] => Some(only.clone()),
            _ => None,
        });
        let said = match (self.total, self.by_tariff) {
            (true, _) => Some(Sends::Total),
            (_, true) => Some(Sends::ByTariff),
            _ => None,
        };
        // Held from here on: nobody else writes between the plan and its execution.
        let mut store = if self.dry_run { None } else { Some(self.store(&config)?) };
        for (index, (value, pile)) in piles.iter().enumerate() {
            let path = &config.store.path;
            let registers = Registers::new(quantity(*value), pile, path, &self.meter, said)?;
            let plan = Plan::new(pile, path, &self.meter, &registers, equipment.as_deref(), now())?;
            if index == 0 {
                println!("{} with {}.", several(pile.files.len(), "file"), several(pile.count(), pile.word()));
            }
            self.tell(*value, pile, &registers, &plan, &config.time_zone());
            match &mut store {
                None => {}
                Some(_) if plan.taken.is_empty() => println!("There is nothing to import."),
                Some(store) => {
                    let count = self.write(store, &registers, &plan.taken)?;
                    println!(
                        "{} readings were imported, and their quarter-hours, days and months made anew.",
                        count.new
                    );
                    if count.quarantined > 0 {
                        println!(
                            "{} of them have a value that cannot be; the health page says which.",
                            count.quarantined
                        );
                    }
                }
            }
        }
        if self.dry_run {
            println!("This was a dry run: nothing was written.");
        }
        Ok(())
    }

    fn store(&self, config: &Config) -> Result<Store, Failure> {
        daemon::make_folder(&config.store.path)?;
        let mut store = Store::open(daemon::store_options(config)?).map_err(|error| match error {
            StoreError::Busy => Failure::new(
                Code::Unavailable,
                "the daemon runs; stop it first, then import. --dry-run works while it runs",
            ),
            error => error.into(),
        })?;
        store.declare_meter(&self.meter, &Calendar::new(&config.zone)?)?;
        Ok(store)
    }

    fn tell(&self, value: Direction, pile: &Pile, registers: &Registers, plan: &Plan, zone: &TimeZone) {
        let local = |time: i64| {
            Timestamp::from_second(time).unwrap_or_default().to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S")
        };
        if let (Some(first), Some(last)) = (plan.taken.first(), plan.taken.last()) {
            println!(
                "{} from {} to {}: the {} of meter {}{}.",
                verb(plan.taken.len(), pile.word(), self.dry_run),
                local(first.time),
                local(last.time),
                value.name(),
                self.meter,
                if registers.are_two() {
                    ", by tariff"
                } else if registers.adds_up(pile) {
                    ", both tariffs added up"
                } else {
                    ""
                }
            );
        }
        for (reason, places) in &plan.left {
            println!(
                "{}, because {}: {}.",
                left(places.len(), pile.word(), self.dry_run),
                reason.sentence(),
                pile.name(places)
            );
        }
    }

    fn write(&self, store: &mut Store, registers: &Registers, taken: &[Taken]) -> Result<BatchCount, Failure> {
        let meter: Arc<str> = self.meter.as_str().into();
        let mut sum = BatchCount::default();
        for portion in taken.chunks(PORTION) {
            let readings: Vec<MeterReading> = portion.iter().map(|line| reading(&meter, registers, line)).collect();
            let count = store.insert_history(&readings)?;
            sum.new += count.new;
            sum.quarantined += count.quarantined;
        }
        Ok(sum)
    }
}

const fn quantity(value: Direction) -> Quantity {
    match value {
        Direction::Import => Quantity::EnergyImport,
        Direction::Export => Quantity::EnergyExport,
    }
}

/// What the store keeps of a line. The script took the time of its own machine.
fn reading(meter: &Arc<str>, registers: &Registers, line: &Taken) -> MeterReading {
    MeterReading {
        meter: Arc::clone(meter),
        segment: Arc::clone(&line.equipment),
        time: line.time,
        clock: Clock::Host,
        received: line.time,
        ident: IDENT + u64::from(registers.code()),
        proof: Proof::Imported,
        values: registers.values(line.wh),
        texts: Vec::new(),
    }
}

/// `1 line`, `12 lines`.
fn several(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn verb(count: usize, what: &str, dry: bool) -> String {
    format!("{} {}", several(count, what), if dry { "would be taken" } else { "will be taken" })
}

fn left(count: usize, what: &str, dry: bool) -> String {
    format!("{} {}", several(count, what), if dry { "would be left" } else { "will be left" })
}
