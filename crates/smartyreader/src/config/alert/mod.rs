//! Alert: what a household is told at once, from where on, and who gets it besides the page and MQTT.

mod check;
mod webhook;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use smarty_ledger::alert::{AlertSettings, CurrentRule, Patience, QuarterRule, SilenceRule, StateRule, VoltageRule};

use super::{Config, Span};

pub use webhook::Webhook;

/// The rules, for all meters.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Alert {
    /// Off: no alerts at all.
    pub enabled: bool,
    /// Which meters. Left out: all.
    pub meters: Option<Vec<String>>,
    /// What is still there is said again after so long. Left out: never.
    pub again_after: Option<Span>,
    /// A quarter-hour that is about to exceed the reference power.
    pub quarter: QuarterAlert,
    /// A voltage out of bounds.
    pub voltage: VoltageAlert,
    /// A current over its limit.
    pub current: CurrentAlert,
    /// Breaker, relay or limiter changed.
    pub state: StateAlert,
    /// No telegram.
    pub silence: SilenceAlert,
    /// What differs for one meter, by its name.
    pub meter: BTreeMap<String, MeterAlert>,
    /// Who gets alerts by mail, through the server of `[mail]`.
    pub mail: Option<AlertMail>,
    /// Where alerts are posted to.
    pub webhook: Option<Webhook>,
}

impl Default for Alert {
    fn default() -> Self {
        Self {
            enabled: true,
            meters: None,
            again_after: None,
            quarter: QuarterAlert::default(),
            voltage: VoltageAlert::default(),
            current: CurrentAlert::default(),
            state: StateAlert::default(),
            silence: SilenceAlert::default(),
            meter: BTreeMap::new(),
            mail: None,
            webhook: None,
        }
    }
}

/// `[alert.quarter]`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct QuarterAlert {
    /// Off: nothing is said about quarter-hours.
    pub enabled: bool,
    /// What is allowed, kW. Left out: what the contract says at the time; without one nothing is said.
    pub reference: Option<f64>,
    /// So many percent beyond are let pass while they are a projection only.
    pub margin: f64,
    /// Over when the projection falls below so many percent of the reference power.
    pub release: f64,
    /// Not before this minute of the quarter-hour.
    pub from_minute: u8,
    /// The present power is the mean of the last so long.
    pub window: Span,
}

impl Default for QuarterAlert {
    fn default() -> Self {
        Self { enabled: true, reference: None, margin: 2.0, release: 95.0, from_minute: 5, window: Span::seconds(180) }
    }
}

/// `[alert.voltage]`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct VoltageAlert {
    /// Off: nothing is said about voltages.
    pub enabled: bool,
    /// V.
    pub low: f64,
    /// V.
    pub high: f64,
    /// Right again when so much inside, V.
    pub margin: f64,
    /// So many readings one after the other.
    pub readings: u16,
    /// Right for so long before it is over.
    pub calm: Span,
}

impl Default for VoltageAlert {
    fn default() -> Self {
        Self { enabled: true, low: 207.0, high: 253.0, margin: 1.0, readings: 3, calm: Span::seconds(60) }
    }
}

/// `[alert.current]`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct CurrentAlert {
    /// Off: nothing is said about currents.
    pub enabled: bool,
    /// What a phase may carry, A. Left out: what the meter says of its fuse or of the threshold of its current;
    /// nothing where it says nothing.
    pub limit: Option<f64>,
    /// Right again when so much below, A.
    pub margin: f64,
    /// So many readings one after the other.
    pub readings: u16,
    /// Right for so long before it is over.
    pub calm: Span,
}

impl Default for CurrentAlert {
    fn default() -> Self {
        Self { enabled: true, limit: None, margin: 1.0, readings: 3, calm: Span::seconds(60) }
    }
}

/// `[alert.state]`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct StateAlert {
    /// Off: nothing is said about states.
    pub enabled: bool,
    /// The breaker.
    pub breaker: bool,
    /// The relays, which in some houses switch a boiler every day.
    pub relays: bool,
    /// Active threshold, current threshold, fuse.
    pub limiter: bool,
    /// So many readings one after the other.
    pub readings: u16,
    /// As before for so long before it is over.
    pub calm: Span,
    /// What stays so long is the usual state from then on.
    pub settled: Span,
}

