//! Entity: one sensor, derived from a quantity's kind and unit or from what follows from quantities.

use core::fmt::{self, Display, Formatter, Write};

use smarty_p1::{Kind, MbusUnit, Medium, Quantity, Unit};

use super::{Discovery, VALVE_OPEN};
use crate::mbus::{External, externals};
use crate::name::Name;
use crate::native::{
    COST_SPANS, SPANS, Topic, contract_exceedance_key, cost_key, day_key, energy_keys, exceedance_key, month_key,
    names, share_keys, start_key,
};

/// Where the state comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Message {
    Live,
    Registers,
    Costs,
    SelfConsumption,
    Status,
    /// The device on this channel, counted from 0.
    Device(usize),
}

/// How the state is made from the message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As it is.
    Plain,
    /// The integer divided by a power of ten.
    Part(u32),
    /// UTC seconds as a time.
    Seconds,
    /// A valve: open or not.
    Valve,
    /// A sentence: Home Assistant takes 255 characters.
    Sentence,
}

/// One sensor.
#[derive(Clone, Copy)]
pub(super) struct Entity {
    /// Names it among the meter's entities: for ever.
    pub(super) key: Name,
    pub(super) class: Option<&'static str>,
    pub(super) state: Option<&'static str>,
    pub(super) unit: Option<&'static str>,
    pub(super) precision: Option<u8>,
    pub(super) diagnostic: bool,
    /// The name in the message.
    field: Name,
    message: Message,
    form: Form,
    /// The name in the message of the time since when it counts.
    since: Option<Name>,
}

/// What may fall as well: the only one that Home Assistant takes for money.
const TOTAL: Option<&str> = Some("total");
const MEASUREMENT: Option<&str> = Some("measurement");
const INCREASING: Option<&str> = Some("total_increasing");

impl Entity {
    /// Something without class, unit or statistics.
    fn bare(key: &str, field: Name, message: Message) -> Self {
        Self {
            key: Name::of(format_args!("{key}")),
            class: None,
            state: None,
            unit: None,
            precision: None,
            diagnostic: false,
            field,
            message,
            form: Form::Plain,
            since: None,
        }
    }

    /// A number of a unit, under the name of its message without the unit: `power_import` for `power_import_w`.
    fn number(field: &str, unit: Unit, kind: Kind) -> Self {
        let message = if kind == Kind::Instant { Message::Live } else { Message::Registers };
        let key = without_unit(field, unit);
        let name = Name::of(format_args!("{field}"));
        let base = Self { state: state_class(kind), diagnostic: kind == Kind::State, ..Self::bare(key, name, message) };
        let of =
            |class, unit, precision| Self { class: Some(class), unit: Some(unit), precision: Some(precision), ..base };
        let part = |entity: Self, divisor| Self { form: Form::Part(divisor), ..entity };
        let thousandth = |entity: Self| part(entity, 1000);
        match unit {
            Unit::WattHour => thousandth(of("energy", "kWh", 2)),
            // Home Assistant 2025.6 and later.
            Unit::VarHour => thousandth(of("reactive_energy", "kvarh", 2)),
            Unit::Watt => Self { diagnostic: false, ..of("power", "W", 0) },
            Unit::Var => of("reactive_power", "var", 0),
            Unit::VoltAmpere => of("apparent_power", "VA", 0),
            Unit::Millivolt => thousandth(of("voltage", "V", 1)),
            Unit::Milliampere => thousandth(of("current", "A", 2)),
            Unit::Millihertz => thousandth(of("frequency", "Hz", 2)),
            Unit::UtcSecond => Self { class: Some("timestamp"), form: Form::Seconds, ..base },
            Unit::Millimetre => thousandth(of("distance", "m", 2)),
            Unit::Millilitre => thousandth(of("volume_storage", "L", 0)),
            Unit::Millidegree => thousandth(of("temperature", "°C", 1)),
            Unit::Permille => part(of("humidity", "%", 1), 10),
            Unit::Pascal => part(of("atmospheric_pressure", "hPa", 1), 100),
            Unit::Second => Self { diagnostic: true, ..of("duration", "s", 0) },
            Unit::One | Unit::Milli => Self { diagnostic: kind != Kind::Instant, ..base },
        }
    }

