//! Plot: a picture of a day, week, month or year.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::request::{Path, Query};
use super::{App, Sorry};
use crate::observe::now;
use crate::report::plot::{Format, Size};
use crate::report::{Kind, Period, Picture};

#[derive(Deserialize)]
pub(super) struct Wanted {
    day: Option<String>,
    week: Option<String>,
    month: Option<String>,
    year: Option<String>,
    format: Option<String>,
    size: Option<String>,
    scale: Option<String>,
}

impl Wanted {
    fn period(&self) -> Result<Period, Sorry> {
        let given = [
            (Kind::Day, &self.day, "2026-11-22"),
            (Kind::Week, &self.week, "2026-W47"),
            (Kind::Month, &self.month, "2026-11"),
            (Kind::Year, &self.year, "2026"),
        ];
        let mut given = given.iter().filter_map(|(kind, text, like)| Some((*kind, text.as_ref()?, like)));
        let (Some((kind, text, like)), None) = (given.next(), given.next()) else {
            return Err(Sorry::bad("One of the parameters `day`, `week`, `month` and `year` is needed."));
        };
        let period = Period::parse(text).filter(|period| period.kind() == kind);
        period.ok_or_else(|| Sorry::bad(format!("`{}` is like {like}, not \"{text}\".", kind.name())))
    }

    fn size(&self) -> Result<Size, Sorry> {
        let size = self.size.as_deref().map_or(Ok(Size::default()), str::parse);
        let scale = self.scale.as_deref().unwrap_or("1");
        let scale =
            scale.parse().map_err(|_| Sorry::bad(format!("`scale` is a number such as 2, not \"{scale}\".")))?;
        size.and_then(|size| size.scaled(scale)).map_err(|why| Sorry::bad(format!("{why}.")))
    }

    fn format(&self) -> Result<Format, Sorry> {
        let name = self.format.as_deref().unwrap_or("png");
        Format::from_name(name).ok_or_else(|| Sorry::bad(format!("`format` is png or svg, not \"{name}\".")))
    }
}

pub(super) async fn plot(
    State(app): State<App>,
    Path(meter): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Sorry> {
    let meter = app.config.named(&app.counting_meter(&meter)?);
    let (period, size, format) = (wanted.period()?, wanted.size()?, wanted.format()?);
    let zone = app.config.time_zone();
    // One at a time: each takes some megabytes for a moment.
    let _one_at_a_time = app.drawing.acquire().await;
    let picture = app.query(move |reader| Picture::of(reader, &meter, period, &zone, now())).await?;
    let drawn = tokio::task::spawn_blocking(move || picture.file(size, format)).await.ok().flatten();
    let file = drawn.ok_or_else(|| Sorry::new(StatusCode::INTERNAL_SERVER_ERROR, "The picture could not be drawn."))?;
    let kind = match format {
        Format::Png => "image/png",
        Format::Svg => "image/svg+xml",
    };
    Ok(([(header::CONTENT_TYPE, kind)], file).into_response())
}
