//! `report`: a report of a day, week or month, shown, written to a folder, or mailed as a test.

use std::path::PathBuf;

use clap::Args;
use smarty_store::Reader;

use super::ConfigFile;
use super::plot::Which;
use crate::config::Config;
use crate::exit::{Code, Failure};
use crate::mail::{Post, Refusal};
use crate::observe::now;
use crate::report::{Document, Folder, Occasion, Subject, letters, text};

#[derive(Debug, Args)]
pub(super) struct Report {
    #[command(flatten)]
    config: ConfigFile,
    #[command(flatten)]
    which: Which,
    /// Write text, page and pictures into this folder instead of showing the text.
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Mail it now to everybody in `[report] to`, and say what the server answers.
    #[arg(long)]
    send_test: bool,
}

impl Report {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.config.load()?;
        let period = self.which.period(&config)?;
        let reader = Reader::open(&config.store.path)?;
        let document = Document::of(&reader, &Subject::new(&config), period, now())?;
        if let Some(folder) = self.output {
            let folder = Folder::new(folder);
            folder.keep(&document).map_err(|error| {
                Failure::new(Code::CannotCreate, format!("{} cannot be written: {error}", folder.path().display()))
            })?;
            println!("{} is written.", folder.path().join(format!("{period}.html")).display());
        }
        if self.send_test {
            return send(&config, &document);
        }
        print!("{}", text(&document));
        Ok(())
    }
}

fn send(config: &Config, document: &Document) -> Result<(), Failure> {
    let to = config.report.as_ref().map(|report| report.to.as_slice()).unwrap_or_default();
    let Some(mail) = config.mail.as_ref().filter(|_| !to.is_empty()) else {
        let why = "nobody gets reports: set `to` in [report], and the mail server in [mail]";
        return Err(Failure::new(Code::Config, why));
    };
    let letters = letters(document, mail, to, Occasion::Test, now()).map_err(|why| Failure::new(Code::Config, why))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let post = Post::new(mail);
    let mut refused = 0;
    let sent = runtime.block_on(post.send(&letters, |letter, result| match result {
        Ok(()) => println!("{}: the server {} has taken it.", letter.to, post.target()),
        Err(Refusal { why, .. }) => {
            refused += 1;
            println!("{}: {why}", letter.to);
        }
    }));
    // Names that are being looked up would hold the end up.
    runtime.shutdown_background();
    sent.map_err(|refusal| Failure::new(Code::Unavailable, format!("{}: {}", refusal.target, refusal.why)))?;
    if refused > 0 {
        return Err(Failure::new(Code::Unavailable, "not everybody gets it, see above"));
    }
    Ok(())
}
