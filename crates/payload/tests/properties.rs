//! Laws: whatever a meter sends, messages are JSON and their numbers are the integers.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use common::{Lines, calculated};
use proptest::prelude::*;
use serde_json::{Map, Value};
use smarty_ledger::{Calculated, Energies, Gap, QuarterHour, Reason};
use smarty_p1::{Kind, Quantity, Telegram, Values, crc16};
use smarty_payload::home_assistant::{Device, Discovery, Sent};
use smarty_payload::{
    Clock, FromEnergy, Moment, RunningQuarter, dsmr_reader, mbus_channels, native, smartyreader5, v1_5, v1_7,
};

/// Beyond any meter: a quadrillion of the smallest unit.
const FAR: i64 = 1_000_000_000_000_000;

fn any_values() -> impl Strategy<Value = Values> {
    proptest::collection::vec(proptest::option::of(-FAR..FAR), Quantity::COUNT).prop_map(|numbers| {
        let mut values = Values::EMPTY;
        for (&quantity, number) in Quantity::ALL.iter().zip(numbers) {
            if let Some(number) = number {
                values.set(quantity, number);
            }
        }
        // Types that mean something, or else the channels never do.
        for of in [Quantity::Mbus1DeviceType, Quantity::Mbus2DeviceType, Quantity::Mbus3DeviceType] {
            if let Some(number) = values.get(of) {
                values.set(of, number.rem_euclid(9));
            }
        }
        values
    })
}

