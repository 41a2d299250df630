//! Web: the page and the API. Sees the store, the hub's live readings and the observer; changes nothing else.

pub mod auth;

mod accounts;
mod alerts;
mod assets;
mod check;
mod costs;
mod devices;
mod door;
mod live;
mod meters;
mod origin;
mod params;
mod plot;
mod quality;
mod quarantine;
mod reports;
mod request;
mod self_consumption;
mod series;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use smarty_store::Reader;

use crate::archive::Archive;
use crate::config::{Config, Frame};
use crate::hub::Hub;
use crate::keeper::Keeper;
use crate::observe::{Health, Observer};

pub use door::serve;

pub(crate) use accounts::row;
pub(crate) use params::{local, moment};

/// What the page may do, but for frames, which the configuration decides.
const POLICY: &str = "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'self'";

/// What every request may look at.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// See [`App`].
pub struct Parts {
    config: Config,
    hub: Hub,
    keeper: Keeper,
    observer: Observer,
    gate: auth::Gate,
    archive: Archive,
    drawing: tokio::sync::Semaphore,
    listening: Arc<tokio::sync::Semaphore>,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// The page of a daemon.
    pub fn new(config: &Config, hub: Hub, keeper: Keeper, archive: Archive, observer: Observer) -> Self {
        Self(Arc::new(Parts {
            gate: auth::Gate::new(&config.web),
            config: config.clone(),
            hub,
            keeper,
            observer,
            archive,
            drawing: tokio::sync::Semaphore::new(1),
            listening: Arc::new(tokio::sync::Semaphore::new(live::MOST_LISTENERS)),
        }))
    }

    /// Asks the store, away from the thread that reads the meters.
    async fn query<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, smarty_store::StoreError> + Send + 'static,
    ) -> Result<T, Sorry> {
        match self.archive.ask(question).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error @ smarty_store::StoreError::TooLong { .. })) => {
                Err(Sorry::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))
            }
            Some(Err(error)) => Err(Sorry::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())),
            None => Err(Sorry::new(StatusCode::INTERNAL_SERVER_ERROR, "The question could not be finished.")),
        }
    }

    /// The same of a meter that counts: a sensor has no quarter-hours and no costs.
    fn counting_meter(&self, name: &str) -> Result<String, Sorry> {
        let name = self.meter(name)?;
        if self.config.meter[&name].role.counts() {
            return Ok(name);
        }
        let sentence = format!("{name} is a sensor: it has series and last values, but nothing that is counted.");
        Err(Sorry::new(StatusCode::NOT_FOUND, sentence))
    }

    /// The meter's name, if there is one of this name.
    fn meter(&self, name: &str) -> Result<String, Sorry> {
        if self.config.meter.contains_key(name) {
            return Ok(name.to_string());
        }
        let names: Vec<&str> = self.config.meter.keys().map(String::as_str).collect();
        Err(Sorry::new(
            StatusCode::NOT_FOUND,
            format!(
                "There is no meter \"{name}\"; there is {}.",
                if names.is_empty() { "none".into() } else { names.join(", ") }
            ),
        ))
    }
}

/// An error as clients see it: a status and a sentence, nothing of the inside.
#[derive(Debug)]
pub struct Sorry {
    status: StatusCode,
    sentence: String,
}

impl Sorry {
    pub(crate) fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self { status, sentence: sentence.into() }
    }

    /// The sentence alone, for the command line.
    pub(crate) fn sentence(self) -> String {
        self.sentence
    }

    fn bad(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, sentence)
    }
}

impl IntoResponse for Sorry {
    fn into_response(self) -> Response {
        (self.status, Json(serde_json::json!({"error": self.sentence}))).into_response()
    }
}

