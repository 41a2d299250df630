//! The API is what its OpenAPI document says, for every path, good parameters and bad.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use common::{Daemon, Folder, KEY, finish, meter, smartyreader};
use serde_json::Value;
use smarty_p1::{Quantity, Values};
use smarty_store::{Appended, Clock, MeterReading, Options, Proof, Store};

const HOUR: i64 = 3600;

/// A daemon with a day of telegrams behind it, read from a file, and one meter that has said nothing yet.
fn house(folder: &Folder, web: &str) -> (Daemon, i64) {
    folder.write("home.key", KEY);
    let start = 1_782_000_000; // 21 June 2026 02:00 in Luxembourg
    let capture = folder.file("day.bin");
    let (code, _, err) = finish(
        smartyreader()
            .args([
                "meter",
                "--speed",
                "1000000",
                "--count",
                "8640",
                "--start",
                &start.to_string(),
                "--device",
                "gas",
                "--key-file",
            ])
            .arg(folder.file("home.key"))
            .arg("--to")
            .arg(&capture),
    );
    assert_eq!(code, 0, "{err}");
    let daemon = Daemon::start(
        folder,
        &format!(
            "[source.day]\nkind = \"file\"\npath = \"day.bin\"\n[meter.home]\nsource = \"day\"\nkey-file = \"home.key\"\n\
             [source.nothing]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.silent]\nsource = \"nothing\"\n\
             role = \"production\"\n[meter.home.tariff]\nnetwork = \"luxembourg\"\nreference-power = 3\n\
             [[meter.home.tariff.price]]\ncomponent = \"energy\"\nprice = 0.1229\n{web}"
        ),
    );
    daemon.wait("the day is stored", |daemon| {
        daemon.try_get("/api/v1/health").is_some_and(|(_, body)| body.contains("\"stored\":8640"))
    });
    (daemon, start)
}

/// The schema of a path's 200, with the document's definitions beside it.
fn schema(document: &Value, path: &str) -> Value {
    let content = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert!(content.is_object(), "{path} is not in the document");
    let text = serde_json::to_string(content).unwrap().replace("#/components/schemas/", "#/$defs/");
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    let definitions = serde_json::to_string(&document["components"]["schemas"]).unwrap();
    schema["$defs"] = serde_json::from_str(&definitions.replace("#/components/schemas/", "#/$defs/")).unwrap();
    schema
}

#[test]
fn every_answer_is_what_the_document_says() {
    let folder = Folder::new("api");
    let (daemon, start) = house(&folder, "");
    let document = daemon.json("/api/v1/openapi.json");
    let day = format!("from={}&to={}", rfc3339(start), rfc3339(start + 24 * HOUR));
    let device = daemon.json("/api/v1/meters/home/devices")["devices"][0]["id"].as_str().unwrap().to_string();
    let mut checked = 0;
    for path in document["paths"].as_object().unwrap().keys() {
        let get = &document["paths"][path]["get"];
        if get["responses"]["200"]["content"]["application/json"].is_null() {
            continue;
        }
        let query = match path.as_str() {
            "/meters/{meter}/series" => format!("?quantity=power_net_w,voltage_l1_mv&{day}"),
            _ if get["parameters"].to_string().contains("\"from\"") => format!("?{day}"),
            _ => String::new(),
        };
        let path_of = path.replace("{meter}", "home").replace("{device}", &device);
        let (status, answer) = daemon.get(&format!("/api/v1{path_of}{query}"));
        assert_eq!(status, 200, "{path}: {answer}");
        let validator = jsonschema::validator_for(&schema(&document, path)).unwrap();
        let faults: Vec<String> =
            validator.iter_errors(&answer).map(|fault| format!("{} at {}", fault, fault.instance_path())).collect();
        assert!(faults.is_empty(), "{path}: {faults:?}\n{answer}");
        checked += 1;
    }
    assert!(checked >= 21, "only {checked} paths were checked");
}

