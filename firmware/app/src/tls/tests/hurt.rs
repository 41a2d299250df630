//! A connection that stands, whose work is broken off.

extern crate std;

use core::future::ready;

use embassy_futures::join::join;
use embassy_futures::select::{Either, select};
use embassy_futures::{block_on, yield_now};
use embedded_io_async::{Read, Write};
use proptest::prelude::*;
use std::vec::Vec;

use super::server::{DATA, EXTENSIONS, HANDSHAKE, Server, Wire};
use super::{Dice, KEY};
use crate::settings::{Name, Settings};
use crate::tls::{Buffers, Pump, Records, Secret, open};

/// Both sides of a connection with a common key, once it stands.
fn connected<T>(server: &impl AsyncFn(&mut Server<'_>), client: &impl AsyncFn(&mut &Pump) -> T) -> T {
    let (up, down) = (Wire::new(), Wire::new());
    let mut settings = Settings::new();
    settings.set(Name::PskKey, KEY).unwrap();
    settings.set(Name::PskIdentity, "smarty").unwrap();
    let (mut buffers, mut rng, pump) = (Buffers::new(), Dice(5), Pump::new());
    let records = Records::new(&down, &up);
    let client = async {
        let mut connection = open(&settings, Secret::Psk, &records, &mut buffers, &mut rng, None).await.unwrap();
        match select(pump.work(&mut connection), client(&mut &pump)).await {
            Either::First(never) => never,
            Either::Second(result) => result,
        }
    };
    let server = async {
        let key = data_encoding::HEXLOWER.decode(KEY.as_bytes()).unwrap();
        let mut talking = Server::hello(&up, &down, Some(&key)).await;
        let messages = [talking.message(EXTENSIONS, &[0, 0]), talking.finished()].concat();
        let record = talking.sealed(HANDSHAKE, &messages);
        talking.send(&record).await;
        talking.established().await;
        server(&mut talking).await;
    };
    block_on(join(client, server)).0
}

/// Work that is broken off at once if it has to wait; `None` then.
async fn tried<T>(work: impl Future<Output = T>) -> Option<T> {
    let result = match select(work, ready(())).await {
        Either::First(result) => Some(result),
        Either::Second(()) => None,
    };
    yield_now().await;
    result
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_out_is_what_went_in(
        down in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..3000), 1..6),
        up in prop::collection::vec(any::<u8>(), 1..9000),
        cuts in prop::collection::vec(1..400usize, 1..20),
    ) {
        let server = async |server: &mut Server<'_>| {
            let mut cuts = cuts.iter().cycle();
            for message in &down {
                let record = server.sealed(DATA, message);
                let mut rest = &record[..];
                while !rest.is_empty() {
                    let (piece, more) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
                    server.send(piece).await;
                    rest = more;
                    // It stalls here: the reader is broken off in the middle of a record.
                    for _ in 0..5 {
                        yield_now().await;
                    }
                }
            }
            let mut heard = Vec::new();
            while heard.len() < up.len() {
                let (kind, content) = server.hear().await;
                assert_eq!(kind, DATA);
                heard.extend(content);
                for _ in 0..5 {
                    yield_now().await;
                }
            }
            assert_eq!(heard, up);
        };
        let client = async |io: &mut &Pump| {
            let (mut heard, mut said) = (Vec::<u8>::new(), 0);
            while heard.len() < down.concat().len() {
                let mut bytes = [0; 100];
                if let Some(length) = tried(io.read(&mut bytes)).await {
                    heard.extend(&bytes[..length.unwrap()]);
                }
            }
            while said < up.len() {
                if let Some(length) = tried(io.write(&up[said..])).await {
                    said += length.unwrap();
                }
            }
            while tried(io.flush()).await.is_none() {}
            heard
        };
        prop_assert_eq!(connected(&server, &client), down.concat());
    }
}
