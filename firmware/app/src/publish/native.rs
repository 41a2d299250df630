//! Native: our own topics of the meter. What is due when is as in the daemon.

use core::fmt::{Display, Write};

use embedded_storage::nor_flash::NorFlash;
use minimq::Io;
use smarty_p1::Kind;
use smarty_payload::native::{Device, Live, Registers, Topic};

use super::Publisher;
use super::session::{Broken, Inbox, Session};
use crate::devices::DeviceNow;
use crate::settings::Name;

/// What was published on this connection, and when.
#[derive(Default)]
pub(super) struct Pace {
    /// The meter's time of the last publication.
    live: Option<i64>,
    registers: Option<i64>,
    /// Checksums of what was last said of each channel's device.
    devices: [Option<u32>; 4],
}

/// By the meter's clock, which ticks in whole telegrams; one that was put back counts as time.
pub(super) fn is_due(every: u32, last: Option<i64>, time: i64) -> bool {
    last.is_none_or(|last| time < last || time - last >= i64::from(every))
}

impl<F: NorFlash> Publisher<'_, F> {
    /// What is due with a telegram.
    pub(super) async fn publish_native<IO: Io>(&mut self, session: &mut Session<'_, '_, '_, IO>) -> Result<(), Broken> {
        let settings = self.settings;
        let (base, meter) = (settings.text(Name::Topic), settings.text(Name::Meter));
        let time = self.latest.time;
        let telegram = self.latest.telegram();
        let moment = self.latest.moment(telegram.as_ref(), self.zone, None, None, None);
        let mut out = Out { base, session, inbox: &mut self.news, state: self.state };
        if is_due(settings.number(Name::LiveEvery), self.native.live, time) {
            self.native.live = Some(time);
            out.say(Topic::Live(meter), &Live(&moment)).await?;
        }
        let counts = moment.values.iter().any(|(quantity, _)| quantity.kind() != Kind::Instant);
        if counts && is_due(settings.number(Name::RegistersEvery), self.native.registers, time) {
            self.native.registers = Some(time);
            out.say(Topic::Registers(meter), &Registers(&moment)).await?;
        }
        for (device, said) in self.latest.devices.iter().zip(&mut self.native.devices) {
            let Some(device) = device else { continue };
            let body = body(device, self.zone);
            let checksum = checksum(&body);
            if said.replace(checksum) != Some(checksum) {
                out.say(Topic::Device(meter, &device.id), &body).await?;
            }
        }
        Ok(())
    }
}

/// The way out, while something else of the publisher is looked at.
struct Out<'o, 'c, 'a, 'b, IO, I> {
    base: &'o str,
    session: &'o mut Session<'c, 'a, 'b, IO>,
    inbox: &'o mut I,
    state: &'static crate::state::State,
}

impl<IO: Io, I: Inbox> Out<'_, '_, '_, '_, IO, I> {
    async fn say(&mut self, topic: Topic<'_>, body: &dyn Display) -> Result<(), Broken> {
        let kind = (topic.qos() > 0, topic.retained());
        super::send(self.session, self.inbox, self.state, format_args!("{}/{topic}", self.base), body, kind).await
    }
}

fn body(device: &DeviceNow, zone: crate::zone::Zone) -> Device<'_> {
    Device {
        id: &device.id,
        title: device.title(),
        measure: device.measure,
        channel: device.channel,
        clock: zone.clock(device.time),
        value: device.value,
        day: device.day,
        month: device.month,
        valve: device.valve,
    }
}

/// Tells two bodies apart without keeping them.
fn checksum(body: &dyn Display) -> u32 {
    struct Sum(crc::Digest<'static, u32>);
    impl Write for Sum {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            self.0.update(text.as_bytes());
            Ok(())
        }
    }
    let mut sum = Sum(crate::ring::CRC.digest());
    // The sum takes everything.
    let _ = write!(sum, "{body}");
    sum.0.finalize()
}
