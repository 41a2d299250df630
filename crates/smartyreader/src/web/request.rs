//! Request: what stands in its path, behind the `?` and in its body. What does not fit is refused in a sentence.
//!
//! axum's own extractors read; these say no. Every handler takes these: `clippy.toml` forbids the bare ones.

#![allow(clippy::disallowed_types)] // The one place where they are wrapped.

use std::error::Error as _;

use axum::extract::path::ErrorKind;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{self, FromRequest, FromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Sorry;
use super::door::PATIENCE;

/// The names in the path.
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Sorry;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Sorry> {
        let names = extract::Path::from_request_parts(parts, state).await;
        names.map(|extract::Path(names)| Self(names)).map_err(|rejection| match rejection {
            PathRejection::FailedToDeserializePathParams(failed) => match failed.into_kind() {
                ErrorKind::InvalidUtf8InPathParam { .. } => Sorry::bad("What is behind a % in this path is no UTF-8."),
                // Names are texts, which all fit; what else stands in a path is a number.
                ErrorKind::ParseError { value, .. }
                | ErrorKind::ParseErrorAtIndex { value, .. }
                | ErrorKind::ParseErrorAtKey { value, .. } => {
                    Sorry::bad(format!("Where a number belongs in this path is not \"{value}\"."))
                }
                _ => Sorry::bad("This path cannot be read."),
            },
            other => Sorry::new(other.status(), "This path cannot be read."),
        })
    }
}

/// The parameters behind the `?`.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Sorry;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Sorry> {
        let parameters = extract::Query::from_request_parts(parts, state).await;
        parameters.map(|extract::Query(parameters)| Self(parameters)).map_err(|rejection| {
            let why = rejection.source().map(ToString::to_string).unwrap_or_default();
            Sorry::bad(format!("The parameters behind the ? cannot be read: {why}."))
        })
    }
}

/// A JSON body. No word of it is in a refusal: it may be a password.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Sorry;

    async fn from_request(request: extract::Request, state: &S) -> Result<Self, Sorry> {
        let body = tokio::time::timeout(PATIENCE, axum::Json::from_request(request, state)).await;
        let body = body.map_err(|_| {
            let sentence = format!("The body did not come within {} seconds.", PATIENCE.as_secs());
            Sorry::new(StatusCode::REQUEST_TIMEOUT, sentence)
        })?;
        body.map(|axum::Json(body)| Self(body)).map_err(|rejection| match rejection {
            JsonRejection::MissingJsonContentType(_) => Sorry::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body must be JSON, and say so: Content-Type: application/json.",
            ),
            JsonRejection::JsonSyntaxError(_) => Sorry::bad("The body is not JSON."),
            JsonRejection::JsonDataError(_) => {
                Sorry::bad("The body is JSON, but not what belongs here; see /api/v1/openapi.json.")
            }
            JsonRejection::BytesRejection(lost) if lost.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Sorry::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is too long.")
            }
            _ => Sorry::bad("The body did not come whole."),
        })
    }
}
