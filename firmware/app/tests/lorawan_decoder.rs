//! The decoder in the documents reads what the board writes. It is JavaScript, so it is asked with node, where there is one.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use smarty_app::lora::record;
use smarty_ledger::{Energies, PowerSpread, QuarterHour};
use smarty_p1::{Quantity, Values};

const DECODER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/lorawan-decoder.js");
/// 2026-11-23, 00:00.
const START: i64 = 1_795_392_000;

fn quarter(number: i64, import: Option<i64>, export: Option<i64>, highest: Option<i64>) -> QuarterHour {
    QuarterHour {
        start: START + number * 900,
        energies: Energies { import, export, ..Energies::UNKNOWN },
        complete: import.is_some(),
        power_net: highest.map(|max| PowerSpread { min: -32_768, max, sum: 0, count: 1 }),
        voltage: None,
        telegrams: 90,
    }
}

/// Records, and what is in them.
fn samples() -> Vec<(Vec<u8>, Value)> {
    let mut samples = Vec::new();
    for number in 0..200_i64 {
        // Up to the ends of what fits.
        let import = (number % 5 != 0).then_some(number * number * 421 % (1 << 24));
        let export = (number % 3 != 0).then_some(((1 << 24) - 1) / (number + 1));
        let highest = (number % 7 != 0).then_some((number - 100) * 3270);
        let registers =
            [(Quantity::EnergyImport, ((1_i64 << 40) - 1) / (number + 1)), (Quantity::EnergyExport, number << 32)];
        let mut values = Values::EMPTY;
        let mut expected = serde_json::Map::new();
        for ((quantity, value), name) in registers.into_iter().zip(["import_register_wh", "export_register_wh"]) {
            if number % 11 != 0 && value < 1 << 40 {
                values.set(quantity, value);
                expected.insert(name.into(), json!(value));
            }
        }
        let quarter = quarter(number, import, export, highest);
        let (hour, minute) = (number / 4 % 24, number % 4 * 15);
        expected.insert("start".into(), json!(format!("2026-11-{}T{hour:02}:{minute:02}:00.000Z", 23 + number / 96)));
        expected.insert("complete".into(), json!(import.is_some()));
        let known =
            [("import_wh", import), ("export_wh", export), ("highest_power_w", highest.map(|max| max / 10 * 10))];
        for (name, value) in known {
            if let Some(value) = value {
                expected.insert(name.into(), json!(value));
            }
        }
        samples.push((record(&quarter, &values).to_vec(), json!({ "data": expected })));
    }
    samples
}

#[test]
fn the_decoder_reads_what_the_board_writes() {
    let node = Command::new("node").arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut node) = node else {
        eprintln!("SKIPPED: the decoder of docs/lorawan-decoder.js, because there is no node here");
        return;
    };
    let samples = samples();
    let mut inputs: Vec<Value> = samples.iter().map(|(bytes, _)| json!({ "bytes": bytes, "fPort": 1 })).collect();
    let whole = samples[0].0.clone();
    inputs.push(json!({ "bytes": whole, "fPort": 2 }));
    inputs.push(json!({ "bytes": whole[..23], "fPort": 1 }));
    let newer = [&[2], &whole[1..]].concat();
    inputs.push(json!({ "bytes": newer, "fPort": 1 }));
    let decoder = std::fs::read_to_string(DECODER).unwrap();
    let ask = format!("{decoder}\nconsole.log(JSON.stringify({}.map(decodeUplink)));", json!(inputs));
    node.stdin.take().unwrap().write_all(ask.as_bytes()).unwrap();
    let said = node.wait_with_output().unwrap();
    assert!(said.status.success());
    let said: Vec<Value> = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(said.len(), inputs.len());
    for ((bytes, expected), said) in samples.iter().zip(&said) {
        assert_eq!(said, expected, "{bytes:x?}");
    }
    for refused in &said[samples.len()..] {
        assert!(refused["errors"][0].is_string() && refused.get("data").is_none(), "{refused}");
    }
}
