//! An ESP32-C3 on the host: enough of the chip to run the product's own flash image, byte for byte as it would be flashed.
//!
//! What is there: the processor, both serial ports, timers and watchdogs, GPIO with its signal matrix, SPI with a W5500 on it, DMA from the
//! meter's port, the USB console, the flash, and what the second-stage bootloader does. What is not: the radio, and the time that the caches cost.
//!
//! Addresses and bits are those of Espressif's *ESP32-C3 Technical Reference Manual*.

mod arithmetic;
pub mod boot;
pub mod chip;
pub mod compressed;
pub mod console;
pub mod cpu;
pub mod dma;
pub mod flash;
pub mod gpio;
pub mod interrupts;
pub mod machine;
pub mod memory;
pub mod outside;
mod registers;
pub mod rom;
pub mod serial;
pub mod spi;
pub mod timer;
pub mod w5500;
pub mod watchdog;

/// Cycles of the processor in a second: it runs at 160 MHz, and all times in the emulator are counted in its cycles.
pub const HERTZ: u64 = 160_000_000;
