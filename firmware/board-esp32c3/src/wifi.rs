//! Wi-Fi: joins the network that the settings name, and joins it again for ever. Without a name, or when the button asked for it,
//! it opens a network of the board's own instead, for the setup.

use core::sync::atomic::Ordering;

use embassy_executor::Spawner;
use embassy_futures::select::{Either, Either3, select, select3};
use embassy_net::{Ipv4Address, Ipv4Cidr, StaticConfigV4};
use embassy_time::{Duration, Timer};
use esp_hal::peripherals::WIFI;
use esp_hal::ram;
use esp_radio::wifi::ap::AccessPointConfig;
use esp_radio::wifi::scan::ScanConfig;
use esp_radio::wifi::sta::StationConfig;
use esp_radio::wifi::{AuthenticationMethod, AuthenticationMethodConfig, Config, Interface, WifiController};
use portable_atomic::AtomicU32;
use smarty_app::access::{Access, Network};
use smarty_app::portal;
use smarty_app::settings::{Name, Settings};
use smarty_app::{Facts, Reason, State};

/// The network device.
pub(crate) type Nic = Interface;

/// The board's own network, open: whoever stands before the board in these minutes sets it up.
const OWN_NETWORK: &str = "SmartyReader";
/// The longest wait between two tries: a router that starts anew is back within a minute.
const LONGEST_WAIT_S: u64 = 60;
/// How often the signal's strength is told.
const TELL: Duration = Duration::from_secs(10);
/// After so long the page has answered, and the flash has the settings.
const SETTLE: Duration = Duration::from_secs(2);

/// That the setup is to be opened, over the restart that does it. Anything but the word is no.
#[ram(unstable(rtc_fast, persistent))]
static SETUP: AtomicU32 = AtomicU32::new(0);
const ASKED: u32 = 0x5E70_0B1E;

/// Who the radio listens to, and whom it tells.
#[derive(Clone, Copy)]
pub(crate) struct Reach {
    pub(crate) state: &'static State,
    pub(crate) access: &'static Access,
    pub(crate) facts: &'static Facts,
    pub(crate) reset: fn(Reason) -> !,
}

/// A network, and what it is begun with.
pub(crate) struct Begun {
    pub(crate) nic: Nic,
    pub(crate) config: embassy_net::Config,
    /// The board's own network: it needs the portal.
    pub(crate) is_own: bool,
}

/// Switches the radio on. `settings` are those of the start.
pub(crate) fn begin(spawner: Spawner, radio: WIFI<'static>, settings: &Settings, reach: Reach) -> Option<Begun> {
    let is_asked = SETUP.load(Ordering::Relaxed) == ASKED;
    SETUP.store(0, Ordering::Relaxed);
    let mut controller = WifiController::new(radio, esp_radio::wifi::ControllerConfig::default())
        .map_err(|error| log::error!("the radio does not start: {error:?}"))
        .ok()?;
    if is_asked || settings.text(Name::WifiName).is_empty() {
        let point = AccessPointConfig::default().with_ssid(OWN_NETWORK.try_into().ok()?);
        configure(&mut controller, &Config::AccessPointStation(StationConfig::default(), point));
        log::info!("no Wi-Fi is named: join the network {OWN_NETWORK} and open http://{}/", portal::ADDRESS);
        spawner.spawn(set_up(controller, reach).ok()?);
        let address = Ipv4Cidr::new(Ipv4Address::from(portal::ADDRESS.octets()), 24);
        let config = StaticConfigV4 { address, gateway: None, dns_servers: heapless::Vec::new() };
        return Some(Begun {
            nic: Interface::access_point(),
            config: embassy_net::Config::ipv4_static(config),
            is_own: true,
        });
    }
    configure(&mut controller, &station(settings)?);
    spawner.spawn(work(controller, reach).ok()?);
    Some(Begun { nic: Interface::station(), config: smarty_app::net::config(settings), is_own: false })
}

fn station(settings: &Settings) -> Option<Config> {
    let (name, password) = (settings.text(Name::WifiName), settings.text(Name::WifiPassword));
    let authentication = match password {
        "" => AuthenticationMethodConfig::Open,
        password => AuthenticationMethodConfig::Wpa2Personal(password.try_into().ok()?),
    };
    let station = StationConfig::default().with_ssid(name.try_into().ok()?).with_authentication(authentication);
    Some(Config::Station(station))
}

fn configure(controller: &mut WifiController<'static>, config: &Config) {
    if let Err(error) = controller.set_config(config) {
        log::error!("the radio does not take the settings: {error:?}");
    }
}

/// Waits for name and password, and begins anew with them.
#[embassy_executor::task]
async fn set_up(mut controller: WifiController<'static>, reach: Reach) -> ! {
    loop {
        listen(&mut controller, reach).await;
        if let Either::First(()) = select(reach.access.wanted.wait(), Timer::after_secs(LONGEST_WAIT_S)).await {
            Timer::after(SETTLE).await;
            (reach.reset)(Reason::Settings)
        }
    }
}

#[embassy_executor::task]
async fn work(mut controller: WifiController<'static>, reach: Reach) -> ! {
    listen(&mut controller, reach).await;
    let mut wait = 1;
    loop {
        if join(&mut controller, reach).await {
            wait = 1;
        }
        let pause = Timer::after_secs(wait);
        match select3(pause, reach.access.wanted.wait(), reach.access.setup.wait()).await {
            Either3::First(()) => {
                wait = (wait * 2).min(LONGEST_WAIT_S);
                listen(&mut controller, reach).await;
            }
            Either3::Second(()) => {
                wait = 1;
                if let Some(config) = reach.state.with_settings(station) {
                    configure(&mut controller, &config);
                }
            }
            Either3::Third(()) => open_setup(reach),
        }
    }
}

/// Begins anew with the board's own network.
fn open_setup(reach: Reach) -> ! {
    SETUP.store(ASKED, Ordering::Relaxed);
    (reach.reset)(Reason::Asked)
}

/// Hears who is there, for the page and Improv.
async fn listen(controller: &mut WifiController<'static>, reach: Reach) {
    let Ok(found) = controller.scan_async(&ScanConfig::default()).await else { return };
    reach.access.hear(found.iter().filter_map(|point| {
        let locked = !matches!(point.auth_method, None | Some(AuthenticationMethod::None));
        Some(Network { name: point.ssid.as_str().try_into().ok()?, rssi_dbm: point.signal_strength, locked })
    }));
}

/// Joins and stays; `false`: it could not.
async fn join(controller: &mut WifiController<'static>, reach: Reach) -> bool {
    match controller.connect_async().await {
        Ok(_) => log::info!("joined the Wi-Fi"),
        Err(error) => {
            log::warn!("cannot join: {error:?}");
            return false;
        }
    }
    loop {
        let asked = select(reach.access.wanted.wait(), reach.access.setup.wait());
        match select3(controller.wait_for_disconnect_async(), Timer::after(TELL), asked).await {
            Either3::First(why) => {
                log::warn!("lost the Wi-Fi: {why:?}");
                return true;
            }
            Either3::Second(()) => {
                let rssi = controller.rssi().map_or(0, i32::from);
                reach.facts.rssi_dbm.store(rssi, Ordering::Relaxed);
            }
            Either3::Third(Either::First(())) => {
                let _ = controller.disconnect_async().await;
                reach.access.wanted.signal(());
                return true;
            }
            Either3::Third(Either::Second(())) => open_setup(reach),
        }
    }
}
