//! A window on the lines of a text, as large as the longest record and no larger.

use std::io::{self, ErrorKind, Read};

/// The most bytes a record may have, in all its lines.
pub(crate) const RECORD_BYTES: usize = 1 << 20;
/// How much is read at least at a time.
const READ_BYTES: usize = 64 << 10;
const WINDOW_BYTES: usize = 256 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Lines of text, looked at from a position that only moves forward.
pub(crate) struct Lines {
    reader: Box<dyn Read + Send>,
    window: Vec<u8>,
    start: usize,
    filled: usize,
    byte: u64,
    line: u64,
    terminator: u8,
    end: Option<Result<(), io::Error>>,
}

/// Where a line ends, counted from the position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEnd {
    /// It ends at `text`; the next begins at `next`.
    At { text: usize, next: usize },
    /// The record is longer than [`RECORD_BYTES`] with it.
    TooLong,
    /// There is none: the text ends, or cannot be read on.
    None,
}

impl Lines {
    /// Looks at what `reader` gives, which stands behind `byte` bytes and `line` lines.
    pub(crate) fn new(reader: Box<dyn Read + Send>, byte: u64, line: u64) -> Self {
        Self {
            reader,
            window: vec![0; WINDOW_BYTES],
            start: 0,
            filled: 0,
            byte,
            line,
            terminator: b'\n',
            end: None,
        }
    }

    /// Skips a byte order mark and sees whether lines end in `\r` alone, as on very old systems.
    pub(crate) fn start(&mut self) {
        while self.filled < READ_BYTES && self.fill() {}
        if self.bytes().starts_with(BYTE_ORDER_MARK) {
            self.consume(BYTE_ORDER_MARK.len(), 0);
        }
        let bytes = self.bytes();
        // Where there is more, the last byte may be the first half of `\r\n`.
        let sure = if self.end.is_some() { bytes.len() } else { bytes.len().saturating_sub(1) };
        let has = |byte| memchr::memchr(byte, &bytes[..sure]).is_some();
        if !has(b'\n') && has(b'\r') {
            self.terminator = b'\r';
        }
    }

    /// Takes over how lines end.
    pub(crate) const fn set_terminator(&mut self, terminator: u8) {
        self.terminator = terminator;
    }

    /// Returns the byte that ends a line.
    pub(crate) const fn terminator(&self) -> u8 {
        self.terminator
    }

    /// Returns the bytes at hand, from the position.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.window[self.start..self.filled]
    }

    /// Returns how many bytes stand before the position.
    pub(crate) const fn byte(&self) -> u64 {
        self.byte
    }

    /// Returns how many lines stand before the position.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// Returns why the text could not be read to its end, if so, once all lines were seen.
    pub(crate) const fn failure(&self) -> Option<&io::Error> {
        match &self.end {
            Some(Err(error)) => Some(error),
            Some(Ok(())) | None => None,
        }
    }

    /// Finds the end of the line that starts `from` bytes behind the position, and makes sure that
    /// [`Self::bytes`] reach that far.
    ///
    /// The last line may lack its terminator; where reading failed it is no line, since nobody
    /// knows how much of it is missing.
    pub(crate) fn line_end(&mut self, from: usize) -> LineEnd {
        let mut searched = from;
        loop {
            let bytes = self.bytes();
            if let Some(found) = memchr::memchr(self.terminator, &bytes[searched..]) {
                let end = searched + found;
                if end > RECORD_BYTES {
                    return LineEnd::TooLong;
                }
                return LineEnd::At { text: self.without_return(from, end), next: end + 1 };
            }
            searched = bytes.len();
            if searched > RECORD_BYTES {
                return LineEnd::TooLong;
            }
            if !self.fill() {
                let is_rest = searched > from && self.failure().is_none();
                let text = self.without_return(from, searched);
                return if is_rest { LineEnd::At { text, next: searched } } else { LineEnd::None };
            }
        }
    }

    /// Moves the position behind `bytes` bytes, which hold `lines` lines.
    pub(crate) fn consume(&mut self, bytes: usize, lines: u64) {
        self.start += bytes;
        self.byte += bytes as u64;
        self.line += lines;
    }

    /// Moves the position behind the line at hand without holding it; returns its length, or
    /// nothing when reading fails within it.
    pub(crate) fn skip_line(&mut self) -> Option<u64> {
        let mut length = 0;
        loop {
            if let Some(end) = memchr::memchr(self.terminator, self.bytes()) {
                self.consume(end + 1, 1);
                return Some(length + end as u64);
            }
            length += self.bytes().len() as u64;
            self.consume(self.bytes().len(), 0);
            if !self.fill() {
                self.line += 1;
                return self.failure().is_none().then_some(length);
            }
        }
    }

    fn without_return(&self, from: usize, end: usize) -> usize {
        let has_return = end > from && self.bytes()[end - 1] == b'\r';
        if has_return { end - 1 } else { end }
    }

    /// Reads on; false at the end.
    fn fill(&mut self) -> bool {
        if self.end.is_some() {
            return false;
        }
        if self.start > 0 && self.window.len() - self.filled < READ_BYTES {
            self.window.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
        }
        if self.window.len() - self.filled < READ_BYTES {
            self.window.resize(self.window.len() * 2, 0);
        }
        loop {
            match self.reader.read(&mut self.window[self.filled..]) {
                Ok(0) => self.end = Some(Ok(())),
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => self.end = Some(Err(error)),
            }
            return self.end.is_none();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time, then fails if told to.
    struct Slow {
        bytes: Vec<u8>,
        step: usize,
        fails: bool,
    }

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.step.min(self.bytes.len());
            if count == 0 && self.fails {
                return Err(io::Error::from(ErrorKind::UnexpectedEof));
            }
            buffer[..count].copy_from_slice(&self.bytes[..count]);
            self.bytes.drain(..count);
            Ok(count)
        }
    }

    fn all(text: &str, step: usize, fails: bool) -> Vec<String> {
        let slow = Slow { bytes: text.as_bytes().to_vec(), step, fails };
        let mut lines = Lines::new(Box::new(slow), 0, 0);
        lines.start();
        let mut found = Vec::new();
        while let LineEnd::At { text, next } = lines.line_end(0) {
            found.push(String::from_utf8(lines.bytes()[..text].to_vec()).unwrap());
            lines.consume(next, 1);
        }
        assert_eq!(lines.line(), found.len() as u64);
        found
    }

    #[test]
    fn lines_end_in_any_of_the_known_ways() {
        for step in [1, 2, 1000] {
            assert_eq!(all("\u{feff}a\r\n\nb", step, false), ["a", "", "b"]);
            assert_eq!(all("a\rb\r", step, false), ["a", "b"]);
            assert_eq!(all("", step, false), [""; 0]);
        }
    }

    #[test]
    fn the_rest_of_a_cut_line_is_no_line() {
        assert_eq!(all("a\nb", 1000, true), ["a"]);
        assert_eq!(all("a\nb\n", 1000, true), ["a", "b"]);
    }

    #[test]
    fn a_line_of_any_length_is_skipped_without_holding_it() {
        let reader = io::repeat(b'x').take(50 << 20).chain(&b"\nnext\n"[..]);
        let mut lines = Lines::new(Box::new(reader), 0, 0);
        assert_eq!(lines.line_end(0), LineEnd::TooLong);
        assert_eq!(lines.skip_line(), Some(50 << 20));
        assert!(lines.window.len() <= 4 << 20);
        assert_eq!(lines.line_end(0), LineEnd::At { text: 4, next: 5 });
        assert_eq!((lines.byte(), lines.line()), ((50 << 20) + 1, 1));
    }
}
