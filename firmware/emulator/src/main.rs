//! Runs a flash image of the ESP32-C3 board: `emulator FLASH [OPTION...]`, see `--help`.

use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;

use smarty_emulator::HERTZ;
use smarty_emulator::chip::Wiring;
use smarty_emulator::flash::{Cut, Flash, SIZE};
use smarty_emulator::machine::{End, Machine, Press};
use smarty_emulator::outside::Outside;

const HELP: &str = "\
emulator FLASH [OPTION...]: runs a flash image of the ESP32-C3, as scripts/firmware makes it (NAME-factory.bin)

FLASH is changed as the program writes it. The console is on standard output, what the emulator says on standard error.

  --meter SOCKET           the P1 port: bytes come to this UNIX socket
  --console SOCKET         what is typed at the USB console
  --network HERE,THERE     frames as UDP datagrams, for QEMU's `-netdev dgram`
  --meter-pin N            pin of the P1 port's data (20)
  --upright                something on the way turns the signal round, as on boards before V2.0
  --baud N                 speed of the meter (115200)
  --request N=LEVEL        the meter sends while pin N is at LEVEL (0 or 1)
  --network-pin N          chip select of the W5500 (7)
  --press N@FROM..TO       pin N is low between these seconds
  --cut-power N@FROM..TO   the power fails in the N-th operation on these addresses of the flash, and comes back
  --seconds N              ends after so many seconds of the chip
  --speed N                idle time passes N times as fast (1)
";

/// What the command line says.
struct Options {
    flash: String,
    wiring: Wiring,
    outside: Outside,
    presses: Vec<Press>,
    cut: Option<Cut>,
    cycles: u64,
    speed: u64,
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} is no number that fits here"))
}

/// `0x10000` or `65536`.
fn address(text: &str) -> Result<usize, String> {
    match text.strip_prefix("0x") {
        Some(digits) => usize::from_str_radix(digits, 16).map_err(|_| format!("{text} is no address")),
        None => number(text),
    }
}

/// `N@FROM..TO`.
fn within<N: FromStr>(text: &str) -> Result<(N, &str, &str), String> {
    let parts = text.split_once('@').and_then(|(what, range)| Some((what, range.split_once("..")?)));
    let (what, (from, to)) = parts.ok_or(format!("{text}: expected N@FROM..TO"))?;
    Ok((number(what)?, from, to))
}

fn read(arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut arguments = arguments.peekable();
    let flash = arguments.next_if(|first| !first.starts_with("--")).ok_or("which flash image?")?;
    let mut options = Options {
        flash,
        wiring: Wiring::default(),
        outside: Outside::default(),
        presses: Vec::new(),
        cut: None,
        cycles: u64::MAX,
        speed: 1,
    };
    while let Some(name) = arguments.next() {
        if name == "--upright" {
            options.wiring.upright = true;
            continue;
        }
        let value = arguments.next().ok_or(format!("{name}: its value is missing"))?;
        let failed = |error: std::io::Error| format!("{value}: {error}");
        let outside = &mut options.outside;
        match name.as_str() {
            "--meter" => outside.connect_meter(Path::new(&value)).map_err(failed)?,
            "--console" => outside.connect_console(Path::new(&value)).map_err(failed)?,
            "--network" => {
                let (here, there) = value.split_once(',').ok_or("--network: expected HERE,THERE")?;
                outside.connect_network(here, there).map_err(failed)?;
            }
            "--meter-pin" => options.wiring.meter = number(&value)?,
            "--network-pin" => options.wiring.network = number(&value)?,
            "--baud" => options.wiring.baud = number(&value)?,
            "--request" => {
                let (pin, level) = value.split_once('=').ok_or("--request: expected N=LEVEL")?;
                options.wiring.request = Some((number(pin)?, number::<u8>(level)? != 0));
            }
            "--press" => {
                let (pin, from, to) = within(&value)?;
                let cycles = |seconds: &str| number::<u64>(seconds).map(|seconds| seconds.saturating_mul(HERTZ));
                options.presses.push(Press { pin, time: cycles(from)?..cycles(to)? });
            }
            "--cut-power" => {
                let (at, from, to) = within(&value)?;
                options.cut = Some(Cut { at, range: address(from)?..address(to)?.min(SIZE) });
            }
            "--seconds" => options.cycles = number::<u64>(&value)?.saturating_mul(HERTZ),
            "--speed" => options.speed = number(&value)?,
            _ => return Err(format!("{name} is no option")),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--help") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let opened = read(std::env::args().skip(1)).and_then(|options| {
        let flash = Flash::open(Path::new(&options.flash)).map_err(|error| format!("{}: {error}", options.flash))?;
        Ok((options, flash))
    });
    let (options, mut flash) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            eprintln!("emulator: {error}\n\n{HELP}");
            return ExitCode::from(64);
        }
    };
    if let Some(cut) = options.cut {
        flash.cut_power(cut);
    }
    let mut machine = Machine::new(flash, options.wiring, options.outside);
    machine.hurry(options.speed);
    for press in options.presses {
        machine.press(press);
    }
    let begin = std::time::Instant::now();
    let end = machine.run(options.cycles);
    eprintln!(
        "emulator: {end:?}; {} instructions in {:.3} s of the chip and {:.3} s here; no sector erased more than {} times",
        machine.instructions(),
        machine.chip().now as f64 / HERTZ as f64,
        begin.elapsed().as_secs_f64(),
        machine.chip().flash.most_erased(),
    );
    if end == End::TimeOver { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
