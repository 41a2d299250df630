//! Choice: which slot the bootloader starts, in the format of ESP-IDF's bootloader.
//!
//! Two sectors, one entry at the start of each: a number, and its CRC. The higher number counts, and says the slot:
//! number − 1 modulo the slots. So the choice changes with one write of one entry into the sector that does not count,
//! and a power cut before, in the middle of it or behind leaves one or the other. (ESP-IDF `esp_flash_partitions.h`,
//! `bootloader_common.c`; blank sectors start slot A.)

use core::ops::Range;

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use embedded_storage::nor_flash::NorFlash;

use super::refusal::{Error, Refusal};
use super::updater::{SECTOR, Slot};

pub(super) const CRC32: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// One entry: number, a label that nobody reads, state, CRC of the number.
const ENTRY: usize = 32;
/// States that the bootloader does not start: invalid, aborted.
const DEAD: [u32; 2] = [3, 4];

/// The numbers of both sectors, where they count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Numbers([Option<u32>; 2]);

impl Numbers {
    fn newest(self) -> Option<(usize, u32)> {
        (0..2).filter_map(|sector| Some((sector, self.0[sector]?))).max_by_key(|(_, number)| *number)
    }

    fn slot(self) -> Slot {
        match self.newest() {
            Some((_, number)) if number % 2 == 0 => Slot::B,
            _ => Slot::A,
        }
    }
}

fn read<F: NorFlash>(flash: &mut F, at: &Range<u32>) -> Result<Numbers, F::Error> {
    let mut numbers = Numbers([None; 2]);
    for (sector, number) in numbers.0.iter_mut().enumerate() {
        let mut entry = [0; ENTRY];
        flash.read(at.start + sector as u32 * SECTOR, &mut entry)?;
        *number = parse(&entry);
    }
    Ok(numbers)
}

fn parse(entry: &[u8; ENTRY]) -> Option<u32> {
    let word = |at: usize| u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]);
    let number = word(0);
    (number != u32::MAX && number != 0 && !DEAD.contains(&word(24)) && word(28) == proof(number)).then_some(number)
}

/// The ROM's `crc32_le` with a start of all ones: it inverts that first, so that it starts from zero.
fn proof(number: u32) -> u32 {
    let mut digest = CRC32.digest_with_initial(0);
    digest.update(&number.to_le_bytes());
    digest.finalize()
}

/// The slot that the bootloader tries first.
pub(super) fn chosen<F: NorFlash>(flash: &mut F, at: &Range<u32>) -> Result<Slot, F::Error> {
    Ok(read(flash, at)?.slot())
}

/// From the next start on this slot runs. Returns whether something had to change.
pub(super) fn choose<F: NorFlash>(flash: &mut F, at: &Range<u32>, slot: Slot) -> Result<bool, Error<F::Error>> {
    let numbers = read(flash, at).map_err(Error::Flash)?;
    if numbers.slot() == slot {
        return Ok(false);
    }
    let newest = numbers.newest();
    let sector = newest.map_or(0, |(sector, _)| 1 - sector);
    // The slot is another one, so the next number is right; of blank sectors 1 is A, which would have been chosen already.
    let number = newest.map_or(1, |(_, number)| number) + 1;
    let mut entry = [0xff; ENTRY];
    entry[..4].copy_from_slice(&number.to_le_bytes());
    entry[28..].copy_from_slice(&proof(number).to_le_bytes());
    let start = at.start + sector as u32 * SECTOR;
    flash.erase(start, start + SECTOR).map_err(Error::Flash)?;
    flash.write(start, &entry).map_err(Error::Flash)?;
    if chosen(flash, at).map_err(Error::Flash)? == slot { Ok(true) } else { Err(Refusal::Worn.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_the_bootloaders() {
        // The first entry that esptool's otadata images have: 01 00 00 00 … 9a 98 43 47.
        assert_eq!(proof(1), 0x4743_989a);
    }

    #[test]
    fn entries_that_the_bootloader_refuses_do_not_count() {
        let mut entry = [0xff; ENTRY];
        assert_eq!(parse(&entry), None);
        entry[..4].copy_from_slice(&7_u32.to_le_bytes());
        assert_eq!(parse(&entry), None);
        entry[28..].copy_from_slice(&proof(7).to_le_bytes());
        assert_eq!(parse(&entry), Some(7));
        entry[24..28].copy_from_slice(&3_u32.to_le_bytes());
        assert_eq!(parse(&entry), None);
    }

    #[test]
    fn the_higher_number_says_the_slot() {
        for (numbers, slot) in [
            ([None, None], Slot::A),
            ([Some(1), None], Slot::A),
            ([Some(1), Some(2)], Slot::B),
            ([Some(3), Some(2)], Slot::A),
            ([None, Some(4)], Slot::B),
        ] {
            assert_eq!(Numbers(numbers).slot(), slot, "{numbers:?}");
        }
    }
}
