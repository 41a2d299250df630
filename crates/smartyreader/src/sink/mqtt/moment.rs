//! Moment: a reading as the payloads take it.

use jiff::tz::TimeZone;
use smarty_ledger::Standing;
use smarty_p1::{Quantity, Season, Telegram};
use smarty_payload::{Clock, FromEnergy, MbusChannels, Moment, RunningQuarter};

use crate::devices::DeviceNow;
use crate::hub::Live;

/// The clock of a moment in the meters' zone.
pub(super) fn clock(utc: i64, zone: &TimeZone) -> Clock {
    let info = zone.to_offset_info(jiff::Timestamp::from_second(utc).unwrap_or_default());
    let season = if info.dst().is_dst() { Season::Summer } else { Season::Winter };
    Clock { season: Some(season), ..Clock::at(utc, info.offset().seconds()) }
}

/// The telegram behind a reading; `None` when it came in another way.
pub(super) fn telegram(live: &Live) -> Option<Telegram<'_>> {
    Telegram::parse(&live.arrival.telegram).ok()
}

/// What hangs on which channel.
pub(super) fn channels(devices: &[DeviceNow]) -> MbusChannels {
    let mut channels = MbusChannels::default();
    for device in devices {
        channels[usize::from(device.channel - 1)] = Some(device.measure);
    }
    channels
}

/// A reading with what is known around it. `before`: where the registers stood at the last publication.
pub(super) fn moment<'a>(
    live: &'a Live,
    telegram: Option<&'a Telegram<'a>>,
    zone: &TimeZone,
    before: Option<&Standing>,
) -> Moment<'a> {
    let reading = &live.arrival.reading;
    let quarter = live.quarter;
    // What counts nothing has no quarter-hour.
    let counts =
        [Quantity::EnergyImport, Quantity::EnergyExport].iter().any(|&total| reading.values.total(total).is_some());
    let power = before.map(|before| standing(live).power_since(before)).unwrap_or_default();
    Moment {
        telegram,
        mbus: channels(&live.devices),
        power_from_energy: FromEnergy { import_cw: power.import_cw, export_cw: power.export_cw },
        quarter: counts.then_some(RunningQuarter {
            start: quarter.start,
            end: quarter.end,
            energy_import_wh: quarter.energy_import_wh,
            energy_export_wh: quarter.energy_export_wh,
            complete: quarter.complete,
            outlook: quarter.outlook,
        }),
        household: live.household,
        host_time: Some(clock(crate::observe::now(), zone).local),
        ..Moment::new(clock(reading.time, zone), &reading.values, &reading.segment, &live.calculated)
    }
}

/// Where the registers stand, for the next publication.
pub(super) fn standing(live: &Live) -> Standing {
    let reading = &live.arrival.reading;
    // Two meters behind one metering point are told apart by anything that differs.
    let segment = reading.segment.bytes().fold(0i64, |sum, byte| sum.wrapping_mul(31).wrapping_add(i64::from(byte)));
    Standing::of(reading.time, segment, &reading.values)
}
