//! Reports: a list of those that are kept, and their files.

use std::fmt::Write as _;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};

use super::request::Path;
use super::{App, Sorry};
use crate::report::{Folder, Kind};

/// A report has its styles in itself, as mails have. It runs nothing.
const POLICY: &str =
    "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "\
    :root{color-scheme:light dark}\
    body{margin:0 auto;max-width:640px;padding:28px 20px;background:light-dark(#f4f6f8,#0e1318);\
    color:light-dark(#14202c,#e9eef3);font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}\
    h1{font-size:1.5rem;letter-spacing:-.015em;margin:0 0 16px}h2{font-size:1rem;margin:22px 0 8px}\
    ul{list-style:none;margin:0;padding:0;background:light-dark(#fff,#171e26);border:1px solid light-dark(#e2e7ec,#2a3440);\
    border-radius:14px}\
    li{display:flex;flex-wrap:wrap;gap:2px 16px;padding:10px 18px}li+li{border-top:1px solid light-dark(#e2e7ec,#2a3440)}\
    li>a:first-child{flex:1 1 16em}a{color:light-dark(#1c6fb8,#62b0f2);text-underline-offset:3px}\
    .muted,.muted a{color:light-dark(#566472,#98a6b4)}";

/// Turns away who is not logged in, with a way to where one logs in.
pub(super) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    if app.gate.lets_in(request.headers()) {
        return next.run(request).await;
    }
    let words = "<p>Please <a href=\"../\">log in</a> first, then come back.</p>";
    (StatusCode::UNAUTHORIZED, page("Reports", words)).into_response()
}

/// The page's address needs its slash: names in it are relative, as all are; another page may show this one below a path of its own.
pub(super) async fn slash() -> Response {
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "reports/")]).into_response()
}

pub(super) async fn list(State(app): State<App>) -> Result<Response, Sorry> {
    if app.config.report.is_none() {
        let words = "<p>No reports are made. A section <b>[report]</b> in the configuration changes that.</p>";
        return Ok(page("Reports", words).into_response());
    }
    let folder = Folder::new(app.config.report_folder());
    let kept = blocking(move || folder.list()).await?;
    let mut body = String::new();
    if kept.is_empty() {
        body.push_str("<p class=\"muted\">There is none yet.</p>");
    }
    for (kind, heading) in [(Kind::Day, "Days"), (Kind::Week, "Weeks"), (Kind::Month, "Months")] {
        let mut of_kind = kept.iter().filter(|kept| kept.period.kind() == kind).peekable();
        if of_kind.peek().is_none() {
            continue;
        }
        let _ = write!(body, "<h2>{heading}</h2><ul>");
        for kept in of_kind {
            let period = kept.period;
            // Names and titles of periods are digits and words of ours; names of meters are slugs.
            let _ = write!(body, "<li><a href=\"{period}.html\">{}</a><span class=\"muted\">", period.title());
            let mut meter = String::new();
            for name in &kept.files {
                let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
                if ending == "html" {
                    continue;
                }
                let of = stem.trim_start_matches(&period.to_string()).trim_start_matches('-');
                if app.config.meter.len() > 1 && !of.is_empty() && of != meter {
                    let _ = write!(body, " {of}:");
                    meter = of.to_string();
                }
                let words = if ending == "txt" { "text".into() } else { ending.to_uppercase() };
                let _ = write!(body, " <a href=\"{name}\">{words}</a>");
            }
            body.push_str("</span></li>");
        }
        body.push_str("</ul>");
    }
    Ok(page("Reports", &body).into_response())
}

pub(super) async fn file(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Sorry> {
    let folder = Folder::new(app.config.report_folder());
    let (kind, wanted) = (kind(&name), name.clone());
    let found = blocking(move || folder.read(&wanted)).await?;
    let found = found.ok_or_else(|| {
        Sorry::new(StatusCode::NOT_FOUND, format!("There is no report \"{name}\"; /reports/ lists what there is."))
    })?;
    Ok(with_policy(([(header::CONTENT_TYPE, kind)], found).into_response()))
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Sorry> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Sorry::new(StatusCode::INTERNAL_SERVER_ERROR, "The folder of reports could not be read."))
}

fn page(title: &str, body: &str) -> Response {
    with_policy(
        Html(format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title} – SmartyReader</title>\
             <style>{STYLE}</style><p class=\"muted\"><a href=\"../\">SmartyReader</a></p><h1>{title}</h1>{body}</html>"
        ))
        .into_response(),
    )
}

fn with_policy(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
