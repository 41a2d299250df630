//! Card: a file for each day on a microSD card, as the board for five meters writes it: a line a minute.

use core::cell::RefCell;
use core::fmt::Write as _;

use embedded_hal::spi::SpiDevice;
use embedded_sdmmc::{BlockDevice, Error, Mode, TimeSource, Timestamp, VolumeIdx, VolumeManager};
use heapless::String;
use smarty_p1::{Civil, Telegram};
use smarty_payload::smartyreader5::{CardFile, CardLine, LINE_END};

use crate::latest::Latest;
use crate::settings::Name;
use crate::state::State;
use crate::zone::Zone;

/// A line of one meter has 80 bytes.
const LINE: usize = 192;
/// `10_04_18.txt`
const FILE: usize = 12;

/// Writes for ever. `look` makes the card forget its state, so that another one can be put in (`SdCard::mark_card_uninit`), and
/// answers whether one is there, by [`answers`].
pub async fn keep<Card: BlockDevice>(card: Card, state: &'static State, look: fn(&Card) -> bool) -> ! {
    let zone = state.with_settings(|settings| Zone::of_minutes(settings.number(Name::ZoneMinutes)));
    let files = Files::new(card, Clock { state, zone });
    let (mut minutes, mut slot) = (Minutes::default(), Slot::default());
    let Some(mut telegrams) = state.telegrams.receiver() else {
        log::error!("too many listen to the meter: no files are written");
        core::future::pending().await
    };
    loop {
        telegrams.changed().await;
        let line = state.with_latest(|latest| latest.and_then(|latest| minutes.line(latest, zone)));
        let Some((file, line)) = line else { continue };
        if slot.is_worth_a_try(|| files.look(look)) {
            let written = files.append(&file, &line);
            if let Err(error) = &written
                && slot.is_news()
            {
                log::warn!("the card does not take {file}: {error:?}");
            }
            slot.tried(written.is_ok());
        }
    }
}

/// Whether a card answers the very first command (CMD0, go idle). A slot without one costs 160 bytes on the bus and no waiting, where
/// the driver polls 10,000 times with 10 µs between, and nothing else runs meanwhile.
pub fn answers(spi: &mut impl SpiDevice) -> bool {
    /// A card that was in the middle of something takes the first few for the rest of it.
    const TRIES: usize = 10;
    /// The command with its checksum. The answer comes within eight bytes (SD Physical Layer, 7.5.1).
    const GO_IDLE: [u8; 6] = [0x40, 0, 0, 0, 0, 0x95];
    const IDLE: u8 = 0x01;
    (0..TRIES).any(|_| {
        let mut bytes = [0xFF; 16];
        bytes[..GO_IDLE.len()].copy_from_slice(&GO_IDLE);
        spi.transfer_in_place(&mut bytes).is_ok() && bytes[GO_IDLE.len()..].contains(&IDLE)
    })
}

/// What is known of the slot.
#[derive(Debug, Default)]
struct Slot {
    /// The last line was written.
    works: bool,
    /// The card has been tried in vain.
    refused: bool,
    /// So many minutes it is left alone: one that answers and does not work may keep everybody waiting for a second.
    rest: u8,
}

impl Slot {
    const REST: u8 = 10;

    /// Whether a line is to be written. `look`s only where the last one was not: a look ends what the card was about to do.
    fn is_worth_a_try(&mut self, look: impl FnOnce() -> bool) -> bool {
        if self.works {
            return true;
        }
        if !look() {
            // The next one is another.
            *self = Self::default();
            return false;
        }
        self.rest = self.rest.saturating_sub(1);
        self.rest == 0
    }

    /// A card that does not work is no news every ten minutes.
    const fn is_news(&self) -> bool {
        !self.refused
    }

    fn tried(&mut self, well: bool) {
        // One that worked until now was pulled, perhaps, and another put in.
        self.rest = if well || self.works { 0 } else { Self::REST };
        (self.works, self.refused) = (well, !well);
    }
}

/// Whose minute has been written.
#[derive(Debug, Default)]
struct Minutes {
    last: Option<i64>,
}

impl Minutes {
    /// File and line for the first telegram of a minute; nothing for the others.
    fn line(&mut self, latest: &Latest, zone: Zone) -> Option<(String<FILE>, String<LINE>)> {
        let minute = latest.time.div_euclid(60);
        if latest.time == 0 || self.last == Some(minute) {
            return None;
        }
        self.last = Some(minute);
        let telegram = latest.telegram();
        let telegram: Option<&Telegram<'_>> = telegram.as_ref();
        let moment = latest.moment(telegram, zone, None, None, None);
        let (mut file, mut line) = (String::new(), String::new());
        write!(file, "{}", CardFile(moment.clock.local)).ok()?;
        write!(line, "{}{LINE_END}", CardLine { meters: &[moment], tank_cm: None }).ok()?;
        Some((file, line))
    }
}

