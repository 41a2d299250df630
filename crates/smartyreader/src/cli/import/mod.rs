//! `import`: readings that other programs wrote, into the database.

mod lines;
mod plan;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use smarty_p1::{Quantity, Values};
use smarty_store::{BatchCount, Calendar, Clock, MeterReading, Proof, Store, StoreError};

use super::ConfigFile;
use crate::config::{Config, Direction};
use crate::daemon;
use crate::exit::{Code, Failure};
use crate::observe::now;
use lines::Pile;
use plan::{Plan, Taken};

#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Day files as the Python script of weigu.lu wrote them: a register once a minute.
    Dayfile(Dayfile),
}

#[derive(Debug, Args)]
struct Dayfile {
    #[command(flatten)]
    config: ConfigFile,
    /// Whose lines these are.
    #[arg(long)]
    meter: String,
    /// Which register.
    #[arg(long, value_enum, default_value_t)]
    value: Direction,
    /// The meter's identifier, where the database does not know it yet or the lines are of one that was there before.
    #[arg(long, value_name = "IDENTIFIER")]
    equipment: Option<String>,
    /// Only say what would be taken and what left.
    #[arg(long)]
    dry_run: bool,
    /// Day files, or folders of them: in a folder every file that ends with `.min`.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// So many lines become readings in one transaction: a week.
const PORTION: usize = 10_000;
/// Telegrams are told apart by numbers below 2³²; so import and export of one second are two readings.
const IDENT: u64 = 1 << 40;

impl Import {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self.what {
            What::Dayfile(dayfile) => dayfile.run(),
        }
    }
}

impl Dayfile {
    fn run(self) -> Result<(), Failure> {
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
        let pile = Pile::read(&self.paths, &config.time_zone())?;
        let equipment = self.equipment.clone().or_else(|| match &meter.equipment[..] {
            [only] => Some(only.clone()),
            _ => None,
        });
        // Held from here on: nobody else writes between the plan and its execution.
        let store = if self.dry_run { None } else { Some(self.store(&config)?) };
        let plan = Plan::new(&pile, &config.store.path, &self.meter, self.quantity(), equipment.as_deref(), now())?;
        self.tell(&pile, &plan, &config.time_zone());
        match store {
            None => println!("This was a dry run: nothing was written."),
            Some(_) if plan.taken.is_empty() => println!("There is nothing to import."),
            Some(mut store) => {
                let count = self.write(&mut store, &plan.taken)?;
                println!("{} readings were imported, and their quarter-hours, days and months made anew.", count.new);
                if count.quarantined > 0 {
                    println!("{} of them have a value that cannot be; the health page says which.", count.quarantined);
                }
            }
        }
        Ok(())
    }

    fn quantity(&self) -> Quantity {
        match self.value {
            Direction::Import => Quantity::EnergyImport,
            Direction::Export => Quantity::EnergyExport,
        }
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

    fn tell(&self, pile: &Pile, plan: &Plan, zone: &TimeZone) {
        let local = |time: i64| {
            Timestamp::from_second(time).unwrap_or_default().to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S")
        };
        println!("{} with {}.", several(pile.files.len(), "file"), several(pile.count(), "line"));
        if let (Some(first), Some(last)) = (plan.taken.first(), plan.taken.last()) {
            println!(
                "{} from {} to {}: the {} of meter {}.",
                verb(plan.taken.len(), self.dry_run),
                local(first.time),
                local(last.time),
                self.value.name(),
                self.meter
            );
        }
        for (reason, places) in &plan.left {
            println!("{}, because {}: {}.", left(places.len(), self.dry_run), reason.sentence(), pile.name(places));
        }
    }

    fn write(&self, store: &mut Store, taken: &[Taken]) -> Result<BatchCount, Failure> {
        let (meter, quantity): (Arc<str>, _) = (self.meter.as_str().into(), self.quantity());
        let mut sum = BatchCount::default();
        for portion in taken.chunks(PORTION) {
            let readings: Vec<MeterReading> = portion.iter().map(|line| reading(&meter, quantity, line)).collect();
            let count = store.insert_history(&readings)?;
            sum.new += count.new;
            sum.quarantined += count.quarantined;
        }
        Ok(sum)
    }
}

/// What the store keeps of a line. The script took the time of its own machine.
fn reading(meter: &Arc<str>, quantity: Quantity, line: &Taken) -> MeterReading {
    let mut values = Values::EMPTY;
    values.set(quantity, line.wh);
    MeterReading {
        meter: Arc::clone(meter),
        segment: Arc::clone(&line.equipment),
        time: line.time,
        clock: Clock::Host,
        received: line.time,
        ident: IDENT + u64::from(quantity.code()),
        proof: Proof::Imported,
        values,
        texts: Vec::new(),
    }
}

/// `1 line`, `12 lines`.
fn several(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn verb(count: usize, dry: bool) -> String {
    format!("{} {}", several(count, "line"), if dry { "would be taken" } else { "will be taken" })
}

fn left(count: usize, dry: bool) -> String {
    format!("{} {}", several(count, "line"), if dry { "would be left" } else { "will be left" })
}
