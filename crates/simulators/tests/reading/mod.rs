//! Reads exports back, and judges basket lines without knowing what was planted.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use jiff::civil::DateTime;
use shelfops_simulators::grocery::{DirtKind, ExportedFile};

/// A CSV file as rows of fields, its header apart.
pub(super) struct Table {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads a whole file; no field of these exports spans lines.
    pub(super) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let mut rows: Vec<Vec<String>> = text.lines().map(fields).collect();
        let header = rows.remove(0);
        Self { header, rows }
    }

    /// Reads an exported file and checks that it is as long as it is said to be.
    pub(super) fn of(file: &ExportedFile) -> Self {
        let table = Self::read(&file.path);
        assert_eq!(table.rows.len() as u64, file.record_count, "{}", file.path.display());
        assert_eq!(std::fs::metadata(&file.path).unwrap().len(), file.byte_count);
        table
    }

    /// Returns the values of a column.
    pub(super) fn column(&self, name: &str) -> Vec<&str> {
        let index = self.header.iter().position(|column| column == name).unwrap();
        self.rows.iter().map(|row| row[index].as_str()).collect()
    }
}

/// Splits a line at its commas, quotes respected.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    for character in line.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            _ => fields.last_mut().unwrap().push(character),
        }
    }
    fields
}

/// An amount in cents, if it is one to the letter.
pub(super) fn cents(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.')?;
    let is_plain = fraction.len() == 2 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| whole.parse::<i64>().ok()).flatten().map(|units| {
        let hundredths: i64 = fraction.parse().unwrap();
        if whole.starts_with('-') { units * 100 - hundredths } else { units * 100 + hundredths }
    })
}

/// What is wrong with each basket line, and what the lines come to that have nothing wrong.
#[derive(Default)]
pub(super) struct Judgement {
    pub(super) dirt: HashMap<&'static str, u64>,
    pub(super) clean_lines: u64,
    pub(super) clean_cents: i64,
}

/// Judges basket lines against a catalogue.
pub(super) fn judge(transactions: &Table, products: &Table) -> Judgement {
    let listed: HashSet<&str> = products.column("product_id").into_iter().collect();
    let mut seen: HashSet<(&str, &str)> = HashSet::new();
    let mut judgement = Judgement::default();
    for row in &transactions.rows {
        let is_first = seen.insert((&row[2], &row[3]));
        let fault = if is_first { fault(row, &listed) } else { Some(DirtKind::DuplicateLine) };
        if let Some(kind) = fault {
            *judgement.dirt.entry(kind.name()).or_default() += 1;
        } else {
            judgement.clean_lines += 1;
            judgement.clean_cents += cents(&row[5]).unwrap();
        }
    }
    judgement
}

fn fault(row: &[String], listed: &HashSet<&str>) -> Option<DirtKind> {
    if row.len() < 11 {
        return Some(DirtKind::ShortLine);
    }
    let (Ok(quantity), Some(value)) = (row[4].parse::<i64>(), cents(&row[5])) else {
        return Some(DirtKind::UnreadableNumber);
    };
    let is_sane = row[10].parse::<DateTime>().is_ok_and(|time| time.year() >= 2000);
    if !is_sane {
        return Some(DirtKind::ImpossibleDate);
    }
    if !listed.contains(row[3].as_str()) {
        return Some(DirtKind::UnknownProduct);
    }
    match (quantity, value) {
        (0, 0) => Some(DirtKind::ZeroQuantity),
        (0, _) => Some(DirtKind::ZeroQuantityWithValue),
        (..0, _) => Some(DirtKind::NegativeQuantity),
        _ => None,
    }
}
