//! Store: what is remembered over a power cut. Settings, a certificate, the accounts with what they have closed, and how far the
//! broker is.
//!
//! Entries and accounts must agree: an account that is older than its entries would book the same energy again, one that
//! is newer would have lost it. So both are written in one record first, and then the entries into the journal; a restart
//! in between finds the record and writes the rest.

use embedded_storage::nor_flash::NorFlash;
use heapless::Vec;
use smarty_ledger::{Account, Entry};

use crate::books::MARGIN_S;
use crate::devices::{Devices, LONGEST_STATE};
use crate::intake::{MARKS, Mark};
use crate::record;
use crate::ring::{Ring, SECTOR};
use crate::settings::Settings;

/// An account emits at most ten entries at once.
pub const AT_ONCE: usize = 10;

const SETTINGS: (u32, u32) = (2, 2048);
const CERTIFICATE: (u32, u32) = (2, 2048);
/// Written 96 times a day: 6 times a day each sector is erased, which it bears for 45 years.
const STATE: (u32, u32) = (8, 2048);
const POSITION: (u32, u32) = (2, 16);
/// Written when a device was captured: once an hour, or with every quarter-hour, which the sectors bear for 23 years.
const DEVICES: (u32, u32) = (4, 2048);
const JOURNAL_RECORD: u32 = 128;
/// Sectors before the journal.
const BEFORE: u32 = SETTINGS.0 + CERTIFICATE.0 + STATE.0 + POSITION.0 + DEVICES.0;
/// Quarter-hours of 35 days, the gaps that there may be, and the sector that is being written.
const LEAST_JOURNAL: u32 = (35 * 96 + 160) / (SECTOR / JOURNAL_RECORD);
/// The smallest region for everything: 36 days of quarter-hours.
pub const LEAST: u32 = (BEFORE + LEAST_JOURNAL) * SECTOR;

const MARK: usize = 24;
const STATE_HEAD: usize = 4 + Account::BYTES + MARKS * MARK + 1;
const _: () = assert!(STATE_HEAD + AT_ONCE * (1 + record::LONGEST) <= STATE.1 as usize - 12, "a state fits its record");
const _: () = assert!(record::LONGEST <= JOURNAL_RECORD as usize - 12, "an entry fits its record");
const _: () = assert!(crate::settings::LONGEST <= SETTINGS.1 as usize - 12, "settings fit their record");

const _: () = assert!(LONGEST_STATE <= DEVICES.1 as usize - 12, "devices fit their record");

/// Stands where settings stand while everything is being forgotten. No layout of settings begins so.
const FORGETTING: [u8; 1] = [0];

/// Bytes of a certificate, DER.
pub const LONGEST_CERTIFICATE: usize = CERTIFICATE.1 as usize - 12;

/// See the module.
pub struct Store<F> {
    flash: F,
    settings: Ring,
    certificate: Ring,
    state: Ring,
    position: Ring,
    devices: Ring,
    journal: Ring,
    /// The number of the first entry that the broker has not acknowledged.
    acknowledged: u32,
    noted: u32,
    /// So many sectors are erased of a region that is to be forgotten.
    forgotten: Option<u32>,
}

/// What there was before the restart.
pub struct Resumed {
    /// The settings, as delivered where there are none.
    pub settings: Settings,
    /// The account.
    pub account: Account,
    /// The meters behind the meter.
    pub devices: Devices,
    /// How far sealed frames had come.
    pub marks: [Mark; MARKS],
}

