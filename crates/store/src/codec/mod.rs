//! Codec: rows of one segment as one block, each column by itself.
//!
//! | part | bytes |
//! |---|---|
//! | version | 1 |
//! | CRC-32 of everything behind it | 4, little-endian |
//! | rows, columns | varints |
//! | directory, for each column | code 1, encoding 1, length varint |
//! | columns | as the directory says, one behind the other |
//!
//! Codes below 128 are [`Quantity`](smarty_p1::Quantity) codes, those above are about the row itself. A column
//! with missing values (bit 7 of the encoding) begins with which rows have one. Nothing in a block names the
//! meter or the file: whoever holds it knows.

mod bits;
mod column;
mod pack;
mod rows;

pub(crate) use column::Effort;
pub(crate) use rows::{Column, Rows, flags};

use bits::{put_varint, take_slice, take_varint};
use pack::{Packer, Unpacker};

const VERSION: u8 = 1;
const TIME: u8 = 128;
const IDENT: u8 = 129;
/// Received minus time.
const DELAY: u8 = 130;
const FLAGS: u8 = 131;
/// In an encoding byte: some rows have no value.
const SPARSE: u8 = 1 << 7;
/// More rows than a day of telegrams every second twice over is damage.
const MOST_ROWS: u64 = 1 << 20;

/// Makes blocks.
pub(crate) struct Encoder {
    quick: Packer,
    thorough: Packer,
}

impl Encoder {
    pub(crate) fn new() -> Self {
        Self { quick: Packer::entropy(), thorough: Packer::new(12) }
    }

    /// The rows, which are sorted, as a block.
    pub(crate) fn encode(&mut self, rows: &Rows, effort: Effort) -> Vec<u8> {
        let packer = match effort {
            Effort::Quick => &mut self.quick,
            Effort::Thorough => &mut self.thorough,
        };
        let mut directory = Vec::with_capacity(200);
        let mut body = Vec::with_capacity(rows.len() * 8);
        let idents: Vec<i64> = rows.ident.iter().map(|&ident| ident as i64).collect();
        let delays: Vec<i64> =
            rows.received.iter().zip(&rows.time).map(|(received, time)| received.wrapping_sub(*time)).collect();
        let flags: Vec<i64> = rows.flags.iter().map(|&flags| i64::from(flags)).collect();
        let own = [(TIME, &rows.time), (IDENT, &idents), (DELAY, &delays), (FLAGS, &flags)];
        let own = own.map(|(code, values)| (code, None, values));
        let numbers = rows.columns.iter().map(|column| (column.code, column.present.as_ref(), &column.values));
        for (code, present, values) in own.into_iter().chain(numbers) {
            let start = body.len();
            let mut encoding = 0;
            if let Some(present) = present {
                encoding = SPARSE;
                put_presence(&mut body, present, packer);
            }
            encoding |= column::encode(values, effort, packer, &mut body);
            directory.extend([code, encoding]);
            put_varint(&mut directory, (body.len() - start) as u64);
        }
        let mut behind = Vec::with_capacity(directory.len() + body.len() + 8);
        put_varint(&mut behind, rows.len() as u64);
        put_varint(&mut behind, 4 + rows.columns.len() as u64);
        behind.extend_from_slice(&directory);
        behind.extend_from_slice(&body);
        let mut block = Vec::with_capacity(behind.len() + 5);
        block.push(VERSION);
        block.extend(crc32fast::hash(&behind).to_le_bytes());
        block.extend(behind);
        block
    }
}

fn put_presence(body: &mut Vec<u8>, present: &[bool], packer: &mut Packer) {
    let bits: Vec<u64> = present.iter().map(|&there| u64::from(there)).collect();
    let mut bytes = Vec::with_capacity(present.len() / 8 + 1);
    bits::put_packed(&mut bytes, &bits, 1);
    match packer.pack(&bytes) {
        Some(packed) => {
            put_varint(body, packed.len() as u64);
            body.extend_from_slice(packed);
        }
        None => {
            put_varint(body, 0);
            body.extend_from_slice(&bytes);
        }
    }
}

/// Reads blocks. Keeps its buffers between them.
pub(crate) struct Decoder {
    unpacker: Unpacker,
}

