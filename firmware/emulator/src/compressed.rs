//! Compressed instruction: 16 bits that stand for one of 32 (RISC-V "C" extension).

/// The lowest `bits` of `value` as a signed number.
pub(crate) fn signed(value: u32, bits: u32) -> u32 {
    (((value << (32 - bits)) as i32) >> (32 - bits)) as u32
}

// The six layouts of 32-bit instructions that are needed. Argument order: highest bits first, as they stand in the manual.
fn i_type(immediate: u32, rs1: u32, funct3: u32, rd: u32, opcode: u32) -> u32 {
    (immediate & 0xFFF) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode
}
fn s_type(immediate: u32, rs2: u32, rs1: u32) -> u32 {
    (immediate >> 5 & 0x7F) << 25 | rs2 << 20 | rs1 << 15 | 2 << 12 | (immediate & 31) << 7 | 0x23
}
fn r_type(funct7: u32, rs2: u32, rs1: u32, funct3: u32, rd: u32) -> u32 {
    funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | 0x33
}
fn b_type(immediate: u32, rs1: u32, funct3: u32) -> u32 {
    (immediate >> 12 & 1) << 31
        | (immediate >> 5 & 0x3F) << 25
        | rs1 << 15
        | funct3 << 12
        | (immediate >> 1 & 15) << 8
        | (immediate >> 11 & 1) << 7
        | 0x63
}
fn j_type(immediate: u32, rd: u32) -> u32 {
    (immediate >> 20 & 1) << 31
        | (immediate >> 1 & 0x3FF) << 21
        | (immediate >> 11 & 1) << 20
        | (immediate >> 12 & 0xFF) << 12
        | rd << 7
        | 0x6F
}

