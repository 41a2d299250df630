//! The report: its figures, its words, its mail as it arrives, its files, and who may see them.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::path::Path;

use common::days::{fill, luxembourg, yesterday};
use common::mail::{MailServer, Security};
use common::{Daemon, Folder, finish, smartyreader};
use smarty_store::Reader;
use smartyreader::report::{Document, Folder as Reports, Kind, Note, Period, Subject, text};

const HOUSE: &str = "[source.nothing]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\ntitle = \"Müller & Söhne\"\n\
     [calculated]\nclasses = [3, 7]\nprice = 0.0765\n";

fn config(folder: &Folder, text: &str) -> std::path::PathBuf {
    folder.write("test.toml", &format!("{HOUSE}{text}\n[store]\npath = \"test.db\"\n"))
}

fn document(folder: &Folder, period: &str) -> Document {
    let settings = smartyreader::config::load(&config(folder, "")).unwrap();
    let reader = Reader::open(folder.file("test.db")).unwrap();
    let now = jiff::Timestamp::now().as_second();
    Document::of(&reader, &Subject::new(&settings), Period::parse(period).unwrap(), now).unwrap()
}

#[test]
fn figures_comparison_and_gaps_in_words() {
    let folder = Folder::new("report-figures");
    fill(&folder, "home", Period::parse("2026-11-22").unwrap(), 22, Some((14, 16)));
    // 18 hours at 300 W and 2 at 4 kW; 4 hours at 2 kW into the grid. Dinner is 1 kW beyond 3 kW for two hours.
    let report = text(&document(&folder, "2026-11-22"));
    let expected = "\
Sunday, 22 November 2026
------------------------

Müller & Söhne

  Import                      13.400 kWh  measured in part
  Export                       8.000 kWh  measured in part
  Net                          5.400 kWh  from the grid
  Highest quarter-hour          4.000 kW  at 18:00
  Beyond 3 kW                  2.000 kWh  at least, in 8 quarter-hours, 0.15 €
  Beyond 7 kW           nothing measured

  88 of 96 quarter-hours were measured.
  Gap from 14:00 to 16:00 (2 h): no telegrams; its energy is known (300 Wh import, 2.000 kWh export), its shape is not.
  The meter’s clock was right.

Made by SmartyReader from the meter’s own registers.
";
    assert_eq!(report, expected, "\n{report}");
    let week = text(&document(&folder, "2026-W47"));
    assert!(week.contains("Week 47: 16 to 22 November 2026"), "{week}");
    assert!(week.contains("Import                      93.800 kWh  measured in part\n"), "{week}");
    let before = text(&document(&folder, "2026-W46"));
    assert!(before.contains("Import                93.799 kWh  as much as in week 45\n"), "{before}");
    let saturday = text(&document(&folder, "2026-11-21"));
    for words in [
        "Import                13.400 kWh  as much as on the last 2 Saturdays\n",
        "Export                 8.000 kWh  as much as on the last 2 Saturdays\n",
        "Beyond 3 kW            2.000 kWh  in 8 quarter-hours, 0.15 €\n",
        "Beyond 7 kW              nothing\n",
    ] {
        assert!(saturday.contains(words), "{words}\n{saturday}");
    }
    assert!(week.contains("664 of 672 quarter-hours were measured."), "{week}");
    assert!(week.contains("Gap from Sun 22 Nov, 14:00 to Sun 22 Nov, 16:00 (2 h)"), "{week}");
    let empty = text(&document(&folder, "2026-10-01"));
    assert!(empty.contains("Nothing was measured.\n"), "{empty}");
    let after = text(&document(&folder, "2026-12-01"));
    assert!(after.contains("The last telegram before was that of Monday, 23 November 2026, 00:20."), "{after}");
}

const TARIFF: &str = "[tariff]\nnetwork = \"luxembourg\"\nmain-fuse = 40\n\
     reference-power = [{ kw = 3 }, { from = 2026-11-21, kw = 3.5 }]\n\
     [[tariff.price]]\ncomponent = \"energy\"\nprice = 0.1229\n[[tariff.price]]\ncomponent = \"feed-in\"\nprice = 0.08\n";