    /// The entity of a quantity. `None`: it belongs to an M-Bus channel, whose entities are named by what it measures.
    fn of(quantity: Quantity) -> Option<Self> {
        let (name, unit, kind) = (quantity.name(), quantity.unit(), quantity.kind());
        match (unit, kind) {
            _ if name.starts_with("mbus") => None,
            // The only ratio among the quantities.
            (Unit::One, Kind::Instant) => Some(Self {
                key: Name::of(format_args!("{}", name.trim_end_matches("_permille"))),
                class: Some("power_factor"),
                precision: Some(3),
                form: Form::Part(1000),
                ..Self::number(name, unit, kind)
            }),
            _ => Some(Self::number(name, unit, kind)),
        }
    }

    /// An energy that counts from a border: today, this month, the quarter-hour.
    fn since_border(field: &str) -> Self {
        Self { state: INCREASING, ..Self::number(field, Unit::WattHour, Kind::Instant) }
    }

    /// What energy has cost since a day, month or year began.
    fn cost(span: &str) -> Self {
        Self {
            class: Some("monetary"),
            state: TOTAL,
            unit: Some("EUR"),
            precision: Some(2),
            form: Form::Part(1_000_000),
            since: Some(start_key(span)),
            ..Self::bare(Name::of(format_args!("cost_{span}")).as_str(), cost_key(span), Message::Costs)
        }
    }

    /// The register of a meter behind the meter.
    fn external(external: &External, field: Name, message: Message) -> Self {
        let (class, unit, precision) = match (external.unit, external.medium) {
            (MbusUnit::CubicMetre, Medium::Gas) => (Some("gas"), "m³", 3),
            (MbusUnit::CubicMetre, Medium::Water) => (Some("water"), "m³", 3),
            (MbusUnit::CubicMetre, _) => (None, "m³", 3),
            (MbusUnit::Gigajoule, _) => (Some("energy"), "GJ", 3),
            (MbusUnit::KilowattHour, _) => (Some("energy"), "kWh", 2),
        };
        let key = match message {
            Message::Live => Name::of(format_args!("gas_day")),
            // `volume_day_dm3`.
            Message::Device(_) => {
                Name::of(format_args!("{}_{}", external.stem, field.as_str().split('_').nth(1).unwrap_or_default()))
            }
            _ => external.stem,
        };
        Self {
            class,
            state: INCREASING,
            unit: Some(unit),
            precision: Some(precision),
            form: Form::Part(1000),
            ..Self::bare(key.as_str(), field, message)
        }
    }

    /// Where the state comes from.
    pub(super) fn topic<'a>(&self, discovery: &Discovery<'a>) -> Topic<'a> {
        let meter = discovery.device.meter;
        match self.message {
            Message::Device(channel) => Topic::Device(meter, discovery.devices[channel].unwrap_or_default()),
            Message::Live => Topic::Live(meter),
            Message::Registers => Topic::Registers(meter),
            Message::Costs => Topic::Costs(meter),
            Message::SelfConsumption => Topic::SelfConsumption(meter),
            Message::Status => Topic::Status(meter),
        }
    }

    /// How Home Assistant reads since when a total counts.
    pub(super) fn last_reset(&self) -> Option<impl Display> {
        self.since.map(|since| Name::of(format_args!("{{{{ value_json.{since} }}}}")))
    }

    /// What Home Assistant calls this kind of entity.
    pub(super) fn platform(&self) -> &'static str {
        super::platform(self.key.as_str())
    }

    pub(super) fn is_live(&self) -> bool {
        self.message == Message::Live
    }

    /// The name for people, behind the device's: `Power import L1`.
    pub(super) const fn label(&self) -> Label<'_> {
        Label(self)
    }

    /// How Home Assistant reads the state. A name that is not in the message makes the state unknown, not an error.
    pub(super) const fn template(&self) -> Template<'_> {
        Template(self)
    }
}

