//! Net: names and addresses.

use core::net::Ipv4Addr;

use embassy_net::dns::DnsQueryType;
use embassy_net::{Config, DhcpConfig, IpAddress, Ipv4Address, Ipv4Cidr, Stack, StaticConfigV4};
use embassy_time::{Duration, Instant, Timer};

use crate::settings::{Name, Settings};

/// Waits until there is an address, at most so long. The stack's own wait has room for one waiter only; several would wake each
/// other for ever.
pub(crate) async fn up(stack: Stack<'static>, at_most: Duration) {
    let until = Instant::now() + at_most;
    while !stack.is_config_up() && Instant::now() < until {
        Timer::after_millis(100).await;
    }
}

/// What a name means. `None`: nobody knows, or there is no network.
pub(crate) async fn resolve(stack: Stack<'static>, host: &str) -> Option<IpAddress> {
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Some(IpAddress::Ipv4(address));
    }
    stack.dns_query(host, DnsQueryType::A).await.ok()?.first().copied()
}

/// What the network is begun with: an address of our own, or one that the router gives.
pub fn config(settings: &Settings) -> Config {
    let host = settings.text(Name::HostName);
    let Some((address, prefix)) = settings.network() else {
        let mut dhcp = DhcpConfig::default();
        dhcp.hostname = host.try_into().ok();
        return Config::dhcpv4(dhcp);
    };
    let given = |name| settings.given(name).and_then(|text| text.parse::<Ipv4Address>().ok());
    let mut dns_servers = heapless::Vec::new();
    if let Some(server) = given(Name::NameServer).or(given(Name::Gateway)) {
        // The first of three.
        let _ = dns_servers.push(server);
    }
    let address = Ipv4Cidr::new(address, prefix);
    Config::ipv4_static(StaticConfigV4 { address, gateway: given(Name::Gateway), dns_servers })
}
