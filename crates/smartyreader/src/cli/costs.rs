//! `costs`: a bill in words and numbers, and what other reference powers would cost.

use clap::{Args, Subcommand};
use jiff::civil::Date;
use smarty_ledger::cost::{Money, Price};
use smarty_store::Reader;

use super::ConfigFile;
use crate::config::Config;
use crate::config::tariff::{Euro, Percent, Watts};
use crate::costs::{self, Advice, AdviceBody, Bill, BillBody, Contract, Line, Quantity, Unit};
use crate::exit::{Code, Failure};
use crate::observe::now;
use crate::web::moment;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Costs {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    whose: Whose,
    /// A day, such as 2026-10-25.
    #[arg(long, value_name = "DATE", conflicts_with_all = ["month", "year", "from"])]
    day: Option<String>,
    /// A month, such as 2026-10; this month where nothing is given.
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["year", "from"])]
    month: Option<String>,
    /// A year, such as 2026.
    #[arg(long, value_name = "YEAR", conflicts_with = "from")]
    year: Option<i16>,
    #[command(flatten)]
    span: Span,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What each reference power would cost in a year, by the last year's quarter-hours.
    Advisor(Advisor),
}

#[derive(Debug, Args)]
struct Advisor {
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    span: Span,
}

#[derive(Debug, Args)]
struct Whose {
    #[command(flatten)]
    config: ConfigFile,
    /// Which meter; can be left out where there is one.
    #[arg(long)]
    meter: Option<String>,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Span {
    /// From this date or time on.
    #[arg(long, requires = "to")]
    from: Option<String>,
    /// Up to this date or time, which is not in it any more.
    #[arg(long, requires = "from")]
    to: Option<String>,
}

impl Costs {
    pub(super) fn run(self) -> Result<(), Failure> {
        if let Some(What::Advisor(advisor)) = self.what {
            return advisor.run();
        }
        let (config, meter, contract) = self.whose.open()?;
        let span = self.span(&config, &contract)?;
        let reader = Reader::open(&config.store.path)?;
        let bill = costs::bill(&reader, &contract, &meter, span, now())?;
        if self.whose.json {
            return json(&BillBody::new(&meter, &bill));
        }
        print_bill(&meter, &bill);
        Ok(())
    }

