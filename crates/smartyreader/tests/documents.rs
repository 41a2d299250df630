//! The documents say what is: every command is run by a test or said not to be; links lead somewhere; the version is one; the Grafana
//! dashboard asks for what there is.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap::error::ErrorKind;
use common::{Daemon, Folder, meter};
use serde_json::Value;
use smartyreader::cli::Cli;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// What people type: lines of code, indented or fenced, that begin with a program.
fn commands(document: &str) -> Vec<String> {
    let programs = ["sudo", "make", "cargo", "smartyreader", "espflash", "mosquitto_sub", "mosquitto_pub"];
    let folders = ["target/", "packaging/", "scripts/"];
    let (mut fenced, mut found) = (false, Vec::new());
    for line in document.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let line = if fenced { Some(line) } else { line.strip_prefix("    ") };
        let line = line.map(|line| line.trim().trim_start_matches("$ ").split(" # ").next().unwrap().trim());
        found.extend(line.filter(|line| {
            programs.contains(&line.split(' ').next().unwrap()) || folders.iter().any(|folder| line.starts_with(folder))
        }));
    }
    found.into_iter().map(str::to_string).collect()
}

/// `smartyreader …` in prose.
fn mentions(document: &str) -> Vec<String> {
    let pieces =
        document.lines().filter(|line| !line.starts_with("    ")).flat_map(|line| line.split('`').skip(1).step_by(2));
    pieces.filter(|piece| piece.starts_with("smartyreader ")).map(str::to_string).collect()
}

#[test]
fn every_command_is_run_or_said_not_to_be() {
    let list = text("docs/commands.md");
    // A row that ends with `…` stands for all that begin like it.
    let rows: Vec<&str> = list.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let mut found = 0;
    let mut files = Vec::new();
    documents(&root().join("docs"), &mut files);
    files.push(root().join("README.md"));
    for file in files.iter().filter(|file| !file.ends_with("commands.md")) {
        let document = std::fs::read_to_string(file).unwrap();
        for command in commands(&document) {
            let listed = |row: &&str| {
                row.strip_suffix('…').map_or(**row == *command, |begin| command.starts_with(begin.trim_end()))
            };
            assert!(rows.iter().any(listed), "{}: {command} is not in docs/commands.md", file.display());
            found += 1;
        }
        let typed = commands(&document).into_iter().chain(mentions(&document));
        for command in typed.filter(|command| !command.contains('…')) {
            let words: Vec<&str> = command.split(' ').collect();
            let Some(at) = words.iter().rposition(|word| word.rsplit('/').next() == Some("smartyreader")) else {
                continue;
            };
            // Before it stands who types it, behind it what systemd or adduser is told of it.
            if words[..at].iter().any(|word| ["systemctl", "install", "adduser"].contains(word))
                || words.contains(&"install")
            {
                continue;
            }
            let options = Cli::command().try_get_matches_from(&words[at..]);
            let wrong = options.err().filter(|error| {
                // In prose not everything is said that has to be.
                let short = [
                    ErrorKind::MissingRequiredArgument,
                    ErrorKind::MissingSubcommand,
                    ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
                ];
                !short.contains(&error.kind())
            });
            assert!(wrong.is_none(), "{}: {command}: {}", file.display(), wrong.unwrap());
        }
    }
    assert!(found > 40, "only {found} commands were found: this test has lost its object");
    for path in list.split('`').filter(|word| word.starts_with("crates/") || word.starts_with("packaging/")) {
        assert!(root().join(path).exists(), "docs/commands.md: there is no {path}");
    }
}

/// Every Markdown file of ours.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && !["target", "node_modules", "artifacts", "dist"].contains(&&*name)
        {
            documents(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// The lines that are no code, and these without what is code in them.
fn prose(document: &str) -> Vec<String> {
    let mut code = false;
    let mut lines = Vec::new();
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        } else if !code {
            lines.push(line.split('`').step_by(2).collect::<Vec<_>>().join("`"));
        }
    }
    lines
}