/// Everything that the daemon answers, without a port: tests call it as it is.
pub fn router(app: App) -> Router {
    let guarded = Router::new()
        .route("/meters", get(meters::list))
        .route("/meters/{meter}/last", get(meters::last))
        .route("/meters/{meter}/telegram", get(meters::telegram))
        .route("/meters/{meter}/series", get(series::series))
        .route("/meters/{meter}/quarter-hours", get(accounts::quarter_hours))
        .route("/meters/{meter}/hours", get(accounts::hours))
        .route("/meters/{meter}/days", get(accounts::days))
        .route("/meters/{meter}/months", get(accounts::months))
        .route("/meters/{meter}/years", get(accounts::years))
        .route("/meters/{meter}/devices", get(devices::list))
        .route("/meters/{meter}/devices/{device}/days", get(devices::days))
        .route("/meters/{meter}/devices/{device}/months", get(devices::months))
        .route("/meters/{meter}/devices/{device}/years", get(devices::years))
        .route("/meters/{meter}/devices/{device}/series", get(devices::series))
        .route("/meters/{meter}/self-consumption/{step}", get(self_consumption::self_consumption))
        .route("/meters/{meter}/plot", get(plot::plot))
        .route("/meters/{meter}/check", get(check::check))
        .route("/meters/{meter}/quality", get(quality::quality))
        .route("/meters/{meter}/costs", get(costs::costs))
        .route("/meters/{meter}/costs/days", get(costs::days))
        .route("/meters/{meter}/costs/months", get(costs::months))
        .route("/meters/{meter}/costs/years", get(costs::years))
        .route("/meters/{meter}/advisor", get(costs::advisor))
        .route("/meters/{meter}/quarantine", get(quarantine::list))
        .route("/meters/{meter}/quarantine/{id}/accept", post(quarantine::accept))
        .route("/meters/{meter}/quarantine/{id}/dismiss", post(quarantine::dismiss))
        .route("/alerts", get(alerts::alerts))
        .route("/live", get(live::live))
        .route("/health", get(health))
        .layer(middleware::from_fn_with_state(app.clone(), auth::guard));
    let api = Router::new()
        .merge(guarded)
        .merge(auth::routes())
        .route("/openapi.json", get(openapi))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method);
    let api = api.layer(middleware::from_fn_with_state(app.clone(), origin::guard));
    let reports = Router::new()
        .route("/", get(reports::list))
        .route("/{file}", get(reports::file))
        .layer(middleware::from_fn_with_state(app.clone(), reports::guard))
        .layer(middleware::from_fn_with_state(app.clone(), origin::guard));
    Router::new()
        .nest("/api/v1", api)
        // No other version: a program gets its sentence, not a page.
        .route("/api", any(nothing_here))
        .route("/api/", any(nothing_here))
        .route("/api/{*path}", any(nothing_here))
        .nest("/reports/", reports)
        .route("/reports", get(reports::slash))
        .route("/", get(assets::index))
        .fallback(assets::asset)
        .layer(middleware::from_fn_with_state(app.clone(), headers))
        .with_state(app)
}

async fn health(State(app): State<App>) -> Json<Health> {
    Json(app.observer.health())
}

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("openapi.json")).into_response()
}

async fn nothing_here() -> Sorry {
    Sorry::new(StatusCode::NOT_FOUND, "There is nothing under this path; /api/v1/openapi.json lists what there is.")
}

async fn wrong_method() -> Sorry {
    Sorry::new(StatusCode::METHOD_NOT_ALLOWED, "This path does not take this method; see /api/v1/openapi.json.")
}

/// No inline script, no other host, no guessing of types, and no frame but one that the configuration allows.
async fn headers(State(app): State<App>, request: Request<axum::body::Body>, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let (ancestors, options) = match app.config.web.frame {
        Frame::None => ("'none'", "DENY"),
        Frame::SameOrigin => ("'self'", "SAMEORIGIN"),
    };
    // A report has stricter rules of its own. In one header: not every program between here and the browser hands on two.
    let rules = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|rules| rules.to_str().ok()).unwrap_or(POLICY);
    let policy = HeaderValue::try_from(format!("{rules}; frame-ancestors {ancestors}"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.unwrap_or(HeaderValue::from_static("default-src 'none'")));
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, options),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Load curves are private: nobody between here and the browser keeps them.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
