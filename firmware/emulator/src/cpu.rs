//! Processor: RISC-V with multiplication and compressed instructions (RV32IMC), machine mode only, vectored interrupts.

use crate::arithmetic::{logic, multiply};
use crate::compressed::{expand, signed};

/// What the processor sees around it.
pub trait Bus {
    /// Two bytes of a program.
    fn fetch(&mut self, address: u32) -> Option<u16>;
    /// Reads `size` bytes (1, 2 or 4), without sign.
    fn load(&mut self, address: u32, size: u32) -> Option<u32>;
    /// Writes the lowest `size` bytes of `value`.
    fn store(&mut self, address: u32, size: u32, value: u32) -> Option<()>;
    /// Cycles since power on.
    fn now(&self) -> u64;
}

/// Why the program could not go on where it was. The numbers are those of `mcause`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
    /// Nothing to run there.
    Fetch = 1,
    /// No such instruction.
    Illegal = 2,
    /// `ebreak`.
    Break = 3,
    /// Nothing to read there.
    Load = 5,
    /// Nothing to write there.
    Store = 7,
    /// `ecall`.
    Call = 11,
}

/// Registers and state.
pub struct Cpu {
    /// The registers; the first is always 0.
    pub x: [u32; 32],
    /// Address of the next instruction.
    pub pc: u32,
    csr: Vec<u32>,
    waiting: bool,
    /// Interrupts may have been allowed just now.
    opened: bool,
    instructions: u64,
}

const MSTATUS: usize = 0x300;
const MISA: usize = 0x301;
const MTVEC: usize = 0x305;
const MEPC: usize = 0x341;
const MCAUSE: usize = 0x342;
const MTVAL: usize = 0x343;
/// Interrupts are enabled, were enabled before the trap, mode before the trap.
const MIE: u32 = 1 << 3;
const MPIE: u32 = 1 << 7;
const MPP: u32 = 3 << 11;

impl Cpu {
    /// About to run at `pc`, with the stack at `stack`.
    pub fn new(pc: u32, stack: u32) -> Self {
        let mut cpu = Self { x: [0; 32], pc, csr: vec![0; 4096], waiting: false, opened: false, instructions: 0 };
        cpu.csr[MISA] = 0x4000_1104;
        // The bootloader hands over with interrupts enabled; the HAL counts on it.
        cpu.csr[MSTATUS] = MPP | MPIE | MIE;
        cpu.x[2] = stack;
        cpu
    }

    /// Whether it waits for an interrupt.
    pub fn waiting(&self) -> bool {
        self.waiting
    }

    /// Whether interrupts may have been allowed since this was asked last: then one that waits must not wait longer.
    pub fn take_opened(&mut self) -> bool {
        std::mem::take(&mut self.opened)
    }

    /// How many instructions it has run.
    pub fn instructions(&self) -> u64 {
        self.instructions
    }

    /// A line asks for attention: wakes it, and interrupts where that is allowed.
    pub fn interrupt(&mut self, line: u32) {
        self.waiting = false;
        if self.csr[MSTATUS] & MIE != 0 {
            self.enter(1 << 31 | line, 0);
            self.pc += 4 * line;
        }
    }

    fn enter(&mut self, cause: u32, value: u32) {
        (self.csr[MEPC], self.csr[MCAUSE], self.csr[MTVAL]) = (self.pc, cause, value);
        let status = self.csr[MSTATUS];
        self.csr[MSTATUS] = status & !(MIE | MPIE) | (status & MIE) << 4 | MPP;
        self.pc = self.csr[MTVEC] & !0xFF;
    }

    /// Runs one instruction, or enters the program's handler for what went wrong. Returns its cycles.
    #[inline]
    pub fn step(&mut self, bus: &mut impl Bus) -> (u64, Option<Trap>) {
        self.instructions += 1;
        let Some(low) = bus.fetch(self.pc) else { return (1, Some(self.trap(Trap::Fetch, self.pc))) };
        let (code, length) = if low & 3 == 3 {
            let Some(high) = bus.fetch(self.pc + 2) else { return (1, Some(self.trap(Trap::Fetch, self.pc + 2))) };
            (u32::from(low) | u32::from(high) << 16, 4)
        } else {
            (expand(u32::from(low)), 2)
        };
        match self.execute(code, length, bus) {
            Ok(cycles) => (cycles, None),
            Err((trap, value)) => (1, Some(self.trap(trap, value))),
        }
    }

