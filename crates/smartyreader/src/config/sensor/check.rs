//! Check: what a sensor will measure, and what is wrong with its settings, in sentences.

use super::{Geometry, Sensor, SensorKind};
use crate::config::Config;
use crate::config::check::Findings;

/// What an MB7060 measures at the least and the most, mm.
const NEAREST: i64 = 200;
const FARTHEST: i64 = 7650;

impl Config {
    /// Everything that there is to say about a sensor.
    pub(in crate::config) fn check_sensor(&self, name: &str, findings: &mut Findings) {
        let sensor = &self.sensor[name];
        let whose = format!("sensor {name}");
        match sensor.kind {
            None if sensor.number.is_empty() => {
                findings.error(format!("{whose} needs `kind` (mb7060, bme280, ds3231) or [[sensor.{name}.number]]"));
            }
            Some(_) if !sensor.number.is_empty() => {
                findings.error(format!("{whose} has `kind` and `number`; make two sensors of it"));
            }
            None => {}
            Some(kind) => check_kind(&whose, sensor, kind, findings),
        }
        for (setting, given, fits) in [
            ("device", sensor.device.is_some(), sensor.kind == Some(SensorKind::Mb7060)),
            ("median", sensor.median.is_some(), sensor.kind == Some(SensorKind::Mb7060)),
            ("silence", sensor.silence.is_some(), sensor.kind == Some(SensorKind::Mb7060)),
            ("bus", sensor.bus.is_some(), sensor.kind.is_some_and(SensorKind::is_on_a_bus)),
            ("address", sensor.address.is_some(), sensor.kind == Some(SensorKind::Bme280)),
            ("every", sensor.every.is_some(), sensor.kind.is_some()),
            ("source", sensor.source.is_some(), sensor.kind.is_none()),
            ("tank", sensor.tank.is_some(), !sensor.kind.is_some_and(SensorKind::is_on_a_bus)),
        ] {
            if given && !fits {
                findings.warning(format!("{whose}: `{setting}` means nothing for it"));
            }
        }
        if let Some(tank) = &sensor.tank {
            match tank.geometry() {
                Err(why) => findings.error(format!("{whose}: {why}")),
                Ok(geometry) => check_tank(&whose, sensor, &geometry, findings),
            }
        }
    }
}

fn check_kind(whose: &str, sensor: &Sensor, kind: SensorKind, findings: &mut Findings) {
    let (what, every, needs) = match kind {
        SensorKind::Mb7060 => ("the distance", sensor.every(), sensor.device.is_none().then_some("device")),
        SensorKind::Bme280 => {
            ("temperature, humidity and pressure", sensor.every(), sensor.bus.is_none().then_some("bus"))
        }
        SensorKind::Ds3231 => ("temperature and clock", sensor.every(), sensor.bus.is_none().then_some("bus")),
    };
    if let Some(needs) = needs {
        let example = if needs == "bus" { "/dev/i2c-1" } else { "/dev/serial/by-id/…" };
        findings.error(format!("{whose} has kind = \"{}\" and needs `{needs}`, such as \"{example}\"", kind.name()));
        return;
    }
    findings.plan(format!(
        "{whose} measures {what} with the {} on {} every {every}.",
        kind.equipment(),
        sensor.target()
    ));
    if !(1..=99).contains(&sensor.median()) {
        findings.error(format!("{whose}: `median` is 1 to 99 measurements"));
    }
    if kind == SensorKind::Bme280 && !matches!(sensor.address(), 0x76 | 0x77) {
        findings.error(format!("{whose}: a BME280 has address 0x76 or 0x77, not {:#04x}", sensor.address()));
    }
    if every.0.as_secs() > 3600 {
        findings.error(format!("{whose}: `every` is an hour or less"));
    }
}

