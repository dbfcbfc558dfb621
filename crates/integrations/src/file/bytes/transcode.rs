//! Recodes text of another encoding to UTF-8 while it is read.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding};

/// Stands in the output for bytes that are no text in the encoding. It is no UTF-8 itself, so the
/// record that holds it is refused like any other that is no text.
const NO_TEXT: u8 = 0xff;
const INPUT_BYTES: usize = 64 << 10;

/// A reader that recodes.
pub(super) struct Transcoded<R> {
    reader: R,
    decoder: Decoder,
    input: Vec<u8>,
    start: usize,
    end: usize,
    is_at_end: bool,
    is_done: bool,
}

impl<R: Read> Transcoded<R> {
    /// Recodes what `reader` gives from `encoding`.
    pub(super) fn new(reader: R, encoding: &'static Encoding) -> Self {
        Self {
            reader,
            decoder: encoding.new_decoder_without_bom_handling(),
            input: vec![0; INPUT_BYTES],
            start: 0,
            end: 0,
            is_at_end: false,
            is_done: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        if self.start == self.end && !self.is_at_end {
            (self.start, self.end) = (0, self.reader.read(&mut self.input)?);
            self.is_at_end = self.end == 0;
        }
        Ok(())
    }
}

impl<R: Read> Read for Transcoded<R> {
    /// Gives UTF-8; `buffer` must have room for a few characters.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // One byte is kept free for what is no text.
        let Some(room) = buffer.len().checked_sub(1) else { return Ok(0) };
        while !self.is_done {
            self.refill()?;
            let (result, read, mut written) = self.decoder.decode_to_utf8_without_replacement(
                &self.input[self.start..self.end],
                &mut buffer[..room],
                self.is_at_end,
            );
            self.start += read;
            match result {
                DecoderResult::Malformed(..) => {
                    buffer[written] = NO_TEXT;
                    written += 1;
                }
                DecoderResult::InputEmpty => self.is_done = self.is_at_end,
                DecoderResult::OutputFull if written == 0 => {
                    return Err(io::Error::other("no room for one character"));
                }
                DecoderResult::OutputFull => {}
            }
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    fn recoded(bytes: &[u8], encoding: &'static Encoding, room: usize) -> Vec<u8> {
        let mut reader = Transcoded::new(bytes, encoding);
        let (mut all, mut buffer) = (Vec::new(), vec![0; room]);
        loop {
            let read = reader.read(&mut buffer).unwrap();
            if read == 0 {
                return all;
            }
            all.extend_from_slice(&buffer[..read]);
        }
    }

    #[test]
    fn what_is_no_text_is_marked_where_it_stands() {
        let bytes = [b'a', 0, 0x00, 0xd8, b'b', 0, b'c'];
        assert_eq!(recoded(&bytes, encoding_rs::UTF_16LE, 64), b"a\xffb\xff");
        assert_eq!(recoded(b"caf\xe9", encoding_rs::WINDOWS_1252, 64), "café".as_bytes());
    }

    proptest! {
        #[test]
        fn text_comes_through_whatever_the_buffer(text in ".{0,200}", room in 8_usize..40) {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            prop_assert_eq!(recoded(&bytes, encoding_rs::UTF_16BE, room), text.as_bytes());
        }
    }
}
