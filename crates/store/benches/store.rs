//! The store's budgets: bytes a reading, append rates, queries; beside one row per telegram in plain `SQLite`.
//!
//! `cargo bench -p smarty-store` measures 60 days by the hour and a year by the day; `STORE_BENCH_DAYS=40` makes the year shorter.

// Figures are printed, and a bench that cannot go on may stop.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params_from_iter};
use smarty_p1::{Quantity, Values};
use smarty_store::{Clock, MeterReading, Options, Proof, Reader, Resolution, SeriesQuantity, Store};

const DAY: i64 = 86_400;
/// Midnight of 1 January 2025 in Luxembourg.
const START: i64 = 1_735_686_000;

fn main() {
    let days: i64 = std::env::var("STORE_BENCH_DAYS").ok().and_then(|days| days.parse().ok()).unwrap_or(365);
    let folder = tempfile::tempdir().unwrap();
    println!("store: {days} days, a reading every 10 s, 33 columns\n");
    println!("{:<44} {:>12} {:>12}", "what", "measured", "budget");

    entropy(&readings(0, 30));
    let hours = sizes_by_hour(folder.path());
    let year = sizes_by_day(folder.path(), days);
    durable(folder.path());
    queries(&year, days, "");
    queries(&hours, 60, ", hour blocks");
    plain(folder.path(), days.min(60));
}

fn line(what: &str, measured: impl std::fmt::Display, budget: &str) {
    println!("{what:<44} {measured:>12} {budget:>12}");
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed(), done)
}

fn median(times: u32, mut work: impl FnMut()) -> Duration {
    let mut all: Vec<Duration> = (0..times).map(|_| timed(&mut work).0).collect();
    all.sort();
    all[all.len() / 2]
}

fn ms(duration: Duration) -> String {
    format!("{:.3} ms", duration.as_secs_f64() * 1e3)
}

fn options(path: &Path) -> Options {
    let mut options = Options::new(path);
    options.reserve_bytes = 0;
    options
}

/// The file alone: the log is emptied into it first.
fn bytes(path: &Path) -> u64 {
    let connection = Connection::open(path).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    std::fs::metadata(path).unwrap().len()
}

fn sizes_by_hour(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("hours.db");
    let mut store = Store::open(options(&path)).unwrap();
    let mut count = 0;
    let mut appending = Duration::ZERO;
    let mut sealing = Vec::new();
    for day in 0..60 {
        let batch = readings(day, 1);
        count += batch.len() as u64;
        // In pieces that never hold a whole hour: every row goes through `live` and is sealed.
        for part in batch.chunks(300) {
            appending += timed(|| store.append_batch(part).unwrap()).0;
            loop {
                let (time, worked) = timed(|| store.maintain(part[0].time).unwrap());
                if !worked {
                    break;
                }
                sealing.push(time);
            }
        }
    }
    sealing.sort();
    drop(store);
    let each = bytes(&path) as f64 / count as f64;
    line("bytes a reading, hour blocks, all on disk", format!("{each:.2} B"), "<= 9.5 B");
    details(&path, count);
    line("  sealing an hour, median", ms(sealing[sealing.len() / 2]), "few ms");
    line("  sealing an hour, 99 of 100", ms(sealing[sealing.len() * 99 / 100]), "");
    line("  sealing an hour, longest", ms(sealing[sealing.len() - 1]), "");
    line("  appended through rows", format!("{:.0}/s", count as f64 / appending.as_secs_f64()), "");
    path
}

/// Where the bytes are.
fn details(path: &Path, count: u64) {
    let connection = Connection::open(path).unwrap();
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let blobs = number("SELECT sum(length(data)) FROM block");
    line("  of them in the blocks themselves", format!("{:.2} B", blobs as f64 / count as f64), "");
    let mut tables = connection
        .prepare("SELECT name, sum(pgsize), sum(unused) FROM dbstat GROUP BY name HAVING sum(pgsize) > 200000")
        .unwrap();
    let mut rows = tables.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let name: String = row.get(0).unwrap();
        let each = |column| row.get::<_, i64>(column).unwrap() as f64 / count as f64;
        line(&format!("  {name}, of it unused {:.2} B", each(2)), format!("{:.2} B", each(1)), "");
    }
    let free = number("PRAGMA freelist_count") * 16_384;
    line("  of them free pages", format!("{:.2} B", free as f64 / count as f64), "");
}

