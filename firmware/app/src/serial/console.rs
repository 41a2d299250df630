//! Console: commands that people type. `help` lists them.

use core::fmt::{self, Write};

use crate::settings::{Kind, Name, Settings};

/// What is to be done beside the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Todo {
    /// Nothing.
    Nothing,
    /// Answer with all settings, one by one as [`shown`] writes them.
    ShowAll,
    /// The settings have changed.
    Keep,
    /// Start anew.
    Restart,
    /// Forget everything: settings, keys, what was remembered.
    Forget,
    /// Answer with how everything is.
    Status,
}

const HELP: &str = "show               all settings; secrets are never shown
show NAME          one setting, and what it is for
set NAME VALUE     changes a setting; it is kept at once and used from the next start on
clear NAME         back to how it was delivered
status             how everything is
restart            starts the board anew
forget everything  as it was delivered: settings, keys and quarter-hours are gone
";

/// Does what a line says; writes the answer.
///
/// # Errors
/// Only where `out` has one.
pub fn command(line: &str, settings: &mut Settings, out: &mut impl Write) -> Result<Todo, fmt::Error> {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    match (word, rest) {
        ("help" | "?", _) => out.write_str(HELP)?,
        ("show", "") => return Ok(Todo::ShowAll),
        ("show", name) => match Name::of(name) {
            Some(name) => about(name, settings, out)?,
            None => unknown(name, out)?,
        },
        ("set", rest) => {
            let (name, value) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            if value.is_empty() {
                out.write_str("Write set NAME VALUE; clear NAME takes a value away.\n")?;
            } else {
                return change(name, value, settings, out);
            }
        }
        ("clear", name) => return change(name, "", settings, out),
        ("status", "") => return Ok(Todo::Status),
        ("restart", "") => return Ok(Todo::Restart),
        ("forget", "everything") => {
            out.write_str("Everything is forgotten; the board starts anew.\n")?;
            return Ok(Todo::Forget);
        }
        ("forget", _) => out.write_str("Write forget everything to lose settings, keys and quarter-hours.\n")?,
        _ => out.write_str("There is no such command; help lists them.\n")?,
    }
    Ok(Todo::Nothing)
}

/// A setting with its value, as people may see it.
///
/// # Errors
/// Only where `out` has one.
pub fn shown(name: Name, settings: &Settings, out: &mut impl Write) -> fmt::Result {
    writeln!(out, "{} = {}", name.name(), settings.shown(name))
}

fn change(name: &str, value: &str, settings: &mut Settings, out: &mut impl Write) -> Result<Todo, fmt::Error> {
    let Some(name) = Name::of(name) else {
        unknown(name, out)?;
        return Ok(Todo::Nothing);
    };
    match settings.set(name, value) {
        Ok(()) => {
            shown(name, settings, out)?;
            Ok(Todo::Keep)
        }
        Err(refused) => {
            writeln!(out, "{refused}; nothing has changed.")?;
            Ok(Todo::Nothing)
        }
    }
}

fn unknown(name: &str, out: &mut impl Write) -> fmt::Result {
    // What was typed may be a key in the wrong place: it is not repeated.
    out.write_str("There is no setting of this name; show lists them.")?;
    let near = |known: &&Name| !name.is_empty() && known.name().starts_with(name);
    if let Some(known) = Name::ALL.iter().find(near) {
        write!(out, " Do you mean {}?", known.name())?;
    }
    out.write_str("\n")
}

fn about(name: Name, settings: &Settings, out: &mut impl Write) -> fmt::Result {
    shown(name, settings, out)?;
    writeln!(out, "{}", name.about().trim_start())?;
    match name.kind() {
        Kind::Number(from, to) => writeln!(out, "{from} to {to}")?,
        Kind::Switch => writeln!(out, "on or off")?,
        Kind::Choice(words) => {
            for (index, word) in words.iter().enumerate() {
                write!(out, "{}{word}", if index == 0 { "" } else { ", " })?;
            }
            writeln!(out)?;
        }
        _ => {}
    }
    if name.default().is_empty() { Ok(()) } else { writeln!(out, "As delivered: {}", name.default()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::string::String;

    const KEY: &str = "00112233445566778899AABBCCDDEEFF";

    fn say(line: &str, settings: &mut Settings) -> (Todo, String) {
        let mut out = String::new();
        let todo = command(line, settings, &mut out).unwrap();
        if todo == Todo::ShowAll {
            for name in Name::ALL {
                shown(*name, settings, &mut out).unwrap();
            }
        }
        (todo, out)
    }

    #[test]
    fn a_setting_is_given_shown_and_cleared() {
        let mut settings = Settings::new();
        assert_eq!(say("set broker  nas.local ", &mut settings), (Todo::Keep, "broker = nas.local\n".into()));
        let shown = say("show broker", &mut settings);
        assert_eq!(
            shown,
            (
                Todo::Nothing,
                "broker = nas.local\nThe MQTT broker, name or address. Empty: nothing is published.\n".into()
            )
        );
        assert_eq!(say("clear broker", &mut settings), (Todo::Keep, "broker = \n".into()));
        assert!(say("show format", &mut settings).1.contains("off, v1.5, "));
        assert!(say("show baud", &mut settings).1.ends_with("300 to 921600\nAs delivered: 115200\n"));
    }

    #[test]
    fn a_key_is_never_shown() {
        let mut settings = Settings::new();
        for name in Name::ALL.iter().filter(|name| name.is_secret()) {
            let line = std::format!("set {} {KEY}", name.name());
            let (todo, answer) = say(&line, &mut settings);
            assert_eq!((todo, answer), (Todo::Keep, std::format!("{} = (given)\n", name.name())));
        }
        let all = say("show", &mut settings).1;
        assert_eq!(all.matches("(given)").count(), Name::ALL.iter().filter(|name| name.is_secret()).count());
        for line in ["show", "show meter-key", &std::format!("set {KEY} x"), &std::format!("set baud {KEY}"), KEY] {
            assert!(!say(line, &mut settings).1.contains(KEY), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_changes_nothing() {
        let mut settings = Settings::new();
        for (line, answer) in [
            ("set baud fast", "baud: write a number from 300 to 921600; nothing has changed.\n"),
            ("set bau 9600", "There is no setting of this name; show lists them. Do you mean baud?\n"),
            ("set baud", "Write set NAME VALUE; clear NAME takes a value away.\n"),
            ("show nothing", "There is no setting of this name; show lists them.\n"),
            ("forget", "Write forget everything to lose settings, keys and quarter-hours.\n"),
            ("restart now", "There is no such command; help lists them.\n"),
        ] {
            assert_eq!(say(line, &mut settings), (Todo::Nothing, answer.into()));
        }
        assert_eq!(settings.as_bytes(), Settings::new().as_bytes());
    }

    #[test]
    fn what_is_done_by_others() {
        let mut settings = Settings::new();
        assert_eq!(say("restart", &mut settings).0, Todo::Restart);
        assert_eq!(say("status", &mut settings).0, Todo::Status);
        assert_eq!(say("forget everything", &mut settings).0, Todo::Forget);
        let help = say("help", &mut settings).1;
        for word in ["show", "set", "clear", "status", "restart", "forget"] {
            assert!(help.contains(word));
        }
    }

    proptest! {
        #[test]
        fn no_line_stops_it(line in "(set |show |clear |)?(baud|meter)?.{0,80}") {
            say(line.trim(), &mut Settings::new());
        }
    }
}
