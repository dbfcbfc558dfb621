//! Text in other encodings than UTF-8, and bytes in none.

use super::support::{HEADER, TestFile, inventory_csv, options};

fn utf_16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

#[test]
fn unicode_is_read_in_every_form_with_and_without_a_mark() {
    let text = inventory_csv(&["Köln", "東京", "😀"]);
    for mark in ["", "\u{feff}"] {
        let text = format!("{mark}{text}");
        for bytes in [
            text.clone().into_bytes(),
            utf_16(&text, u16::to_le_bytes),
            utf_16(&text, u16::to_be_bytes),
        ] {
            let file = TestFile::new("a.csv", bytes).read();
            assert_eq!(file.stores(), ["Köln", "東京", "😀"]);
            assert_eq!(file.records[2].line(), 4);
        }
    }
}

#[test]
fn json_lines_in_utf_16_are_read() {
    let text =
        "{\"store\":\"Köln\",\"product\":\"m\",\"counted_at\":\"2025-01-02\",\"quantity\":1}\n";
    let file = TestFile::new("a.txt", utf_16(&format!("\u{feff}{text}"), u16::to_le_bytes)).read();
    assert_eq!(file.stores(), ["Köln"]);
}

#[test]
fn half_a_character_of_utf_16_spoils_one_record() {
    let mut bytes = utf_16(&format!("\u{feff}{HEADER}\nA"), u16::to_le_bytes);
    bytes.extend_from_slice(&[0x00, 0xd8]);
    bytes.extend(utf_16(",m,2025-01-02,7\nB,m,2025-01-02,7\n", u16::to_le_bytes));
    let file = TestFile::new("a.csv", bytes).read();
    assert_eq!(file.stores(), ["!", "B"]);
    assert!(file.records[0].reason().contains("UTF-16LE"), "{}", file.records[0].reason());
}

#[test]
fn latin_1_is_read_when_told_and_refused_record_by_record_otherwise() {
    let text = inventory_csv(&["Caf\u{e9}", "S2"]);
    let latin: Vec<u8> = text.chars().map(|character| character as u8).collect();
    let file = TestFile::new("a.csv", &latin);
    let told = file.read_with(&options("encoding = \"latin1\""));
    assert_eq!(told.stores(), ["Café", "S2"]);
    let untold = file.read();
    assert_eq!(untold.stores(), ["!", "S2"]);
    assert!(untold.records[0].reason().contains("encoding = \"windows-1252\""));
    let raw = untold.records[0].raw.as_str().unwrap();
    assert!(raw.starts_with("Caf\u{fffd},milk") && raw.contains("43 61 66 e9 2c"), "{raw}");
}

#[test]
fn a_header_in_another_encoding_is_refused_with_the_way_out() {
    let mut bytes = b"Gesch\xe4ft,".to_vec();
    bytes.extend_from_slice(inventory_csv(&["S1"]).as_bytes());
    let refusal = TestFile::new("a.csv", bytes).refusal("");
    assert!(refusal.contains("header is no text") && refusal.contains("windows-1252"), "{refusal}");
}

#[test]
fn invalid_bytes_within_quotes_spoil_one_record() {
    let mut bytes = format!("{HEADER}\n").into_bytes();
    bytes.extend_from_slice(b"\"A\nB\xff\",m,2025-01-02,7\nS2,m,2025-01-02,7\n");
    let file = TestFile::new("a.csv", bytes).read();
    assert_eq!(file.stores(), ["!", "S2"]);
    assert_eq!(file.records[1].line(), 4);
}
