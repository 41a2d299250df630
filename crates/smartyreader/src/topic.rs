//! Topic: names of messages and the filters that pick them, as MQTT defines both (3.1.1 and 5, section 4.7).

/// What is wrong with a filter, in words that stand behind its name; `None` when it can be subscribed to.
///
/// `+` stands for one level, `#` for all further ones, each alone between its slashes.
pub fn fault(filter: &str) -> Option<&'static str> {
    let levels: Vec<&str> = filter.split('/').collect();
    if filter.is_empty() {
        return Some("is empty");
    }
    if filter.len() > 65_535 {
        return Some("is longer than 65535 bytes");
    }
    if filter.contains('\0') {
        return Some("has a zero character in it");
    }
    if levels.iter().any(|level| level.contains('+') && level.len() > 1) {
        return Some("has a + that is not alone between its slashes");
    }
    if levels.iter().any(|level| level.contains('#') && level.len() > 1) || levels[..levels.len() - 1].contains(&"#") {
        return Some("has a # that is not alone at its end");
    }
    None
}

/// Whether a message on `topic` reaches who subscribed to `filter`.
pub fn matches(filter: &str, topic: &str) -> bool {
    fits(filter, topic, false)
}

/// Whether `topic` is what the filter names, or lies below it: `lamsmarty` covers `lamsmarty/curr_l1_A`.
pub fn covers(filter: &str, topic: &str) -> bool {
    fits(filter, topic, true)
}

fn fits(filter: &str, topic: &str, below: bool) -> bool {
    // What a broker says of itself ($SYS) is not meant by a wildcard.
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let (mut wanted, mut there) = (filter.split('/'), topic.split('/'));
    loop {
        match (wanted.next(), there.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(_)) => {}
            (Some(one), Some(other)) if one == other => {}
            (None, Some(_)) => return below,
            _ => return false,
        }
    }
}

/// How exactly a filter names its topic: the number of its levels that are no wildcard.
pub fn exactness(filter: &str) -> usize {
    filter.split('/').filter(|level| !matches!(*level, "+" | "#")).count()
}

/// The last level of a topic, and what stands before it: empty where there is only one level.
pub fn last_level(topic: &str) -> (&str, &str) {
    topic.rsplit_once('/').unwrap_or(("", topic))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_standard() {
        for (filter, topic, expected) in [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/ranking", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
            ("sport/#", "sport", true),
            ("#", "anything/at/all", true),
            ("sport/tennis/+", "sport/tennis/player1", true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("#", "$SYS/monitor", false),
            ("+/monitor", "$SYS/monitor", false),
            ("$SYS/#", "$SYS/monitor", true),
            ("$SYS/monitor/+", "$SYS/monitor/clients", true),
            ("sport", "Sport", false),
            ("lamsmarty", "lamsmarty/curr_l1_A", false),
        ] {
            assert_eq!(matches(filter, topic), expected, "{filter} on {topic}");
        }
    }

    #[test]
    fn a_base_topic_covers_what_is_below_it() {
        for (filter, topic, expected) in [
            ("lamsmarty", "lamsmarty", true),
            ("lamsmarty", "lamsmarty/curr_l1_A", true),
            ("lamsmarty", "lamsmarty2/curr_l1_A", false),
            ("+/smarty", "cellar/smarty/curr_l1_A", true),
            ("house/#", "house", true),
            ("house/garage", "house", false),
        ] {
            assert_eq!(covers(filter, topic), expected, "{filter} on {topic}");
        }
        assert!(exactness("house/garage") > exactness("house/+/#"));
        assert_eq!(last_level("house/garage/dt"), ("house/garage", "dt"));
        assert_eq!(last_level("dt"), ("", "dt"));
    }

    #[test]
    fn what_is_no_filter_is_said() {
        for good in ["#", "+", "a", "/", "a//b", "+/a/#", "lamsmarty/+/curr_l1_A", "bme280_humidity_%"] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in ["", "a#", "a/#/b", "#/a", "a+/b", "a/b+", "##", "++", "a\0b"] {
            assert!(fault(bad).is_some(), "{bad}");
        }
        assert!(fault(&"a".repeat(65_536)).is_some());
    }

    proptest! {
        #[test]
        fn a_topic_reaches_itself_and_its_wildcards(levels in prop::collection::vec("[a-z$ %]{0,4}", 1..6), which in 0usize..6) {
            let topic = levels.join("/");
            let which = which % levels.len();
            prop_assert!(matches(&topic, &topic));
            let with = |level: &str| {
                let mut levels: Vec<&str> = levels.iter().map(String::as_str).collect();
                levels[which] = level;
                levels.join("/")
            };
            let hidden = topic.starts_with('$') && which == 0;
            prop_assert_eq!(matches(&with("+"), &topic), !hidden);
            let parent = levels[..which].join("/");
            let all = if which == 0 { "#".to_string() } else { format!("{parent}/#") };
            prop_assert_eq!(matches(&all, &topic), !hidden);
            prop_assert!(which == 0 || covers(&parent, &topic));
        }

        #[test]
        fn nothing_is_a_panic(filter in ".*", topic in ".*") {
            let covered = covers(&filter, &topic);
            prop_assert!(!matches(&filter, &topic) || covered);
            let _ = (fault(&filter), exactness(&filter), last_level(&topic));
        }
    }
}
