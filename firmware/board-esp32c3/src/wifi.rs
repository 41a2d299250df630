//! Wi-Fi: joins the network that the settings name, and joins it again for ever.

use embassy_executor::Spawner;
use embassy_time::{Duration, Timer};
use esp_hal::peripherals::WIFI;
use esp_radio::wifi::sta::StationConfig;
use esp_radio::wifi::{AuthenticationMethodConfig, Config, Interface, WifiController};

/// The network device.
pub(crate) type Nic = Interface;

/// The longest wait between two tries: a router that starts anew is back within a minute.
const LONGEST_WAIT: u64 = 60;

/// Switches the radio on.
pub(crate) fn begin(spawner: Spawner, radio: WIFI<'static>, name: &str, password: &str) -> Option<Nic> {
    let controller = WifiController::new(radio, Default::default())
        .map_err(|error| log::error!("the radio does not start: {error:?}"))
        .ok()?;
    let authentication = match password {
        "" => AuthenticationMethodConfig::Open,
        password => AuthenticationMethodConfig::Wpa2Personal(password.try_into().ok()?),
    };
    let station = StationConfig::default().with_ssid(name.try_into().ok()?).with_authentication(authentication);
    spawner.spawn(work(controller, station).ok()?);
    Some(Interface::station())
}

#[embassy_executor::task]
async fn work(mut controller: WifiController<'static>, station: StationConfig) -> ! {
    if let Err(error) = controller.set_config(&Config::Station(station)) {
        log::error!("the radio does not take the settings: {error:?}");
    }
    let mut wait = 1;
    loop {
        match controller.connect_async().await {
            Ok(joined) => {
                log::info!("joined {joined:?}");
                wait = 1;
                let why = controller.wait_for_disconnect_async().await;
                log::warn!("lost the Wi-Fi: {why:?}");
            }
            Err(error) => {
                log::warn!("cannot join: {error:?}");
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
        Timer::after(Duration::from_secs(wait)).await;
    }
}
