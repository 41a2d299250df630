//! Network: a server that lets the board in, reads its records and answers. It is as strict as the specification.

extern crate std;

use std::vec;
use std::vec::Vec;

use lorawan::creator::DataPayloadCreator;
use lorawan::default_crypto::DefaultFactory;
use lorawan::keys::{AES128, AppKey, AppSKey, CryptoFactory, Decrypter, Mac, NewSKey};
use lorawan::parser::{
    DataHeader, DataPayload, DecryptedJoinAcceptPayload, DevNonce, FCtrl, FRMPayload, PhyPayload, parse,
};

use super::super::eu868::{DEFAULT_HZ, may_send};
use super::super::{DataRate, RECORD, Sending, Window};
use super::{DEVICE, JOIN, KEY};

/// The frequencies that an answer to a join offers, as The Things Network's does, in units of 100 Hz.
pub(super) const OFFERED: [u32; 5] = [8_671_000, 8_673_000, 8_675_000, 8_677_000, 8_679_000];

/// The board, as the server knows it.
pub(super) struct Member {
    network: NewSKey,
    application: AppSKey,
    address: [u8; 4],
    /// The number of the last frame up.
    up: Option<u16>,
    down: u32,
    /// What the board has agreed to.
    pub(super) delay_s: u64,
}

pub(super) struct Network {
    /// Whether a gateway is there.
    pub(super) hears: bool,
    /// Whether it answers. It hears all the same.
    pub(super) answers: bool,
    /// Join numbers that were heard, by who refuses used ones.
    pub(super) nonces: Vec<u16>,
    pub(super) members: Vec<Member>,
    pub(super) records: Vec<[u8; RECORD]>,
    /// The number of the answers to joins; where there is none they are counted.
    pub(super) number: Option<u8>,
    /// Orders for the next answer.
    pub(super) orders: Vec<u8>,
    /// What the board has said before its last record.
    pub(super) said: Vec<u8>,
    /// Whether the last frame confirmed the one before it from here.
    pub(super) confirmed: bool,
    /// An answer that is on its way: when, where, how.
    outgoing: Vec<(u64, u32, DataRate, Vec<u8>)>,
}

pub(super) fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    data_encoding::HEXUPPER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
}

impl Network {
    pub(super) fn new() -> Self {
        Self {
            hears: true,
            answers: true,
            nonces: vec![],
            members: vec![],
            records: vec![],
            number: None,
            orders: vec![],
            said: vec![],
            confirmed: false,
            outgoing: vec![],
        }
    }

    pub(super) fn hear(&mut self, frame: &[u8], how: &Sending, end: u64) {
        assert!(may_send(how.hz), "not in this band: {} Hz", how.hz);
        assert!(how.power_dbm <= 14 && how.checksum);
        if !self.hears {
            return;
        }
        self.outgoing.clear();
        match parse(frame.to_vec()).unwrap() {
            PhyPayload::JoinRequest(request) => {
                assert!(DEFAULT_HZ.contains(&how.hz));
                assert!(request.validate_mic(&AES128(bytes(KEY))));
                let eui = |hex| {
                    let mut eui = bytes::<8>(hex);
                    eui.reverse();
                    eui
                };
                assert_eq!(request.dev_eui().as_ref(), eui(DEVICE));
                assert_eq!(request.app_eui().as_ref(), eui(JOIN));
                let nonce = u16::from_le_bytes(request.dev_nonce().as_ref().try_into().unwrap());
                assert!(self.nonces.last().is_none_or(|last| nonce > *last), "join {nonce} behind {:?}", self.nonces);
                self.nonces.push(nonce);
                if self.answers {
                    self.let_in(nonce, how, end);
                }
            }
            PhyPayload::Data(DataPayload::Encrypted(data)) => {
                let member = self.members.last_mut().unwrap();
                let low = data.fhdr().fcnt();
                assert_eq!(data.fhdr().dev_addr().as_ref(), member.address);
                assert!(member.up.is_none_or(|last| low > last), "frame {low} behind {:?}", member.up);
                assert!(data.validate_mic(member.network.inner(), low.into()));
                assert!(!data.is_confirmed() && !data.fhdr().fctrl().adr());
                member.up = Some(low);
                let (keys, number) = ((member.network, member.application), low.into());
                let data = data.decrypt(Some(keys.0.inner()), Some(keys.1.inner()), number).unwrap();
                self.said = data.fhdr().data().to_vec();
                self.confirmed = data.fhdr().fctrl().ack();
                assert_eq!(data.f_port(), Some(1));
                let FRMPayload::Data(record) = data.frm_payload() else { panic!("no record") };
                self.records.push(record.try_into().unwrap());
                // An answer to the question whether it is heard, and the orders that there are.
                let mut orders = core::mem::take(&mut self.orders);
                if self.said.ends_with(&[0x02]) {
                    orders.extend([0x02, 20, 1]);
                }
                if self.answers && !orders.is_empty() {
                    let answer = member.down(&orders, false);
                    let at = end + member.delay_s * 1000;
                    self.outgoing.push((at, how.hz, how.rate, answer));
                }
            }
            other => panic!("a board does not send {other:?}"),
        }
    }

