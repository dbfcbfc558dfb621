//! Takes a request in plain words apart: which thing, with which columns, per what, and how often.
//!
//! The words that join the parts are few, and each means one thing: «with» begins columns, «per» begins
//! what there is a row for, «every» and «over time» make it a series. What is left is the thing.

use super::house::{House, Parent};
use super::naming::singular;
use super::quantities::{self, Quantities};

/// A request, taken apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    /// The words of the thing.
    pub(super) thing: Vec<String>,
    /// The columns that are named.
    pub(super) columns: Vec<String>,
    /// The tables that there is a row for.
    pub(super) per: Vec<Parent>,
    /// What there is a row for besides, which is no table of the house.
    pub(super) per_other: Vec<String>,
    /// How often there is a row.
    pub(super) rhythm: Option<Rhythm>,
    /// Whether things are counted.
    pub(super) is_counted: bool,
    /// How much there will be, as far as it was said.
    pub(super) quantities: Quantities,
}

/// How often there is a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rhythm {
    /// Whenever it changes.
    Changes,
    /// Every so many minutes.
    Minutes(u64),
    /// Every so many days.
    Days(u64),
}

impl Rhythm {
    fn of(count: u64, unit: &str) -> Option<Self> {
        let count = count.max(1);
        Some(match singular(unit).as_str() {
            "minute" => Self::Minutes(count),
            "hour" => Self::Minutes(60 * count),
            "day" => Self::Days(count),
            "week" => Self::Days(7 * count),
            "month" => Self::Days(30 * count),
            "quarter" => Self::Days(91 * count),
            "year" => Self::Days(365 * count),
            _ => return None,
        })
    }

    /// Reads a word such as «daily».
    fn adverb(word: &str) -> Option<Self> {
        let unit = match word {
            "hourly" => "hour",
            "daily" => "day",
            "weekly" => "week",
            "monthly" => "month",
            "yearly" => "year",
            _ => return None,
        };
        Self::of(1, unit)
    }
}

/// Words that say what to do, not what with.
const VERBS: &[&str] = &[
    "track", "store", "record", "keep", "log", "save", "count", "measure", "monitor", "collect",
    "hold", "holds", "stores", "tracks", "records", "keeps",
];

/// Words that carry nothing.
const EMPTY: &[&str] =
    &["a", "an", "the", "all", "our", "new", "their", "its", "of", "called", "named", "columns"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Thing,
    Columns,
    Per,
}

/// Takes a text apart; nothing where it names no thing.
pub(super) fn take_apart(text: &str, house: &House) -> Option<Request> {
    let mut words = words(text);
    let quantities = quantities::take(&mut words);
    let start = start(&words)?;
    let mut request = Request { quantities, ..Request::default() };
    let mut part = Part::Thing;
    let mut column = Vec::new();
    let mut place = start;
    while let Some(word) = words.get(place).map(String::as_str) {
        place += 1;
        let next = words.get(place).map(String::as_str);
        match (word, next) {
            ("over", Some("time")) => {
                place += 1;
                request.rhythm.get_or_insert(Rhythm::Changes);
            }
            ("for", Some("each" | "every")) => {}
            ("with" | "having" | "containing" | "including", _) => part = Part::Columns,
            ("every" | "each" | "per" | "by", Some(after)) => {
                let count = after.parse::<u64>().ok();
                let unit = if count.is_some() { words.get(place + 1) } else { words.get(place) };
                let rhythm = unit.and_then(|unit| Rhythm::of(count.unwrap_or(1), unit));
                if rhythm.is_some() {
                    request.rhythm = rhythm;
                    place += 1 + usize::from(count.is_some());
                } else {
                    part = Part::Per;
                }
            }
            ("counted" | "measured" | "recorded" | "taken", _) => {
                request.is_counted |= word == "counted";
            }
            ("," | "and" | ";", _) => end_column(&mut column, &mut request),
            ("table", _) => {}
            _ if EMPTY.contains(&word) => {}
            _ if Rhythm::adverb(word).is_some() => request.rhythm = Rhythm::adverb(word),
            _ => match part {
                Part::Thing => request.thing.push(word.to_owned()),
                Part::Columns => column.push(word.to_owned()),
                Part::Per => add_per(word, house, &mut request),
            },
        }
        if part != Part::Columns {
            end_column(&mut column, &mut request);
        }
    }
    end_column(&mut column, &mut request);
    let leading = request.thing.first().filter(|_| request.thing.len() > 1);
    // What a thing begins with is what it belongs to: visits of a store are store visits.
    if let Some(parent) = leading.and_then(|word| parent(word, house))
        && !request.per.iter().any(|known| known.table == parent.table)
    {
        request.per.insert(0, parent.clone());
    }
    (!request.thing.is_empty()).then_some(request)
}

fn end_column(column: &mut Vec<String>, request: &mut Request) {
    if !column.is_empty() {
        request.columns.push(column.join("_"));
        column.clear();
    }
}

fn add_per(word: &str, house: &House, request: &mut Request) {
    match parent(word, house) {
        Some(parent) => request.per.push(parent.clone()),
        None => request.per_other.push(singular(word)),
    }
}

fn parent<'h>(word: &str, house: &'h House) -> Option<&'h Parent> {
    house.parents.iter().find(|one| one.table == word || singular(&one.table) == word)
}

/// Returns where the thing begins: behind «table», or behind a verb that begins the text.
fn start(words: &[String]) -> Option<usize> {
    let is_verb = |word: &String| VERBS.contains(&word.as_str());
    let Some(table) = words.iter().position(|word| word == "table") else {
        let first = words.iter().position(|word| word != "please" && word != "to")?;
        return is_verb(&words[first]).then_some(first + 1);
    };
    let next = |place: usize| words.get(place).map(String::as_str);
    let behind = table + 1;
    Some(match next(behind) {
        Some("to" | "that" | "which") if words.get(behind + 1).is_some_and(is_verb) => behind + 2,
        Some("for" | "of" | "to") => behind + 1,
        // «a price_changes table with …»: the thing stands in front.
        Some("with" | "per" | "every" | "over") | None => {
            let mut first = table;
            let stops = ["a", "an", "the", "new", "create", "make", "add", "me", "please"];
            while first > 0 && !stops.contains(&words[first - 1].as_str()) {
                first -= 1;
            }
            if first == table {
                return None;
            }
            return Some(first);
        }
        Some(_) => behind,
    })
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let text = text.to_lowercase();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
            continue;
        }
        // «100,000» is one number.
        let is_number = !word.is_empty() && word.chars().all(|digit| digit.is_ascii_digit());
        if letter == ',' && is_number && letters.peek().is_some_and(char::is_ascii_digit) {
            continue;
        }
        // «1.5» is one as well.
        if letter == '.' && is_number && letters.peek().is_some_and(char::is_ascii_digit) {
            word.push(letter);
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if matches!(letter, ',' | ';') {
            words.push(",".to_owned());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
