//! Cursors: where a listing goes on. A cursor is bound to its request and lives for minutes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::dice::mix;
use crate::square::moment::Moment;

/// Where a listing goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// When it was given out.
    pub(crate) issued: Moment,
    /// What the request asked for, as a fingerprint.
    pub(crate) request: u64,
    /// The time that was frozen with the first page: an open end, or the catalog's latest.
    pub(crate) frozen: Moment,
    /// The last record that was given out: its time and its number.
    pub(crate) last: (Moment, u64),
}

/// Numbers in a cursor, the check included.
const NUMBERS: usize = 6;

impl Cursor {
    /// Writes the cursor as opaque text.
    pub(crate) fn encode(&self, key: u64) -> String {
        let numbers = self.numbers();
        let bytes: Vec<u8> =
            numbers.into_iter().chain([check(&numbers, key)]).flat_map(u64::to_le_bytes).collect();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor that was written with this key.
    pub(crate) fn decode(text: &str, key: u64) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        if bytes.len() != NUMBERS * 8 {
            return None;
        }
        let mut words = bytes
            .chunks_exact(8)
            .map(|word| u64::from_le_bytes(std::array::from_fn(|at| word[at])));
        let mut next = || words.next();
        let cursor = Self {
            issued: Moment(next()? as i64),
            request: next()?,
            frozen: Moment(next()? as i64),
            last: (Moment(next()? as i64), next()?),
        };
        (next()? == check(&cursor.numbers(), key)).then_some(cursor)
    }

    const fn numbers(&self) -> [u64; NUMBERS - 1] {
        [
            self.issued.0 as u64,
            self.request,
            self.frozen.0 as u64,
            self.last.0.0 as u64,
            self.last.1,
        ]
    }
}

fn check(numbers: &[u64], key: u64) -> u64 {
    numbers.iter().fold(mix(key), |state, number| mix(state ^ number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_back_and_forged_ones_do_not() {
        let cursor = Cursor {
            issued: Moment(5),
            request: 77,
            frozen: Moment(-1),
            last: (Moment(123), u64::MAX),
        };
        let text = cursor.encode(9);
        assert_eq!(Cursor::decode(&text, 9), Some(cursor));
        assert_eq!(Cursor::decode(&text, 8), None);
        assert_eq!(Cursor::decode(&text[1..], 9), None);
        assert_eq!(Cursor::decode("c2VhcmNoLXBhZ2UtMg==", 9), None);
    }
}
