//! TLS against a server that does not keep to the rules.

extern crate std;

mod certificate;
mod hurt;
mod server;

use std::vec::Vec;

use embassy_futures::select::{Either, select};
use embassy_futures::{block_on, yield_now};
use p256::ecdsa::SigningKey;
use rand_core::{CryptoRng, Error, RngCore};

use super::{Buffers, Records, Secret, open};
use crate::settings::{Name, Settings};
use certificate::certificate;
use server::{CERTIFICATE, EXTENSIONS, HANDSHAKE, Server, Wire};

/// Numbers for a test, the same each time.
struct Dice(u64);

impl RngCore for Dice {
    fn next_u32(&mut self) -> u32 {
        self.next_u64() as u32
    }
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0.rotate_left(29)
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.next_u32() as u8);
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Dice {}

/// A common key.
const KEY: &str = "00112233445566778899aabbccddeeff";

/// What a server says.
type Said<'a> = &'a dyn Fn(&mut Server<'_>) -> Vec<u8>;

/// Keys of the authority, of the broker, and of somebody else whom the authority knows.
fn keys() -> [SigningKey; 3] {
    [1, 2, 3].map(|number| SigningKey::random(&mut Dice(number)))
}

/// What becomes of a handshake with the broker `broker.example` and this authority, if the server says this.
fn handshake(authority: &[u8], said: &impl AsyncFn(&mut Server<'_>)) -> Result<(), &'static str> {
    let (up, down) = (Wire::new(), Wire::new());
    let mut settings = Settings::new();
    settings.set(Name::Broker, "broker.example").unwrap();
    let mut buffers = Buffers::new();
    let mut rng = Dice(5);
    let records = Records::new(&down, &up);
    let opening = open(&settings, Secret::Authority(authority), &records, &mut buffers, &mut rng, None);
    let talking = async {
        let mut server = Server::hello(&up, &down, None).await;
        said(&mut server).await;
        // What was said last is heard.
        for _ in 0..10 {
            yield_now().await;
        }
    };
    match block_on(select(opening, talking)) {
        Either::First(result) => result.map(drop),
        Either::Second(()) => Err("it waits"),
    }
}

/// The same with this chain, whose first certificate's key the server has.
fn chained(authority: &[u8], chain: &[&[u8]], key: &SigningKey) -> Result<(), &'static str> {
    handshake(authority, &async |server| {
        let said =
            [server.message(EXTENSIONS, &[0, 0]), server.certificates(chain), server.verify(key), server.finished()];
        for message in said {
            let record = server.sealed(HANDSHAKE, &message);
            server.send(&record).await;
        }
        server.established().await;
    })
}

const REFUSED: &str = "its certificate is not signed by the given authority, is out of date, or is for another name; or it \
                       does not speak TLS 1.3";

#[test]
fn a_broker_with_the_authoritys_certificate_is_the_broker() {
    let [root, broker, other] = keys();
    let authority = certificate("authority", &root, ("authority", &root), true);
    let good = certificate("broker.example", &broker, ("authority", &root), false);
    assert_eq!(chained(&authority, &[&good], &broker), Ok(()));
    assert_eq!(chained(&authority, &[&good, &authority], &broker), Ok(()));
    // With another's key, of another authority, or for another name it is not.
    assert_eq!(chained(&authority, &[&good], &other), Err(REFUSED));
    let foreign = certificate("broker.example", &broker, ("authority", &other), false);
    assert_eq!(chained(&authority, &[&foreign], &broker), Err(REFUSED));
    let named = certificate("elsewhere.example", &broker, ("authority", &root), false);
    assert_eq!(chained(&authority, &[&named], &broker), Err(REFUSED));
}

#[test]
fn a_server_without_a_certificate_is_not_the_broker() {
    let [root, broker, _] = keys();
    let authority = certificate("authority", &root, ("authority", &root), true);
    let good = certificate("broker.example", &broker, ("authority", &root), false);
    let without: [(&str, Said<'_>); 7] = [
        ("nothing", &|_| Vec::new()),
        ("no certificate in the list", &|server| server.message(CERTIFICATE, &[0, 0, 0, 0])),
        ("one that is not proven", &|server| server.certificates(&[&good])),
        ("a proof without one", &|server| server.verify(&broker)),
        ("the proof before it", &|server| [server.verify(&broker), server.certificates(&[&good])].concat()),
        ("it twice", &|server| {
            let certificates = server.certificates(&[&good]);
            [certificates, server.verify(&broker), server.certificates(&[&good])].concat()
        }),
        ("two proofs", &|server| {
            let certificates = server.certificates(&[&good]);
            [certificates, server.verify(&broker), server.verify(&broker)].concat()
        }),
    ];
    for (what, said) in without {
        let result = handshake(&authority, &async |server| {
            let messages = [server.message(EXTENSIONS, &[0, 0]), said(server), server.finished()].concat();
            let record = server.sealed(HANDSHAKE, &messages);
            server.send(&record).await;
            server.established().await;
        });
        assert_eq!(result, Err(REFUSED), "{what}");
    }
}

#[test]
fn who_has_a_certificate_cannot_make_one_for_the_broker() {
    let [root, broker, other] = keys();
    let authority = certificate("authority", &root, ("authority", &root), true);
    let others = certificate("other.example", &other, ("authority", &root), false);
    let forged = certificate("broker.example", &broker, ("other.example", &other), false);
    assert_eq!(chained(&authority, &[&forged, &others], &broker), Err(REFUSED));
    assert_eq!(chained(&authority, &[&forged, &others, &authority], &broker), Err(REFUSED));
}

#[test]
fn a_record_with_nothing_in_it_ends_the_handshake() {
    let result = handshake(&[], &async |server| {
        let record = server.sealed_nothing();
        server.send(&record).await;
    });
    assert_eq!(result, Err(REFUSED));
}