fn sizes_by_day(folder: &Path, days: i64) -> std::path::PathBuf {
    let path = folder.join("year.db");
    let mut store = Store::open(options(&path)).unwrap();
    let mut count = 0;
    let mut bulk = Duration::ZERO;
    for day in (0..days).step_by(10) {
        let batch = readings(day, 10.min(days - day));
        count += batch.len() as u64;
        bulk += timed(|| store.append_batch(&batch).unwrap()).0;
    }
    let rate = count as f64 / bulk.as_secs_f64();
    line("bulk append, in order", format!("{rate:.0}/s"), ">= 200000/s");
    let mut packing = Vec::new();
    loop {
        let (time, worked) = timed(|| store.maintain(START + (days + 40) * DAY).unwrap());
        if !worked {
            break;
        }
        packing.push(time);
    }
    packing.sort();
    let all: Duration = packing.iter().sum();
    line("  packing, of each day", ms(all / days as u32), "");
    drop(store);
    let size = bytes(&path);
    let each = size as f64 / count as f64;
    line("bytes a reading, day blocks, all on disk", format!("{each:.2} B"), "<= 7 B");
    details(&path, count);
    let year = size as f64 / days as f64 * 365.0 / 1e6;
    line("megabytes a meter and year", format!("{year:.1} MB"), "<= 25 MB");
    line("  a step of packing, median", ms(packing[packing.len() / 2]), "few ms");
    line("  a step of packing, 95 of 100", ms(packing[packing.len() * 95 / 100]), "");
    line("  a step of packing, longest", ms(packing[packing.len() - 1]), "");
    path
}

fn durable(folder: &Path) {
    let path = folder.join("durable.db");
    let batch = readings(0, 1);
    let mut store = Store::open(options(&path)).unwrap();
    let mut times: Vec<Duration> =
        batch[..1500].iter().map(|reading| timed(|| store.append(reading).unwrap()).0).collect();
    times.sort();
    // The least that a durable commit costs here: one short row.
    let connection = Connection::open(folder.join("floor.db")).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE a (x INTEGER);")
        .unwrap();
    let mut floor: Vec<Duration> = (0..1500)
        .map(|row| timed(|| connection.prepare_cached("INSERT INTO a VALUES (?)").unwrap().execute([row]).unwrap()).0)
        .collect();
    floor.sort();
    line("durable append, median", ms(times[750]), "");
    line("durable append, 99 of 100", ms(times[1485]), "");
    line("  a bare SQLite commit here, median", ms(floor[750]), "");
    line("  beyond the disk's own sync", ms(times[750].saturating_sub(floor[750])), "<= 1 ms");
}

fn queries(path: &Path, days: i64, kind: &str) {
    line(&format!("opening{kind}"), ms(median(11, || drop(Store::open(options(path)).unwrap()))), "");
    let reader = Reader::open(path).unwrap();
    let end = START + days * DAY;
    let of = |name: &str| [SeriesQuantity::from_name(name).unwrap()];
    let series = |name: &str, from: i64, to: i64, resolution: Resolution| {
        reader.series("home", &of(name), from, to, resolution).unwrap()
    };
    let day = START + days / 2 * DAY;
    line(&format!("last value{kind}"), ms(median(51, || assert!(reader.last("home").unwrap().is_some()))), "<= 1 ms");
    let time = median(51, || assert!(series("power_import_w", day, day + DAY, Resolution::Raw).time.len() > 8000));
    line(&format!("a day raw, one curve{kind}"), ms(time), "<= 1 ms");
    let time = median(51, || assert!(!reader.days("home", START, end).unwrap().is_empty()));
    line(&format!("{days} days by day{kind}"), ms(time), "<= 1 ms");
    let time = median(51, || assert!(!reader.quarter_hours("home", day, day + 30 * DAY).unwrap().is_empty()));
    line(&format!("a month of whole quarter-hour entries{kind}"), ms(time), "");
    let time = median(51, || assert_eq!(reader.peaks("home", day, day + 30 * DAY, 10).unwrap().len(), 10));
    line(&format!("a month of quarter-hour peaks{kind}"), ms(time), "<= 1 ms");
    let time = median(11, || assert!(!series("power_import_w", START, end, Resolution::Step(3600)).time.is_empty()));
    line(&format!("{days} days from raw blocks by the hour{kind}"), ms(time), "<= 50 ms");
    let time = median(11, || assert!(!series("power_net_w", START, end, Resolution::Step(3600)).time.is_empty()));
    line(&format!("{days} days of net power by the hour{kind}"), ms(time), "<= 50 ms");
    let (time, count) = timed(|| reader.readings("home", START, START + 30 * DAY).unwrap().count());
    line(&format!("export, readings/s{kind}"), format!("{:.0}/s", count as f64 / time.as_secs_f64()), "");
    line(&format!("meters(){kind}"), ms(median(21, || assert!(!reader.meters().unwrap().is_empty()))), "");
    line(&format!("stats(){kind}"), ms(median(21, || assert!(reader.stats().unwrap().readings > 0))), "");
}

