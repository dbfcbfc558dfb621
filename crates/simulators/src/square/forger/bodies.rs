//! Bodies that are not the one that was signed, though some of them say the same.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Attempt;
use crate::dice::Dice;

/// What may be slipped in.
const ODD_BYTES: [u8; 8] = [0, b' ', b'\n', b'"', b'{', b'}', 0x7f, 0xff];

/// What an editor or a proxy may leave behind a body.
const ENDS: [&[u8]; 5] = [b"\n", b"\r\n", b" ", b"\t", b"\0"];

/// Makes up the notification of a payment.
pub(super) fn event(dice: &mut Dice, merchant_id: &str) -> Vec<u8> {
    let amount = dice.between(100, 90_000);
    let mut hexadecimal = |digits: usize| {
        let drawn = format!("{:016x}", dice.draw());
        drawn[..digits].to_owned()
    };
    let event_id = [8, 4, 4, 4, 12].map(&mut hexadecimal).join("-");
    let (payment, order) = (hexadecimal(16), hexadecimal(16));
    let event = json!({
        "merchant_id": merchant_id,
        "type": "payment.updated",
        "event_id": event_id,
        "created_at": "2026-11-20T17:04:11.402Z",
        "data": { "type": "payment", "id": payment, "object": { "payment": {
            "id": payment,
            "created_at": "2026-11-20T17:04:09.870Z",
            "updated_at": "2026-11-20T17:04:10.955Z",
            "amount_money": { "amount": amount, "currency": "USD" },
            "total_money": { "amount": amount, "currency": "USD" },
            "status": "COMPLETED",
            "source_type": "CARD",
            "receipt_url": format!("https://receipts.example/r/{payment}"),
            "location_id": "LSHELF01",
            "order_id": order,
            "version_token": hexadecimal(8),
        } } },
    });
    event.to_string().into_bytes()
}

pub(super) fn flip_a_bit(attempt: &mut Attempt<'_>) -> bool {
    let (place, bit) = (attempt.place(attempt.sent.body.len()), attempt.dice.below(8));
    let Some(byte) = attempt.sent.body.get_mut(place) else { return false };
    *byte ^= 1 << bit;
    true
}

pub(super) fn cut_off(attempt: &mut Attempt<'_>) -> bool {
    let length = attempt.place(attempt.sent.body.len());
    attempt.sent.body.truncate(length);
    true
}

pub(super) fn behead(attempt: &mut Attempt<'_>) -> bool {
    let length = attempt.place(attempt.sent.body.len());
    attempt.sent.body.drain(..length);
    true
}

pub(super) fn insert_a_byte(attempt: &mut Attempt<'_>) -> bool {
    let place = attempt.place(attempt.sent.body.len() + 1);
    let byte = *attempt.dice.pick(&ODD_BYTES);
    attempt.sent.body.insert(place, byte);
    true
}

pub(super) fn remove_a_byte(attempt: &mut Attempt<'_>) -> bool {
    let place = attempt.place(attempt.sent.body.len());
    if place < attempt.sent.body.len() {
        attempt.sent.body.remove(place);
    }
    true
}

pub(super) fn swap_bytes(attempt: &mut Attempt<'_>) -> bool {
    let length = attempt.sent.body.len();
    let (one, other) = (attempt.place(length), attempt.place(length));
    if length > 0 {
        attempt.sent.body.swap(one, other);
    }
    true
}

pub(super) fn repeat(attempt: &mut Attempt<'_>) -> bool {
    attempt.sent.body.extend_from_slice(&attempt.genuine.body);
    true
}

pub(super) fn empty(attempt: &mut Attempt<'_>) -> bool {
    attempt.sent.body.clear();
    true
}

pub(super) fn end_the_line(attempt: &mut Attempt<'_>) -> bool {
    let end = attempt.dice.pick(&ENDS);
    attempt.sent.body.extend_from_slice(end);
    true
}

