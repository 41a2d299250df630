//! The texts: form, checksum, object lists, and that they say what the truth beside them says.

mod common;

use common::{crc_bit_by_bit, number, objects};
use smarty_meter::{MeterConfig, Profile, Telegram, VirtualMeter};

fn telegrams(profile: Profile) -> impl Iterator<Item = Telegram> {
    let mut meter = VirtualMeter::new(MeterConfig { start: 1_780_653_600, ..MeterConfig::new(profile) });
    // Seventeen minutes apart, so that the house is seen in many states.
    (0..60).map(move |_| {
        meter.skip_to(meter.next_at() + 1020);
        meter.next_telegram()
    })
}

#[test]
fn every_text_has_the_form_of_a_telegram() {
    for profile in Profile::ALL {
        for telegram in telegrams(profile) {
            let text = core::str::from_utf8(&telegram.text).expect("ASCII");
            assert!(text.is_ascii());
            assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
            let (identification, rest) = text.split_once("\r\n").expect("lines");
            assert!(identification.starts_with('/') && identification.as_bytes()[4] == b'5');
            assert!(rest.starts_with("\r\n"), "an empty line");
            assert!(!rest[2..].contains("\r\n\r\n"), "and no other");
        }
    }
}

#[test]
fn the_checksum_is_right_where_there_is_one() {
    for profile in Profile::ALL {
        for telegram in telegrams(profile) {
            let end = telegram.text.iter().rposition(|&byte| byte == b'!').expect("an end");
            let written = &telegram.text[end + 1..];
            let expected = if profile.has_crc() {
                format!("{:04X}\r\n", crc_bit_by_bit(&telegram.text[..=end]))
            } else {
                "\r\n".to_owned()
            };
            assert_eq!(written, expected.as_bytes(), "{profile:?}");
        }
    }
}

/// The object lists, as real telegrams have them.
fn expected_codes(profile: Profile) -> String {
    let luxembourg_head = "1-3:0.2.8 0-0:1.0.0 0-0:42.0.0 1-0:1.8.0 1-0:2.8.0 1-0:3.8.0 1-0:4.8.0 \
        1-0:1.7.0 1-0:2.7.0 1-0:3.7.0 1-0:4.7.0 0-0:17.0.0";
    let events = "0-0:96.7.21 1-0:32.32.0 1-0:52.32.0 1-0:72.32.0 1-0:32.36.0 1-0:52.36.0 1-0:72.36.0";
    let messages = "0-0:96.13.0 0-0:96.13.2 0-0:96.13.3 0-0:96.13.4 0-0:96.13.5";
    let volts = "1-0:32.7.0 1-0:52.7.0 1-0:72.7.0";
    let amperes = "1-0:31.7.0 1-0:51.7.0 1-0:71.7.0";
    let watts = "1-0:21.7.0 1-0:41.7.0 1-0:61.7.0 1-0:22.7.0 1-0:42.7.0 1-0:62.7.0";
    let vars = "1-0:23.7.0 1-0:43.7.0 1-0:63.7.0 1-0:24.7.0 1-0:44.7.0 1-0:64.7.0";
    let gas = "0-1:24.1.0 0-1:96.1.0 0-1:24.2.1 0-1:24.4.0";
    let tariffs = "1-0:1.8.1 1-0:1.8.2 1-0:2.8.1 1-0:2.8.2 0-0:96.14.0";
    let luxembourg = format!(
        "{luxembourg_head} 1-0:9.7.0 1-0:10.7.0 1-1:31.4.0 0-0:96.3.10 0-1:96.3.10 0-2:96.3.10 \
         {events} {messages} {volts} {amperes} {watts} {vars}"
    );
    match profile {
        Profile::LuxembourgFull | Profile::LuxembourgSolar => luxembourg,
        Profile::LuxembourgGas => format!("{luxembourg} {gas}"),
        Profile::Luxembourg2018 => {
            format!("{luxembourg_head} 0-0:96.3.10 {events} {messages} {amperes}")
        }
        Profile::Austria => "1-3:0.2.8 0-0:1.0.0 1-0:1.8.0 1-0:1.8.1 1-0:1.8.2 1-0:1.7.0 \
            1-0:2.8.0 1-0:2.8.1 1-0:2.8.2 1-0:2.7.0 1-0:3.8.0 1-0:3.8.1 1-0:3.8.2 1-0:3.7.0 \
            1-0:4.8.0 1-0:4.8.1 1-0:4.8.2 1-0:4.7.0"
            .to_owned(),
        Profile::Netherlands5 => format!(
            "1-3:0.2.8 0-0:1.0.0 0-0:96.1.1 {tariffs} 1-0:1.7.0 1-0:2.7.0 0-0:96.7.21 0-0:96.7.9 \
             1-0:99.97.0 1-0:32.32.0 1-0:52.32.0 1-0:72.32.0 1-0:32.36.0 1-0:52.36.0 1-0:72.36.0 \
             0-0:96.13.0 {volts} {amperes} {watts} 0-1:24.1.0 0-1:96.1.0 0-1:24.2.1"
        ),
        Profile::Netherlands22 => format!(
            "0-0:96.1.1 {tariffs} 1-0:1.7.0 1-0:2.7.0 0-0:17.0.0 0-0:96.3.10 0-0:96.13.1 0-0:96.13.0 \
             0-2:24.1.0 0-2:96.1.0 0-2:24.3.0 | 0-2:24.4.0"
        ),
        Profile::Belgium => format!(
            "0-0:96.1.4 0-0:96.1.1 0-0:1.0.0 {tariffs} 1-0:1.4.0 1-0:1.6.0 0-0:98.1.0 1-0:1.7.0 \
             1-0:2.7.0 {watts} {volts} {amperes} 0-0:96.3.10 0-0:17.0.0 1-0:31.4.0 0-0:96.13.0 \
             0-1:24.1.0 0-1:96.1.1 0-1:24.4.0 0-1:24.2.3"
        ),
        Profile::Sweden => format!(
            "0-0:1.0.0 1-0:1.8.0 1-0:2.8.0 1-0:3.8.0 1-0:4.8.0 1-0:1.7.0 1-0:2.7.0 1-0:3.7.0 \
             1-0:4.7.0 {watts} {vars} {volts} {amperes}"
        ),
    }
}