impl<F: NorFlash> Store<F> {
    /// Opens the region, which has at least [`LEAST`] bytes, and puts what a power cut left half done in order. Where it was
    /// to be forgotten everything is as delivered, and [`Store::goes_on_forgetting`] comes before anything is written.
    ///
    /// # Errors
    /// Those of the flash.
    #[inline(never)]
    pub fn open(mut flash: F) -> Result<(Self, Resumed), F::Error> {
        let sectors = flash.capacity() as u32 / SECTOR;
        let mut start = 0;
        let mut ring = |flash: &mut F, (sectors, record): (u32, u32)| {
            let ring = Ring::open(flash, start, sectors, record);
            start += sectors * SECTOR;
            ring
        };
        let settings = ring(&mut flash, SETTINGS)?;
        let certificate = ring(&mut flash, CERTIFICATE)?;
        let state = ring(&mut flash, STATE)?;
        let position = ring(&mut flash, POSITION)?;
        let devices = ring(&mut flash, DEVICES)?;
        let journal = ring(&mut flash, (sectors.saturating_sub(BEFORE).max(2), JOURNAL_RECORD))?;
        let mut store = Self {
            flash,
            settings,
            certificate,
            state,
            position,
            devices,
            journal,
            acknowledged: 0,
            noted: 0,
            forgotten: None,
        };
        let account = Account::new(MARGIN_S);
        let mut resumed = Resumed {
            settings: Settings::new(),
            account,
            devices: Devices::from_bytes(&[]),
            marks: [Mark::default(); MARKS],
        };
        let mut buffer = [0; STATE.1 as usize];
        let known = store.settings.newest(&mut store.flash, &mut buffer)?.map(|length| &buffer[..length]);
        if known == Some(&FORGETTING) {
            store.forgotten = Some(0);
            return Ok((store, resumed));
        }
        resumed.settings = known.and_then(Settings::from_bytes).unwrap_or_default();
        if let Some(4) = store.position.newest(&mut store.flash, &mut buffer)? {
            store.acknowledged = u32::from_le_bytes([buffer[0], buffer[1], buffer[2], buffer[3]]);
            store.noted = store.acknowledged;
        }
        let known = store.devices.newest(&mut store.flash, &mut buffer)?;
        resumed.devices = Devices::from_bytes(known.map_or(&[], |length| &buffer[..length]));
        if let Some(length) = store.state.newest(&mut store.flash, &mut buffer)? {
            store.resume(&buffer[..length], &mut resumed)?;
        }
        // A journal that has begun anew owes what comes next, whatever was acknowledged before.
        store.acknowledged = store.acknowledged.min(store.next());
        store.noted = store.noted.min(store.next());
        Ok((store, resumed))
    }

    /// Writes settings for good.
    ///
    /// # Errors
    /// Those of the flash.
    pub fn write_settings(&mut self, settings: &Settings) -> Result<(), F::Error> {
        self.settings.append(&mut self.flash, settings.as_bytes()).map(drop)
    }

    /// Writes a certificate authority's certificate, DER, for good. An empty one takes it away.
    ///
    /// # Errors
    /// Those of the flash.
    pub fn write_certificate(&mut self, der: &[u8]) -> Result<(), F::Error> {
        self.certificate.append(&mut self.flash, der).map(drop)
    }

