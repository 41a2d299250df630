//! Identity: who the board is for a network, and how it joins: over the air (OTAA), LoRaWAN 1.0.4, section 6.2.

use data_encoding::HEXLOWER_PERMISSIVE;
use lorawan::creator::JoinRequestCreator;
use lorawan::default_crypto::DefaultFactory;
use lorawan::keys::{AppEui, AppKey, DevEui};
use lorawan::parser::{CfList, DecryptedJoinAcceptPayload, DevNonce};
use sha2::{Digest, Sha256};
use smarty_p1::Key;

use super::eu868::{Channel, DEFAULT_HZ, DataRate};
use super::session::{Frame, JoinNumber, Session};
use super::terms::Terms;
use crate::settings::{Name, Settings};

/// Bytes of a request.
pub(super) const REQUEST: usize = 23;
/// Bytes of [`Identity::fingerprint`].
pub(super) const FINGERPRINT: usize = 8;

/// See the module. The key is never shown.
pub struct Identity {
    device: [u8; 8],
    join: [u8; 8],
    key: Key,
}

impl Identity {
    /// As people have given it. `None`: something is missing.
    pub fn new(settings: &Settings) -> Option<Self> {
        let device = eui(settings.given(Name::DevEui)?)?;
        // Many networks have none of their own.
        let join = settings.given(Name::JoinEui).map_or(Some([0; 8]), eui)?;
        Some(Self { device, join, key: settings.key(Name::AppKey)? })
    }

    /// A number that another device, network or key has not: a session belongs to one of them.
    pub(super) fn fingerprint(&self) -> [u8; FINGERPRINT] {
        let digest = Sha256::new().chain_update(self.device).chain_update(self.join).chain_update(self.key.as_bytes());
        let mut fingerprint = [0; FINGERPRINT];
        fingerprint.copy_from_slice(&digest.finalize()[..FINGERPRINT]);
        fingerprint
    }

    /// Asks to be let in. A network takes a number once, and only above those before.
    pub fn request(&self, nonce: u16) -> Frame {
        let mut creator: JoinRequestCreator<[u8; REQUEST], DefaultFactory> = JoinRequestCreator::default();
        // Identifiers and numbers go with their lowest byte first.
        creator.set_app_eui(AppEui::from(reversed(self.join)));
        creator.set_dev_eui(DevEui::from(reversed(self.device)));
        creator.set_dev_nonce(DevNonce::from(nonce.to_le_bytes()));
        let mut frame = Frame::new();
        // It fits.
        let _ = frame.extend_from_slice(creator.build(&self.app_key()));
        frame
    }

    /// The session that an answer to the request with this number gives. `None`: it is none, or not for us.
    pub fn accept(&self, nonce: u16, answer: &mut [u8]) -> Option<Session> {
        let key = self.app_key();
        let accept = DecryptedJoinAcceptPayload::new_with_factory(answer, &key, DefaultFactory).ok()?;
        let mut terms = Terms::new();
        terms.delay_s = accept.rx_delay().max(1);
        let windows = accept.dl_settings();
        // What cannot be refused: see `Terms::is_deaf`.
        terms.first_slower = windows.rx1_dr_offset().min(5);
        terms.second_rate = DataRate::new(windows.rx2_data_rate()).unwrap_or(DataRate::SLOWEST);
        if let Some(CfList::DynamicChannel(list)) = accept.c_f_list() {
            for (index, frequency) in (DEFAULT_HZ.len()..).zip(&list) {
                // One that we may not use is left out.
                terms.set_channel(index, Some(frequency.value()).filter(|hz| *hz > 0).map(Channel::new));
            }
        }
        let nonce = DevNonce::from(nonce.to_le_bytes());
        let mut address = [0; 4];
        address.copy_from_slice(accept.dev_addr().as_ref());
        let mut number = [0; 3];
        number.copy_from_slice(accept.app_nonce().as_ref());
        let (network, application) = (accept.derive_newskey(&nonce, &key), accept.derive_appskey(&nonce, &key));
        Some(Session::new(address, network, application, JoinNumber(number), terms))
    }

    fn app_key(&self) -> AppKey {
        AppKey::from(*self.key.as_bytes())
    }
}

/// 16 hex digits.
fn eui(hex: &str) -> Option<[u8; 8]> {
    let mut bytes = [0; 8];
    let is_whole = HEXLOWER_PERMISSIVE.decode_len(hex.len()) == Ok(bytes.len());
    (is_whole && HEXLOWER_PERMISSIVE.decode_mut(hex.as_bytes(), &mut bytes).is_ok()).then_some(bytes)
}

fn reversed(mut eui: [u8; 8]) -> [u8; 8] {
    eui.reverse();
    eui
}
