//! Man pages and shell completions, from the command line's own definition, into a folder: what `make package` puts into a package.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;
use smartyreader::cli::Cli;
use smartyreader::exit::Code;

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        return Err(std::io::Error::other("name the folder to write into"));
    };
    let folder = Path::new(&folder);
    let (pages, completions) = (folder.join("man"), folder.join("completions"));
    std::fs::create_dir_all(&pages)?;
    std::fs::create_dir_all(&completions)?;
    clap_mangen::generate_to(Cli::command(), &pages)?;
    for page in std::fs::read_dir(&pages)? {
        let page = page?.path();
        let name = page.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        std::fs::OpenOptions::new().append(true).open(&page)?.write_all(end(&name).as_bytes())?;
    }
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut Cli::command(), "smartyreader", &completions)?;
    }
    Ok(())
}

/// What the definition of a command does not say: its exit codes, the files of the package, other pages.
fn end(name: &str) -> String {
    let mut text = String::from(".SH \"EXIT STATUS\"\n");
    let mut entry = |code: &str, words: &str| {
        let _ = writeln!(text, ".TP\n{code}\n{}", words.replace('-', "\\-"));
    };
    entry("0", if name == "smartyreader-doctor" { "nothing is wrong" } else { "done" });
    if name == "smartyreader-doctor" {
        for (word, code) in Code::CAUSES {
            entry(&(code as u8).to_string(), word);
        }
    }
    for (code, words) in Code::GENERAL {
        entry(&(code as u8).to_string(), words);
    }
    if name == "smartyreader" {
        text += FILES;
    }
    text += ".SH \"SEE ALSO\"\n";
    text += if name == "smartyreader" {
        "\\fBjournalctl\\fR(1), \\fBsystemctl\\fR(1), "
    } else {
        "\\fBsmartyreader\\fR(1), "
    };
    let _ = writeln!(text, "{}", env!("CARGO_PKG_REPOSITORY"));
    text
}

const FILES: &str = ".SH FILES
.TP
/etc/smartyreader/smartyreader.toml
the configuration, as \\fBsmartyreader\\-setup\\fR(1) writes it
.TP
/etc/smartyreader/keys/
keys and passwords, which only root may read; systemd hands them to the service
.TP
/var/lib/smartyreader/smartyreader.db
every reading
.TP
/var/lib/smartyreader/smartyreader.db.version\\-*
the database as it was before an upgrade changed it
.TP
/dev/p1\\-*
P1 cables by their serial numbers
.TP
/usr/share/doc/smartyreader/examples/answers.toml
answers for \\fBsmartyreader setup \\-\\-answers\\fR
";
