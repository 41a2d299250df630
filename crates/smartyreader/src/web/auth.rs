//! Auth: a password with a session cookie for people, bearer tokens for scripts.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::request::Body;
use super::{App, Sorry};
use crate::config::Web;
use crate::exit::{Code, Failure};
use crate::hex;

const COOKIE: &str = "smartyreader";
/// A session ends after so long without use.
const SESSION: Duration = Duration::from_hours(24 * 30);
/// So many wrong passwords in a minute, then nobody gets in for the rest of it.
const TRIES: u32 = 5;

/// Who may see the page.
pub struct Gate {
    hash: Option<String>,
    tokens: Vec<String>,
    /// Sessions by the hash of their cookie, with their last use.
    sessions: Mutex<HashMap<String, Instant>>,
    tries: Mutex<(Instant, u32)>,
    /// One verification at a time: each takes 19 MB for a moment.
    verifying: tokio::sync::Semaphore,
}

impl Gate {
    /// As configured.
    pub fn new(settings: &Web) -> Self {
        Self {
            hash: settings.password_hash.clone().filter(|_| settings.asks_for_password()),
            tokens: settings.token_hashes.clone(),
            sessions: Mutex::default(),
            tries: Mutex::new((Instant::now(), 0)),
            verifying: tokio::sync::Semaphore::new(1),
        }
    }

    pub(super) fn lets_in(&self, headers: &HeaderMap) -> bool {
        self.hash.is_none() || self.bearer(headers) || self.session(headers)
    }

    fn bearer(&self, headers: &HeaderMap) -> bool {
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        // The hashes are compared, so that the time taken says nothing of the token.
        token.is_some_and(|token| self.tokens.contains(&digest(token)))
    }

    fn session(&self, headers: &HeaderMap) -> bool {
        let Some(cookie) = cookie(headers) else { return false };
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, used| used.elapsed() < SESSION);
        sessions.get_mut(&digest(cookie)).map(|used| *used = Instant::now()).is_some()
    }

    /// Counts a try; false when there were too many.
    fn may_try(&self) -> bool {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.0.elapsed() > Duration::from_mins(1) {
            *tries = (Instant::now(), 0);
        }
        tries.1 += 1;
        tries.1 <= TRIES
    }
}

/// Turns away who is not logged in.
pub async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    if app.gate.lets_in(request.headers()) {
        next.run(request).await
    } else {
        Sorry::new(StatusCode::UNAUTHORIZED, "Please log in, or send a token.").into_response()
    }
}

/// Logging in and out.
pub fn routes() -> Router<App> {
    Router::new().route("/session", get(show).post(log_in).delete(log_out))
}

async fn show(State(app): State<App>, headers: HeaderMap) -> Json<serde_json::Value> {
    Json(json!({"needs_login": app.gate.hash.is_some(), "logged_in": app.gate.lets_in(&headers)}))
}

#[derive(Deserialize)]
struct LogIn {
    password: String,
}

async fn log_in(State(app): State<App>, Body(form): Body<LogIn>) -> Result<Response, Sorry> {
    let gate = &app.gate;
    let Some(hash) = gate.hash.clone() else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    if !gate.may_try() {
        return Err(Sorry::new(StatusCode::TOO_MANY_REQUESTS, "Too many tries; wait a minute."));
    }
    let _one_at_a_time = gate.verifying.acquire().await;
    let right = tokio::task::spawn_blocking(move || verify(&form.password, &hash)).await.unwrap_or(false);
    if !right {
        return Err(Sorry::new(StatusCode::UNAUTHORIZED, "This is not the password."));
    }
    gate.tries.lock().unwrap_or_else(PoisonError::into_inner).1 = 0;
    let token =
        random_token().map_err(|_| Sorry::new(StatusCode::INTERNAL_SERVER_ERROR, "No random numbers to be had."))?;
    gate.sessions.lock().unwrap_or_else(PoisonError::into_inner).insert(digest(&token), Instant::now());
    let cookie = format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={}", SESSION.as_secs());
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

async fn log_out(State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(cookie) = cookie(&headers) {
        app.gate.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(&digest(cookie));
    }
    let cookie = format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// The argon2id hash of a password, for the configuration.
///
/// # Errors
/// When the system has no random numbers.
pub fn hash(password: &str) -> Result<String, Failure> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Failure::new(Code::Software, format!("the password cannot be hashed: {error}")))
}

/// A token and its hash.
///
/// # Errors
/// When the system has no random numbers.
pub fn new_token() -> Result<(String, String), Failure> {
    let token = random_token().map_err(|error| Failure::new(Code::Software, format!("no random numbers: {error}")))?;
    let hash = digest(&token);
    Ok((token, hash))
}

fn random_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex::lower(&bytes))
}

fn digest(text: &str) -> String {
    hex::lower(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_and_its_hash() {
        let hash = hash("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(verify("correct horse", &hash));
        assert!(!verify("correct hors", &hash));
        assert!(!verify("correct horse", "no hash"));
    }
}
