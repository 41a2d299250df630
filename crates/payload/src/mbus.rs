//! M-Bus channel: what the meters behind the meter measure, and in what.

use smarty_p1::{MBUS, MbusChannel, MbusUnit, Medium, Quantity, Reading, Telegram, Values};

use crate::name::Name;

/// Channels 1 to 4. `None`: nothing there, or nobody knows what.
pub type MbusChannels = [Option<MbusChannel>; 4];

/// What each channel measures, from a telegram's values and, for the units, its text: [`MbusChannel::of`].
pub fn mbus_channels(values: &Values, telegram: Option<&Telegram<'_>>) -> MbusChannels {
    let written = telegram.map(|telegram| Reading::of(telegram).mbus.map(|device| device.unit.and_then(MbusUnit::of)));
    core::array::from_fn(|channel| {
        values.get(MBUS[channel].register)?;
        MbusChannel::of(values.get(MBUS[channel].device_type), written.and_then(|units| units[channel]))
    })
}

/// A channel under the name of what it measures: a new gas meter on another channel is still `gas`.
#[derive(Clone, Copy)]
pub(crate) struct External {
    pub(crate) channel: usize,
    pub(crate) medium: Medium,
    pub(crate) unit: MbusUnit,
    /// `gas`, and `gas_2` where there is a second one.
    pub(crate) stem: Name,
}

impl External {
    pub(crate) const fn register(&self) -> Quantity {
        MBUS[self.channel].register
    }

    pub(crate) const fn device_type(&self) -> Quantity {
        MBUS[self.channel].device_type
    }

    pub(crate) const fn time(&self) -> Quantity {
        MBUS[self.channel].time
    }

    pub(crate) const fn valve(&self) -> Quantity {
        MBUS[self.channel].valve
    }

    /// `gas_dm3`.
    pub(crate) fn register_key(&self) -> Name {
        Name::of(format_args!("{}_{}", self.stem, self.unit.suffix()))
    }

    /// `gas_time`.
    pub(crate) fn time_key(&self) -> Name {
        Name::of(format_args!("{}_time", self.stem))
    }
}

const fn word(medium: Medium) -> Option<&'static str> {
    Some(match medium {
        Medium::Gas => "gas",
        Medium::Water => "water",
        Medium::Heat => "heat",
        Medium::Cooling => "cooling",
        Medium::Electricity => "submeter",
        Medium::HeatCostAllocator | Medium::Other => return None,
    })
}

/// The channels that have a name, in their order.
pub(crate) fn externals(channels: MbusChannels) -> impl Iterator<Item = External> + use<> {
    channels.into_iter().enumerate().filter_map(move |(channel, entry)| {
        let MbusChannel { medium, unit } = entry?;
        let word = word(medium)?;
        let same = channels[..channel].iter().flatten().filter(|before| before.medium == medium).count();
        let stem =
            if same == 0 { Name::of(format_args!("{word}")) } else { Name::of(format_args!("{word}_{}", same + 1)) };
        Some(External { channel, medium, unit, stem })
    })
}

/// The first gas meter.
pub(crate) fn gas(channels: MbusChannels) -> Option<External> {
    externals(channels).find(|external| external.medium == Medium::Gas)
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;
    use std::vec::Vec;

    use super::*;

    fn channels(lines: &str) -> MbusChannels {
        let text = std::format!("/A\r\n\r\n{lines}!\r\n");
        let telegram = Telegram::parse(text.as_bytes()).unwrap();
        mbus_channels(&Reading::of(&telegram).values, Some(&telegram))
    }

    fn keys(lines: &str) -> Vec<std::string::String> {
        externals(channels(lines)).map(|external| external.register_key().to_string()).collect()
    }

    #[test]
    fn a_channel_is_called_by_what_it_measures() {
        let lines = "0-1:24.1.0(007)\r\n0-1:24.2.1(260614201500S)(00381.275*m3)\r\n\
                     0-2:24.1.0(003)\r\n0-2:24.2.1(260614201500S)(00001.000*m3)\r\n\
                     0-3:24.1.0(003)\r\n0-3:24.2.1(260614201500S)(00002.000*m3)\r\n\
                     0-4:24.1.0(012)\r\n0-4:24.2.1(260614201500S)(00003.000*GJ)\r\n";
        assert_eq!(keys(lines), ["water_dm3", "gas_dm3", "gas_2_dm3", "heat_mj"]);
        assert_eq!(gas(channels(lines)).map(|gas| gas.channel), Some(1));
        assert_eq!(keys("0-1:24.1.0(004)\r\n0-1:24.2.1(260614201500S)(3.000*kWh)\r\n"), ["heat_wh"]);
    }

    #[test]
    fn cubic_metres_of_nobody_knows_what_are_gas_and_an_empty_channel_is_nothing() {
        assert_eq!(keys("0-1:24.2.1(260614201500S)(00381.275*m3)\r\n"), ["gas_dm3"]);
        assert!(keys("0-1:24.2.1(260614201500S)(00381.275*GJ)\r\n").is_empty());
        assert!(keys("0-1:24.1.0(003)\r\n0-1:24.2.1(632525252525S)(00000.000)\r\n").is_empty());
        // A device in units of its own.
        assert!(keys("0-1:24.1.0(008)\r\n0-1:24.2.1(260614201500S)(00381.275*m3)\r\n").is_empty());
    }

    #[test]
    fn without_the_text_heat_stays_unknown() {
        let mut values = Values::EMPTY;
        values.set(Quantity::Mbus1Register, 1);
        values.set(Quantity::Mbus1DeviceType, 4);
        values.set(Quantity::Mbus2Register, 1);
        values.set(Quantity::Mbus2DeviceType, 3);
        let gas = Some(MbusChannel { medium: Medium::Gas, unit: MbusUnit::CubicMetre });
        assert_eq!(mbus_channels(&values, None), [None, gas, None, None]);
    }
}