#[test]
fn the_accounts_add_up_with_the_registers() {
    let folder = Folder::new("accounts");
    let (daemon, start) = house(&folder, "");
    let day = format!("from={}&to={}", rfc3339(start - HOUR), rfc3339(start + 25 * HOUR));
    let sum = |what: &str, list: &str, name: &str| -> i64 {
        let answer = daemon.json(&format!("/api/v1/meters/home/{what}?{day}"));
        answer[list].as_array().unwrap().iter().filter_map(|entry| entry[name].as_i64()).sum()
    };
    let (_, series) = daemon
        .get(&format!("/api/v1/meters/home/series?quantity=energy_import_wh,energy_export_wh&{day}&resolution=raw"));
    for (name, least) in [("energy_import_wh", 100), ("energy_export_wh", 100)] {
        let values = series["series"][name]["mean"].as_array().unwrap();
        let difference = values.last().unwrap().as_i64().unwrap() - values[0].as_i64().unwrap();
        assert!(difference > least, "{name}: {difference}");
        let quarters = sum("quarter-hours", "entries", name) + sum("quarter-hours", "gaps", name);
        assert_eq!(quarters, difference, "quarter-hours and gaps, {name}");
    }
    let hours = daemon.json(&format!("/api/v1/meters/home/hours?{day}"));
    let first = &hours["entries"].as_array().unwrap()[1];
    let quarters = daemon.json(&format!(
        "/api/v1/meters/home/quarter-hours?from={}&to={}",
        rfc3339(first["start"].as_i64().unwrap()),
        rfc3339(first["end"].as_i64().unwrap())
    ));
    let of_quarters: i64 =
        quarters["entries"].as_array().unwrap().iter().map(|entry| entry["energy_import_wh"].as_i64().unwrap()).sum();
    assert_eq!(first["energy_import_wh"], of_quarters, "an hour is its quarters");
    let demand =
        quarters["entries"].as_array().unwrap().iter().map(|entry| entry["demand_import_w"].as_i64().unwrap()).max();
    assert_eq!(first["peak_import_w"].as_i64(), demand);
}

#[test]
fn bad_questions_get_a_sentence() {
    let folder = Folder::new("bad");
    let (daemon, _) = house(&folder, "");
    let series = "/api/v1/meters/home/series?quantity=power_net_w";
    for (path, status, words) in [
        ("/api/v1/meters/nobody/last".to_string(), 404, "There is no meter \"nobody\"; there is home, silent."),
        ("/api/v1/meters/silent/last".into(), 404, "No telegram of meter silent has been read yet"),
        ("/api/v1/nothing".into(), 404, "There is nothing under this path"),
        ("/api/v1/meters/home/days".into(), 400, "`from` is missing"),
        ("/api/v1/meters/home/days?from=2026-06-01".into(), 400, "`to` is missing"),
        ("/api/v1/meters/home/days?from=yesterday&to=2026-06-02".into(), 400, "not \"yesterday\""),
        ("/api/v1/meters/home/days?from=2026-06-02&to=2026-06-01".into(), 400, "must be before"),
        ("/api/v1/meters/home/quarter-hours?from=2020-01-01&to=2026-06-01".into(), 422, "longer than 100 days"),
        ("/api/v1/meters/home/costs".into(), 400, "`from` is missing"),
        ("/api/v1/meters/home/advisor?from=2026-06-01".into(), 400, "`to` is missing"),
        ("/api/v1/meters/home/costs/days?from=2020-01-01&to=2026-06-01".into(), 422, "longer than 400 days"),
        ("/api/v1/meters/nobody/costs?from=2026-06-01&to=2026-06-02".into(), 404, "There is no meter"),
        (
            "/api/v1/meters/silent/costs?from=2026-06-01&to=2026-06-02".into(),
            404,
            "Meter silent has no tariff; a section",
        ),
        (format!("{series}&from=2026-06-01&to=2026-06-02&resolution=2h"), 400, "not \"2h\""),
        (format!("{series}s&from=2026-06-01&to=2026-06-02"), 400, "no quantity \"power_net_ws\""),
        (format!("{series}&from=2000-01-01&to=2026-06-02&resolution=1m"), 422, "at most 60000"),
        (format!("{series}{}&from=2026-06-01&to=2026-06-02", ",power_net_w".repeat(12)), 422, "At most 12"),
        ("/api/v1/live?meter=nobody".into(), 404, "no meter"),
        ("/api/v1/meters/nobody/devices".into(), 404, "There is no meter"),
        (
            "/api/v1/meters/home/devices/4242/days?from=2026-06-01&to=2026-06-02".into(),
            404,
            "There is no device \"4242\"",
        ),
        ("/api/v1/meters/silent/devices/1/months?from=2026-06-01&to=2026-06-02".into(), 404, "there is none."),
        ("/api/v1/meters/home/devices/4242/series?from=2026-06-01".into(), 400, "`to` is missing"),
    ] {
        let (got, answer) = daemon.get(&path);
        assert_eq!(got, status, "{path}: {answer}");
        let sentence = answer["error"].as_str().unwrap_or_else(|| panic!("{path}: {answer}"));
        assert!(sentence.contains(words), "{path}: {sentence}");
    }
}

