//! Updater: decides what runs.

use core::ops::Range;

use embedded_storage::nor_flash::NorFlash;

use super::Asked;
use super::choice;
use super::header::Header;
use super::memory::{Memory, Ring, Trial};
use super::refusal::{Error, Refusal};
use super::version::Version;

/// Bytes that the flash erases at once.
pub(super) const SECTOR: u32 = 4096;

/// How often an image on trial is started before it is taken back. Two of them may be somebody pulling the plug.
pub const STARTS: u8 = 3;

/// Seconds that an image on trial has to read a telegram and to reach its broker.
pub const TRIAL_S: u32 = 300;

/// One of the two places for an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// `ota_0`, where the first image is flashed to.
    A,
    /// `ota_1`.
    B,
}

impl Slot {
    /// The one that this is not.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Where things are in the flash; all ends on borders of sectors of 4096 bytes.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The slots, A and B.
    pub slots: [Range<u32>; 2],
    /// `otadata`: two sectors.
    pub choice: Range<u32>,
    /// What is remembered of trials: two sectors or more.
    pub trial: Range<u32>,
}

impl Layout {
    /// As `firmware/partitions.csv` has it.
    pub const PARTITIONS: Self = Self {
        slots: [0x1_0000..0x19_0000, 0x19_0000..0x31_0000],
        choice: 0xd000..0xf000,
        trial: 0x31_0000..0x31_4000,
    };

    pub(super) fn slot(&self, slot: Slot) -> Range<u32> {
        self.slots[slot as usize].clone()
    }
}

/// What a start is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The image that runs is confirmed.
    Settled,
    /// It is on trial: let [`judge`] decide.
    OnTrial(Version),
    /// It was on trial too often, the one before it is chosen: start the board anew, at once.
    GoBack,
}

/// What becomes of an image on trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not known yet.
    Wait,
    /// It does what it is for: [`Updater::confirm`].
    Confirm,
    /// It had its time: [`Updater::go_back`], and start the board anew.
    GoBack,
}

/// Judges an image on trial, `uptime_s` seconds after its start. `broker` is true where none is set.
pub const fn judge(uptime_s: u32, telegram: bool, broker: bool) -> Verdict {
    if telegram && broker {
        Verdict::Confirm
    } else if uptime_s >= TRIAL_S {
        Verdict::GoBack
    } else {
        Verdict::Wait
    }
}

/// The whole flash, and what is decided about it.
#[derive(Debug)]
pub struct Updater<F> {
    pub(super) flash: F,
    pub(super) layout: Layout,
    running: Slot,
    /// For which board images have to be.
    board: &'static str,
    version: Version,
    ring: Ring,
    /// Counts the images that began to come: only the newest may write.
    ticket: u32,
}

impl<F: NorFlash> Updater<F> {
    /// `flash` is the whole of it, `running` the slot that the board was really started from: the bootloader passes over
    /// an image that is broken. `board` and `version` are those of the image that runs.
    ///
    /// # Errors
    /// The flash cannot be read.
    pub fn load(
        mut flash: F,
        layout: Layout,
        running: Slot,
        board: &'static str,
        version: Version,
    ) -> Result<Self, F::Error> {
        const { assert!(64 % F::WRITE_SIZE == 0 && F::READ_SIZE <= 4 && (SECTOR as usize).is_multiple_of(F::ERASE_SIZE)) };
        let ring = Ring::load(&mut flash, layout.trial.clone())?;
        Ok(Self { flash, layout, running, board, version, ring, ticket: 0 })
    }

    /// Counts this start. Call it once, before anything that can hang.
    ///
    /// # Errors
    /// The flash refuses, in [`Start::Settled`]'s place: nothing of the choice has changed, go on.
    pub fn start(&mut self) -> Result<Start, Error<F::Error>> {
        let mut memory = self.memory();
        let Some(trial) = memory.trial else { return Ok(Start::Settled) };
        if trial.slot != self.running {
            // The image before it runs: it was taken back, or the bootloader passed over the new one; or the power was cut
            // between remembering the trial and choosing the slot, and then the image may still be good.
            let refused = choice::chosen(&mut self.flash, &self.layout.choice).map_err(Error::Flash)? == trial.slot;
            if refused || trial.starts > 0 {
                memory.fail(trial.version);
            } else {
                memory.trial = None;
            }
            choice::choose(&mut self.flash, &self.layout.choice, self.running)?;
            self.ring.store(&mut self.flash, memory)?;
            return Ok(Start::Settled);
        }
        let counted = memory.with(Some(Trial { starts: trial.starts.saturating_add(1), ..trial }));
        if trial.starts >= STARTS || self.ring.store(&mut self.flash, counted).is_err() {
            // Too often; or it cannot be counted, and then nothing would ever end the trial.
            return self.go_back();
        }
        Ok(Start::OnTrial(trial.version))
    }

