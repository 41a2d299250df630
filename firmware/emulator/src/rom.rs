//! ROM: what programs call of the code that is burnt into the chip. Names and addresses are those of Espressif's linker scripts
//! (`esp32c3.rom.ld`, `esp32c3.rom.libgcc.ld`, `esp32c3.rom.api.ld`).

use md5::{Digest as _, Md5};

use crate::HERTZ;
use crate::chip::{Chip, Reset};
use crate::cpu::{Bus as _, Cpu};
use crate::flash::{PowerLost, SECTOR};

/// Where the ROM is.
pub const RANGE: std::ops::Range<u32> = 0x4000_0000..0x4006_0000;

/// The ROM has no such function here: its address.
#[derive(Debug, PartialEq, Eq)]
pub struct Unknown(pub u32);

/// Checksums that are being made. The program moves its context about, so it holds a number and not our state.
#[derive(Default)]
pub struct Sums(Vec<Md5>);

/// Runs the function at the processor's `pc` and returns to the caller. Returns its cycles.
///
/// # Errors
/// When the function is not known.
pub fn call(cpu: &mut Cpu, chip: &mut Chip) -> Result<u64, Unknown> {
    let [a, b, c, d] = [cpu.x[10], cpu.x[11], cpu.x[12], cpu.x[13]];
    let long = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
    let mut cycles = 40;
    let mut second = None;
    let mut wide = |value: u64| {
        second = Some((value >> 32) as u32);
        value as u32
    };
    let first = match cpu.pc {
        // rtc_get_reset_reason
        0x4000_0018 => chip.reset_cause(),
        // ets_delay_us
        0x4000_0050 => {
            cycles = u64::from(a) * (HERTZ / 1_000_000);
            a
        }
        // uart_tx_one_char
        0x4000_0068 => {
            chip.console.print(a as u8);
            0
        }
        // uart_tx_flush, uart_tx_wait_idle, ets_get_printf_channel, rom_i2c_readReg, esp_rom_spiflash_unlock
        0x4000_0080 | 0x4000_0084 | 0x4000_058C | 0x4000_1954 | 0x4000_0140 => 0,
        // ets_update_cpu_frequency, rom_i2c_writeReg
        0x4000_0588 | 0x4000_195C => a,
        // software_reset
        0x4000_0090 => {
            chip.reset = Some(Reset::Program);
            a
        }
        // esp_rom_spiflash_erase_block, erase_sector, write, read
        0x4000_0124 => spend(chip.flash.erase(a as usize * 16 * SECTOR, 16 * SECTOR), chip, &mut cycles),
        0x4000_0128 => spend(chip.flash.erase(a as usize * SECTOR, SECTOR), chip, &mut cycles),
        0x4000_012C => {
            let data = bytes(chip, b, c);
            spend(chip.flash.write(a as usize, &data), chip, &mut cycles)
        }
        0x4000_0130 => {
            cycles += u64::from(c) * 4; // 40 MHz, two bits at once
            for at in 0..c {
                let byte = chip.flash.bytes().get((a + at) as usize).copied().unwrap_or(0xFF);
                chip.store(b + at, 1, u32::from(byte));
            }
            0
        }
        // memset, memcpy, memmove, memcmp
        0x4000_0354 => {
            cycles = 10 + u64::from(c) / 2;
            for at in 0..c {
                chip.store(a + at, 1, b);
            }
            a
        }
        0x4000_0358 | 0x4000_035C => {
            cycles = 10 + u64::from(c) / 2;
            for (at, byte) in (0..).zip(bytes(chip, b, c)) {
                chip.store(a + at, 1, u32::from(byte));
            }
            a
        }
        0x4000_0360 => {
            cycles = 10 + u64::from(c);
            let pairs = bytes(chip, a, c).into_iter().zip(bytes(chip, b, c));
            pairs.map(|(one, other)| i32::from(one) - i32::from(other)).find(|order| *order != 0).unwrap_or(0) as u32
        }
        // MD5Init, MD5Update, MD5Final
        0x4000_0614 => {
            chip.sums.0.push(Md5::new());
            chip.store(a, 4, chip.sums.0.len() as u32 - 1);
            a
        }
        0x4000_0618 => {
            let data = bytes(chip, b, c);
            let number = chip.load(a, 4).unwrap_or(0) as usize;
            if let Some(sum) = chip.sums.0.get_mut(number) {
                sum.update(data);
            }
            a
        }
        0x4000_061C => {
            let number = chip.load(b, 4).unwrap_or(0) as usize;
            let sum = chip.sums.0.get(number).cloned().unwrap_or_default();
            for (at, byte) in (0..).zip(sum.finalize()) {
                chip.store(a + at, 1, u32::from(byte));
            }
            a
        }
        // crc32_le
        0x4000_0628 => !bytes(chip, b, c).into_iter().fold(!a, crc_step),
        // __divdi3, __moddi3, __udivdi3, __umoddi3
        0x4000_07B4 => {
            wide(long(a, b).cast_signed().checked_div(long(c, d).cast_signed()).unwrap_or(-1).cast_unsigned())
        }
        0x4000_083C => {
            wide(long(a, b).cast_signed().checked_rem(long(c, d).cast_signed()).unwrap_or(0).cast_unsigned())
        }
        0x4000_08AC => wide(long(a, b).checked_div(long(c, d)).unwrap_or(u64::MAX)),
        0x4000_08BC => wide(long(a, b).checked_rem(long(c, d)).unwrap_or_else(|| long(a, b))),
        unknown => return Err(Unknown(unknown)),
    };
    cpu.x[10] = first;
    if let Some(second) = second {
        cpu.x[11] = second;
    }
    cpu.pc = cpu.x[1];
    Ok(cycles)
}