#[test]
fn whatever_is_sent_the_error_is_a_sentence() {
    let folder = Folder::new("sent");
    let daemon = Daemon::start(&folder, "[source.x]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\n");
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    // One byte more than is read.
    let long = format!("{{\"password\": \"{}\"}}", "a".repeat((2 << 20) - 15));
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    for (method, path, kind, body, status, words) in [
        ("GET", "/v1/meters/home/days?from=2026-06-01&from=2026-06-02", "", "", 400, "duplicate field `from`"),
        ("GET", "/v1/live?meter=home&meter=home", "", "", 400, "duplicate field `meter`"),
        ("GET", "/v1/meters/%ff/last", "", "", 400, "UTF-8"),
        ("GET", "/v1/meters/home/devices/%ff/days", "", "", 400, "UTF-8"),
        ("POST", "/v1/meters/home/quarantine/abc/accept", "", "", 400, "not \"abc\""),
        ("POST", "/v1/meters/home/quarantine/99999999999999999999/dismiss", "", "", 400, "a number"),
        ("POST", "/v1/session", form, "password=guess-me", 415, "application/json"),
        ("POST", "/v1/session", "", "{}", 415, "application/json"),
        ("POST", "/v1/session", json, "{", 400, "not JSON"),
        ("POST", "/v1/session", json, "\u{0}", 400, "not JSON"),
        ("POST", "/v1/session", json, "{\"password\": 5}", 400, "not what belongs here"),
        ("POST", "/v1/session", json, "{}", 400, "not what belongs here"),
        ("POST", "/v1/session", json, &long, 413, "too long"),
        ("POST", "/v1/health", "", "", 405, "does not take this method"),
        ("DELETE", "/v1/meters/home/last", "", "", 405, "does not take this method"),
        ("GET", "/v1/meters/home/quarantine/1/accept", "", "", 405, "does not take this method"),
        ("GET", "/v1", "", "", 404, "nothing under this path"),
        ("GET", "/v1/", "", "", 404, "nothing under this path"),
        ("GET", "/v1/meters/", "", "", 404, "nothing under this path"),
        ("GET", "/v2/meters", "", "", 404, "nothing under this path"),
        ("POST", "/health", "", "", 404, "nothing under this path"),
        ("GET", "", "", "", 404, "nothing under this path"),
        ("GET", "/", "", "", 404, "nothing under this path"),
    ] {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("http://{}/api{path}", daemon.address));
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let mut answer = agent.run(request.body(body.as_bytes()).unwrap()).unwrap();
        let (got, text) = (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap());
        let what = format!("{method} {path} {}: {got} {text}", &body[..body.len().min(40)]);
        assert_eq!(got, status, "{what}");
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{what}"));
        let sentence = answer["error"].as_str().unwrap_or_else(|| panic!("{what}"));
        assert!(sentence.contains(words) && sentence.ends_with('.'), "{what}");
        assert!(!sentence.contains("guess-me"), "{what}");
    }
}

