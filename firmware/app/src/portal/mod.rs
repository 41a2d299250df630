//! Portal: the board's own network in the first setup. Whoever joins gets an address, and every name leads to the page.
//!
//! The board's radio opens the network, with [`ADDRESS`] of its own, and spawns [`open`] on that network's stack; the page is served
//! there by the same code as at home, and knows by [`crate::access::Place::OwnNetwork`] that it is the setup.

mod dhcp;
mod dns;

use core::net::Ipv4Addr;

use embassy_futures::join::join;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{IpAddress, IpEndpoint, Stack};

pub use dhcp::{Leases, MESSAGE};

/// The board's address in its own network, which has 254.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);

/// Longer questions are not asked by telephones.
const QUESTION: usize = 300;

/// Gives addresses and names, for ever.
pub async fn open(stack: Stack<'static>) -> ! {
    join(give_addresses(stack), give_names(stack)).await.0
}

async fn give_addresses(stack: Stack<'static>) -> ! {
    let (mut received_meta, mut sent_meta) = ([PacketMetadata::EMPTY; 2], [PacketMetadata::EMPTY; 2]);
    let (mut received, mut sent) = ([0; 2 * MESSAGE], [0; MESSAGE]);
    let mut socket = UdpSocket::new(stack, &mut received_meta, &mut received, &mut sent_meta, &mut sent);
    let (mut leases, mut message) = (Leases::new(ADDRESS), [0; MESSAGE]);
    // Nothing else listens there.
    let _ = socket.bind(67);
    loop {
        // One that is too long is none of ours.
        let Ok((length, _)) = socket.recv_from(&mut message).await else { continue };
        if let Some(length) = leases.answer(&mut message, length) {
            // Who asks has no address yet: everybody hears it.
            let everybody = IpEndpoint::new(IpAddress::Ipv4(Ipv4Addr::BROADCAST), 68);
            let _ = socket.send_to(&message[..length], everybody).await;
        }
    }
}

async fn give_names(stack: Stack<'static>) -> ! {
    let (mut received_meta, mut sent_meta) = ([PacketMetadata::EMPTY; 4], [PacketMetadata::EMPTY; 4]);
    let (mut received, mut sent) = ([0; 2 * QUESTION], [0; 2 * QUESTION]);
    let mut socket = UdpSocket::new(stack, &mut received_meta, &mut received, &mut sent_meta, &mut sent);
    let mut message = [0; QUESTION + dns::ANSWER];
    let _ = socket.bind(53);
    loop {
        let Ok((length, from)) = socket.recv_from(&mut message[..QUESTION]).await else { continue };
        if let Some(length) = dns::answer(&mut message, length, ADDRESS) {
            let _ = socket.send_to(&message[..length], from).await;
        }
    }
}
