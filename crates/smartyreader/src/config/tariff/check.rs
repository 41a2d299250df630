//! Check: what a contract says, and what it lacks.

use jiff::civil::Date;

use super::{Amount, Component, Tariff, TariffFile};
use crate::config::Config;
use crate::config::check::Findings;

/// Everything that there is to say about the contracts of all meters.
pub(in crate::config) fn check(config: &Config, findings: &mut Findings) {
    if let Some(tariff) = &config.tariff
        && let meters = config.counting().filter(|name| config.meter[*name].tariff.is_none()).collect::<Vec<_>>()
        && !meters.is_empty()
    {
        one(&crate::config::check::list(&meters), tariff, findings);
    }
    for (name, meter) in &config.meter {
        if let Some(tariff) = &meter.tariff {
            one(&format!("meter {name}"), tariff, findings);
        }
    }
}

fn one(whose: &str, tariff: &Tariff, findings: &mut Findings) {
    let files = match tariff.files() {
        Ok(files) => files,
        // The meters are read all the same.
        Err(error) => return findings.warning(format!("{whose}: there will be no costs: {error}")),
    };
    let own = match tariff.price.len() {
        0 => "no price of its own".into(),
        1 => "one price of its own".into(),
        count => format!("{count} prices of its own"),
    };
    let of_files = files.first().zip(files.last()).map_or(String::new(), |(first, last)| {
        format!(", the tariff \"{}\" from {} up to {}", first.name, first.from, last.to)
    });
    findings.plan(format!("{whose}: costs by {own}{of_files}."));
    if tariff.from.zip(tariff.to).is_some_and(|(from, to)| from >= to) {
        findings.error(format!("{whose}: the contract ends before it begins; `to` is the first day that is not in it"));
    }
    for (index, price) in tariff.price.iter().enumerate() {
        let same = tariff.price[..index].iter().filter(|other| other.is_of_the_same(price));
        let days = |from: Option<Date>, to: Option<Date>| (from.unwrap_or(Date::MIN), to.unwrap_or(Date::MAX));
        let (from, to) = days(price.from, price.to);
        for other in same {
            let (first, last) = days(other.from, other.to);
            if from < last && first < to {
                let when = if from.max(first) == Date::MIN {
                    "on the same days".into()
                } else {
                    format!("on {}", from.max(first))
                };
                findings.error(format!(
                    "{whose}: two prices of {} hold {when}; give them `from` and `to`, or other names",
                    price.title()
                ));
            }
        }
        if matches!(&price.amount, Amount::Hourly(path) if !path.is_file()) {
            findings.warning(format!("{whose}: the file of hourly prices of {} is not there yet", price.title()));
        }
    }
    if files.is_empty() && tariff.vat.is_none() && tariff.price.iter().any(|price| price.vat.is_none()) {
        findings.warning(format!("{whose}: prices are taken without value added tax; `vat = 8` would add it"));
    }
    reference_power(whose, tariff, &files, findings);
}

/// The reference power must be one that the tariff knows.
fn reference_power(whose: &str, tariff: &Tariff, files: &[TariffFile], findings: &mut Findings) {
    let needs =
        |price: &super::Price| price.component == Component::Exceedance || matches!(price.amount, Amount::ByClass(_));
    let prices = || files.iter().flat_map(|file| &file.price).chain(&tariff.price);
    if tariff.reference_power.0.is_empty() {
        if prices().any(needs) {
            findings.warning(format!(
                "{whose}: without `reference-power` the network's fixed price and what goes beyond it are not in the costs; \
                 it stands on the bill"
            ));
        }
        return;
    }
    for price in prices() {
        let Amount::ByClass(classes) = &price.amount else { continue };
        for (_, power) in &tariff.reference_power.0 {
            if !classes.iter().any(|(class, _)| class == power) {
                let known: Vec<String> = classes.iter().map(|(class, _)| class.to_string()).collect();
                findings.warning(format!(
                    "{whose}: the tariff has no class of {power} kW for {}; it has {}",
                    price.title(),
                    known.join(", ")
                ));
            }
        }
    }
}
