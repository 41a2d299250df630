//! Pictures: what must hold of every one, read from the SVG; the PNG is drawn from the same shapes.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use smartyreader::report::plot::{Bar, Bars, Day, Format, Quarter, Scene, Size, State, Step, render};
use smartyreader::report::{Kind, Period};

fn zone() -> TimeZone {
    TimeZone::get("Europe/Luxembourg").unwrap()
}

/// A day without a telegram.
fn empty(date: &str) -> Day {
    let period = Period::parse(date).unwrap();
    let (start, end) = period.span(&zone());
    Day {
        title: period.title(),
        meter: "Home".into(),
        zone: zone(),
        start,
        end,
        until: end,
        step: 60,
        curve: Vec::new(),
        quarters: Vec::new(),
        peak: None,
        import: None,
        export: None,
    }
}

/// A day with a telegram every minute, its power as told, and none between two times.
fn day(date: &str, power: impl Fn(i64) -> i64, gap: Option<(i64, i64)>) -> Day {
    let mut day = empty(date);
    let heard = |time: i64| gap.is_none_or(|(from, to)| !(from..to).contains(&(time - day.start)));
    let steps = (day.start..day.end).step_by(60).filter(|time| heard(*time)).map(|time| {
        let mean = power(time - day.start);
        Step { time, min: mean - 50, mean, max: mean + 80 }
    });
    day.curve = steps.collect();
    let quarters = (day.start..day.end).step_by(900).filter(|time| heard(*time) && heard(time + 899));
    day.quarters = quarters
        .map(|start| {
            let mean = power(start - day.start);
            Quarter { start, import: mean.max(0), export: (-mean).max(0) }
        })
        .collect();
    let highest = day.quarters.iter().max_by_key(|quarter| quarter.import);
    day.peak = highest.map(|quarter| (quarter.import, quarter.start));
    (day.import, day.export) = (Some(12_345), Some(678));
    day
}

fn svg(scene: &Scene) -> String {
    String::from_utf8(render(scene, Format::Svg).unwrap()).unwrap()
}

