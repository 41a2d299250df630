//! Role: what a meter measures in a house.

use serde::Deserialize;

/// What a meter measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// What the house takes from the grid and feeds into it.
    #[default]
    Grid,
    /// What a solar system or another generator makes.
    Production,
    /// What a part of the house uses: a heat pump, a car, a flat.
    Consumption,
    /// Gas.
    Gas,
    /// Water.
    Water,
    /// Heat.
    Heat,
    /// A section `[group.NAME]`: sums of other meters.
    #[serde(skip)]
    Group,
    /// A section `[sensor.NAME]`: no meter at all.
    #[serde(skip)]
    Sensor,
}

impl Role {
    /// Whether it is heard on a source. The others follow from something else.
    pub const fn is_heard(self) -> bool {
        !matches!(self, Self::Group | Self::Sensor)
    }

    /// Whether it has the contract of all where it has none of its own: it takes energy that has to be paid.
    pub const fn has_common_tariff(self) -> bool {
        matches!(self, Self::Grid | Self::Consumption | Self::Group)
    }

    /// The word that the API uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Production => "production",
            Self::Consumption => "consumption",
            Self::Gas => "gas",
            Self::Water => "water",
            Self::Heat => "heat",
            Self::Group => "group",
            Self::Sensor => "sensor",
        }
    }

    /// Whether it counts something: a sensor has no quarter-hours, costs and reports.
    pub const fn counts(self) -> bool {
        !matches!(self, Self::Sensor)
    }
}
