//! `MeterReading`: one telegram of one meter, as it is stored.

use std::sync::Arc;

use smarty_p1::{Quantity, Values};

/// Whose clock gave a reading its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The telegram's own time.
    Meter,
    /// It had none, or an invalid one: the time of reception.
    Host,
}

impl Clock {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Meter => 0,
            Self::Host => 1,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Self {
        if code & 1 == 0 { Self::Meter } else { Self::Host }
    }
}

/// What vouches for a telegram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The tag: its origin is proven.
    Tag,
    /// Sealed, opened without proof of origin.
    Crc,
    /// Not sealed.
    Plain,
    /// No telegram at all: as another program published it, and nothing shows that it did so rightly.
    Published,
    /// Nothing: it was taken from a file of another program.
    Imported,
    /// No telegram: a sensor on this machine measured it.
    Measured,
}

impl Proof {
    /// The word that the API uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Crc => "crc",
            Self::Plain => "plain",
            Self::Published => "published",
            Self::Imported => "imported",
            Self::Measured => "measured",
        }
    }

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Tag => 0,
            Self::Crc => 1,
            Self::Plain => 2,
            Self::Published => 3,
            Self::Imported => 4,
            Self::Measured => 5,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Tag,
            1 => Self::Crc,
            2 => Self::Plain,
            4 => Self::Imported,
            5 => Self::Measured,
            // A code of a later version, too: it is called no better than the least.
            _ => Self::Published,
        }
    }
}

/// One telegram on its way into the store.
#[derive(Clone, Debug, PartialEq)]
pub struct MeterReading {
    /// The metering point's name.
    pub meter: Arc<str>,
    /// The equipment that spoke.
    pub segment: Arc<str>,
    /// UTC seconds.
    pub time: i64,
    /// Whose time that is.
    pub clock: Clock,
    /// When it arrived, UTC seconds of the host.
    pub received: i64,
    /// Tells telegrams of the same second apart: the frame counter, or a checksum of a plain telegram
    /// or of published or measured values.
    pub ident: u64,
    /// What vouches for it.
    pub proof: Proof,
    /// Its numbers.
    pub values: Values,
    /// Its texts and unknown objects, by OBIS code or name. Stored when they change.
    pub texts: Vec<(String, String)>,
}

/// One telegram as the store has it. Texts are apart: [`Reader::texts`](crate::Reader::texts).
#[derive(Clone, Debug, PartialEq)]
pub struct StoredReading {
    /// The equipment that spoke.
    pub segment: Arc<str>,
    /// UTC seconds.
    pub time: i64,
    /// Whose time that is.
    pub clock: Clock,
    /// When it arrived.
    pub received: i64,
    /// See [`MeterReading::ident`].
    pub ident: u64,
    /// What vouches for it.
    pub proof: Proof,
    /// Its numbers, without those in quarantine.
    pub values: Values,
}

/// A value that was not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Of its entry in the quarantine.
    pub id: i64,
    /// Which register.
    pub quantity: Quantity,
    /// The entry is new: say it once.
    pub first: bool,
}

/// What became of an appended reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is stored and durable.
    New,
    /// It was there already; nothing has changed.
    Duplicate,
    /// It is stored and durable, without the values that were not believed.
    Quarantined(Vec<Quarantined>),
    /// It waits for the next flush and is not acknowledged yet.
    Pending,
    /// Its time cannot be: outside of the years 1970 to 9000, or more than 31 days after its reception. It is not
    /// stored; under the time of reception, with [`Clock::Host`], it can be.
    Refused,
}

/// What became of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchCount {
    /// Stored now.
    pub new: u64,
    /// There already.
    pub duplicates: u64,
    /// Stored, but with values that were not believed (also counted as new).
    pub quarantined: u64,
    /// With a time that cannot be stored.
    pub refused: u64,
}

impl BatchCount {
    pub(crate) fn count(&mut self, appended: &Appended) {
        match appended {
            Appended::New => self.new += 1,
            Appended::Quarantined(_) => {
                self.new += 1;
                self.quarantined += 1;
            }
            Appended::Duplicate => self.duplicates += 1,
            Appended::Refused => self.refused += 1,
            Appended::Pending => {}
        }
    }
}
