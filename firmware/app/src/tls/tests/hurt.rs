//! A connection that stands: work that is broken off, and a line on which somebody else speaks.

extern crate std;

use core::future::ready;

use embassy_futures::join::join;
use embassy_futures::select::{Either, select};
use embassy_futures::{block_on, yield_now};
use embedded_io_async::{Read, Write};
use proptest::prelude::*;
use std::vec::Vec;

use super::server::{DATA, EXTENSIONS, HANDSHAKE, Server, Wire, framed};
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
        records.established();
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

/// What the client reads when this follows `hello` on the line; the server is silent after it.
fn read_after(bytes: impl Fn(&mut Server<'_>) -> Vec<u8>) -> (Vec<u8>, bool) {
    let server = async |server: &mut Server<'_>| {
        let hello = server.sealed(DATA, b"hello");
        server.send(&hello).await;
        let bytes = bytes(server);
        server.send(&bytes).await;
    };
    connected(&server, &async |io: &mut &Pump| {
        let mut heard = Vec::new();
        let mut bytes = [0; 100];
        for _ in 0..100 {
            match tried(io.read(&mut bytes)).await {
                Some(Ok(length)) => heard.extend(&bytes[..length]),
                Some(Err(_)) => return (heard, true),
                None => {}
            }
        }
        (heard, false)
    })
}

#[test]
#[allow(clippy::redundant_closure_for_method_calls)] // The method alone is one for a single lifetime.
fn what_others_put_on_the_line_ends_the_connection_and_nothing_else() {
    let ended = (b"hello".to_vec(), true);
    // Not sealed: who is on the way can say it. A message of the handshake, an alert, and what there is not.
    assert_eq!(read_after(|_| framed(HANDSHAKE, &[EXTENSIONS, 0, 0, 2, 0, 0])), ended);
    assert_eq!(read_after(|_| framed(20, &[1])), ended);
    assert_eq!(read_after(|_| framed(21, &[1, 0])), ended);
    assert_eq!(read_after(|_| framed(0, &[])), ended);
    // Sealed by nobody, and too short for that.
    assert_eq!(read_after(|_| framed(DATA, &[5; 40])), ended);
    assert_eq!(read_after(|_| framed(DATA, &[5; 16])), ended);
    assert_eq!(read_after(|_| framed(DATA, &[])), ended);
    // By the server itself: a record with nothing in it. One of data that is empty is allowed.
    assert_eq!(read_after(|server| server.sealed_nothing()), ended);
    assert_eq!(read_after(|server| server.sealed(DATA, &[])), (b"hello".to_vec(), false));
}
