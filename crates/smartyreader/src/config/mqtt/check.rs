//! Check: what will be published where, and what is wrong with it, in sentences.

use super::{Discovery, FormatName, Mqtt, Qos};
use crate::config::Config;
use crate::config::check::{Findings, list};

/// Everything that there is to say about one broker.
pub(in crate::config) fn check(config: &Config, name: &str, broker: &Mqtt, findings: &mut Findings) {
    let address = match broker.address() {
        Ok(address) => address,
        Err(why) => {
            findings.error(format!("mqtt {name}: {why}"));
            return;
        }
    };
    let meters: Vec<&str> = broker.meters_of(config).collect();
    let security = match (address.secure, &broker.psk_identity) {
        (false, _) => "without encryption",
        (true, Some(_)) => "with TLS and a pre-shared key",
        (true, None) if broker.certificate_file.is_some() => "with TLS and a certificate of our own",
        (true, None) => "with TLS",
    };
    if broker.publishes() {
        findings.plan(format!("mqtt {name} publishes {} to {address} {security}.", list(&meters)));
    } else {
        findings.plan(format!("mqtt {name} is at {address} {security}; nothing is published there."));
    }
    secrets(name, broker, address.secure, findings);
    topic(name, "topic", &broker.topic, findings);
    for meter in broker.meters.iter().flatten().filter(|meter| !config.meter.contains_key(*meter)) {
        findings.error(format!("mqtt {name}: there is no meter {meter}"));
    }
    if broker.publish_native && broker.home_assistant.enabled {
        let form = match broker.home_assistant.form {
            Discovery::Device => "one message for each meter",
            Discovery::Components => "one message for each entity",
        };
        let prefix = &broker.home_assistant.prefix;
        findings.plan(format!("mqtt {name} announces the meters to Home Assistant below {prefix}/, {form}."));
        topic(name, "home-assistant.prefix", prefix, findings);
    }
    if broker.quarter_hour.qos == Some(Qos::AtMostOnce) {
        findings.warning(format!(
            "mqtt {name}: with qos = 0 nobody says whether a quarter-hour has arrived; what is on its way when the line breaks is lost"
        ));
    }
    if broker.live.retain == Some(true) {
        findings.warning(format!(
            "mqtt {name}: live values that are retained look like new ones when the meter has long been silent"
        ));
    }
    for format in &broker.format {
        let which = format.name.name();
        let (is_tank, meter) = (format.name == FormatName::FiveTank, broker.meter_of(format, config));
        if meter.is_some_and(|meter| config.meter[meter].role.counts() == is_tank) {
            let what = if is_tank { "a sensor's" } else { "a meter's" };
            findings.error(format!("mqtt {name}: format {which} is {what}; `meter` names another kind"));
        }
        let fits: Vec<&str> =
            meters.iter().copied().filter(|meter| config.meter[*meter].role.counts() != is_tank).collect();
        match &format.meter {
            Some(meter) if !meters.contains(&meter.as_str()) => {
                findings.error(format!("mqtt {name}: format {which} is for meter {meter}, which does not go there"));
            }
            None if meter.is_none() => {
                findings.error(format!("mqtt {name}: format {which} needs `meter`: one of {}", fits.join(", ")));
            }
            _ => findings.plan(format!(
                "mqtt {name} publishes {which} on {}{} every {}.",
                format.topic(),
                if format.has_one_topic() { "" } else { "/…" },
                crate::config::Span(format.every())
            )),
        }
        topic(name, "format.topic", format.topic(), findings);
        if let Some(birth) = &format.birth_topic {
            topic(name, "format.birth-topic", birth, findings);
        }
        if format.discovery && !matches!(format.name, FormatName::Values | FormatName::Cooked) {
            findings.warning(format!("mqtt {name}: `discovery` means nothing for format {which}"));
        }
    }
    let mut topics: Vec<&str> =
        broker.format.iter().filter(|format| format.has_one_topic()).map(super::ForeignFormat::topic).collect();
    topics.sort_unstable();
    for twice in topics.windows(2).filter(|pair| pair[0] == pair[1]) {
        findings.error(format!("mqtt {name}: two formats publish on {}; give one another `topic`", twice[0]));
    }
}

/// Whatever a password or key could be wrong by, without repeating it.
fn secrets(name: &str, broker: &Mqtt, secure: bool, findings: &mut Findings) {
    if let Err(problem) = broker.password().fetch() {
        findings.error(format!("mqtt {name}: the password: {problem}"));
    }
    if broker.user.is_none() && broker.password().is_named() {
        findings.error(format!("mqtt {name}: a password needs `user`"));
    }
    if let Err(problem) = broker.psk().fetch() {
        findings.error(format!("mqtt {name}: the pre-shared key: {problem}"));
    }
    if broker.psk_identity.is_some() != broker.psk().is_named() {
        findings.error(format!("mqtt {name}: `psk-identity` and the key (`psk-file`) belong together"));
    }
    if broker.certificate_file.is_some() != broker.certificate_key_file.is_some() {
        findings.error(format!("mqtt {name}: `certificate-file` and `certificate-key-file` belong together"));
    }
    if !secure && (broker.psk_identity.is_some() || broker.ca_file.is_some() || broker.certificate_file.is_some()) {
        findings.error(format!("mqtt {name}: keys and certificates need TLS: write mqtts:// or wss:// in `broker`"));
    }
    if !secure && broker.user.is_some() {
        findings
            .warning(format!("mqtt {name}: user and password go over the network unencrypted; mqtts:// protects them"));
    }
}

fn topic(name: &str, setting: &str, topic: &str, findings: &mut Findings) {
    if topic.is_empty() || topic.contains(['+', '#', '\0']) || topic.ends_with('/') {
        findings.error(format!(
            "mqtt {name}: `{setting}` is a topic to publish on: not empty, without + and #, and without a slash at its end"
        ));
    }
}
