//! Machine: the whole thing running, from one start to the next.

use std::thread;
use std::time::{Duration, Instant};

use crate::HERTZ;
use crate::boot::{NoProgram, boot};
use crate::chip::{Chip, Reset, Wiring};
use crate::cpu::Cpu;
use crate::flash::Flash;
use crate::outside::Outside;
use crate::rom::{self, Unknown};

/// Instructions between two looks at timers and lines, unless something stirs before.
const STRIDE: u32 = 64;
/// Cycles between two looks at the outside: a tenth of a millisecond.
const LOOK: u64 = HERTZ / 10_000;

/// Why it stands still.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The time that was given is over.
    TimeOver,
    /// There is nothing to run.
    Nothing(NoProgram),
    /// The program called a function that the ROM does not have here.
    Rom(Unknown),
}

/// Chip, processor and outside.
pub struct Machine {
    chip: Chip,
    outside: Outside,
    /// How often the chip's time passes while the host's passes once, as long as the chip has nothing to do.
    speed: u64,
    begin: Instant,
    presses: Vec<Press>,
    looked: u64,
    lost: u64,
    dropped: u64,
    instructions: u64,
}

/// A pin is held low for a while, as a button does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Press {
    /// Which one.
    pub pin: u8,
    /// From when to when, in cycles since power on.
    pub time: std::ops::Range<u64>,
}

impl Machine {
    /// Switched off, with this flash.
    pub fn new(flash: Flash, wiring: Wiring, outside: Outside) -> Self {
        Self {
            chip: Chip::new(flash, wiring),
            outside,
            speed: 1,
            begin: Instant::now(),
            presses: Vec::new(),
            looked: 0,
            lost: 0,
            dropped: 0,
            instructions: 0,
        }
    }

    /// Lets idle time pass faster than it does.
    pub fn hurry(&mut self, speed: u64) {
        self.speed = speed.max(1);
    }

    /// A button that will be pressed.
    pub fn press(&mut self, press: Press) {
        self.presses.push(press);
    }

    /// The chip as it is now.
    pub fn chip(&self) -> &Chip {
        &self.chip
    }

    /// How many instructions have been run.
    pub fn instructions(&self) -> u64 {
        self.instructions
    }

    /// Switches it on and runs it, through all resets, for so many cycles.
    pub fn run(&mut self, cycles: u64) -> End {
        self.begin = Instant::now();
        let end = self.chip.now.saturating_add(cycles);
        loop {
            let mut cpu = match boot(&mut self.chip) {
                Ok(cpu) => cpu,
                Err(nothing) => return End::Nothing(nothing),
            };
            let stopped = self.run_until_reset(&mut cpu, end);
            self.instructions += cpu.instructions();
            self.outside.send(&mut self.chip);
            match stopped {
                Err(end) => {
                    self.chip.console.flush();
                    return end;
                }
                Ok(reset) => {
                    eprintln!("emulator: {reset:?} at {:.3} s", self.chip.now as f64 / HERTZ as f64);
                    let chip = std::mem::replace(&mut self.chip, Chip::new(Flash::of(Vec::new()), Wiring::default()));
                    self.chip = chip.reborn(reset);
                    (self.lost, self.dropped) = (0, 0);
                }
            }
        }
    }

    fn run_until_reset(&mut self, cpu: &mut Cpu, end: u64) -> Result<Reset, End> {
        loop {
            if self.chip.now >= end {
                return Err(End::TimeOver);
            }
            if self.chip.now >= self.looked + LOOK {
                self.look_outside();
            }
            self.chip.advance();
            if let Some(reset) = self.chip.reset.take() {
                return Ok(reset);
            }
            if let Some(line) = self.chip.line() {
                cpu.interrupt(line);
            }
            if cpu.waiting() {
                self.idle();
                continue;
            }
            self.chip.stirred = false;
            for _ in 0..STRIDE {
                if rom::RANGE.contains(&cpu.pc) {
                    self.chip.now += rom::call(cpu, &mut self.chip).map_err(End::Rom)?;
                } else {
                    let (cycles, trap) = cpu.step(&mut self.chip);
                    self.chip.now += cycles;
                    if let Some(trap) = trap {
                        eprintln!("emulator: {trap:?} trap, handler at {:08x}, called from {:08x}", cpu.pc, cpu.x[1]);
                    }
                }
                if self.chip.stirred || cpu.waiting() || cpu.take_opened() || self.chip.reset.is_some() {
                    break;
                }
            }
        }
    }

    /// Nothing to do: the chip's time follows the host's, and stops at what is due next.
    fn idle(&mut self) {
        let host = self.begin.elapsed().as_nanos() as u64;
        let target = host.saturating_mul(self.speed).saturating_mul(HERTZ / 1_000_000) / 1000;
        let next = self.chip.next_event();
        if target > self.chip.now {
            self.chip.now = target.min(next).max(self.chip.now + 1);
        } else {
            thread::sleep(Duration::from_micros(100));
            self.look_outside();
        }
    }

    fn look_outside(&mut self) {
        self.looked = self.chip.now;
        self.outside.exchange(&mut self.chip);
        for press in &self.presses {
            let held = press.time.contains(&self.chip.now);
            self.chip.gpio.set_input(press.pin, !held);
        }
        if self.chip.lost() > self.lost {
            self.lost = self.chip.lost();
            eprintln!("emulator: {} bytes of the meter lost", self.lost);
        }
        if self.chip.network.dropped() > self.dropped {
            self.dropped = self.chip.network.dropped();
            eprintln!("emulator: {} frames of the network dropped", self.dropped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::tests::flash;

    fn program(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn the_time_that_is_given_is_what_it_runs() {
        let sleep = program(&[0x1050_0073, 0xFFDF_F06F]); // 1: wfi; j 1b
        let mut machine = Machine::new(flash([&sleep, &sleep]), Wiring::default(), Outside::default());
        machine.hurry(100);
        assert_eq!(machine.run(HERTZ), End::TimeOver);
        assert!(machine.chip().now >= HERTZ);
    }

    #[test]
    fn a_hung_program_is_ended_by_the_watchdog() {
        // li t0, 0x6001F000; open the watchdog, 1 µs steps, 1000 of them, reset the system; then loop for ever.
        let hung = program(&[
            0x6001_F2B7, // lui t0, 0x6001f
            0x50D8_4337, // lui t1, 0x50d84
            0xAA13_0313, // addi t1, t1, -1375
            0x0662_A223, // sw t1, 0x64(t0)
            0x0050_0337, // lui t1, 0x500 (80 << 16)
            0x0462_A623, // sw t1, 0x4c(t0)
            0x3E80_0313, // li t1, 1000
            0x0462_A823, // sw t1, 0x50(t0)
            0xE000_0337, // lui t1, 0xe0000 (run, stage 0 resets)
            0x0462_A423, // sw t1, 0x48(t0)
            0x0000_006F, // j .
        ]);
        let mut machine = Machine::new(flash([&hung, &hung]), Wiring::default(), Outside::default());
        assert_eq!(machine.run(HERTZ / 100), End::TimeOver);
        assert_eq!(machine.chip().reset_cause(), 7, "watchdog of group 0");
    }
}
