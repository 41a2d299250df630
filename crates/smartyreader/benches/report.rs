//! Reports' budget: a day's report made, drawn and written as a mail; and a picture of the day by this program and by gnuplot, as the original drew it, each from
//! start to end. Prints `name milliseconds`, medians.

// Figures are printed, and a bench that cannot go on may stop.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use smarty_p1::{Quantity, Values};
use smarty_store::{MeterReading, Options, Reader, Store};
use smartyreader::config;
use smartyreader::report::plot::{Format, Size};
use smartyreader::report::{Document, Occasion, Period, Pictures, Subject, html, letters, text};

use common::{line, reading};

const HOUSE: &str = "zone = \"Europe/Luxembourg\"\n[source.nothing]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\n\
     [store]\npath = \"bench.db\"\n[report]\nto = [\"anna@example.org\"]\n[mail]\nserver = \"localhost\"\nsecurity = \"none\"\nfrom = \"meter@example.org\"\n";

/// 15 June 2026, 00:00 in Luxembourg.
const MIDNIGHT: i64 = 1_781_474_400;
const DAY: i64 = 86_400;
const TIMES: usize = 15;

/// Lines of the original's day file: `2026-06-15 00:00:00 412`, once a minute.
const GNUPLOT: &str = "set terminal png size 1200,600\nset output 'gnuplot.png'\nset title '2026-06-15'\nset xdata time\n\
     set timefmt '%Y-%m-%d %H:%M:%S'\nset format x '%H:%M'\nset xtics 3600\nset grid\n\
     plot 'day.min' using 1:3 with lines title 'W'\n";

fn main() {
    let folder = std::env::temp_dir().join(format!("smartyreader-report-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("bench.toml"), HOUSE).unwrap();
    fill(&folder);
    let reader = Reader::open(folder.join("bench.db")).unwrap();
    let config = config::load(&folder.join("bench.toml")).unwrap();
    let (subject, now) = (Subject::new(&config), MIDNIGHT + DAY + 3600);
    let day = Period::parse("2026-06-15").unwrap();

    let of = || Document::of(&reader, &subject, day, now).unwrap();
    let document = of();
    line("document", TIMES, || assert_eq!(of().sections.len(), 1));
    let picture = &document.sections[0].picture;
    line("png", TIMES, || assert!(picture.file(Size::MAIL, Format::Png).is_some()));
    line("svg", TIMES, || assert!(picture.file(Size::MAIL, Format::Svg).is_some()));
    line("page", TIMES, || assert!(html(&document, Pictures::Mail).len() + text(&document).len() > 1000));
    let (mail, to) = (config.mail.clone().unwrap(), vec!["anna@example.org".to_string()]);
    line("report", TIMES, || {
        let made = letters(&of(), &mail, &to, Occasion::Due, now).unwrap();
        assert!(made[0].message.formatted().len() > 10_000);
    });
    drop(reader);

    let mut ours =
        Command::new(std::env::var_os("SMARTYREADER").unwrap_or_else(|| env!("CARGO_BIN_EXE_smartyreader").into()));
    ours.args(["plot", "--config", "bench.toml", "--day", "2026-06-15", "--size", "1200x600", "--output", "ours.png"]);
    line("ours", TIMES, || run(&mut ours, &folder));
    let mut theirs = Command::new("gnuplot");
    theirs.arg("day.gp");
    if Command::new("gnuplot").arg("--version").stdout(Stdio::null()).status().is_ok() {
        line("gnuplot", TIMES, || run(&mut theirs, &folder));
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Five weeks, the last day as a meter sends it, the others by the minute; and the original's file of that day.
fn fill(folder: &Path) {
    let mut options = Options::new(folder.join("bench.db"));
    options.reserve_bytes = 0;
    let mut store = Store::open(options).unwrap();
    let times = (MIDNIGHT - 35 * DAY..MIDNIGHT).step_by(60).chain((MIDNIGHT..=MIDNIGHT + DAY).step_by(10));
    let (mut import, mut export, mut before) = (1_000_000, 500_000, MIDNIGHT - 35 * DAY);
    let mut lines = String::new();
    let readings: Vec<MeterReading> = times
        .map(|time| {
            let power = 200 + (time / 60 * 7919) % 3000 - if (time / 3600) % 24 > 8 { 2500 } else { 0 };
            let wh = power * (time - before) / 3600;
            before = time;
            import += wh.max(0);
            export += (-wh).max(0);
            if time >= MIDNIGHT && time % 60 == 0 {
                let clock = jiff::Timestamp::from_second(time + 7200).unwrap();
                writeln!(lines, "{} {power}", clock.strftime("%Y-%m-%d %H:%M:%S")).unwrap();
            }
            let mut values = Values::EMPTY;
            values.set(Quantity::EnergyImport, import);
            values.set(Quantity::EnergyExport, export);
            values.set(Quantity::PowerImport, power.max(0));
            values.set(Quantity::PowerExport, (-power).max(0));
            reading(time, &values)
        })
        .collect();
    for batch in readings.chunks(4000) {
        store.append_batch(batch).unwrap();
    }
    std::fs::write(folder.join("day.min"), lines).unwrap();
    std::fs::write(folder.join("day.gp"), GNUPLOT).unwrap();
}

fn run(command: &mut Command, folder: &Path) {
    let out = command.current_dir(folder).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}
