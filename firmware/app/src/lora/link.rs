//! Link: what is next: to join, to send, or to wait. It looks at no clock and has no radio.

use super::duty::Duty;
use super::eu868::DataRate;
use super::identity::REQUEST;
use super::session::LONGEST;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
/// A record goes out within this after its quarter-hour, ms, at a time of its own: the meters of a street all close it at once.
const SPREAD_MS: u32 = 60_000;
/// One frame in so many asks the network whether it hears us: once a day.
const ASK_EVERY: u32 = 96;
/// After so many questions without an answer a new session is tried for, two hours later. The old one goes on meanwhile.
const DOUBT: u8 = 8;

/// What is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask to be let in.
    Join,
    /// Send the record that waits.
    Send,
    /// Nothing before this time, ms, but for a record. `None`: nothing but for a record.
    Wait(Option<u64>),
}

/// See the module. All times are ms of one clock.
#[derive(Clone, Debug)]
pub struct Link {
    rate: DataRate,
    /// Whether there is a session.
    joined: bool,
    /// When joins began, by which they become rarer.
    trying_since: u64,
    /// `None`: never again.
    join_at: Option<u64>,
    /// When the record that waits may go out.
    due_at: Option<u64>,
    /// Questions since the network was last heard.
    unanswered: u8,
}

impl Link {
    /// At the start. `random`: boards that start with the power of a whole street do not join all at once.
    pub fn new(now: u64, rate: DataRate, joined: bool, random: u32) -> Self {
        let join_at = Some(now + u64::from(random % SPREAD_MS));
        Self { rate, joined, trying_since: now, join_at, due_at: None, unanswered: 0 }
    }

    /// A quarter-hour is over. One that still waits is not sent any more: the registers in the newer one tell the sum.
    pub fn closed(&mut self, now: u64, random: u32) {
        self.due_at = Some(now + u64::from(random % SPREAD_MS));
    }

    /// What is next.
    pub fn next(&self, now: u64, duty: &Duty) -> Step {
        let free = |bytes| duty.free_at_ms(now, self.rate.airtime_us(bytes));
        let send_at = self.due_at.filter(|_| self.joined).map(|due| due.max(free(LONGEST)));
        let join_at = self.join_at.filter(|_| self.wants_to_join()).map(|join| join.max(free(REQUEST)));
        if send_at.is_some_and(|at| at <= now) {
            Step::Send
        } else if join_at.is_some_and(|at| at <= now) {
            Step::Join
        } else {
            Step::Wait(send_at.into_iter().chain(join_at).min())
        }
    }

    /// Whether the frame with this number is to ask the network if it hears us.
    pub fn asks(&self, frame: u32) -> bool {
        self.unanswered > 0 || frame.is_multiple_of(ASK_EVERY)
    }

    /// The record is out, or cannot be.
    pub fn sent(&mut self, now: u64, asked: bool, heard: bool) {
        self.due_at = None;
        if heard {
            self.heard();
        } else if asked {
            self.unanswered = self.unanswered.saturating_add(1);
            if self.unanswered == DOUBT {
                (self.trying_since, self.join_at) = (now, Some(now));
            }
        }
    }

    /// A join had no answer. The next is made later and later, so that joins are less than 1 % of the first hour, 0.1 % of the ten hours behind it
    /// and 0.01 % of the time from then on (LoRaWAN 1.0.4, section 7), and that their numbers last for years. Answers when, ms.
    pub fn joined_in_vain(&mut self, now: u64, random: u32) -> u64 {
        let (parts, least) = match now.saturating_sub(self.trying_since) / HOUR_MS {
            0 => (110, MINUTE_MS),
            1..=10 => (1100, 10 * MINUTE_MS),
            _ => (11_000, HOUR_MS),
        };
        let pause = u64::from(self.rate.airtime_us(REQUEST)) * parts / 1000;
        let at = now + pause.max(least) + u64::from(random % SPREAD_MS) / 4;
        self.join_at = Some(at);
        at
    }

    /// There is a new session.
    pub fn let_in(&mut self, now: u64) {
        (self.joined, self.trying_since) = (true, now);
        self.heard();
    }

    /// The session is over: its numbers have come to their end.
    pub fn over(&mut self, now: u64) {
        self.joined = false;
        (self.trying_since, self.join_at) = (now, Some(now));
    }

    /// There is no number left for a join.
    pub fn never_join(&mut self) {
        self.join_at = None;
    }

    fn heard(&mut self) {
        self.unanswered = 0;
    }

    fn wants_to_join(&self) -> bool {
        !self.joined || self.unanswered >= DOUBT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: DataRate = DataRate::SLOWEST;

    #[test]
    fn joins_become_rarer() {
        let mut link = Link::new(0, RATE, false, 0);
        let (mut now, mut on_air) = (0, [0_u64; 3]);
        let airtime = u64::from(RATE.airtime_us(REQUEST));
        while now < 11 * HOUR_MS + 10 * 24 * HOUR_MS {
            on_air[match now / HOUR_MS {
                0 => 0,
                1..=10 => 1,
                _ => 2,
            }] += airtime;
            now = link.joined_in_vain(now, 0);
        }
        // Of the specification: 36 s, 36 s, 8.7 s a day.
        assert!(on_air[0] <= 36_000_000 && on_air[1] <= 36_000_000 && on_air[2] <= 10 * 8_700_000, "{on_air:?}");
        assert!(on_air.iter().all(|part| *part > 10_000_000), "{on_air:?}");
    }

    #[test]
    fn a_record_waits_for_a_session_and_the_duty() {
        let mut duty = Duty::new(0);
        let mut link = Link::new(0, RATE, false, 10_000);
        let earned = duty.free_at_ms(0, RATE.airtime_us(REQUEST));
        assert_eq!(link.next(0, &duty), Step::Wait(Some(earned)));
        link.closed(1000, 500);
        assert_eq!(link.next(earned, &duty), Step::Join);
        duty.spend(earned, RATE.airtime_us(REQUEST));
        link.let_in(earned);
        let Step::Wait(Some(at)) = link.next(earned, &duty) else { panic!("sends at once") };
        assert_eq!(link.next(at, &duty), Step::Send);
        link.sent(at, true, true);
        assert_eq!(link.next(at, &duty), Step::Wait(None));
    }

    #[test]
    fn silence_leads_to_a_new_session_and_a_word_back() {
        let duty = Duty::new(0);
        let mut link = Link::new(0, RATE, true, 0);
        assert!(link.asks(0) && !link.asks(1) && link.asks(96));
        // Nobody asked, nobody need answer.
        for _ in 0..50 {
            link.sent(0, false, false);
        }
        let later = 10 * HOUR_MS;
        for question in 0..DOUBT {
            assert_eq!(link.next(later, &duty), Step::Wait(None), "{question}");
            assert_eq!(link.asks(7), question > 0);
            link.sent(later, true, false);
        }
        assert_eq!(link.next(later, &duty), Step::Join);
        link.closed(later, 0);
        assert_eq!(link.next(later, &duty), Step::Send, "the old session goes on");
        link.sent(later, true, true);
        assert_eq!(link.next(later, &duty), Step::Wait(None));
        assert!(!link.asks(7));
        link.over(later);
        link.never_join();
        assert_eq!(link.next(later, &duty), Step::Wait(None));
    }
}