/// The 32-bit instruction that a compressed one stands for. 0, itself illegal, where there is none.
pub fn expand(code: u32) -> u32 {
    let bits = |high: u32, low: u32| code >> low & ((1 << (high - low + 1)) - 1);
    let bit = |at: u32| bits(at, at);
    // "Prime" registers are the eight that three bits can name: x8 to x15.
    let (low_prime, high_prime) = (bits(4, 2) + 8, bits(9, 7) + 8);
    let (rd, rs2) = (bits(11, 7), bits(6, 2));
    let six = signed(bit(12) << 5 | bits(6, 2), 6);
    let word_offset = bit(5) << 6 | bits(12, 10) << 3 | bit(6) << 2;
    match (code & 3, bits(15, 13)) {
        (0, 0) => match bits(10, 7) << 6 | bits(12, 11) << 4 | bit(5) << 3 | bit(6) << 2 {
            0 => 0,
            offset => i_type(offset, 2, 0, low_prime, 0x13), // addi rd', sp, offset
        },
        (0, 2) => i_type(word_offset, high_prime, 2, low_prime, 0x03), // lw
        (0, 6) => s_type(word_offset, low_prime, high_prime),          // sw
        (1, 0) => i_type(six, rd, 0, rd, 0x13),                        // addi
        (1, kind @ (1 | 5)) => {
            let offset = bit(12) << 11
                | bit(8) << 10
                | bits(10, 9) << 8
                | bit(6) << 7
                | bit(7) << 6
                | bit(2) << 5
                | bit(11) << 4
                | bits(5, 3) << 1;
            j_type(signed(offset, 12), u32::from(kind == 1)) // jal, j
        }
        (1, 2) => i_type(six, 0, 0, rd, 0x13), // li
        (1, 3) if rd == 2 => {
            let step = bit(12) << 9 | bits(4, 3) << 7 | bit(5) << 6 | bit(2) << 5 | bit(6) << 4;
            i_type(signed(step, 10), 2, 0, 2, 0x13) // addi sp, sp, step
        }
        (1, 3) => (six << 12) | rd << 7 | 0x37, // lui
        (1, 4) => match (bits(11, 10), bits(6, 5)) {
            (0, _) => i_type(bits(6, 2), high_prime, 5, high_prime, 0x13), // srli
            (1, _) => i_type(0x400 | bits(6, 2), high_prime, 5, high_prime, 0x13), // srai
            (2, _) => i_type(six, high_prime, 7, high_prime, 0x13),        // andi
            (_, 0) => r_type(0x20, low_prime, high_prime, 0, high_prime),  // sub
            (_, 1) => r_type(0, low_prime, high_prime, 4, high_prime),     // xor
            (_, 2) => r_type(0, low_prime, high_prime, 6, high_prime),     // or
            _ => r_type(0, low_prime, high_prime, 7, high_prime),          // and
        },
        (1, kind) => {
            let offset = bit(12) << 8 | bits(6, 5) << 6 | bit(2) << 5 | bits(11, 10) << 3 | bits(4, 3) << 1;
            b_type(signed(offset, 9), high_prime, kind - 6) // beqz, bnez
        }
        (2, 0) => i_type(bits(6, 2), rd, 1, rd, 0x13), // slli
        (2, 2) => i_type(bits(3, 2) << 6 | bit(12) << 5 | bits(6, 4) << 2, 2, 2, rd, 0x03), // lw rd, (sp)
        (2, 4) => match (bit(12), rs2, rd) {
            (0, 0, _) => i_type(0, rd, 0, 0, 0x67), // jr
            (0, _, _) => r_type(0, rs2, 0, 0, rd),  // mv
            (1, 0, 0) => 0x0010_0073,               // ebreak
            (1, 0, _) => i_type(0, rd, 0, 1, 0x67), // jalr
            _ => r_type(0, rs2, rd, 0, rd),         // add
        },
        (2, 6) => s_type(bits(8, 7) << 6 | bits(12, 9) << 2, rs2, 2), // sw rs2, (sp)
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs as `riscv64-linux-gnu-as -march=rv32imc` makes them of the text beside.
    #[test]
    fn each_kind_is_what_the_assembler_makes_of_it() {
        for (short, long, text) in [
            (0x1141, 0xff01_0113, "addi sp, sp, -16"),
            (0xc606, 0x0011_2623, "sw ra, 12(sp)"),
            (0x40b2, 0x00c1_2083, "lw ra, 12(sp)"),
            (0x0141, 0x0101_0113, "addi sp, sp, 16"),
            (0x8082, 0x0000_8067, "ret"),
            (0x4501, 0x0000_0513, "li a0, 0"),
            (0x557d, 0xfff0_0513, "li a0, -1"),
            (0x852e, 0x00b0_0533, "mv a0, a1"),
            (0x952e, 0x00b5_0533, "add a0, a0, a1"),
            (0x8d0d, 0x40b5_0533, "sub a0, a0, a1"),
            (0x8d6d, 0x00b5_7533, "and a0, a0, a1"),
            (0x8d4d, 0x00b5_6533, "or a0, a0, a1"),
            (0x8d2d, 0x00b5_4533, "xor a0, a0, a1"),
            (0x4188, 0x0005_a503, "lw a0, 0(a1)"),
            (0xc188, 0x00a5_a023, "sw a0, 0(a1)"),
            (0x0808, 0x0101_0513, "addi a0, sp, 16"),
            (0x6505, 0x0000_1537, "lui a0, 1"),
            (0x0506, 0x0015_1513, "slli a0, a0, 1"),
            (0x8105, 0x0015_5513, "srli a0, a0, 1"),
            (0x8505, 0x4015_5513, "srai a0, a0, 1"),
            (0x890d, 0x0035_7513, "andi a0, a0, 3"),
            (0xa001, 0x0000_006f, "j ."),
            (0xc101, 0x0005_0063, "beqz a0, ."),
            (0xe101, 0x0005_1063, "bnez a0, ."),
            (0x9002, 0x0010_0073, "ebreak"),
            (0x9582, 0x0005_80e7, "jalr a1"),
            (0x0000, 0, "illegal"),
        ] {
            assert_eq!(expand(short), long, "{text}: {:08x} is not {long:08x}", expand(short));
        }
    }

    #[test]
    fn signed_keeps_the_sign_of_its_width() {
        assert_eq!(signed(0x3F, 6) as i32, -1);
        assert_eq!(signed(0x1F, 6), 31);
        assert_eq!(signed(0x800, 12) as i32, -2048);
    }
}
