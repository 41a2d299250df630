//! Check: says in sentences what a configuration will do, and what is wrong with it.

use std::collections::BTreeMap;

use super::{
    Config, Flush, Format, Meter, Preset, Role, Source, SourceKind, Target, device, mail, mqtt, place, report, tariff,
};
use crate::topic;

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// What will be done.
    Plan,
    /// Works, but perhaps not as meant.
    Warning,
    /// Cannot work.
    Error,
}

/// One sentence about a configuration.
#[derive(Clone, Debug)]
pub struct Finding {
    /// How serious it is.
    pub grade: Grade,
    /// About the key of one meter: said on the page, and no reason to leave the other meters unread.
    pub about_a_key: bool,
    /// For people.
    pub sentence: String,
}

impl Source {
    /// Bits a second, from the setting or the preset.
    pub fn effective_baud(&self) -> u32 {
        self.baud.unwrap_or(if self.preset == Preset::Dsmr2 { 9600 } else { 115_200 })
    }

    /// The line format, from the setting or the preset.
    pub fn effective_format(&self) -> Format {
        self.format.unwrap_or(if self.preset == Preset::Dsmr2 { Format::SevenEven } else { Format::EightNone })
    }
}

impl Config {
    /// Everything that there is to say, plans first.
    pub fn check(&self) -> Vec<Finding> {
        let mut findings = Findings(Vec::new());
        for (name, source) in &self.source {
            self.check_source(name, source, &mut findings);
        }
        for name in self.meter.keys() {
            self.check_meter(name, &mut findings);
        }
        if self.meter.is_empty() {
            findings.error("no meter is configured; add a section such as [meter.home]".into());
        }
        for name in self.sensor.keys() {
            self.check_sensor(name, &mut findings);
        }
        if self.source.is_empty() && self.meter.values().any(|meter| meter.role.is_heard()) {
            findings.error("no source is configured; add a section such as [source.cable]".into());
        }
        if let Some(error) = self.calculated.error() {
            findings.error(error);
        }
        for (name, broker) in &self.mqtt {
            mqtt::check(self, name, broker, &mut findings);
        }
        device::check(self, &mut findings);
        report::check(self, &mut findings);
        mail::check(self, &mut findings);
        tariff::check(self, &mut findings);
        self.check_alerts(&mut findings);
        self.check_store(&mut findings);
        self.check_web(&mut findings);
        self.check_telegram_servers(&mut findings);
        self.check_day_files(&mut findings);
        self.check_log(&mut findings);
        findings.0.sort_by_key(|finding| finding.grade);
        findings.0
    }

    /// Only what has to be put right.
    pub fn errors(&self) -> Vec<String> {
        let errors = self.check().into_iter().filter(|finding| finding.grade == Grade::Error);
        errors.map(|finding| finding.sentence).collect()
    }

    /// Only the errors that make running pointless.
    pub fn obstacles(&self) -> Vec<String> {
        let errors = self.check().into_iter().filter(|finding| finding.grade == Grade::Error && !finding.about_a_key);
        errors.map(|finding| finding.sentence).collect()
    }

