//! Update: whatever happens to the power, the flash or the new image, the board has an image that runs.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use common::{Flash, PowerCut};
use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use smarty_app::update::{
    Asked, Error, Install, Layout, Refusal, STARTS, Slot, Start, TRIAL_S, Updater, Verdict, Version, judge, signed_part,
};

const BOARD: &str = "esp32c3-eth";
const OLD: Version = Version([1, 0, 0]);
const NEW: Version = Version([1, 1, 0]);
const SLOT: u32 = 4 * 4096;

fn layout() -> Layout {
    let slot = |from: u32| from..from + SLOT;
    Layout { choice: 0..0x2000, trial: 0x2000..0x6000, slots: [slot(0x6000), slot(0x6000 + SLOT)] }
}

/// What an image does when it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    /// Reads telegrams and reaches its broker.
    Well,
    /// Starts, and never reads a telegram.
    NeverDecodes,
    /// Counts its start, then hangs; the watchdog starts the board anew.
    Hangs,
}

/// An image as the bootloader knows it: a magic byte, the version, what it does, any bytes, a digest at its end.
fn image(version: Version, does: Does, length: usize) -> Vec<u8> {
    let mut image = vec![0xe9, does as u8];
    version.0.iter().for_each(|number| image.extend(number.to_le_bytes()));
    image.extend((image.len()..length).map(|at| (at * 7) as u8));
    let digest = Sha256::digest(&image);
    image.extend(digest);
    image
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

/// The file that `scripts/sign-firmware` makes.
fn file(version: Version, image: &[u8]) -> Vec<u8> {
    let part = signed_part(BOARD, version, image.len() as u32, &Sha256::digest(image).into()).unwrap();
    [&part[..], &key().sign(&part).to_bytes(), image].concat()
}

/// ESP-IDF's bootloader: the highest number says the slot, an image that is not whole is passed over. Written from the
/// format's description, and sharing nothing with what is tested.
fn bootloader(flash: &Flash, lengths: &[usize]) -> (Slot, Version, Does) {
    let entry = |sector: usize| {
        let entry = &flash.bytes[sector * 4096..][..32];
        let word = |at: usize| u32::from_le_bytes(entry[at..at + 4].try_into().unwrap());
        let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
        let mut digest = crc.digest_with_initial(0);
        digest.update(&entry[..4]);
        (word(0) != u32::MAX && ![3, 4].contains(&word(24)) && word(28) == digest.finalize()).then(|| word(0))
    };
    let first = match entry(0).max(entry(1)) {
        Some(number) if (number - 1) % 2 == 1 => Slot::B,
        _ => Slot::A,
    };
    for slot in [first, first.other()] {
        let bytes = &flash.bytes[layout().slots[slot as usize].start as usize..][..SLOT as usize];
        for length in lengths {
            let (image, digest) = (&bytes[..*length], &bytes[*length..*length + 32]);
            if image[0] == 0xe9 && Sha256::digest(image)[..] == *digest {
                let number = |at: usize| u16::from_le_bytes([image[at], image[at + 1]]);
                let does = [Does::Well, Does::NeverDecodes, Does::Hangs][usize::from(image[1])];
                return (slot, Version([number(2), number(4), number(6)]), does);
            }
        }
    }
    panic!("no slot has an image that starts");
}

/// A board with its flash.
struct World {
    flash: Flash,
    lengths: Vec<usize>,
    starts: u32,
}

impl World {
    fn new(noise: u64) -> Self {
        let mut flash = Flash::new((0x6000 + 2 * SLOT as usize) / 4096).with_noise(noise);
        let old = image(OLD, Does::Well, 9000);
        flash.bytes[0x6000..][..old.len()].copy_from_slice(&old);
        Self { flash, lengths: vec![9000], starts: 0 }
    }

    fn load(&mut self) -> Result<(Updater<&mut Flash>, Does), PowerCut> {
        let (slot, version, does) = bootloader(&self.flash, &self.lengths);
        Ok((Updater::load(&mut self.flash, layout(), slot, BOARD, version)?, does))
    }

    fn install(&mut self, file: &[u8], asked: Asked, piece: usize) -> Result<Version, Error<PowerCut>> {
        let (mut updater, _) = self.load().map_err(Error::Flash)?;
        let mut install = Install::new(*key().verifying_key().as_bytes(), asked, None);
        for bytes in file.chunks(piece) {
            install.take(&mut updater, bytes)?;
        }
        install.finish(&mut updater)
    }

    /// Starts the board until an image is confirmed or settled, or the power goes. Returns the version that runs.
    fn run(&mut self) -> Result<Version, Error<PowerCut>> {
        loop {
            self.starts += 1;
            assert!(self.starts < 100, "it starts for ever");
            let (mut updater, does) = self.load().map_err(Error::Flash)?;
            match updater.start()? {
                Start::Settled => return Ok(updater.version()),
                Start::GoBack => continue,
                Start::OnTrial(version) => assert_eq!(version, updater.version()),
            }
            let well = does == Does::Well;
            if does == Does::Hangs {
                continue;
            }
            match (0..=TRIAL_S).map(|now| judge(now, well && now > 20, true)).find(|verdict| *verdict != Verdict::Wait)
            {
                Some(Verdict::Confirm) => updater.confirm()?,
                _ => assert!(matches!(updater.go_back()?, Start::GoBack)),
            }
        }
    }
}

#[test]
fn a_good_image_is_confirmed_and_the_next_goes_into_the_other_slot() {
    let mut world = World::new(1);
    assert_eq!(world.run(), Ok(OLD));
    for (minor, piece) in [(1, 1), (2, 131), (3, 132), (4, 133), (5, 4096), (6, usize::MAX)] {
        let version = Version([1, minor, 0]);
        let image = image(version, Does::Well, 9000);
        assert_eq!(world.install(&file(version, &image), Asked::ByNotice, piece), Ok(version));
        assert_eq!(world.run(), Ok(version));
        let slot = if minor % 2 == 1 { Slot::B } else { Slot::A };
        assert_eq!(bootloader(&world.flash, &world.lengths).0, slot);
    }
}

#[test]
fn an_image_that_is_no_good_leads_back_and_is_not_taken_again() {
    for does in [Does::NeverDecodes, Does::Hangs] {
        let mut world = World::new(2);
        let bad = file(NEW, &image(NEW, does, 9000));
        world.install(&bad, Asked::ByNotice, 1000).unwrap();
        assert_eq!(world.run(), Ok(OLD), "{does:?}");
        assert!(world.starts <= u32::from(STARTS) + 2);
        let again = world.install(&bad, Asked::ByNotice, 1000);
        assert_eq!(again, Err(Error::Refused(Refusal::FailedBefore(NEW))));
        // By hand it is, and fails again; a newer one is.
        world.install(&bad, Asked::ByHand, 1000).unwrap();
        assert_eq!(world.run(), Ok(OLD));
        let newer = Version([1, 2, 0]);
        world.install(&file(newer, &image(newer, Does::Well, 9000)), Asked::ByNotice, 1000).unwrap();
        assert_eq!(world.run(), Ok(newer));
    }
}

#[test]
fn an_image_that_the_bootloader_passes_over_counts_as_failed() {
    let mut world = World::new(3);
    let mut broken = image(NEW, Does::Well, 9000);
    broken[500] ^= 1; // Signed as it is, so that only the bootloader notices.
    world.install(&file(NEW, &broken), Asked::ByNotice, 1000).unwrap();
    assert_eq!(world.run(), Ok(OLD));
    let again = world.install(&file(NEW, &image(NEW, Does::Well, 9000)), Asked::ByNotice, 1000);
    assert_eq!(again, Err(Error::Refused(Refusal::FailedBefore(NEW))));
}

#[test]
fn what_is_refused_changes_nothing() {
    let good = image(NEW, Does::Well, 9000);
    let file = file(NEW, &good);
    let mut other_key = file.clone();
    other_key[68] ^= 1;
    let mut other_version = file.clone();
    other_version[10] ^= 1;
    let part = signed_part("esp32c3-wifi", NEW, good.len() as u32, &Sha256::digest(&good).into()).unwrap();
    let other_board = [&part[..], &key().sign(&part).to_bytes(), &good].concat();
    let part = signed_part(BOARD, NEW, SLOT + 1, &[0; 32]).unwrap();
    let too_long = [&part[..], &key().sign(&part).to_bytes(), &good].concat();
    for (file, refusal) in [
        (&good, Refusal::NoImage),
        (&other_key, Refusal::Signature),
        (&other_version, Refusal::Signature),
        (&other_board, Refusal::Board),
        (&too_long, Refusal::Length(SLOT + 1)),
    ] {
        let mut world = World::new(4);
        let before = world.flash.bytes.clone();
        assert_eq!(world.install(file, Asked::ByHand, 1000), Err(Error::Refused(refusal)));
        assert!(world.flash.bytes == before, "{refusal:?}");
    }
    let mut damaged = file.clone();
    damaged[5000] ^= 1;
    let longer = [&file[..], b"x"].concat();
    for (file, refusal) in [
        (&file[..100], Refusal::Short),
        (&file[..5000], Refusal::Short),
        (&longer, Refusal::Long),
        (&damaged, Refusal::Digest),
    ] {
        let mut world = World::new(5);
        assert_eq!(world.install(file, Asked::ByHand, 1000), Err(Error::Refused(refusal)));
        assert_eq!(world.run(), Ok(OLD));
    }
}

#[test]
fn a_notice_brings_nothing_older_and_nothing_else_than_promised() {
    let mut world = World::new(6);
    for version in [OLD, Version([0, 9, 0])] {
        let file = file(version, &image(version, Does::Well, 9000));
        assert_eq!(world.install(&file, Asked::ByNotice, 500), Err(Error::Refused(Refusal::NotNewer(version))));
        world.install(&file, Asked::ByHand, 500).unwrap();
        assert_eq!(world.run(), Ok(version));
        world = World::new(6);
    }
    let (mut updater, _) = world.load().unwrap();
    let mut install = Install::new(*key().verifying_key().as_bytes(), Asked::ByNotice, Some(Version([1, 2, 0])));
    let taken = install.take(&mut updater, &file(NEW, &image(NEW, Does::Well, 9000)));
    assert_eq!(taken, Err(Error::Refused(Refusal::NotPromised(NEW))));
}

#[test]
fn nothing_is_installed_while_a_trial_runs() {
    let mut world = World::new(7);
    let image = image(NEW, Does::Well, 9000);
    world.install(&file(NEW, &image), Asked::ByHand, 1000).unwrap();
    let newer = Version([1, 2, 0]);
    // Before the new start, and in the trial: the old image is the only one that is known to be good.
    assert_eq!(world.install(&file(newer, &image), Asked::ByHand, 1000), Err(Error::Refused(Refusal::OnTrial)));
    let (mut updater, _) = world.load().unwrap();
    assert_eq!(updater.start(), Ok(Start::OnTrial(NEW)));
    for asked in [Asked::ByHand, Asked::ByNotice] {
        assert_eq!(updater.wants(newer, asked), Err(Refusal::OnTrial));
    }
    // The notice that brought it is still at the broker.
    assert_eq!(updater.wants(NEW, Asked::ByNotice), Err(Refusal::NotNewer(NEW)));
}

#[test]
fn of_two_images_at_once_the_later_one_is_installed() {
    let mut world = World::new(11);
    let (one, two) = (image(NEW, Does::Well, 9000), image(Version([1, 2, 0]), Does::Well, 9000));
    let (one, two) = (file(NEW, &one), file(Version([1, 2, 0]), &two));
    let (mut updater, _) = world.load().unwrap();
    let new = || Install::new(*key().verifying_key().as_bytes(), Asked::ByHand, None);
    let (mut first, mut second) = (new(), new());
    first.take(&mut updater, &one[..5000]).unwrap();
    second.take(&mut updater, &two[..5000]).unwrap();
    let overtaken = Err(Error::Refused(Refusal::Overtaken));
    assert_eq!(first.take(&mut updater, &one[5000..]), overtaken);
    second.take(&mut updater, &two[5000..]).unwrap();
    // One that is whole but not yet chosen is overtaken, too; one that is chosen stays.
    let mut third = new();
    third.take(&mut updater, &one).unwrap();
    assert_eq!(second.finish(&mut updater).map(|_| ()), overtaken);
    let mut fourth = new();
    fourth.take(&mut updater, &two).unwrap();
    let mut fifth = new();
    fifth.take(&mut updater, &one[..5000]).unwrap();
    assert_eq!(fourth.finish(&mut updater).map(|_| ()), overtaken);
    fifth.take(&mut updater, &one[5000..]).unwrap();
    fifth.finish(&mut updater).unwrap();
    assert_eq!(third.take(&mut updater, b"x"), Err(Error::Refused(Refusal::Long)));
    assert_eq!(world.run(), Ok(NEW));
}

#[test]
fn the_old_image_neither_confirms_nor_fails_the_new_one() {
    let mut world = World::new(8);
    let (mut updater, _) = world.load().unwrap();
    let mut install = Install::new(*key().verifying_key().as_bytes(), Asked::ByHand, None);
    install.take(&mut updater, &file(NEW, &image(NEW, Does::NeverDecodes, 9000))).unwrap();
    install.finish(&mut updater).unwrap();
    updater.confirm().unwrap();
    assert_eq!(updater.go_back(), Ok(Start::Settled));
    assert!(updater.on_trial());
    assert_eq!(world.run(), Ok(OLD));
}

#[test]
fn a_failure_is_known_though_the_power_went_before_it_was_written_down() {
    let mut world = World::new(10);
    let bad = file(NEW, &image(NEW, Does::NeverDecodes, 9000));
    world.install(&bad, Asked::ByNotice, 1000).unwrap();
    // Going back erases and writes the choice, then writes the failure down; the start before that is one write.
    world.flash.cut_after(3);
    assert_eq!(world.run(), Err(Error::Flash(PowerCut)));
    world.flash.power = usize::MAX;
    assert_eq!(bootloader(&world.flash, &world.lengths).0, Slot::A);
    assert_eq!(world.run(), Ok(OLD));
    assert_eq!(world.install(&bad, Asked::ByNotice, 1000), Err(Error::Refused(Refusal::FailedBefore(NEW))));
}

/// With the power cut in the middle of each single change of the flash: what runs then is the old image or the new one,
/// whole, and in the end the one that is good; a good image can still be installed afterwards.
#[test]
fn a_power_cut_at_every_change_of_the_flash() {
    for does in [Does::Well, Does::NeverDecodes, Does::Hangs] {
        let new = file(NEW, &image(NEW, does, 9000));
        let cuts = {
            let mut world = World::new(9);
            world.install(&new, Asked::ByNotice, 700).unwrap();
            world.run().unwrap();
            world.flash.operations
        };
        assert!(cuts > 40, "{cuts} changes are fewer than an update has");
        for cut in 0..cuts {
            for noise in 1..=8 {
                let mut world = World::new(noise * 0x9e37_79b9);
                world.flash.cut_after(cut);
                let outcome = world.install(&new, Asked::ByNotice, 700).and_then(|_| world.run());
                assert_eq!(outcome, Err(Error::Flash(PowerCut)), "cut {cut}, noise {noise}");
                world.flash.power = usize::MAX;
                let runs = world.run().unwrap();
                assert!(runs == OLD || (runs == NEW && does == Does::Well), "cut {cut}, noise {noise}: {runs} runs");
                if runs == OLD {
                    // The notice is still there.
                    match world.install(&new, Asked::ByNotice, 700) {
                        Ok(_) => {}
                        Err(Error::Refused(Refusal::FailedBefore(_))) if does != Does::Well => {}
                        other => panic!("cut {cut}, noise {noise}: {other:?}"),
                    }
                    let wanted = if does == Does::Well { NEW } else { OLD };
                    assert_eq!(world.run(), Ok(wanted), "cut {cut}, noise {noise}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// Years of updates, good ones and bad ones, with the power cut again and again: there is always an image that runs, and a
    /// bad one never stays.
    #[test]
    fn any_life_ends_with_an_image_that_runs(noise: u64, life in proptest::collection::vec((0..3_u8, 0..60_usize, 0..4_u8), 1..25)) {
        let mut world = World::new(noise);
        let mut runs = OLD;
        for (minor, (does, cut, cuts)) in life.into_iter().enumerate() {
            let does = [Does::Well, Does::NeverDecodes, Does::Hangs][usize::from(does)];
            let version = Version([1, minor as u16 + 1, 0]);
            let new = file(version, &image(version, does, 9000));
            if cuts > 0 {
                world.flash.cut_after(cut);
            }
            world.starts = 0;
            let _ = world.install(&new, Asked::ByNotice, 700);
            for again in 1..cuts {
                let _ = world.run();
                world.flash.power = usize::MAX;
                world.flash.cut_after(cut / usize::from(again) % 7);
            }
            let _ = world.run();
            world.flash.power = usize::MAX;
            let now = world.run().unwrap();
            prop_assert!(now == runs || (now == version && does == Does::Well), "{runs} → {now}, {does:?}");
            runs = now;
        }
    }
}