fn check_tank(whose: &str, sensor: &Sensor, tank: &Geometry, findings: &mut Findings) {
    findings.plan(format!(
        "{whose} is {} cm above the bottom of its tank, which holds {} l.",
        tank.depth() as f64 / 10.0,
        tank.volume(tank.height()) / 1000
    ));
    if sensor.kind != Some(SensorKind::Mb7060) {
        return;
    }
    if tank.offset() < NEAREST {
        findings.warning(format!(
            "{whose}: the MB7060 says 20 cm for everything nearer, so the uppermost {} cm of the tank look full; \
             mount it 20 cm above where it is full, and say so with `offset`",
            (NEAREST - tank.offset()) as f64 / 10.0
        ));
    }
    if tank.depth() > FARTHEST {
        findings.warning(format!("{whose}: the MB7060 sees 765 cm far, and the bottom is farther"));
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Grade, parse};

    const HOUSE: &str = "[source.a]\nkind = \"tcp\"\naddress = \"x:1\"\n[meter.home]\n";
    const TANK: &str = "[sensor.tank]\nkind = \"mb7060\"\ndevice = \"/dev/x\"\n";
    const BARREL: &str = "[sensor.tank.tank]\nshape = \"cylinder\"\ndiameter = 100\nheight = 200\n";

    fn said(text: &str, grade: Grade) -> Vec<String> {
        let config = parse(&format!("{HOUSE}{text}"), "test.toml").unwrap();
        let findings = config.check().into_iter();
        findings.filter(|finding| finding.grade == grade).map(|finding| finding.sentence).collect()
    }

    #[test]
    fn what_will_be_measured() {
        let plans = said(&format!("{TANK}{BARREL}offset = 20\n"), Grade::Plan);
        for expected in [
            "sensor tank measures the distance with the MB7060 on /dev/x every 1 minute.",
            "sensor tank is 220 cm above the bottom of its tank, which holds 1570 l.",
        ] {
            assert!(plans.iter().any(|plan| plan == expected), "{plans:#?}");
        }
        let room = "[sensor.room]\nkind = \"bme280\"\nbus = \"/dev/i2c-1\"\naddress = 0x77\nevery = \"5m\"\n";
        let plans = said(room, Grade::Plan);
        let expected = "sensor room measures temperature, humidity and pressure with the BME280 on /dev/i2c-1 at 0x77 every 5 minutes.";
        assert!(plans.iter().any(|plan| plan == expected), "{plans:#?}");
        assert!(said(&format!("{TANK}{BARREL}offset = 20\n{room}"), Grade::Error).is_empty());
        // A sensor alone is a household, too.
        let alone = parse(TANK, "test.toml").unwrap();
        assert_eq!(alone.errors(), [""; 0]);
        assert_eq!((alone.counting().count(), alone.meter["tank"].role.name()), (0, "sensor"));
    }

    #[test]
    fn what_is_wrong() {
        for (text, words) in [
            ("[sensor.tank]\n", "needs `kind` (mb7060, bme280, ds3231) or [[sensor.tank.number]]"),
            ("[sensor.tank]\nkind = \"mb7060\"\n", "needs `device`, such as"),
            ("[sensor.room]\nkind = \"bme280\"\n", "needs `bus`, such as \"/dev/i2c-1\""),
            ("[sensor.room]\nkind = \"bme280\"\nbus = \"/dev/i2c-1\"\naddress = 0x68\n", "0x76 or 0x77, not 0x68"),
            ("[sensor.tank]\nkind = \"mb7060\"\ndevice = \"x\"\nmedian = 0\n", "`median` is 1 to 99"),
            ("[sensor.tank]\nkind = \"mb7060\"\ndevice = \"x\"\nevery = \"2h\"\n", "an hour or less"),
            ("[sensor.Tank]\nkind = \"mb7060\"\ndevice = \"x\"\n", "the sensor's name \"Tank\""),
            (
                "[sensor.tank]\nkind = \"mb7060\"\ndevice = \"x\"\n[sensor.tank.tank]\nshape = \"box\"\n",
                "sensor tank: a tank of shape = \"box\" needs `length`",
            ),
            (
                "[sensor.tank]\nkind = \"mb7060\"\ndevice = \"x\"\n[report]\nmeters = [\"tank\"]\n",
                "tank is a sensor, of which there are no reports",
            ),
            (
                "[sensor.tank]\nkind = \"mb7060\"\ndevice = \"x\"\n[day-file.d]\nfolder = \"d\"\nmeter = \"tank\"\n",
                "which is a sensor and no meter with telegrams",
            ),
            (
                "[day-file.d]\nfolder = \"d\"\nformat = \"smartyreader-5\"\ntank = \"home\"\n",
                "`tank` is a sensor that measures a distance, and home is none",
            ),
        ] {
            let errors = said(text, Grade::Error);
            assert!(errors.iter().any(|error| error.contains(words)), "{text}: {errors:#?}");
        }
        let warned = said(&format!("{TANK}bus = \"/dev/i2c-1\"\n{BARREL}"), Grade::Warning);
        assert!(warned.iter().any(|warning| warning.contains("`bus` means nothing")), "{warned:#?}");
        assert!(
            warned.iter().any(|warning| warning.contains("the uppermost 20 cm of the tank look full")),
            "{warned:#?}"
        );
    }

    #[test]
    fn a_name_is_used_once() {
        for (text, words) in [
            ("[sensor.home]\nkind = \"mb7060\"\n", "home is the name of a sensor and of a meter"),
            ("[sensor.a]\nkind = \"mb7060\"\n", "a is the name of a sensor and of a source"),
        ] {
            let error = parse(&format!("{HOUSE}{text}"), "test.toml").unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
