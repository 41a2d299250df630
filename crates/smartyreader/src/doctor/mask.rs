//! Mask: a capture without what names its meter, so that it can be shown to others.

use smarty_p1::{Authentication, Deframer, Frame, Key, LONGEST_FRAME, Progress, Telegram, crc16};

/// A masked capture.
#[derive(Debug, Default)]
pub struct Masked {
    /// What to show.
    pub bytes: Vec<u8>,
    /// Sealed frames that a key opened: they are plain now.
    pub opened: usize,
    /// Sealed frames that stayed shut: their serial number is masked, so no key opens them any more.
    pub shut: usize,
    /// Bytes outside of frames that are no text: who undoes what garbled them can read what is in them.
    pub unread: usize,
}

/// The last three bytes of the system title, which are the serial number in Luxembourg, in `DB 08 title`.
const SERIAL: usize = 7;
const TITLE_END: usize = 10;
/// So many titles are looked for; more than a few are chance.
const TITLES: usize = 64;

/// The objects that name a meter, a device behind it or its customer: identifiers, and messages.
const NAMING: [&[u8]; 4] = [b":42.0.0", b":96.1.", b":96.13.", b":0.0.0"];

/// Replaces identifiers and messages by zeros. With a key, sealed frames become plain telegrams; without one, only the last
/// three bytes of their system title can be masked.
pub fn mask(capture: &[u8], keys: &[(Key, Authentication)]) -> Masked {
    let mut masked = Masked::default();
    let mut rest = capture;
    let mut titles: Vec<Vec<u8>> = Vec::new();
    while let Some(at) = memchr::memmem::find(rest, &[0xDB, 8]) {
        let title = rest[at + 2..].iter().copied().take(TITLE_END - 2).collect();
        if titles.len() < TITLES && !titles.contains(&title) {
            titles.push(title);
        }
        let Some(mut frame) = sealed(&rest[at..]) else {
            // Cut off or damaged: its title says no less.
            let (before, cut) = rest.split_at(at);
            let title = &cut[..cut.len().min(TITLE_END)];
            let next = memchr::memmem::find(&cut[2..cut.len().min(TITLE_END + 1)], &[0xDB, 8])
                .map_or(title.len(), |next| 2 + next);
            let (title, after) = cut.split_at(next);
            masked.outside(before);
            masked.bytes.extend_from_slice(&title[..title.len().min(SERIAL)]);
            masked.bytes.resize(masked.bytes.len() + title.len().saturating_sub(SERIAL), 0);
            masked.shut += 1;
            rest = after;
            continue;
        };
        masked.outside(&rest[..at]);
        rest = &rest[at + frame.len()..];
        if let Some(text) = open(&mut frame, keys) {
            masked.opened += 1;
            masked.outside(&[&text[..], if text.ends_with(b"\n") { b"" } else { b"\r\n" }].concat());
        } else {
            masked.shut += 1;
            frame[SERIAL..TITLE_END].fill(0);
            masked.bytes.extend_from_slice(&frame);
        }
    }
    masked.outside(rest);
    // A frame that was cut off took the head of the next along.
    for title in titles.iter().filter(|title| title.len() == TITLE_END - 2) {
        let mut from = 0;
        while let Some(at) = memchr::memmem::find(&masked.bytes[from..], title) {
            from += at + title.len();
            masked.bytes[from - (TITLE_END - SERIAL)..from].fill(0);
        }
    }
    masked
}

/// The sealed frame that begins here, if a whole one does.
fn sealed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut deframer = Box::new(Deframer::<LONGEST_FRAME>::new());
    let (_, progress) = deframer.feed(&bytes[..bytes.len().min(LONGEST_FRAME)]);
    let whole = progress == Progress::Frame && matches!(deframer.frame(), Frame::Sealed(_));
    let frame = deframer.frame_bytes();
    // What was skipped before it would be noise, and had been said first.
    (whole && bytes.starts_with(frame)).then(|| frame.to_vec())
}

