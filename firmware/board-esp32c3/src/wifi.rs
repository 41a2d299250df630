//! Wi-Fi: joins the network that the settings name, and joins it again for ever.

use core::sync::atomic::Ordering;

use embassy_executor::Spawner;
use embassy_futures::select::{Either3, select3};
use embassy_time::{Duration, Timer};
use esp_hal::peripherals::WIFI;
use esp_radio::wifi::scan::ScanConfig;
use esp_radio::wifi::sta::StationConfig;
use esp_radio::wifi::{AuthenticationMethodConfig, Config, Interface, WifiController};
use smarty_app::access::{Access, Network};
use smarty_app::settings::{Name, Settings};
use smarty_app::{Facts, State};

/// The network device.
pub(crate) type Nic = Interface;

/// The longest wait between two tries: a router that starts anew is back within a minute.
const LONGEST_WAIT_S: u64 = 60;
/// How often the signal's strength is told.
const TELL: Duration = Duration::from_secs(10);

/// Who the radio listens to, and whom it tells.
#[derive(Clone, Copy)]
pub(crate) struct Reach {
    pub(crate) state: &'static State,
    pub(crate) access: &'static Access,
    pub(crate) facts: &'static Facts,
}

/// Switches the radio on. `settings` are those of the start.
pub(crate) fn begin(spawner: Spawner, radio: WIFI<'static>, settings: &Settings, reach: Reach) -> Option<Nic> {
    let mut controller = WifiController::new(radio, esp_radio::wifi::ControllerConfig::default())
        .map_err(|error| log::error!("the radio does not start: {error:?}"))
        .ok()?;
    configure(&mut controller, settings);
    spawner.spawn(work(controller, reach).ok()?);
    Some(Interface::station())
}

/// Tells the radio name and password; without a name there is nothing to join.
fn configure(controller: &mut WifiController<'static>, settings: &Settings) {
    let (name, password) = (settings.text(Name::WifiName), settings.text(Name::WifiPassword));
    let authentication = match password {
        "" => Some(AuthenticationMethodConfig::Open),
        password => password.try_into().ok().map(AuthenticationMethodConfig::Wpa2Personal),
    };
    let (Ok(name), Some(authentication)) = (name.try_into(), authentication) else { return };
    let station = StationConfig::default().with_ssid(name).with_authentication(authentication);
    if let Err(error) = controller.set_config(&Config::Station(station)) {
        log::error!("the radio does not take the settings: {error:?}");
    }
}

#[embassy_executor::task]
async fn work(mut controller: WifiController<'static>, reach: Reach) -> ! {
    listen(&mut controller, reach).await;
    let mut wait = 1;
    loop {
        let named = reach.state.with_settings(|settings| !settings.text(Name::WifiName).is_empty());
        if named && join(&mut controller, reach).await {
            wait = 1;
        }
        // Until it is time again, or name and password are given.
        let pause = Timer::after_secs(wait);
        if let embassy_futures::select::Either::Second(()) =
            embassy_futures::select::select(pause, reach.access.wanted.wait()).await
        {
            wait = 1;
            let settings = reach.state.with_settings(Settings::clone);
            configure(&mut controller, &settings);
        } else {
            wait = (wait * 2).min(LONGEST_WAIT_S);
            listen(&mut controller, reach).await;
        }
    }
}

/// Hears who is there, for the page and Improv.
async fn listen(controller: &mut WifiController<'static>, reach: Reach) {
    let Ok(found) = controller.scan_async(&ScanConfig::default()).await else { return };
    reach.access.hear(found.iter().filter_map(|point| {
        let name = point.ssid.as_str();
        let locked = !matches!(point.auth_method, None | Some(esp_radio::wifi::AuthenticationMethod::None));
        Some(Network { name: name.try_into().ok()?, rssi_dbm: point.signal_strength, locked })
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
        let event =
            select3(controller.wait_for_disconnect_async(), Timer::after(TELL), reach.access.wanted.wait()).await;
        match event {
            Either3::First(why) => {
                log::warn!("lost the Wi-Fi: {why:?}");
                return true;
            }
            Either3::Second(()) => {
                let rssi = controller.rssi().map_or(0, i32::from);
                reach.facts.rssi_dbm.store(rssi, Ordering::Relaxed);
            }
            Either3::Third(()) => {
                let _ = controller.disconnect_async().await;
                reach.access.wanted.signal(());
                return true;
            }
        }
    }
}