/// What an operation on the flash says to the program; where the power fails it says nothing any more.
fn spend(done: Result<u64, PowerLost>, chip: &mut Chip, cycles: &mut u64) -> u32 {
    match done {
        Ok(time) => *cycles = time,
        Err(PowerLost) => chip.reset = Some(Reset::PowerLost),
    }
    0
}

fn bytes(chip: &mut Chip, from: u32, length: u32) -> Vec<u8> {
    (0..length).map(|at| chip.load(from + at, 1).unwrap_or(0) as u8).collect()
}

fn crc_step(mut sum: u32, byte: u8) -> u32 {
    sum ^= u32::from(byte);
    for _ in 0..8 {
        sum = if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 };
    }
    sum
}

/// CRC-32 as the boot stage and the program make it over the numbers in `otadata`: begun with all ones.
pub fn crc32(data: &[u8]) -> u32 {
    !data.iter().copied().fold(0, crc_step)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

    use super::*;
    use crate::chip::Wiring;
    use crate::flash::Flash;
    use proptest::prelude::*;

    const RAM: u32 = 0x3FC9_0000;

    fn run(chip: &mut Chip, at: u32, arguments: [u32; 4]) -> Result<(u32, u32), Unknown> {
        let mut cpu = Cpu::new(at, 0);
        cpu.x[10..14].copy_from_slice(&arguments);
        cpu.x[1] = 0x4200_0000;
        call(&mut cpu, chip)?;
        assert_eq!(cpu.pc, 0x4200_0000);
        Ok((cpu.x[10], cpu.x[11]))
    }

    fn chip() -> Chip {
        Chip::new(Flash::of(Vec::new()), Wiring::default())
    }

    proptest! {
        #[test]
        fn long_division(a: u64, b in 1u64..) {
            let chip = &mut chip();
            let [al, ah, bl, bh] = [a as u32, (a >> 32) as u32, b as u32, (b >> 32) as u32];
            let (low, high) = run(chip, 0x4000_08AC, [al, ah, bl, bh]).unwrap();
            prop_assert_eq!(u64::from(high) << 32 | u64::from(low), a / b);
            let (low, high) = run(chip, 0x4000_08BC, [al, ah, bl, bh]).unwrap();
            prop_assert_eq!(u64::from(high) << 32 | u64::from(low), a % b);
            let (low, high) = run(chip, 0x4000_07B4, [al, ah, bl, bh]).unwrap();
            prop_assert_eq!(u64::from(high) << 32 | u64::from(low), a.cast_signed().wrapping_div(b.cast_signed()).cast_unsigned());
            let (low, high) = run(chip, 0x4000_083C, [al, ah, bl, bh]).unwrap();
            prop_assert_eq!(u64::from(high) << 32 | u64::from(low), a.cast_signed().wrapping_rem(b.cast_signed()).cast_unsigned());
        }

        #[test]
        fn moving_bears_overlap(data in proptest::collection::vec(0u8.., 1..100), by in 0u32..50) {
            let chip = &mut chip();
            for (at, byte) in (0..).zip(&data) {
                chip.store(RAM + at, 1, u32::from(*byte));
            }
            run(chip, 0x4000_035C, [RAM + by, RAM, data.len() as u32, 0]).unwrap();
            prop_assert_eq!(bytes(chip, RAM + by, data.len() as u32), data);
        }
    }

    #[test]
    fn sums_are_the_known_ones() {
        let chip = &mut chip();
        for (at, byte) in (0..).zip(*b"123456789") {
            chip.store(RAM + at, 1, u32::from(byte));
        }
        assert_eq!(run(chip, 0x4000_0628, [0, RAM, 9, 0]).unwrap().0, 0xCBF4_3926);
        run(chip, 0x4000_0614, [RAM + 100, 0, 0, 0]).unwrap();
        run(chip, 0x4000_0618, [RAM + 100, RAM, 9, 0]).unwrap();
        run(chip, 0x4000_061C, [RAM + 200, RAM + 100, 0, 0]).unwrap();
        assert_eq!(bytes(chip, RAM + 200, 4), [0x25, 0xF9, 0xE7, 0x94]);
    }

    #[test]
    fn flash_is_erased_written_and_read() {
        let chip = &mut chip();
        chip.store(RAM, 4, 0xAABB_CCDD);
        run(chip, 0x4000_0128, [3, 0, 0, 0]).unwrap();
        run(chip, 0x4000_012C, [0x3010, RAM, 4, 0]).unwrap();
        run(chip, 0x4000_0130, [0x3010, RAM + 64, 4, 0]).unwrap();
        assert_eq!(chip.load(RAM + 64, 4), Some(0xAABB_CCDD));
        assert_eq!(chip.flash.most_erased(), 1);
    }

    #[test]
    fn what_is_not_known_is_said() {
        assert_eq!(run(&mut chip(), 0x4000_15B0, [0; 4]), Err(Unknown(0x4000_15B0)));
    }
}
