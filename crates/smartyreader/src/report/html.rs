//! HTML: a report as mail programs and browsers show it. Tables and inline styles, because mail programs know little
//! else; colours for a dark screen where the program knows how.

use std::fmt::Write as _;

use super::document::{Document, Section};
use super::figures::{Line, Tone};

/// Where the page finds its pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// In the mail itself, by the name of the picture.
    Mail,
    /// In files beside the page.
    Files,
}

/// The page's own colours, light and dark.
const STYLE: &str = "\
    body{margin:0;padding:0}\
    @media (prefers-color-scheme:dark){\
    .page{background:#0e1318!important}\
    .card{background:#171e26!important;border-color:#2a3440!important}\
    .ink{color:#e9eef3!important}.muted{color:#98a6b4!important}\
    .import{color:#62b0f2!important}.export{color:#f2a93c!important}\
    .line{border-color:#2a3440!important}}";

const FONT: &str =
    "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue','Noto Sans',Arial,sans-serif";

/// The whole page.
pub fn html(document: &Document, pictures: Pictures) -> String {
    let title = escaped(&document.period.title());
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body class=\"page\" style=\"margin:0;padding:0;background:#f4f6f8\">\n\
         <table role=\"presentation\" class=\"page\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
         style=\"background:#f4f6f8;{FONT}\">\n<tr><td align=\"center\" style=\"padding:20px 10px\">\n\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
         style=\"max-width:620px\">\n\
         <tr><td class=\"ink\" style=\"padding:0 6px 14px;font-size:21px;font-weight:700;color:#14202c\">{title}</td></tr>\n"
    );
    for section in &document.sections {
        put(&mut page, document, section, pictures);
    }
    page.push_str(
        "<tr><td class=\"muted\" style=\"padding:2px 6px;font-size:13px;color:#566472\">Made by SmartyReader from the \
         meter’s own registers.</td></tr>\n</table>\n</td></tr>\n</table>\n</body>\n</html>\n",
    );
    page
}

/// What a picture in a mail is called: its name, in the form of an address (RFC 2392).
pub(super) fn content_id(name: &str) -> String {
    format!("{name}@smartyreader")
}

fn put(page: &mut String, document: &Document, section: &Section, pictures: Pictures) {
    let name = document.picture_name(section);
    let source = match pictures {
        Pictures::Mail => format!("cid:{}", content_id(&name)),
        Pictures::Files => format!("{name}.png"),
    };
    let words = escaped(&section.picture.words());
    let _ = write!(
        page,
        "<tr><td style=\"padding:0 0 16px\">\n\
         <table role=\"presentation\" class=\"card\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
         style=\"background:#ffffff;border:1px solid #e2e7ec;border-radius:14px\">\n\
         <tr><td class=\"ink\" style=\"padding:16px 20px 6px;font-size:17px;font-weight:600;color:#14202c\">{}</td></tr>\n\
         <tr><td style=\"padding:4px 20px 10px\">\n",
        escaped(&section.meter.title)
    );
    if !section.lines.is_empty() {
        page.push_str("<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\">\n");
        for (index, line) in section.lines.iter().enumerate() {
            let border = if index == 0 { "" } else { ";border-top:1px solid #e2e7ec" };
            if line.tone == Tone::Part {
                part(page, line);
                continue;
            }
            let (class, colour) = match line.tone {
                Tone::Part | Tone::Plain => ("ink", "#14202c"),
                Tone::Import => ("import", "#1c6fb8"),
                Tone::Export => ("export", "#b86200"),
            };
            let note = if line.note.is_empty() {
                String::new()
            } else {
                format!("<div class=\"muted\" style=\"font-size:13px;color:#566472\">{}</div>", escaped(&line.note))
            };
            let _ = writeln!(
                page,
                "<tr><td class=\"line muted\" valign=\"top\" style=\"padding:8px 12px 8px 0;font-size:15px;\
                 color:#566472{border}\">{}</td><td class=\"line\" valign=\"top\" align=\"right\" \
                 style=\"padding:8px 0{border}\"><span class=\"{class}\" \
                 style=\"font-size:16px;font-weight:600;color:{colour};white-space:nowrap\">{}</span>{note}</td></tr>",
                escaped(&line.label),
                escaped(&line.value)
            );
        }
        page.push_str("</table>\n");
    }
    let _ = write!(
        page,
        "</td></tr>\n<tr><td style=\"padding:0 10px\"><img src=\"{source}\" width=\"600\" alt=\"{words}\" \
         style=\"display:block;width:100%;height:auto;border:0;border-radius:8px;background:#ffffff\"></td></tr>\n\
         <tr><td class=\"muted\" style=\"padding:12px 20px 16px;font-size:14px;line-height:1.5;color:#566472\">{}</td></tr>\n\
         </table>\n</td></tr>\n",
        section.quality.iter().map(|sentence| escaped(sentence)).collect::<Vec<_>>().join("<br>\n")
    );
}

/// A part of the line above: smaller, and without a line of its own between.
fn part(page: &mut String, line: &Line) {
    let note = if line.note.is_empty() { String::new() } else { format!("{}&ensp;", escaped(&line.note)) };
    let _ = writeln!(
        page,
        "<tr><td class=\"muted\" valign=\"top\" style=\"padding:0 12px 5px 14px;font-size:14px;color:#566472\">{}</td>\
         <td class=\"muted\" valign=\"top\" align=\"right\" style=\"padding:0 0 5px;font-size:13px;color:#566472\">\
         {note}<span class=\"ink\" style=\"font-size:14px;color:#14202c;white-space:nowrap\">{}</span></td></tr>",
        escaped(&line.label),
        escaped(&line.value)
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
