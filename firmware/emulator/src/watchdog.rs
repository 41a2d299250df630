//! Watchdog: the timer of a timer group that resets the chip unless it is fed.

/// One of both groups' watchdogs. Only its first stage, which is what the product uses.
#[derive(Default)]
pub struct Watchdog {
    config: u32,
    prescaler: u32,
    hold: u32,
    key: u32,
    fed: u64,
}

/// What opens the registers.
const KEY: u32 = 0x50D8_3AA1;
const RUNS: u32 = 1 << 31;
const CRYSTAL: u32 = 1 << 21;

impl Watchdog {
    /// When it bites, unless fed before.
    pub fn deadline(&self) -> Option<u64> {
        // Stage 0: 2 resets the processor, 3 the system.
        let bites = self.config & RUNS != 0 && self.config >> 29 & 3 >= 2;
        let clock = if self.config & CRYSTAL != 0 { 4 } else { 2 };
        bites.then(|| self.fed + u64::from(self.hold) * u64::from((self.prescaler >> 16).max(1)) * clock)
    }

    /// Writes a register.
    pub fn write(&mut self, offset: u32, value: u32, now: u64) {
        if offset == 0x64 {
            self.key = value;
            return;
        }
        if self.key != KEY {
            return;
        }
        match offset {
            0x48 => {
                if self.config & RUNS == 0 {
                    self.fed = now;
                }
                self.config = value;
            }
            0x4C => self.prescaler = value,
            0x50 => self.hold = value,
            0x60 => self.fed = now,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_bites_who_does_not_feed() {
        let mut dog = Watchdog::default();
        dog.write(0x48, RUNS | 3 << 29, 0);
        assert_eq!(dog.deadline(), None, "without the key nothing is written");
        dog.write(0x64, KEY, 0);
        dog.write(0x4C, 80 << 16, 0); // 80 MHz by 80: microseconds
        dog.write(0x50, 1_000_000, 0);
        dog.write(0x48, RUNS | 3 << 29, 50);
        assert_eq!(dog.deadline(), Some(50 + 160_000_000));
        dog.write(0x60, 1, 1000);
        assert_eq!(dog.deadline(), Some(1000 + 160_000_000));
        dog.write(0x48, 0, 2000);
        assert_eq!(dog.deadline(), None);
    }
}