    fn check_source(&self, name: &str, source: &Source, findings: &mut Findings) {
        let meters: Vec<&str> = self.meters_on(name).map(|(meter, _)| meter).collect();
        let what = match source.kind {
            SourceKind::Serial => {
                let format = match source.effective_format() {
                    Format::EightNone => "8N1",
                    Format::SevenEven => "7E1",
                };
                format!("reads the serial port {} at {} {format}", source.target(), source.effective_baud())
            }
            SourceKind::Tcp => format!("reads from {} over TCP", source.target()),
            SourceKind::File => format!("replays the file {} once", source.target()),
            SourceKind::Stdin => "reads standard input until it ends".into(),
            SourceKind::Mqtt => format!("listens to {}", source.target()),
            SourceKind::Http => format!("asks {} every {}", source.target(), source.every()),
        };
        findings.plan(format!("source {name} {what}, for {}.", list(&meters)));
        let needs = match source.kind {
            SourceKind::Serial if source.device.is_none() => Some("device"),
            SourceKind::Tcp if source.address.is_none() => Some("address"),
            SourceKind::File if source.path.is_none() => Some("path"),
            SourceKind::Mqtt if source.broker.is_none() => Some("broker"),
            SourceKind::Mqtt if source.topics.is_empty() => Some("topics"),
            SourceKind::Http if source.url.is_none() => Some("url"),
            _ => None,
        };
        if let Some(needs) = needs {
            findings.error(format!("source {name} has kind = \"{}\" and needs `{needs}`", source.kind.name()));
        }
        for (setting, given, fits) in [
            ("device", source.device.is_some(), source.kind == SourceKind::Serial),
            ("baud", source.baud.is_some(), source.kind == SourceKind::Serial),
            ("format", source.format.is_some(), source.kind == SourceKind::Serial),
            ("address", source.address.is_some(), source.kind == SourceKind::Tcp),
            ("path", source.path.is_some(), source.kind == SourceKind::File),
            ("broker", source.broker.is_some(), source.kind == SourceKind::Mqtt),
            ("topics", !source.topics.is_empty(), source.kind == SourceKind::Mqtt),
            ("url", source.url.is_some(), source.kind == SourceKind::Http),
            ("every", source.every.is_some(), source.kind == SourceKind::Http),
            ("token-…", source.token().is_named(), source.kind == SourceKind::Http),
            ("ca-file", source.ca_file.is_some(), source.kind == SourceKind::Http),
        ] {
            if given && !fits {
                findings
                    .warning(format!("source {name}: `{setting}` means nothing for kind = \"{}\"", source.kind.name()));
            }
        }
        if let Some(broker) = source.broker.as_ref().filter(|broker| !self.mqtt.contains_key(*broker)) {
            findings
                .error(format!("source {name} listens to broker {broker}, and there is no section [mqtt.{broker}]"));
        }
        if let Some(address) = source.address.as_ref().filter(|_| source.kind == SourceKind::Tcp)
            && let Err(why) = place::check("address", address, "192.168.1.5:2001")
        {
            findings.error(format!("source {name}: {why}"));
        }
        if source.kind == SourceKind::Http {
            check_http(name, source, findings);
        }
        if source.accepts_without_crc() {
            findings.warning(format!(
                "source {name} accepts telegrams without a checksum: a damaged one cannot be told from a good one."
            ));
        }
        if meters.is_empty() {
            findings.warning(format!("no meter is heard on source {name}: its telegrams are counted and dropped."));
        }
        if source.kind == SourceKind::Http {
            for (meter, _) in self.meters_on(name).filter(|(_, meter)| meter.number.is_empty()) {
                findings.error(format!(
                    "meter {meter} is to be heard on source {name}, which has numbers and no telegrams; say which with [[meter.{meter}.number]]"
                ));
            }
        }
        if meters.len() > 1 {
            for (meter, settings) in self.meters_on(name) {
                let apart = settings.has_key() || settings.topic.is_some() && !sends_bytes(source.kind);
                if settings.equipment.is_empty() && !apart && settings.number.is_empty() {
                    findings.error(format!(
                        "meter {meter} shares source {name} with others and needs `equipment`, its identifier, to be told apart"
                    ));
                }
            }
        }
    }

    fn check_meter(&self, name: &str, findings: &mut Findings) {
        let meter = &self.meter[name];
        let whose = if meter.role == Role::Sensor { "sensor" } else { "meter" };
        if !is_slug(name) {
            findings.error(format!(
                "the {whose}'s name \"{name}\" stands in paths and topics: use small letters, digits and \"-\", and `title` for people"
            ));
        }
        if self.group.contains_key(name) {
            return self.check_group(name, findings);
        }
        self.check_numbers(name, &format!("{whose} {name}"), findings);
        if !meter.role.is_heard() {
            return;
        }
        if !meter.number.is_empty() {
            for (setting, given) in
                [("topic", meter.topic.is_some()), ("equipment", meter.equipment.len() > 1), ("key-…", meter.has_key())]
            {
                if given {
                    findings.warning(format!("meter {name}: `{setting}` means nothing beside `number`"));
                }
            }
            return;
        }
        self.check_topic(name, meter, findings);
        self.check_production(name, meter, findings);
        match &meter.source {
            None if self.source.len() > 1 => {
                findings.error(format!("meter {name} needs `source`: one of {}", names(&self.source)));
            }
            Some(source) if !self.source.contains_key(source) => {
                findings.error(format!("meter {name} is to be heard on source {source}, which is not configured"));
            }
            _ => {}
        }
        match meter.keys() {
            Err(problem) => findings.key(format!("meter {name}: {problem}")),
            Ok(None) => findings.plan(format!("meter {name} sends plain telegrams; the checksum is proven.")),
            Ok(Some(_)) if meter.authentication_key.as_deref() == Some("none") => findings.warning(format!(
                "meter {name}: frames are opened without proof of origin (authentication-key = \"none\"); only the checksum inside is proven."
            )),
            Ok(Some(_)) => findings.plan(format!("meter {name} sends sealed frames; tag and checksum are proven.")),
        }
    }

    fn check_topic(&self, name: &str, meter: &Meter, findings: &mut Findings) {
        let Some(topic) = &meter.topic else { return };
        if let Some(fault) = topic::fault(topic) {
            findings.error(format!("meter {name}: `topic` {fault}; write it like \"lamsmarty\" or \"cellar/+\""));
        }
        let only = if self.source.len() == 1 { self.source.iter().next() } else { None };
        let source = meter.source.as_ref().map_or(only, |name| self.source.get_key_value(name));
        let Some((source_name, source)) = source else { return };
        if sends_bytes(source.kind) {
            findings.warning(format!(
                "meter {name}: `topic` means nothing on source {source_name} with kind = \"{}\"",
                source.kind.name()
            ));
        }
        let twin = self.meters_on(source_name).find(|(other, settings)| {
            // Each pair once.
            *other > name
                && settings.topic.as_ref() == Some(topic)
                && (settings.equipment.is_empty() || meter.equipment.is_empty())
        });
        if let Some((twin, _)) = twin {
            findings.error(format!(
                "meters {name} and {twin} have the same topic \"{topic}\" and need `equipment`, their identifiers, to be told apart"
            ));
        }
    }

