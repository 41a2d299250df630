//! Timer: the general-purpose timer of a timer group, an up-counter with one alarm.

/// One of both groups' timers.
#[derive(Default)]
pub struct Timer {
    config: u32,
    base: u64,
    since: u64,
    latch: u64,
    load: u64,
    alarm: u64,
    raw: u32,
    enabled: u32,
}

const RUNS: u32 = 1 << 31;
const RELOADS: u32 = 1 << 29;
const ALARM: u32 = 1 << 10;
const CRYSTAL: u32 = 1 << 9;

fn low(of: u64, value: u32) -> u64 {
    of & !0xFFFF_FFFF | u64::from(value)
}

fn high(of: u64, value: u32) -> u64 {
    of & 0xFFFF_FFFF | u64::from(value) << 32
}

impl Timer {
    /// As it is after a reset.
    pub fn new() -> Self {
        Self { config: 0x6000_2000, ..Self::default() }
    }

    /// Cycles of the processor for one tick: the clock is the crystal (40 MHz) or the bus (80 MHz), then comes a divider.
    fn period(&self) -> u64 {
        let clock = if self.config & CRYSTAL != 0 { 4 } else { 2 };
        clock
            * match u64::from(self.config >> 13 & 0xFFFF) {
                0 => 65536,
                1 => 2,
                divider => divider,
            }
    }

    fn count(&self, now: u64) -> u64 {
        if self.config & RUNS == 0 { self.base } else { self.base + (now - self.since) / self.period() }
    }

    fn set_count(&mut self, count: u64, now: u64) {
        (self.base, self.since) = (count, now);
    }

    fn armed(&self) -> bool {
        self.config & (RUNS | ALARM) == RUNS | ALARM
    }

    /// Rings when it is time.
    pub fn advance(&mut self, now: u64) {
        if self.armed() && self.count(now) >= self.alarm {
            self.raw |= 1;
            self.config &= !ALARM;
            if self.config & RELOADS != 0 {
                self.set_count(self.load, now);
            }
        }
    }

    /// When it will ring.
    pub fn next_event(&self, now: u64) -> Option<u64> {
        let ticks = self.alarm.saturating_sub(self.count(now));
        self.armed().then(|| now.saturating_add(ticks.saturating_mul(self.period())).max(now + 1))
    }

    /// Whether it asks for an interrupt.
    pub fn pending(&self) -> bool {
        self.raw & self.enabled != 0
    }

    /// Reads a register; `None` where it is only storage.
    pub fn read(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            0x00 => self.config,
            0x04 => self.latch as u32,
            0x08 => (self.latch >> 32) as u32,
            0x0C => 0, // the latch is ready at once
            0x70 => self.enabled,
            0x74 => self.raw,
            0x78 => self.raw & self.enabled,
            _ => return None,
        })
    }

    /// Writes a register.
    pub fn write(&mut self, offset: u32, value: u32, now: u64) {
        match offset {
            0x00 => {
                self.set_count(self.count(now), now);
                self.config = value;
            }
            0x0C => self.latch = self.count(now),
            0x10 => self.alarm = low(self.alarm, value),
            0x14 => self.alarm = high(self.alarm, value),
            0x18 => self.load = low(self.load, value),
            0x1C => self.load = high(self.load, value),
            0x20 => self.set_count(self.load, now),
            0x70 => self.enabled = value,
            0x7C => self.raw &= !value,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the crystal by 40: a tick a microsecond, 160 cycles.
    fn microseconds() -> Timer {
        let mut timer = Timer::new();
        timer.write(0x00, RUNS | CRYSTAL | 40 << 13, 0);
        timer.write(0x70, 1, 0);
        timer
    }

    #[test]
    fn it_counts_what_its_divider_says() {
        let mut timer = microseconds();
        timer.write(0x0C, 1, 160_000_000);
        assert_eq!((timer.read(0x04), timer.read(0x08)), (Some(1_000_000), Some(0)));
        // Held, it stays; loaded, it begins there.
        timer.write(0x00, CRYSTAL | 40 << 13, 160_000_000);
        timer.write(0x0C, 1, 900_000_000);
        assert_eq!(timer.read(0x04), Some(1_000_000));
        timer.write(0x1C, 1, 0);
        timer.write(0x20, 1, 0);
        timer.write(0x0C, 1, 0);
        assert_eq!((timer.read(0x04), timer.read(0x08)), (Some(0), Some(1)));
    }

    #[test]
    fn it_rings_once_at_its_time() {
        let mut timer = microseconds();
        timer.write(0x10, 500, 0);
        timer.write(0x00, RUNS | CRYSTAL | ALARM | 40 << 13, 0);
        assert_eq!(timer.next_event(0), Some(80_000));
        timer.advance(79_999);
        assert!(!timer.pending());
        timer.advance(80_000);
        assert!(timer.pending());
        timer.write(0x7C, 1, 80_000);
        timer.advance(90_000);
        assert!(!timer.pending(), "the alarm is armed anew by the program");
        assert_eq!(timer.next_event(90_000), None);
    }
}
