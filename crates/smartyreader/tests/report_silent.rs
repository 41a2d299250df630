//! The report of a meter that fell silent: what it says of a period that is not over, or was not measured whole.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use common::Folder;
use common::days::{fill, luxembourg};
use smarty_store::Reader;
use smartyreader::report::{Document, Period, Subject, text};

const HOUSE: &str = "[source.nothing]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\n\
     [calculated]\nclasses = [3, 7]\nprice = 0.0765\n[store]\npath = \"test.db\"\n";

/// Twenty minutes into Monday the meter fell silent: what is said of it then, and later.
#[test]
fn what_is_not_whole_is_compared_with_nothing() {
    let folder = Folder::new("report-silent");
    let sunday = Period::parse("2026-11-22").unwrap();
    fill(&folder, "home", sunday, 22, None);
    let config = folder.write("test.toml", HOUSE);
    let monday = sunday.after().span(&luxembourg()).0;
    let at = |period: &str, now: i64| {
        let settings = smartyreader::config::load(&config).unwrap();
        let reader = Reader::open(folder.file("test.db")).unwrap();
        let document = Document::of(&reader, &Subject::new(&settings), Period::parse(period).unwrap(), now).unwrap();
        narrow(&text(&document))
    };
    for (period, now, expected) in [
        (
            "2026-11-23",
            monday + 1300,
            ["Import 100 Wh so far\n", "Beyond 3 kW nothing\n", "The only quarter-hour so far was"],
        ),
        (
            "2026-11-23",
            monday + 6000,
            [
                "Import 100 Wh so far, measured in part\n",
                "Beyond 3 kW nothing measured\n",
                "1 of 6 quarter-hours so far",
            ],
        ),
        (
            "2026-11-23",
            monday + 90_000,
            ["Import 100 Wh measured in part\n", "Beyond 3 kW nothing measured\n", "No telegram since 00:20."],
        ),
        (
            "2026-W48",
            monday + 1300,
            ["Import 100 Wh so far\n", "Beyond 3 kW nothing\n", "The only quarter-hour so far was"],
        ),
        (
            "2026-11",
            monday + 1300,
            ["kWh so far\n", "Beyond 3 kW 43.998 kWh in 176 quarter-hours, 3.37 €\n", "All 2113 quarter-hours so far"],
        ),
        (
            "2026-11",
            monday + 30 * 86_400,
            [
                "kWh measured in part\n",
                "Beyond 3 kW 43.998 kWh at least, in 176",
                "No telegram since Mon 23 Nov, 00:20.",
            ],
        ),
    ] {
        let said = at(period, now);
        for words in expected {
            assert!(said.contains(words), "{period}, {words}\n{said}");
        }
        assert!(!said.contains("as much as") && !said.contains(" than "), "{said}");
    }
}

/// With one blank where there are many.
fn narrow(text: &str) -> String {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
}
