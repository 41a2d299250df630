//! Any line as an object, any group as a number or a time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smarty_p1::{CosemObject, Fixed, Timestamp, Unit, hex_text};

fuzz_target!(|line: &[u8]| {
    if let Ok(object) = CosemObject::parse(line) {
        for group in object.groups() {
            if let Some(number) = Fixed::parse(group) {
                for unit in [Unit::WattHour, Unit::Watt, Unit::Millivolt, Unit::Milli, Unit::One] {
                    let _ = number.in_unit(unit);
                }
            }
            if let Some(stamp) = Timestamp::parse(group) {
                let _ = stamp.utc(3600);
            }
            let _ = hex_text(group, &mut [0; 64]);
        }
    }
});