fn object(json: &str) -> Map<String, Value> {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// What `decimals` digits behind the point make of an integer, by a way of its own.
fn rounded(value: i64, scale: u32, decimals: u32) -> String {
    let divisor = 10_i128.pow(scale - decimals);
    let magnitude = (i128::from(value).abs() * 2 + divisor) / (divisor * 2);
    let unit = 10_i128.pow(decimals);
    let sign = if value < 0 && magnitude > 0 { "-" } else { "" };
    format!("{sign}{}.{:0width$}", magnitude / unit, magnitude % unit, width = decimals as usize)
}

proptest! {
    #[test]
    fn every_message_is_json_and_its_numbers_are_the_integers(
        values in any_values(),
        equipment in any::<String>(),
        utc in 0..253_402_300_000_i64,
        offset in -86_400..86_400,
        energy in proptest::option::of(-FAR..FAR),
        all_known in any::<bool>(),
    ) {
        let known = if all_known { calculated(&values) } else { Calculated::default() };
        let quarter = RunningQuarter {
            start: utc, end: utc + 900, energy_import_wh: energy, energy_export_wh: energy, complete: false, outlook: known.outlook,
        };
        let moment = Moment {
            mbus: mbus_channels(&values, None),
            quarter: Some(quarter),
            power_from_energy: FromEnergy { import_cw: energy, export_cw: None },
            ..Moment::new(Clock::at(utc, offset), &values, &equipment, &known)
        };
        let (live, registers) = (object(&native::Live(&moment).to_string()), object(&native::Registers(&moment).to_string()));
        for &quantity in Quantity::ALL {
            let (with, without) = if quantity.kind() == Kind::Instant { (&live, &registers) } else { (&registers, &live) };
            let expected = if quantity.kind() == Kind::Register { values.total(quantity) } else { values.get(quantity) };
            prop_assert_eq!(with.get(quantity.name()).and_then(Value::as_i64), expected, "{:?}", quantity);
            prop_assert!(!without.contains_key(quantity.name()));
        }
        prop_assert_eq!(live.get("power_net_w").and_then(Value::as_i64), values.power_net());
        prop_assert_eq!(live["time_unix"].as_i64(), Some(utc));
        prop_assert_eq!(live.get("quarter_demand_import_w").and_then(Value::as_i64), energy.map(|wh| wh * 4));

        for form in [v1_5::Form::Json, v1_5::Form::Text, v1_5::Form::Bare] {
            let lines = Lines::of(|mut visit| v1_5::all_fields(&moment, form, &mut visit));
            if form == v1_5::Form::Json {
                for (topic, payload) in &lines.0 {
                    let json = object(payload);
                    prop_assert!(json.contains_key(&format!("{topic}_value")), "{payload}");
                }
            }
        }
        let power_and_energy = v1_5::PowerAndEnergy(&moment).to_string();
        object(&power_and_energy);
        if let Some(wh) = values.total(Quantity::EnergyImport) {
            let pair = format!("\"energy_consumption [kWh]\":{}", rounded(wh, 3, 2));
            prop_assert!(power_and_energy.contains(&pair), "{pair} in {power_and_energy}");
        }
        object(&v1_7::Cooked { moment: &moment, wanted: &|_| true }.to_string());
        let all = Lines::of(|mut visit| v1_7::all(&moment, &|_| true, &mut visit));
        if let Some(mw) = values.get(Quantity::VoltageL1) {
            let line = ("volt_l1_V".to_string(), rounded(mw, 3, 2));
            prop_assert!(all.0.contains(&line), "{line:?}");
        }
        object(&smartyreader5::Message(&moment).to_string());
        let line = smartyreader5::CardLine { meters: &[moment, moment], tank_cm: Some(7) }.to_string();
        if !equipment.contains('\t') {
            prop_assert_eq!(line.matches('\t').count(), 12);
        }
        let json = object(&dsmr_reader::Json(&moment).to_string());
        prop_assert_eq!(json.len(), 22);
        let reading = Lines::of(|mut visit| dsmr_reader::reading(&moment, &mut visit));
        for (topic, payload) in &reading.0 {
            let value = &json[topic.trim_start_matches("reading/")];
            let expected = value.as_str().map_or_else(|| value.to_string(), String::from);
            prop_assert_eq!(payload, &expected, "{}", topic);
        }
    }

    #[test]
    fn accounts_and_status_are_json(
        start in 0..253_402_300_000_i64,
        energies in proptest::array::uniform4(proptest::option::of(any::<i64>())),
        sentence in any::<String>(),
        counters in proptest::collection::btree_map(any::<String>(), any::<u64>(), 0..5),
    ) {
        let [import, export, reactive_import, reactive_export] = energies;
        let energies = Energies { import, export, reactive_import, reactive_export };
        let entry = QuarterHour { start, energies, complete: false, power_net: None, voltage: None, telegrams: 1 };
        let message = object(&native::QuarterHour { entry: &entry, start_offset: 0, end_offset: -3600 }.to_string());
        prop_assert_eq!(message.get("energy_import_wh").and_then(Value::as_i64), import);
        prop_assert_eq!(message["end_unix"].as_i64(), Some(start + 900));
        let gap = Gap { start, end: start + 1, energies, reason: Reason::Swap };
        let message = object(&native::Gap { entry: &gap, start_offset: 0, end_offset: 0 }.to_string());
        prop_assert_eq!(message.get("reactive_energy_export_varh").and_then(Value::as_i64), reactive_export);
        let named: Vec<(&str, u64)> = counters.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        let status = native::Status { last: None, proof: None, age_s: None, sentence: &sentence, counters: &named };
        let message = object(&status.to_string());
        prop_assert_eq!(message["sentence"].as_str(), Some(sentence.as_str()));
        for (name, count) in &counters {
            prop_assert_eq!(message["counters"][name].as_u64(), Some(*count));
        }
    }

    #[test]
    fn a_discovery_of_anything_is_json(
        values in any_values(),
        title in any::<String>(),
        base in any::<String>(),
        references_w in proptest::collection::btree_set(any::<u32>(), 0..4),
        expire_after_s in any::<u32>(),
        household in any::<bool>(),
    ) {
        let references_w: Vec<u32> = references_w.into_iter().collect();
        let discovery = Discovery {
            device: Device {
                meter: "m", title: &title, equipment: Some(&title), manufacturer: Some(&title), model: Some(&title),
                software: &title, url: Some(&title),
            },
            base: &base,
            sent: Sent::of(&values),
            mbus: mbus_channels(&values, None),
            devices: [Some(&title); 4],
            household,
            references_w: &references_w, has_reference: true, has_costs: true,
            expire_after_s,
            removed: &["gone \"quoted\""],
        };
        let message = object(&discovery.to_string());
        prop_assert_eq!(message["dev"]["name"].as_str(), Some(title.as_str()));
        let single = Lines::of(|mut visit| discovery.single(&mut visit));
        prop_assert_eq!(single.0.len() + 1, message["cmps"].as_object().unwrap().len());
        for (_, payload) in &single.0 {
            object(payload);
        }
    }

    /// Messages, ids and numbers as a meter might send them one day.
    #[test]
    fn a_telegram_of_anything_leaves_as_json(groups in proptest::collection::vec("[ -'*-~\u{80}-\u{ff}]{0,20}", 60)) {
        let codes = Quantity::ALL.iter().filter_map(|quantity| quantity.obis()).map(|obis| obis.to_string());
        let texts = ["1-3:0.2.8", "0-0:42.0.0", "0-0:96.13.0", "0-0:96.13.2", "0-2:96.1.0", "0-0:1.0.0"].map(String::from);
        let mut text = b"/Odd5\\\"meter\"\xe9\r\n\r\n".to_vec();
        for (code, group) in texts.into_iter().chain(codes).zip(&groups) {
            let latin: Vec<u8> = group.chars().map(|char| char as u8).collect();
            text.extend(code.bytes().chain(*b"(").chain(latin).chain(*b")\r\n"));
        }
        text.extend(*b"0-2:24.1.0(003)\r\n0-2:24.2.1(260614201836S)(09510.905*m3)\r\n!");
        let crc = crc16(&text);
        text.extend(format!("{crc:04X}\r\n").bytes());
        let telegram = Telegram::parse(&text).unwrap();
        let values = smarty_p1::Reading::of(&telegram).values;
        let nothing = Calculated::default();
        let moment = Moment {
            telegram: Some(&telegram),
            mbus: mbus_channels(&values, Some(&telegram)),
            ..Moment::new(Clock::at(0, 0), &values, "\"\\", &nothing)
        };
        object(&native::Live(&moment).to_string());
        object(&native::Registers(&moment).to_string());
        object(&smartyreader5::Message(&moment).to_string());
        object(&dsmr_reader::Json(&moment).to_string());
        object(&v1_5::PowerAndEnergy(&moment).to_string());
        let fields = Lines::of(|mut visit| v1_5::all_fields(&moment, v1_5::Form::Json, &mut visit));
        prop_assert!(fields.0.iter().all(|(_, payload)| !object(payload).is_empty()));
        prop_assert!(!Lines::of(|mut visit| v1_7::all(&moment, &|_| true, &mut visit)).0.is_empty());
        let raw: Vec<u8> = dsmr_reader::Raw(&telegram).to_string().chars().map(|char| char as u8).collect();
        prop_assert_eq!(raw, text);
    }
}
