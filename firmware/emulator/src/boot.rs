//! Boot: what ESP-IDF's second-stage bootloader does before the program runs: partition table, which slot, its segments to their places.

use crate::chip::Chip;
use crate::cpu::Cpu;
use crate::flash::Flash;
use crate::rom::crc32;

/// Where the partition table is, and how many entries it may have.
const TABLE: usize = 0x8000;
const ENTRIES: usize = 96;
const ENTRY: usize = 32;
/// Each of both copies of `otadata` has a sector.
const COPY: usize = 0x1000;
/// States of an image that the bootloader passes over.
const INVALID: u32 = 3;
const ABORTED: u32 = 4;
/// The bootloader's stack, which the program starts on.
const STACK: u32 = 0x3FCD_E710;

/// Nothing to run.
#[derive(Debug, PartialEq, Eq)]
pub enum NoProgram {
    /// No partition table with a slot.
    NoSlots,
    /// No slot holds a whole image.
    NoImage,
}

/// What the partition table says.
struct Table {
    slots: Vec<usize>,
    otadata: Option<usize>,
}

fn table(flash: &Flash) -> Table {
    let mut table = Table { slots: Vec::new(), otadata: None };
    for at in (TABLE..).step_by(ENTRY).take(ENTRIES) {
        let Some([0xAA, 0x50, kind, subtype]) = flash.bytes().get(at..at + 4) else { break };
        let offset = flash.word(at + 4) as usize;
        match (kind, subtype) {
            (0, 0x10..0x20) => table.slots.push(offset),
            (1, 0) => table.otadata = Some(offset),
            _ => {}
        }
    }
    table
}

/// The newest number that is whole and not refused, of both copies.
fn sequence(flash: &Flash, otadata: usize) -> Option<u32> {
    [otadata, otadata + COPY]
        .into_iter()
        .filter_map(|copy| {
            let (number, state) = (flash.word(copy), flash.word(copy + 24));
            let whole = number != u32::MAX && flash.word(copy + 28) == crc32(&number.to_le_bytes());
            (whole && state != INVALID && state != ABORTED).then_some(number)
        })
        .max()
}

/// A segment of an image: where it belongs, where it is in flash, how long it is.
struct Segment {
    address: u32,
    from: usize,
    length: usize,
}

/// The segments and the entry of the image at `slot`, if it is whole.
fn image(flash: &Flash, slot: usize) -> Option<(Vec<Segment>, u32)> {
    let head = flash.bytes().get(slot..slot + 24)?;
    if head[0] != 0xE9 {
        return None;
    }
    let (mut at, mut sum, mut segments) = (slot + 24, 0xEF, Vec::new());
    for _ in 0..head[1] {
        let (address, length) = (flash.word(at), flash.word(at + 4) as usize);
        let data = flash.bytes().get(at + 8..at.checked_add(8)?.checked_add(length)?)?;
        sum = data.iter().fold(sum, |sum, byte| sum ^ byte);
        segments.push(Segment { address, from: at + 8, length });
        at += 8 + length;
    }
    // The sum is the last byte of a row of sixteen.
    let whole = flash.bytes().get(at | 15) == Some(&sum);
    whole.then(|| (segments, flash.word(slot + 4)))
}

/// Loads the program that the flash names, or another one where that is not whole.
///
/// # Errors
/// When there is none.
pub fn boot(chip: &mut Chip) -> Result<Cpu, NoProgram> {
    let table = table(&chip.flash);
    if table.slots.is_empty() {
        return Err(NoProgram::NoSlots);
    }
    let mut chosen = 0;
    if let Some(otadata) = table.otadata {
        let number = sequence(&chip.flash, otadata).unwrap_or_else(|| {
            // First start: the first slot, and it is noted.
            let mut note = [0xFF; ENTRY];
            note[..4].copy_from_slice(&1u32.to_le_bytes());
            note[28..].copy_from_slice(&crc32(&1u32.to_le_bytes()).to_le_bytes());
            let _ = chip.flash.erase(otadata, COPY).and_then(|_| chip.flash.write(otadata, &note));
            1
        });
        chosen = number.wrapping_sub(1) as usize % table.slots.len();
    }
    let order = (0..table.slots.len()).map(|step| (chosen + step) % table.slots.len());
    for slot in order {
        if let Some((segments, entry)) = image(&chip.flash, table.slots[slot]) {
            eprintln!("emulator: boots slot {slot}, {:?}", chip.reset_cause());
            for segment in segments {
                load(chip, &segment);
            }
            return Ok(Cpu::new(entry, STACK));
        }
        eprintln!("emulator: slot {slot} holds no whole image");
    }
    Err(NoProgram::NoImage)
}

