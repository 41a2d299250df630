//! The meter itself: from the house's watts to a telegram every period.

use core::mem;
use std::sync::Arc;

use crate::config::{MeterConfig, StartRegisters, key_of};
use crate::demand::Demand;
use crate::gas::GasMeter;
use crate::household::{Day, Household, Moment};
use crate::mbus::{MbusDevice, MbusMeter};
use crate::measure::Measurement;
use crate::profile::Spec;
use crate::readout::{Device, Events, Failure, Readout};
use crate::register::RegisterBank;
use crate::seal::Sealer;
use crate::telegram::Telegram;
use crate::text::hex_digit;
use crate::values::Values;

/// A meter on the wall of a seeded household.
///
/// The first telegram shows the start registers; from then on they follow the law that is written at
/// [`Values::registers`]: **the power in a telegram is the mean of the time since the telegram before
/// it, in whole watts over whole seconds, and nothing is lost between two watt-hours.**
///
/// A meter is also an endless [`Iterator`] of its telegrams.
#[derive(Clone, Debug)]
pub struct VirtualMeter {
    config: MeterConfig,
    spec: &'static Spec,
    household: Household,
    device: Arc<Device>,
    sealer: Option<Sealer>,
    day: Day,
    next_at: i64,
    /// When the registers were last moved; `None` before the first telegram and after a pause.
    counted_to: Option<i64>,
    clock_ahead_s: i64,
    clock_lost_for: u64,
    registers: RegisterBank,
    gas: Option<GasMeter>,
    mbus: [Option<MbusMeter>; 4],
    demand: Option<Demand>,
    events: Events,
    failures: Vec<Failure>,
    message: Vec<u8>,
    /// `None` when spent.
    frame_counter: Option<u32>,
}

impl VirtualMeter {
    /// Mounts the meter that was ordered.
    #[must_use]
    pub fn new(config: MeterConfig) -> Self {
        let spec = config.profile.spec();
        let household = Household::new(config.seed, config.appliances, config.zone);
        let start = config.registers();
        let mut meter = Self {
            spec,
            household,
            device: Arc::new(config.device()),
            sealer: None,
            day: household.plan(&config.zone.local(config.start)),
            next_at: config.start,
            counted_to: None,
            clock_ahead_s: 0,
            clock_lost_for: 0,
            registers: RegisterBank::new(&start, spec.tariffs.is_some(), spec.reactive),
            gas: None,
            mbus: [const { None }; 4],
            demand: spec.demand.then(|| Demand::new(config.seed, config.zone, config.start)),
            events: Events { failures: 6, long_failures: 3, sags: [14, 15, 12], swells: [0; 3] },
            failures: Vec::new(),
            message: Vec::new(),
            frame_counter: Some(config.start_frame_counter),
            config,
        };
        meter.mount(&start);
        for channel in 1..=4 {
            meter.hang(channel, meter.config.mbus[usize::from(channel) - 1].clone());
        }
        meter
    }

    /// The order, as it was given or has become by [`swap`](Self::swap).
    #[must_use]
    pub const fn config(&self) -> &MeterConfig {
        &self.config
    }

    /// The names of the meter.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// When the next telegram will be sent, in UTC.
    #[must_use]
    pub const fn next_at(&self) -> i64 {
        self.next_at
    }

    /// The counter of the next sealed frame; `None` for a plain meter or one that has spent it.
    #[must_use]
    pub fn frame_counter(&self) -> Option<u32> {
        self.frame_counter.filter(|_| self.sealer.is_some())
    }

    /// The next telegram.
    pub fn next_telegram(&mut self) -> Telegram {
        let frame_counter = self.frame_counter();
        let values = self.next_values();
        let text = self.config.profile.write(&Readout {
            values: &values,
            device: &self.device,
            zone: self.config.zone,
            events: &self.events,
            failures: &self.failures,
            month_peaks: self.demand.as_ref().map_or(&[], Demand::months),
            message: &self.message,
        });
        let frame = match (&self.sealer, frame_counter) {
            (None, _) => text.clone(),
            (Some(sealer), Some(counter)) => sealer.seal(counter, &text),
            (Some(_), None) => Vec::new(),
        };
        Telegram { values, device: Arc::clone(&self.device), text, frame, frame_counter }
    }

