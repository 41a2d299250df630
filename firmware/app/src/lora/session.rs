//! Session: what a join gave: an address, two keys, counters and the network's terms; and the frames that are made and read with them
//! (LoRaWAN 1.0.4, section 4).

use core::cmp::Ordering;

use heapless::Vec;
use lorawan::creator::DataPayloadCreator;
use lorawan::default_crypto::DefaultFactory;
use lorawan::keys::{AppSKey, NewSKey};
use lorawan::maccommands::SerializableMacCommand;
use lorawan::parser::{DataHeader, EncryptedDataPayload, FCtrl, FRMPayload};

use super::eu868::DataRate;
use super::orders::{Answers, ROOM, obey};
use super::record::{PORT, RECORD};
use super::terms::Terms;

/// Header, port and proof around a payload.
const AROUND: usize = 13;
/// The longest frame that is sent.
pub(super) const LONGEST: usize = AROUND + ROOM + RECORD;
/// A frame to be sent.
pub type Frame = Vec<u8, LONGEST>;

/// The network's number of an answer to a join, as it is on air: the lowest byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JoinNumber(pub(super) [u8; 3]);

impl Ord for JoinNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

impl PartialOrd for JoinNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// See the module. The keys are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    address: [u8; 4],
    network: NewSKey,
    application: AppSKey,
    /// The network's number of the join.
    pub(super) join_number: JoinNumber,
    /// The number of the next frame up.
    up: u32,
    /// The lowest number that the next frame down can have.
    down: u32,
    /// What network and board have agreed.
    pub terms: Terms,
    answers: Answers,
    /// The next frame says that the last one from the network has arrived.
    acknowledges: bool,
}

impl Session {
    /// Bytes of [`Session::to_bytes`].
    pub(super) const BYTES: usize = 4 + 16 + 16 + 3 + 4 + 4 + Terms::BYTES;

    pub(super) fn new(
        address: [u8; 4],
        network: NewSKey,
        application: AppSKey,
        join_number: JoinNumber,
        terms: Terms,
    ) -> Self {
        let answers = Answers::default();
        Self { address, network, application, join_number, up: 0, down: 0, terms, answers, acknowledges: false }
    }

    /// How many frames were made.
    pub const fn frames(&self) -> u32 {
        self.up
    }

    /// A frame with a record; `asks`: whether the network hears us. Its number is used up: write the session down before the frame goes out,
    /// or after a restart another record has the same number, and who hears both can read them. `None`: the numbers have come to their end.
    pub fn frame(&mut self, record: &[u8; RECORD], asks: bool) -> Option<Frame> {
        let number = self.up;
        self.up = self.up.checked_add(1)?;
        let mut creator = DataPayloadCreator::with_options([0; 255], DefaultFactory).ok()?;
        let mut control = FCtrl::new(0, true);
        if core::mem::take(&mut self.acknowledges) {
            control.set_ack();
        }
        creator.set_uplink(true).set_confirmed(false).set_f_port(PORT).set_fctrl(&control);
        creator.set_dev_addr(self.address).set_fcnt(number);
        let answers = self.answers.take(asks);
        let all = Said(&answers);
        let said: &[&dyn SerializableMacCommand] = if answers.is_empty() { &[] } else { &[&all] };
        let bytes = creator.build(record, said, &self.network, &self.application).ok()?;
        Frame::from_slice(bytes).ok()
    }

    /// Hears a frame from the network, at our data rate and so far above the noise. `false`: not for us, not proven, or heard before.
    pub fn hear(&mut self, frame: &mut [u8], rate: DataRate, snr_db: i8) -> bool {
        let Ok(frame) = EncryptedDataPayload::new_with_factory(frame, DefaultFactory) else { return false };
        let header = frame.fhdr();
        if frame.is_uplink() || header.dev_addr().as_ref() != self.address {
            return false;
        }
        // Frames have the lower half of their number; the upper is that of the first that can come.
        let low = u32::from(header.fcnt());
        let same = self.down & 0xFFFF_0000 | low;
        let Some(number) = (if same >= self.down { Some(same) } else { same.checked_add(0x1_0000) }) else {
            return false;
        };
        if !frame.validate_mic(self.network.inner(), number) {
            return false;
        }
        let Some(after) = number.checked_add(1) else { return false };
        self.down = after;
        self.acknowledges = frame.is_confirmed();
        let keys = (Some(self.network.inner()), Some(self.application.inner()));
        let Ok(frame) = frame.decrypt(keys.0, keys.1, number) else { return false };
        let header = frame.fhdr();
        // Orders are in the header or, where they are many, in the payload. What else is sent to us nobody has asked for.
        let orders = match frame.frm_payload() {
            FRMPayload::MACCommands(ref orders) if header.fopts_len() == 0 => {
                return self.obey(orders.data(), rate, snr_db);
            }
            _ => header.data(),
        };
        obey(orders, &mut self.terms, &mut self.answers, rate, snr_db);
        true
    }

    fn obey(&mut self, orders: &[u8], rate: DataRate, snr_db: i8) -> bool {
        obey(orders, &mut self.terms, &mut self.answers, rate, snr_db);
        true
    }

    /// As stored. It has the keys.
    pub(super) fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.address);
        bytes[4..20].copy_from_slice(self.network.as_ref());
        bytes[20..36].copy_from_slice(self.application.as_ref());
        bytes[36..39].copy_from_slice(&self.join_number.0);
        bytes[39..43].copy_from_slice(&self.up.to_le_bytes());
        bytes[43..47].copy_from_slice(&self.down.to_le_bytes());
        bytes[47..].copy_from_slice(&self.terms.to_bytes());
        bytes
    }

    /// From [`Session::to_bytes`]. `None`: they are none.
    pub(super) fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let (head, terms) = bytes.split_last_chunk()?;
        let (address, head) = head.split_first_chunk()?;
        let (network, head) = head.split_first_chunk::<16>()?;
        let (application, head) = head.split_first_chunk::<16>()?;
        let (join_number, head) = head.split_first_chunk()?;
        let (up, head) = head.split_first_chunk()?;
        let (down, _) = head.split_first_chunk()?;
        let (network, application) = (NewSKey::from(*network), AppSKey::from(*application));
        let session = Self::new(*address, network, application, JoinNumber(*join_number), Terms::from_bytes(terms)?);
        Some(Self { up: u32::from_le_bytes(*up), down: u32::from_le_bytes(*down), ..session })
    }
}

impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session").field("up", &self.up).field("terms", &self.terms).finish_non_exhaustive()
    }
}

/// Answers, made already, as `lorawan` takes them: the first byte as the name of a command, the others as its payload.
pub(super) struct Said<'a>(pub(super) &'a [u8]);

impl SerializableMacCommand for Said<'_> {
    fn payload_bytes(&self) -> &[u8] {
        self.0.get(1..).unwrap_or_default()
    }

    fn cid(&self) -> u8 {
        self.0.first().copied().unwrap_or_default()
    }

    fn payload_len(&self) -> usize {
        self.payload_bytes().len()
    }
}
