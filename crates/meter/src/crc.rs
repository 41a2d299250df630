//! The checksum at the end of a telegram: CRC-16 with polynomial 0x8005, reflected, initial value 0.

/// `TABLES[k][b]` is the effect of byte `b` followed by `k` zero bytes.
static TABLES: [[u16; 256]; 8] = tables();

const fn tables() -> [[u16; 256]; 8] {
    let mut tables = [[0u16; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u16;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xA001 } else { crc >> 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut zeros = 1;
    while zeros < 8 {
        let mut byte = 0;
        while byte < 256 {
            let crc = tables[zeros - 1][byte];
            tables[zeros][byte] = (crc >> 8) ^ tables[0][(crc & 0xFF) as usize];
            byte += 1;
        }
        zeros += 1;
    }
    tables
}

/// CRC-16/ARC of these bytes; for a telegram everything from `/` to `!`, both included.
///
/// Eight bytes at a time: a year of telegrams is four gigabytes, and the checksum would otherwise be
/// the longest part of making one.
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    let mut crc = 0u16;
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let [low, high] = crc.to_le_bytes();
        crc = look(7, word[0] ^ low)
            ^ look(6, word[1] ^ high)
            ^ look(5, word[2])
            ^ look(4, word[3])
            ^ look(3, word[4])
            ^ look(2, word[5])
            ^ look(1, word[6])
            ^ look(0, word[7]);
    }
    for &byte in words.remainder() {
        let [low, high] = crc.to_le_bytes();
        crc = u16::from(high) ^ look(0, byte ^ low);
    }
    crc
}

fn look(zeros: usize, byte: u8) -> u16 {
    TABLES[zeros][usize::from(byte)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_catalogue() {
        assert_eq!(crc16(b"123456789"), 0xBB3D);
        assert_eq!(crc16(b""), 0);
    }
}
