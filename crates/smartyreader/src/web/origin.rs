//! Origin: other web sites must not read or press anything here through a visitor's browser.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::{App, Sorry};
use crate::config::{Auth, Web};

/// Turns away what another site sends.
pub(super) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let host = text(request.headers(), header::HOST);
    if is_private(&app.config.web) && host.is_some_and(|host| !is_this_machine(name(host))) {
        // A name that another site has made point here (DNS rebinding).
        return Sorry::new(
            StatusCode::FORBIDDEN,
            "This page is for this machine alone, under localhost or 127.0.0.1. With a password, or auth = \"none\", \
             other names work too.",
        )
        .into_response();
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let origin = text(request.headers(), header::ORIGIN);
    if !reads && origin.is_some_and(|origin| origin.split_once("://").map(|(_, from)| from) != host) {
        return Sorry::new(StatusCode::FORBIDDEN, "Another site may not do this.").into_response();
    }
    next.run(request).await
}

/// Listening on this machine alone, nobody asked for a password and nobody said that none is wanted.
fn is_private(settings: &Web) -> bool {
    settings.listen.ip().is_loopback() && !settings.asks_for_password() && settings.auth != Some(Auth::None)
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The host without its port.
fn name(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    }
}

fn is_this_machine(name: &str) -> bool {
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_and_others() {
        for host in ["localhost", "localhost:8090", "127.0.0.1:8090", "[::1]:8090", "127.8.8.8"] {
            assert!(is_this_machine(name(host)), "{host}");
        }
        for host in ["evil.example", "evil.example:8090", "192.0.2.1", "localhost.evil.example", ""] {
            assert!(!is_this_machine(name(host)), "{host}");
        }
    }
}
