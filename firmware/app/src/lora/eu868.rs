//! EU868: channels, data rates and powers of the European plan (LoRaWAN Regional Parameters, EU863-870), as far as a meter needs them.

use lora_modulation::{Bandwidth, BaseBandModulationParams, CodingRate, SpreadingFactor};

/// Symbols before a frame.
pub(super) const PREAMBLE: u8 = 8;
/// The channels that every network hears.
pub(super) const DEFAULT_HZ: [u32; 3] = [868_100_000, 868_300_000, 868_500_000];
/// Where the second window listens unless the network says otherwise, at data rate 0.
pub(super) const SECOND_HZ: u32 = 869_525_000;
/// The fastest data rate here; those above are not LoRa with 125 kHz.
const FASTEST: u8 = 5;
/// The most that is allowed where we send: 25 mW (ETSI EN 300 220-2), dBm.
pub(super) const MOST_DBM: i32 = 14;
/// How far the network can turn it down, in steps of 2 dB.
pub(super) const POWER_STEPS: u8 = 7;

/// 0, the slowest and farthest, to 5. A record fits all of them: 51 bytes fit the slowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DataRate(u8);

impl DataRate {
    /// The slowest.
    pub const SLOWEST: Self = Self(0);
    /// The fastest.
    pub const FASTEST: Self = Self(FASTEST);

    /// By its number.
    pub const fn new(number: u8) -> Option<Self> {
        if number <= FASTEST { Some(Self(number)) } else { None }
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// So many steps slower.
    #[must_use]
    pub const fn slower(self, steps: u8) -> Self {
        Self(self.0.saturating_sub(steps))
    }

    /// Whether `lora-phy` sets it right: the symbols of 1 have 16.4 ms, and it takes them for short.
    pub(super) const fn is_set_right(self) -> bool {
        self.0 != 1
    }

    /// As the radio is set.
    pub const fn modulation(self) -> BaseBandModulationParams {
        let factor = match self.0 {
            0 => SpreadingFactor::_12,
            1 => SpreadingFactor::_11,
            2 => SpreadingFactor::_10,
            3 => SpreadingFactor::_9,
            4 => SpreadingFactor::_8,
            _ => SpreadingFactor::_7,
        };
        BaseBandModulationParams::new(factor, Bandwidth::_125KHz, CodingRate::_4_5)
    }

    /// How long a frame of so many bytes is on air, µs; of at most 255.
    pub const fn airtime_us(self, length: usize) -> u32 {
        let length = if length > 255 { 255 } else { length as u8 };
        self.modulation().time_on_air_us(Some(PREAMBLE), true, length)
    }
}

/// A channel, and what may be sent in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Hz.
    pub hz: u32,
    /// The slowest data rate.
    pub slowest: DataRate,
    /// The fastest.
    pub fastest: DataRate,
}

impl Channel {
    /// For all data rates.
    pub const fn new(hz: u32) -> Self {
        Self { hz, slowest: DataRate::SLOWEST, fastest: DataRate::FASTEST }
    }

    /// Whether this may be sent in it.
    pub fn takes(&self, rate: DataRate) -> bool {
        (self.slowest..=self.fastest).contains(&rate)
    }
}

/// Whether 1 % is allowed there, with 125 kHz: 865 to 868.6 MHz. What a network offers elsewhere is refused.
pub(super) fn may_send(hz: u32) -> bool {
    (865_062_500..=868_537_500).contains(&hz)
}

/// Whether a network may answer there.
pub(super) fn may_hear(hz: u32) -> bool {
    (863_000_000..=870_000_000).contains(&hz)
}

/// Power for the network's number of it.
pub(super) fn power_dbm(number: u8) -> i32 {
    MOST_DBM - 2 * i32::from(number.min(POWER_STEPS))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    use super::*;

    #[test]
    fn a_records_time_on_air() {
        // 24 bytes, 13 around them; by The Things Network's calculator.
        let times = [1_974_272, 1_069_056, 493_568, 267_264, 143_872, 82_176];
        for (number, time) in (0..).zip(times) {
            assert_eq!(DataRate::new(number).unwrap().airtime_us(37), time, "data rate {number}");
        }
        assert_eq!(DataRate::new(6), None);
        assert!(DataRate::SLOWEST.airtime_us(52) < 5_000_000, "can be saved up");
    }
}
