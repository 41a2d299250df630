//! Dns: every name has our address (RFC 1035, section 4).

use core::net::Ipv4Addr;

/// Bytes that an answer is longer than its question.
pub(super) const ANSWER: usize = 16;

const HEAD: usize = 12;
/// Bits of the flags: an answer; of a question that may be recursive.
const RESPONSE: u8 = 0x80;
const RECURSION: u8 = 0x01;
const OPCODE: u8 = 0x78;
const ADDRESS_V4: u16 = 1;
const INTERNET: u16 = 1;

/// Makes an answer of the question in the first `length` bytes; answers how long it is. A question for anything but an IPv4
/// address has an answer without any. `None`: it is no question.
pub(super) fn answer(message: &mut [u8], length: usize, address: Ipv4Addr) -> Option<usize> {
    let word = |message: &[u8], at: usize| Some(u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]));
    let question = message.get(..length)?;
    let flags = *question.get(2)?;
    if length < HEAD || flags & (RESPONSE | OPCODE) != 0 || word(question, 4)? != 1 {
        return None;
    }
    let mut at = HEAD;
    loop {
        let label = usize::from(*question.get(at)?);
        if label > 63 {
            return None;
        }
        at += 1 + label;
        if label == 0 {
            break;
        }
    }
    let is_address = word(question, at)? == ADDRESS_V4 && word(question, at + 2)? == INTERNET;
    let end = at + 4;
    message[2] = RESPONSE | flags & RECURSION;
    message[3] = 0;
    message[6..HEAD].fill(0);
    if !is_address {
        return Some(end);
    }
    message[7] = 1;
    let record = message.get_mut(end..end + ANSWER)?;
    // The name is the question's; nobody is to remember the address for longer than the setup takes.
    record[..12].copy_from_slice(&[0xc0, HEAD as u8, 0, 1, 0, 1, 0, 0, 0, 10, 0, 4]);
    record[12..].copy_from_slice(&address.octets());
    Some(end + ANSWER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const QUESTION: &[u8] = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05setup\x05local\x00\x00\x01\x00\x01";
    const HERE: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 1);

    fn ask(question: &[u8]) -> ([u8; 64], Option<usize>) {
        let mut message = [0xee; 64];
        message[..question.len()].copy_from_slice(question);
        let length = answer(&mut message, question.len(), HERE);
        (message, length)
    }

    #[test]
    fn a_name_has_our_address() {
        let (message, length) = ask(QUESTION);
        assert_eq!(length, Some(QUESTION.len() + ANSWER));
        let (head, rest) = message.split_at(12);
        assert_eq!(head, b"\x12\x34\x81\x00\x00\x01\x00\x01\x00\x00\x00\x00");
        assert_eq!(&rest[..17], &QUESTION[12..]);
        assert_eq!(&rest[17..33], b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x0a\x00\x04\xc0\xa8\x04\x01");
    }

    #[test]
    fn another_kind_of_question_has_no_answer_and_an_answer_none_at_all() {
        let mut v6 = [0; QUESTION.len()];
        v6.copy_from_slice(QUESTION);
        v6[QUESTION.len() - 3] = 28;
        let (message, length) = ask(&v6);
        assert_eq!((length, message[7]), (Some(QUESTION.len()), 0));
        v6[2] = 0x81;
        assert_eq!(ask(&v6).1, None);
    }

    proptest! {
        #[test]
        fn nothing_that_comes_stops_it(question in proptest::collection::vec(any::<u8>(), 0..64), length in 0..80_usize) {
            let mut message = [0; 64];
            message[..question.len()].copy_from_slice(&question);
            if let Some(answered) = answer(&mut message, length, HERE) {
                prop_assert!(answered <= 64);
            }
        }
    }
}
