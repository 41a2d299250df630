//! Letter: a report as a mail: words for every program, a page with its pictures for those that show one, and the pictures
//! once more to be kept.

use std::time::{Duration, SystemTime};

use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use sha2::{Digest as _, Sha256};

use super::document::Document;
use super::html::{Pictures, content_id, html};
use super::text::text;
use crate::config::{Mail, mailbox};
use crate::hex;
use crate::mail::{Letter, auto_submitted};

/// Why a mail is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// The report is due.
    Due,
    /// Somebody wants to see whether mails arrive.
    Test,
}

/// Makes the mails of a report, one for each address.
///
/// # Errors
/// A sentence.
pub fn letters(
    document: &Document,
    settings: &Mail,
    to: &[String],
    occasion: Occasion,
    now: i64,
) -> Result<Vec<Letter>, String> {
    let from = settings.sender()?;
    let (text, html) = (text(document), html(document, Pictures::Mail));
    let pictures = document.pictures().ok_or("there is not enough memory for the pictures")?;
    let body = body(document, text, html, &pictures)?;
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(now).unwrap_or(0));
    let (prefix, time) = if occasion == Occasion::Test { ("Test: ", now) } else { ("", 0) };
    let subject = format!("{prefix}{}", document.subject().replace('\u{a0}', " "));
    to.iter()
        .map(|address| {
            let mailbox = mailbox(address)?;
            let message = Message::builder()
                .message_id(Some(message_id(document, &from, &mailbox, time)))
                .from(from.clone())
                .to(mailbox)
                .subject(subject.clone())
                .date(date)
                .raw_header(auto_submitted())
                .multipart(body.clone())
                .map_err(|error| format!("the mail cannot be made: {error}"))?;
            Ok(Letter { to: address.clone(), message })
        })
        .collect()
}

fn body(document: &Document, text: String, html: String, pictures: &[Vec<u8>]) -> Result<MultiPart, String> {
    let png = ContentType::parse("image/png").map_err(|error| error.to_string())?;
    let mut related = MultiPart::related().singlepart(SinglePart::html(html));
    let mut attached = Vec::new();
    for (section, picture) in document.sections.iter().zip(pictures) {
        let name = document.picture_name(section);
        related = related.singlepart(Attachment::new_inline(content_id(&name)).body(picture.clone(), png.clone()));
        attached.push(Attachment::new(format!("{name}.png")).body(picture.clone(), png.clone()));
    }
    let alternative = MultiPart::alternative().singlepart(SinglePart::plain(text)).multipart(related);
    let mut body = MultiPart::mixed().multipart(alternative);
    for part in attached {
        body = body.singlepart(part);
    }
    Ok(body)
}

/// The same for the same report and recipient: when a server took a mail and its answer was lost, the second one is known
/// as the same. A test has its time in it: it must not be taken for the report.
fn message_id(document: &Document, from: &Mailbox, to: &Mailbox, time: i64) -> String {
    let whose = Sha256::digest(format!("{}\n{}\n{}\n{time}", document.period, from.email, to.email).as_bytes());
    format!("<{}.{}@{}>", document.period, hex::lower(&whose[..12]), from.email.domain())
}
