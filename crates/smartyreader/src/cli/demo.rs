//! `demo`: the whole product with virtual meters and a year of history.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::civil::Date;
use smarty_meter::{MeterConfig, Profile, Telegram as Sent, VirtualMeter};
use smarty_p1::{Reading, Telegram};
use smarty_store::{Clock, MeterReading, Proof, Reader, Store, StoreError, StoredReading};

use crate::config::{self, Config};
use crate::daemon;
use crate::exit::{Code, Failure};
use crate::group::Groups;
use crate::hex;
use crate::intake::Arrival;
use crate::observe::{Observer, now};
use crate::report::{Folder, Kind};

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Where the demo keeps its files; it is made anew each time.
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
    /// Days of history of the first meter.
    #[arg(long, default_value_t = 366)]
    days: i64,
    /// Where the page listens.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
}

const DATABASE: &str = "demo.db";
const REPORTS: &str = "demo-reports";
/// A contract as many households in Luxembourg have it: the prices of Sudstroum's TERRA ONLINE.
const TARIFF: &str = r#"[tariff]
network = "luxembourg"
reference-power = 3
main-fuse = 40

[[tariff.price]]
component = "energy"
price = 0.1329
to = 2026-01-01
source = "https://www.sudstroum.lu/de/produkte/strom-fur-privatkunden"

[[tariff.price]]
component = "energy"
price = 0.1229
from = 2026-01-01
source = "https://www.sudstroum.lu/de/produkte/strom-fur-privatkunden"

[[tariff.price]]
component = "supplier-fixed"
per = "year"
price = 21
source = "https://www.sudstroum.lu/de/produkte/strom-fur-privatkunden"

[[tariff.price]]
component = "feed-in"
price = 0.08
source = "made up for the demo"
"#;
/// Nothing arrived for these two hours, so many days ago: a page must show gaps too.
const GAP_DAYS_AGO: i64 = 20;

impl Demo {
    pub(super) fn run(self) -> Result<(), Failure> {
        self.clean()?;
        let few = self.days.min(14);
        let meters = [
            ("home", "Home", 7, Profile::LuxembourgSolar, self.days, ""),
            ("roof", "Roof", 7, Profile::LuxembourgSolar, few, "role = \"production\"\nof = \"home\"\n"),
            ("workshop", "Workshop", 8, Profile::LuxembourgFull, few, ""),
        ];
        let mut text = format!(
            "[store]\npath = \"{DATABASE}\"\n\n[web]\nlisten = \"{}\"\n\n\
             [report]\nfolder = \"{REPORTS}\"\nweekly = true\nmonthly = true\n\n{TARIFF}",
            self.listen
        );
        let mut lines = Vec::new();
        for (number, (name, title, seed, profile, days, more)) in (70..).zip(meters) {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            let key = smarty_meter::key_of(number);
            let file = self.folder.join(format!("{name}.key"));
            let mut options = std::fs::OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(file)?;
            file.write_all(hex::lower(&key).as_bytes())?;
            let _ = write!(
                text,
                "\n[source.{name}]\nkind = \"tcp\"\naddress = \"{}\"\n\n[meter.{name}]\nsource = \"{name}\"\ntitle = \"{title}\"\nkey-file = \"{name}.key\"\n{more}",
                listener.local_addr()?
            );
            let start = (now() - days * 86_400).div_euclid(10) * 10;
            let mut order = MeterConfig { seed, key: Some(key), start, ..MeterConfig::new(profile) };
            if name == "roof" {
                // The panels of the same house, and a meter of their own.
                let device = MeterConfig { seed: number, ..order.clone() }.device();
                order.only_panels = true;
                order.logical_device_name = Some(device.logical_device_name);
                order.system_title = Some(device.system_title);
            }
            lines.push((name, VirtualMeter::new(order), listener));
        }
        text.push_str("\n[group.all]\ntitle = \"Home and workshop\"\nadd = [\"home\", \"workshop\"]\n");
        let path = self.folder.join("demo.toml");
        std::fs::write(&path, text)?;
        let config = config::load(&path)?;
        for (name, virtual_meter, listener) in lines {
            let virtual_meter = write_history(&config, name, virtual_meter)?;
            thread::spawn(move || send(virtual_meter, &listener));
        }
        write_sums(&config, now() - few * 86_400)?;
        println!("\n  The page:  http://{}/\n  Ctrl-C ends the demo.\n", self.listen);
        daemon::start_log(&config.log);
        daemon::run(&config)
    }

