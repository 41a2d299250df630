//! Memory: what an update must know across restarts and power cuts.
//!
//! A ring of records over whole sectors. Each record has everything; the newest intact one counts. So a record that a
//! power cut tore is as if it had never been written, and a sector is erased only while the newest record is in another.

use core::ops::Range;

use embedded_storage::nor_flash::NorFlash;

use super::choice::CRC32;
use super::refusal::{Error, Refusal};
use super::updater::{SECTOR, Slot};
use super::version::Version;

/// Versions that failed and are remembered; the oldest makes room.
const FAILED: usize = 4;
/// Bytes of a record; sectors hold a whole number of them.
const RECORD: usize = 64;
const MAGIC: u32 = 0x4c52_5431;

/// An image on trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trial {
    pub(super) slot: Slot,
    pub(super) version: Version,
    /// How often it was started.
    pub(super) starts: u8,
}

/// What is remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) trial: Option<Trial>,
    failed: [Version; FAILED],
}

impl Memory {
    /// Whether this version was taken back here.
    pub(super) fn has_failed(&self, version: Version) -> bool {
        // 0.0.0 is no version: an empty place.
        version != Version::default() && self.failed.contains(&version)
    }

    /// The same with this trial, or without one.
    pub(super) fn with(self, trial: Option<Trial>) -> Self {
        Self { trial, ..self }
    }

    /// The trial is over, and the image was no good.
    pub(super) fn fail(&mut self, version: Version) {
        self.trial = None;
        if !self.has_failed(version) {
            self.failed.rotate_right(1);
            self.failed[0] = version;
        }
    }

    fn to_record(self, number: u32) -> [u8; RECORD] {
        let mut record = [0; RECORD];
        record[..4].copy_from_slice(&MAGIC.to_le_bytes());
        record[4..8].copy_from_slice(&number.to_le_bytes());
        if let Some(Trial { slot, version, starts }) = self.trial {
            record[8] = 1 + slot as u8;
            record[9] = starts;
            record[10..16].copy_from_slice(&version.to_bytes());
        }
        for (place, version) in record[16..].chunks_exact_mut(6).zip(self.failed) {
            place.copy_from_slice(&version.to_bytes());
        }
        let proof = CRC32.checksum(&record[..RECORD - 4]);
        record[RECORD - 4..].copy_from_slice(&proof.to_le_bytes());
        record
    }

    fn from_record(record: &[u8; RECORD]) -> Option<(u32, Self)> {
        let word = |at: usize| u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]]);
        if word(0) != MAGIC || word(RECORD - 4) != CRC32.checksum(&record[..RECORD - 4]) {
            return None;
        }
        let version = |at: usize| Version::from_bytes(core::array::from_fn(|index| record[at + index]));
        let slot = match record[8] {
            0 => None,
            1 => Some(Slot::A),
            2 => Some(Slot::B),
            _ => return None,
        };
        let trial = slot.map(|slot| Trial { slot, version: version(10), starts: record[9] });
        Some((word(4), Self { trial, failed: core::array::from_fn(|index| version(16 + 6 * index)) }))
    }
}

/// The ring in the flash, and what is remembered.
#[derive(Debug)]
pub(super) struct Ring {
    at: Range<u32>,
    number: u32,
    /// Where the next record goes; at a sector's start that sector is erased first.
    next: u32,
    memory: Memory,
}

impl Ring {
    /// Reads what there is; nothing is written.
    pub(super) fn load<F: NorFlash>(flash: &mut F, at: Range<u32>) -> Result<Self, F::Error> {
        let mut ring = Self { next: at.start, at, number: 0, memory: Memory::default() };
        let mut record = [0; RECORD];
        let mut newest = None;
        for offset in ring.at.clone().step_by(RECORD) {
            flash.read(offset, &mut record)?;
            if let Some((number, memory)) = Memory::from_record(&record)
                && number > ring.number
            {
                (ring.number, ring.memory, newest) = (number, memory, Some(offset));
            }
        }
        if let Some(newest) = newest {
            let end = newest - (newest - ring.at.start) % SECTOR + SECTOR;
            ring.next = ring.wrapped(end);
            // Behind the newest there may be torn ones.
            for offset in (newest + RECORD as u32..end).step_by(RECORD).rev() {
                flash.read(offset, &mut record)?;
                if record != [0xff; RECORD] {
                    break;
                }
                ring.next = offset;
            }
        }
        Ok(ring)
    }

    pub(super) fn memory(&self) -> Memory {
        self.memory
    }

    /// Remembers this from now on.
    pub(super) fn store<F: NorFlash>(&mut self, flash: &mut F, memory: Memory) -> Result<(), Error<F::Error>> {
        let record = memory.to_record(self.number + 1);
        // A place that does not keep what is written to it is passed over, as far as the next sector.
        for _ in 0..=SECTOR as usize / RECORD {
            let place = self.next;
            if (place - self.at.start).is_multiple_of(SECTOR) {
                flash.erase(place, place + SECTOR).map_err(Error::Flash)?;
            }
            flash.write(place, &record).map_err(Error::Flash)?;
            self.next = self.wrapped(place + RECORD as u32);
            let mut kept = [0; RECORD];
            flash.read(place, &mut kept).map_err(Error::Flash)?;
            if kept == record {
                self.number += 1;
                self.memory = memory;
                return Ok(());
            }
        }
        Err(Refusal::Worn.into())
    }

    fn wrapped(&self, offset: u32) -> u32 {
        if offset >= self.at.end { self.at.start } else { offset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn memory() -> impl Strategy<Value = Memory> {
        let version = any::<[u16; 3]>().prop_map(Version);
        let trial = (any::<bool>(), version.clone(), any::<u8>()).prop_map(|(b, version, starts)| Trial {
            slot: if b { Slot::B } else { Slot::A },
            version,
            starts,
        });
        (proptest::option::of(trial), [version.clone(), version.clone(), version.clone(), version])
            .prop_map(|(trial, failed)| Memory { trial, failed })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(memory in memory(), number: u32) {
            prop_assert_eq!(Memory::from_record(&memory.to_record(number)), Some((number, memory)));
        }

        #[test]
        fn a_changed_bit_is_noticed(memory in memory(), at in 0..RECORD * 8) {
            let mut record = memory.to_record(7);
            record[at / 8] ^= 1 << (at % 8);
            prop_assert_eq!(Memory::from_record(&record), None);
        }
    }

    #[test]
    fn the_last_four_failures_are_known() {
        let mut memory = Memory::default();
        assert!(!memory.has_failed(Version::default()));
        for patch in [1, 2, 2, 3, 4, 5] {
            memory.fail(Version([0, 0, patch]));
        }
        let known = (1..=5).map(|patch| memory.has_failed(Version([0, 0, patch])));
        assert!(known.eq([false, true, true, true, true]));
    }
}
