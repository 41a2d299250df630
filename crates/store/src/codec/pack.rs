//! Pack: bytes through zstd, with the contexts kept. The four magic bytes, always the same, are left out.

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{CParameter, Strategy};

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A compressor of one level.
pub(crate) struct Packer {
    zstd: Compressor<'static>,
    buffer: Vec<u8>,
}

impl Packer {
    /// zstd's own levels.
    pub(crate) fn new(level: i32) -> Self {
        Self::with(level, &[])
    }

    /// Nearly only entropy coding: noise has no repetitions worth the search, and short ones cost more than they save.
    pub(crate) fn entropy() -> Self {
        Self::with(1, &[CParameter::Strategy(Strategy::ZSTD_fast), CParameter::MinMatch(7)])
    }

    fn with(level: i32, parameters: &[CParameter]) -> Self {
        // These calls only fail when memory does or for a parameter that does not exist.
        let mut zstd = Compressor::new(level).unwrap_or_default();
        for &parameter in parameters {
            let _ = zstd.set_parameter(parameter);
        }
        Self { zstd, buffer: Vec::new() }
    }

    /// The compressed bytes, or `None` where they are not shorter.
    pub(crate) fn pack(&mut self, bytes: &[u8]) -> Option<&[u8]> {
        self.buffer.clear();
        self.buffer.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        self.zstd.compress_to_buffer(bytes, &mut self.buffer).ok()?;
        let packed = self.buffer.strip_prefix(&MAGIC)?;
        (packed.len() < bytes.len()).then_some(packed)
    }
}

/// A decompressor.
pub(crate) struct Unpacker {
    zstd: Decompressor<'static>,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Unpacker {
    pub(crate) fn new() -> Self {
        Self { zstd: Decompressor::new().unwrap_or_default(), input: Vec::new(), output: Vec::new() }
    }

    /// The bytes as they were, at most `limit` of them. `None`: damaged.
    pub(crate) fn unpack(&mut self, packed: &[u8], limit: usize) -> Option<&[u8]> {
        self.input.clear();
        self.input.extend_from_slice(&MAGIC);
        self.input.extend_from_slice(packed);
        self.output.clear();
        self.output.reserve(limit);
        self.zstd.decompress_to_buffer(&self.input, &mut self.output).ok()?;
        (self.output.len() <= limit).then_some(&self.output)
    }
}