/// What stands in the texts of a class, from left to right.
fn texts(svg: &str, class: &str) -> Vec<String> {
    let mut found: Vec<(f32, String)> = svg
        .split(&format!("<text class=\"{class}\""))
        .skip(1)
        .map(|rest| {
            let x = rest.split("x=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
            let words = rest.split_once('>').unwrap().1.split('<').next().unwrap();
            (x, words.to_string())
        })
        .collect();
    found.sort_by(|one, two| one.0.total_cmp(&two.0));
    found.into_iter().map(|(_, words)| words).collect()
}

fn count(svg: &str, class: &str) -> usize {
    svg.matches(&format!(" class=\"{class}\"")).count()
}

/// The marks of the time axis.
fn ticks(svg: &str) -> usize {
    let path = svg.split("class=\"ticks\" d=\"").nth(1).unwrap().split('"').next().unwrap();
    path.matches('M').count()
}

/// Every number in the picture is one, and every place is inside of it.
fn is_sound(scene: &Scene, size: Size) {
    let svg = svg(scene);
    let lower = svg.to_lowercase();
    assert!(!lower.contains("nan") && !lower.contains("inf"), "{svg}");
    let (width, height) = size.points();
    for path in svg.split(" d=\"").skip(1) {
        let path = path.split('"').next().unwrap();
        for point in path.split(['M', 'L', 'Z']).filter(|point| !point.is_empty()) {
            let (x, y) = point.split_once(' ').unwrap();
            let (x, y): (f32, f32) = (x.parse().unwrap(), y.parse().unwrap());
            assert!((-1.0..=width + 1.0).contains(&x) && (-1.0..=height + 1.0).contains(&y), "{point} in {svg}");
        }
    }
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(!svg.contains("style="), "the page's rules let no style in");
}

#[test]
fn every_hour_has_its_mark_and_its_label() {
    let usual = svg(&day("2026-11-22", |_| 500, None).draw(Size::default()));
    assert_eq!(ticks(&usual), 25);
    let labels = texts(&usual, "hour");
    assert_eq!((labels.len(), labels[0].as_str(), labels[24].as_str()), (25, "00:00", "24:00"));

    let spring = svg(&day("2026-03-29", |_| 500, None).draw(Size::default()));
    assert_eq!(ticks(&spring), 24);
    let labels = texts(&spring, "hour");
    assert_eq!(labels[..4], ["00:00", "01:00", "03:00", "04:00"]);
    assert_eq!(texts(&spring, "hour-remark"), ["+1 h"]);
    assert!(spring.contains("this day has 23 hours"));

    let autumn = svg(&day("2026-10-25", |_| 500, None).draw(Size::default()));
    assert_eq!(ticks(&autumn), 26);
    let labels = texts(&autumn, "hour");
    assert_eq!(labels[..5], ["00:00", "01:00", "02:00", "02:00", "03:00"]);
    assert_eq!(texts(&autumn, "hour-remark"), ["again"]);
    assert!(autumn.contains("this day has 25 hours"));
}

#[test]
fn where_there_is_little_room_the_ends_and_the_change_keep_their_labels() {
    let size: Size = "600x400".parse().unwrap();
    let autumn = svg(&day("2026-10-25", |_| 500, None).draw(size));
    assert_eq!(ticks(&autumn), 26);
    let labels = texts(&autumn, "hour");
    assert!(labels.len() < 14, "{labels:?}");
    assert_eq!((labels[0].as_str(), labels.last().unwrap().as_str()), ("00:00", "24:00"));
    assert_eq!(texts(&autumn, "hour-remark"), ["again"]);
}

#[test]
fn a_gap_is_a_gap() {
    let with = day("2026-11-22", |second| second / 40 - 800, Some((14 * 3600, 16 * 3600)));
    let start = with.start;
    assert_eq!(with.breaks(), [(start + 14 * 3600, start + 16 * 3600)]);
    let picture = svg(&with.draw(Size::default()));
    assert_eq!(count(&picture, "gap"), 1);
    assert!(picture.contains("<title>14:00 to 16:00: no telegrams</title>"));
    assert_eq!(texts(&picture, "gap-words"), ["no telegrams"]);
    // The line is in two colours, and the import's is broken once.
    let line = picture.split("class=\"import-line\" d=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(line.matches('M').count(), 2, "{line}");
    assert_eq!(count(&picture, "export-line"), 1);

    let without = svg(&day("2026-11-22", |_| 500, None).draw(Size::default()));
    assert_eq!(count(&without, "gap"), 0);
    assert!(!without.to_lowercase().contains("no telegrams"));
}

#[test]
fn a_day_without_anything_says_so() {
    let picture = empty("2026-11-22").draw(Size::default());
    is_sound(&picture, Size::default());
    let picture = svg(&picture);
    assert_eq!(texts(&picture, "gap-words"), ["Nothing was measured on this day"]);
    assert_eq!(texts(&picture, "value"), Vec::<String>::new(), "no scale of nothing");
    assert!(picture.contains("Sunday, 22 November 2026"));
}

#[test]
fn a_day_that_is_not_over_has_no_gap_ahead() {
    let mut today = day("2026-11-22", |_| 500, None);
    today.until = today.start + 6 * 3600 + 1800;
    today.curve.retain(|step| step.time < today.until);
    assert_eq!(today.breaks(), []);
    assert!(svg(&today.draw(Size::default())).contains("Until 06:30"));
}

#[test]
fn the_title_is_the_date_and_what_people_write_is_only_words() {
    let mut named = day("2026-11-22", |_| 500, None);
    named.meter = "<script>\"Müller & Söhne\"".into();
    let picture = svg(&named.draw(Size::default()));
    assert_eq!(texts(&picture, "title"), ["Sunday, 22 November 2026"]);
    assert!(!picture.contains("<script"));
    assert!(picture.contains("&lt;script&gt;&quot;Müller &amp; Söhne&quot;"));
}

#[test]
fn a_png_is_one_of_the_size_that_was_asked_for() {
    let scene = day("2026-11-22", |second| (second % 7200) - 3000, Some((3600, 7200))).draw(Size::MAIL);
    let file = render(&scene, Format::Png).unwrap();
    assert_eq!(file[..8], *b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap());
    assert_eq!((number(16), number(20)), (Size::MAIL.width, Size::MAIL.height));
    assert!(file.len() < 200_000, "{} bytes are too many for a mail", file.len());
}

fn bar(period: Period, import: Option<i64>, state: State) -> Bar {
    Bar {
        label: (period.first().strftime("%-d").to_string(), "x".into()),
        title: period.title(),
        import,
        export: import.map(|wh| wh / 3),
        peak: import.map(|wh| wh / 4),
        state,
        weekend: period.first().weekday().to_monday_zero_offset() >= 5,
    }
}

#[test]
fn bars_show_what_is_whole_partial_missing_and_still_to_come() {
    let month = Period::parse("2026-11").unwrap();
    let bars = month.parts().into_iter().enumerate().map(|(index, part)| match index {
        2 => bar(part, Some(9000), State::Partial),
        4 => bar(part, None, State::Missing),
        20.. => bar(part, None, State::Outside),
        _ => bar(part, Some(10_000 + 500 * index as i64), State::Complete),
    });
    let bars = Bars {
        title: month.title(),
        meter: "Home".into(),
        bars: bars.collect(),
        peak: Some((4875, "Fri 20 Nov, 18:00".into())),
        import: Some(300_000),
        export: Some(100_000),
    };
    let picture = bars.draw(Size::default());
    is_sound(&picture, Size::default());
    let picture = svg(&picture);
    assert_eq!((count(&picture, "import-bar"), count(&picture, "export-bar")), (19, 19));
    assert_eq!(count(&picture, "missing"), 1);
    assert_eq!(count(&picture, "partial"), 2);
    assert_eq!(count(&picture, "peak"), 19);
    assert_eq!(texts(&picture, "label").len(), 30);
    assert!(picture.contains("<title>Friday, 20 November 2026: 19.500\u{a0}kWh import</title>"));
    // Amounts have no sign, above and below.
    assert!(texts(&picture, "value").iter().all(|figure| !figure.contains('−')));
    assert_eq!(month.kind(), Kind::Month);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the powers, the gaps and the size: nothing is outside, nothing is not a number.
    #[test]
    fn every_picture_is_sound(
        date in prop::sample::select(vec!["2026-11-22", "2026-03-29", "2026-10-25"]),
        curve in prop::collection::vec((0_i64..1500, -200_000_i64..200_000, 0_i64..5000), 0..60),
        quarters in prop::collection::vec((0_i64..100, 0_i64..200_000, 0_i64..200_000), 0..40),
        until in 0_i64..90_000,
        size in (300_u32..2000, 200_u32..1500),
    ) {
        let mut day = empty(date);
        day.until = (day.start + until).min(day.end);
        let (start, end) = (day.start, day.end);
        day.curve = curve
            .into_iter()
            .map(|(minute, mean, more)| Step { time: start + minute * 60, min: mean - more, mean, max: mean + more })
            .filter(|step| step.time < end)
            .collect();
        day.curve.sort_by_key(|step| step.time);
        day.curve.dedup_by_key(|step| step.time);
        day.quarters = quarters
            .into_iter()
            .map(|(number, import, export)| Quarter { start: start + number * 900, import, export })
            .filter(|quarter| quarter.start < end)
            .collect();
        day.quarters.sort_by_key(|quarter| quarter.start);
        day.quarters.dedup_by_key(|quarter| quarter.start);
        day.peak = day.quarters.first().map(|quarter| (quarter.import, quarter.start));
        let size = Size { width: size.0, height: size.1, scale: 1.0 };
        is_sound(&day.draw(size), size);
        // Gaps and steps together are the day until now, and no moment is both.
        let heard: i64 = day.curve.iter().filter(|step| step.time < day.until).map(|step| (step.time + 60).min(day.until) - step.time).sum();
        let unheard: i64 = day.breaks().iter().filter(|(from, _)| *from < day.until).map(|(from, to)| to - from).sum();
        let all = day.until - day.start;
        prop_assert!((all - heard - unheard).abs() <= 60 + day.curve.last().map_or(0, |step| (step.time - day.until).max(0)), "{all} {heard} {unheard}");
    }
}
