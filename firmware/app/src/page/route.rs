//! Route: what a request asks for.

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted<'a> {
    /// A file of the page.
    Asset(Asset),
    /// Whether a password is needed.
    Session,
    /// The meters; there is one.
    Meters,
    /// The newest reading of a meter.
    Last(&'a str),
    /// Its telegram.
    Telegram(&'a str),
    /// Its quarter-hours.
    QuarterHours(&'a str),
    /// How everything is.
    Health,
    /// The settings, without secrets.
    Settings,
    /// New settings.
    ChangeSettings,
    /// The Wi-Fis that can be heard.
    Networks,
    /// A certificate authority's certificate.
    Certificate,
    /// A new image.
    Update,
    /// A new start.
    Restart,
    /// To be as delivered.
    Forget,
    /// Something of the API that there is not.
    Nothing,
    /// Something that there is, in another way.
    WrongMethod,
    /// Anything else.
    Elsewhere,
}

/// A file of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asset {
    /// The page.
    Page,
    /// What moves in it.
    Script,
    /// How it looks.
    Style,
}

impl Asset {
    /// Its type and its bytes.
    pub(super) const fn content(self) -> (&'static str, &'static str) {
        match self {
            Self::Page => ("text/html; charset=utf-8", include_str!("page.html")),
            Self::Script => ("text/javascript; charset=utf-8", include_str!("page.js")),
            Self::Style => ("text/css; charset=utf-8", include_str!("page.css")),
        }
    }
}

impl Wanted<'_> {
    /// Whether it changes something: another site must not do that through a visitor's browser.
    pub(super) const fn changes(self) -> bool {
        matches!(self, Self::ChangeSettings | Self::Certificate | Self::Update | Self::Restart | Self::Forget)
    }

    /// Whether it is there in the first setup, when there is no household's network yet.
    pub(super) const fn is_setup(self) -> bool {
        matches!(
            self,
            Self::Asset(_)
                | Self::Session
                | Self::Health
                | Self::Settings
                | Self::ChangeSettings
                | Self::Networks
                | Self::Certificate
                | Self::Restart
        )
    }
}

/// Finds out what is asked for. `path` without query.
pub(super) fn wanted<'a>(method: &str, path: &'a str) -> Wanted<'a> {
    let (get, post) = (method == "GET", method == "POST");
    let when = |right, wanted| if right { wanted } else { Wanted::WrongMethod };
    let Some(api) = path.strip_prefix("/api/v1/") else {
        let asset = match path {
            "/" => Asset::Page,
            "/page.js" => Asset::Script,
            "/page.css" => Asset::Style,
            _ => return Wanted::Elsewhere,
        };
        return when(get, Wanted::Asset(asset));
    };
    match api {
        "session" => when(get, Wanted::Session),
        "meters" => when(get, Wanted::Meters),
        "health" => when(get, Wanted::Health),
        "settings" if post => Wanted::ChangeSettings,
        "settings" => when(get, Wanted::Settings),
        "networks" => when(get, Wanted::Networks),
        "certificate" => when(post, Wanted::Certificate),
        "update" => when(post, Wanted::Update),
        "restart" => when(post, Wanted::Restart),
        "forget" => when(post, Wanted::Forget),
        _ => match api.strip_prefix("meters/").and_then(|rest| rest.split_once('/')) {
            Some((meter, "last")) => when(get, Wanted::Last(meter)),
            Some((meter, "telegram")) => when(get, Wanted::Telegram(meter)),
            Some((meter, "quarter-hours")) => when(get, Wanted::QuarterHours(meter)),
            _ => Wanted::Nothing,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes() {
        for (method, path, expected) in [
            ("GET", "/", Wanted::Asset(Asset::Page)),
            ("GET", "/page.css", Wanted::Asset(Asset::Style)),
            ("GET", "/api/v1/meters", Wanted::Meters),
            ("GET", "/api/v1/meters/home/last", Wanted::Last("home")),
            ("GET", "/api/v1/meters/home/telegram", Wanted::Telegram("home")),
            ("GET", "/api/v1/meters/home/quarter-hours", Wanted::QuarterHours("home")),
            ("GET", "/api/v1/settings", Wanted::Settings),
            ("POST", "/api/v1/settings", Wanted::ChangeSettings),
            ("PUT", "/api/v1/settings", Wanted::WrongMethod),
            ("GET", "/api/v1/restart", Wanted::WrongMethod),
            ("POST", "/", Wanted::WrongMethod),
            ("GET", "/api/v1/meters/home", Wanted::Nothing),
            ("GET", "/api/v1/meters/home/costs", Wanted::Nothing),
            ("GET", "/generate_204", Wanted::Elsewhere),
            ("GET", "/api/v2/meters", Wanted::Elsewhere),
        ] {
            assert_eq!(wanted(method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn whatever_changes_something_is_no_get() {
        for path in
            ["settings", "certificate", "update", "restart", "forget", "session", "meters", "health", "networks"]
        {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(b"/api/v1/");
            bytes[8..8 + path.len()].copy_from_slice(path.as_bytes());
            let path = core::str::from_utf8(&bytes[..8 + path.len()]).unwrap_or_default();
            assert!(!wanted("GET", path).changes(), "{path}");
        }
    }
}
