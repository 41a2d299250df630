//! Chip: an RFM95 as registers on a bus in memory, driven by `lora-phy` as on the board. Its two interrupts are one line, joined by diodes.

extern crate std;

use core::cell::RefCell;
use core::convert::Infallible;
use std::rc::Rc;
use std::vec;
use std::vec::Vec;

use embassy_futures::block_on;
use embedded_hal::digital::{ErrorKind, ErrorType, OutputPin};
use embedded_hal::spi::Operation;
use embedded_hal_async::delay::DelayNs;
use embedded_hal_async::digital::Wait;
use embedded_hal_async::spi::SpiDevice;
use lora_phy::iv::GenericSx127xInterfaceVariant;
use lora_phy::mod_params::RadioError;
use lora_phy::sx127x::{Config, Sx127x, Sx1276};

use super::super::air::{Air, Chip, Sending, Window};
use super::super::eu868::DataRate;

// The registers, as the SX1276's data sheet names and numbers them.
const FIFO: usize = 0x00;
const OP_MODE: usize = 0x01;
const FRF: usize = 0x06;
const PA_CONFIG: usize = 0x09;
const FIFO_ADDR_PTR: usize = 0x0D;
const FIFO_TX_BASE: usize = 0x0E;
const FIFO_RX_CURRENT: usize = 0x10;
const IRQ_MASK: usize = 0x11;
const IRQ: usize = 0x12;
const RX_BYTES: usize = 0x13;
const PACKET_SNR: usize = 0x19;
const MODEM_CONFIG: [usize; 3] = [0x1D, 0x1E, 0x26];
const SYMBOL_TIMEOUT: usize = 0x1F;
const PREAMBLE: usize = 0x20;
const PAYLOAD_LENGTH: usize = 0x22;
const INVERT_IQ: usize = 0x33;
const SYNC_WORD: usize = 0x39;
const DIO_MAPPING: usize = 0x40;
const RX_TIMEOUT: u8 = 1 << 7;
const RX_DONE: u8 = 1 << 6;
const TX_DONE: u8 = 1 << 3;

/// How something is on air.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Signal {
    hz: u32,
    factor: u8,
    checksum: bool,
    /// Up and down turned round, as networks send.
    turned: bool,
    word: u8,
    slow_symbols: bool,
    bytes: Vec<u8>,
}

struct Registers {
    at: [u8; 0x80],
    fifo: [u8; 256],
    /// What was sent.
    sent: Vec<Signal>,
    /// What comes next: 868.3 MHz, spreading factor, bytes.
    coming: Option<(u8, Vec<u8>)>,
    /// Symbols that were listened for in vain.
    waited: Vec<u16>,
    /// It says nothing.
    dumb: bool,
}

impl Registers {
    fn signal(&self, bytes: Vec<u8>) -> Signal {
        let frf = self.at[FRF..FRF + 3].iter().fold(0, |frf, byte| frf << 8 | u64::from(*byte));
        let config = MODEM_CONFIG.map(|at| self.at[at]);
        // 125 kHz, 4/5, a header.
        assert_eq!((config[0], self.at[PREAMBLE], self.at[PREAMBLE + 1]), (0x72, 0, 8));
        Signal {
            hz: ((frf * 32_000_000) >> 19) as u32,
            factor: config[1] >> 4,
            checksum: config[1] & 4 != 0,
            turned: self.at[INVERT_IQ] & 0x40 != 0,
            word: self.at[SYNC_WORD],
            slow_symbols: config[2] & 8 != 0,
            bytes,
        }
    }

    fn write(&mut self, at: usize, value: u8) {
        match at {
            FIFO => {
                self.fifo[usize::from(self.at[FIFO_ADDR_PTR])] = value;
                self.at[FIFO_ADDR_PTR] = self.at[FIFO_ADDR_PTR].wrapping_add(1);
            }
            IRQ => self.at[IRQ] &= !value,
            _ => self.at[at] = value,
        }
        if at == OP_MODE {
            match value {
                0x83 => self.transmit(),
                0x86 => self.receive(),
                _ => {}
            }
        }
    }