/// One row per telegram.
fn plain(folder: &Path, days: i64) {
    let path = folder.join("plain.db");
    let mut connection = Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL;").unwrap();
    let first = &readings(0, 1)[0];
    let names: Vec<&str> = first.values.iter().map(|(quantity, _)| quantity.name()).collect();
    connection
        .execute_batch(&format!("CREATE TABLE telegram (time INTEGER PRIMARY KEY, {})", names.join(", ")))
        .unwrap();
    let insert = format!("INSERT OR IGNORE INTO telegram VALUES ({})", vec!["?"; names.len() + 1].join(", "));
    let mut count = 0;
    let mut bulk = Duration::ZERO;
    for day in 0..days {
        let batch = readings(day, 1);
        count += batch.len() as u64;
        bulk += timed(|| {
            let transaction = connection.transaction().unwrap();
            for reading in &batch {
                let row = std::iter::once(reading.time).chain(reading.values.iter().map(|(_, value)| value));
                transaction.prepare_cached(&insert).unwrap().execute(params_from_iter(row)).unwrap();
            }
            transaction.commit().unwrap();
        })
        .0;
    }
    println!("\nplain SQLite, a row per telegram, {days} days");
    line("bytes a reading", format!("{:.1} B", bytes(&path) as f64 / count as f64), "");
    line("bulk append", format!("{:.0}/s", count as f64 / bulk.as_secs_f64()), "");
    let day = START + days / 2 * DAY;
    let sql = "SELECT time, power_import_w FROM telegram WHERE time >= ? AND time < ?";
    let time = median(21, || {
        let mut statement = connection.prepare_cached(sql).unwrap();
        let mut rows = statement.query([day, day + DAY]).unwrap();
        let mut sum = 0;
        while let Some(row) = rows.next().unwrap() {
            sum += row.get::<_, i64>(1).unwrap();
        }
        assert!(sum > 0);
    });
    line("a day raw, one curve", ms(time), "");
    let sql =
        "SELECT time / 3600, min(power_import_w), avg(power_import_w), max(power_import_w) FROM telegram GROUP BY 1";
    let time = median(5, || {
        let mut statement = connection.prepare_cached(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            assert!(row.get::<_, i64>(1).unwrap() >= 0);
        }
    });
    line(&format!("{days} days by the hour"), ms(time), "");
}

/// Order-0 entropy of the deltas: what a coder without memory could reach.
fn entropy(readings: &[MeterReading]) {
    let mut bits = 0.0;
    for quantity in Quantity::ALL {
        let values: Vec<i64> = readings.iter().filter_map(|reading| reading.values.get(*quantity)).collect();
        let mut counts = std::collections::HashMap::new();
        for pair in values.windows(2) {
            *counts.entry(pair[1] - pair[0]).or_insert(0u32) += 1;
        }
        let all = values.len() as f64;
        bits += counts.values().map(|&count| -f64::from(count) * (f64::from(count) / all).log2()).sum::<f64>()
            / all.max(1.0);
    }
    line("entropy of the deltas, bytes a reading", format!("{:.2} B", bits / 8.0), "");
}

/// A household's days: base load, fridge, cooking, heat pump, solar; three phases; noise in the volts. The last
/// digits are as coarse as meters give them: W, 0.1 V, 0.1 A.
fn readings(first_day: i64, days: i64) -> Vec<MeterReading> {
    let meter: Arc<str> = "home".into();
    let segment: Arc<str> = "SAG1030700114004".into();
    let mut all = Vec::with_capacity((days * 8640) as usize);
    for day in first_day..first_day + days {
        let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (day as u64 + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9));
        // Registers go on from day to day without the days in between: each day takes a fixed share.
        let mut house = House::new(day, &mut random);
        for slot in 0..8640 {
            let values = house.step(slot, &mut random);
            if random.below(1000) == 0 {
                continue;
            }
            let time = START + day * DAY + slot * 10 + i64::from(random.below(100) == 0);
            all.push(MeterReading {
                meter: Arc::clone(&meter),
                segment: Arc::clone(&segment),
                time,
                clock: Clock::Meter,
                received: time + 1 + i64::from(random.below(8) == 0),
                ident: (day * 8640 + slot) as u64,
                proof: Proof::Tag,
                values,
                texts: Vec::new(),
            });
        }
    }
    all
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    /// About normal, deviation 1.
    fn normal(&mut self) -> f64 {
        (0..6).map(|_| self.below(10_001) as f64 / 10_000.0 - 0.5).sum::<f64>() * 1.414
    }
}

struct House {
    day: i64,
    cloud: f64,
    import: f64,
    export: f64,
    reactive: [f64; 2],
    volts: [f64; 3],
    appliance: i64,
    watts: f64,
    gas: i64,
    heat: f64,
}

