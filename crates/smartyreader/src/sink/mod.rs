//! Sink: where proven readings go besides the store. One file or folder each; none sees another, none is waited for.

mod day_file;
mod mail;
pub mod mqtt;
mod telegram_server;
mod udp_log;
mod webhook;

use tokio::task::JoinSet;

pub use udp_log::UdpLog;

use crate::config::Config;
use crate::hub::Hub;
use crate::observe::Observer;

/// Starts the sinks that need nothing but readings. Each ends by itself, with everything written, when nobody publishes
/// any more.
pub fn start(config: &Config, hub: &Hub, observer: &Observer) -> JoinSet<()> {
    let mut sinks = JoinSet::new();
    for (name, settings) in &config.telegram_server {
        let Some(meter) = config.meter_of(settings.meter.as_deref()) else { continue };
        sinks.spawn(telegram_server::run(
            name.clone(),
            settings.clone(),
            meter.into(),
            hub.subscribe(),
            observer.clone(),
        ));
    }
    day_file::start(config, hub, observer, &mut sinks);
    mail::start(config, hub, observer, &mut sinks);
    webhook::start(config, hub, observer, &mut sinks);
    sinks
}