    fn trap(&mut self, trap: Trap, value: u32) -> Trap {
        self.enter(trap as u32, value);
        trap
    }

    #[inline]
    fn execute(&mut self, code: u32, length: u32, bus: &mut impl Bus) -> Result<u64, (Trap, u32)> {
        let field = |low: u32, bits: u32| code >> low & ((1 << bits) - 1);
        let (rd, rs1, rs2) = (field(7, 5) as usize, field(15, 5) as usize, field(20, 5) as usize);
        let (funct3, funct7) = (field(12, 3), field(25, 7));
        let (a, b) = (self.x[rs1], self.x[rs2]);
        let immediate = (code as i32 >> 20) as u32;
        let upper = code & 0xFFFF_F000;
        let illegal = Err((Trap::Illegal, code));
        let mut next = self.pc.wrapping_add(length);
        let mut cycles = 1;
        let result = match code & 0x7F {
            0x37 => upper,
            0x17 => self.pc.wrapping_add(upper),
            0x6F => {
                let offset = field(31, 1) << 20 | field(12, 8) << 12 | field(20, 1) << 11 | field(21, 10) << 1;
                let back = next;
                next = self.pc.wrapping_add(signed(offset, 21));
                cycles = 2;
                back
            }
            0x67 => {
                let back = next;
                next = a.wrapping_add(immediate) & !1;
                cycles = 2;
                back
            }
            0x63 => {
                let taken = match funct3 {
                    0 => a == b,
                    1 => a != b,
                    4 => (a as i32) < b as i32,
                    5 => a as i32 >= b as i32,
                    6 => a < b,
                    7 => a >= b,
                    _ => return illegal,
                };
                if taken {
                    let offset = field(31, 1) << 12 | field(7, 1) << 11 | field(25, 6) << 5 | field(8, 4) << 1;
                    next = self.pc.wrapping_add(signed(offset, 13));
                    cycles = 2;
                }
                self.pc = next;
                return Ok(cycles);
            }
            0x03 => {
                let address = a.wrapping_add(immediate);
                let mut load = |size| bus.load(address, size).ok_or((Trap::Load, address));
                match funct3 {
                    0 => load(1)? as i8 as u32,
                    1 => load(2)? as i16 as u32,
                    2 => load(4)?,
                    4 => load(1)?,
                    5 => load(2)?,
                    _ => return illegal,
                }
            }
            0x23 => {
                let address = a.wrapping_add(signed(funct7 << 5 | rd as u32, 12));
                let size = match funct3 {
                    0 => 1,
                    1 => 2,
                    2 => 4,
                    _ => return illegal,
                };
                bus.store(address, size, b).ok_or((Trap::Store, address))?;
                self.pc = next;
                return Ok(cycles);
            }
            0x13 => match (funct3, funct7) {
                (1, 0) => a << (immediate & 31),
                (5, 0) => a >> (immediate & 31),
                (5, 0x20) => (a as i32 >> (immediate & 31)) as u32,
                (1 | 5, _) => return illegal,
                _ => logic(funct3, a, immediate),
            },
            0x33 => match (funct7, funct3) {
                (1, _) => {
                    if funct3 >= 4 {
                        cycles = 8; // about what a division costs
                    }
                    multiply(funct3, a, b)
                }
                (0x20, 0) => a.wrapping_sub(b),
                (0x20, 5) => (a as i32 >> (b & 31)) as u32,
                (0, 1) => a << (b & 31),
                (0, 5) => a >> (b & 31),
                (0, _) => logic(funct3, a, b),
                _ => return illegal,
            },
            0x0F => {
                self.pc = next;
                return Ok(cycles);
            }
            0x73 => match (funct3, code) {
                (0, 0x3020_0073) => {
                    let status = self.csr[MSTATUS];
                    self.csr[MSTATUS] = status & !(MIE | MPIE) | status >> 4 & MIE | MPIE;
                    self.pc = self.csr[MEPC];
                    self.opened = true;
                    return Ok(2);
                }
                (0, 0x1050_0073) => {
                    self.waiting = true;
                    self.pc = next;
                    return Ok(cycles);
                }
                (0, 0x0010_0073) => return Err((Trap::Break, self.pc)),
                (0, 0x0000_0073) => return Err((Trap::Call, 0)),
                (1..=3 | 5..=7, _) => self.status_register(code, a, bus.now()),
                _ => return illegal,
            },
            _ => return illegal,
        };
        if rd != 0 {
            self.x[rd] = result;
        }
        self.pc = next;
        Ok(cycles)
    }