    fn span(&self, config: &Config, contract: &Contract) -> Result<(i64, i64), Failure> {
        let zone = contract.zone();
        let no_date = |option: &str, text: &str, like: &str| {
            Failure::new(Code::Usage, format!("--{option} is written like {like}, not \"{text}\""))
        };
        let date = |text: &str| text.parse::<Date>().ok().filter(|_| text.len() == 10);
        if let Some(span) = self.span.read(config)? {
            return Ok(span);
        }
        if let Some(text) = &self.day {
            let day = date(text).ok_or_else(|| no_date("day", text, "2026-10-25"))?;
            return Ok(zone.around(day, Unit::Day));
        }
        if let Some(year) = self.year {
            let day = Date::new(year, 1, 1).map_err(|_| no_date("year", &year.to_string(), "2026"))?;
            return Ok(zone.around(day, Unit::Year));
        }
        let day = match &self.month {
            None => zone.date(now()),
            Some(text) => date(&format!("{text}-01")).ok_or_else(|| no_date("month", text, "2026-10"))?,
        };
        Ok(zone.around(day, Unit::Month))
    }
}

impl Advisor {
    fn run(self) -> Result<(), Failure> {
        let (config, meter, contract) = self.whose.open()?;
        let span = self.span.read(&config)?;
        let reader = Reader::open(&config.store.path)?;
        let advice = costs::advice(&reader, &contract, &meter, span, now())?;
        if self.whose.json {
            return json(&AdviceBody::new(&meter, &advice));
        }
        print_advice(&meter, &contract, &advice);
        Ok(())
    }
}

impl Whose {
    fn open(&self) -> Result<(Config, String, Contract), Failure> {
        let config = self.config.load()?;
        let names: Vec<&str> = config.counting().collect();
        let meter = match (&self.meter, names.as_slice()) {
            (Some(meter), names) if names.contains(&meter.as_str()) => meter.clone(),
            (None, [only]) => (*only).to_string(),
            (wanted, _) => {
                let names = names.join(", ");
                let sentence = wanted
                    .as_ref()
                    .map_or(format!("there are several meters; --meter says which: {names}"), |wanted| {
                        format!("there is no meter \"{wanted}\"; there is {names}")
                    });
                return Err(Failure::new(Code::Usage, sentence));
            }
        };
        let Some(tariff) = config.tariff_of(&meter) else {
            let sentence = format!(
                "meter {meter} has no tariff; a section [tariff] or [meter.{meter}.tariff] in {} says what its energy costs",
                self.config.path.display()
            );
            return Err(Failure::new(Code::Config, sentence));
        };
        let contract = Contract::read(tariff, config.time_zone())?;
        Ok((config, meter, contract))
    }
}

impl Span {
    fn read(&self, config: &Config) -> Result<Option<(i64, i64)>, Failure> {
        let (Some(from), Some(to)) = (&self.from, &self.to) else { return Ok(None) };
        let zone = config.time_zone();
        let time =
            |name, text: &str| moment(name, text, &zone).map_err(|sorry| Failure::new(Code::Usage, sorry.sentence()));
        let (from, to) = (time("from", from)?, time("to", to)?);
        if from >= to {
            return Err(Failure::new(Code::Usage, "--from must be before --to"));
        }
        Ok(Some((from, to)))
    }
}

fn json(body: &impl serde::Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(body).map_err(std::io::Error::other)?);
    Ok(())
}

/// Widths of the columns: what, quantity, price, amount.
const WIDTHS: [usize; 4] = [36, 17, 20, 14];

fn row(marks: &str, cells: [&str; 4]) {
    let [what, quantity, price, amount] = WIDTHS;
    let [a, b, c, d] = cells;
    let text = format!("{marks:<2} {a:<what$}{b:>quantity$}{c:>price$}{d:>amount$}");
    println!("{}", text.trim_end());
}

fn print_bill(meter: &str, bill: &Bill) {
    let (first, after) = bill.days;
    let last = after.yesterday().unwrap_or(after);
    match (after - first).get_days() {
        0 => println!("Costs of meter {meter}: no day of its contract lies here."),
        1 => println!("Costs of meter {meter}, {first}."),
        days => println!("Costs of meter {meter}, {first} to {last}, {days} days."),
    }
    for tariff in &bill.tariffs {
        println!("Tariff: {tariff}.");
    }
    if let Some(power) = bill.reference_w {
        println!("Reference power: {} kW.", Watts(power));
    }
    println!();
    row("", ["", "quantity", "price", "amount"]);
    for line in &bill.lines {
        let marks = format!("{}{}", if line.certain { "" } else { "~" }, if line.at_least { ">" } else { "" });
        let price = line.price.map_or(String::new(), |price| per_unit(line, price));
        row(&marks, [&what(line), &quantity(line.quantity), &price, &euro(line.net)]);
    }
    println!();
    row("", ["", "", "without tax", &euro(bill.net())]);
    for tax in bill.taxes.iter().filter(|tax| tax.basis_points != 0) {
        let rate = format!("{} % of {}", Percent(tax.basis_points), euro(tax.net));
        row(if tax.certain { "" } else { "~" }, ["", "tax", &rate, &euro(tax.vat)]);
    }
    row("", ["", "", "to be paid", &cents(bill.total())]);
    let uncertain: Vec<&Line> = bill.lines.iter().filter(|line| !line.certain).collect();
    if !uncertain.is_empty() {
        println!("\n~  Not certain:");
        for line in uncertain {
            println!("   {}: {}\n     {}", what(line), line.reason.as_deref().unwrap_or_default(), line.source);
        }
    }
    if bill.is_lower_bound() {
        println!("\n>  This may be more; see below.");
    }
    if !bill.notes.is_empty() {
        println!();
    }
    for note in &bill.notes {
        println!("   {}", note.sentence());
    }
}

