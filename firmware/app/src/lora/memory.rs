//! Memory: what of LoRaWAN survives a power cut: the number of the next join, and the session. Written before what it counts goes on
//! air, so that no number is ever used twice (LoRaWAN 1.0.4: join numbers go up for as long as the device lives).

use embedded_storage::nor_flash::NorFlash;

use super::identity::{FINGERPRINT, Identity};
use super::session::Session;
use crate::ring::{Ring, SECTOR};

/// A record a frame: with 96 a day each sector is erased three times, which it bears for 90 years.
const RECORD: u32 = 256;
const SECTORS: u32 = 2;
/// Bytes of flash that are needed.
pub const LEAST_MEMORY: u32 = SECTORS * SECTOR;

const LAYOUT: u8 = 1;
const HEAD: usize = 1 + 4;
const WHOLE: usize = HEAD + FINGERPRINT + Session::BYTES;
const _: () = assert!(WHOLE <= RECORD as usize - 12, "a session fits its record");

/// See the module.
pub struct Memory<F> {
    flash: F,
    ring: Ring,
    /// The number of the next join.
    nonce: u32,
}

impl<F: NorFlash> Memory<F> {
    /// Opens the region, which has at least [`LEAST_MEMORY`] bytes; answers the session, where there is one of this identity.
    ///
    /// # Errors
    /// Those of the flash.
    pub fn open(mut flash: F, identity: Option<&Identity>) -> Result<(Self, Option<Session>), F::Error> {
        let ring = Ring::open(&mut flash, 0, SECTORS, RECORD)?;
        let mut buffer = [0; RECORD as usize];
        let length = ring.newest(&mut flash, &mut buffer)?.unwrap_or(0);
        let mut memory = Self { flash, ring, nonce: 0 };
        let Some((head, rest)) = buffer[..length].split_first_chunk::<HEAD>().filter(|(head, _)| head[0] == LAYOUT)
        else {
            return Ok((memory, None));
        };
        memory.nonce = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
        let session = identity.and_then(|identity| {
            let (whose, session) = rest.split_first_chunk::<FINGERPRINT>()?;
            let session = Session::from_bytes(session.try_into().ok()?)?;
            (*whose == identity.fingerprint()).then_some(session)
        });
        Ok((memory, session))
    }

    /// A number for a join that was never used before. `None`: all 65,536 are.
    ///
    /// # Errors
    /// Those of the flash. Then there must be no join.
    pub fn next_nonce(&mut self, identity: &Identity, session: Option<&Session>) -> Result<Option<u16>, F::Error> {
        let Ok(nonce) = u16::try_from(self.nonce) else { return Ok(None) };
        // Used up also where the flash refuses: perhaps it has been written all the same.
        self.nonce += 1;
        self.write(session.map(|session| (identity, session)))?;
        Ok(Some(nonce))
    }

    /// Writes the session down. Before each of its frames.
    ///
    /// # Errors
    /// Those of the flash. Then the frame must not go out.
    pub fn keep(&mut self, identity: &Identity, session: &Session) -> Result<(), F::Error> {
        self.write(Some((identity, session)))
    }

    /// Forgets the session with its keys, everywhere in the region. The number of the next join stays.
    ///
    /// # Errors
    /// Those of the flash.
    pub fn forget(&mut self) -> Result<(), F::Error> {
        let mut buffer = [0; RECORD as usize];
        for number in self.ring.oldest()..self.ring.next() {
            if self.ring.read(&mut self.flash, number, &mut buffer)?.is_some_and(|length| length > HEAD) {
                // Until each sector has been erased.
                return (0..SECTORS * self.ring.per_sector()).try_for_each(|_| self.write(None));
            }
        }
        Ok(())
    }

    /// The flash, for who goes on with it.
    pub fn into_flash(self) -> F {
        self.flash
    }

    fn write(&mut self, session: Option<(&Identity, &Session)>) -> Result<(), F::Error> {
        let mut bytes = [0; WHOLE];
        bytes[0] = LAYOUT;
        bytes[1..HEAD].copy_from_slice(&self.nonce.to_le_bytes());
        let length = if let Some((identity, session)) = session {
            bytes[HEAD..HEAD + FINGERPRINT].copy_from_slice(&identity.fingerprint());
            bytes[HEAD + FINGERPRINT..].copy_from_slice(&session.to_bytes());
            WHOLE
        } else {
            HEAD
        };
        self.ring.append(&mut self.flash, &bytes[..length]).map(drop)
    }
}
