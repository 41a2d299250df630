//! Puts settings into a flash image, so that a board starts with them: `put-settings IMAGE NAME=VALUE...`
//! `certificate-file=FILE` is the certificate of the broker's authority, DER.
//!
//! For boards that are flashed in numbers, and for tests. The image then holds the keys: keep it as one keeps a key.

use std::process::ExitCode;

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use smarty_app::store::Store;

/// Where settings and journal lie, and how long the flash is: `partitions.csv`.
const REGION: std::ops::Range<usize> = 0x31_4000..0x40_0000;

/// The region within an image.
struct Image(Vec<u8>);

impl Image {
    fn at(&mut self, offset: u32, length: usize) -> Result<&mut [u8], NorFlashErrorKind> {
        self.0.get_mut(offset as usize..offset as usize + length).ok_or(NorFlashErrorKind::OutOfBounds)
    }
}

impl ErrorType for Image {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Image {
    const READ_SIZE: usize = 4;
    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.copy_from_slice(self.at(offset, bytes.len())?);
        Ok(())
    }
    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for Image {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;
    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        self.at(from, (to - from) as usize)?.fill(0xFF);
        Ok(())
    }
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        for (place, byte) in self.at(offset, bytes.len())?.iter_mut().zip(bytes) {
            *place &= byte;
        }
        Ok(())
    }
}

fn put(path: &str, lines: &[String]) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{path}: {error}");
    let mut whole = std::fs::read(path).map_err(failed)?;
    whole.resize(REGION.end, 0xFF);
    let mut image = Image(whole[REGION].to_vec());
    let (mut store, resumed) = Store::open(&mut image).map_err(|error| format!("{path}: {error:?}"))?;
    let mut settings = resumed.settings;
    for line in lines {
        let (name, value) = line.split_once('=').ok_or(format!("{line}: expected NAME=VALUE"))?;
        if name == "certificate-file" {
            let der = std::fs::read(value).map_err(|error| format!("{value}: {error}"))?;
            store.write_certificate(&der).map_err(|error| format!("{value}: {error:?}"))?;
            continue;
        }
        settings.set_by_name(name, value).map_err(|refused| format!("{}: {refused}", name.trim()))?;
    }
    store.write_settings(&settings).map_err(|error| format!("{path}: {error:?}"))?;
    whole[REGION].copy_from_slice(&image.0);
    std::fs::write(path, whole).map_err(failed)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.split_first() {
        Some((path, lines)) => put(path, lines),
        None => Err("usage: put-settings IMAGE NAME=VALUE...".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
