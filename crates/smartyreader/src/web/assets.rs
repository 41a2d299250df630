//! Assets: the page, embedded when it was built before the daemon.

use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Page;

/// Shown where the daemon was built without the page.
const WITHOUT_PAGE: &str = "<!doctype html><title>SmartyReader</title><p>This SmartyReader was built without its page. \
    Run <code>make web</code> before building, or use the API under <code>/api/v1</code>.";

/// `/`.
pub(super) async fn index() -> Response {
    file("index.html")
}

/// Everything else that is no API.
pub(super) async fn asset(uri: Uri) -> Response {
    file(uri.path().trim_start_matches('/'))
}

fn file(path: &str) -> Response {
    let Some(file) = Page::get(path) else {
        return if path == "index.html" {
            Html(WITHOUT_PAGE).into_response()
        } else {
            (StatusCode::NOT_FOUND, "There is nothing here.").into_response()
        };
    };
    let kind = match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    };
    // Names under assets/ carry a hash of their content.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, cache)], file.data).into_response()
}
