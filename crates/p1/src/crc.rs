//! CRC-16/ARC over a telegram, from `/` to `!` inclusive (DSMR 5.0.2 §6.2).

use crc::{CRC_16_ARC, Crc, Table};

// Sixteen tables: 3 GB/s without any special instruction, where one table makes the CRC dearer than the AES.
static CRC: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_ARC);

/// CRC-16/ARC of `bytes`: polynomial 0x8005 reflected, initial 0, no final change.
pub fn crc16(bytes: &[u8]) -> u16 {
    CRC.checksum(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn check_value_of_the_catalogue() {
        assert_eq!(super::crc16(b"123456789"), 0xBB3D);
    }
}
