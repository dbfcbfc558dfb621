//! Writes JSON straight into bytes: a page of a thousand orders has a hundred thousand values, and
//! a tree of them would cost more than everything else the simulator does for the page.

use super::moment::Moment;

/// JSON under construction.
#[derive(Debug, Default)]
pub(crate) struct Json {
    bytes: Vec<u8>,
}

impl Json {
    /// Writes one object and returns its bytes.
    pub(crate) fn document(fill: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut json = Self { bytes: Vec::with_capacity(1_024) };
        json.object(fill);
        json.bytes
    }

    /// Returns what was written.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Writes a field whose value somebody else writes.
    pub(crate) fn field(&mut self, name: &str, value: impl FnOnce(&mut Self)) {
        self.key(name);
        value(self);
    }

    /// Writes an object where a value stands.
    pub(crate) fn object(&mut self, fill: impl FnOnce(&mut Self)) {
        self.separate();
        self.bytes.push(b'{');
        fill(self);
        self.bytes.push(b'}');
    }

    /// Writes a text where a value stands.
    pub(crate) fn item(&mut self, text: &str) {
        self.separate();
        self.quoted(text);
    }

    /// Writes a field that holds an object.
    pub(crate) fn part(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        self.key(name);
        self.object(fill);
    }

    /// Writes a field that holds a list, and no field for an empty one: the vendor omits those.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) {
        let mut items = items.into_iter().peekable();
        if items.peek().is_none() {
            return;
        }
        self.key(name);
        self.bytes.push(b'[');
        for item in items {
            each(self, item);
        }
        self.bytes.push(b']');
    }

    /// Writes a field that holds a text.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.key(name);
        self.quoted(text);
    }

    /// Writes a field that holds a text, if there is one.
    pub(crate) fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// Writes a field that holds a whole number.
    pub(crate) fn whole(&mut self, name: &str, number: i64) {
        self.key(name);
        self.digits(number);
    }

    /// Writes a field that holds a truth.
    pub(crate) fn flag(&mut self, name: &str, is_true: bool) {
        self.key(name);
        self.bytes.extend_from_slice(if is_true { b"true" } else { b"false" });
    }

    /// Writes a field that holds a time, unless it has not happened.
    pub(crate) fn moment(&mut self, name: &str, moment: Moment) {
        if moment.is_set() {
            self.key(name);
            self.bytes.push(b'"');
            self.bytes.extend_from_slice(&moment.rfc3339());
            self.bytes.push(b'"');
        }
    }

    /// Writes a field that holds an amount in the smallest unit of its currency.
    pub(crate) fn money(&mut self, name: &str, amount: i64, currency: &str) {
        self.part(name, |money| {
            money.whole("amount", amount);
            money.text("currency", currency);
        });
    }

    /// Writes a field that holds thousandths as a decimal text: `"2"`, `"0.35"`.
    pub(crate) fn quantity(&mut self, name: &str, thousandths: i64) {
        self.text(name, &decimal(thousandths));
    }

    fn key(&mut self, name: &str) {
        self.separate();
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }

    /// Puts a comma after a value; nothing but a bracket or colon can end in one of these.
    fn separate(&mut self) {
        if !matches!(self.bytes.last(), None | Some(b'{' | b'[' | b':')) {
            self.bytes.push(b',');
        }
    }

    fn digits(&mut self, number: i64) {
        let mut text = [0_u8; 20];
        let mut at = text.len();
        let mut rest = number.unsigned_abs();
        loop {
            at -= 1;
            text[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            self.bytes.push(b'-');
        }
        self.bytes.extend_from_slice(&text[at..]);
    }

    fn quoted(&mut self, text: &str) {
        self.bytes.push(b'"');
        let is_plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
        if text.bytes().all(is_plain) {
            self.bytes.extend_from_slice(text.as_bytes());
        } else {
            self.escaped(text);
        }
        self.bytes.push(b'"');
    }

    fn escaped(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                b'"' => self.bytes.extend_from_slice(b"\\\""),
                b'\\' => self.bytes.extend_from_slice(b"\\\\"),
                0..=0x1f => {
                    const HEX: &[u8; 16] = b"0123456789abcdef";
                    self.bytes.extend_from_slice(b"\\u00");
                    self.bytes.push(HEX[usize::from(byte >> 4)]);
                    self.bytes.push(HEX[usize::from(byte & 15)]);
                }
                _ => self.bytes.push(byte),
            }
        }
    }
}

/// Writes thousandths as the shortest decimal: `2`, `0.35`, `-1.5`.
pub(crate) fn decimal(thousandths: i64) -> String {
    let sign = if thousandths < 0 { "-" } else { "" };
    let (whole, rest) = (thousandths.unsigned_abs() / 1_000, thousandths.unsigned_abs() % 1_000);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{rest:03}").trim_end_matches('0').to_owned()
}

/// Reads a decimal with up to three decimals as thousandths.
pub(crate) fn thousandths(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > 3 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let fraction: i64 = format!("{fraction:0<3}").parse().ok()?;
    Some(sign * whole.checked_mul(1_000)?.checked_add(fraction)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_another_parser_reads() {
        let bytes = Json::document(|json| {
            json.text("text", "a \"quote\", a \\ and a\nline: ü");
            json.whole("least", i64::MIN);
            json.flag("flag", true);
            json.moment("never", Moment::NEVER);
            json.list("empty", Vec::<i64>::new(), |_, _| {});
            json.list("list", ["a", "b"], |json, text| json.item(text));
            json.part("money", |json| json.money("amount", -5, "JPY"));
            json.list("objects", [1, 2], |json, number| {
                json.object(|json| json.whole("n", number));
            });
        });
        let read: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let expected = serde_json::json!({
            "text": "a \"quote\", a \\ and a\nline: ü",
            "least": i64::MIN,
            "flag": true,
            "list": ["a", "b"],
            "money": { "amount": { "amount": -5, "currency": "JPY" } },
            "objects": [{ "n": 1 }, { "n": 2 }],
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn quantities_are_decimals_without_trailing_noughts() {
        for (number, text) in
            [(2_000, "2"), (350, "0.35"), (-1_500, "-1.5"), (1, "0.001"), (0, "0")]
        {
            assert_eq!(decimal(number), text);
            assert_eq!(thousandths(text), Some(number));
        }
        for text in ["", "1.", ".5", "1.2345", "x", "--1"] {
            assert_eq!(thousandths(text), None, "{text}");
        }
    }
}