    fn transmit(&mut self) {
        let from = usize::from(self.at[FIFO_TX_BASE]);
        let bytes = self.fifo[from..from + usize::from(self.at[PAYLOAD_LENGTH])].to_vec();
        let signal = self.signal(bytes);
        self.sent.push(signal);
        self.at[IRQ] |= TX_DONE;
    }

    fn receive(&mut self) {
        let here = self.signal(vec![]);
        let symbols = u16::from(self.at[MODEM_CONFIG[1]] & 3) << 8 | u16::from(self.at[SYMBOL_TIMEOUT]);
        match self.coming.take() {
            Some((factor, bytes)) if (factor, 868_299_987, true) == (here.factor, here.hz, here.turned) => {
                self.fifo[..bytes.len()].copy_from_slice(&bytes);
                (self.at[FIFO_RX_CURRENT], self.at[RX_BYTES]) = (0, bytes.len() as u8);
                self.at[PACKET_SNR] = (-7_i8 * 4) as u8;
                self.at[IRQ] |= RX_DONE;
            }
            _ => {
                self.waited.push(symbols);
                self.at[IRQ] |= RX_TIMEOUT;
            }
        }
    }

    /// DIO0 and DIO1 over their diodes.
    fn line(&self) -> bool {
        let irq = self.at[IRQ] & !self.at[IRQ_MASK];
        let first = match self.at[DIO_MAPPING] >> 6 {
            0 => irq & RX_DONE,
            1 => irq & TX_DONE,
            _ => 0,
        };
        let second = if self.at[DIO_MAPPING] >> 4 & 3 == 0 { irq & RX_TIMEOUT } else { 0 };
        !self.dumb && first | second != 0
    }
}

#[derive(Clone)]
struct Bus(Rc<RefCell<Registers>>);

impl embedded_hal::spi::ErrorType for Bus {
    type Error = Infallible;
}

impl SpiDevice for Bus {
    async fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Infallible> {
        let mut chip = self.0.borrow_mut();
        let mut address = None;
        let mut step = |out: u8| {
            let Some(at) = address else {
                address = Some(out);
                return 0;
            };
            let place = usize::from(at & 0x7F);
            let answer = if place == FIFO { chip.fifo[usize::from(chip.at[FIFO_ADDR_PTR])] } else { chip.at[place] };
            if at & 0x80 != 0 {
                chip.write(place, out);
            } else if place == FIFO {
                chip.at[FIFO_ADDR_PTR] = chip.at[FIFO_ADDR_PTR].wrapping_add(1);
            }
            if place != FIFO {
                address = Some((at & 0x80) | (at & 0x7F) + 1);
            }
            answer
        };
        for operation in operations {
            match operation {
                Operation::Write(bytes) => bytes.iter().for_each(|byte| _ = step(*byte)),
                Operation::Read(bytes) => bytes.iter_mut().for_each(|byte| *byte = step(0)),
                Operation::TransferInPlace(bytes) => bytes.iter_mut().for_each(|byte| *byte = step(*byte)),
                other => panic!("not used: {other:?}"),
            }
        }
        Ok(())
    }
}

/// The interrupts' line; who waits for what never comes is told so at once.
struct Line(Bus);

impl ErrorType for Line {
    type Error = ErrorKind;
}

impl Wait for Line {
    async fn wait_for_high(&mut self) -> Result<(), ErrorKind> {
        if self.0.0.borrow().line() { Ok(()) } else { Err(ErrorKind::Other) }
    }
    async fn wait_for_low(&mut self) -> Result<(), ErrorKind> {
        Err(ErrorKind::Other)
    }
    async fn wait_for_rising_edge(&mut self) -> Result<(), ErrorKind> {
        Err(ErrorKind::Other)
    }
    async fn wait_for_falling_edge(&mut self) -> Result<(), ErrorKind> {
        Err(ErrorKind::Other)
    }
    async fn wait_for_any_edge(&mut self) -> Result<(), ErrorKind> {
        Err(ErrorKind::Other)
    }
}

struct NoReset;

impl ErrorType for NoReset {
    type Error = Infallible;
}

