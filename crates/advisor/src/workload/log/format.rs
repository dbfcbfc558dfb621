//! Takes a log apart into entries: the server's three formats, told apart by how they begin.

use std::io::{self, BufRead};

use serde_json::Value;

use super::entry::Said;

/// The longest entry that is kept whole; of longer ones the beginning is.
const LONGEST: usize = 8 << 20;

/// What stands before a message of the format for people.
const LEVELS: [&str; 14] = [
    "LOG",
    "ERROR",
    "FATAL",
    "PANIC",
    "WARNING",
    "NOTICE",
    "INFO",
    "DEBUG",
    "DETAIL",
    "HINT",
    "STATEMENT",
    "CONTEXT",
    "QUERY",
    "LOCATION",
];

/// How a detail begins that has the values of a statement.
const PARAMETERS: [&str; 2] = ["parameters: ", "Parameters: "];

/// How a detail begins that has the statement behind `execute`.
const PREPARED: [&str; 1] = ["prepare: "];

/// Places in a line of the format for spreadsheets.
mod column {
    pub(super) const AT: usize = 0;
    pub(super) const MESSAGE: usize = 13;
    pub(super) const DETAIL: usize = 14;
    pub(super) const STATEMENT: usize = 19;
    pub(super) const QUERY_ID: usize = 25;
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    People,
    Csv,
    Json,
}

/// The entries of a log.
pub(super) struct Entries<R> {
    log: R,
    format: Option<Format>,
    /// The entry that further lines may still belong to.
    open: Option<Said>,
    /// What those lines belong to of it.
    part: Part,
    has_ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Message,
    Parameters,
    Prepared,
    Statement,
    Other,
}

impl<R: BufRead> Entries<R> {
    pub(super) fn new(log: R) -> Self {
        Self { log, format: None, open: None, part: Part::Message, has_ended: false }
    }