    fn check_store(&self, findings: &mut Findings) {
        let path = self.store.path.display();
        let flush = match self.store.flush {
            Flush::Telegram => "each telegram is on disk before it counts as stored".to_string(),
            Flush::Every(span) => {
                format!("telegrams are written together every {span}, and a power cut loses what is not written")
            }
        };
        let keep = self
            .store
            .retention
            .map_or("for ever".to_string(), |span| format!("for {span}; quarter-hours, days and months for ever"));
        findings.plan(format!("telegrams are kept in {path} {keep}; {flush}."));
        if self.store.retention.is_some_and(|span| span.0.as_secs() < 86_400) {
            findings.error("`retention` is a day or more; quarter-hours need the telegrams of their day".into());
        }
        if let Some(folder) = self.store.path.parent()
            && !folder.as_os_str().is_empty()
            && !folder.is_dir()
        {
            findings.warning(format!("the folder {} does not exist yet; it will be made.", folder.display()));
        }
    }

    fn check_web(&self, findings: &mut Findings) {
        let web = &self.web;
        if !web.enabled {
            findings.plan("there is no page.".into());
            return;
        }
        let access = if web.asks_for_password() { "with a password" } else { "without a password" };
        findings.plan(format!("the page is at http://{}/ {access}.", web.listen));
        if !web.listen.ip().is_loopback() && !web.asks_for_password() && web.auth != Some(super::Auth::None) {
            findings.error(format!(
                "the page would be open to everybody who reaches {}: set `password-hash` (made by `smartyreader password`), or say auth = \"none\"",
                web.listen
            ));
        }
        if web.auth == Some(super::Auth::Password) && web.password_hash.is_none() {
            findings.error("auth = \"password\" needs `password-hash`, made by `smartyreader password`".into());
        }
        if let Some(hash) = &web.password_hash
            && argon2::password_hash::phc::PasswordHash::new(hash).is_err()
        {
            findings.error("`password-hash` is no hash; `smartyreader password` makes one".into());
        }
    }

    fn check_log(&self, findings: &mut Findings) {
        let Some(udp) = &self.log.udp else { return };
        match place::check("udp", udp, "192.168.1.5:6666") {
            Ok(()) => findings.plan(format!("each line of the log goes to {udp} over UDP, too.")),
            Err(why) => findings.error(format!("[log]: {why}")),
        }
    }
}

/// Sentences, as they are found.
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn plan(&mut self, sentence: String) {
        self.add(Grade::Plan, sentence);
    }

    pub(super) fn warning(&mut self, sentence: String) {
        self.add(Grade::Warning, sentence);
    }

    pub(super) fn error(&mut self, sentence: String) {
        self.add(Grade::Error, sentence);
    }

    /// An error about the key of one meter.
    fn key(&mut self, sentence: String) {
        self.0.push(Finding { grade: Grade::Error, about_a_key: true, sentence });
    }

    fn add(&mut self, grade: Grade, sentence: String) {
        self.0.push(Finding { grade, about_a_key: false, sentence });
    }
}

fn check_http(name: &str, source: &Source, findings: &mut Findings) {
    let Some(url) = &source.url else { return };
    match url.parse::<Target>() {
        Err(why) => findings.error(format!("source {name}: {why}")),
        Ok(target) if !target.secure && source.token().is_named() => findings
            .warning(format!("source {name}: the token goes over the network unencrypted; https:// protects it")),
        Ok(target) if !target.secure && source.ca_file.is_some() => {
            findings.error(format!("source {name}: `ca-file` needs TLS: write https:// in `url`"));
        }
        Ok(_) => {}
    }
    if let Err(problem) = source.token().fetch() {
        findings.error(format!("source {name}: the token: {problem}"));
    }
    if source.every().0.as_secs() > 3600 {
        findings.error(format!("source {name}: `every` is an hour or less"));
    }
}

/// One stream of bytes, without topics.
const fn sends_bytes(kind: SourceKind) -> bool {
    matches!(kind, SourceKind::Serial | SourceKind::Tcp | SourceKind::File | SourceKind::Stdin)
}

/// Small letters, digits and `-`: the same in a URL, a topic and a file name.
pub fn is_slug(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|character| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-')
}

pub(super) fn list(meters: &[&str]) -> String {
    match meters {
        [] => "no meter".into(),
        [one] => format!("meter {one}"),
        many => format!("meters {}", many.join(", ")),
    }
}

pub(super) fn names<T>(map: &BTreeMap<String, T>) -> String {
    map.keys().cloned().collect::<Vec<_>>().join(", ")
}
