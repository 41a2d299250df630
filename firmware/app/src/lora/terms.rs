//! Terms: what network and board have agreed: channels, windows, power.

use super::eu868::{Channel, DEFAULT_HZ, DataRate, SECOND_HZ, may_hear, may_send, power_dbm};

/// Channels that a network can name.
pub(super) const CHANNELS: usize = 16;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub(super) channels: [Option<Channel>; CHANNELS],
    /// A bit for each that is to be used.
    pub(super) used: u16,
    /// From the end of a frame to the first window, s; the second is a second later.
    pub(super) delay_s: u8,
    /// The first window is so many data rates slower than what was sent.
    pub(super) first_slower: u8,
    pub(super) second_hz: u32,
    pub(super) second_rate: DataRate,
    /// The network's number of the power.
    pub(super) power: u8,
    /// At most one part in two to the power of this on air.
    pub(super) duty: u8,
}

impl Terms {
    /// Bytes of [`Terms::to_bytes`].
    pub(super) const BYTES: usize = CHANNELS * 4 + 10;

    /// Before a network has said anything.
    pub const fn new() -> Self {
        let mut channels = [None; CHANNELS];
        let mut index = 0;
        while index < DEFAULT_HZ.len() {
            channels[index] = Some(Channel::new(DEFAULT_HZ[index]));
            index += 1;
        }
        Self {
            channels,
            used: 0b111,
            delay_s: 1,
            first_slower: 0,
            second_hz: SECOND_HZ,
            second_rate: DataRate::SLOWEST,
            power: 0,
            duty: 0,
        }
    }

    /// A channel for this data rate, any of those that there are. `None`: the network has left none.
    pub fn channel(&self, rate: DataRate, random: u32) -> Option<Channel> {
        let usable = || self.open(self.used).filter(|channel| channel.takes(rate));
        let count = usable().count().max(1);
        usable().nth(random as usize % count)
    }

    /// The channels of these bits.
    pub(super) fn open(&self, bits: u16) -> impl Iterator<Item = Channel> + '_ {
        self.channels
            .iter()
            .enumerate()
            .filter(move |(index, _)| bits >> index & 1 == 1)
            .filter_map(|(_, channel)| *channel)
    }

    /// Whether a window listens at a data rate that is set wrong, where ours is `rate`: the network's answers in it are not heard.
    pub(super) fn is_deaf(&self, rate: DataRate) -> bool {
        !(self.second_rate.is_set_right() && rate.slower(self.first_slower).is_set_right())
    }

    /// With how much we send.
    pub fn power_dbm(&self) -> i32 {
        power_dbm(self.power)
    }

    /// Adds or changes a channel, or takes it away, and whether that was right. Those that every network hears stay as they are.
    pub(super) fn set_channel(&mut self, index: usize, channel: Option<Channel>) -> bool {
        let right = (DEFAULT_HZ.len()..CHANNELS).contains(&index) && channel.is_none_or(|channel| may_send(channel.hz));
        if right {
            self.channels[index] = channel;
            let bit = 1 << index;
            self.used = if channel.is_some() { self.used | bit } else { self.used & !bit };
        }
        right
    }

    /// As stored: each channel in units of 100 Hz with its data rates, then the rest.
    pub(super) fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (channels, rest) = bytes.split_at_mut(CHANNELS * 4);
        for (place, channel) in channels.chunks_exact_mut(4).zip(&self.channels) {
            if let Some(channel) = channel {
                place[..3].copy_from_slice(&hundreds(channel.hz));
                place[3] = channel.fastest.number() << 4 | channel.slowest.number();
            }
        }
        rest[..2].copy_from_slice(&self.used.to_le_bytes());
        rest[2] = self.delay_s;
        rest[3] = self.first_slower;
        rest[4..7].copy_from_slice(&hundreds(self.second_hz));
        rest[7] = self.second_rate.number();
        rest[8] = self.power;
        rest[9] = self.duty;
        bytes
    }

    /// From [`Terms::to_bytes`]. `None`: they are none.
    pub(super) fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let (channels, rest) = bytes.split_at(CHANNELS * 4);
        let mut terms = Self::new();
        for (place, channel) in terms.channels.iter_mut().zip(channels.chunks_exact(4)) {
            let hz = hz([channel[0], channel[1], channel[2]]);
            *place = match hz {
                0 => None,
                hz => Some(Channel {
                    hz,
                    slowest: DataRate::new(channel[3] & 15)?,
                    fastest: DataRate::new(channel[3] >> 4)?,
                }),
            };
        }
        terms.used = u16::from_le_bytes([rest[0], rest[1]]);
        (terms.delay_s, terms.first_slower) = (rest[2], rest[3]);
        terms.second_hz = hz([rest[4], rest[5], rest[6]]);
        terms.second_rate = DataRate::new(rest[7])?;
        (terms.power, terms.duty) = (rest[8], rest[9]);
        may_hear(terms.second_hz).then_some(terms)
    }
}

impl Default for Terms {
    fn default() -> Self {
        Self::new()
    }
}

/// A frequency as frames have it: three bytes, the lowest first, in units of 100 Hz.
pub(super) fn hz(bytes: [u8; 3]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) * 100
}

fn hundreds(hz: u32) -> [u8; 3] {
    let [low, middle, high, _] = (hz / 100).to_le_bytes();
    [low, middle, high]
}
