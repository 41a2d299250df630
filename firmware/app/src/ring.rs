//! Ring: records in flash, each with its number, written one behind the other round and round a few sectors.
//!
//! It is the one thing in flash that must survive a power cut at any moment, so everything that is remembered goes through it.
//! The number of a record says where it lies, so nothing has to be searched, and each sector is erased equally often. A
//! record is written in one go with its checksum before it: it is there whole or not at all. A torn one leaves a hole, which is
//! skipped. A sector is erased when its first record is about to be written: what was in it is the oldest.

use embedded_storage::nor_flash::NorFlash;

/// What all NOR flash chips erase at once.
pub const SECTOR: u32 = 4096;
/// Number, checksum and length.
const HEAD: usize = 12;

pub(crate) static CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// Where records of one kind lie, and the number of the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    start: u32,
    sectors: u32,
    record: u32,
    next: u32,
}

impl Ring {
    /// Looks for what was written. `record`: bytes of a record, its head of 12 included; a divisor of a sector.
    /// At least two sectors: while one is erased the newest record lies in another.
    ///
    /// # Errors
    /// Those of the flash.
    pub fn open<F: NorFlash>(flash: &mut F, start: u32, sectors: u32, record: u32) -> Result<Self, F::Error> {
        let mut ring = Self { start, sectors, record, next: 0 };
        let mut newest = None;
        for sector in 0..sectors {
            for slot in 0..ring.per_sector() {
                if let Some(number) = ring.number_at(flash, sector * ring.per_sector() + slot)? {
                    newest = newest.max(Some(number));
                    // The others of this sector are near enough to tell whether it is the newest.
                    break;
                }
            }
        }
        let Some(newest) = newest else { return Ok(ring) };
        let first = newest / ring.per_sector() * ring.per_sector();
        for number in (first..first + ring.per_sector()).rev() {
            if ring.number_at(flash, number % ring.slots())? == Some(number) {
                ring.next = number + 1;
                break;
            }
        }
        ring.skip_torn(flash)?;
        Ok(ring)
    }

    /// Records that lie in a sector.
    pub const fn per_sector(&self) -> u32 {
        SECTOR / self.record
    }

    /// Bytes that a record can hold.
    pub const fn capacity(&self) -> usize {
        self.record as usize - HEAD
    }

    /// The number of the next record.
    pub const fn next(&self) -> u32 {
        self.next
    }

    /// The number from which on records may still be there.
    pub const fn oldest(&self) -> u32 {
        let first_of_this = self.next / self.per_sector() * self.per_sector();
        (first_of_this + self.per_sector()).saturating_sub(self.slots())
    }

    /// Writes the next record and answers its number. What is longer than a record is cut: callers know their sizes.
    ///
    /// # Errors
    /// Those of the flash. The record is not there then; the next attempt is made behind it.
    pub fn append<F: NorFlash>(&mut self, flash: &mut F, payload: &[u8]) -> Result<u32, F::Error> {
        let payload = &payload[..payload.len().min(self.capacity())];
        if self.next.is_multiple_of(self.per_sector()) {
            let sector = self.address(self.next);
            flash.erase(sector, sector + SECTOR)?;
        }
        let number = self.next;
        let address = self.address(number);
        self.next += 1;
        // In one go where it fits, so that a small record is one operation of the chip.
        let mut page = [0xFF; 256];
        head(number, payload, &mut page);
        let first = payload.len().min(page.len() - HEAD);
        page[HEAD..HEAD + first].copy_from_slice(&payload[..first]);
        // The rest first: the head makes it count.
        for (index, chunk) in payload[first..].chunks(256).enumerate() {
            let mut rest = [0xFF; 256];
            rest[..chunk.len()].copy_from_slice(chunk);
            let at = address + 256 * (index as u32 + 1);
            flash.write(at, &rest[..chunk.len().next_multiple_of(4)])?;
        }
        flash.write(address, &page[..(HEAD + first).next_multiple_of(4)])?;
        Ok(number)
    }