    /// Reads and changes a control and status register; returns what it was.
    fn status_register(&mut self, code: u32, a: u32, now: u64) -> u32 {
        let number = (code >> 20) as usize;
        let rs1 = code >> 15 & 31;
        let source = if code >> 14 & 1 == 1 { rs1 } else { a };
        let old = match number {
            // The cycle counter is Espressif's own (0x7E2); the standard ones are there for programs that look at them.
            0x7E2 | 0xB00 | 0xC00 => now as u32,
            0xB80 | 0xC80 => (now >> 32) as u32,
            0xB02 | 0xC02 => self.instructions as u32,
            _ => self.csr[number],
        };
        self.opened |= number == MSTATUS;
        match code >> 12 & 3 {
            1 => self.csr[number] = source,
            2 if rs1 != 0 => self.csr[number] = old | source,
            3 if rs1 != 0 => self.csr[number] = old & !source,
            _ => {}
        }
        old
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

    use super::*;
    use proptest::prelude::*;

    /// 64 KiB at 0.
    struct Plain(Vec<u8>);

    impl Bus for Plain {
        fn fetch(&mut self, address: u32) -> Option<u16> {
            self.load(address, 2).map(|value| value as u16)
        }
        fn load(&mut self, address: u32, size: u32) -> Option<u32> {
            let bytes = self.0.get(address as usize..address as usize + size as usize)?;
            Some(bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte)))
        }
        fn store(&mut self, address: u32, size: u32, value: u32) -> Option<()> {
            let bytes = self.0.get_mut(address as usize..address as usize + size as usize)?;
            bytes.copy_from_slice(&value.to_le_bytes()[..size as usize]);
            Some(())
        }
        fn now(&self) -> u64 {
            0x1_2345_6789
        }
    }

    fn with(program: &[u32]) -> (Cpu, Plain) {
        let mut bus = Plain(vec![0; 65536]);
        for (at, code) in program.iter().enumerate() {
            bus.store(0x100 + 4 * at as u32, 4, *code).unwrap();
        }
        (Cpu::new(0x100, 0x8000), bus)
    }

    /// `op a2, a0, a1`.
    fn binary(funct7: u32, funct3: u32, a: u32, b: u32) -> u32 {
        let (mut cpu, mut bus) = with(&[funct7 << 25 | 11 << 20 | 10 << 15 | funct3 << 12 | 12 << 7 | 0x33]);
        (cpu.x[10], cpu.x[11]) = (a, b);
        assert_eq!(cpu.step(&mut bus).1, None);
        cpu.x[12]
    }

    proptest! {
        #[test]
        fn arithmetic_is_what_it_is_in_rust(a: u32, b: u32) {
            prop_assert_eq!(binary(0, 0, a, b), a.wrapping_add(b));
            prop_assert_eq!(binary(0x20, 0, a, b), a.wrapping_sub(b));
            prop_assert_eq!(binary(0, 4, a, b), a ^ b);
            prop_assert_eq!(binary(0, 2, a, b), u32::from((a as i32) < b as i32));
            prop_assert_eq!(binary(0, 3, a, b), u32::from(a < b));
            prop_assert_eq!(binary(0, 1, a, b), a.wrapping_shl(b));
            prop_assert_eq!(binary(0x20, 5, a, b), (a as i32).wrapping_shr(b) as u32);
        }

        #[test]
        fn products_and_quotients_fit_together(a: u32, b in prop_oneof![Just(0u32), any::<u32>()]) {
            let product = u64::from(a) * u64::from(b);
            prop_assert_eq!(u64::from(binary(1, 3, a, b)) << 32 | u64::from(binary(1, 0, a, b)), product);
            let signed_product = i64::from(a as i32) * i64::from(b as i32);
            prop_assert_eq!(binary(1, 1, a, b), (signed_product >> 32) as u32);
            // The law of the specification, division by zero and overflow included: a = quotient · b + rest.
            prop_assert_eq!(binary(1, 5, a, b).wrapping_mul(b).wrapping_add(binary(1, 7, a, b)), a);
            prop_assert_eq!(binary(1, 4, a, b).wrapping_mul(b).wrapping_add(binary(1, 6, a, b)), a);
        }

        #[test]
        fn what_is_stored_is_loaded(value: u32, size in 0u32..3) {
            let bits = 8 << size;
            let store = 11 << 20 | 10 << 15 | size << 12 | 0x23;
            let load = |funct3: u32| 10 << 15 | funct3 << 12 | 12 << 7 | 0x03;
            let (mut cpu, mut bus) = with(&[store, load(size), load(if size < 2 { size + 4 } else { 2 })]);
            (cpu.x[10], cpu.x[11]) = (0x4000, value);
            cpu.step(&mut bus);
            cpu.step(&mut bus);
            prop_assert_eq!(cpu.x[12], signed(value, bits));
            cpu.step(&mut bus);
            prop_assert_eq!(u64::from(cpu.x[12]), u64::from(value) & ((1 << bits) - 1));
        }

        #[test]
        fn no_bytes_at_all_bring_it_down(program in proptest::collection::vec(any::<u32>(), 16), steps in 1..200) {
            let (mut cpu, mut bus) = with(&program);
            for _ in 0..steps {
                cpu.step(&mut bus);
                prop_assert_eq!(cpu.x[0], 0);
            }
        }
    }

    #[test]
    fn a_loop_counts() {
        // li a0, 0; li a1, 100; 1: addi a0, a0, 3; addi a1, a1, -1; bnez a1, 1b; wfi
        let (mut cpu, mut bus) = with(&[0x513, 0x0640_0593, 0x0035_0513, 0xfff5_8593, 0xfe05_9ce3, 0x1050_0073]);
        while !cpu.waiting() {
            assert_eq!(cpu.step(&mut bus).1, None);
        }
        assert_eq!((cpu.x[10], cpu.instructions()), (300, 303));
    }

    #[test]
    fn an_interrupt_goes_to_its_vector_and_back() {
        let (mut cpu, mut bus) = with(&[0x1050_0073, 0x0010_0513]);
        cpu.csr[MTVEC] = 0x1001;
        bus.store(0x1000 + 4 * 7, 4, 0x3020_0073).unwrap();
        cpu.step(&mut bus);
        assert!(cpu.waiting());
        cpu.interrupt(7);
        assert_eq!((cpu.pc, cpu.csr[MCAUSE], cpu.csr[MEPC]), (0x101C, 0x8000_0007, 0x104));
        cpu.interrupt(8);
        assert_eq!(cpu.pc, 0x101C, "within a handler interrupts wait");
        assert!(!cpu.take_opened());
        cpu.step(&mut bus);
        assert!(cpu.take_opened(), "back from the handler");
        cpu.step(&mut bus);
        assert_eq!((cpu.pc, cpu.x[10]), (0x108, 1));
    }

    #[test]
    fn what_cannot_be_done_traps() {
        for (code, trap, value) in [
            (0xFFFF_FFFF, Trap::Illegal, 0xFFFF_FFFF),
            (0x0010_0073, Trap::Break, 0x100),
            (0x0000_0073, Trap::Call, 0),
            (0x1234_5503, Trap::Load, 0x7000_0123),
            (0x00A5_2023, Trap::Store, 0x7000_0000),
        ] {
            let (mut cpu, mut bus) = with(&[code]);
            (cpu.x[8], cpu.x[10]) = (0x7000_0000, 0x7000_0000);
            cpu.csr[MTVEC] = 0x1000;
            assert_eq!(cpu.step(&mut bus).1, Some(trap), "{code:08x}");
            assert_eq!((cpu.pc, cpu.csr[MCAUSE], cpu.csr[MTVAL]), (0x1000, trap as u32, value), "{code:08x}");
        }
    }
}
