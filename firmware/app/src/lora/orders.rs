//! Orders: what a network tells the board about its radio (MAC commands, LoRaWAN 1.0.4, section 5), and what is answered. Read by hand:
//! `lorawan`'s reader of them ends in a panic where the last is cut short by a byte.

use heapless::Vec;

use super::eu868::{Channel, DataRate, POWER_STEPS, may_hear};
use super::terms::{CHANNELS, Terms, hz};

/// Bytes of answers that fit before a record.
pub(super) const ROOM: usize = 15;

const LINK_CHECK: u8 = 0x02;
const LINK_ADR: u8 = 0x03;
const DUTY_CYCLE: u8 = 0x04;
const RX_PARAM_SETUP: u8 = 0x05;
const DEV_STATUS: u8 = 0x06;
const NEW_CHANNEL: u8 = 0x07;
const RX_TIMING_SETUP: u8 = 0x08;
const TX_PARAM_SETUP: u8 = 0x09;
const DL_CHANNEL: u8 = 0x0A;
const DEVICE_TIME: u8 = 0x0D;

/// "Keep what you have."
const AS_IT_IS: u8 = 15;

/// What is owed to the network in the next frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answers {
    /// Said once.
    once: Vec<u8, ROOM>,
    /// Said until the network is heard again: it changes where we listen, and must know.
    standing: Vec<u8, ROOM>,
}

impl Answers {
    /// What goes into the next frame; `asks`: with the question whether we are heard.
    pub(super) fn take(&mut self, asks: bool) -> Vec<u8, ROOM> {
        let mut bytes = self.standing.clone();
        for answer in commands(&self.once) {
            put(&mut bytes, answer);
        }
        self.once.clear();
        if asks {
            put(&mut bytes, &[LINK_CHECK]);
        }
        bytes
    }
}