    /// Reads a record; answers its length. `None`: it is not there, or torn, or longer than `buffer`, which has a multiple of
    /// four bytes.
    ///
    /// # Errors
    /// Those of the flash.
    pub fn read<F: NorFlash>(&self, flash: &mut F, number: u32, buffer: &mut [u8]) -> Result<Option<usize>, F::Error> {
        if !(self.oldest()..self.next).contains(&number) {
            return Ok(None);
        }
        let address = self.address(number);
        let Some((_, crc, length)) = self.head_at(flash, address)?.filter(|head| head.0 == number) else {
            return Ok(None);
        };
        let padded = length.next_multiple_of(4);
        let Some(place) = buffer.get_mut(..padded) else { return Ok(None) };
        flash.read(address + HEAD as u32, place)?;
        Ok((checksum(number, &place[..length]) == crc).then_some(length))
    }

    /// The newest record that is whole.
    ///
    /// # Errors
    /// Those of the flash.
    pub fn newest<F: NorFlash>(&self, flash: &mut F, buffer: &mut [u8]) -> Result<Option<usize>, F::Error> {
        for number in (self.oldest()..self.next).rev() {
            if let Some(length) = self.read(flash, number, buffer)? {
                return Ok(Some(length));
            }
        }
        Ok(None)
    }

    /// Its sectors have been erased: it begins as on the first day.
    pub const fn begin_anew(&mut self) {
        self.next = 0;
    }

    /// Writes this record so often that each sector has been erased, and nothing is there but it. At any moment before the first
    /// one is whole the newest record is what it was, and after that it is this one.
    ///
    /// # Errors
    /// Those of the flash.
    pub fn overwrite<F: NorFlash>(&mut self, flash: &mut F, payload: &[u8]) -> Result<(), F::Error> {
        (0..self.slots()).try_for_each(|_| self.append(flash, payload).map(drop))
    }

    const fn slots(&self) -> u32 {
        self.sectors * self.per_sector()
    }

    const fn address(&self, number: u32) -> u32 {
        self.start + number % self.slots() * self.record
    }

    /// The number of the whole record in this slot.
    fn number_at<F: NorFlash>(&self, flash: &mut F, slot: u32) -> Result<Option<u32>, F::Error> {
        let address = self.start + slot * self.record;
        let Some((number, crc, length)) = self.head_at(flash, address)? else { return Ok(None) };
        if number % self.slots() != slot {
            return Ok(None);
        }
        let mut digest = begin(number, length);
        let mut chunk = [0; 64];
        for at in (0..length).step_by(chunk.len()) {
            let part = (length - at).min(chunk.len());
            flash.read(address + (HEAD + at) as u32, &mut chunk[..part.next_multiple_of(4)])?;
            digest.update(&chunk[..part]);
        }
        Ok((digest.finalize() == crc).then_some(number))
    }

    /// Number, checksum and length, where the length can be one.
    fn head_at<F: NorFlash>(&self, flash: &mut F, address: u32) -> Result<Option<(u32, u32, usize)>, F::Error> {
        let mut head = [0; HEAD];
        flash.read(address, &mut head)?;
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let length = word(8) as usize;
        Ok((length <= self.capacity()).then_some((word(0), word(4), length)))
    }

    /// A record that was torn occupies its place.
    fn skip_torn<F: NorFlash>(&mut self, flash: &mut F) -> Result<(), F::Error> {
        while !self.next.is_multiple_of(self.per_sector()) && !self.is_blank(flash)? {
            self.next += 1;
        }
        Ok(())
    }

    fn is_blank<F: NorFlash>(&self, flash: &mut F) -> Result<bool, F::Error> {
        let address = self.address(self.next);
        let mut chunk = [0; 64];
        for at in (0..self.record).step_by(chunk.len()) {
            let part = (self.record - at).min(64) as usize;
            flash.read(address + at, &mut chunk[..part])?;
            if chunk[..part].iter().any(|byte| *byte != 0xFF) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn head(number: u32, payload: &[u8], page: &mut [u8]) {
    page[..4].copy_from_slice(&number.to_le_bytes());
    page[4..8].copy_from_slice(&checksum(number, payload).to_le_bytes());
    page[8..HEAD].copy_from_slice(&(payload.len() as u32).to_le_bytes());
}

fn begin(number: u32, length: usize) -> crc::Digest<'static, u32> {
    let mut digest = CRC.digest();
    digest.update(&number.to_le_bytes());
    digest.update(&(length as u32).to_le_bytes());
    digest
}

fn checksum(number: u32, payload: &[u8]) -> u32 {
    let mut digest = begin(number, payload.len());
    digest.update(payload);
    digest.finalize()
}