fn what(line: &Line) -> String {
    let mut what = line.component.words().to_string();
    for more in [&line.name, &line.window].into_iter().flatten() {
        what = format!("{what}, {more}");
    }
    if let Some(power) = line.reference_w {
        what = format!("{what}, {} kW", Watts(power));
    }
    what
}

fn quantity(quantity: Quantity) -> String {
    let milli = quantity.milli();
    let sign = if milli < 0 { "-" } else { "" };
    format!("{sign}{}.{:03} {:<5}", milli.unsigned_abs() / 1000, milli.unsigned_abs() % 1000, quantity.unit())
}

fn per_unit(line: &Line, price: Price) -> String {
    let mean = if line.is_mean { "mean " } else { "" };
    format!("{mean}{} €/{:<5}", Euro(price.as_nano_euro()), line.quantity.unit())
}

/// With four decimals: a line is not rounded to cents, only what is to be paid is.
fn euro(amount: Money) -> String {
    let micro = amount.micro_euro();
    let tenth_cents = (micro.unsigned_abs() + 50) / 100;
    let sign = if micro < 0 && tenth_cents != 0 { "-" } else { "" };
    format!("{sign}{}.{:04} €", tenth_cents / 10_000, tenth_cents % 10_000)
}

fn cents(amount: Money) -> String {
    let cents = amount.cents();
    // As wide as the amounts above.
    format!("{}{}.{:02}   €", if cents < 0 { "-" } else { "" }, cents.unsigned_abs() / 100, cents.unsigned_abs() % 100)
}

fn print_advice(meter: &str, contract: &Contract, advice: &Advice) {
    let zone = contract.zone();
    println!(
        "Reference powers for meter {meter}, by its quarter-hours from {} up to {} and the prices of {}, with tax.",
        zone.date(advice.from),
        zone.date(advice.to),
        advice.prices_of
    );
    if let Some(watts) = advice.highest_w {
        println!("Highest quarter-hour: {} kW.", Watts(u32::try_from(watts).unwrap_or(0)));
    }
    if !advice.steps.is_empty() {
        println!("\n   {:>8}{:>16}{:>18}{:>16}{:>16}", "class", "fixed a year", "beyond it", "that costs", "together");
    }
    let cheapest = advice.cheapest().map(|step| step.class.reference_w);
    for step in &advice.steps {
        let power = step.class.reference_w;
        let amount = |amount| cents(amount).replace("   €", " €");
        let mark = match (Some(power) == cheapest, Some(power) == advice.current_w) {
            (true, true) => "  cheapest, and yours",
            (true, false) => "  cheapest",
            (false, true) => "  yours",
            (false, false) => "",
        };
        println!(
            "   {:>5} kW{:>16}{:>18}{:>16}{:>16}{mark}",
            Watts(power).to_string(),
            amount(advice.fixed(step)),
            quantity(Quantity::Energy(step.advised.quarter_wh)).trim_end(),
            amount(advice.exceedance(step)),
            amount(advice.total(step))
        );
    }
    println!();
    for pair in advice.steps.windows(2) {
        if let Some(energy) = pair[0].break_even {
            println!(
                "   {} kW instead of {} kW pays where it saves more than {} a month beyond the reference power.",
                Watts(pair[1].class.reference_w),
                Watts(pair[0].class.reference_w),
                quantity(Quantity::Energy(energy)).trim_end()
            );
        }
    }
    println!();
    if !advice.certain {
        println!("   ~ Not all of these prices are certain; `smartyreader costs` says which.");
    }
    for note in &advice.notes {
        println!("   {note}");
    }
}
