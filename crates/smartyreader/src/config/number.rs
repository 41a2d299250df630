//! Number: a value that another program publishes, where it stands and what it means.

use std::collections::BTreeMap;

use serde::Deserialize;
use smarty_p1::{Fixed, Quantity};

use super::check::Findings;
use super::load::nearest;
use super::{Config, Source, SourceKind};
use crate::topic;

/// One number of a meter or a sensor.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Number {
    /// The source that it comes from. Left out: the meter's, or the only one.
    pub source: Option<String>,
    /// MQTT: the topic, with `+` and `#`.
    pub topic: Option<String>,
    /// Where it stands in the JSON (RFC 6901): `/energy/total`. Left out: the whole payload is the number.
    pub pointer: Option<String>,
    /// What it is.
    pub quantity: Goal,
    /// The unit in which it is published. Left out: the quantity's own.
    pub unit: Option<String>,
    /// What it is multiplied by.
    pub factor: Option<Factor>,
}

/// What a number becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A quantity.
    Of(Quantity),
    /// One power with a sign, as many programs have it: above 0 is import, below 0 export.
    PowerNet,
}

const POWER_NET: &str = "power_net_w";

impl Goal {
    /// The quantity whose unit it has.
    pub const fn quantity(self) -> Quantity {
        match self {
            Self::Of(quantity) => quantity,
            Self::PowerNet => Quantity::PowerImport,
        }
    }

    /// The word in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Of(quantity) => quantity.name(),
            Self::PowerNet => POWER_NET,
        }
    }

    /// How many quantities it becomes.
    pub const fn count(self) -> usize {
        match self {
            Self::Of(_) => 1,
            Self::PowerNet => 2,
        }
    }
}

impl<'de> Deserialize<'de> for Goal {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name == POWER_NET {
            return Ok(Self::PowerNet);
        }
        Quantity::from_name(&name).map(Self::Of).ok_or_else(|| {
            let known: Vec<&str> = Quantity::ALL.iter().map(|quantity| quantity.name()).chain([POWER_NET]).collect();
            let hint = nearest(&name, &known).map_or_else(
                || "such as power_export_w, energy_export_wh, temperature_mc; docs/sensors.md lists them".into(),
                |nearest| format!("did you mean \"{nearest}\"?"),
            );
            serde::de::Error::custom(format!("there is no quantity \"{name}\"; {hint}"))
        })
    }
}

/// A factor as it was written, since a float would lose digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor(pub String);

impl<'de> Deserialize<'de> for Factor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        if !number.is_finite() || number == 0.0 || number.abs() > 1e12 || number.abs() < 1e-12 {
            return Err(serde::de::Error::custom("`factor` is a number such as 0.1 or -1"));
        }
        // The shortest text that means this float is the one that stands in the file.
        Ok(Self(number.to_string()))
    }
}

impl Config {
    /// The source of a number of this meter.
    pub fn source_of_number<'a>(&'a self, meter: &'a str, number: &'a Number) -> Option<&'a str> {
        let own = number.source.as_deref().or(self.meter.get(meter)?.source.as_deref());
        own.or_else(|| self.only_source())
    }

    /// What numbers wait for is subscribed to, whether `topics` names it or not.
    pub(super) fn subscribe_numbers(&mut self) {
        let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, meter) in &self.meter {
            for number in &meter.number {
                if let (Some(source), Some(topic)) = (self.source_of_number(name, number), &number.topic) {
                    wanted.entry(source.into()).or_default().push(topic.clone());
                }
            }
        }
        for (source, topics) in wanted {
            let Some(source) = self.source.get_mut(&source).filter(|source| source.kind == SourceKind::Mqtt) else {
                continue;
            };
            for topic in topics {
                if source.topics.iter().all(|filter| *filter != topic && !topic::matches(filter, &topic)) {
                    source.topics.push(topic);
                }
            }
        }
    }

    /// Everything that there is to say about a meter's or a sensor's numbers. `whose`: `meter solar`.
    pub(super) fn check_numbers(&self, name: &str, whose: &str, findings: &mut Findings) {
        let numbers = &self.meter[name].number;
        for (index, number) in numbers.iter().enumerate() {
            let which = format!("{whose}: the number {}", number.quantity.name());
            if numbers[..index].iter().any(|other| other.quantity == number.quantity) {
                findings.error(format!("{which} is there twice"));
            }
            if let Some(unit) = &number.unit
                && (Fixed { mantissa: 1, scale: 0, unit: unit.as_bytes() })
                    .in_unit(number.quantity.quantity().unit())
                    .is_none()
            {
                findings.error(format!(
                    "{which} cannot be in {unit}; leave `unit` out where it is in the unit of its name"
                ));
            }
            if let Some(pointer) = number.pointer.as_ref().filter(|pointer| !pointer.starts_with('/')) {
                findings.error(format!(
                    "{which}: `pointer` begins with a slash, like \"/energy/total\"; \"{pointer}\" does not"
                ));
            }
            let Some(source_name) = self.source_of_number(name, number) else {
                findings.error(format!("{which} needs `source`: one of {}", super::check::names(&self.source)));
                continue;
            };
            match self.source.get(source_name) {
                None => {
                    findings.error(format!("{which} is to come from source {source_name}, which is not configured"));
                }
                Some(source) => check_source(&which, source_name, source, number, findings),
            }
        }
        if !numbers.is_empty() {
            let names: Vec<&str> = numbers.iter().map(|number| number.quantity.name()).collect();
            findings.plan(format!("{whose} takes {} as other programs publish them.", names.join(", ")));
        }
    }
}

