//! Types of columns, and which changes of type write the table anew.

use std::fmt;

/// A type, under the name that PostgreSQL itself uses in catalogs and error messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataType {
    /// Its name, such as `varchar` or `timestamptz`, without modifiers.
    pub name: String,
    /// Its modifiers: length, precision, scale.
    pub modifiers: Vec<i32>,
    /// Whether it is an array.
    pub is_array: bool,
}

/// What a change of type costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeChange {
    /// The catalog is changed and nothing else.
    Free,
    /// The table and its indexes are written anew under the lock.
    Rewrite,
    /// It is free in one case and a rewrite in the other.
    Depends(&'static str),
}

/// Other spellings of types, and the name that catalogs use.
const SPELLINGS: &[(&str, &str)] = &[
    ("int", "integer"),
    ("int4", "integer"),
    ("int2", "smallint"),
    ("int8", "bigint"),
    ("serial4", "serial"),
    ("serial2", "smallserial"),
    ("serial8", "bigserial"),
    ("float8", "double precision"),
    ("float", "double precision"),
    ("float4", "real"),
    ("bool", "boolean"),
    ("decimal", "numeric"),
    ("dec", "numeric"),
    ("character varying", "varchar"),
    ("char varying", "varchar"),
    ("nchar varying", "varchar"),
    ("national character varying", "varchar"),
    ("national char varying", "varchar"),
    ("character", "char"),
    ("nchar", "char"),
    ("national character", "char"),
    ("national char", "char"),
    ("bpchar", "char"),
    ("bit varying", "varbit"),
    ("timestamp with time zone", "timestamptz"),
    ("timestamp without time zone", "timestamp"),
    ("time with time zone", "timetz"),
    ("time without time zone", "time"),
];

impl DataType {
    /// Reads a type as it is written, or as `format_type` shows it.
    pub fn parse(text: &str) -> Self {
        let mut text = text.trim().to_owned();
        // "char" in quotes is a type of its own, of one byte.
        if !text.contains('"') {
            text.make_ascii_lowercase();
        }
        let is_array = text.contains('[') || text.split_whitespace().any(|word| word == "array");
        if let Some(bracket) = text.find('[') {
            text.truncate(bracket);
        }
        let modifiers = match (text.find('('), text.find(')')) {
            (Some(open), Some(close)) if open < close => {
                let inside = text[open + 1..close].to_owned();
                text.replace_range(open..=close, " ");
                inside.split(',').filter_map(|part| part.trim().parse().ok()).collect()
            }
            _ => Vec::new(),
        };
        let words: Vec<&str> = text.split_whitespace().filter(|word| *word != "array").collect();
        let joined = words.join(" ");
        let bare = joined.strip_prefix("pg_catalog.").unwrap_or(&joined);
        let mut name = bare.to_owned();
        if let Some((_, canonical)) = SPELLINGS.iter().find(|(spelling, _)| *spelling == bare) {
            name = (*canonical).to_owned();
        }
        let mut parsed = Self { name, modifiers, is_array };
        parsed.settle(bare == "bpchar");
        parsed
    }

    /// Gives modifiers that are not written their meaning.
    fn settle(&mut self, is_bpchar: bool) {
        if self.name == "double precision" {
            // float(1) to float(24) are four bytes.
            if self.modifiers.first().is_some_and(|bits| *bits <= 24) {
                "real".clone_into(&mut self.name);
            }
            self.modifiers.clear();
        }
        if self.name == "char" && self.modifiers.is_empty() && !is_bpchar {
            self.modifiers = vec![1];
        }
        if self.name == "numeric" && self.modifiers.len() == 1 {
            self.modifiers.push(0);
        }
    }

    /// Whether it is text of any length.
    pub fn is_text(&self) -> bool {
        matches!(self.name.as_str(), "text" | "varchar" | "char")
    }

    /// Whether it draws its values from a sequence.
    pub fn is_serial(&self) -> bool {
        matches!(self.name.as_str(), "serial" | "smallserial" | "bigserial")
    }

    /// Whether it holds whole numbers of at most four bytes.
    pub fn is_small_integer(&self) -> bool {
        matches!(self.name.as_str(), "integer" | "smallint" | "serial" | "smallserial")
    }

    /// Whether it is binary floating point.
    pub fn is_float(&self) -> bool {
        matches!(self.name.as_str(), "real" | "double precision")
    }

    /// Returns the type that a reference to such a column has.
    pub fn referring(&self) -> Self {
        let name = match self.name.as_str() {
            "serial" => "integer",
            "smallserial" => "smallint",
            "bigserial" => "bigint",
            other => other,
        };
        Self { name: name.to_owned(), modifiers: self.modifiers.clone(), is_array: self.is_array }
    }

