//! Name: which settings there are. Numbers are stored and never used twice.

/// What may stand in a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text of at most so many bytes.
    Text(u8),
    /// A whole number between these.
    Number(u32, u32),
    /// `on` or `off`.
    Switch,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// 32 hex digits.
    Key,
    /// Hex digits, two for a byte, at most so many bytes.
    Hex(u8),
    /// `192.168.1.20`.
    Address,
    /// `192.168.1.20/24`.
    Network,
}

macro_rules! settings {
    ($($(#[doc = $about:literal])* $(#[cfg($when:meta)])? $variant:ident = $number:literal, $name:literal, $kind:expr, $default:literal $(, $secret:ident)?;)*) => {
        /// A setting.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Name {
            $($(#[doc = $about])* $(#[cfg($when)])? $variant = $number,)*
        }

        impl Name {
            /// All of them, in the order in which people are asked.
            pub const ALL: &[Self] = &[$($(#[cfg($when)])? Self::$variant),*];

            /// As people write it.
            pub const fn name(self) -> &'static str {
                match self { $($(#[cfg($when)])? Self::$variant => $name,)* }
            }

            /// What may stand in it.
            pub const fn kind(self) -> Kind {
                match self { $($(#[cfg($when)])? Self::$variant => $kind,)* }
            }

            /// What it is where nothing was given. Empty: nothing.
            pub const fn default(self) -> &'static str {
                match self { $($(#[cfg($when)])? Self::$variant => $default,)* }
            }

            /// What it is for, in a sentence.
            pub const fn about(self) -> &'static str {
                match self { $($(#[cfg($when)])? Self::$variant => concat!($($about),*),)* }
            }

            /// Whether it is never shown.
            pub const fn is_secret(self) -> bool {
                match self { $($(#[cfg($when)])? Self::$variant => settings!(@secret $($secret)?),)* }
            }
        }
    };
    (@secret secret) => { true };
    (@secret) => { false };
}

settings! {
    /// The board's name in the network, also with `.local` behind it.
    HostName = 1, "host-name", Kind::Text(32), "smartyreader";
    /// The name of the Wi-Fi.
    WifiName = 2, "wifi-name", Kind::Text(32), "";
    /// The password of the Wi-Fi.
    WifiPassword = 3, "wifi-password", Kind::Text(64), "", secret;
    /// The board's own address with its network, as 192.168.1.20/24. Empty: the router gives one.
    Address = 4, "address", Kind::Network, "";
    /// The router, where the address is given.
    Gateway = 5, "gateway", Kind::Address, "";
    /// The name server, where the address is given.
    NameServer = 6, "name-server", Kind::Address, "";
    /// The password of the page on this board. Empty: there is no page but the first setup.
    PagePassword = 7, "page-password", Kind::Text(64), "", secret;

    /// The meter's name in topics.
    Meter = 16, "meter", Kind::Text(32), "home";
    /// The key that the network operator gives, 32 hex digits. Empty: the meter sends plain text.
    MeterKey = 17, "meter-key", Kind::Key, "", secret;
    /// How a sealed telegram is proven: standard (Luxembourg's key), given, or unchecked.
    Authentication = 18, "authentication", Kind::Choice(&["standard", "given", "unchecked"]), "standard";
    /// The authentication key, where it is given.
    AuthenticationKey = 19, "authentication-key", Kind::Key, "", secret;
    /// Whether plain telegrams are believed although there is a key.
    AcceptPlain = 20, "accept-plain", Kind::Switch, "off";
    /// Sealed telegrams are passed on unopened: the key lives only where they are opened.
    Relay = 21, "relay", Kind::Switch, "off";
    /// Speed of the meter's port, baud.
    Baud = 22, "baud", Kind::Number(300, 921_600), "115200";
    /// Whether the chip turns the signal round: on for boards without a transistor, from version 2.0.
    Inverted = 23, "inverted", Kind::Switch, "on";
    /// The pin on which the meter's data come.
    MeterPin = 24, "meter-pin", Kind::Number(0, 48), "20";
    /// The pin that asks the meter for data. 255: the cable asks by itself.
    RequestPin = 25, "request-pin", Kind::Number(0, 255), "255";
    /// Whether asking is a low level: on for boards before version 2.0.
    RequestLow = 26, "request-low", Kind::Switch, "off";
    /// The time zone's distance from UTC without summer time, minutes; the meter says whether it is summer.
    ZoneMinutes = 27, "zone-minutes", Kind::Number(0, 840), "60";

    /// The MQTT broker, name or address. Empty: nothing is published.
    Broker = 32, "broker", Kind::Text(64), "";
    /// Its port.
    BrokerPort = 33, "broker-port", Kind::Number(1, 65535), "1883";
    /// User at the broker.
    BrokerUser = 34, "broker-user", Kind::Text(64), "";
    /// Password at the broker.
    BrokerPassword = 35, "broker-password", Kind::Text(64), "", secret;
    /// Encryption towards the broker: off, psk (a common key), or certificate.
    Tls = 36, "tls", Kind::Choice(&["off", "psk", "certificate"]), "off";
    /// Who we are, with a common key.
    PskIdentity = 37, "psk-identity", Kind::Text(64), "";
    /// The common key, hex.
    PskKey = 38, "psk-key", Kind::Hex(64), "", secret;
    /// The name that the broker's certificate must have. Empty: the broker's name.
    TlsName = 39, "tls-name", Kind::Text(64), "";
    /// Name at the broker. Empty: the host name.
    ClientId = 40, "client-id", Kind::Text(32), "";
    /// Topic of everything in the native format.
    Topic = 41, "topic", Kind::Text(64), "smartyreader";
    /// The native format.
    Native = 42, "native", Kind::Switch, "on";
    /// Home Assistant's discovery.
    HomeAssistant = 43, "home-assistant", Kind::Switch, "off";
    /// Topic of Home Assistant.
    HomeAssistantPrefix = 44, "home-assistant-prefix", Kind::Text(32), "homeassistant";
    /// A format of the first SmartyReader besides: off, v1.5, v1.5-all-json, v1.5-all-text, v1.7, v1.7-all, v1.7-both, smartyreader5.
    Format = 45, "format", Kind::Choice(&["off", "v1.5", "v1.5-all-json", "v1.5-all-text", "v1.7", "v1.7-all", "v1.7-both", "smartyreader5"]), "off";
    /// Topic of that format.
    FormatTopic = 46, "format-topic", Kind::Text(64), "lamsmarty";
    /// Seconds between two messages of that format.
    FormatEvery = 47, "format-every", Kind::Number(1, 86_400), "60";
    /// Where a format of the first SmartyReader says that it is there. v1.7 has its last will there, too, unless the native format is on.
    BirthTopic = 54, "birth-topic", Kind::Text(64), "";
    /// Seconds between two live messages; 0: with every telegram.
    LiveEvery = 48, "live-every", Kind::Number(0, 86_400), "0";
    /// Seconds between two messages with the registers.
    RegistersEvery = 49, "registers-every", Kind::Number(1, 86_400), "60";
    /// Seconds between two messages about how the meter is read.
    StatusEvery = 50, "status-every", Kind::Number(1, 86_400), "60";
    /// Reference power of the network contract, W. Empty: none.
    ReferencePower = 51, "reference-power", Kind::Number(0, 100_000), "";
    /// What a kWh beyond it costs, millionths of a euro. Empty: not known.
    ExceedancePrice = 52, "exceedance-price", Kind::Number(0, 100_000_000), "";
    /// Minutes over which mean, lowest and highest power are taken.
    WindowMinutes = 53, "window-minutes", Kind::Number(1, 60), "15";

    /// Time server, with its port behind a colon where it is not 123. Empty: the meter's own time is used.
    TimeServer = 64, "time-server", Kind::Text(64), "pool.ntp.org";
    /// Address that gets the log over UDP. Empty: none does.
    LogAddress = 65, "log-address", Kind::Address, "";
    /// Its port.
    LogPort = 66, "log-port", Kind::Number(1, 65535), "6666";
    /// The public key that an update must be signed with, 64 hex digits. Empty: the one built in.
    UpdateKey = 67, "update-key", Kind::Hex(32), "";

    /// What an RFM95 sends: nothing (off), the registers once a minute as the first SmartyReader does (packet), or each quarter-hour by LoRaWAN (lorawan).
    #[cfg(feature = "lora")]
    Lora = 80, "lora", Kind::Choice(&["off", "packet", "lorawan"]), "off";
    /// The data rate of LoRaWAN, from 0 (slow and far) to 5. The Things Network asks for 3 or more.
    #[cfg(feature = "lora")]
    LoraDataRate = 81, "lora-data-rate", Kind::Choice(&["0", "2", "3", "4", "5"]), "3";
    /// The board's own number in LoRaWAN, 16 hex digits.
    #[cfg(feature = "lora")]
    DevEui = 82, "dev-eui", Kind::Hex(8), "";
    /// The number of who lets it in, 16 hex digits. Empty: zeros.
    #[cfg(feature = "lora")]
    JoinEui = 83, "join-eui", Kind::Hex(8), "";
    /// The key of LoRaWAN, 32 hex digits, as the network's console shows it.
    #[cfg(feature = "lora")]
    AppKey = 84, "app-key", Kind::Key, "", secret;
}

impl Name {
    /// By the name that people write.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.name() == name)
    }

    /// As it is stored.
    pub const fn number(self) -> u8 {
        self as u8
    }
}
