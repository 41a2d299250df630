//! Alert: what a household is told at once, from where on, and who gets it besides the page and MQTT.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::Uri;
use serde::Deserialize;
use smarty_ledger::alert::{AlertSettings, CurrentRule, Patience, QuarterRule, SilenceRule, StateRule, VoltageRule};

use super::check::{Findings, list};
use super::secret::Secret;
use super::{Config, Span};

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
    /// What the network tariff allows, kW. Left out: nothing is said.
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
    /// What a phase may carry, A. Left out: what the meter says that the fuse does; nothing where it says nothing.
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

/// `[alert.meter.NAME]`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct MeterAlert {
    /// kW, instead of that in `[alert.quarter]`.
    pub reference: Option<f64>,
    /// A, instead of that in `[alert.current]`.
    pub limit: Option<f64>,
}

/// `[alert.webhook]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Webhook {
    /// `http://` or `https://`.
    pub url: String,
    /// A file with a token, sent as `Authorization: Bearer`.
    pub token_file: Option<PathBuf>,
    /// An environment variable with the token.
    pub token_env: Option<String>,
    /// A systemd credential with the token.
    pub token_credential: Option<String>,
    /// The authority that signed the server's certificate. Left out: those of the system.
    pub ca_file: Option<PathBuf>,
    /// So long may an attempt take.
    #[serde(default = "ten_seconds")]
    pub timeout: Span,
    /// What could not be delivered for so long is given up.
    #[serde(default = "an_hour")]
    pub give_up_after: Span,
}

/// A web address in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// With TLS.
    pub secure: bool,
    /// Name or address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path and query. It may hold a secret and is never shown.
    pub path: String,
}

impl Target {
    /// Host and port as they stand in a header.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.secure { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

/// Without the path.
impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", if self.secure { "https" } else { "http" }, self.authority())
    }
}

impl Webhook {
    /// Where it is.
    ///
    /// # Errors
    /// A sentence, which repeats nothing of the address: it may hold a secret.
    pub fn target(&self) -> Result<Target, String> {
        let wrong = || "`url` is no web address; write it like \"https://example.org/hook\"".to_string();
        let url: Uri = self.url.parse().map_err(|_| wrong())?;
        let secure = match url.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let authority = url.authority().ok_or_else(wrong)?;
        if authority.as_str().contains('@') {
            return Err("no user and password stand in `url`; use `token-file`".into());
        }
        let host = authority.host().trim_matches(['[', ']']).to_string();
        // A port that is none is not seen by the parser.
        let written = authority.as_str().rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
        let usual = if secure { 443 } else { 80 };
        let port = written.map_or(Some(usual), |port| port.parse().ok().filter(|port| *port > 0)).ok_or_else(wrong)?;
        if host.is_empty() {
            return Err(wrong());
        }
        let path = url.path_and_query().map_or("/", |path| path.as_str()).to_string();
        Ok(Target { secure, host, port, path })
    }

    /// Where the token lies.
    pub fn token(&self) -> Secret<'_> {
        Secret {
            file: self.token_file.as_ref(),
            env: self.token_env.as_ref(),
            credential: self.token_credential.as_ref(),
        }
    }
}

impl Alert {
    /// Paths in the file are relative to the file.
    pub(super) fn relate(&mut self, folder: &Path) {
        let Some(webhook) = &mut self.webhook else { return };
        for path in [&mut webhook.token_file, &mut webhook.ca_file].into_iter().flatten() {
            *path = folder.join(&*path);
        }
    }