impl Default for StateAlert {
    fn default() -> Self {
        Self {
            enabled: true,
            breaker: true,
            relays: false,
            limiter: true,
            readings: 2,
            calm: Span::seconds(60),
            settled: Span::seconds(86_400),
        }
    }
}

/// `[alert.silence]`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SilenceAlert {
    /// Off: nothing is said about silence.
    pub enabled: bool,
    /// No telegram for so long.
    pub after: Span,
    /// Over after so many telegrams without such a pause between them.
    pub readings: u16,
}

impl Default for SilenceAlert {
    fn default() -> Self {
        Self { enabled: true, after: Span::seconds(600), readings: 3 }
    }
}

/// `[alert.mail]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AlertMail {
    /// Addresses.
    pub to: Vec<String>,
    /// What could not be sent for so long is dropped.
    #[serde(default = "a_day")]
    pub give_up_after: Span,
}

const fn a_day() -> Span {
    Span::seconds(86_400)
}

/// `[alert.meter.NAME]`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct MeterAlert {
    /// kW, instead of that in `[alert.quarter]`.
    pub reference: Option<f64>,
    /// A, instead of that in `[alert.current]`.
    pub limit: Option<f64>,
}

impl Alert {
    /// Paths in the file are relative to the file.
    pub(super) fn relate(&mut self, folder: &Path) {
        let Some(webhook) = &mut self.webhook else { return };
        for path in [&mut webhook.token_file, &mut webhook.ca_file].into_iter().flatten() {
            *path = folder.join(&*path);
        }
    }

    /// The reference power of a meter where it is not the contract's, W.
    fn reference_w(&self, meter: &str) -> Option<u32> {
        let own = self.meter.get(meter).and_then(|own| own.reference);
        own.or(self.quarter.reference).map(|reference| (reference * 1000.0).round() as u32)
    }
}

impl Config {
    /// The rules for a meter; `None` where there are none.
    pub fn alert_settings(&self, meter: &str) -> Option<AlertSettings> {
        let alert = &self.alert;
        if !alert.enabled || alert.meters.as_ref().is_some_and(|chosen| !chosen.iter().any(|one| one == meter)) {
            return None;
        }
        let Alert { quarter, voltage, current, state, silence, .. } = alert;
        // A sensor can be silent, and that is all.
        let counts = self.meter.get(meter).is_some_and(|meter| meter.role.counts());
        // Figures as people write them, rounded to the thousandth.
        let thousandths = |number: f64| (number * 1000.0).round() as i64;
        let patience = |readings: u16, calm: Span| Patience { readings, calm_s: seconds(calm) };
        let limit = alert.meter.get(meter).and_then(|own| own.limit).or(current.limit);
        // A file that has been read to its end is not silent.
        let mut sources = self.summed(meter).into_iter().filter_map(|meter| self.source.get(self.source_of(meter)?));
        let ends = sources.any(|source| source.kind.ends());
        Some(AlertSettings {
            quarter: (counts && quarter.enabled).then(|| QuarterRule {
                reference_w: alert.reference_w(meter),
                margin_permille: (quarter.margin * 10.0).round() as u16,
                release_permille: (quarter.release * 10.0).round() as u16,
                from_s: i64::from(quarter.from_minute) * 60,
                window_minutes: u8::try_from(quarter.window.0.as_secs() / 60).unwrap_or(60),
            }),
            voltage: (counts && voltage.enabled).then(|| VoltageRule {
                low_mv: thousandths(voltage.low),
                high_mv: thousandths(voltage.high),
                margin_mv: thousandths(voltage.margin),
                patience: patience(voltage.readings, voltage.calm),
            }),
            current: (counts && current.enabled).then(|| CurrentRule {
                limit_ma: limit.map(thousandths),
                margin_ma: thousandths(current.margin),
                patience: patience(current.readings, current.calm),
            }),
            state: (counts && state.enabled).then(|| StateRule {
                breaker: state.breaker,
                relays: state.relays,
                limiter: state.limiter,
                patience: patience(state.readings, state.calm),
                settled_s: seconds(state.settled),
            }),
            silence: (silence.enabled && !ends)
                .then(|| SilenceRule { after_s: seconds(silence.after), readings: silence.readings }),
            again_s: alert.again_after.map(seconds),
        })
    }
}