#[test]
fn costs_and_the_reference_powers_of_the_contract() {
    let folder = Folder::new("report-costs");
    fill(&folder, "home", Period::parse("2026-11-22").unwrap(), 22, Some((14, 16)));
    let with = |tariff: &str, period: &str| {
        let settings = smartyreader::config::load(&config(&folder, tariff)).unwrap();
        let reader = Reader::open(folder.file("test.db")).unwrap();
        let now = jiff::Timestamp::now().as_second().max(1_795_600_000);
        text(&Document::of(&reader, &Subject::new(&settings), Period::parse(period).unwrap(), now).unwrap())
    };
    // 3 kW until Friday, 3.5 kW from Saturday on, for two hours of 4 kW each day.
    let week = with(TARIFF, "2026-W47");
    for words in [
        "  Beyond 3 kW                   10.000 kWh  in 40 quarter-hours\n",
        "  Beyond 3.5 kW                  2.000 kWh  at least, in 16 quarter-hours\n",
    ] {
        assert!(week.contains(words), "{words}\n{week}");
    }
    assert!(!week.contains("Beyond 7 kW"), "that is of those that the formats compare\n{week}");
    // What the command line and the API say of the same day.
    let day = with(&TARIFF.replace("3.5", "3"), "2026-11-22");
    let settings = config(&folder, &TARIFF.replace("3.5", "3"));
    let (code, bill, err) =
        finish(smartyreader().args(["costs", "--json", "--day", "2026-11-22", "--config"]).arg(&settings));
    assert_eq!(code, 0, "{err}");
    let bill: serde_json::Value = serde_json::from_str(&bill).unwrap();
    let cents = bill["total_cent"].as_i64().unwrap();
    let shown = format!("{}.{:02} €", cents / 100, cents % 100);
    let line = day.lines().find(|line| line.contains("Costs, with tax")).unwrap();
    assert!(line.contains(&shown) && line.ends_with("  at least, uncertain"), "{shown}: {day}");
    let expected = "\
  Costs, with tax                   1.99 €  at least, uncertain
    energy                          1.78 €
    network, fixed                  0.27 €
    network, every kWh              0.74 €  uncertain
    beyond the reference power      0.17 €  at least, uncertain
    metering                        0.21 €
    electricity tax                 0.01 €  uncertain
    compensation mechanism         −0.54 €  uncertain
    feed-in                        −0.64 €
";
    assert!(day.contains(expected), "{day}");
    // Without a supplier's price the bill is not whole, and says so.
    let bare = with("[tariff]\nnetwork = \"luxembourg\"\nreference-power = 3\n", "2026-11-22");
    assert!(bare.contains("the supplier's energy, for there is no [[tariff.price]]"), "{bare}");
    let broken = with("[tariff]\nnetwork = \"belgium\"\nreference-power = 3\n", "2026-11-22");
    assert!(broken.contains("There are no costs: ") && broken.contains("  Beyond 3 kW "), "{broken}");
    assert!(!broken.contains("Costs, with tax") && !broken.contains("Beyond 7 kW"), "{broken}");
    let before = with(&TARIFF.replace("[tariff]", "[tariff]\nfrom = 2027-01-01"), "2026-11-22");
    assert!(!before.contains("Costs") && before.contains("Beyond 7 kW"), "{before}");
}

#[test]
fn a_day_of_25_hours_says_so() {
    let folder = Folder::new("report-autumn");
    fill(&folder, "home", Period::parse("2026-10-25").unwrap(), 2, None);
    let report = text(&document(&folder, "2026-10-25"));
    assert!(report.contains("All 100 quarter-hours were measured."), "{report}");
    assert!(report.contains("The clocks went back: this day had 25 hours."), "{report}");
    // An hour more at 300 W, by the seconds of the day: its 18th hour comes an hour later on the wall.
    assert!(report.contains("Import                13.700 kWh"), "{report}");
}