/// What is said once, one after the other.
fn commands(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    core::iter::from_fn(move || {
        let length = match *bytes.first()? {
            DUTY_CYCLE => 1,
            DEV_STATUS => 3,
            _ => 2,
        };
        let (answer, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        Some(answer)
    })
}

/// All of it or nothing: what does not fit is not said, and the network asks again.
fn put(bytes: &mut Vec<u8, ROOM>, answer: &[u8]) {
    let _ = bytes.extend_from_slice(answer);
}

/// Does what can be done and notes the answers. `rate`: ours, which stays; `snr_db`: how well the frame was heard. What comes behind
/// an unknown order is not read: nobody knows where it begins.
pub(super) fn obey(mut orders: &[u8], terms: &mut Terms, answers: &mut Answers, rate: DataRate, snr_db: i8) {
    answers.standing.clear();
    loop {
        let (once, standing) = (&mut answers.once, &mut answers.standing);
        orders = match *orders {
            [LINK_ADR, power, low, high, more, ref rest @ ..] => {
                let status = adapt(terms, rate, power, u16::from_le_bytes([low, high]), more);
                put(once, &[LINK_ADR, status]);
                rest
            }
            [DUTY_CYCLE, exponent, ref rest @ ..] => {
                terms.duty = exponent & 15;
                put(once, &[DUTY_CYCLE]);
                rest
            }
            [RX_PARAM_SETUP, windows, a, b, c, ref rest @ ..] => {
                put(standing, &[RX_PARAM_SETUP, listen(terms, rate, windows, hz([a, b, c]))]);
                rest
            }
            [DEV_STATUS, ref rest @ ..] => {
                // Fed from outside; how well it was heard in six bits.
                put(once, &[DEV_STATUS, 0, snr_db.clamp(-32, 31) as u8 & 0x3F]);
                rest
            }
            [NEW_CHANNEL, index, a, b, c, range, ref rest @ ..] => {
                put(once, &[NEW_CHANNEL, channel(terms, rate, index, hz([a, b, c]), range)]);
                rest
            }
            [RX_TIMING_SETUP, delay, ref rest @ ..] => {
                terms.delay_s = (delay & 15).max(1);
                put(standing, &[RX_TIMING_SETUP]);
                rest
            }
            [DL_CHANNEL, index, _, _, _, ref rest @ ..] => {
                // We listen where we have sent, and nowhere else: the channel may be there, its answers elsewhere cannot.
                let there = terms.channels.get(usize::from(index)).is_some_and(Option::is_some);
                put(standing, &[DL_CHANNEL, u8::from(there) << 1]);
                rest
            }
            // An answer to us; what is only for other regions; the time, for which we do not ask.
            [LINK_CHECK, _, _, ref rest @ ..]
            | [TX_PARAM_SETUP, _, ref rest @ ..]
            | [DEVICE_TIME, _, _, _, _, _, ref rest @ ..] => rest,
            _ => return,
        };
    }
}

/// Which channels, and how loud. Our data rate is a setting, so another one is refused; all of it holds, or nothing.
fn adapt(terms: &mut Terms, rate: DataRate, rate_and_power: u8, mask: u16, more: u8) -> u8 {
    let all = (0..CHANNELS).filter(|&index| terms.channels[index].is_some()).fold(0, |bits, index| bits | 1 << index);
    let used = match more >> 4 & 7 {
        0 => Some(mask).filter(|mask| mask & !all == 0),
        6 => Some(all),
        _ => None,
    };
    let used = used.filter(|&used| terms.open(used).any(|channel| channel.takes(rate)));
    let (wanted, power) = (rate_and_power >> 4, rate_and_power & 15);
    let rate_is_right = wanted == AS_IT_IS || wanted == rate.number();
    let power_is_right = power == AS_IT_IS || power <= POWER_STEPS;
    if let Some(used) = used.filter(|_| rate_is_right && power_is_right) {
        terms.used = used;
        terms.power = if power == AS_IT_IS { terms.power } else { power };
    }
    u8::from(used.is_some()) | u8::from(rate_is_right) << 1 | u8::from(power_is_right) << 2
}

/// Where the windows listen. A data rate that the radio's driver sets wrong is refused in both.
fn listen(terms: &mut Terms, rate: DataRate, windows: u8, second_hz: u32) -> u8 {
    let slower = windows >> 4 & 7;
    let second = DataRate::new(windows & 15).filter(|second| second.is_set_right());
    let (hz_is_right, slower_is_right) = (may_hear(second_hz), slower <= 5 && rate.slower(slower).is_set_right());
    if let Some(second) = second.filter(|_| hz_is_right && slower_is_right) {
        (terms.first_slower, terms.second_rate, terms.second_hz) = (slower, second, second_hz);
    }
    u8::from(hz_is_right) | u8::from(second.is_some()) << 1 | u8::from(slower_is_right) << 2
}

/// Another channel; 0 Hz takes it away. Refused where none would be left for our data rate, with the bit of the data rates.
fn channel(terms: &mut Terms, rate: DataRate, index: u8, hz: u32, range: u8) -> u8 {
    let rates =
        DataRate::new(range & 15).zip(DataRate::new(range >> 4)).filter(|(slowest, fastest)| slowest <= fastest);
    let channel = rates.map(|(slowest, fastest)| Channel { hz, slowest, fastest });
    let mut tried = terms.clone();
    let hz_is_right = tried.set_channel(usize::from(index), (hz > 0).then(|| channel.unwrap_or(Channel::new(hz))));
    let rates_are_right = (channel.is_some() || hz == 0) && tried.channel(rate, 0).is_some();
    if hz_is_right && rates_are_right {
        *terms = tried;
    }
    u8::from(hz_is_right) | u8::from(rates_are_right) << 1
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use proptest::prelude::*;

    const RATE: DataRate = DataRate::FASTEST;

    fn obeyed(orders: &[u8]) -> (Terms, Answers) {
        let (mut terms, mut answers) = (Terms::new(), Answers::default());
        obey(orders, &mut terms, &mut answers, RATE, -7);
        (terms, answers)
    }

    #[test]
    fn orders_are_obeyed_and_answered() {
        // What The Things Stack says after a join: status, windows, delay, a channel at 867.1 MHz.
        let (terms, mut answers) =
            obeyed(&[0x06, 0x05, 0x03, 0xD2, 0xAD, 0x84, 0x08, 0x05, 0x07, 0x03, 0x18, 0x4F, 0x84, 0x50]);
        assert_eq!((terms.delay_s, terms.second_rate.number(), terms.second_hz), (5, 3, 869_525_000));
        assert_eq!(terms.channels[3], Some(Channel::new(867_100_000)));
        assert_eq!(terms.used, 0b1111);
        assert_eq!(answers.take(true), [0x05, 0x07, 0x08, 0x06, 0, 0x39, 0x07, 0x03, 0x02]);
        // What changes where we listen is said again until the network is heard.
        assert_eq!(answers.take(false), [0x05, 0x07, 0x08]);
        obey(&[], &mut Terms::new(), &mut answers, RATE, 0);
        assert!(answers.take(false).is_empty());
    }

    #[test]
    fn what_cannot_be_is_refused_whole() {
        let unchanged = Terms::new();
        let refused: [(&[u8], &[u8]); 9] = [
            (&[0x03, 0x30, 0x07, 0, 0], &[0x03, 0b101]),            // Another data rate.
            (&[0x03, 0x50, 0x08, 0, 0], &[0x03, 0b110]),            // A channel that is not there.
            (&[0x03, 0x50, 0, 0, 0], &[0x03, 0b110]),               // No channel at all.
            (&[0x03, 0x58, 0x07, 0, 0], &[0x03, 0b011]),            // A power that is not there.
            (&[0x05, 0x0F, 0xD2, 0xAD, 0x84], &[0x05, 0b101]),      // A data rate that is not there.
            (&[0x05, 0x01, 0xD2, 0xAD, 0x84], &[0x05, 0b101]),      // Data rate 1 in the second window.
            (&[0x05, 0x43, 0xD2, 0xAD, 0x84], &[0x05, 0b011]),      // And in the first: four slower than 5.
            (&[0x07, 0x03, 0xC8, 0xA4, 0x84, 0x50], &[0x07, 0b10]), // 869.3 MHz: 0.1 % only.
            (&[0x07, 0x01, 0x18, 0x4F, 0x84, 0x50], &[0x07, 0b10]), // Every network's own channel.
        ];
        for (orders, answer) in refused {
            let (terms, mut answers) = obeyed(orders);
            assert_eq!(terms, unchanged, "{orders:x?}");
            assert_eq!(answers.take(false), answer, "{orders:x?}");
        }
        let (terms, _) = obeyed(&[0x03, 0xF3, 0b010, 0, 0]);
        assert_eq!((terms.used, terms.power_dbm()), (0b010, 8));
        let (terms, mut answers) =
            obeyed(&[0x04, 0x0A, 0x0A, 1, 0x18, 0x4F, 0x84, 0x09, 0x05, 0x0D, 1, 2, 3, 4, 5, 0x02, 9, 1]);
        assert_eq!((terms.duty, answers.take(false)), (10, Vec::from_slice(&[0x0A, 0b10, 0x04]).unwrap_or_default()));
    }

    /// Only channel 3, and then it is taken away, or is for other data rates than ours.
    #[test]
    fn the_last_channel_stays() {
        let only = [0x07, 0x03, 0x18, 0x4F, 0x84, 0x50, 0x03, 0xFF, 0x08, 0, 0];
        for last in [[0x07, 0x03, 0, 0, 0, 0x50], [0x07, 0x03, 0x18, 0x4F, 0x84, 0x40]] {
            let (terms, mut answers) = obeyed(&[only.as_slice(), &last].concat());
            assert_eq!(terms.channel(RATE, 0), Some(Channel::new(867_100_000)), "{last:x?}");
            assert_eq!(answers.take(false), [0x07, 0b11, 0x03, 0b111, 0x07, 0b01], "{last:x?}");
        }
    }

    /// An order as networks build it: channels that come and go, masks that leave few, windows, limits.
    fn valid() -> impl Strategy<Value = Vec<u8, 6>> {
        let hundreds_of_hz = prop_oneof![Just(0_u32), Just(8_671_000), Just(8_673_000), Just(8_693_000)];
        let range = prop_oneof![Just(0x50), Just(0x40), Just(0x55), Just(0x05), any::<u8>()];
        let mask = prop_oneof![Just(0x08), Just(0x10), Just(0x18), any::<u8>()];
        let power = prop_oneof![Just(0xFF), Just(0x50), any::<u8>()];
        prop_oneof![
            (2_u8..5, hundreds_of_hz, range).prop_map(|(index, hundreds, range)| {
                let [a, b, c, _] = hundreds.to_le_bytes();
                Vec::from_iter([NEW_CHANNEL, index, a, b, c, range])
            }),
            (power, mask).prop_map(|(power, mask)| Vec::from_iter([LINK_ADR, power, mask, 0, 0])),
            any::<u8>().prop_map(|windows| Vec::from_iter([RX_PARAM_SETUP, windows, 0xD2, 0xAD, 0x84])),
            (0_u8..16).prop_map(|exponent| Vec::from_iter([DUTY_CYCLE, exponent])),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        /// Whatever a network says, there is a channel left to answer in, the bands are kept, and what is stored is what was agreed.
        #[test]
        fn no_orders_are_too_strange(orders in proptest::collection::vec(valid(), 0..12), noise: [u8; 6], random: u32) {
            let (terms, mut answers) = obeyed(&orders.into_iter().flatten().chain(noise).collect::<std::vec::Vec<_>>());
            let channel = terms.channel(RATE, random);
            prop_assert!(channel.is_some_and(|channel| super::super::eu868::may_send(channel.hz)));
            prop_assert!(!terms.is_deaf(RATE));
            prop_assert!((1..=15).contains(&terms.delay_s));
            prop_assert_eq!(Terms::from_bytes(&terms.to_bytes()), Some(terms));
            prop_assert!(answers.take(true).len() <= ROOM);
        }
    }
}