/// The places in a document, as GitHub and mdBook call them.
fn places(document: &str) -> Vec<String> {
    let headings = document.lines().filter(|line| line.starts_with('#'));
    let headings = headings.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let kept = |letter: &char| letter.is_alphanumeric() || ['-', '_', ' '].contains(letter);
    headings.map(|heading| heading.chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut found = Vec::new();
    documents(&root(), &mut found);
    let mut followed = 0;
    for document in &found {
        let folder = document.parent().unwrap();
        for line in prose(&std::fs::read_to_string(document).unwrap()) {
            for link in line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next()) {
                if link.starts_with("http") || link.starts_with("mailto:") {
                    continue;
                }
                let (file, place) = link.split_once('#').unwrap_or((link, ""));
                let target = if file.is_empty() { document.clone() } else { folder.join(file) };
                assert!(target.exists(), "{}: there is no {link}", document.display());
                if !place.is_empty() {
                    let known = places(&std::fs::read_to_string(&target).unwrap());
                    assert!(
                        known.iter().any(|known| known == place),
                        "{}: there is no place {link}",
                        document.display()
                    );
                }
                followed += 1;
            }
        }
    }
    assert!(followed > 100, "only {followed} links were found: this test has lost its object");
    let summary = text("docs/SUMMARY.md");
    for document in found.iter().filter_map(|path| path.strip_prefix(root().join("docs")).ok()) {
        let name = document.to_string_lossy();
        assert!(name == "SUMMARY.md" || summary.contains(&format!("({name})")), "{name} is not in docs/SUMMARY.md");
    }
}

#[test]
fn the_version_is_one() {
    let version = env!("CARGO_PKG_VERSION");
    for (path, words) in [
        ("web/package.json", format!("\"version\": \"{version}\"")),
        ("CHANGELOG.md", format!("\n## {version}")),
        ("README.md", format!("smartyreader_{version}-1_")),
        ("docs/install.md", format!("smartyreader_{version}-1_")),
    ] {
        assert!(text(path).contains(&words), "{path} has no {words}");
    }
    assert!(text("packaging/debian/changelog").starts_with(&format!("smartyreader ({version}-1) ")));
}

#[test]
fn the_dashboard_asks_for_what_there_is() {
    let dashboard: Value = serde_json::from_str(&text("docs/grafana/smartyreader.json")).unwrap();
    let folder = Folder::new("grafana");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let start = (now - 3600).to_string();
    let (_meter, source) = meter(&["--speed", "2000", "--count", "300", "--start", &start]);
    // A second source that is not there, so that there is a problem to show.
    let daemon = Daemon::start(
        &folder,
        &format!(
            "[source.line]\nkind = \"tcp\"\naddress = \"{source}\"\n[source.none]\nkind = \"serial\"\ndevice = \"/dev/none\"\n\
             [meter.home]\nsource = \"line\"\n[meter.other]\nsource = \"none\"\n"
        ),
    );
    daemon.wait("telegrams", |daemon| daemon.health()["store"]["stored"].as_u64() > Some(250));
    daemon.wait("a problem", |daemon| !daemon.problems().is_empty());
    let mut columns = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let url = target["url"].as_str().unwrap();
            // As Grafana writes them: RFC 3339 with milliseconds.
            let path = url
                .strip_prefix("${address}")
                .unwrap()
                .replace("${meter}", "home")
                .replace("${__from:date:iso}", &time(now - 7 * 86_400))
                .replace("${__to:date:iso}", &time(now));
            assert!(!path.contains('$'), "{path}");
            let answer = daemon.json(&path);
            let root = &answer[target["root_selector"].as_str().unwrap()];
            let entry = root.get(0).unwrap_or(root);
            assert!(entry.is_object(), "{path}: {answer}");
            for column in target["columns"].as_array().unwrap() {
                let name = column["selector"].as_str().unwrap();
                assert!(entry.get(name).is_some(), "{path} has no {name}: {entry}");
                columns += 1;
            }
        }
    }
    assert!(columns > 15);
}

fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap().strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}