    /// What there is in this window.
    pub(super) fn answer(&mut self, window: &Window, now: u64) -> Option<Vec<u8>> {
        let (at, hz, rate, answer) = self.outgoing.first()?;
        let in_time = now <= *at && *at - now < 100;
        (in_time && (*hz, *rate) == (window.hz, window.rate)).then(|| answer.clone())
    }

    /// Answers a join in its second window, at 5 s from then on, with second windows at data rate 3 and five more channels.
    fn let_in(&mut self, nonce: u16, how: &Sending, end: u64) {
        let number = self.number.unwrap_or(self.members.len() as u8 + 1);
        let mut plain = vec![0x20, number, 2, 3, 0x13, 0, 0, 4, 3, 2, number, 0x03, 5];
        for hz in OFFERED {
            plain.extend(&hz.to_le_bytes()[..3]);
        }
        plain.push(0);
        let accept = accept(&plain);
        let mut copy = accept.clone();
        let key = AppKey::from(bytes::<16>(KEY));
        let read = DecryptedJoinAcceptPayload::new(&mut copy[..], &key).unwrap();
        let nonce = DevNonce::from(nonce.to_le_bytes());
        self.members.push(Member {
            network: read.derive_newskey(&nonce, &key),
            application: read.derive_appskey(&nonce, &key),
            address: read.dev_addr().as_ref().try_into().unwrap(),
            up: None,
            down: 0,
            delay_s: 5,
        });
        // The first and then every other one comes in the second window.
        self.outgoing.push(if number % 2 == 1 {
            (end + 6000, 869_525_000, DataRate::SLOWEST, accept)
        } else {
            (end + 5000, how.hz, how.rate, accept)
        });
    }
}

/// An answer to a join, proven and sealed.
pub(super) fn accept(plain: &[u8]) -> Vec<u8> {
    let key = AES128(bytes(KEY));
    let mut proof = DefaultFactory.new_mac(&key);
    proof.input(plain);
    let mut sealed = [plain, &proof.result()[..4]].concat();
    let cipher = DefaultFactory.new_dec(&key);
    for block in sealed[1..].chunks_exact_mut(16) {
        Decrypter::decrypt_block(&cipher, block.into());
    }
    sealed
}

impl Member {
    /// A frame from the network with these orders.
    pub(super) fn down(&mut self, orders: &[u8], in_payload: bool) -> Vec<u8> {
        let mut creator = DataPayloadCreator::with_options([0; 255], DefaultFactory).unwrap();
        creator.set_uplink(false).set_confirmed(true).set_fctrl(&FCtrl::new(0, false));
        creator.set_dev_addr(self.address).set_fcnt(self.down);
        self.down += 1;
        if in_payload {
            creator.set_f_port(0);
        }
        let all = super::super::session::Said(orders);
        creator.build(&[], &[&all], &self.network, &self.application).unwrap().to_vec()
    }
}