    /// Reads the certificate. `None`: there is none.
    ///
    /// # Errors
    /// Those of the flash.
    pub fn certificate<'b>(&mut self, buffer: &'b mut [u8; LONGEST_CERTIFICATE]) -> Result<Option<&'b [u8]>, F::Error> {
        let length = self.certificate.newest(&mut self.flash, buffer)?;
        Ok(length.filter(|length| *length > 0).map(|length| &buffer[..length]))
    }

    /// Writes what a telegram has closed, and the account behind it.
    ///
    /// # Errors
    /// Those of the flash. Then the account in memory is ahead of the one in flash, which a restart makes good as a gap.
    pub fn close(
        &mut self,
        account: &Account,
        marks: &[Mark; MARKS],
        entries: &Vec<Entry, AT_ONCE>,
    ) -> Result<(), F::Error> {
        let mut state: Vec<u8, { STATE.1 as usize }> = Vec::new();
        let mut put = |bytes: &[u8]| {
            // It fits: see the assertion above.
            let _ = state.extend_from_slice(bytes);
        };
        put(&self.journal.next().to_le_bytes());
        put(&account.to_bytes());
        for mark in marks {
            put(&mark.whose);
            put(&mark.counter.to_le_bytes());
            put(&mark.time.to_le_bytes());
        }
        put(&[entries.len() as u8]);
        let mut bytes = [0; record::LONGEST];
        for entry in entries {
            let length = record::write(entry, &mut bytes);
            put(&[length as u8]);
            put(&bytes[..length]);
        }
        self.state.append(&mut self.flash, &state)?;
        for entry in entries {
            let length = record::write(entry, &mut bytes);
            self.journal.append(&mut self.flash, &bytes[..length])?;
        }
        Ok(())
    }

    /// The number of the oldest entry that is there.
    pub const fn oldest(&self) -> u32 {
        self.journal.oldest()
    }

    /// Writes the meters behind the meter. They keep their own time and need not agree with the account.
    ///
    /// # Errors
    /// Those of the flash.
    pub fn write_devices(&mut self, bytes: &[u8]) -> Result<(), F::Error> {
        self.devices.append(&mut self.flash, bytes).map(drop)
    }

    /// The number that the next entry will have.
    pub const fn next(&self) -> u32 {
        self.journal.next()
    }

    /// The number of the first entry that the broker has not acknowledged, or of the oldest that is there.
    pub fn owed_from(&self) -> u32 {
        self.acknowledged.max(self.journal.oldest())
    }

    /// An entry. `None`: not there any more, or a hole.
    ///
    /// # Errors
    /// Those of the flash.
    pub fn entry(&mut self, number: u32) -> Result<Option<Entry>, F::Error> {
        let mut buffer = [0; JOURNAL_RECORD as usize];
        let length = self.journal.read(&mut self.flash, number, &mut buffer)?;
        Ok(length.and_then(|length| record::read(&buffer[..length])))
    }

    /// The entries that end after `since`, the newest first. They end early where the flash refuses.
    pub fn newest_first(&mut self, since: i64) -> impl Iterator<Item = Entry> + '_ {
        let mut numbers = (self.journal.oldest()..self.journal.next()).rev();
        core::iter::from_fn(move || {
            loop {
                if let Some(entry) = self.entry(numbers.next()?).ok()? {
                    return Some(entry).filter(|entry| entry.end() > since);
                }
            }
        })
    }

    /// The broker has everything before this number. It is written down a day at a time, or when nothing is owed: what was
    /// acknowledged since is sent again after a restart.
    ///
    /// # Errors
    /// Those of the flash.
    pub fn acknowledge(&mut self, number: u32) -> Result<(), F::Error> {
        self.acknowledged = self.acknowledged.max(number);
        if self.acknowledged >= self.noted + 96 || (self.acknowledged == self.next() && self.noted != self.acknowledged)
        {
            self.position.append(&mut self.flash, &self.acknowledged.to_le_bytes())?;
            self.noted = self.acknowledged;
        }
        Ok(())
    }

    /// The flash, for who goes on with it.
    pub fn into_flash(self) -> F {
        self.flash
    }

    /// Everything is to be forgotten. The settings, with key and passwords, are gone when this is over; the rest is with the next
    /// start, by [`Store::goes_on_forgetting`]: nothing else is to be written here before that.
    ///
    /// # Errors
    /// Those of the flash.
    pub fn forget(&mut self) -> Result<(), F::Error> {
        self.settings.overwrite(&mut self.flash, &FORGETTING)
    }

    /// Erases a sector of what is to be forgotten: all of them at once take 10 s, which others have to wait. Answers whether
    /// there are more.
    ///
    /// # Errors
    /// Those of the flash.
    pub fn goes_on_forgetting(&mut self) -> Result<bool, F::Error> {
        let Some(forgotten) = self.forgotten else { return Ok(false) };
        let sectors = self.flash.capacity() as u32 / SECTOR;
        if forgotten < sectors {
            // The settings' come last: they say that all this is to be forgotten.
            let start = (SETTINGS.0 + forgotten) % sectors * SECTOR;
            self.flash.erase(start, start + SECTOR)?;
            self.forgotten = Some(forgotten + 1);
            return Ok(true);
        }
        let Self { settings, certificate, state, position, devices, journal, .. } = self;
        for ring in [settings, certificate, state, position, devices, journal] {
            ring.begin_anew();
        }
        self.forgotten = None;
        Ok(false)
    }

    /// Takes the state up and writes those of its entries into the journal that the power cut kept out of it.
    fn resume(&mut self, state: &[u8], resumed: &mut Resumed) -> Result<(), F::Error> {
        let Some((head, mut rest)) = state.split_at_checked(STATE_HEAD) else { return Ok(()) };
        let (first, head) = head.split_at(4);
        let (account, head) = head.split_at(Account::BYTES);
        let Ok(account) = Account::from_bytes(account, MARGIN_S) else { return Ok(()) };
        resumed.account = account;
        for (mark, bytes) in resumed.marks.iter_mut().zip(head.chunks_exact(MARK)) {
            mark.whose.copy_from_slice(&bytes[..12]);
            mark.counter = u32::from_le_bytes(bytes[12..16].try_into().unwrap_or_default());
            mark.time = i64::from_le_bytes(bytes[16..].try_into().unwrap_or_default());
        }
        let first = u32::from_le_bytes(first.try_into().unwrap_or_default());
        let mut there = 0;
        for number in first..self.journal.next() {
            there += u8::from(self.entry(number)?.is_some());
        }
        for index in 0..head[MARKS * MARK] {
            let Some((&length, behind)) = rest.split_first() else { break };
            let Some((bytes, behind)) = behind.split_at_checked(length.into()) else { break };
            if index >= there {
                self.journal.append(&mut self.flash, bytes)?;
            }
            rest = behind;
        }
        Ok(())
    }
}

/// The settings alone, for who has to know them before the app runs: pins, the network. As delivered where there are none, or
/// the flash cannot be read; the app says that.
pub fn settings<F: NorFlash>(flash: &mut F) -> Settings {
    let mut buffer = [0; SETTINGS.1 as usize];
    let read = Ring::open(flash, 0, SETTINGS.0, SETTINGS.1).and_then(|ring| ring.newest(flash, &mut buffer));
    read.ok().flatten().and_then(|length| Settings::from_bytes(&buffer[..length])).unwrap_or_default()
}
