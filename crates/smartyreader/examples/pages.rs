//! Man pages and shell completions, from the command line's own definition, into a folder: what `make package` puts into a package.

use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;
use smartyreader::cli::Cli;

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        return Err(std::io::Error::other("name the folder to write into"));
    };
    let folder = Path::new(&folder);
    let (pages, completions) = (folder.join("man"), folder.join("completions"));
    std::fs::create_dir_all(&pages)?;
    std::fs::create_dir_all(&completions)?;
    clap_mangen::generate_to(Cli::command(), &pages)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut Cli::command(), "smartyreader", &completions)?;
    }
    Ok(())
}