impl House {
    fn new(day: i64, random: &mut Random) -> Self {
        let days = day as f64;
        Self {
            day,
            cloud: 0.3 + random.below(70) as f64 / 100.0,
            import: 1_000_000.0 + days * 30_000.0,
            export: 200_000.0 + days * 30_000.0,
            reactive: [50_000.0 + days * 8_000.0, 90_000.0 + days * 8_000.0],
            volts: [2310.0, 2318.0, 2305.0],
            appliance: 0,
            watts: 0.0,
            gas: 4_000_000 + day * 8_000,
            heat: 0.0,
        }
    }

    fn step(&mut self, slot: i64, random: &mut Random) -> Values {
        let hour = slot as f64 / 360.0;
        if self.appliance > 0 {
            self.appliance -= 1;
        } else if random.below(180) == 0 && hour > 6.0 {
            self.appliance = 12 + random.below(180) as i64;
            self.watts = 200.0 + random.below(2800) as f64;
        } else {
            self.watts = 0.0;
        }
        let season = (self.day as f64 / 365.0 * std::f64::consts::TAU).cos();
        self.heat = if (slot / 150) % 3 == 0 && season > 0.2 { 1200.0 } else { 0.0 };
        let fridge = if (slot / 90) % 4 == 0 { 85.0 } else { 0.0 };
        let sun = ((hour - 13.0) / (4.5 - season)).powi(2);
        let drift = 1.0 + 0.02 * random.normal();
        let solar = if sun < 1.0 { 4500.0 * (1.0 - sun) * self.cloud * drift } else { 0.0 };
        let load = 180.0 + fridge + self.heat + self.watts + 11.0 * random.normal();
        let split = 0.3 + 0.01 * random.normal();
        let phases = [load * (0.8 - split) - solar / 3.0, load * split - solar / 3.0, load * 0.2 - solar / 3.0];
        let net: f64 = phases.iter().sum();
        let (import, export) = (net.max(0.0), (-net).max(0.0));
        self.import += import / 360.0;
        self.export += export / 360.0;
        let var = 60.0 + load * 0.05 + 3.0 * random.normal();
        self.reactive[usize::from(solar > 0.0)] += var / 360.0;
        if slot % 360 == 0 {
            self.gas += random.below(700) as i64;
        }
        let mut values = Values::EMPTY;
        let tariff = i64::from((7.0..23.0).contains(&hour)) + 1;
        let day_share = (self.day * 20_000) as f64;
        for (quantity, value) in [
            (Quantity::EnergyImport, self.import as i64),
            (Quantity::EnergyImportT1, if tariff == 1 { (self.import - day_share) as i64 } else { 700_000 }),
            (Quantity::EnergyImportT2, if tariff == 2 { day_share as i64 } else { 900_000 }),
            (Quantity::EnergyExport, self.export as i64),
            (Quantity::EnergyExportT1, self.export as i64),
            (Quantity::EnergyExportT2, 31_000),
            (Quantity::ReactiveEnergyImport, self.reactive[0] as i64),
            (Quantity::ReactiveEnergyExport, self.reactive[1] as i64),
            (Quantity::PowerImport, import as i64),
            (Quantity::PowerExport, export as i64),
            (Quantity::ReactivePowerImport, if solar > 0.0 { 0 } else { var as i64 }),
            (Quantity::ReactivePowerExport, if solar > 0.0 { var as i64 } else { 0 }),
            (Quantity::TariffIndicator, tariff),
            (Quantity::PowerFailures, 4),
            (Quantity::VoltageSagsL1, 7),
            (Quantity::VoltageSagsL2, 6),
            (Quantity::VoltageSagsL3, 9),
            (Quantity::VoltageSwellsL1, 0),
            (Quantity::ActiveThreshold, 27_600),
            (Quantity::Mbus1Register, self.gas),
        ] {
            values.set(quantity, value);
        }
        let own = [
            [Quantity::VoltageL1, Quantity::CurrentL1, Quantity::PowerImportL1, Quantity::PowerExportL1],
            [Quantity::VoltageL2, Quantity::CurrentL2, Quantity::PowerImportL2, Quantity::PowerExportL2],
            [Quantity::VoltageL3, Quantity::CurrentL3, Quantity::PowerImportL3, Quantity::PowerExportL3],
        ];
        for (phase, [voltage, current, import, export]) in own.into_iter().enumerate() {
            self.volts[phase] += 1.4 * random.normal() + (2312.0 - self.volts[phase]) * 0.02;
            let volts = self.volts[phase] as i64 * 100;
            values.set(voltage, volts);
            values.set(current, (phases[phase].abs() * 10.0 / 231.0) as i64 * 100);
            values.set(import, phases[phase].max(0.0) as i64);
            values.set(export, (-phases[phase]).max(0.0) as i64);
        }
        values
    }
}
