//! Arithmetic: what the processor computes of two numbers, by the number that the instruction gives the operation.

/// What both forms, with a register and with a constant, have in common.
pub(crate) fn logic(funct3: u32, a: u32, b: u32) -> u32 {
    match funct3 {
        0 => a.wrapping_add(b),
        2 => u32::from((a as i32) < b as i32),
        3 => u32::from(a < b),
        4 => a ^ b,
        6 => a | b,
        _ => a & b,
    }
}

/// Multiplication and division.
pub(crate) fn multiply(funct3: u32, a: u32, b: u32) -> u32 {
    let (signed_a, signed_b) = (a as i32, b as i32);
    match funct3 {
        0 => a.wrapping_mul(b),
        1 => ((i64::from(signed_a) * i64::from(signed_b)) >> 32) as u32,
        2 => ((i64::from(signed_a) * i64::from(b)) >> 32) as u32,
        3 => ((u64::from(a) * u64::from(b)) >> 32) as u32,
        // By zero: all ones, and the dividend as rest.
        4 if b == 0 => u32::MAX,
        4 => signed_a.wrapping_div(signed_b) as u32,
        5 => a.checked_div(b).unwrap_or(u32::MAX),
        6 if b == 0 => a,
        6 => signed_a.wrapping_rem(signed_b) as u32,
        _ => a.checked_rem(b).unwrap_or(a),
    }
}
