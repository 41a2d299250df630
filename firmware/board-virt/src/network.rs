//! Network: virtio-net as an embassy-net driver, with buffers of its own and no heap.

use core::cell::RefCell;
use core::task::Context;

use critical_section::Mutex;
use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState};
use embassy_sync::waitqueue::AtomicWaker;
use virtio_drivers::device::net::VirtIONetRaw;
use virtio_drivers::transport::DeviceType;
use virtio_drivers::transport::mmio::MmioTransport;

use crate::virtio::{Memory, find};

const MTU: usize = 1514;
/// A packet with the device's header.
const BUFFER: usize = 1536;
const BUFFERS: usize = 8;

type Device = VirtIONetRaw<Memory, MmioTransport<'static>, BUFFERS>;
type Packet = &'static mut [u8; BUFFER];

static DEVICE: Mutex<RefCell<Option<Port>>> = Mutex::new(RefCell::new(None));
static WAKER: AtomicWaker = AtomicWaker::new();

struct Port {
    device: Device,
    /// By the device's token: what it is filling.
    filling: [Option<Packet>; BUFFERS],
}

impl Port {
    fn give(&mut self, packet: Packet) {
        // SAFETY: the packet is put away until the device has given it back.
        if let Ok(token) = unsafe { self.device.receive_begin(packet) } {
            self.filling[usize::from(token)] = Some(packet);
        }
    }

    fn take(&mut self) -> Option<Received> {
        let token = self.device.poll_receive()?;
        let packet = self.filling[usize::from(token)].take()?;
        // SAFETY: it is the packet that was given under this token.
        let (head, length) = unsafe { self.device.receive_complete(token, packet) }.ok()?;
        Some(Received { packet, head, length })
    }
}

/// Looks for the device; answers its interrupt.
pub(crate) fn begin() -> Option<u32> {
    static mut PACKETS: [[u8; BUFFER]; BUFFERS] = [[0; BUFFER]; BUFFERS];
    let (transport, line) = find(DeviceType::Network)?;
    let mut device = Device::new(transport).ok()?;
    device.enable_interrupts();
    let mut port = Port { device, filling: [const { None }; BUFFERS] };
    // SAFETY: called once, and nobody else knows them.
    let packets = unsafe { (&raw mut PACKETS).as_mut() };
    for packet in packets.into_iter().flatten() {
        port.give(packet);
    }
    critical_section::with(|section| DEVICE.borrow(section).replace(Some(port)));
    Some(line)
}

/// In the interrupt.
pub(crate) fn rung() {
    with(|port| port.device.ack_interrupt());
    WAKER.wake();
}

fn with<R>(what: impl FnOnce(&mut Port) -> R) -> R {
    critical_section::with(|section| {
        what(DEVICE.borrow(section).borrow_mut().as_mut().expect("the driver runs after `begin`"))
    })
}

/// The driver.
pub(crate) struct Network;

/// A packet that has come.
pub(crate) struct Received {
    packet: Packet,
    head: usize,
    length: usize,
}

impl embassy_net_driver::RxToken for Received {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, look: F) -> R {
        let result = look(&mut self.packet[self.head..self.head + self.length]);
        with(|port| port.give(self.packet));
        result
    }
}

/// Room for a packet.
pub(crate) struct Room;

impl embassy_net_driver::TxToken for Room {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut packet = [0; MTU];
        let result = write(&mut packet[..length]);
        // A packet that the machine does not take is lost like one on the line.
        let _ = with(|port| port.device.send(&packet[..length]));
        result
    }
}

impl Driver for Network {
    type RxToken<'a> = Received;
    type TxToken<'a> = Room;

    fn receive(&mut self, context: &mut Context<'_>) -> Option<(Received, Room)> {
        WAKER.register(context.waker());
        Some((with(Port::take)?, Room))
    }
    fn transmit(&mut self, _: &mut Context<'_>) -> Option<Room> {
        Some(Room)
    }
    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }
    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = MTU;
        capabilities.max_burst_size = Some(BUFFERS);
        capabilities
    }
    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(with(|port| port.device.mac_address()))
    }
}