fn check_source(which: &str, name: &str, source: &Source, number: &Number, findings: &mut Findings) {
    match (source.kind, &number.topic) {
        (SourceKind::Mqtt, None) => findings.error(format!("{which} needs `topic`, the one on which it is published")),
        (SourceKind::Mqtt, Some(topic)) => {
            if let Some(fault) = topic::fault(topic) {
                findings.error(format!("{which}: `topic` {fault}; write it like \"solar/total\""));
            }
        }
        (SourceKind::Http, Some(_)) => findings.warning(format!("{which}: `topic` means nothing on source {name}")),
        (SourceKind::Http, None) => {}
        (kind, _) => findings.error(format!(
            "{which} is to come from source {name}, and kind = \"{}\" has telegrams and no numbers; mqtt and http have",
            kind.name()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Grade, parse};

    const INVERTER: &str = "[source.inverter]\nkind = \"http\"\nurl = \"http://192.168.1.5/status.json\"\n";
    const BROKER: &str =
        "[mqtt.house]\nbroker = \"mqtt://broker.lan\"\n[source.broker]\nkind = \"mqtt\"\nbroker = \"house\"\n";

    fn errors(text: &str) -> Vec<String> {
        parse(text, "test.toml").unwrap().errors()
    }

    #[test]
    fn a_number_is_all_that_is_needed() {
        let solar = "[meter.solar]\nrole = \"production\"\n[[meter.solar.number]]\npointer = \"/energy/total\"\n\
                     quantity = \"energy_export_wh\"\nunit = \"kWh\"\nfactor = 0.1\n";
        let config = parse(&format!("{INVERTER}{solar}"), "test.toml").unwrap();
        assert_eq!(config.errors(), [""; 0]);
        assert_eq!(config.meters_on("inverter").count(), 1);
        assert_eq!(config.meter["solar"].number[0].factor, Some(Factor("0.1".into())));
        let plans: Vec<String> =
            config.check().into_iter().filter(|f| f.grade == Grade::Plan).map(|f| f.sentence).collect();
        assert!(
            plans.contains(&"source inverter asks http://192.168.1.5 every 10 seconds, for meter solar.".into()),
            "{plans:#?}"
        );
        // What is waited for is subscribed to; what is covered by a wildcard is not again.
        let topic = "[meter.solar]\n[[meter.solar.number]]\ntopic = \"solar/power\"\nquantity = \"power_net_w\"\n";
        let config = parse(&format!("{BROKER}{topic}"), "test.toml").unwrap();
        assert_eq!((config.errors().len(), &config.source["broker"].topics[..]), (0, &["solar/power".to_string()][..]));
        let config = parse(&format!("{BROKER}topics = [\"solar/#\"]\n{topic}"), "test.toml").unwrap();
        assert_eq!(config.source["broker"].topics, ["solar/#"]);
        // A meter beside it is heard as before.
        let both = format!("{BROKER}topics = [\"#\"]\n{topic}[meter.home]\ntopic = \"lamsmarty\"\n");
        assert_eq!(errors(&both), [""; 0]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let number = |settings: &str| format!("[meter.solar]\n[[meter.solar.number]]\n{settings}\n");
        for (text, words) in [
            (format!("{INVERTER}{}", number("quantity = \"energy_export_wh\"\nunit = \"kW\"")), "cannot be in kW"),
            (
                format!("{INVERTER}{}", number("quantity = \"energy_export_wh\"\npointer = \"energy\"")),
                "begins with a slash",
            ),
            (format!("{BROKER}{}", number("quantity = \"energy_export_wh\"")), "needs `topic`"),
            (format!("{BROKER}{}", number("topic = \"a#\"\nquantity = \"energy_export_wh\"")), "`topic` has a #"),
            (
                format!("{INVERTER}{BROKER}{}", number("quantity = \"power_export_w\"")),
                "needs `source`: one of broker, inverter",
            ),
            (
                format!("{INVERTER}{}", number("source = \"x\"\nquantity = \"power_export_w\"")),
                "source x, which is not configured",
            ),
            (
                "[source.a]\nkind = \"stdin\"\n".to_string() + &number("quantity = \"power_export_w\""),
                "has telegrams and no numbers",
            ),
            (
                format!(
                    "{INVERTER}{}[[meter.solar.number]]\nquantity = \"power_export_w\"\n",
                    number("quantity = \"power_export_w\"")
                ),
                "is there twice",
            ),
            (format!("{INVERTER}[meter.home]\n"), "which has numbers and no telegrams"),
            ("[source.i]\nkind = \"http\"\n[meter.home]\n".into(), "needs `url`"),
            ("[source.i]\nkind = \"http\"\nurl = \"inverter\"\n[meter.home]\n".into(), "no web address"),
            ("[source.i]\nkind = \"http\"\nurl = \"http://x\"\nca-file = \"ca\"\n[meter.home]\n".into(), "needs TLS"),
        ] {
            let errors = errors(&text);
            assert!(errors.iter().any(|error| error.contains(words)), "{text}: {errors:#?}");
        }
        for (settings, words) in [
            ("quantity = \"energy_exprot_wh\"", "did you mean \"energy_export_wh\"?"),
            ("quantity = \"flux\"", "docs/sensors.md lists them"),
            ("quantity = \"power_export_w\"\nfactor = 0", "`factor` is a number"),
        ] {
            let error = parse(&format!("{INVERTER}{}", number(settings)), "test.toml").unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
