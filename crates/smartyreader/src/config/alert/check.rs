//! Check: what will be said to whom, and what is wrong with it, in sentences.

use super::Alert;
use crate::config::check::{Findings, list};
use crate::config::{Config, mailbox};

impl Config {
    pub(in crate::config) fn check_alerts(&self, findings: &mut Findings) {
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
        self.check_alert_mail(findings);
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

    fn check_alert_mail(&self, findings: &mut Findings) {
        let Some(mail) = &self.alert.mail else { return };
        for address in &mail.to {
            if let Err(why) = mailbox(address) {
                findings.error(format!("[alert.mail]: `to`: {why}"));
            }
        }
        match &self.mail {
            _ if mail.to.is_empty() => findings.error("[alert.mail]: `to` names nobody".into()),
            None => findings.error("[alert.mail] needs a section [mail] with the mail server".into()),
            Some(server) => {
                findings.plan(format!("alerts are mailed to {} through {}.", mail.to.join(", "), server.server));
            }
        }
    }

    /// What will be said.
    fn plan_alerts(&self, findings: &mut Findings) {
        let alert = &self.alert;
        let meters: Vec<&str> = self.counting().filter(|meter| self.alert_settings(meter).is_some()).collect();
        if meters.is_empty() {
            return;
        }
        let mut rules = Vec::new();
        if alert.quarter.enabled {
            for meter in &meters {
                let about = format!("a quarter-hour of {meter} about to exceed");
                if let Some(reference) = alert.reference_w(meter) {
                    rules.push(format!("{about} {} kW", f64::from(reference) / 1000.0));
                } else if self.tariff_of(meter).is_some_and(|tariff| !tariff.reference_power.0.is_empty()) {
                    rules.push(format!("{about} the reference power of its contract"));
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