/// Segments for flash are shown in the window, others copied to RAM. Below there is only padding.
fn load(chip: &mut Chip, segment: &Segment) {
    match segment.address >> 23 {
        0x84 | 0x78 => {
            let pages = ((segment.address as usize & 0xFFFF) + segment.length).div_ceil(0x1_0000);
            for page in 0..pages {
                let entry = (segment.address >> 16 & 0x7F) as usize + page;
                chip.map(entry % 128, (segment.from >> 16) as u32 + page as u32);
            }
        }
        _ => {
            for at in 0..segment.length {
                let byte = chip.flash.bytes()[segment.from + at];
                chip.poke(segment.address.wrapping_add(at as u32), byte);
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

    use super::*;
    use crate::chip::Wiring;
    use crate::cpu::Bus as _;

    const OTADATA: usize = 0xD000;
    pub(crate) const SLOTS: [usize; 2] = [0x1_0000, 0x19_0000];

    /// An image of one segment with this program in RAM.
    fn image(program: &[u8]) -> Vec<u8> {
        let mut image = vec![0; 24];
        (image[0], image[1]) = (0xE9, 1);
        image[4..8].copy_from_slice(&0x4038_0000u32.to_le_bytes());
        image.extend(0x4038_0000u32.to_le_bytes());
        image.extend((program.len() as u32).to_le_bytes());
        image.extend(program);
        let sum = program.iter().fold(0xEF, |sum, byte| sum ^ byte);
        image.resize(image.len() | 15, 0);
        image.push(sum);
        image
    }

    /// A flash with `otadata` and these programs in its slots.
    pub(crate) fn flash(programs: [&[u8]; 2]) -> Flash {
        let mut bytes = vec![0xFF; 0x20_0000];
        let entries = [(1, 0, OTADATA), (0, 0x10, SLOTS[0]), (0, 0x11, SLOTS[1])];
        for (at, (kind, subtype, offset)) in entries.into_iter().enumerate() {
            let entry = &mut bytes[TABLE + ENTRY * at..][..ENTRY];
            entry[..4].copy_from_slice(&[0xAA, 0x50, kind, subtype]);
            entry[4..8].copy_from_slice(&(offset as u32).to_le_bytes());
        }
        for (slot, program) in SLOTS.into_iter().zip(programs) {
            let image = image(program);
            bytes[slot..slot + image.len()].copy_from_slice(&image);
        }
        Flash::of(bytes)
    }

    fn note(flash: &mut Flash, copy: usize, number: u32, state: u32) {
        let at = OTADATA + COPY * copy;
        flash.erase(at, COPY).unwrap();
        flash.write(at, &number.to_le_bytes()).unwrap();
        flash.write(at + 24, &state.to_le_bytes()).unwrap();
        flash.write(at + 28, &crc32(&number.to_le_bytes()).to_le_bytes()).unwrap();
    }

    fn boots(flash: Flash) -> (Result<u32, NoProgram>, Chip) {
        let mut chip = Chip::new(flash, Wiring::default());
        let booted = boot(&mut chip).map(|cpu| {
            assert_eq!((cpu.pc, cpu.x[2]), (0x4038_0000, STACK));
            chip.load(0x4038_0000, 1).unwrap()
        });
        (booted, chip)
    }

    #[test]
    fn the_first_start_takes_the_first_slot_and_notes_it() {
        let (booted, chip) = boots(flash([&[1], &[2]]));
        assert_eq!(booted, Ok(1));
        assert_eq!(sequence(&chip.flash, OTADATA), Some(1));
    }

    #[test]
    fn the_newest_number_names_the_slot() {
        for (notes, slot) in [
            ([(1, 2), (2, 0)], 2),
            ([(3, 2), (2, 2)], 1),
            ([(3, INVALID), (2, 2)], 2),
            ([(3, ABORTED), (4, INVALID)], 1),
        ] {
            let mut flash = flash([&[1], &[2]]);
            for (copy, (number, state)) in notes.into_iter().enumerate() {
                note(&mut flash, copy, number, state);
            }
            assert_eq!(boots(flash).0, Ok(slot), "{notes:?}");
        }
    }

    #[test]
    fn a_damaged_image_is_passed_over() {
        let mut broken = flash([&[1, 9], &[2]]);
        broken.write(SLOTS[0] + 33, &[0]).unwrap();
        assert_eq!(boots(broken).0, Ok(2));
        assert_eq!(boots(Flash::of(Vec::new())).0, Err(NoProgram::NoSlots));
        let mut none = flash([&[1], &[2]]);
        for slot in SLOTS {
            none.erase(slot, crate::flash::SECTOR).unwrap();
        }
        assert_eq!(boots(none).0, Err(NoProgram::NoImage));
    }
}