/// A mail without what differs each time: boundaries, dates and pictures.
fn normalised(source: &str) -> String {
    let mut out = String::new();
    let mut boundaries: Vec<String> = Vec::new();
    let mut picture = false;
    let source = source.replace("\r\n", "\n");
    for line in source.lines() {
        if let Some(rest) = line.split("boundary=\"").nth(1) {
            boundaries.push(rest.split('"').next().unwrap().to_string());
        }
    }
    for line in source.lines() {
        let mut line = line.to_string();
        for (number, boundary) in boundaries.iter().enumerate() {
            line = line.replace(boundary, &format!("<boundary {number}>"));
        }
        if line.starts_with("Date: ") {
            line = "Date: <date>".into();
        }
        if line.starts_with("Message-ID: ") {
            let (before, domain) = line.split_once('@').unwrap();
            assert!(before.starts_with("Message-ID: <2026-11-22.") && domain == "example.org>", "{line}");
            line = "Message-ID: <2026-11-22.<hash>@example.org>".into();
        }
        if picture && (line.is_empty() || line.starts_with("--")) {
            picture = false;
        } else if picture {
            continue;
        }
        if line.starts_with("iVBORw0KGgo") {
            out.push_str("<picture>\n");
            picture = true;
            continue;
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[test]
fn the_mail_as_it_arrives() {
    let folder = Folder::new("report-golden");
    let Some(server) = MailServer::start(&folder, Security::StartTls) else { return };
    fill(&folder, "home", Period::parse("2026-11-22").unwrap(), 22, Some((14, 16)));
    let config = config(
        &folder,
        &format!("[report]\nto = [\"Anna <anna@example.org>\"]\n{}{}", server.settings(), TARIFF.replace("3.5", "3")),
    );
    let command = ["report", "--send-test", "--day", "2026-11-22", "--config"];
    let (code, out, err) = finish(smartyreader().args(command).arg(&config));
    assert_eq!(code, 0, "{out}{err}");
    let source = server.source(1);
    // What the rules of mail ask for, whatever is inside (RFC 5322).
    assert!(source.is_ascii(), "it passes servers that know nothing else");
    assert!(source.lines().all(|line| line.len() <= 998));
    let received = normalised(&source);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/report.eml");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &received).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert_eq!(received, golden, "BLESS=1 writes it anew");
}

#[test]
fn files_are_written_where_they_are_told() {
    let folder = Folder::new("report-files");
    fill(&folder, "home", Period::parse("2026-11-22").unwrap(), 2, None);
    let config = config(&folder, "");
    let run = |arguments: &[&str]| finish(smartyreader().args(arguments).arg("--config").arg(&config));
    let out = folder.file("out");
    let (code, said, err) = run(&["report", "--day", "2026-11-22", "--output", out.to_str().unwrap()]);
    assert_eq!(code, 0, "{err}");
    assert!(said.starts_with(&format!("{}/2026-11-22.html is written.", out.display())), "{said}");
    let names = ["2026-11-22-home.png", "2026-11-22-home.svg", "2026-11-22.html", "2026-11-22.txt"];
    let mut found: Vec<String> =
        std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, names);
    let page = std::fs::read_to_string(out.join("2026-11-22.html")).unwrap();
    assert!(page.contains("src=\"2026-11-22-home.png\"") && page.contains("Müller &amp; Söhne"));

    let picture = folder.file("week.svg");
    let (code, _, err) = run(&["plot", "--week", "2026-11-22", "--output", picture.to_str().unwrap()]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(std::fs::read_to_string(&picture).unwrap().contains("Week 47: 16 to 22 November 2026"));
    for (arguments, words) in [
        (["plot", "--day", "yesterday", "--output", "x.png"], "--day is a day such as 2026-11-22, not \"yesterday\""),
        (["plot", "--week", "2026-11", "--output", "x.png"], "--week is a week such as 2026-W47"),
        (["plot", "--day", "2026-11-22", "--output", "x.gif"], "--output ends with .png or .svg"),
        (["plot", "--size", "9x9", "--output", "x.png"], "is no size"),
        (["plot", "--scale", "9", "--output", "x.png"], "no room for its words"),
        (["plot", "--meter", "nobody", "--output", "x.png"], "there is no meter nobody; there is home"),
        (["report", "--send-test", "--day", "2026-11-22", "--month"], "value is required"),
    ] {
        let (code, _, err) = run(&arguments);
        assert!(code == 64 || code == 2, "{arguments:?}: {code}");
        assert!(err.contains(words), "{arguments:?}: {err}");
    }
    let (code, _, err) = run(&["report", "--send-test"]);
    assert_eq!(code, 78);
    assert!(err.contains("nobody gets reports"), "{err}");
}

#[test]
fn the_daemon_keeps_and_serves_them() {
    let folder = Folder::new("report-serve");
    fill(&folder, "home", yesterday(), 9, None);
    let daemon = Daemon::start(&folder, &format!("{HOUSE}[report]\nat = \"00:05\"\nweekly = true\n"));
    let name = yesterday().to_string();
    let page = format!("/reports/{name}.html");
    daemon.wait("the report is there", |daemon| daemon.try_get(&page).is_some_and(|(status, _)| status == 200));
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let get = |path: &str| {
        let mut answer = agent.get(format!("http://{}{path}", daemon.address)).call().unwrap();
        let header = |name: &str| {
            answer.headers().get(name).map(|value| value.to_str().unwrap().to_string()).unwrap_or_default()
        };
        let (kind, policy, cache) =
            (header("content-type"), header("content-security-policy"), header("cache-control"));
        let body = answer.body_mut().read_to_vec().unwrap();
        (answer.status().as_u16(), kind, policy, cache, body)
    };
    assert_eq!(get("/reports").0, 308);
    daemon.wait("the week's is there too", |daemon| {
        daemon.try_get("/reports/").is_some_and(|(_, list)| list.contains("Week "))
    });
    let (status, kind, policy, cache, list) = get("/reports/");
    assert_eq!((status, kind.as_str(), cache.as_str()), (200, "text/html; charset=utf-8", "no-store"));
    assert!(policy.contains("default-src 'none'") && !policy.contains("script"), "{policy}");
    let list = String::from_utf8(list).unwrap();
    assert!(list.contains(&yesterday().title()) && list.contains("Week "), "{list}");
    // Every link of the list leads somewhere.
    let links = list.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let links: Vec<&str> = links.filter(|link| *link != "../").collect();
    assert!(links.len() >= 8, "{links:?}");
    for link in links {
        let (status, kind, _, _, body) = get(&format!("/reports/{link}"));
        assert_eq!(status, 200, "{link}");
        assert!(!body.is_empty() && !kind.starts_with("application"), "{link}: {kind}");
    }
    for nothing in [&format!("{name}.sent"), "..%2ftest.db", "..%2Ftest.toml", "test.db", "2020-01-01.html", "%00", "."]
    {
        let (status, _, _, _, body) = get(&format!("/reports/{nothing}"));
        // A lone dot is the list itself.
        assert!(status == 404 || nothing == ".", "{nothing}: {status} {}", String::from_utf8_lossy(&body));
    }

    let plot = "/api/v1/meters/home/plot";
    let (status, kind, _, _, png) = get(&format!("{plot}?day={name}"));
    assert_eq!((status, kind.as_str(), &png[..4]), (200, "image/png", &b"\x89PNG"[..]));
    let (_, kind, _, _, svg) = get(&format!("{plot}?day={name}&format=svg&size=800x500&scale=1.5"));
    let svg = String::from_utf8(svg).unwrap();
    assert_eq!(kind, "image/svg+xml");
    assert!(svg.contains("width=\"800\" height=\"500\"") && svg.contains(&yesterday().title()), "{svg}");
    for (query, words) in [
        ("", "One of the parameters `day`, `week`, `month` and `year` is needed."),
        ("?day=2026-11-22&week=2026-W47", "One of the parameters"),
        ("?day=2026-W47", "`day` is like 2026-11-22, not"),
        ("?year=x", "`year` is like 2026, not"),
        ("?year=2026&format=gif", "`format` is png or svg"),
        ("?year=2026&size=1x1", "is no size"),
        ("?year=2026&scale=big", "`scale` is a number such as 2"),
        ("?year=2026&scale=NaN", "no room for its words"),
    ] {
        let (status, answer) = daemon.get(&format!("{plot}{query}"));
        assert_eq!(status, 400, "{query}: {answer}");
        assert!(answer["error"].as_str().unwrap().contains(words), "{query}: {answer}");
    }
    assert_eq!(daemon.get("/api/v1/meters/nobody/plot?year=2026").0, 404);

    // While the daemon runs, anybody else may draw.
    let picture = folder.file("day.png");
    let (code, _, err) =
        finish(smartyreader().args(["plot", "--output"]).arg(&picture).arg("--config").arg(&daemon.config));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(picture.exists());
}

#[test]
fn only_who_knows_the_password_sees_them() {
    let folder = Folder::new("report-password");
    fill(&folder, "home", yesterday(), 2, None);
    let (_, token, _) = finish(smartyreader().args(["password", "--token"]));
    let bearer = token.split("Bearer ").nth(1).unwrap().lines().next().unwrap().to_string();
    let hashes = token.lines().find(|line| line.starts_with("token-hashes")).unwrap();
    let address = format!("127.0.0.1:{}", common::free_port());
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let config = config(
        &folder,
        &format!("[report]\nat = \"00:05\"\n[web]\nlisten = \"{address}\"\npassword-hash = \"{hash}\"\n{hashes}\n"),
    );
    let process = common::Process::start(smartyreader().args(["run", "--config"]).arg(&config));
    let daemon = Daemon { process, config, address };
    daemon.wait("the page", |daemon| daemon.try_get("/api/v1/session").is_some());
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let url = |path: &str| format!("http://{}{path}", daemon.address);
    let with_token = |path: &str| {
        agent.get(url(path)).header("authorization", &format!("Bearer {bearer}")).call().unwrap().status().as_u16()
    };
    let name = yesterday();
    daemon.wait("the report is there", |_| with_token(&format!("/reports/{name}.html")) == 200);
    assert_eq!(with_token("/reports/"), 200);
    let plot = format!("/api/v1/meters/home/plot?day={name}");
    assert_eq!(with_token(&plot), 200);
    for path in ["/reports/", &format!("/reports/{name}.html"), &format!("/reports/{name}-home.png"), &plot] {
        let (status, body) = daemon.try_get(path).unwrap();
        assert_eq!(status, 401, "{path}");
        assert!(!body.contains("kWh") && !body.contains(&name.title()), "{path}: {body}");
    }
    assert!(daemon.try_get("/reports/").unwrap().1.contains("log in"));
}

#[test]
fn other_sites_read_no_report_through_a_visitors_browser() {
    let folder = Folder::new("report-origin");
    let daemon = Daemon::start(&folder, &format!("{HOUSE}[report]\n"));
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let read = |host: &str| {
        agent.get(format!("http://{}/reports/", daemon.address)).header("host", host).call().unwrap().status().as_u16()
    };
    assert_eq!((read("localhost:8090"), read("evil.example")), (200, 403));
}

#[test]
fn the_oldest_go_and_those_that_may_be_asked_for_stay() {
    let folder = Folder::new("report-prune");
    let path = folder.file("reports");
    let reports = Reports::new(path.clone());
    std::fs::create_dir_all(&path).unwrap();
    let days: Vec<Period> = (0..10).map(|back| yesterday().before(back)).collect();
    for day in &days {
        for ending in [".html", ".txt", "-home.png", "-home.svg"] {
            std::fs::write(path.join(format!("{day}{ending}")), "x").unwrap();
        }
        reports.write_note(*day, &Note::new(1, &[])).unwrap();
    }
    std::fs::write(path.join("2026-11.html"), "x").unwrap();
    std::fs::write(path.join("mine.txt"), "x").unwrap();
    reports.prune(Kind::Day, 3, days[5].first());
    let left: Vec<Period> =
        reports.list().into_iter().map(|kept| kept.period).filter(|period| period.kind() == Kind::Day).collect();
    assert_eq!(left, days[..6], "three were wanted, but those from then on stay");
    assert_eq!(reports.notes().len(), 6);
    assert!(path.join("mine.txt").exists() && path.join("2026-11.html").exists(), "what is not a day's stays");
    assert!(reports.list().iter().filter(|kept| kept.period.kind() == Kind::Day).all(|kept| kept.files.len() == 4));
}

#[test]
fn what_is_wrong_with_the_settings_is_said() {
    let folder = Folder::new("report-check");
    let check = |text: &str| {
        let (_, out, _) = finish(smartyreader().args(["check", "--config"]).arg(config(&folder, text)));
        out
    };
    let good = check(
        "[report]\nweekly = true\nto = [\"anna@example.org\"]\n[mail]\nserver = \"mail.example.org\"\nfrom = \"meter@example.org\"\n",
    );
    assert!(
        good.contains(
            "a report of each day on the next and of each week on Monday, at 01:00, of meter home, is kept in"
        ),
        "{good}"
    );
    assert!(good.contains("reports are mailed to anna@example.org through mail.example.org with STARTTLS."), "{good}");
    assert!(good.contains("The configuration is good."), "{good}");
    for (text, words) in [
        ("[report]\nto = [\"anna@example.org\"]\n", "`to` needs a section [mail]"),
        ("[report]\nto = [\"anna\"]\n[mail]\nserver = \"x\"\nfrom = \"a@b.lu\"\n", "\"anna\" is no mail address"),
        ("[report]\ndaily = false\n", "nothing is to be reported"),
        ("[report]\nat = \"00:00\"\n", "`at` is 00:05 or later"),
        ("[report]\nkeep = 0\n", "`keep` is 1 or more"),
        ("[report]\nmeters = [\"nobody\"]\n", "there is no meter nobody"),
        ("[mail]\nserver = \"x:y\"\nfrom = \"a@b.lu\"\n", "\"x:y\" is no mail server"),
        ("[mail]\nserver = \"x\"\n", "`from` is missing"),
        ("[mail]\nserver = \"x\"\nuser = \"a@b.lu\"\n", "`user` and the password (`password-file`) belong together"),
        ("[mail]\nserver = \"x\"\nuser = \"a@b.lu\"\npassword-file = \"none\"\n", "the password: "),
        ("[mail]\nserver = \"x:465\"\nfrom = \"a@b.lu\"\n", "port 465 usually wants security = \"tls\""),
        ("[mail]\nserver = \"x\"\nsecurity = \"none\"\nfrom = \"a@b.lu\"\nca-file = \"y\"\n", "`ca-file` needs TLS"),
    ] {
        let out = check(text);
        assert!(out.contains(words), "{text}: {out}");
    }
    for (text, words) in [
        ("[report]\nat = \"1 o'clock\"\n", "a time of day is like \"01:00\""),
        ("[report]\nat = \"25:00\"\n", "a time of day is like \"01:00\""),
        ("[mail]\nserver = \"x\"\nsecurity = \"ssl\"\n", "only starttls, tls, none"),
        ("[mail]\nserver = \"x\"\npassword = \"secret\"\n", "password-file"),
    ] {
        let (code, _, err) = finish(smartyreader().args(["check", "--config"]).arg(config(&folder, text)));
        assert_eq!(code, 78, "{text}");
        assert!(err.contains(words), "{text}: {err}");
    }
    assert_eq!(luxembourg().iana_name(), Some("Europe/Luxembourg"));
}