    /// The numbers of the next telegram, without writing or sealing it: several times as fast, for
    /// making years of history. The meter moves on just as with [`next_telegram`](Self::next_telegram).
    pub fn next_values(&mut self) -> Values {
        let sent_at = self.next_at;
        let clock = sent_at + self.clock_ahead_s;
        let measured = Measurement::new(&self.moment(sent_at), self.spec);
        if let Some(counted_to) = self.counted_to {
            self.count(&measured, counted_to, sent_at);
        }
        self.counted_to = Some(sent_at);
        self.next_at += self.period_s();
        if self.sealer.is_some() {
            self.frame_counter = self.frame_counter.and_then(|counter| counter.checked_add(1));
        }
        let clock_known = self.clock_lost_for == 0;
        self.clock_lost_for = self.clock_lost_for.saturating_sub(1);
        Values {
            sent_at,
            time: (self.spec.clock && clock_known).then_some(clock),
            registers: self.registers.show(),
            power_import_w: measured.import_w,
            power_export_w: measured.export_w,
            reactive_power_import_var: self.spec.reactive.then_some(measured.reactive_import_var),
            reactive_power_export_var: self.spec.reactive.then_some(measured.reactive_export_var),
            apparent_power_import_va: measured.apparent.map(|(import, _)| import),
            apparent_power_export_va: measured.apparent.map(|(_, export)| export),
            phases: measured.phases,
            tariff: self.spec.tariffs.at(&self.config.zone.local(clock)),
            gas: self.gas.as_ref().map(GasMeter::show),
            mbus: self.mbus.each_ref().map(|device| device.as_ref().map(MbusMeter::show)),
            demand: self.demand.as_ref().map(Demand::show),
        }
    }

    /// Lets the meter run unread until its next telegram is due at `utc` or later.
    pub fn skip_to(&mut self, utc: i64) {
        while self.next_at < utc {
            self.next_values();
        }
    }

    /// Sends nothing before `utc`. The house goes on: the next telegram's power is the mean since the telegram before
    /// it, however long that is. Unlike [`skip_to`](Self::skip_to) it takes no longer for a month than for a minute.
    pub const fn silent_until(&mut self, utc: i64) {
        if utc > self.next_at {
            self.next_at = utc;
        }
    }

    fn period_s(&self) -> i64 {
        i64::from(self.config.period_s.max(1))
    }

    /// What the house does, with the day's plan made once a day.
    fn moment(&mut self, utc: i64) -> Moment {
        let local = self.config.zone.local(utc);
        if !self.day.covers(&local) {
            self.day = self.household.plan(&local);
        }
        if self.config.only_panels {
            return self.household.panels_in(&self.day, utc, &local);
        }
        self.household.at_in(&self.day, utc, &local)
    }

    /// Moves registers, gas and demand from one telegram to the next.
    fn count(&mut self, measured: &Measurement, from: i64, to: i64) {
        let seconds = (to - from).unsigned_abs();
        let (from, to) = (from + self.clock_ahead_s, to + self.clock_ahead_s);
        // What was used up to the moment of a tariff change still belongs to the tariff before it.
        let in_force = self.spec.tariffs.at(&self.config.zone.local(from));
        self.registers.add(measured.powers(), seconds, in_force);
        if let Some(gas) = &mut self.gas {
            gas.add(measured.gas_w, seconds, to);
        }
        for device in self.mbus.iter_mut().flatten() {
            device.add(seconds, to);
        }
        if let Some(demand) = &mut self.demand {
            demand.add(measured.import_w, seconds, from, to);
        }
    }

    /// Gives the meter the names, the key and the registers of its order.
    fn mount(&mut self, start: &StartRegisters) {
        let config = &self.config;
        let device = config.device();
        self.sealer =
            config.key.map(|key| Sealer::new(key, config.authentication_key, device.system_title, config.length_form));
        self.device = Arc::new(device);
        self.set_registers(start);
    }
}

/// What happens to meters in their lives.
impl VirtualMeter {
    /// Sets the registers, and forgets what they had begun of the next unit. The next telegram shows
    /// just these.
    pub fn set_registers(&mut self, start: &StartRegisters) {
        let clock = self.next_at + self.clock_ahead_s;
        self.registers = RegisterBank::new(start, self.spec.tariffs.is_some(), self.spec.reactive);
        self.gas = self.spec.gas.map(|plan| GasMeter::new(plan, self.config.seed, start.gas_dm3, clock));
        self.counted_to = None;
    }

    /// Moves the meter's clock by so many seconds; the world and the house keep their time.
    pub const fn move_clock(&mut self, by_s: i64) {
        self.clock_ahead_s += by_s;
    }

    /// For so many telegrams the meter does not know the time.
    pub const fn lose_clock(&mut self, telegrams: u64) {
        self.clock_lost_for = telegrams;
    }

