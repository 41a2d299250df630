//! What hangs on the M-Bus: its lines, its captures, and what happens to it.

use smarty_meter::{MbusDevice, MbusKind, MeterConfig, Profile, VirtualMeter};

fn meter(profile: Profile) -> VirtualMeter {
    let water = MbusDevice { register: 381_275, valve: Some(1), ..MbusDevice::new(MbusKind::Water, "WAT1") };
    let heat = MbusDevice { register: 12_345, slot_s: 3600, ..MbusDevice::new(MbusKind::Heat, "HEAT1") };
    let mbus = [None, Some(water), Some(heat), None];
    // Noon in winter, Luxembourg.
    VirtualMeter::new(MeterConfig { start: 1_767_265_200, period_s: 60, mbus, ..MeterConfig::new(profile) })
}

fn lines(meter: &mut VirtualMeter) -> Vec<String> {
    let text = String::from_utf8(meter.next_telegram().text).expect("ASCII");
    text.lines().filter(|line| line.starts_with("0-2:") || line.starts_with("0-3:")).map(str::to_owned).collect()
}

#[test]
fn each_channel_has_its_lines_in_order() {
    for profile in [Profile::LuxembourgGas, Profile::Netherlands5] {
        let lines = lines(&mut meter(profile));
        let expected = [
            "0-2:24.1.0(007)",
            "0-2:96.1.0(57415431)",
            "0-2:24.2.1(260101120000W)(00381.275*m3)",
            "0-2:24.4.0(1)",
            "0-3:24.1.0(004)",
            "0-3:96.1.0(4845415431)",
            "0-3:24.2.1(260101120000W)(00012.345*GJ)",
        ];
        let of_channels: Vec<_> = lines.iter().filter(|line| !line.starts_with("0-2:96.3")).collect();
        assert_eq!(of_channels, expected, "{profile:?}");
    }
}

#[test]
fn registers_rise_at_captures_only() {
    let mut meter = meter(Profile::LuxembourgFull);
    let mut before = meter.next_values().mbus;
    let mut risen = [0; 4];
    for _ in 0..24 * 60 {
        let now = meter.next_values().mbus;
        for channel in 1..3 {
            let (was, is) = (before[channel].expect("there"), now[channel].expect("there"));
            assert!(is.register >= was.register);
            if is.captured_at == was.captured_at {
                assert_eq!(is.register, was.register);
            } else {
                assert_eq!(is.captured_at % [0, 300, 3600][channel], 0);
                risen[channel] += is.register - was.register;
            }
        }
        before = now;
    }
    assert!(risen[1] > 200 && risen[2] > 50, "{risen:?}");
}

#[test]
fn devices_change_places_are_replaced_and_outlive_the_meter() {
    let mut meter = meter(Profile::LuxembourgFull);
    meter.skip_to(meter.next_at() + 7200);
    let before = meter.next_values().mbus;
    meter.exchange_channels(2, 3);
    meter.swap(99);
    meter.turn_valve(3, 0);
    let after = meter.next_telegram();
    assert_eq!(after.values.mbus[1].expect("heat").kind, MbusKind::Heat);
    assert!(after.values.mbus[2].expect("water").register >= before[1].expect("water").register);
    assert_eq!(after.values.mbus[2].expect("water").valve, Some(0));
    assert_eq!(after.device.mbus_identifiers[2].as_deref(), Some("WAT1"));
    meter.hang(3, Some(MbusDevice::new(MbusKind::Water, "WAT2")));
    let replaced = meter.next_telegram();
    assert_eq!(replaced.values.mbus[2].expect("new").register, 0);
    assert_eq!(replaced.device.mbus_identifiers[2].as_deref(), Some("WAT2"));
    for kind in MbusKind::ALL {
        assert_eq!(MbusKind::find(kind.name()), Some(kind));
    }
}