const fn state_class(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Register | Kind::Counter => INCREASING,
        Kind::Instant => MEASUREMENT,
        Kind::State => None,
    }
}

/// A name without its unit, as it is written in names: `m°C` is `mc`. Times keep their word, so that the peak and its time are two.
fn without_unit(name: &str, unit: Unit) -> &str {
    let Some((stem, last)) = name.rsplit_once('_') else { return name };
    let written = match unit {
        Unit::Millidegree => "mc",
        Unit::Permille => "permille",
        _ => unit.symbol(),
    };
    if !written.is_empty() && last.eq_ignore_ascii_case(written) { stem } else { name }
}

pub(super) struct Label<'a>(&'a Entity);

impl Display for Label<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, word) in self.0.key.as_str().split('_').enumerate() {
            let name = word.trim_end_matches(|last: char| last.is_ascii_digit());
            let number = &word[name.len()..];
            if index > 0 {
                f.write_char(' ')?;
            }
            match (name, number) {
                // A reference power: `3000w`.
                (power, "") if power.starts_with(|first: char| first.is_ascii_digit()) => {
                    write!(f, "{} W", power.trim_end_matches('w'))?;
                }
                // A phase or a tariff.
                ("l", _) => write!(f, "L{number}")?,
                ("t", _) => write!(f, "T{number}")?,
                _ => {
                    let mut letters = name.chars();
                    let first = letters.next().filter(|_| index == 0);
                    let rest = if first.is_some() { letters.as_str() } else { name };
                    first.map_or(Ok(()), |first| f.write_char(first.to_ascii_uppercase()))?;
                    let gap = if name.is_empty() || number.is_empty() { "" } else { " " };
                    write!(f, "{rest}{gap}{number}")?;
                }
            }
        }
        Ok(())
    }
}

pub(super) struct Template<'a>(&'a Entity);

impl Display for Template<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let field = &self.0.field;
        match self.0.form {
            Form::Plain => write!(f, "{{{{ value_json.{field}|default(none) }}}}"),
            Form::Part(divisor) => {
                write!(f, "{{{{ value_json.{field}/{divisor} if value_json.{field} is defined else none }}}}")
            }
            Form::Seconds => write!(
                f,
                "{{{{ value_json.{field}|timestamp_custom('%Y-%m-%dT%H:%M:%SZ',false) \
                 if value_json.{field} is defined else none }}}}"
            ),
            Form::Valve => write!(
                f,
                "{{{{ ('ON' if value_json.{field}==1 else 'OFF') if value_json.{field} is defined else none }}}}"
            ),
            Form::Sentence => write!(f, "{{{{ value_json.{field}|default('')|truncate(255,true,'...',0) }}}}"),
        }
    }
}

