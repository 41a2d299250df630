//! Install: an image on its way into the slot that does not run.

use embedded_storage::nor_flash::NorFlash;
use sha2::{Digest, Sha256};

use super::Asked;
use super::header::{HEADER_LEN, Header};
use super::refusal::{Error, Refusal};
use super::updater::{SECTOR, Updater};
use super::version::Version;

/// Bytes written at once: the flash programs 256 in one go.
const PAGE: usize = 256;

/// Takes the bytes of a file made by `scripts/sign-firmware`, in pieces of any size. Nothing is erased before the signature
/// is proven, and the choice is changed by [`Self::finish`] only, after all has been read back.
#[derive(Debug)]
pub struct Install {
    key: [u8; 32],
    asked: Asked,
    /// What a notice promised.
    promised: Option<Version>,
    header: Option<Header>,
    /// Who may write; see [`Updater::prepare`].
    ticket: u32,
    buffer: [u8; PAGE],
    filled: usize,
    written: u32,
}

impl Install {
    /// `key` is the public key that images are signed with, `promised` the version that a notice told.
    pub const fn new(key: [u8; 32], asked: Asked, promised: Option<Version>) -> Self {
        Self { key, asked, promised, header: None, ticket: 0, buffer: [0; PAGE], filled: 0, written: 0 }
    }

    /// Takes some bytes. May take as long as erasing a sector (50 ms) for each 4096 of them.
    ///
    /// # Errors
    /// The image is refused, or the flash refuses. Start from the beginning.
    pub fn take<F: NorFlash>(&mut self, updater: &mut Updater<F>, mut bytes: &[u8]) -> Result<(), Error<F::Error>> {
        while !bytes.is_empty() {
            let length = self.header.as_ref().map(|header| header.length);
            let wanted = match length {
                None => HEADER_LEN,
                Some(length) => PAGE.min((length - self.written) as usize),
            };
            if wanted == 0 {
                return Err(Refusal::Long.into());
            }
            let (now, later) = bytes.split_at(bytes.len().min(wanted - self.filled));
            self.buffer[self.filled..][..now.len()].copy_from_slice(now);
            self.filled += now.len();
            bytes = later;
            if self.filled == wanted {
                self.filled = 0;
                if length.is_none() { self.open(updater)? } else { self.write(updater, wanted)? }
            }
        }
        Ok(())
    }

    /// Parts per hundred that are written.
    pub fn percent(&self) -> u8 {
        self.header.as_ref().map_or(0, |header| (u64::from(self.written) * 100 / u64::from(header.length)) as u8)
    }

    /// All bytes have come: reads back what was written, and if it is what was signed, chooses it. Start the board anew then.
    ///
    /// # Errors
    /// The image is refused, or the flash refuses; the image that runs stays.
    pub fn finish<F: NorFlash>(self, updater: &mut Updater<F>) -> Result<Version, Error<F::Error>> {
        let Some(header) = self.header else { return Err(Refusal::Short.into()) };
        if self.written != header.length {
            return Err(Refusal::Short.into());
        }
        updater.admits(self.ticket)?;
        let (mut hash, mut at, mut left) = (Sha256::new(), updater.target().start, header.length as usize);
        let mut page = [0; PAGE];
        while left > 0 {
            updater.flash.read(at, &mut page).map_err(Error::Flash)?;
            let some = left.min(PAGE);
            hash.update(&page[..some]);
            at += PAGE as u32;
            left -= some;
        }
        if hash.finalize()[..] != header.digest {
            return Err(Refusal::Digest.into());
        }
        updater.switch(header.version)?;
        Ok(header.version)
    }

    fn open<F: NorFlash>(&mut self, updater: &mut Updater<F>) -> Result<(), Error<F::Error>> {
        let mut bytes = [0; HEADER_LEN];
        bytes.copy_from_slice(&self.buffer[..HEADER_LEN]);
        let header = Header::open(&bytes, &self.key)?;
        updater.accepts(&header, self.asked)?;
        if self.promised.is_some_and(|promised| promised != header.version) {
            return Err(Refusal::NotPromised(header.version).into());
        }
        self.ticket = updater.prepare()?;
        self.header = Some(header);
        Ok(())
    }

    fn write<F: NorFlash>(&mut self, updater: &mut Updater<F>, length: usize) -> Result<(), Error<F::Error>> {
        updater.admits(self.ticket)?;
        let at = updater.target().start + self.written;
        if self.written.is_multiple_of(SECTOR) {
            updater.flash.erase(at, at + SECTOR).map_err(Error::Flash)?;
        }
        // The last page is filled up: the flash writes whole words.
        self.buffer[length..].fill(0xff);
        updater.flash.write(at, &self.buffer).map_err(Error::Flash)?;
        self.written += length as u32;
        Ok(())
    }
}