    /// The reference power of a meter, W.
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
        // Figures as people write them, rounded to the thousandth.
        let thousandths = |number: f64| (number * 1000.0).round() as i64;
        let patience = |readings: u16, calm: Span| Patience { readings, calm_s: seconds(calm) };
        let limit = alert.meter.get(meter).and_then(|own| own.limit).or(current.limit);
        // A file that has been read to its end is not silent.
        let ends = self.source_of(meter).and_then(|source| self.source.get(source)).is_some_and(|on| on.kind.ends());
        Some(AlertSettings {
            quarter: alert.reference_w(meter).filter(|_| quarter.enabled).map(|reference_w| QuarterRule {
                reference_w,
                margin_permille: (quarter.margin * 10.0).round() as u16,
                release_permille: (quarter.release * 10.0).round() as u16,
                from_s: i64::from(quarter.from_minute) * 60,
                window_minutes: u8::try_from(quarter.window.0.as_secs() / 60).unwrap_or(60),
            }),
            voltage: voltage.enabled.then(|| VoltageRule {
                low_mv: thousandths(voltage.low),
                high_mv: thousandths(voltage.high),
                margin_mv: thousandths(voltage.margin),
                patience: patience(voltage.readings, voltage.calm),
            }),
            current: current.enabled.then(|| CurrentRule {
                limit_ma: limit.map(thousandths),
                margin_ma: thousandths(current.margin),
                patience: patience(current.readings, current.calm),
            }),
            state: state.enabled.then(|| StateRule {
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

    pub(super) fn check_alerts(&self, findings: &mut Findings) {
        let alert = &self.alert;
        if !alert.enabled {
            findings.plan("there are no alerts.".into());
            return;
        }
        for (place, meter) in alert
            .meters
            .iter()
            .flatten()
            .map(|meter| ("`meters` in [alert]", meter))
            .chain(alert.meter.keys().map(|meter| ("[alert.meter]", meter)))
            .filter(|(_, meter)| !self.meter.contains_key(*meter))
        {
            findings.error(format!("{place}: there is no meter {meter}"));
        }
        for error in faults(alert) {
            findings.error(error);
        }
        self.plan_alerts(findings);
        let Some(webhook) = &alert.webhook else { return };
        match webhook.target() {
            Err(why) => findings.error(format!("[alert.webhook]: {why}")),
            Ok(target) => {
                findings.plan(format!("alerts are posted to {target}."));
                if !target.secure && webhook.token().is_named() {
                    findings.warning(
                        "[alert.webhook]: the token goes over the network unencrypted; https:// protects it".into(),
                    );
                }
                if !target.secure && webhook.ca_file.is_some() {
                    findings.error("[alert.webhook]: `ca-file` needs TLS: write https:// in `url`".into());
                }
            }
        }
        if let Err(problem) = webhook.token().fetch() {
            findings.error(format!("[alert.webhook]: the token: {problem}"));
        }
    }

    /// What will be said.
    fn plan_alerts(&self, findings: &mut Findings) {
        let alert = &self.alert;
        let meters: Vec<&str> =
            self.meter.keys().map(String::as_str).filter(|meter| self.alert_settings(meter).is_some()).collect();
        if meters.is_empty() {
            return;
        }
        let mut rules = Vec::new();
        if alert.quarter.enabled {
            for meter in &meters {
                if let Some(reference) = alert.reference_w(meter) {
                    rules.push(format!(
                        "a quarter-hour of {meter} about to exceed {} kW",
                        f64::from(reference) / 1000.0
                    ));
                }
            }
        }
        if alert.voltage.enabled {
            rules.push(format!("a voltage outside {} to {} V", alert.voltage.low, alert.voltage.high));
        }
        match alert.current.limit {
            Some(limit) if alert.current.enabled => rules.push(format!("a current above {limit} A")),
            None if alert.current.enabled => rules.push("a current above what the meter's fuse carries".into()),
            _ => {}
        }
        for (on, what) in [
            (alert.state.breaker, "a change of the breaker"),
            (alert.state.relays, "a change of a relay"),
            (alert.state.limiter, "a change of the limiter"),
        ] {
            if on && alert.state.enabled {
                rules.push(what.into());
            }
        }
        if alert.silence.enabled {
            rules.push(format!("no telegram for {}", alert.silence.after));
        }
        findings.plan(format!("alerts for {}: {}.", list(&meters), rules.join(", ")));
    }
}

/// Figures that cannot be meant.
fn faults(alert: &Alert) -> Vec<String> {
    let Alert { quarter, voltage, current, .. } = alert;
    let references = alert.meter.values().filter_map(|own| own.reference).chain(quarter.reference);
    let limits = alert.meter.values().filter_map(|own| own.limit).chain(current.limit);
    let mut wrong: Vec<&str> = Vec::new();
    if !references.into_iter().all(|reference| (0.1..=1000.0).contains(&reference)) {
        wrong.push("`reference` is kW, from 0.1 to 1000");
    }
    if !limits.into_iter().all(|limit| (0.1..=1000.0).contains(&limit)) {
        wrong.push("`limit` is A, from 0.1 to 1000");
    }
    if !(0.0..=100.0).contains(&quarter.margin) || !(0.0..=100.0).contains(&quarter.release) {
        wrong.push("`margin` and `release` in [alert.quarter] are percent, from 0 to 100");
    }
    if quarter.from_minute > 14 {
        wrong.push("`from-minute` in [alert.quarter] is a minute of the quarter-hour, from 0 to 14");
    }
    let window = quarter.window.0.as_secs();
    if !(60..=900).contains(&window) || !window.is_multiple_of(60) {
        wrong.push("`window` in [alert.quarter] is whole minutes, from \"1m\" to \"15m\"");
    }
    let volts = 0.0..=1000.0;
    if !(volts.contains(&voltage.low) && volts.contains(&voltage.high) && voltage.low < voltage.high) {
        wrong.push("`low` and `high` in [alert.voltage] are V, the first below the second");
    } else if !(0.0..(voltage.high - voltage.low) / 2.0).contains(&voltage.margin) {
        wrong.push("`margin` in [alert.voltage] is V, and less than half of what lies between `low` and `high`");
    }
    if !(0.0..=100.0).contains(&current.margin) {
        wrong.push("`margin` in [alert.current] is A, from 0 to 100");
    }
    wrong.into_iter().map(str::to_string).collect()
}

fn seconds(span: Span) -> i64 {
    i64::try_from(span.0.as_secs()).unwrap_or(i64::MAX >> 1)
}

const fn ten_seconds() -> Span {
    Span(Duration::from_secs(10))
}

const fn an_hour() -> Span {
    Span(Duration::from_hours(1))
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
        assert_eq!(settings.quarter, None, "nobody has said what is allowed");
        assert_eq!(settings.voltage, Some(VoltageRule::DEFAULT));
        assert_eq!(settings.current, Some(CurrentRule::DEFAULT));
        assert_eq!(settings.state, Some(StateRule::DEFAULT));
        assert_eq!(settings.silence, Some(SilenceRule::DEFAULT));
        assert_eq!(settings.again_s, None);
        let settings = config("[alert.quarter]\nreference = 3\n").alert_settings("home").unwrap();
        assert_eq!(settings.quarter, Some(QuarterRule::new(3000)));
    }

    #[test]
    fn each_meter_has_its_own_and_none_is_asked_for_none() {
        let text = "[alert]\nmeters = [\"home\"]\nagain-after = \"12h\"\n[alert.quarter]\nreference = 3\n\
                    [alert.meter.home]\nreference = 7\nlimit = 40\n";
        let settings = config(text).alert_settings("home").unwrap();
        assert_eq!(settings.quarter.unwrap().reference_w, 7000);
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
        for (more, words) in [
            ("[alert]\nmeters = [\"x\"]\n", "there is no meter x"),
            ("[alert.meter.x]\n", "there is no meter x"),
            ("[alert.quarter]\nreference = 3000\n", "`reference` is kW"),
            ("[alert.quarter]\nfrom-minute = 15\n", "`from-minute`"),
            ("[alert.quarter]\nwindow = \"90s\"\n", "`window` in [alert.quarter]"),
            ("[alert.voltage]\nlow = 260\n", "the first below the second"),
            ("[alert.voltage]\nmargin = 30\n", "less than half"),
            ("[alert.webhook]\nurl = \"example.org\"\n", "no web address"),
            ("[alert.webhook]\nurl = \"http://a:b@example.org\"\n", "token-file"),
            ("[alert.webhook]\nurl = \"http://example.org\"\nca-file = \"x\"\n", "needs TLS"),
            ("[alert.webhook]\nurl = \"https://example.org\"\ntoken-file = \"nowhere\"\n", "cannot be read"),
        ] {
            let errors = said(more, Grade::Error);
            assert!(errors.iter().any(|error| error.contains(words)), "{more}: {errors:#?}");
        }
    }

    #[test]
    fn where_a_webhook_is_without_its_secret() {
        let target = |url: &str| {
            let text = format!("url = \"{url}\"");
            toml::from_str::<Webhook>(&text).unwrap().target()
        };
        let at = target("https://ha.example.org/api/webhook/secret?x=1").unwrap();
        assert_eq!((at.to_string().as_str(), at.port), ("https://ha.example.org", 443));
        assert_eq!(at.path, "/api/webhook/secret?x=1");
        let at = target("http://[::1]:8123").unwrap();
        assert_eq!((at.host.as_str(), at.authority().as_str(), at.path.as_str()), ("::1", "[::1]:8123", "/"));
        for wrong in ["ftp://secret.org/", "http://", "/secret", "http://host:0/secret", "http://host:99999/secret"] {
            let why = target(wrong).unwrap_err();
            assert!(why.contains("no web address") && !why.contains("secret"), "{wrong}: {why}");
        }
    }
}