impl Discovery<'_> {
    /// Every entity of the meter, once.
    pub(super) fn entities(&self, visit: &mut dyn FnMut(&Entity) -> fmt::Result) -> fmt::Result {
        let sent = &self.sent;
        if sent.contains(Quantity::PowerImport) {
            visit(&Entity::number(names::POWER_NET, Unit::Watt, Kind::Instant))?;
        }
        for total in crate::native::TOTALS.into_iter().filter(|&total| !sent.contains(total) && sent.has_total(total)) {
            visit(&Entity::number(total.name(), total.unit(), total.kind()))?;
        }
        sent.iter().filter_map(Entity::of).try_for_each(|entity| visit(&entity))?;
        for external in externals(self.mbus).filter(|external| sent.contains(external.register())) {
            visit(&Entity::external(&external, external.register_key(), Message::Registers))?;
            if sent.contains(external.time()) {
                let key = external.time_key();
                visit(&Entity {
                    class: Some("timestamp"),
                    diagnostic: true,
                    ..Entity::bare(key.as_str(), key, Message::Registers)
                })?;
            }
            if sent.contains(external.valve()) {
                let key = Name::of(format_args!("{}_valve", external.stem));
                let field = Name::of(format_args!("{}", external.valve().name()));
                visit(&Entity { diagnostic: true, ..Entity::bare(key.as_str(), field, Message::Registers) })?;
            }
            if self.devices[external.channel].is_some() {
                self.of_device(&external, visit)?;
            }
        }
        self.derived(visit)?;
        if self.has_costs {
            COST_SPANS.iter().try_for_each(|span| visit(&Entity::cost(span)))?;
            if self.has_reference {
                let of_month = Entity::since_border(contract_exceedance_key("month").as_str());
                visit(&Entity { message: Message::Costs, ..of_month })?;
            }
        }
        if self.household {
            household(visit)?;
        }
        let status = |key, field, form| Entity {
            diagnostic: true,
            form,
            ..Entity::bare(key, Name::of(format_args!("{field}")), Message::Status)
        };
        visit(&status("status", "sentence", Form::Sentence))?;
        visit(&status("proof", "proof", Form::Plain))
    }

    /// What a device's own message has beyond its register.
    fn of_device(&self, external: &External, visit: &mut dyn FnMut(&Entity) -> fmt::Result) -> fmt::Result {
        let message = Message::Device(external.channel);
        // The day of the first gas meter is among the live values.
        if external.stem.as_str() != "gas" {
            visit(&Entity::external(external, day_key(external.unit), message))?;
        }
        visit(&Entity::external(external, month_key(external.unit), message))?;
        if self.sent.contains(external.valve()) {
            let key = Name::of(format_args!("{}{VALVE_OPEN}", external.stem));
            let valve = Entity::bare(key.as_str(), Name::of(format_args!("valve")), message);
            visit(&Entity { class: Some("opening"), form: Form::Valve, ..valve })?;
        }
        Ok(())
    }

    /// What follows from what is sent.
    fn derived(&self, visit: &mut dyn FnMut(&Entity) -> fmt::Result) -> fmt::Result {
        let sent = &self.sent;
        if sent.has_total(Quantity::EnergyImport) {
            visit(&Entity::since_border(names::DAY_IMPORT))?;
            visit(&Entity::since_border(names::QUARTER_IMPORT))?;
            visit(&Entity::number(names::QUARTER_DEMAND, Unit::Watt, Kind::Instant))?;
            visit(&Entity::number(names::QUARTER_PROJECTED, Unit::Watt, Kind::Instant))?;
            if self.has_reference {
                visit(&Entity::number(names::QUARTER_ALLOWED, Unit::Watt, Kind::Instant))?;
            }
            for &reference_w in self.references_w {
                for span in ["quarter", "day", "month"] {
                    visit(&Entity::since_border(exceedance_key(reference_w, span).as_str()))?;
                }
            }
        }
        if sent.has_total(Quantity::EnergyExport) {
            visit(&Entity::since_border(names::DAY_EXPORT))?;
            visit(&Entity::since_border(names::QUARTER_EXPORT))?;
        }
        match crate::mbus::gas(self.mbus) {
            Some(gas) if sent.contains(gas.register()) => {
                visit(&Entity::external(&gas, Name::of(format_args!("{}", names::DAY_GAS)), Message::Live))
            }
            _ => Ok(()),
        }
    }
}

/// What the house makes and uses.
fn household(visit: &mut dyn FnMut(&Entity) -> fmt::Result) -> fmt::Result {
    for power in [names::POWER_PRODUCED, names::POWER_SELF_CONSUMED, names::POWER_USED] {
        visit(&Entity::number(power, Unit::Watt, Kind::Instant))?;
    }
    for span in SPANS {
        for key in energy_keys(span) {
            visit(&Entity { message: Message::SelfConsumption, ..Entity::since_border(key.as_str()) })?;
        }
        for field in share_keys(span) {
            let key = field.as_str().trim_end_matches("_bp");
            visit(&Entity {
                state: MEASUREMENT,
                unit: Some("%"),
                precision: Some(0),
                form: Form::Part(100),
                ..Entity::bare(key, field, Message::SelfConsumption)
            })?;
        }
    }
    Ok(())
}