    /// Reads a line without its end, or two and more where a quoted field goes on.
    fn line(&mut self) -> io::Result<Option<String>> {
        let mut bytes = Vec::new();
        loop {
            if self.log.read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
            if self.format.is_none() {
                let text = String::from_utf8_lossy(&bytes);
                self.format = (!text.trim().is_empty()).then(|| guess(&text));
            }
            let is_csv = self.format == Some(Format::Csv);
            let quotes = bytes.iter().filter(|byte| **byte == b'"').count();
            if !is_csv || quotes.is_multiple_of(2) || bytes.len() > LONGEST {
                break;
            }
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        bytes.truncate(LONGEST);
        let text = String::from_utf8_lossy(&bytes);
        Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn read(&mut self) -> io::Result<Option<Said>> {
        while let Some(line) = self.line()? {
            if line.trim().is_empty() {
                continue;
            }
            let entry = match self.format {
                Some(Format::Json) => json(&line),
                Some(Format::Csv) => csv(&line),
                Some(Format::People) | None => self.people(&line),
            };
            if entry.is_some() {
                return Ok(entry);
            }
        }
        self.has_ended = true;
        Ok(self.open.take())
    }

    /// Reads a line for people; returns the entry that ended before it.
    fn people(&mut self, line: &str) -> Option<Said> {
        if let Some(more) = line.strip_prefix('\t') {
            self.go_on(more);
            return None;
        }
        let Some((prefix, level, text)) = level(line) else {
            // A logging collector that was cut off, or a message of several lines from elsewhere.
            self.go_on(line);
            return None;
        };
        match level {
            "DETAIL" => {
                self.part = Part::Other;
                if let Some(open) = &mut self.open {
                    open.parameters = detail(text, &PARAMETERS);
                    open.prepared = detail(text, &PREPARED);
                    self.part = match (&open.parameters, &open.prepared) {
                        (Some(_), _) => Part::Parameters,
                        (None, Some(_)) => Part::Prepared,
                        (None, None) => Part::Other,
                    };
                }
                None
            }
            "STATEMENT" => {
                self.part = Part::Statement;
                if let Some(open) = &mut self.open {
                    open.statement = Some(text.to_owned());
                }
                None
            }
            "HINT" | "CONTEXT" | "QUERY" | "LOCATION" => {
                self.part = Part::Other;
                None
            }
            _ => {
                self.part = Part::Message;
                let said = Said { at: moment(prefix), message: text.to_owned(), ..Said::default() };
                self.open.replace(said)
            }
        }
    }

    fn go_on(&mut self, line: &str) {
        let Some(open) = &mut self.open else { return };
        let text = match self.part {
            Part::Message => &mut open.message,
            Part::Parameters => open.parameters.get_or_insert_default(),
            Part::Prepared => open.prepared.get_or_insert_default(),
            Part::Statement => open.statement.get_or_insert_default(),
            Part::Other => return,
        };
        if text.len() < LONGEST {
            text.push('\n');
            text.push_str(line);
        }
    }
}

impl<R: BufRead> Iterator for Entries<R> {
    type Item = io::Result<Said>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let read = self.read();
        self.has_ended |= read.is_err();
        read.transpose()
    }
}

fn guess(line: &str) -> Format {
    if line.starts_with('{') {
        return Format::Json;
    }
    let is_csv = level(line).is_none() && line.matches(',').count() >= 10;
    if is_csv { Format::Csv } else { Format::People }
}

/// Splits `2026-01-01 … [123] LOG:  text`, whatever the prefix is.
fn level(line: &str) -> Option<(&str, &'static str, &str)> {
    let (before, text) = line.split_once(":  ")?;
    let word = before.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let start = word.rfind(|letter: char| !letter.is_ascii_uppercase()).map_or(0, |at| at + 1);
    let (prefix, word) = word.split_at_checked(start).unwrap_or((word, ""));
    let level = LEVELS.iter().find(|level| **level == word)?;
    Some((prefix, level, text))
}

/// Finds a time at the beginning of a prefix: a date, a time, and the zone behind them.
fn moment(prefix: &str) -> Option<String> {
    let mut words = prefix.split(' ');
    let (date, time) = (words.next()?, words.next()?);
    let is_date = date.len() == 10 && date.bytes().filter(|byte| *byte == b'-').count() == 2;
    let is_time = time.len() >= 8 && time.bytes().filter(|byte| *byte == b':').count() == 2;
    if !is_date || !is_time {
        return None;
    }
    let zone = words.next().filter(|zone| zone.chars().all(char::is_alphanumeric));
    Some([Some(date), Some(time), zone].into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn json(line: &str) -> Option<Said> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| entry.get(name)?.as_str().map(str::to_owned);
    Some(Said {
        at: text("timestamp"),
        message: text("message")?,
        parameters: text("detail").and_then(|it| detail(&it, &PARAMETERS)),
        prepared: text("detail").and_then(|it| detail(&it, &PREPARED)),
        statement: text("statement"),
        query_id: entry.get("query_id").and_then(Value::as_i64).filter(|id| *id != 0),
    })
}

fn csv(line: &str) -> Option<Said> {
    let fields = fields(line);
    let field = |place: usize| fields.get(place).filter(|field| !field.is_empty()).cloned();
    Some(Said {
        at: field(column::AT),
        message: field(column::MESSAGE)?,
        parameters: field(column::DETAIL).and_then(|it| detail(&it, &PARAMETERS)),
        prepared: field(column::DETAIL).and_then(|it| detail(&it, &PREPARED)),
        statement: field(column::STATEMENT),
        query_id: field(column::QUERY_ID).and_then(|id| id.parse().ok()).filter(|id| *id != 0),
    })
}

/// Returns what stands behind one of some words, with which a detail begins.
fn detail(text: &str, words: &[&str]) -> Option<String> {
    words.iter().find_map(|word| text.strip_prefix(word)).map(str::to_owned)
}

fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_inside = false;
    let mut letters = line.chars().peekable();
    while let Some(next) = letters.next() {
        match next {
            '"' if is_inside && letters.peek() == Some(&'"') => {
                letters.next();
                push(&mut fields, '"');
            }
            '"' => is_inside = !is_inside,
            ',' if !is_inside => fields.push(String::new()),
            other => push(&mut fields, other),
        }
    }
    fields
}

fn push(fields: &mut [String], letter: char) {
    if let Some(last) = fields.last_mut() {
        last.push(letter);
    }
}