impl OutputPin for NoReset {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
    fn set_high(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

struct NoDelay;

impl DelayNs for NoDelay {
    async fn delay_ns(&mut self, _: u32) {}
}

/// A chip, as the board makes it.
fn begin(open_to_all: bool) -> (impl Air<Broken = RadioError>, Bus) {
    let mut registers =
        Registers { at: [0; 0x80], fifo: [0; 256], sent: vec![], coming: None, waited: vec![], dumb: false };
    // As after its reset.
    (registers.at[MODEM_CONFIG[0]], registers.at[MODEM_CONFIG[1]]) = (0x72, 0x70);
    let bus = Bus(Rc::new(RefCell::new(registers)));
    let config = Config { chip: Sx1276, tcxo_used: false, tx_boost: true, rx_boost: true };
    let lines = GenericSx127xInterfaceVariant::new(NoReset, Line(bus.clone()), None, None).unwrap();
    let radio = block_on(Chip::begin(Sx127x::new(bus.clone(), lines, config), open_to_all, NoDelay)).unwrap();
    (radio, bus)
}

fn sending(rate: DataRate, checksum: bool) -> Sending {
    Sending { hz: 868_300_000, rate, power_dbm: 14, checksum }
}

#[test]
fn frames_go_out_as_they_are_meant() {
    for (open_to_all, word) in [(true, 0x34), (false, 0x12)] {
        let (mut radio, bus) = begin(open_to_all);
        for number in [0, 2, 3, 4, 5] {
            let rate = DataRate::new(number).unwrap();
            let bytes = vec![number; 52];
            block_on(radio.send(&sending(rate, open_to_all), &bytes)).unwrap();
            block_on(radio.rest());
            let chip = bus.0.borrow();
            let expected = Signal {
                // The step of the chip is 61 Hz.
                hz: 868_299_987,
                factor: 12 - number,
                checksum: open_to_all,
                turned: false,
                word,
                // For symbols of more than 16 ms.
                slow_symbols: number == 0,
                bytes,
            };
            assert_eq!(chip.sent.last(), Some(&expected));
            // 14 dBm at the pin with the amplifier, and asleep again.
            assert_eq!((chip.at[PA_CONFIG], chip.at[OP_MODE]), (0x8C, 0x80));
        }
    }
}

/// Why data rate 1 cannot be chosen: its symbols have 16.4 ms, and the driver takes them for short. When this fails, it can be.
#[test]
fn data_rate_1_is_set_wrong_by_the_driver() {
    let (mut radio, bus) = begin(true);
    block_on(radio.send(&sending(DataRate::new(1).unwrap(), true), &[1])).unwrap();
    assert!(!bus.0.borrow().sent[0].slow_symbols);
}

#[test]
fn answers_are_heard_in_their_window_and_silence_is_none() {
    let (mut radio, bus) = begin(true);
    let mut buffer = [0; 255];
    let window = |hz, number| Window { after_ms: 1000, hz, rate: DataRate::new(number).unwrap() };
    bus.0.borrow_mut().coming = Some((9, vec![7; 33]));
    assert_eq!(block_on(radio.listen(&window(868_300_000, 3), &mut buffer)), Ok(Some((33, -7))));
    assert_eq!(buffer[..33], [7; 33]);
    // Another data rate hears nothing.
    bus.0.borrow_mut().coming = Some((9, vec![7; 33]));
    assert_eq!(block_on(radio.listen(&window(868_300_000, 5), &mut buffer)), Ok(None));
    assert_eq!(block_on(radio.listen(&window(869_525_000, 0), &mut buffer)), Ok(None));
    // The preamble, and 80 ms: 78 symbols of 1 ms, 2 of 33.
    assert_eq!(bus.0.borrow().waited, [13 + 78, 13 + 2]);
}

#[test]
fn a_chip_that_says_nothing_is_an_error_and_begins_anew() {
    let (mut radio, bus) = begin(true);
    bus.0.borrow_mut().dumb = true;
    let frame = sending(DataRate::FASTEST, true);
    assert_eq!(block_on(radio.send(&frame, &[1])), Err(RadioError::Irq));
    bus.0.borrow_mut().dumb = false;
    // It has lost its power meanwhile, and knows nothing of networks any more.
    bus.0.borrow_mut().at[SYNC_WORD] = 0x12;
    block_on(radio.send(&frame, &[2])).unwrap();
    let chip = bus.0.borrow();
    assert_eq!(chip.sent.last().map(|signal| (signal.word, signal.bytes.clone())), Some((0x34, vec![2])));
}