/// A block's directory, read and proven.
pub(crate) struct Block<'a> {
    count: usize,
    columns: Vec<(u8, u8, &'a [u8])>,
}

impl<'a> Block<'a> {
    /// `None`: damaged, or of a later version.
    pub(crate) fn open(block: &'a [u8]) -> Option<Self> {
        let (&version, rest) = block.split_first()?;
        let (crc, mut rest) = rest.split_first_chunk::<4>()?;
        if version != VERSION || crc32fast::hash(rest) != u32::from_le_bytes(*crc) {
            return None;
        }
        let rest = &mut rest;
        let count = take_varint(rest).filter(|&count| count <= MOST_ROWS)? as usize;
        let columns = take_varint(rest).filter(|&columns| columns <= 256)?;
        let mut directory = Vec::with_capacity(columns as usize);
        for _ in 0..columns {
            let head = take_slice(rest, 2)?;
            let length = take_varint(rest)? as usize;
            directory.push((head[0], head[1], length));
        }
        let mut columns = Vec::with_capacity(directory.len());
        for (code, encoding, length) in directory {
            columns.push((code, encoding, take_slice(rest, length)?));
        }
        Some(Self { count, columns })
    }
}

impl Decoder {
    pub(crate) fn new() -> Self {
        Self { unpacker: Unpacker::new() }
    }

    fn of(&mut self, block: &Block<'_>, code: u8) -> Option<Option<Column>> {
        let Some(&(_, encoding, bytes)) = block.columns.iter().find(|column| column.0 == code) else {
            return Some(None);
        };
        self.one(block.count, code, encoding, bytes).map(Some)
    }

    fn one(&mut self, rows: usize, code: u8, encoding: u8, mut bytes: &[u8]) -> Option<Column> {
        let mut present = None;
        let mut count = rows;
        if encoding & SPARSE != 0 {
            let rest = &mut bytes;
            let length = take_varint(rest)? as usize;
            let packed = match length {
                0 => take_slice(rest, rows.div_ceil(8))?,
                length => self.unpacker.unpack(take_slice(rest, length)?, rows.div_ceil(8))?,
            };
            let bits: Vec<bool> =
                bits::take_packed(packed, rows, 1)?.into_iter().map(|bit| bit == 1).collect();
            count = bits.iter().filter(|&&there| there).count();
            present = Some(bits);
        }
        let values = column::decode(encoding & !SPARSE, bytes, count, &mut self.unpacker)?;
        (values.len() == count).then_some(Column { code, present, values })
    }

    /// The times of all rows.
    pub(crate) fn times(&mut self, block: &Block<'_>) -> Option<Vec<i64>> {
        Some(self.of(block, TIME)??.values)
    }

    /// The keys of all rows.
    pub(crate) fn keys(&mut self, block: &Block<'_>) -> Option<Vec<(i64, u64)>> {
        let times = self.times(block)?;
        let idents = self.of(block, IDENT)??.values;
        Some(times.into_iter().zip(idents.into_iter().map(|ident| ident as u64)).collect())
    }

    /// One quantity's column: `Some(None)` where the block has none of it.
    pub(crate) fn column(&mut self, block: &Block<'_>, code: u8) -> Option<Option<Column>> {
        self.of(block, code)
    }

    /// Everything.
    pub(crate) fn rows(&mut self, block: &Block<'_>) -> Option<Rows> {
        let time = self.times(block)?;
        let ident = self.of(block, IDENT)??.values.into_iter().map(|ident| ident as u64).collect();
        let delays = self.of(block, DELAY)??.values;
        let received = delays.iter().zip(&time).map(|(delay, time)| delay.wrapping_add(*time)).collect();
        let flags = self.of(block, FLAGS)??.values.into_iter().map(|flags| flags as u8).collect();
        let mut columns = Vec::with_capacity(block.columns.len());
        for &(code, encoding, bytes) in block.columns.iter().filter(|column| column.0 < TIME) {
            columns.push(self.one(block.count, code, encoding, bytes)?);
        }
        let rows = Rows { time, ident, received, flags, columns };
        (rows.ident.len() == rows.time.len()).then_some(rows)
    }
}

#[cfg(test)]
mod tests;
