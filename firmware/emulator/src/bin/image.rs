//! Image: a board's program in the form its flash wants: alone for an update, and with bootloader and partitions for an empty chip.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use espflash::flasher::{FlashData, FlashSettings, FlashSize};
use espflash::image_format::idf::IdfBootloaderFormat;
use espflash::target::Chip;

const USAGE: &str = "usage: image esp32c3|esp32c6 PARTITIONS.csv PROGRAM NAME.bin NAME-factory.bin";
/// Where an empty chip gets its first program.
const FIRST_SLOT: &str = "ota_0";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [chip, rest @ ..] = &arguments[..] else {
        eprintln!("{USAGE}");
        return ExitCode::from(64);
    };
    let chip = match chip.as_str() {
        "esp32c3" => Chip::Esp32c3,
        "esp32c6" => Chip::Esp32c6,
        _ => {
            eprintln!("{chip}: no such chip\n{USAGE}");
            return ExitCode::from(64);
        }
    };
    let [partitions, program, alone, factory] = rest else {
        eprintln!("{USAGE}");
        return ExitCode::from(64);
    };
    let paths = [partitions, program, alone, factory].map(PathBuf::from);
    match write(chip, &paths) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("no image of {program}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(chip: Chip, [partitions, program, alone, factory]: &[PathBuf; 4]) -> Result<(), Box<dyn Error>> {
    let elf = std::fs::read(program)?;
    let format = |partitions: &Path| {
        let settings = FlashSettings::new(None, Some(FlashSize::_4Mb), None);
        let flash = FlashData::new(settings, 0, None, chip, chip.default_xtal_frequency());
        IdfBootloaderFormat::new(&elf, &flash, Some(partitions), None, None, Some(FIRST_SLOT))
    };
    let [update] = &format(partitions)?.ota_segments().collect::<Vec<_>>()[..] else {
        return Err("the program is not in one piece".into());
    };
    std::fs::write(alone, update.data())?;
    let mut whole = Vec::new();
    for segment in format(partitions)?.flash_segments() {
        // Erased flash is all ones.
        whole.resize(segment.addr as usize, 0xff);
        whole.extend_from_slice(segment.data());
    }
    std::fs::write(factory, whole)?;
    Ok(())
}
