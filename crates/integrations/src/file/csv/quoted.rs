//! Takes a record with quoted fields apart, one line after the other.

use crate::file::records::RecordBlock;

/// A record that is being taken apart; kept to be used again for the next.
#[derive(Debug, Default)]
pub(super) struct QuotedRecord {
    text: Vec<u8>,
    ends: Vec<usize>,
    is_open: bool,
}

/// What a line did to the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The record is complete.
    Done,
    /// A quoted field goes on in the next line.
    Open,
    /// Something else than a delimiter follows a closing quote.
    StrayText,
}

impl QuotedRecord {
    /// Forgets the record before.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.is_open = false;
    }

    /// Returns how many fields the record has.
    pub(super) fn fields(&self) -> usize {
        self.ends.len()
    }

    /// Takes a line, `ending` being what ends it.
    pub(super) fn feed(&mut self, line: &[u8], ending: &[u8], delimiter: u8) -> Step {
        let mut rest = line;
        loop {
            if !self.is_open && rest.first() == Some(&b'"') {
                (self.is_open, rest) = (true, &rest[1..]);
            }
            if self.is_open {
                match self.take_quoted(rest, delimiter) {
                    Some(Quoted::Field { behind }) => rest = behind,
                    Some(Quoted::Last) => return Step::Done,
                    Some(Quoted::StrayText) => return Step::StrayText,
                    None => {
                        self.text.extend_from_slice(ending);
                        return Step::Open;
                    }
                }
            } else if let Some(end) = memchr::memchr(delimiter, rest) {
                self.text.extend_from_slice(&rest[..end]);
                self.ends.push(self.text.len());
                rest = &rest[end + 1..];
            } else {
                self.text.extend_from_slice(rest);
                self.ends.push(self.text.len());
                return Step::Done;
            }
        }
    }

    /// Adds the record to a block.
    ///
    /// # Errors
    /// Adds nothing and returns how many bytes are text when not all are.
    pub(super) fn push_to(&self, block: &mut RecordBlock, line: u64) -> Result<(), usize> {
        let text = str::from_utf8(&self.text).map_err(|error| error.valid_up_to())?;
        let mut entry = block.begin(Some(line));
        entry.push_text(text);
        let mut start = 0;
        for end in &self.ends {
            entry.value_within(start, *end);
            start = *end;
        }
        entry.finish_columns();
        Ok(())
    }

    /// Returns the fields, where all bytes are text.
    ///
    /// # Errors
    /// Returns how many bytes are text when not all are.
    pub(super) fn texts(&self) -> Result<Vec<String>, usize> {
        let text = str::from_utf8(&self.text).map_err(|error| error.valid_up_to())?;
        let mut start = 0;
        let fields = self.ends.iter().map(|end| {
            let field = text.get(start..*end).unwrap_or_default().to_owned();
            start = *end;
            field
        });
        Ok(fields.collect())
    }

    /// Takes the rest of a quoted field; nothing when the line ends before the field does.
    fn take_quoted<'a>(&mut self, line: &'a [u8], delimiter: u8) -> Option<Quoted<'a>> {
        let mut rest = line;
        loop {
            let Some(quote) = memchr::memchr(b'"', rest) else {
                self.text.extend_from_slice(rest);
                return None;
            };
            self.text.extend_from_slice(&rest[..quote]);
            rest = &rest[quote + 1..];
            if let [b'"', behind @ ..] = rest {
                self.text.push(b'"');
                rest = behind;
                continue;
            }
            self.is_open = false;
            self.ends.push(self.text.len());
            // Blanks behind a closing quote are an export's padding.
            let blanks = rest.iter().take_while(|byte| **byte == b' ' && delimiter != b' ').count();
            return Some(match &rest[blanks..] {
                [] => Quoted::Last,
                [byte, behind @ ..] if *byte == delimiter => Quoted::Field { behind },
                _ => Quoted::StrayText,
            });
        }
    }
}

/// What ended a quoted field.
enum Quoted<'a> {
    /// A delimiter.
    Field { behind: &'a [u8] },
    /// The end of the line.
    Last,
    /// Something else.
    StrayText,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(lines: &[&str]) -> (Step, Vec<String>) {
        let mut record = QuotedRecord::default();
        let mut step = Step::Open;
        for line in lines {
            step = record.feed(line.as_bytes(), b"\r\n", b',');
        }
        (step, record.texts().unwrap())
    }

    #[test]
    fn quoted_fields_hold_delimiters_quotes_and_lines() {
        for (lines, expected) in [
            (&["a,\"b,c\",d"][..], &["a", "b,c", "d"][..]),
            (&["\"say \"\"hi\"\"\",\"\""], &["say \"hi\"", ""]),
            (&["\"one", "", "two\",x"], &["one\r\n\r\ntwo", "x"]),
            (&["\"a\"  ,b,"], &["a", "b", ""]),
            (&["5\" pipe,b"], &["5\" pipe", "b"]),
        ] {
            let (step, fields) = taken(lines);
            assert_eq!((step, fields.as_slice()), (Step::Done, &*fields), "{lines:?}");
            assert_eq!(fields, expected, "{lines:?}");
        }
    }

    #[test]
    fn what_is_not_closed_or_not_doubled_is_noticed() {
        assert_eq!(taken(&["a,\"b"]).0, Step::Open);
        assert_eq!(taken(&["a,\"5\" pipe\",b"]).0, Step::StrayText);
        assert_eq!(taken(&["a,\"b", "c,\"d\""]).0, Step::StrayText);
    }
}
