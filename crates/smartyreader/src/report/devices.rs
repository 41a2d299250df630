//! Devices: what the meters behind a meter used: gas, water, heat, a line each.

use jiff::tz::TimeZone;
use smarty_p1::MbusUnit;
use smarty_store::{DeviceInfo, DevicePart, Reader, StoreError};

use super::figures::{Line, Tone};
use super::period::{Kind, Period};
use super::picture::Named;
use super::words;

/// The lines of a meter's devices. Nothing known: none.
pub(super) fn lines(
    reader: &Reader,
    meter: &Named,
    period: Period,
    zone: &TimeZone,
    now: i64,
) -> Result<Vec<Line>, StoreError> {
    let mut lines = Vec::new();
    for info in reader.devices(&meter.name)? {
        let Some((amount, complete)) = used(reader, &meter.name, &info, period, zone, now)? else { continue };
        let value = match info.measure.unit {
            MbusUnit::CubicMetre => format!("{}\u{a0}m³", words::milli(amount, 3)),
            MbusUnit::Gigajoule => format!("{}\u{a0}GJ", words::milli(amount, 3)),
            MbusUnit::KilowattHour => words::energy(amount),
        };
        let label = meter.devices.of(&info.identifier, info.measure.medium, info.device_type).to_string();
        let note = if complete { String::new() } else { "as far as it was measured".into() };
        lines.push(Line { label, value, note, tone: Tone::Plain });
    }
    Ok(lines)
}

/// What a device used in a period, and whether all of it was measured.
fn used(
    reader: &Reader,
    meter: &str,
    info: &DeviceInfo,
    period: Period,
    zone: &TimeZone,
    now: i64,
) -> Result<Option<(i64, bool)>, StoreError> {
    let (start, end) = period.span(zone);
    let part = match period.kind() {
        Kind::Day | Kind::Week => DevicePart::Day,
        Kind::Month => DevicePart::Month,
        Kind::Year => DevicePart::Year,
    };
    let answer = reader.device_spans(meter, &info.identifier, part, start, end)?;
    let spans: Vec<_> = answer.spans.iter().map(|span| span.as_of(now)).collect();
    // Of a week, also the gaps across its days.
    let across = answer.gaps.iter().filter(|gap| {
        let inside = |from: i64, to: i64| gap.start() >= from && gap.end() <= to;
        inside(start, end) && !spans.iter().any(|span| inside(span.start, span.end))
    });
    let known = spans.iter().filter_map(|span| span.amount).chain(across.map(smarty_store::DeviceEntry::amount));
    let complete = spans.iter().all(|span| span.complete) && spans.last().is_some_and(|last| last.end >= end);
    Ok(known.reduce(i64::saturating_add).map(|amount| (amount, complete)))
}