#[test]
fn what_another_program_published_is_never_shown_as_proven() {
    let folder = Folder::new("published");
    let time = 1_620_036_010;
    {
        let mut store = Store::open(Options::new(folder.file("test.db"))).unwrap();
        let mut values = Values::EMPTY;
        values.set(Quantity::EnergyImport, 6700);
        let reading = MeterReading {
            meter: "home".into(),
            segment: "SAG1030700089067".into(),
            time,
            clock: Clock::Meter,
            received: time + 2,
            ident: 4711,
            proof: Proof::Published,
            values,
            texts: Vec::new(),
        };
        assert_eq!(store.append(&reading).unwrap(), Appended::New);
    }
    let daemon = Daemon::start(
        &folder,
        "[source.nothing]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\n[group.sum]\nadd = [\"home\"]\n",
    );
    let last = daemon.json("/api/v1/meters/home/last");
    assert_eq!((&last["proof"], &last["values"]["energy_import_wh"]), (&"published".into(), &6700.into()));
    assert_eq!(
        (&last["frame_counter"], &last["system_title"]),
        (&Value::Null, &Value::Null),
        "a checksum is no counter"
    );
    let meters = daemon.json("/api/v1/meters");
    assert_eq!(meters["meters"][0]["proof"], "published");
    let document = daemon.json("/api/v1/openapi.json");
    for (path, answer) in [("/meters/{meter}/last", &last), ("/meters", &meters)] {
        let validator = jsonschema::validator_for(&schema(&document, path)).unwrap();
        let faults: Vec<String> = validator.iter_errors(answer).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{path}: {faults:?}\n{answer}");
    }
}

#[test]
fn a_password_and_a_token() {
    let folder = Folder::new("password");
    let hash = {
        use std::io::Write as _;
        let mut child = smartyreader()
            .args(["password", "--stdin"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(b"correct horse\n").unwrap();
        let output = child.wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let hash = hash.lines().find(|line| line.starts_with("password-hash")).unwrap().to_string();
    let (_, token, _) = finish(smartyreader().args(["password", "--token"]));
    let bearer = token.split("Bearer ").nth(1).unwrap().lines().next().unwrap().to_string();
    let hashes = token.lines().find(|line| line.starts_with("token-hashes")).unwrap();
    // The [web] section stands last, so these lines fall into it.
    let address = format!("127.0.0.1:{}", common::free_port());
    let config = folder.write(
        "test.toml",
        &format!("[source.x]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\n[store]\npath = \"test.db\"\n[web]\nlisten = \"{address}\"\n{hash}\n{hashes}\n"),
    );
    let process = common::Process::start(smartyreader().args(["run", "--config"]).arg(&config));
    let daemon = Daemon { process, config, address };
    daemon.wait("the page", |daemon| daemon.try_get("/api/v1/session").is_some());
    assert_eq!(daemon.get("/api/v1/health").0, 401);
    assert_eq!(daemon.get("/api/v1/meters").0, 401);
    assert_eq!(daemon.get("/api/v1/live").0, 401);
    assert_eq!(daemon.get("/").0, 200, "the page itself asks for the password");
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let url = |path: &str| format!("http://{}/api/v1{path}", daemon.address);
    let health =
        |name: &str, value: &str| agent.get(url("/health")).header(name, value).call().unwrap().status().as_u16();
    assert_eq!(health("authorization", &format!("Bearer {bearer}")), 200);
    assert_eq!(health("authorization", "Bearer 0000"), 401);
    let log_in =
        |password: &str| agent.post(url("/session")).send_json(serde_json::json!({"password": password})).unwrap();
    assert_eq!(log_in("wrong horse").status(), 401);
    let answer = log_in("correct horse");
    assert_eq!(answer.status(), 204);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_string();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_string();
    assert_eq!(health("cookie", &cookie), 200);
    assert_eq!(agent.delete(url("/session")).header("cookie", &cookie).call().unwrap().status(), 204);
    assert_eq!(health("cookie", &cookie), 401);
    for _ in 0..5 {
        log_in("guess");
    }
    assert_eq!(log_in("correct horse").status(), 429, "guessing is slow");
}

#[test]
fn live_events_follow_the_meter() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let folder = Folder::new("live");
    let key = folder.write("home.key", KEY);
    let (_meter, source) = meter(&["--speed", "20", "--key-file", key.to_str().unwrap()]);
    let daemon = Daemon::start(
        &folder,
        &format!("[source.line]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\nkey-file = \"home.key\"\n"),
    );
    let mut stream = std::net::TcpStream::connect(&daemon.address).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    stream.write_all(b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let (mut health, mut times, mut event) = (0, Vec::new(), String::new());
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        if let Some(name) = line.strip_prefix("event: ") {
            event = name.to_string();
        } else if let Some(data) = line.strip_prefix("data: ") {
            let data: Value = serde_json::from_str(data).unwrap();
            match event.as_str() {
                "health" => health += 1,
                "reading" => times.push(data["time"].as_i64().unwrap()),
                other => panic!("{other}"),
            }
        }
        if times.len() == 4 {
            break;
        }
    }
    assert!(health >= 1, "health comes first on connect");
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 10), "{times:?}");
}

