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
/// How many of those there are.
const OWN: usize = 4;
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
        let mut assembly = Assembly::default();
        while self.advance(&mut assembly, rows, effort) {}
        assembly.finish(rows)
    }

    /// Encodes the next column of a block. `false`: there was none left.
    pub(crate) fn advance(&mut self, assembly: &mut Assembly, rows: &Rows, effort: Effort) -> bool {
        let packer = match effort {
            Effort::Quick => &mut self.quick,
            Effort::Thorough => &mut self.thorough,
        };
        let next = assembly.columns;
        let own;
        let (code, present, values) = match next {
            0 => (TIME, None, &rows.time),
            1 => {
                own = rows.ident.iter().map(|&ident| ident as i64).collect::<Vec<_>>();
                (IDENT, None, &own)
            }
            2 => {
                let delays = rows.received.iter().zip(&rows.time);
                own = delays.map(|(received, time)| received.wrapping_sub(*time)).collect::<Vec<_>>();
                (DELAY, None, &own)
            }
            3 => {
                own = rows.flags.iter().map(|&flags| i64::from(flags)).collect::<Vec<_>>();
                (FLAGS, None, &own)
            }
            _ => {
                let Some(column) = rows.columns.get(next - OWN) else { return false };
                (column.code, column.present.as_ref(), &column.values)
            }
        };
        let start = assembly.body.len();
        let mut encoding = 0;
        if let Some(present) = present {
            encoding = SPARSE;
            put_presence(&mut assembly.body, present, packer);
        }
        encoding |= column::encode(values, effort, packer, &mut assembly.body);
        assembly.directory.extend([code, encoding]);
        put_varint(&mut assembly.directory, (assembly.body.len() - start) as u64);
        assembly.columns += 1;
        true
    }
}

/// A block that is being made, column by column.
#[derive(Default)]
pub(crate) struct Assembly {
    columns: usize,
    directory: Vec<u8>,
    body: Vec<u8>,
}

impl Assembly {
    /// The block, once all columns are in it.
    pub(crate) fn finish(&self, rows: &Rows) -> Vec<u8> {
        let mut behind = Vec::with_capacity(self.directory.len() + self.body.len() + 8);
        put_varint(&mut behind, rows.len() as u64);
        put_varint(&mut behind, self.columns as u64);
        behind.extend_from_slice(&self.directory);
        behind.extend_from_slice(&self.body);
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
    if let Some(packed) = packer.pack(&bytes) {
        put_varint(body, packed.len() as u64);
        body.extend_from_slice(packed);
    } else {
        put_varint(body, 0);
        body.extend_from_slice(&bytes);
    }
}

/// Reads blocks. Keeps its buffers between them.
pub(crate) struct Decoder {
    unpacker: Unpacker,
}

/// A column does not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damaged;

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

    /// A column that every block has. `None`: damaged.
    fn own(&mut self, block: &Block<'_>, code: u8) -> Option<Vec<i64>> {
        self.column(block, code).ok()?.map(|column| column.values)
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
            let bits: Vec<bool> = bits::take_packed(packed, rows, 1)?.into_iter().map(|bit| bit == 1).collect();
            count = bits.iter().filter(|&&there| there).count();
            present = Some(bits);
        }
        let values = column::decode(encoding & !SPARSE, bytes, count, &mut self.unpacker)?;
        (values.len() == count).then_some(Column { code, present, values })
    }

    /// The times of all rows.
    pub(crate) fn times(&mut self, block: &Block<'_>) -> Option<Vec<i64>> {
        self.own(block, TIME)
    }

    /// The keys of all rows.
    pub(crate) fn keys(&mut self, block: &Block<'_>) -> Option<Vec<(i64, u64)>> {
        let times = self.times(block)?;
        let idents = self.own(block, IDENT)?;
        Some(times.into_iter().zip(idents.into_iter().map(|ident| ident as u64)).collect())
    }

    /// One quantity's column: `None` where the block has none of it.
    pub(crate) fn column(&mut self, block: &Block<'_>, code: u8) -> Result<Option<Column>, Damaged> {
        let Some(&(_, encoding, bytes)) = block.columns.iter().find(|column| column.0 == code) else {
            return Ok(None);
        };
        self.one(block.count, code, encoding, bytes).map(Some).ok_or(Damaged)
    }

    /// Everything.
    pub(crate) fn rows(&mut self, block: &Block<'_>) -> Option<Rows> {
        let time = self.times(block)?;
        let ident = self.own(block, IDENT)?.into_iter().map(|ident| ident as u64).collect();
        let delays = self.own(block, DELAY)?;
        let received = delays.iter().zip(&time).map(|(delay, time)| delay.wrapping_add(*time)).collect();
        let flags = self.own(block, FLAGS)?.into_iter().map(|flags| flags as u8).collect();
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
