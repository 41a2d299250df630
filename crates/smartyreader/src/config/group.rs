//! Group: which meters are summed, as a meter of its own.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::check::Findings;
use super::load::nearest;
use super::{Config, ConfigError, Meter, Role, Tariff};

/// A sum of meters.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Group {
    /// What people call it.
    pub title: Option<String>,
    /// The meters that are summed.
    #[serde(default)]
    pub add: Vec<String>,
    /// The meters that are taken off.
    #[serde(default)]
    pub subtract: Vec<String>,
    /// What the connection can carry at most, in kW. Left out: what its members' can.
    pub max_power: Option<u32>,
    /// What energy costs here.
    pub tariff: Option<Tariff>,
}

/// As the store believes of a meter where the settings say nothing.
const MAX_POWER: u32 = 100;

impl Group {
    /// The members with their signs, 1 or -1.
    pub fn members(&self) -> impl Iterator<Item = (&str, i64)> {
        let added = self.add.iter().map(|name| (name.as_str(), 1));
        added.chain(self.subtract.iter().map(|name| (name.as_str(), -1)))
    }
}

impl Config {
    /// Each group becomes a meter, so that all that goes by meters serves it.
    pub(super) fn found_groups(&mut self, place: &str) -> Result<(), ConfigError> {
        if let Some(name) = self.group.keys().find(|name| self.meter.contains_key(*name)) {
            return Err(ConfigError::Wrong {
                place: place.to_string(),
                sentence: format!("{name} is the name of a meter and of a group; give one of them another"),
            });
        }
        for name in self.group.keys() {
            let group = &self.group[name];
            let powers = self.summed(name).into_iter().filter_map(|member| self.meter.get(member));
            let sum = powers.map(|meter| meter.max_power.unwrap_or(MAX_POWER)).fold(0, u32::saturating_add);
            let meter = Meter {
                title: group.title.clone(),
                role: Role::Group,
                max_power: group.max_power.or(Some(sum.max(MAX_POWER))),
                tariff: group.tariff.clone(),
                ..Meter::default()
            };
            self.meter.insert(name.clone(), meter);
        }
        Ok(())
    }

    /// The groups, those that are members of others before these.
    pub fn groups_inside_out(&self) -> Vec<&str> {
        let mut order = Vec::new();
        for name in self.group.keys() {
            self.visit(name, &mut BTreeSet::new(), &mut order);
        }
        order
    }

    fn visit<'a>(&'a self, name: &'a str, above: &mut BTreeSet<&'a str>, order: &mut Vec<&'a str>) {
        let Some(group) = self.group.get(name) else { return };
        if order.contains(&name) || !above.insert(name) {
            return;
        }
        for (member, _) in group.members() {
            let Some((member, _)) = self.group.get_key_value(member) else { continue };
            self.visit(member, above, order);
        }
        above.remove(name);
        order.push(name);
    }

    /// The meters that a group sums, through the groups in it.
    pub fn summed(&self, group: &str) -> BTreeSet<&str> {
        let (mut meters, mut groups, mut next) = (BTreeSet::new(), BTreeSet::new(), vec![group]);
        while let Some(name) = next.pop() {
            match self.group.get_key_value(name) {
                Some((name, group)) if groups.insert(name) => next.extend(group.members().map(|(member, _)| member)),
                Some(_) => {}
                None => meters.extend(self.meter.get_key_value(name).map(|(name, _)| name.as_str())),
            }
        }
        meters
    }

    /// Everything that there is to say about a group.
    pub(super) fn check_group(&self, name: &str, findings: &mut Findings) {
        let group = &self.group[name];
        let mut sentence = String::new();
        for (index, (member, sign)) in group.members().enumerate() {
            let sign = if sign < 0 { " - " } else { " + " };
            sentence = sentence + if index == 0 && sign == " + " { "" } else { sign } + member;
        }
        findings.plan(format!("group {name} is {sentence}."));
        if group.add.is_empty() {
            findings.error(format!("group {name} sums nothing; `add` names its meters"));
        }
        let mut seen = BTreeSet::new();
        for (member, _) in group.members() {
            if member == name {
                findings.error(format!("group {name} is in itself; take it out of `add` and `subtract`"));
            } else if !seen.insert(member) {
                findings.error(format!("group {name} has {member} twice; each meter is in a sum once"));
            } else if let Some(meter) = self.meter.get(member) {
                if matches!(meter.role, Role::Gas | Role::Water | Role::Heat | Role::Sensor) {
                    findings.error(format!(
                        "group {name}: {member} is of role {}, and a group sums electricity",
                        meter.role.name()
                    ));
                }
            } else {
                let known: Vec<&str> = self.meter.keys().map(String::as_str).filter(|known| *known != name).collect();
                let hint = nearest(member, &known).map_or_else(
                    || format!("there is {}", if known.is_empty() { "none".into() } else { known.join(", ") }),
                    |nearest| format!("did you mean \"{nearest}\"?"),
                );
                findings.error(format!("group {name}: there is no meter {member}; {hint}"));
            }
        }
        if self.is_within(name, name) && !seen.contains(name) {
            findings.error(format!("group {name} is in itself by way of {}; take one of them out", list(&seen)));
        }
    }

    /// Whether a name is among the members of a group, or of the groups in it.
    fn is_within(&self, name: &str, group: &str) -> bool {
        let (mut seen, mut next) = (BTreeSet::new(), vec![group]);
        while let Some(group) = next.pop().and_then(|group| self.group.get(group)) {
            for (member, _) in group.members() {
                if member == name {
                    return true;
                }
                if self.group.contains_key(member) && seen.insert(member) {
                    next.push(member);
                }
            }
        }
        false
    }
}

fn list(names: &BTreeSet<&str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(", ")
}
