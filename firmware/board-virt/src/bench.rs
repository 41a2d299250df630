//! Bench: how many instructions a telegram costs, step by step. It runs instead of the app when the test asks for it, with QEMU's
//! `-icount`, which makes the counter exact.

use core::cell::Cell;
use core::fmt::Write as _;

use embassy_time::{Duration, with_timeout};
use embedded_io_async::Read;
use smarty_app::books::{Books, MARGIN_S};
use smarty_app::devices::Devices;
use smarty_app::intake::{Found, Intake, MARKS, Mark};
use smarty_app::latest::Latest;
use smarty_app::settings::Settings;
use smarty_ledger::Account;
use smarty_payload::native::Live;

use crate::meter::Meter;

/// The longest frame that is measured.
const LONGEST: usize = 4096;

fn instructions() -> u64 {
    riscv::register::minstret::read64()
}

/// Takes frames, each with a pause behind it, and says what they cost.
pub(crate) async fn run(settings: &Settings) -> ! {
    let mut intake = Intake::new(settings, [Mark::default(); MARKS]);
    let mut books = Books::new(settings, Account::new(MARGIN_S), Devices::default());
    let mut latest = Latest::new();
    let mut frame = [0; LONGEST];
    let mut length = 0;
    log::info!("bench");
    loop {
        match with_timeout(Duration::from_millis(300), Meter.read(&mut frame[length..])).await {
            Ok(Ok(more)) => length += more,
            Err(_) if length > 0 => {
                let (begin, opened, booked) = (instructions(), Cell::new(0), Cell::new(0));
                intake.feed(&frame[..length], None, &mut |found| {
                    let Found::Arrival(arrival) = found else { return };
                    opened.set(instructions());
                    books.take(arrival, &mut latest, |_| {});
                    booked.set(instructions());
                });
                let mut message: heapless::String<4096> = heapless::String::new();
                let before = instructions();
                let telegram = latest.telegram();
                let moment = latest.moment(telegram.as_ref(), settings.zone(), None, None, None);
                // A message that is too long would be cut, and is measured all the same.
                let _ = write!(message, "{}", Live(&moment));
                let written = instructions() - before;
                let (opened, booked) = (opened.get(), booked.get());
                if opened > 0 {
                    log::info!(
                        "cost of {length} bytes: open {} book {} write {written} in {} bytes",
                        opened - begin,
                        booked - opened,
                        message.len()
                    );
                }
                length = 0;
            }
            Err(_) => {}
        }
    }
}