    /// The frame counter goes on from here.
    pub const fn set_frame_counter(&mut self, counter: u32) {
        self.frame_counter = Some(counter);
    }

    /// Shows a text message of up to 1024 characters in every telegram; an empty one ends it.
    pub fn set_message(&mut self, message: &str) {
        self.message.clear();
        for byte in message.bytes().take(1024) {
            self.message.extend([hex_digit(byte >> 4), hex_digit(byte & 0x0F)]);
        }
    }

    /// The mains fail now and come back after about so many seconds: nothing is used or sent
    /// meanwhile, the counters rise, and the log (where the profile has one) gets an entry.
    pub fn fail_power(&mut self, seconds: u32) {
        let periods = i64::from(seconds).div_euclid(self.period_s()) + 1;
        let back_at = self.next_at - self.period_s() + i64::from(seconds);
        self.next_at += (periods - 1) * self.period_s();
        self.counted_to = None;
        self.events.failures += 1;
        if seconds > 180 {
            self.events.long_failures += 1;
            self.failures.insert(0, Failure { ended_at: back_at + self.clock_ahead_s, seconds });
            self.failures.truncate(10);
        }
    }

    /// The network operator renews the key: the counter starts again from 0, as the standard orders.
    pub fn renew_key(&mut self, key: [u8; 16]) {
        self.config.key = Some(key);
        self.frame_counter = Some(0);
        let config = &self.config;
        let title = self.device.system_title;
        self.sealer = Some(Sealer::new(key, config.authentication_key, title, config.length_form));
    }

    /// A fitter takes the meter off the wall and mounts the one of another seed: new names, other
    /// registers, counter 0, a right clock, and [`key_of`] the seed where the old one was sealed. The
    /// household stays who it was, and so does the gas meter.
    pub fn swap(&mut self, seed: u64) {
        self.config.seed = seed;
        self.config.system_title = None;
        self.config.logical_device_name = None;
        self.config.key = self.config.key.map(|_| key_of(seed));
        self.frame_counter = Some(0);
        self.clock_ahead_s = 0;
        self.clock_lost_for = 0;
        self.events = Events::default();
        self.failures.clear();
        self.message.clear();
        self.demand = self.spec.demand.then(|| Demand::new(seed, self.config.zone, self.next_at));
        let gas_identifier = self.device.gas_identifier.clone();
        let gas_dm3 = self.gas.as_ref().map_or(0, GasMeter::volume_dm3);
        self.mount(&StartRegisters { gas_dm3, ..StartRegisters::of(seed) });
        self.device = Arc::new(Device { gas_identifier, ..self.config.device() });
    }

    /// A fitter hangs a device on an M-Bus channel, 1 to 4, or takes one off.
    pub fn hang(&mut self, channel: u8, device: Option<MbusDevice>) {
        let place = usize::from(channel.clamp(1, 4)) - 1;
        let clock = self.next_at + self.clock_ahead_s;
        self.config.mbus[place].clone_from(&device);
        self.mbus[place] = device.map(|device| MbusMeter::new(device, self.config.seed, clock));
        self.name_devices();
    }

    /// The devices of two M-Bus channels change places and count on.
    pub fn exchange_channels(&mut self, one: u8, two: u8) {
        let [one, two] = [one, two].map(|channel| usize::from(channel.clamp(1, 4)) - 1);
        self.config.mbus.swap(one, two);
        self.mbus.swap(one, two);
        self.name_devices();
    }

    /// The valve of the device on a channel moves.
    pub fn turn_valve(&mut self, channel: u8, to: u8) {
        if let Some(meter) = &mut self.mbus[usize::from(channel.clamp(1, 4)) - 1] {
            meter.device.valve = Some(to);
        }
    }

    fn name_devices(&mut self) {
        let mbus_identifiers = self.config.device().mbus_identifiers;
        self.device = Arc::new(Device { mbus_identifiers, ..Device::clone(&self.device) });
    }

    /// For one telegram another sealer, then the own again: a wrong key, or another authentication
    /// key.
    pub(crate) fn next_telegram_sealed_by(&mut self, mut other: Option<Sealer>) -> Telegram {
        mem::swap(&mut self.sealer, &mut other);
        let telegram = self.next_telegram();
        mem::swap(&mut self.sealer, &mut other);
        telegram
    }
}

impl Iterator for VirtualMeter {
    type Item = Telegram;

    /// Never `None`.
    fn next(&mut self) -> Option<Telegram> {
        Some(self.next_telegram())
    }
}