fn seconds(span: Span) -> i64 {
    i64::try_from(span.0.as_secs()).unwrap_or(i64::MAX >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Grade, parse};

    const HOUSE: &str = "[source.a]\nkind = \"tcp\"\naddress = \"x:1\"\n[meter.home]\n[meter.sun]\n";

    fn config(more: &str) -> Config {
        parse(&format!("{HOUSE}{more}"), "test.toml").unwrap()
    }

    #[test]
    fn what_is_left_out_is_right() {
        let settings = config("").alert_settings("home").unwrap();
        assert_eq!(settings.quarter, Some(QuarterRule::DEFAULT), "by the contract");
        assert_eq!(settings.voltage, Some(VoltageRule::DEFAULT));
        assert_eq!(settings.current, Some(CurrentRule::DEFAULT));
        assert_eq!(settings.state, Some(StateRule::DEFAULT));
        assert_eq!(settings.silence, Some(SilenceRule::DEFAULT));
        assert_eq!(settings.again_s, None);
        let settings = config("[alert.quarter]\nreference = 3\n").alert_settings("home").unwrap();
        assert_eq!(settings.quarter.unwrap().reference_w, Some(3000));
    }

    #[test]
    fn each_meter_has_its_own_and_none_is_asked_for_none() {
        let text = "[alert]\nmeters = [\"home\"]\nagain-after = \"12h\"\n[alert.quarter]\nreference = 3\n\
                    [alert.meter.home]\nreference = 7\nlimit = 40\n";
        let settings = config(text).alert_settings("home").unwrap();
        assert_eq!(settings.quarter.unwrap().reference_w, Some(7000));
        assert_eq!(settings.current.unwrap().limit_ma, Some(40_000));
        assert_eq!(settings.again_s, Some(43_200));
        assert_eq!(config(text).alert_settings("sun"), None);
        assert_eq!(config("[alert]\nenabled = false\n").alert_settings("home"), None);
    }

    #[test]
    fn sentences() {
        let said = |more: &str, grade: Grade| -> Vec<String> {
            let findings = config(more).check();
            findings.into_iter().filter(|finding| finding.grade == grade).map(|finding| finding.sentence).collect()
        };
        let plans = said("[alert.meter.home]\nreference = 3\n", Grade::Plan);
        assert!(
            plans.contains(
                &"alerts for meters home, sun: a quarter-hour of home about to exceed 3 kW, a voltage outside 207 to 253 V, a current above what the meter's fuse carries, a change of the breaker, a change of the limiter, no telegram for 10 minutes."
                    .to_string()
            ),
            "{plans:#?}"
        );
        let plans = said("[meter.home.tariff]\nreference-power = 3\n", Grade::Plan);
        assert!(plans.iter().any(|plan| plan.contains("exceed the reference power of its contract,")), "{plans:#?}");
        for (more, words) in [
            ("[alert]\nmeters = [\"x\"]\n", "there is no meter x"),
            ("[alert.meter.x]\n", "there is no meter x"),
            ("[alert.quarter]\nreference = 3000\n", "`reference` is kW"),
            ("[alert.quarter]\nfrom-minute = 15\n", "`from-minute`"),
            ("[alert.quarter]\nwindow = \"90s\"\n", "`window` in [alert.quarter]"),
            ("[alert.voltage]\nlow = 260\n", "the first below the second"),
            ("[alert.voltage]\nmargin = 30\n", "less than half"),
            ("[alert.mail]\nto = [\"anna@example.org\"]\n", "needs a section [mail]"),
            ("[alert.mail]\nto = [\"anna\"]\n", "\"anna\" is no mail address"),
            ("[alert.mail]\nto = []\n", "names nobody"),
            ("[alert.webhook]\nurl = \"example.org\"\n", "no web address"),
            ("[alert.webhook]\nurl = \"http://a:b@example.org\"\n", "token-file"),
            ("[alert.webhook]\nurl = \"http://example.org\"\nca-file = \"x\"\n", "needs TLS"),
            ("[alert.webhook]\nurl = \"https://example.org\"\ntoken-file = \"nowhere\"\n", "cannot be read"),
        ] {
            let errors = said(more, Grade::Error);
            assert!(errors.iter().any(|error| error.contains(words)), "{more}: {errors:#?}");
        }
    }
}