    /// Says what it costs to make a column of this type one of another.
    ///
    /// As PostgreSQL 15 to 18 do it (`ATColumnChangeRequiresRewrite` and the support functions of
    /// the types' length casts), checked against servers in the tests.
    pub fn change_to(&self, to: &Self) -> TypeChange {
        let (from, to) = (self.referring(), to.referring());
        if from == to {
            return TypeChange::Free;
        }
        // A cast of arrays runs for each element, even where the elements need none.
        if from.is_array || to.is_array {
            let loses_length = from.is_array
                && to.is_array
                && (from.name.as_str(), to.name.as_str()) == ("varchar", "varchar")
                && to.modifiers.is_empty();
            return if loses_length { TypeChange::Free } else { TypeChange::Rewrite };
        }
        match (from.name.as_str(), to.name.as_str()) {
            ("varchar" | "text" | "citext", "text" | "citext") | ("xml", "text") => {
                TypeChange::Free
            }
            ("citext" | "xml", "varchar") => widened(&from, &to),
            ("varchar" | "text", "varchar") => widened(&from, &to),
            ("varbit", "varbit") => widened(&from, &to),
            ("numeric", "numeric") => numeric(&from, &to),
            ("timestamp", "timestamp")
            | ("timestamptz", "timestamptz")
            | ("time", "time")
            | ("timetz", "timetz") => precision(&from, &to),
            ("timestamp", "timestamptz") | ("timestamptz", "timestamp") => {
                if precision(&from, &to) == TypeChange::Free {
                    TypeChange::Depends("it is free only in a session whose TimeZone is UTC")
                } else {
                    TypeChange::Rewrite
                }
            }
            ("inet", "inet") | ("cidr", "inet") => TypeChange::Free,
            _ => TypeChange::Rewrite,
        }
    }
}

/// Decimal digits that whole numbers have.
const DIGITS: &[(&str, i32)] = &[("smallint", 5), ("integer", 10), ("bigint", 19)];

impl DataType {
    /// Whether every value of this type is one of another as it is: nothing is rounded, cut or refused.
    pub fn fits_in(&self, to: &Self) -> bool {
        let (from, to) = (self.referring(), to.referring());
        let is_any_text = !to.is_array
            && (to.name == "text" || (to.name == "varchar" && to.modifiers.is_empty()));
        if is_any_text || from.change_to(&to) == TypeChange::Free {
            return true;
        }
        let is_longer = || match (from.modifiers.first(), to.modifiers.first()) {
            (_, None) => true,
            (old, Some(new)) => old.is_some_and(|old| new >= old),
        };
        let digits =
            || DIGITS.iter().find(|(name, _)| *name == from.name).map(|(_, digits)| *digits);
        from.is_array == to.is_array
            && match (from.name.as_str(), to.name.as_str()) {
                ("smallint", "integer" | "bigint" | "real" | "double precision")
                | ("integer", "bigint" | "double precision")
                | ("real", "double precision")
                | ("date", "timestamp" | "timestamptz")
                | ("jsonb", "json") => true,
                ("smallint" | "integer" | "bigint", "numeric") => match to.modifiers.as_slice() {
                    [all, scale] => {
                        *scale >= 0 && digits().is_some_and(|digits| all - scale >= digits)
                    }
                    _ => true,
                },
                ("numeric", "numeric") => {
                    match (from.modifiers.as_slice(), to.modifiers.as_slice()) {
                        (_, []) => true,
                        ([old, old_scale], [new, new_scale]) => {
                            new_scale >= old_scale && new - new_scale >= old - old_scale
                        }
                        _ => false,
                    }
                }
                ("char" | "varchar", "varchar") | ("char", "char") | ("varbit", "varbit") => {
                    is_longer()
                }
                _ => false,
            }
    }
}

fn widened(from: &DataType, to: &DataType) -> TypeChange {
    match (from.modifiers.first(), to.modifiers.first()) {
        (_, None) => TypeChange::Free,
        (Some(old), Some(new)) if new >= old => TypeChange::Free,
        _ => TypeChange::Rewrite,
    }
}

fn numeric(from: &DataType, to: &DataType) -> TypeChange {
    match (from.modifiers.as_slice(), to.modifiers.as_slice()) {
        (_, []) => TypeChange::Free,
        ([old, old_scale], [new, new_scale]) if new >= old && new_scale == old_scale => {
            TypeChange::Free
        }
        _ => TypeChange::Rewrite,
    }
}

fn precision(from: &DataType, to: &DataType) -> TypeChange {
    const FINEST: i32 = 6;
    let old = from.modifiers.first().copied().unwrap_or(FINEST);
    let new = to.modifiers.first().copied().unwrap_or(FINEST);
    if new >= old { TypeChange::Free } else { TypeChange::Rewrite }
}

impl fmt::Display for DataType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)?;
        if !self.modifiers.is_empty() {
            let modifiers: Vec<String> = self.modifiers.iter().map(i32::to_string).collect();
            write!(formatter, "({})", modifiers.join(","))?;
        }
        if self.is_array {
            formatter.write_str("[]")?;
        }
        Ok(())
    }
}