#[test]
fn every_profile_sends_its_list_in_order() {
    for profile in Profile::ALL {
        let telegram = telegrams(profile).next().expect("endless");
        let codes: Vec<String> = objects(&telegram.text)
            .into_iter()
            .map(|(code, _)| if code.is_empty() { "|".to_owned() } else { code })
            .collect();
        assert_eq!(codes, expected_codes(profile).split_whitespace().collect::<Vec<_>>(), "{profile:?}");
    }
}

#[test]
fn luxembourg_sends_as_many_objects_as_real_meters() {
    let count = |profile| objects(&telegrams(profile).next().expect("endless").text).len();
    assert_eq!(count(Profile::Luxembourg2018), 28 - 1 + 1);
    assert_eq!(count(Profile::LuxembourgFull), 48);
    assert_eq!(count(Profile::LuxembourgGas), 52);
}

/// Every number in the truth is found in the text, in the unit and with the digits of the profile.
#[test]
fn the_text_says_what_the_truth_says() {
    for profile in Profile::ALL {
        for telegram in telegrams(profile) {
            let text = &telegram.text;
            let values = &telegram.values;
            let registers = &values.registers;
            let kilo = |code: &str| match profile {
                Profile::Austria => number(text, code, 0),
                _ => number(text, code, 3),
            };
            assert_eq!(kilo("1-0:1.7.0"), u64::from(values.power_import_w));
            assert_eq!(kilo("1-0:2.7.0"), u64::from(values.power_export_w));
            if let Some([first, second]) = registers.tariffs {
                assert_eq!(kilo("1-0:1.8.1"), first.energy_import_wh);
                assert_eq!(kilo("1-0:2.8.2"), second.energy_export_wh);
            } else {
                assert_eq!(kilo("1-0:1.8.0"), registers.energy_import_wh);
                assert_eq!(kilo("1-0:2.8.0"), registers.energy_export_wh);
            }
            let optional = [
                ("1-0:3.8.0", registers.reactive_energy_import_varh),
                ("1-0:4.8.0", registers.reactive_energy_export_varh),
                ("1-0:3.7.0", values.reactive_power_import_var.map(u64::from)),
                ("1-0:4.7.0", values.reactive_power_export_var.map(u64::from)),
                ("1-0:9.7.0", values.apparent_power_import_va.map(u64::from)),
                ("1-0:10.7.0", values.apparent_power_export_va.map(u64::from)),
            ];
            for (code, value) in optional {
                assert_eq!(value.map(|_| kilo(code)), value, "{profile:?} {code}");
            }
            for (phase, l) in values.phases.iter().zip([20, 40, 60]) {
                let of_phase = [
                    (12, phase.voltage_mv),
                    (11, phase.current_ma),
                    (1, phase.power_import_w),
                    (2, phase.power_export_w),
                    (3, phase.reactive_power_import_var),
                    (4, phase.reactive_power_export_var),
                ];
                for (offset, value) in of_phase {
                    let code = format!("1-0:{}.7.0", l + offset);
                    assert_eq!(value.map(|_| number(text, &code, 3)), value.map(u64::from), "{profile:?} {code}");
                }
            }
            if let Some(gas) = values.gas {
                let code = match profile {
                    Profile::Netherlands22 => String::new(),
                    Profile::Belgium => format!("0-{}:24.2.3", gas.channel),
                    _ => format!("0-{}:24.2.1", gas.channel),
                };
                assert_eq!(number(text, &code, 3), gas.volume_dm3);
            }
            if let Some(demand) = values.demand {
                assert_eq!(kilo("1-0:1.4.0"), demand.average_w.into());
                assert_eq!(kilo("1-0:1.6.0"), demand.month_peak_w.into());
            }
            assert_eq!(values.time.is_some(), profile != Profile::Netherlands22);
        }
    }
}

#[test]
fn austria_may_import_and_export_at_the_same_time() {
    let both = telegrams(Profile::Austria)
        .any(|telegram| telegram.values.power_import_w > 0 && telegram.values.power_export_w > 0);
    assert!(both);
    let both = telegrams(Profile::LuxembourgSolar)
        .any(|telegram| telegram.values.power_import_w > 0 && telegram.values.power_export_w > 0);
    assert!(!both);
}
