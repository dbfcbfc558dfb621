//! Reads what somebody says into a specification, without a model: by the house's templates, by what its
//! words join, and else not at all.

use schemars::JsonSchema;
use serde::Serialize;

use super::house::{House, Parent, Question};
use super::naming::{meaning_of, singular};
use super::request::{Request, Rhythm, take_apart};
use super::spec::{ColumnSpec, Meaning, QuestionSpec, ReferenceSpec, TableSpec, VolumeSpec};

/// What a text was understood to want.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "understood", rename_all = "kebab-case")]
pub enum Understood {
    /// A table; the questions have an answer that was taken.
    Table {
        /// What was understood.
        spec: Box<TableSpec>,
        /// What was not said.
        questions: Vec<Question>,
    },
    /// Too little: these have to be answered first.
    TooLittle {
        /// What was not said.
        questions: Vec<Question>,
    },
}

/// Reads a text.
///
/// A template is taken where all of its words are there. Otherwise the words that join the parts tell
/// them apart: a thing, its columns, what there is a row for, and how often.
pub fn understand(text: &str, house: &House) -> Understood {
    let words = words(text);
    let matching = house.templates.iter().find(|template| {
        template.words.iter().all(|spellings| spellings.iter().any(|word| words.contains(word)))
    });
    if let Some(template) = matching {
        return Understood::Table {
            spec: Box::new(template.spec.clone()),
            questions: template.questions.clone(),
        };
    }
    match take_apart(text, house).and_then(|request| Draft::of(request, house)) {
        Some(draft) => Understood::Table { spec: Box::new(draft.spec), questions: draft.questions },
        None => Understood::TooLittle { questions: too_little(house) },
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// How often something changes that nobody said the rhythm of.
const CHANGES_A_YEAR: u64 = 12;

/// A table as it was understood, with what was not said.
struct Draft {
    spec: TableSpec,
    questions: Vec<Question>,
}

impl Draft {
    /// Puts a table together; nothing where it would have a key and no more.
    fn of(request: Request, house: &House) -> Option<Self> {
        let name = request.thing.join("_");
        let spec = TableSpec { name, ..TableSpec::default() };
        let mut draft = Self { spec, questions: Vec::new() };
        for parent in &request.per {
            draft.refer_to(parent);
            draft.spec.key.extend(parent.key.clone());
        }
        for other in &request.per_other {
            draft.add(other, Meaning::Code);
            draft.spec.key.push(other.clone());
            let asks = format!("What is a {other}: a table of its own, or a word?");
            draft.questions.push(question(&asks, "a word, which is part of the key"));
        }
        let time = request.rhythm.map(|rhythm| draft.add_time(rhythm, request.is_counted));
        for column in &request.columns {
            draft.add_named(column, house);
        }
        draft.add_measure(&request);
        let has_values = draft.spec.columns.iter().any(|it| !draft.spec.key.contains(&it.name));
        if draft.spec.key.is_empty() {
            draft.find_key();
        } else if !has_values {
            return None;
        }
        if draft.spec.columns.len() <= draft.spec.key.len() && request.columns.is_empty() {
            return None;
        }
        let columns = std::mem::take(&mut draft.spec.columns);
        draft.spec.columns = with_currency(columns);
        draft.spec.comment = format!("One row for each {}", draft.spec.key.join(", "));
        draft.tell_volume(&request, time, house);
        Some(draft)
    }

    fn add(&mut self, name: &str, meaning: Meaning) {
        if self.spec.columns.iter().all(|known| known.name != name) {
            self.spec.columns.push(column(name, meaning));
        }
    }

    fn refer_to(&mut self, parent: &Parent) {
        for key in &parent.key {
            self.add(key, Meaning::Id);
        }
        let reference = ReferenceSpec { table: parent.table.clone(), columns: parent.key.clone() };
        if !self.spec.references.contains(&reference) {
            self.spec.references.push(reference);
        }
    }

    /// Adds the column that says when, and makes it part of the key.
    fn add_time(&mut self, rhythm: Rhythm, is_counted: bool) -> String {
        let (name, meaning) = match rhythm {
            Rhythm::Changes => ("valid_from", Meaning::Moment),
            Rhythm::Minutes(_) if is_counted => ("counted_from", Meaning::Moment),
            Rhythm::Minutes(_) => ("measured_at", Meaning::Moment),
            Rhythm::Days(1) => ("happened_on", Meaning::Date),
            Rhythm::Days(_) => ("period_starts_on", Meaning::Date),
        };
        self.add(name, meaning);
        self.spec.key.push(name.to_owned());
        name.to_owned()
    }

    /// Adds a column that was named: what is called like a table of the house refers to it.
    fn add_named(&mut self, name: &str, house: &House) {
        let parent = house.parents.iter().find(|parent| {
            parent.key == [name] || parent.table == name || singular(&parent.table) == name
        });
        if let Some(parent) = parent {
            self.refer_to(parent);
            return;
        }
        let read = meaning_of(name);
        self.add(name, read.meaning);
        if read.is_assumed {
            let asks = format!("What is '{name}': words of people, one of few words, a number?");
            self.questions.push(question(&asks, "words of people, since its name tells nothing"));
        } else if read.meaning == Meaning::Code {
            let asks = format!("Which values does '{name}' have?");
            self.questions
                .push(question(&asks, "any word; a check lists them once they are known"));
        }
    }

    /// What is measured is often the thing itself: shelf prices have a price, visits are counted.
    fn add_measure(&mut self, request: &Request) {
        let has_values = self.spec.columns.iter().any(|it| !self.spec.key.contains(&it.name));
        let Some(last) = request.thing.last().filter(|_| !has_values) else { return };
        if request.is_counted {
            return self.add(last, Meaning::Count);
        }
        let one = singular(last);
        let read = [last, &one].map(|name| meaning_of(name)).into_iter().find(|it| !it.is_assumed);
        let Some(read) = read else { return };
        if matches!(read.meaning, Meaning::Count) {
            self.add(last, read.meaning);
        } else if !matches!(read.meaning, Meaning::Text | Meaning::Id) {
            self.add(&one, read.meaning);
        }
    }

    /// Finds what makes a row the only one: of an event, of a pair, or an id of its own.
    fn find_key(&mut self) {
        let of = |meanings: &[Meaning]| -> Vec<String> {
            let fits = self.spec.columns.iter().filter(|it| meanings.contains(&it.meaning));
            fits.map(|column| column.name.clone()).collect()
        };
        let (ids, times) = (of(&[Meaning::Id]), of(&[Meaning::Date, Meaning::Moment]));
        let is_event = !ids.is_empty() && !times.is_empty();
        let own = format!("{}_id", singular_of(&self.spec.name));
        self.spec.key = if ids.contains(&own) {
            vec![own]
        } else if is_event || ids.len() > 1 {
            ids.into_iter().chain(times).collect()
        } else {
            self.spec.columns.insert(0, column(&own, Meaning::Id));
            vec![own]
        };
    }

    /// Says how much there will be where that follows, and asks for what was assumed.
    fn tell_volume(&mut self, request: &Request, time: Option<String>, house: &House) {
        let key = self.spec.key.join(", ");
        let unique = question("What makes a row the only one of its kind?", &format!("({key})"));
        self.questions.insert(0, unique);
        if let Some(days) = request.quantities.kept_days {
            let asks = format!("Are rows to go after {days} days?");
            let default = "they stay; `timeseries plan` sets a time once there is a time series";
            self.questions.insert(0, question(&asks, default));
        }
        if let Some(rows_a_year) = request.quantities.rows_a_year {
            return self.take_volume(request, rows_a_year);
        }
        let Some((rhythm, time)) = request.rhythm.zip(time) else {
            let asks = "How many rows does a tenant get in a year, and are they asked by time?";
            self.questions.insert(0, question(asks, "a plain table"));
            return;
        };
        let rows_a_year = match rhythm {
            Rhythm::Changes => CHANGES_A_YEAR,
            Rhythm::Minutes(count) => 365 * 24 * 60 / count,
            Rhythm::Days(count) => 365_u64.div_ceil(count),
        };
        let things = request.per.iter().map(|parent| parent.usual_rows).product::<u64>();
        let volume = VolumeSpec {
            tenants: house.usual_tenants,
            things,
            rows_a_year,
            time: Some(time.clone()),
        };
        let tables: Vec<&str> = request.per.iter().map(|parent| parent.table.as_str()).collect();
        let default = format!(
            "{} tenants, {things} for each ({}), {rows_a_year} rows a year for each of those",
            house.usual_tenants,
            if tables.is_empty() { "one series".to_owned() } else { tables.join(" x ") },
        );
        self.questions.insert(0, question("How much will there be?", &default));
        self.spec.volume = Some(volume);
        self.ask_newest(time);
    }

    /// Takes the rows that were said as those of everybody together.
    fn take_volume(&mut self, request: &Request, rows_a_year: u64) {
        let asks = "Are those rows of all tenants together, or of each?";
        self.questions.insert(0, question(asks, "of all together"));
        if !request.quantities.has_period {
            self.questions.insert(0, question("In which time do they come?", "in a year"));
        }
        let in_key = self.spec.columns.iter().find(|it| {
            self.spec.key.contains(&it.name)
                && matches!(it.meaning, Meaning::Date | Meaning::Moment)
        });
        let time = in_key.map(|column| column.name.clone());
        self.spec.volume =
            Some(VolumeSpec { tenants: 1, things: 1, rows_a_year, time: time.clone() });
        if let Some(time) = time {
            self.ask_newest(time);
        }
    }

    fn ask_newest(&mut self, time: String) {
        let equal: Vec<String> = self.spec.key.iter().filter(|it| **it != time).cloned().collect();
        self.spec.questions.push(QuestionSpec {
            asks: format!("{} of one of them, the newest first", self.spec.name.replace('_', " ")),
            equal,
            range: Some(time),
            newest_first: true,
        });
    }
}

/// Returns the singular of a name of several words: that of its last.
fn singular_of(name: &str) -> String {
    match name.rsplit_once('_') {
        Some((before, last)) => format!("{before}_{}", singular(last)),
        None => singular(name),
    }
}

fn column(name: &str, meaning: Meaning) -> ColumnSpec {
    ColumnSpec {
        name: name.to_owned(),
        meaning,
        optional: false,
        comment: None,
        values: Vec::new(),
        at_most: None,
        default: None,
    }
}

fn with_currency(mut columns: Vec<ColumnSpec>) -> Vec<ColumnSpec> {
    let has = |meaning| columns.iter().any(|column: &ColumnSpec| column.meaning == meaning);
    if has(Meaning::Money) && !has(Meaning::Currency) {
        columns.push(column("currency", Meaning::Currency));
    }
    columns
}

fn question(asks: &str, default: &str) -> Question {
    Question { asks: asks.to_owned(), default: default.to_owned() }
}

fn too_little(house: &House) -> Vec<Question> {
    let parents: Vec<&str> = house.parents.iter().map(|parent| parent.table.as_str()).collect();
    vec![
        question("What is one row: which thing, and per what (day, month, event)?", ""),
        question("What is it about?", &format!("one of {}, or a new thing", parents.join(", "))),
        question("Which columns: «a table NAME with COLUMN, COLUMN, …», or a specification?", ""),
        question("How many rows a year, and what will be asked of them?", ""),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::design;

    fn house() -> House {
        let parent = |table: &str, usual_rows| Parent {
            table: table.to_owned(),
            key: vec![format!("{}_id", singular(table))],
            usual_rows,
        };
        House {
            tenant: None,
            parents: vec![parent("stores", 50), parent("products", 5_000)],
            has_views: false,
            partitioned_from: 10_000_000,
            unindexed_up_to: 10_000,
            usual_tenants: 200,
            templates: Vec::new(),
        }
    }

    fn understood(text: &str) -> (TableSpec, Vec<Question>) {
        match understand(text, &house()) {
            Understood::Table { spec, questions } => (*spec, questions),
            Understood::TooLittle { questions } => panic!("{text}: {questions:?}"),
        }
    }

    fn columns(spec: &TableSpec) -> Vec<(&str, Meaning)> {
        spec.columns.iter().map(|it| (it.name.as_str(), it.meaning)).collect()
    }

    #[test]
    fn a_thing_with_columns_gets_an_id_of_its_own() {
        let (spec, questions) =
            understood("Create a table for loyalty members with email, points and tier");
        assert_eq!(spec.name, "loyalty_members");
        assert_eq!(
            columns(&spec),
            [
                ("loyalty_member_id", Meaning::Id),
                ("email", Meaning::Text),
                ("points", Meaning::Count),
                ("tier", Meaning::Code)
            ]
        );
        assert_eq!(spec.key, ["loyalty_member_id"]);
        assert!(questions.iter().any(|it| it.asks.contains("'tier'")), "{questions:?}");
        design(&spec, &house()).unwrap();
    }

    #[test]
    fn what_is_tracked_over_time_is_a_series_with_its_arithmetic() {
        let (spec, _) = understood("track shelf prices per store and product over time");
        assert_eq!(spec.name, "shelf_prices");
        assert_eq!(spec.key, ["store_id", "product_id", "valid_from"]);
        let money = [("price", Meaning::Money), ("currency", Meaning::Currency)];
        assert_eq!(columns(&spec)[3..], money);
        assert_eq!(spec.references.len(), 2);
        let designed = design(&spec, &house()).unwrap();
        assert_eq!(designed.sizing.rows_a_year, Some(200 * 50 * 5_000 * 12));
        assert!(designed.sizing.is_timeseries);
    }

    #[test]
    fn what_is_counted_every_so_often_has_a_count_and_a_moment() {
        let (spec, _) = understood("a table of store visits counted every 15 minutes");
        assert_eq!(spec.name, "store_visits");
        assert_eq!(
            columns(&spec),
            [
                ("store_id", Meaning::Id),
                ("counted_from", Meaning::Moment),
                ("visits", Meaning::Count)
            ]
        );
        let designed = design(&spec, &house()).unwrap();
        assert_eq!(designed.sizing.rows_a_year, Some(200 * 50 * 35_040));
    }

    #[test]
    fn amounts_are_no_columns_and_decide_what_becomes_of_the_table() {
        let (spec, questions) = understood(
            "a table temperature_readings with store_id, read_at, degrees, 5 years, 100 million rows a year",
        );
        assert_eq!(
            columns(&spec),
            [("store_id", Meaning::Id), ("read_at", Meaning::Moment), ("degrees", Meaning::Text),]
        );
        assert_eq!(spec.key, ["store_id", "read_at"]);
        let asked: Vec<&str> = questions.iter().map(|it| it.asks.as_str()).collect();
        assert!(asked.contains(&"Are rows to go after 1825 days?"), "{asked:?}");
        let designed = design(&spec, &house()).unwrap();
        assert_eq!(designed.sizing.rows_a_year, Some(100_000_000));
        assert!(designed.sizing.is_timeseries);
        assert!(designed.up.starts_with("-- One row for each store_id, read_at. 100,000,000 rows"));
    }

    #[test]
    fn other_ways_to_say_it_are_understood() {
        for (text, name, key) in [
            (
                "a table price_changes with product_id, changed_at, unit_price and is_promotion",
                "price_changes",
                vec!["product_id", "changed_at"],
            ),
            ("a gift_cards table with code and balance_amount", "gift_cards", vec!["gift_card_id"]),
            (
                "record fridge temperatures per store every 5 minutes",
                "fridge_temperatures",
                vec!["store_id", "measured_at"],
            ),
            (
                "Please create a table that tracks daily sales goals by store with target amount",
                "sales_goals",
                vec!["store_id", "happened_on"],
            ),
            (
                "store store opening hours with weekday, opens_at, closes_at",
                "store_opening_hours",
                vec!["store_id"],
            ),
        ] {
            let (spec, _) = understood(text);
            assert_eq!(
                (spec.name.as_str(), &spec.key),
                (name, &key.iter().map(|it| (*it).to_owned()).collect()),
                "{text}"
            );
            design(&spec, &house()).unwrap_or_else(|error| panic!("{text}: {error}"));
        }
    }

    #[test]
    fn what_says_too_little_is_asked() {
        for text in ["something for the boss", "a table", "track everything", "a table for stores"]
        {
            let answer = understand(text, &house());
            assert!(matches!(answer, Understood::TooLittle { .. }), "{text}: {answer:?}");
        }
    }

    #[test]
    fn a_column_whose_name_tells_nothing_is_asked() {
        let (_, questions) = understood("a table for suppliers_of_gifts with email and zeal");
        let asked: Vec<&str> = questions.iter().map(|it| it.asks.as_str()).collect();
        assert!(asked.iter().any(|it| it.contains("'zeal'")), "{asked:?}");
        assert!(!asked.iter().any(|it| it.contains("'email'")), "{asked:?}");
    }

    #[test]
    fn reserved_words_are_refused() {
        let (spec, _) = understood("a table for complaints with user, order and limit");
        let said = design(&spec, &house()).unwrap_err().to_string();
        for word in ["'user'", "'order'", "'limit'"] {
            assert!(said.contains(word), "{said}");
        }
    }
}
