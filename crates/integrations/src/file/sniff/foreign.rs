//! Files that people hand over by mistake, known by their first bytes.

/// A format that is not read here.
pub(super) struct Foreign {
    pub(super) offset: usize,
    pub(super) magic: &'static [u8],
    pub(super) what: &'static str,
    pub(super) advice: &'static str,
}

const fn foreign(magic: &'static [u8], what: &'static str, advice: &'static str) -> Foreign {
    Foreign { offset: 0, magic, what, advice }
}

const RECOMPRESS: &str = "decompress it, or compress it with zstd or gzip";
const SAVE_AS_CSV: &str = "open it and save the sheet as CSV UTF-8";

/// The formats, the longer beginning first.
pub(super) const FOREIGN: &[Foreign] = &[
    foreign(
        b"PK\x03\x04",
        "a ZIP archive or an Excel workbook",
        "unpack it, or save the sheet as CSV UTF-8",
    ),
    foreign(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook", SAVE_AS_CSV),
    foreign(b"PARE", "an encrypted Parquet file", "write it again without encryption"),
    Foreign { offset: 4, magic: b"1AY&SY", what: "compressed with bzip2", advice: RECOMPRESS },
    foreign(b"\xfd7zXZ\0", "compressed with xz", RECOMPRESS),
    foreign(b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it"),
    foreign(b"Obj\x01", "an Avro file", "write it as Parquet or JSON Lines"),
    foreign(b"ARROW1\0\0", "an Arrow file", "write it as Parquet"),
    foreign(b"SQLite format 3\0", "an SQLite database", "export its tables as CSV"),
    foreign(b"%PDF-", "a PDF document", "ask for the data as CSV"),
    foreign(b"\xff\xfe\0\0", "text in UTF-32", "save it as UTF-8"),
    foreign(b"\0\0\xfe\xff", "text in UTF-32", "save it as UTF-8"),
    Foreign { offset: 257, magic: b"ustar", what: "a tar archive", advice: "unpack it" },
];
