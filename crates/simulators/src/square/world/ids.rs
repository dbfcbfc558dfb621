//! The vendor's opaque ids: a number that can be read back, and looks like chance.
//!
//! No table of ids is kept: with millions of orders it would be larger than the orders.

use std::fmt;
use std::ops::Deref;

use crate::dice::mix;

/// Letters of ids, without those that people confuse.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// How many letters follow the kind's own: 64 bits, five to a letter.
const LETTERS: usize = 13;

const FIRST: u64 = 0xbf58_476d_1ce4_e5b9;
const SECOND: u64 = 0x94d0_49bb_1331_11eb;

/// What an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A store.
    Location = 1,
    /// A category of the catalog.
    Category,
    /// A tax of the catalog.
    Tax,
    /// A discount of the catalog.
    Discount,
    /// A unit of measurement of the catalog.
    Unit,
    /// An item of the catalog.
    Item,
    /// A variation of an item.
    Variation,
    /// A supplier.
    Vendor,
    /// An order.
    Order,
    /// A payment.
    Payment,
    /// A refund.
    Refund,
    /// A change of stock that an order caused: order times 256 and the line.
    Sold,
    /// A change of stock that no order caused.
    Moved,
}

impl Kind {
    const fn letter(self) -> u8 {
        match self {
            Self::Location => b'L',
            Self::Category => b'C',
            Self::Tax => b'T',
            Self::Discount => b'D',
            Self::Unit => b'U',
            Self::Item => b'I',
            Self::Variation => b'V',
            Self::Vendor => b'S',
            Self::Order => b'O',
            Self::Payment => b'P',
            Self::Refund => b'R',
            Self::Sold => b'A',
            Self::Moved => b'B',
        }
    }
}

/// Makes and reads the ids of one merchant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ids {
    key: u64,
    merchant: u8,
}

/// An id as text, on the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IdText([u8; LETTERS + 1]);

impl Deref for IdText {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for IdText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self)
    }
}

impl Ids {
    /// Makes ids for the merchant of this number.
    pub(crate) const fn new(key: u64, merchant: u8) -> Self {
        // Neighbouring keys must not read each other's ids.
        Self { key: mix(key), merchant }
    }

    /// Writes the id of the thing of this kind and number; numbers have 44 bits.
    pub(crate) fn text(&self, kind: Kind, number: u64) -> IdText {
        let plain = (kind as u64) << 58 | u64::from(self.merchant) << 50 | number;
        let mut rest = scramble(plain ^ self.key);
        let mut text = [0; LETTERS + 1];
        text[0] = kind.letter();
        for letter in text[1..].iter_mut().rev() {
            *letter = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        IdText(text)
    }

    /// Reads the number out of an id of this kind; ids of others read as nothing.
    pub(crate) fn number(&self, kind: Kind, text: &str) -> Option<u64> {
        let (first, letters) = text.as_bytes().split_first()?;
        if *first != kind.letter() || letters.len() != LETTERS {
            return None;
        }
        let mut scrambled: u64 = 0;
        for letter in letters {
            let value = ALPHABET.iter().position(|known| known == letter)?;
            scrambled = scrambled.wrapping_mul(32) | value as u64;
        }
        let number = (unscramble(scrambled) ^ self.key) & ((1 << 44) - 1);
        (*self.text(kind, number) == *text).then_some(number)
    }

    /// Reads an id of this kind as an index into a list of so many.
    pub(crate) fn index(&self, kind: Kind, text: &str, count: usize) -> Option<usize> {
        let index = usize::try_from(self.number(kind, text)?).ok()?;
        (index < count).then_some(index)
    }
}

/// Scrambles a number so that it can be put in order again.
const fn scramble(number: u64) -> u64 {
    let number = (number ^ (number >> 32)).wrapping_mul(FIRST);
    let number = (number ^ (number >> 32)).wrapping_mul(SECOND);
    number ^ (number >> 32)
}

const fn unscramble(number: u64) -> u64 {
    let number = (number ^ (number >> 32)).wrapping_mul(inverse(SECOND));
    let number = (number ^ (number >> 32)).wrapping_mul(inverse(FIRST));
    number ^ (number >> 32)
}

/// Returns what undoes a multiplication with an odd number: Newton's steps double the right bits.
const fn inverse(odd: u64) -> u64 {
    let mut result = odd;
    let mut step = 0;
    while step < 5 {
        result = result.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(result)));
        step += 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_as_what_they_name_and_nothing_else() {
        let ids = Ids::new(77, 3);
        for number in [0, 1, 255, 1_000_000, (1 << 44) - 1] {
            let text = ids.text(Kind::Order, number);
            assert_eq!(ids.number(Kind::Order, &text), Some(number));
            assert_eq!(ids.number(Kind::Payment, &text), None);
            assert_eq!(Ids::new(77, 4).number(Kind::Order, &text), None);
            assert_eq!(Ids::new(78, 3).number(Kind::Order, &text), None);
        }
        assert_eq!(ids.number(Kind::Order, ""), None);
        assert_eq!(ids.number(Kind::Order, "OZZZZZZZZZZZZZ"), None);
    }

    #[test]
    fn neighbours_look_unrelated() {
        let ids = Ids::new(1, 0);
        let (first, second) = (ids.text(Kind::Order, 1), ids.text(Kind::Order, 2));
        let same = first.bytes().zip(second.bytes()).filter(|(left, right)| left == right).count();
        assert!(same < 6, "{} {}", &*first, &*second);
    }
}