    /// Takes away what an earlier demo left, and nothing else.
    fn clean(&self) -> Result<(), Failure> {
        std::fs::create_dir_all(&self.folder).map_err(|error| {
            Failure::new(Code::CannotCreate, format!("{} cannot be made: {error}", self.folder.display()))
        })?;
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(self.folder.join(format!("{DATABASE}{ending}")));
        }
        let reports = Folder::new(self.folder.join(REPORTS));
        for kind in [Kind::Day, Kind::Week, Kind::Month] {
            reports.prune(kind, 0, Date::MAX);
        }
        Ok(())
    }
}

/// Writes what the meter has sent until now: made on one core, stored on the other.
fn write_history(config: &Config, name: &str, meter: VirtualMeter) -> Result<VirtualMeter, Failure> {
    let begin = Instant::now();
    let mut store = Store::open(daemon::store_options(config)?)?;
    let (sender, batches) = mpsc::sync_channel::<Vec<MeterReading>>(4);
    let name_of_maker = name.to_string();
    let maker = thread::spawn(move || make_history(&name_of_maker, meter, &sender));
    let mut count = 0;
    for batch in batches {
        count += batch.len();
        store.append_batch(&batch)?;
        while store.maintain(now())? {}
        if count % (30 * 8640) < 8640 {
            print!("\r  {name}: {count} telegrams of history …");
        }
    }
    println!("\r  {name}: {count} telegrams of history in {:.0} s   ", begin.elapsed().as_secs_f64());
    maker.join().map_err(|_| Failure::new(Code::Software, "the virtual meter broke"))
}

/// Writes what the group would have said since then.
fn write_sums(config: &Config, since: i64) -> Result<(), Failure> {
    let mut store = Store::open(daemon::store_options(config)?)?;
    let reader = Reader::open(&config.store.path)?;
    let mut groups = Groups::new(config, Observer::new());
    let mut members: Vec<_> = Vec::new();
    for member in config.groups_inside_out().into_iter().flat_map(|group| config.summed(group)) {
        members.push((Arc::<str>::from(member), reader.readings(member, since, i64::MAX)?.peekable()));
    }
    let mut batch = Vec::new();
    // The next of all, by time.
    let time = |reading: Option<&Result<StoredReading, StoreError>>| match reading {
        Some(Ok(reading)) => reading.time,
        Some(Err(_)) => i64::MIN,
        None => i64::MAX,
    };
    while let Some(next) = (0..members.len()).min_by_key(|&member| time(members[member].1.peek()))
        && let Some(reading) = members[next].1.next()
    {
        let StoredReading { segment, time, clock, received, ident, proof, values } = reading?;
        let meter = Arc::clone(&members[next].0);
        let reading = MeterReading { meter, segment, time, clock, received, ident, proof, values, texts: Vec::new() };
        let arrival = Arrival { reading, telegram: Box::default(), seal: None, replayed: true };
        batch.extend(groups.take(&arrival).into_iter().map(|sum| sum.reading));
        if batch.len() > 8640 {
            store.append_batch(&std::mem::take(&mut batch))?;
            while store.maintain(now())? {}
        }
    }
    store.append_batch(&batch)?;
    Ok(())
}

fn make_history(name: &str, mut meter: VirtualMeter, sender: &mpsc::SyncSender<Vec<MeterReading>>) -> VirtualMeter {
    // The same hours whatever the day: 13:00 to 15:00 UTC.
    let gap = (now() - GAP_DAYS_AGO * 86_400).div_euclid(86_400) * 86_400 + 13 * 3600;
    let mut batch = Vec::new();
    while meter.next_at() < now() {
        let telegram = meter.next_telegram();
        if !(gap..gap + 7200).contains(&telegram.sent_at()) {
            batch.push(reading(name, &telegram));
        }
        if batch.len() == 8640 && sender.send(std::mem::take(&mut batch)).is_err() {
            return meter;
        }
    }
    let _ = sender.send(batch);
    meter
}

/// What the daemon would make of this telegram.
fn reading(name: &str, telegram: &Sent) -> MeterReading {
    let text = Telegram::parse(&telegram.text);
    let values = text.map_or(smarty_p1::Values::EMPTY, |text| Reading::of(&text).values);
    MeterReading {
        meter: name.into(),
        segment: telegram.device.logical_device_name.as_str().into(),
        time: telegram.time().unwrap_or(telegram.sent_at()),
        clock: Clock::Meter,
        received: telegram.sent_at(),
        ident: u64::from(telegram.frame_counter.unwrap_or_default()),
        proof: Proof::Tag,
        values,
        texts: Vec::new(),
    }
}

/// Goes on as a meter does, for whoever connects.
fn send(mut meter: VirtualMeter, listener: &TcpListener) {
    for mut client in listener.incoming().flatten() {
        loop {
            let wait = (meter.next_at() - now()).max(0) as u64;
            thread::sleep(Duration::from_secs(wait));
            let frame = meter.next_telegram().frame;
            if client.write_all(&frame).is_err() {
                break;
            }
        }
    }
}