/// What an answer says of frames: the part of its policy, and the older header.
fn frames(daemon: &Daemon, path: &str) -> (String, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let answer = agent.get(format!("http://{}{path}", daemon.address)).call().unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_string();
    assert_eq!(answer.headers().get_all("content-security-policy").iter().count(), 1, "{path}: one policy");
    let policy = header("content-security-policy");
    let ancestors: Vec<&str> = policy.split("; ").filter(|part| part.starts_with("frame-ancestors")).collect();
    assert_eq!(ancestors.len(), 1, "{path}: {policy}");
    if !path.starts_with("/reports") {
        assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
    }
    assert_eq!(header("x-content-type-options"), "nosniff");
    (ancestors[0].to_string(), header("x-frame-options"))
}

#[test]
fn the_page_is_locked_down() {
    let folder = Folder::new("headers");
    let daemon = Daemon::start(&folder, "[source.x]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\n");
    for path in ["/", "/api/v1/health", "/nothing", "/reports/", "/reports/2026-11-22.html"] {
        assert_eq!(frames(&daemon, path), ("frame-ancestors 'none'".into(), "DENY".into()), "{path}");
    }
}

#[test]
fn below_the_path_of_another_page_and_in_its_frame() {
    let folder = Folder::new("frame");
    let address = format!("127.0.0.1:{}", common::free_port());
    let config = folder.write(
        "test.toml",
        &format!(
            "[source.x]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\n[store]\npath = \"test.db\"\n[report]\n\
             [web]\nlisten = \"{address}\"\nauth = \"none\"\nframe = \"same-origin\"\n"
        ),
    );
    let daemon = Daemon::start_with(config, address);
    for path in ["/", "/api/v1/health", "/reports/", "/reports/2026-11-22.html"] {
        assert_eq!(frames(&daemon, path), ("frame-ancestors 'self'".into(), "SAMEORIGIN".into()), "{path}");
    }
    // Nothing leads out of the folder that somebody else shows this page in.
    for path in ["/", "/reports/"] {
        let (_, body) = daemon.get(path);
        let body = body.as_str().unwrap();
        assert!(!body.contains("=\"/") && !body.contains("='/"), "{path}: {body}");
    }
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let answer = agent.get(format!("http://{}/reports", daemon.address)).call().unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (308, "reports/"));
    // The other page's name arrives here, as the host and as the origin of what is pressed.
    let url = |path: &str| format!("http://{}/api/v1{path}", daemon.address);
    let host = "homeassistant.local:8123";
    assert_eq!(agent.get(url("/health")).header("host", host).call().unwrap().status(), 200);
    let press = |origin: &str| {
        let request = agent.post(url("/meters/home/quarantine/1/accept")).header("host", host).header("origin", origin);
        request.send_empty().unwrap().status().as_u16()
    };
    assert_eq!(press("http://homeassistant.local:8123"), 404, "there is no such value");
    assert_eq!(press("https://evil.example"), 403);
}

#[test]
fn other_sites_read_and_press_nothing() {
    let folder = Folder::new("origin");
    let daemon = Daemon::start(&folder, "[source.x]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\n");
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let url = |path: &str| format!("http://{}/api/v1{path}", daemon.address);
    let read = |host: &str| agent.get(url("/health")).header("host", host).call().unwrap().status().as_u16();
    assert_eq!(read("localhost:8090"), 200);
    assert_eq!(read("evil.example"), 403);
    let press = |origin: &str| {
        let request = agent.post(url("/meters/home/quarantine/1/accept")).header("origin", origin);
        request.send_empty().unwrap().status().as_u16()
    };
    assert_eq!(press("https://evil.example"), 403);
    assert_ne!(press(&format!("http://{}", daemon.address)), 403);
}

fn rfc3339(time: i64) -> String {
    jiff::Timestamp::from_second(time).unwrap().to_string()
}
