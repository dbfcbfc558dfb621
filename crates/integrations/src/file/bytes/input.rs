//! Opens the text of a file: from the start, or from a place to resume at.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use serde::Serialize;

use super::counted::{ByteCount, Counted};
use super::lines::Lines;
use super::transcode::Transcoded;
use crate::file::cursor::Place;
use crate::file::mapping::TextEncoding;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// Not at all.
    None,
    /// With gzip.
    Gzip,
    /// With Zstandard.
    Zstd,
}

impl Compression {
    /// Returns the name, as messages show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "no compression",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// How to get at the text of a file.
#[derive(Clone, Debug)]
pub(crate) struct TextInput {
    pub(crate) path: PathBuf,
    pub(crate) compression: Compression,
    pub(crate) encoding: TextEncoding,
    pub(crate) total_bytes: u64,
    pub(crate) count: ByteCount,
}

const COMPRESSED_BUFFER_BYTES: usize = 128 << 10;

impl TextInput {
    /// Whether one can jump to a place in the text.
    pub(crate) fn is_seekable(&self) -> bool {
        self.compression == Compression::None && self.encoding == TextEncoding::UTF_8
    }

    /// Opens the lines from the start.
    ///
    /// # Errors
    /// Fails when the file cannot be opened any more.
    pub(crate) fn lines(&self) -> io::Result<Lines> {
        let bytes = self.decompressed(File::open(&self.path)?)?;
        let text: Box<dyn Read + Send> = if self.encoding == TextEncoding::UTF_8 {
            bytes
        } else {
            Box::new(Transcoded::new(bytes, self.encoding.encoding()))
        };
        let mut lines = Lines::new(text, 0, 0);
        lines.start();
        Ok(lines)
    }

    /// Opens the lines from a place where one begins; nothing when none begins there.
    ///
    /// # Errors
    /// Fails when the file cannot be opened any more.
    pub(crate) fn lines_at(&self, place: Place, terminator: u8) -> io::Result<Option<Lines>> {
        if place.byte > self.total_bytes {
            return Ok(None);
        }
        let mut file = File::open(&self.path)?;
        if let Some(before) = place.byte.checked_sub(1) {
            let mut last = [0];
            file.seek(SeekFrom::Start(before))?;
            file.read_exact(&mut last)?;
            if last != [terminator] && place.byte != self.total_bytes {
                return Ok(None);
            }
        }
        let mut lines = Lines::new(Box::new(file), place.byte, place.line);
        lines.set_terminator(terminator);
        Ok(Some(lines))
    }

    fn decompressed(&self, file: File) -> io::Result<Box<dyn Read + Send>> {
        decompressed(file, self.compression, self.count.clone())
    }
}

/// Reads the first bytes of a file, decompressed; also returns why not more of them came.
///
/// # Errors
/// Fails when the file cannot be opened or decompressing cannot even begin.
pub(crate) fn head(
    path: &Path,
    compression: Compression,
    length: u64,
) -> io::Result<(Vec<u8>, Option<io::Error>)> {
    let mut bytes = Vec::new();
    let reader = decompressed(File::open(path)?, compression, ByteCount::default())?;
    let failure = reader.take(length).read_to_end(&mut bytes).err();
    Ok((bytes, failure))
}

fn decompressed(
    file: File,
    compression: Compression,
    count: ByteCount,
) -> io::Result<Box<dyn Read + Send>> {
    let counted = Counted::new(file, count);
    Ok(match compression {
        Compression::None => Box::new(counted),
        Compression::Gzip => {
            let buffered = BufReader::with_capacity(COMPRESSED_BUFFER_BYTES, counted);
            Box::new(MultiGzDecoder::new(buffered))
        }
        Compression::Zstd => {
            let buffered = BufReader::with_capacity(COMPRESSED_BUFFER_BYTES, counted);
            Box::new(zstd::stream::read::Decoder::with_buffer(buffered)?)
        }
    })
}
