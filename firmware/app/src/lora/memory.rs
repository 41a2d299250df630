//! Memory: what of LoRaWAN survives a power cut: the number of the next join, and the session. Written before what it counts goes on
//! air, so that no number is ever used twice (LoRaWAN 1.0.4: join numbers go up for as long as the device lives).

use embedded_storage::nor_flash::NorFlash;
use heapless::Vec;

use super::identity::{FINGERPRINT, Identity};
use super::session::{JoinNumber, Session};
use crate::ring::{Ring, SECTOR};

/// A record a frame: with 96 a day each sector is erased three times, which it bears for 90 years.
const RECORD: u32 = 256;
const SECTORS: u32 = 2;
/// Bytes of flash that are needed.
pub const LEAST_MEMORY: u32 = SECTORS * SECTOR;

const LAYOUT: u8 = 1;
const HEAD: usize = 1 + 4;
/// Whose the highest number of an answer is, and that.
const HIGHEST: usize = FINGERPRINT + 3;
const WHOLE: usize = HEAD + HIGHEST + Session::BYTES;
/// As the first version wrote it: the session has the number.
const FIRST: usize = HEAD + FINGERPRINT + Session::BYTES;
const _: () = assert!(WHOLE <= RECORD as usize - 12, "a session fits its record");

/// See the module.
pub struct Memory<F> {
    flash: F,
    ring: Ring,
    /// The number of the next join.
    nonce: u32,
    /// The highest number that an answer to a join had, and whose it was.
    highest: Option<([u8; FINGERPRINT], JoinNumber)>,
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
        let mut memory = Self { flash, ring, nonce: 0, highest: None };
        let Some((head, rest)) = buffer[..length].split_first_chunk::<HEAD>().filter(|(head, _)| head[0] == LAYOUT)
        else {
            return Ok((memory, None));
        };
        memory.nonce = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
        let Some((whose, rest)) = rest.split_first_chunk::<FINGERPRINT>() else { return Ok((memory, None)) };
        let (number, session) = if length == FIRST {
            (None, rest)
        } else {
            rest.split_first_chunk().map_or((None, rest), |(number, rest)| (Some(JoinNumber(*number)), rest))
        };
        let session = session.try_into().ok().and_then(Session::from_bytes);
        let number = number.or(session.as_ref().map(|session| session.join_number));
        memory.highest = number.map(|number| (*whose, number));
        let is_ours = identity.is_some_and(|identity| *whose == identity.fingerprint());
        Ok((memory, session.filter(|_| is_ours)))
    }

    /// Whether an answer to a join with this number is new: a network counts them up for each device (LoRaWAN 1.0.4, section
    /// 6.2), and an old answer, once more on air, would lead us into a session that the network does not know.
    pub(super) fn is_new(&self, identity: &Identity, number: JoinNumber) -> bool {
        self.highest.is_none_or(|(whose, highest)| whose != identity.fingerprint() || number > highest)
    }

    /// A number for a join that was never used before. `None`: all 65,536 are.
    ///
    /// # Errors
    /// Those of the flash. Then there must be no join.
    pub fn next_nonce(&mut self, session: Option<&Session>) -> Result<Option<u16>, F::Error> {
        let Ok(nonce) = u16::try_from(self.nonce) else { return Ok(None) };
        // Used up also where the flash refuses: perhaps it has been written all the same.
        self.nonce += 1;
        self.write(session)?;
        Ok(Some(nonce))
    }

    /// Writes the session down. Before each of its frames.
    ///
    /// # Errors
    /// Those of the flash. Then the frame must not go out.
    pub fn keep(&mut self, identity: &Identity, session: &Session) -> Result<(), F::Error> {
        if self.is_new(identity, session.join_number) {
            self.highest = Some((identity.fingerprint(), session.join_number));
        }
        self.write(Some(session))
    }

    /// Forgets the session with its keys, everywhere in the region. The numbers of joins and of their answers stay.
    ///
    /// # Errors
    /// Those of the flash.
    pub fn forget(&mut self) -> Result<(), F::Error> {
        let mut buffer = [0; RECORD as usize];
        for number in self.ring.oldest()..self.ring.next() {
            if self.ring.read(&mut self.flash, number, &mut buffer)?.is_some_and(|length| length > HEAD + HIGHEST) {
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

    /// A session is of the identity that the highest number is of: see [`Memory::keep`].
    fn write(&mut self, session: Option<&Session>) -> Result<(), F::Error> {
        let mut bytes: Vec<u8, WHOLE> = Vec::new();
        let mut put = |part: &[u8]| {
            // It fits: nothing else is ever written.
            let _ = bytes.extend_from_slice(part);
        };
        put(&[LAYOUT]);
        put(&self.nonce.to_le_bytes());
        if let Some((whose, number)) = &self.highest {
            put(whose);
            put(&number.0);
            if let Some(session) = session {
                put(&session.to_bytes());
            }
        }
        self.ring.append(&mut self.flash, &bytes).map(drop)
    }
}
