//! What energy costs, as a subscriber of a real broker gets it: the API's own numbers, kept for whoever comes later.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use common::broker::{Broker, Security};
use common::days::{fill, luxembourg, yesterday};
use common::{Daemon, Folder, KEY, meter};
use serde_json::Value;

const TOPIC: &str = "smartyreader/home/costs";
/// Prices of one's own: those that come with the program hold for the years that they are known for, and this is about today.
const TARIFF: &str = "[tariff]\nreference-power = 3\nvat = 8\n\
    [[tariff.price]]\ncomponent = \"network-fixed\"\nper = \"month\"\nby-class = { 3 = 7.42, 7 = 12.84 }\n\
    [[tariff.price]]\ncomponent = \"exceedance\"\nper = \"kwh-beyond-reference\"\nprice = 0.0765\n\
    [[tariff.price]]\ncomponent = \"energy\"\nprice = 0.1229\n[[tariff.price]]\ncomponent = \"feed-in\"\nprice = 0.08\n";

#[test]
fn the_broker_keeps_what_the_api_says() {
    let folder = Folder::new("mqtt-costs");
    let broker = Broker::start(&folder, Security::Plain);
    let listener = broker.listen("smartyreader/home/costs");
    // Days of this year, last night's midnight, and the first minutes of today.
    fill(&folder, "home", yesterday(), 5, Some((14, 16)));
    let text = format!(
        "[source.nothing]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\n[mqtt.house]\n{}{TARIFF}",
        broker.settings()
    );
    let daemon = Daemon::start(&folder, &text);
    let costs = listener.first(TOPIC);
    assert_eq!(costs.qos, 1);
    let costs = costs.json();
    let today = yesterday().after();
    let (day, month) = (today.first(), today.first().first_of_month());
    for (name, first, after) in [
        ("day", day, today.next_first()),
        ("month", month, month.saturating_add(jiff::ToSpan::months(1))),
        ("year", day.first_of_year(), day.first_of_year().saturating_add(jiff::ToSpan::years(1))),
    ] {
        let of = |what: &str| daemon.json(&format!("/api/v1/meters/home/{what}?from={first}&to={after}"));
        let bill = of("costs");
        let number = |key: String| costs[&key].as_i64().unwrap_or_else(|| panic!("{key}: {costs}"));
        assert_eq!(number(format!("cost_{name}_micro_eur")), bill["total_micro_eur"].as_i64().unwrap(), "{name}");
        let list = match name {
            "day" => of("costs/days"),
            "month" => of("costs/months"),
            _ => of("costs/years"),
        };
        let entry = &list["entries"][0];
        for (component, amount) in entry["components"].as_object().unwrap() {
            let key = format!("cost_{name}_{}_micro_eur", component.replace('-', "_"));
            assert_eq!(number(key), amount.as_i64().unwrap(), "{name} {component}");
        }
        assert_eq!(costs[format!("exceedance_{name}_wh")], entry["exceedance_wh"]);
        assert_eq!(costs[format!("{name}_certain")], bill["certain"]);
        assert_eq!(costs[format!("{name}_lower_bound")], bill["lower_bound"]);
        assert_eq!(number(format!("{name}_start_unix")), bill["from"].as_i64().unwrap());
        let start: jiff::Timestamp = costs[format!("{name}_start")].as_str().unwrap().parse().unwrap();
        assert_eq!(start.as_second(), bill["from"].as_i64().unwrap());
    }
    assert!(costs["exceedance_month_wh"].as_i64().unwrap() > 0 || month == day, "dinners are beyond 3 kW: {costs}");
    assert!(broker.listen(TOPIC).first(TOPIC).retained, "kept for who comes later");
    assert_eq!(luxembourg().iana_name(), Some("Europe/Luxembourg"));
}

#[test]
fn each_quarter_hour_brings_new_ones_and_home_assistant_sums_them_up() {
    let folder = Folder::new("mqtt-costs-live");
    let broker = Broker::start(&folder, Security::Plain);
    let (listener, discovery) = (broker.listen("smartyreader/+/costs"), broker.listen("homeassistant/#"));
    let key = folder.write("meter.key", KEY);
    // A house without panels: it imports at noon, too.
    let start = (jiff::Timestamp::now().as_second() - 1800).to_string();
    let (_meter, address) =
        meter(&["--profile", "luxembourg", "--speed", "60", "--start", &start, "--key-file", key.to_str().unwrap()]);
    let text = format!(
        "[source.cable]\nkind = \"tcp\"\naddress = \"{address}\"\n[meter.home]\nkey-file = \"meter.key\"\n\
         [mqtt.house]\n{}[mqtt.house.costs]\nqos = 2\nretain = false\n{TARIFF}",
        broker.settings()
    );
    let daemon = Daemon::start(&folder, &text);
    listener.wait("costs that grow", |heard| {
        let amounts: Vec<Option<i64>> =
            heard.iter().map(|heard| heard.json()["cost_year_energy_micro_eur"].as_i64()).collect();
        amounts.iter().flatten().max() > amounts.iter().flatten().min()
    });
    assert!(listener.all().iter().all(|heard| heard.qos == 2 && !heard.retained));
    let config = discovery.first("homeassistant/device/smartyreader_home/config").json();
    for span in ["day", "month", "year"] {
        let entity = &config["cmps"][format!("cost_{span}")];
        assert_eq!(
            (&entity["dev_cla"], &entity["stat_cla"], &entity["unit_of_meas"], &entity["stat_t"]),
            (&"monetary".into(), &"total".into(), &"EUR".into(), &"smartyreader/home/costs".into()),
            "{config}"
        );
        assert_eq!(entity["lrst_val_tpl"], format!("{{{{ value_json.{span}_start }}}}"));
        assert_eq!(entity.get("exp_aft"), None, "it comes every quarter-hour");
    }
    assert_eq!(config["cmps"]["exceedance_month"]["stat_t"], "smartyreader/home/costs");
    drop(daemon);

    // Switched off, or without a tariff, there is neither the topic nor the entity.
    let folder = Folder::new("mqtt-costs-off");
    let off = format!(
        "[source.cable]\nkind = \"tcp\"\naddress = \"{address}\"\n[meter.shop]\nkey-file = \"meter.key\"\n\
         [mqtt.house]\n{}[mqtt.house.costs]\nenabled = false\n{TARIFF}",
        broker.settings()
    );
    folder.write("meter.key", KEY);
    let _daemon = Daemon::start(&folder, &off);
    let config = discovery.first("homeassistant/device/smartyreader_shop/config").json();
    assert_eq!(config["cmps"]["cost_day"], Value::Null);
    assert!(!listener.topics().contains(&"smartyreader/shop/costs".to_string()));
}