pub(super) fn mark_byte_order(attempt: &mut Attempt<'_>) -> bool {
    attempt.sent.body.splice(..0, *b"\xef\xbb\xbf");
    true
}

/// Reads the body, lets it be changed, and writes it again.
fn rewrite(attempt: &mut Attempt<'_>, change: impl FnOnce(&mut Value)) -> bool {
    let Ok(mut value) = serde_json::from_slice::<Value>(&attempt.sent.body) else { return false };
    change(&mut value);
    attempt.sent.body = value.to_string().into_bytes();
    true
}

pub(super) fn spread_out(attempt: &mut Attempt<'_>) -> bool {
    let Ok(value) = serde_json::from_slice::<Value>(&attempt.sent.body) else { return false };
    let Ok(text) = serde_json::to_vec_pretty(&value) else { return false };
    attempt.sent.body = text;
    true
}

pub(super) fn reorder(attempt: &mut Attempt<'_>) -> bool {
    let dice = &mut *attempt.dice;
    let Ok(mut value) = serde_json::from_slice::<Value>(&attempt.sent.body) else { return false };
    if let Some(members) = value.as_object_mut() {
        let mut shuffled: Vec<_> = std::mem::take(members).into_iter().collect();
        dice.shuffle(&mut shuffled);
        members.extend(shuffled);
    }
    attempt.sent.body = value.to_string().into_bytes();
    true
}

pub(super) fn escape_letters(attempt: &mut Attempt<'_>) -> bool {
    let text = String::from_utf8_lossy(&attempt.sent.body).into_owned();
    // Only letters of texts may be written as escapes: what follows a quotation mark is one.
    let Some(at) = nth_behind(&text, '"', attempt.dice.below(20) as usize) else { return false };
    let mut escaped = text[..at].to_owned();
    let mut rest = text[at..].chars();
    if let Some(letter) = rest.next().filter(char::is_ascii_alphabetic) {
        let _ = write!(escaped, "\\u{:04x}", u32::from(letter));
        attempt.sent.body = (escaped + rest.as_str()).into_bytes();
    }
    true
}

fn nth_behind(text: &str, wanted: char, number: usize) -> Option<usize> {
    text.match_indices(wanted).nth(number).map(|(at, found)| at + found.len())
}

pub(super) fn escape_slashes(attempt: &mut Attempt<'_>) -> bool {
    let text = String::from_utf8_lossy(&attempt.sent.body).replace('/', "\\/");
    attempt.sent.body = text.into_bytes();
    true
}

pub(super) fn rewrite_a_number(attempt: &mut Attempt<'_>) -> bool {
    let text = String::from_utf8_lossy(&attempt.sent.body).into_owned();
    let Some(at) = text.find("\"amount\":").map(|at| at + "\"amount\":".len()) else {
        return false;
    };
    let digits: String = text[at..].chars().take_while(char::is_ascii_digit).collect();
    let other = match attempt.dice.below(3) {
        0 => format!("{digits}.0"),
        1 => format!("{digits}e0"),
        _ => format!("0{digits}"),
    };
    let rest = &text[at + digits.len()..];
    attempt.sent.body = format!("{}{other}{rest}", &text[..at]).into_bytes();
    true
}

pub(super) fn repeat_a_member(attempt: &mut Attempt<'_>) -> bool {
    let text = String::from_utf8_lossy(&attempt.sent.body).into_owned();
    let Some(rest) = text.strip_prefix('{') else { return false };
    attempt.sent.body = format!("{{\"merchant_id\":\"MLSOMEBODYELSE\",{rest}").into_bytes();
    true
}

pub(super) fn rename_the_merchant(attempt: &mut Attempt<'_>) -> bool {
    rewrite(attempt, |value| value["merchant_id"] = json!("MLSOMEBODYELSE"))
}

pub(super) fn widen(attempt: &mut Attempt<'_>) -> bool {
    let text = String::from_utf8_lossy(&attempt.sent.body).into_owned();
    attempt.sent.body = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    true
}