    /// The image that runs is good, and stays.
    ///
    /// # Errors
    /// The flash refuses; the trial goes on.
    pub fn confirm(&mut self) -> Result<(), Error<F::Error>> {
        if self.trial_runs() {
            let memory = self.memory().with(None);
            self.ring.store(&mut self.flash, memory)?;
        }
        Ok(())
    }

    /// The image on trial is no good. [`Start::GoBack`]: the one before it is chosen, start the board anew.
    /// [`Start::Settled`]: it is the only one that the bootloader starts, and stays.
    ///
    /// # Errors
    /// The flash refuses; the trial goes on.
    pub fn go_back(&mut self) -> Result<Start, Error<F::Error>> {
        let mut memory = self.memory();
        let Some(trial) = memory.trial.filter(|trial| trial.slot == self.running) else { return Ok(Start::Settled) };
        // The choice first: were the failure remembered and the power cut then, this image would run on, confirmed.
        let changed = choice::choose(&mut self.flash, &self.layout.choice, self.running.other())?;
        memory.fail(trial.version);
        let remembered = self.ring.store(&mut self.flash, memory);
        if changed {
            // What could not be remembered now, the image before it finds: it runs, and the trial has starts.
            return Ok(Start::GoBack);
        }
        // The choice was the other one already, and the bootloader came here: the other one does not start.
        remembered.map(|()| Start::Settled)
    }

    /// Whether an image of this version is wanted at all, before anything of it is fetched.
    ///
    /// # Errors
    /// The reason why not.
    pub fn wants(&self, version: Version, asked: Asked) -> Result<(), Refusal> {
        let memory = self.memory();
        match asked {
            // First of all: an image on trial hears the notice that brought it, and that is no trouble.
            Asked::ByNotice if version <= self.version => Err(Refusal::NotNewer(version)),
            _ if memory.trial.is_some() => Err(Refusal::OnTrial),
            Asked::ByNotice if memory.has_failed(version) => Err(Refusal::FailedBefore(version)),
            Asked::ByHand | Asked::ByNotice => Ok(()),
        }
    }

    /// Whether this image is for here.
    pub(super) fn accepts(&self, header: &Header, asked: Asked) -> Result<(), Refusal> {
        if header.board() != self.board {
            return Err(Refusal::Board);
        }
        let space = self.layout.slot(self.running.other()).len();
        if header.length == 0 || header.length as usize > space {
            return Err(Refusal::Length(header.length));
        }
        self.wants(header.version, asked)
    }

    /// Before the first byte is erased: the bootloader's choice is the slot that runs, so that it starts nothing that is half
    /// written. It is another one only where the bootloader passed over a broken image.
    ///
    /// The answer is the ticket of whoever writes; who has an older one is refused from now on.
    pub(super) fn prepare(&mut self) -> Result<u32, Error<F::Error>> {
        choice::choose(&mut self.flash, &self.layout.choice, self.running)?;
        self.ticket = self.ticket.wrapping_add(1);
        Ok(self.ticket)
    }

    /// Whether nobody else has begun to write since, and nothing has been chosen.
    pub(super) fn admits(&self, ticket: u32) -> Result<(), Refusal> {
        if ticket == self.ticket { Ok(()) } else { Err(Refusal::Overtaken) }
    }

    /// Where a new image goes: never the slot that runs, whatever the bootloader's choice says.
    pub(super) fn target(&self) -> Range<u32> {
        self.layout.slot(self.running.other())
    }

    /// What is in the other slot is whole and proven: from the next start on it is on trial.
    pub(super) fn switch(&mut self, version: Version) -> Result<(), Error<F::Error>> {
        let slot = self.running.other();
        self.ticket = self.ticket.wrapping_add(1);
        // The trial first: chosen and not remembered, the image would run for ever.
        let memory = self.memory().with(Some(Trial { slot, version, starts: 0 }));
        self.ring.store(&mut self.flash, memory)?;
        if let Err(error) = choice::choose(&mut self.flash, &self.layout.choice, slot) {
            self.ring.store(&mut self.flash, memory.with(None))?;
            return Err(error);
        }
        Ok(())
    }

    /// The version that runs.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Whether the image that runs is on trial, or the other one has just been made so.
    pub fn on_trial(&self) -> bool {
        self.memory().trial.is_some()
    }

    /// Whether the image that runs is the one on trial.
    pub fn trial_runs(&self) -> bool {
        self.memory().trial.is_some_and(|trial| trial.slot == self.running)
    }

    fn memory(&self) -> Memory {
        self.ring.memory()
    }
}
