//! Production: which meters measure what is made in a house, and where that flows.

use super::check::Findings;
use super::load::nearest;
use super::{Config, Direction, Meter, Role};

impl Meter {
    /// The register of a production meter that counts what is made.
    pub fn counted(&self) -> Direction {
        self.counts.unwrap_or(Direction::Export)
    }
}

impl Config {
    /// The meters that make what flows behind this one, by name.
    pub fn productions_of<'a>(&'a self, grid: &'a str) -> impl Iterator<Item = (&'a str, &'a Meter)> {
        let of = move |meter: &Meter| match &meter.of {
            Some(of) => of == grid,
            None => self.only_grid() == Some(grid),
        };
        let makes = move |(_, meter): &(&String, &Meter)| meter.role == Role::Production && of(meter);
        self.meter.iter().filter(makes).map(|(name, meter)| (name.as_str(), meter))
    }

    fn grids(&self) -> impl Iterator<Item = &str> {
        self.meter.iter().filter(|(_, meter)| meter.role == Role::Grid).map(|(name, _)| name.as_str())
    }

    fn only_grid(&self) -> Option<&str> {
        let mut grids = self.grids();
        grids.next().filter(|_| grids.next().is_none())
    }

    /// Everything that there is to say about what a meter makes.
    pub(super) fn check_production(&self, name: &str, meter: &Meter, findings: &mut Findings) {
        if meter.role != Role::Production {
            for (setting, given) in [("of", meter.of.is_some()), ("counts", meter.counts.is_some())] {
                if given {
                    findings.warning(format!("meter {name}: `{setting}` is for meters with role = \"production\""));
                }
            }
            return;
        }
        let grids: Vec<&str> = self.grids().collect();
        let of = match &meter.of {
            Some(of) => match self.meter.get(of).map(|grid| grid.role) {
                Some(Role::Grid | Role::Group) => of.as_str(),
                Some(role) => {
                    return findings.error(format!(
                        "meter {name}: `of` names the meter at the grid, and {of} is of role {}",
                        role.name()
                    ));
                }
                None => {
                    let hint = nearest(of, &grids).map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
                    return findings
                        .error(format!("meter {name}: `of` names meter {of}, which is not configured{hint}"));
                }
            },
            None => match grids[..] {
                [only] => only,
                [] => {
                    return findings.warning(format!(
                        "meter {name} makes energy, and there is no meter at the grid: what is used at home is not known."
                    ));
                }
                _ => {
                    return findings.error(format!(
                        "meter {name} needs `of`: the meter at the grid behind which it is, one of {}",
                        grids.join(", ")
                    ));
                }
            },
        };
        findings.plan(format!(
            "what meter {name} makes ({}) is used at home as far as meter {of} does not export it.",
            meter.counted().name()
        ));
    }
}