/// The card's files. One is open for as long as it takes to write a line, so that the card can be pulled between two.
struct Files<Card: BlockDevice, C: TimeSource>(RefCell<VolumeManager<Card, C, 1, 1, 1>>);

impl<Card: BlockDevice, C: TimeSource> Files<Card, C> {
    fn new(card: Card, clock: C) -> Self {
        Self(RefCell::new(VolumeManager::new_with_limits(card, clock, 0)))
    }

    fn append(&self, file: &str, line: &str) -> Result<(), Error<Card::Error>> {
        let manager = self.0.borrow();
        let volume = manager.open_volume(VolumeIdx(0))?;
        let root = volume.open_root_dir()?;
        let file = root.open_file_in_dir(file, Mode::ReadWriteCreateOrAppend)?;
        file.write(line.as_bytes())?;
        file.close()
    }

    fn look(&self, look: fn(&Card) -> bool) -> bool {
        self.0.borrow().device(|card| look(card))
    }
}

/// What stands beside a file as its time.
struct Clock {
    state: &'static State,
    zone: Zone,
}

impl TimeSource for Clock {
    fn get_timestamp(&self) -> Timestamp {
        let utc = self.state.utc.now().map_or(0, |(utc, _)| utc);
        let Civil { year, month, day, hour, minute, second } = self.zone.clock(utc).local;
        Timestamp {
            year_since_1970: year.saturating_sub(1970) as u8,
            zero_indexed_month: month.saturating_sub(1),
            zero_indexed_day: day.saturating_sub(1),
            hours: hour,
            minutes: minute,
            seconds: second,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    extern crate std;
    use super::*;
    use core::convert::Infallible;
    use embedded_hal::spi::Operation;
    use embedded_sdmmc::{Block, BlockCount, BlockIdx};
    use smarty_p1::Quantity;
    use std::boxed::Box;
    use std::string::ToString;
    use std::vec::Vec;

    /// Blocks of a partition, and before it of its file system.
    const START: usize = 1;
    const FAT: usize = 20;
    const ROOT: usize = 32;
    const CLUSTERS: usize = 4500;

    /// A card in memory, with one FAT16 partition (Microsoft's FAT specification 1.03).
    struct Memory(RefCell<Vec<Block>>);

    impl Memory {
        fn formatted() -> Self {
            let blocks = 1 + 2 * FAT + ROOT + CLUSTERS;
            let mut card = std::vec![Block::new(); START + blocks];
            let mbr = &mut card[0].contents;
            mbr[446 + 4] = 0x0e;
            mbr[446 + 8..446 + 12].copy_from_slice(&(START as u32).to_le_bytes());
            mbr[446 + 12..446 + 16].copy_from_slice(&(blocks as u32).to_le_bytes());
            mbr[510..].copy_from_slice(&[0x55, 0xaa]);
            let boot = &mut card[START].contents;
            boot[11..13].copy_from_slice(&512_u16.to_le_bytes());
            boot[13..14].copy_from_slice(&[1]); // blocks of a cluster
            boot[14..16].copy_from_slice(&1_u16.to_le_bytes()); // blocks before the first table
            boot[16] = 2;
            boot[17..19].copy_from_slice(&512_u16.to_le_bytes()); // entries of the root
            boot[19..21].copy_from_slice(&(blocks as u16).to_le_bytes());
            boot[21] = 0xf8;
            boot[22..24].copy_from_slice(&(FAT as u16).to_le_bytes());
            boot[54..62].copy_from_slice(b"FAT16   ");
            boot[510..].copy_from_slice(&[0x55, 0xaa]);
            for table in [START + 1, START + 1 + FAT] {
                card[table].contents[..4].copy_from_slice(&[0xf8, 0xff, 0xff, 0xff]);
            }
            Self(RefCell::new(card))
        }
    }

    impl BlockDevice for &Memory {
        type Error = Infallible;

        fn read(&self, blocks: &mut [Block], start: BlockIdx) -> Result<(), Infallible> {
            blocks.clone_from_slice(&self.0.borrow()[start.0 as usize..][..blocks.len()]);
            Ok(())
        }

        fn write(&self, blocks: &[Block], start: BlockIdx) -> Result<(), Infallible> {
            self.0.borrow_mut()[start.0 as usize..][..blocks.len()].clone_from_slice(blocks);
            Ok(())
        }

        fn num_blocks(&self) -> Result<BlockCount, Infallible> {
            Ok(BlockCount(self.0.borrow().len() as u32))
        }
    }

    fn clock() -> Clock {
        Clock { state: Box::leak(Box::default()), zone: Zone::of_minutes(60) }
    }

    fn content(card: &Memory, name: &str) -> Vec<u8> {
        let manager: VolumeManager<_, _, 1, 1, 1> = VolumeManager::new_with_limits(card, clock(), 0);
        let volume = manager.open_volume(VolumeIdx(0)).unwrap();
        let root = volume.open_root_dir().unwrap();
        let file = root.open_file_in_dir(name, Mode::ReadOnly).unwrap();
        let mut bytes = std::vec![0; file.length() as usize];
        file.read(&mut bytes).unwrap();
        bytes
    }

    fn latest(time: i64, import: i64) -> Latest {
        let mut latest = Latest { number: 1, time, ..Latest::new() };
        latest.equipment.push_str("SAG1030700089430").unwrap();
        latest.values.set(Quantity::EnergyImport, import);
        latest.values.set(Quantity::EnergyExport, 25);
        latest
    }

    #[test]
    fn a_line_a_minute_in_the_file_of_its_day() {
        let (card, zone) = (Memory::formatted(), Zone::of_minutes(60));
        let midnight = 1_795_388_400; // of 2026-11-23
        let mut minutes = Minutes::default();
        for time in (midnight - 60..midnight + 120).step_by(10) {
            if let Some((file, line)) = minutes.line(&latest(time, 6_695), zone) {
                // A new one each time, as after a restart.
                Files::new(&card, clock()).append(&file, &line).unwrap();
            }
        }
        let before = "430\t261122235900W\t000006.695*kWh\t000000.025*kWh\t\t\n\r\n";
        assert_eq!(content(&card, "22_11_26.txt"), before.as_bytes());
        let line = |stamp| before.replace("261122235900W", stamp);
        let after = line("261123000000W") + &line("261123000100W");
        assert_eq!(content(&card, "23_11_26.txt"), after.as_bytes());
    }

    #[test]
    fn the_longest_line_fits() {
        let (file, line) = Minutes::default().line(&latest(4_102_444_799, i64::MAX), Zone::of_minutes(840)).unwrap();
        assert_eq!(file.len(), FILE);
        assert!(line.ends_with(LINE_END), "{line}");
        assert_eq!(line.to_string().matches('\t').count(), 5);
    }

    #[test]
    fn before_the_first_telegram_there_is_no_line() {
        assert_eq!(Minutes::default().line(&Latest::new(), Zone::of_minutes(60)), None);
    }

    #[test]
    fn a_card_without_a_file_system_is_an_error() {
        let card = Memory(RefCell::new(std::vec![Block::new(); 100]));
        assert!(Files::new(&card, clock()).append("22_11_26.txt", "x").is_err());
    }

    /// A bus on which every answer is this byte, as on one without a card; it counts what it costs.
    #[derive(Default)]
    struct Bus {
        answer: u8,
        idle: bool,
        bytes: usize,
    }

    impl embedded_hal::spi::ErrorType for &mut Bus {
        type Error = Infallible;
    }

    impl SpiDevice for &mut Bus {
        fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Infallible> {
            for operation in operations {
                let Operation::TransferInPlace(bytes) = operation else { panic!("it hears while it speaks") };
                let is_first_command = bytes.starts_with(&[0x40, 0, 0, 0, 0, 0x95]);
                bytes.fill(self.answer);
                if self.idle && is_first_command {
                    bytes[8] = 0x01;
                }
                self.bytes += bytes.len();
            }
            Ok(())
        }
    }

    #[test]
    fn a_slot_without_a_card_costs_next_to_nothing() {
        for answer in [0xFF, 0x00] {
            let (mut bus, mut slot) = (Bus { answer, ..Bus::default() }, Slot::default());
            for _ in 0..60 {
                assert!(!slot.is_worth_a_try(|| answers(&mut &mut bus)), "what answers {answer:#04x} always is none");
            }
            assert!(bus.bytes <= 60 * 160, "{} bytes in an hour", bus.bytes);
        }
        assert!(answers(&mut &mut Bus { answer: 0xFF, idle: true, ..Bus::default() }));
    }

    #[test]
    fn a_card_that_does_not_work_is_left_alone_for_ten_minutes_and_another_is_not() {
        let mut slot = Slot::default();
        let mut tries = 0;
        for _ in 0..60 {
            if slot.is_worth_a_try(|| true) {
                tries += 1;
                slot.tried(false);
            }
        }
        assert_eq!(tries, 6);
        assert!(!slot.is_news());
        assert!(!slot.is_worth_a_try(|| false), "it is pulled");
        assert!(slot.is_worth_a_try(|| true) && slot.is_news(), "and another put in");
        slot.tried(true);
        assert!(slot.is_worth_a_try(|| panic!("a look ends what a card is about")));
        slot.tried(false);
        assert!(slot.is_worth_a_try(|| true), "another may be in already");
    }
}