fn open(frame: &mut [u8], keys: &[(Key, Authentication)]) -> Option<Vec<u8>> {
    let mut sealed = smarty_p1::SealedFrame::parse(frame)?;
    let opened = keys.iter().any(|(key, authentication)| {
        sealed.open(key, authentication).is_ok() || sealed.open(key, &Authentication::Unchecked).is_ok()
    });
    opened.then(|| sealed.into_text().to_vec())
}

impl Masked {
    /// Adds bytes that are in no sealed frame.
    fn outside(&mut self, bytes: &[u8]) {
        let mut text = bytes.to_vec();
        let mut from = 0;
        while let Some(at) = memchr::memchr(b'/', &text[from..]) {
            let begin = from + at;
            from = begin + 1;
            // Line end, mark, four digits.
            let end = memchr::memmem::find(&text[begin..], b"\n!").map(|end| begin + end + 6);
            let Some(telegram) = end.and_then(|end| text.get_mut(begin..end)) else { continue };
            // A wrong checksum stays wrong, a right one is made right again.
            if Telegram::parse(telegram).is_ok_and(|telegram| telegram.crc().is_some()) {
                blank(telegram);
                let (checked, written) = telegram.split_at_mut(telegram.len() - 4);
                written.copy_from_slice(format!("{:04X}", crc16(checked)).as_bytes());
                from = begin + telegram.len();
            }
        }
        blank(&mut text);
        self.unread += text.iter().filter(|byte| !(byte.is_ascii_graphic() || b" \r\n".contains(byte))).count();
        self.bytes.extend_from_slice(&text);
    }
}

/// Writes zeros over the values of naming objects: `30` for a pair of hex digits, so that they are still text in hex.
fn blank(text: &mut [u8]) {
    for name in NAMING {
        let mut from = 0;
        while let Some(at) = memchr::memmem::find(&text[from..], name) {
            let after = from + at + name.len();
            from = after;
            let Some(open) = text[after..].iter().take(4).position(|&byte| byte == b'(') else { continue };
            let value = text[after + open + 1..].iter_mut().take_while(|byte| !b")\r\n".contains(byte));
            for (place, byte) in value.enumerate() {
                *byte = if place % 2 == 0 { b'3' } else { b'0' };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_whole_names_nobody_either() {
        let frame =
            smarty_meter::seal([7; 16], *b"SAGgp\x01\xBD\x54", 1, b"/Lux5\r\n\r\n1-0:1.8.0(1*kWh)\r\n!0000\r\n");
        for keep in 2..=frame.len() {
            let masked = mask(&[b"noise", &frame[..keep], b"\xDB\x08SAGgp\x01\xBD\x54"].concat(), &[]);
            assert_eq!(masked.bytes.len(), 5 + keep + 10, "{keep}");
            assert!(!masked.bytes.windows(2).any(|bytes| bytes == b"\xBD\x54"), "{keep}");
        }
        let text = b"-0:96.1.1(4530303434)\r\n0-1:96.1.0(ABC\r\n0-0:42.0.0(53414731)";
        assert_eq!(mask(text, &[]).bytes, b"-0:96.1.1(3030303030)\r\n0-1:96.1.0(303\r\n0-0:42.0.0(30303030)");
    }

    #[test]
    fn a_checksum_stays_as_right_or_wrong_as_it_was() {
        let body = b"/KAM5\r\n\r\n0-0:96.1.1(4530303434)\r\n!";
        let right = [&body[..], format!("{:04X}\r\n", crc16(body)).as_bytes()].concat();
        let masked = mask(&[&right[..], body, b"0000\r\n"].concat(), &[]).bytes;
        let (first, second) = masked.split_at(right.len());
        assert!(Telegram::parse(first).is_ok_and(|telegram| telegram.crc().is_some()));
        assert!(Telegram::parse(second).is_err());
        assert!(!second.windows(4).any(|digits| digits == b"4530"));
    }
}
