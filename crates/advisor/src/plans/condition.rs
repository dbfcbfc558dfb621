//! Reads conditions as PostgreSQL prints them: what is compared with what, and what hides a column.
//!
//! The server prints every operator in brackets, so a small reader is enough. What it does not
//! understand it leaves alone: then nothing is said about it.

/// A comparison of two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clause<'t> {
    /// As it is printed.
    pub(crate) text: &'t str,
    pub(crate) left: &'t str,
    pub(crate) operator: &'t str,
    pub(crate) right: &'t str,
}

/// What one side of a comparison is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// A column as it is.
    Column(String),
    /// A column that something is done to first, so that an index on it is no help.
    Hidden { column: String, by: Hider },
    /// A constant, a parameter, or a call without a column.
    Value,
    /// Something else.
    Unknown,
}

/// What is done to a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hider {
    /// It is made another type.
    Cast(String),
    /// It is given to a function.
    Function(String),
    /// It is calculated with.
    Operator(String),
}

/// Operators, the longer before those that they begin with.
const OPERATORS: [&str; 22] = [
    "!~~*",
    "!~~",
    "~~*",
    "~~",
    "!~*",
    "!~",
    "~*",
    "~",
    "<>",
    "<=",
    ">=",
    "<@",
    "@>",
    "&&",
    "@@",
    "=",
    "<",
    ">",
    "IS DISTINCT FROM",
    "IS NOT DISTINCT FROM",
    "IS NOT NULL",
    "IS NULL",
];

/// What is calculated with.
const ARITHMETIC: [&str; 7] = ["+", "-", "*", "/", "%", "||", "AT TIME ZONE"];

/// Splits a condition into what must all hold.
pub(crate) fn conjuncts(condition: &str) -> Vec<&str> {
    split_at(stripped(condition), " AND ")
}

/// Splits a condition into what need not hold together: one is enough.
pub(crate) fn disjuncts(condition: &str) -> Vec<&str> {
    split_at(stripped(condition), " OR ")
}

/// Reads a comparison.
pub(crate) fn clause(text: &str) -> Option<Clause<'_>> {
    let inner = stripped(text);
    let found = first_of(inner, &OPERATORS)?;
    let (at, operator) = found;
    let left = inner.get(..at)?.trim();
    let right = inner.get(at + operator.len()..)?.trim();
    Some(Clause { text, left, operator, right })
}

impl Clause<'_> {
    /// Returns the side that is no value, with the operator read from there, if the other one is.
    pub(crate) fn subject(&self) -> Option<(Side, &str)> {
        let (left, right) = (side(self.left), side(self.right));
        let is_test = self.operator.starts_with("IS ") && self.right.is_empty();
        match (left, right) {
            (subject, _) if is_test => Some((subject, self.operator)),
            (Side::Value | Side::Unknown, Side::Value | Side::Unknown) => None,
            (subject, Side::Value) => Some((subject, self.operator)),
            (Side::Value, subject) => Some((subject, mirrored(self.operator))),
            _ => None,
        }
    }

    /// Whether the side that is no value stands first.
    pub(crate) fn subject_is_left(&self) -> bool {
        !matches!(side(self.left), Side::Value)
    }

    /// Whether an index finds single places for it.
    pub(crate) fn is_equality(&self) -> bool {
        matches!(self.operator, "=" | "IS NULL" | "IS NOT DISTINCT FROM")
    }
}

/// A call of a function in a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call<'t> {
    /// The function, without its schema.
    pub(crate) name: &'t str,
    /// The call as it is printed.
    pub(crate) text: &'t str,
}

impl Call<'_> {
    /// Whether it is given nothing of the row, so that its answer is the same for each.
    pub(crate) fn knows_no_row(&self) -> bool {
        side(self.text) == Side::Value
    }
}

/// Returns the calls in a condition, those within others as well.
pub(crate) fn calls(text: &str) -> Vec<Call<'_>> {
    let mut found = Vec::new();
    let mut quote = None;
    for (at, next) in text.char_indices() {
        match (quote, next) {
            (Some(open), _) if open == next => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(next),
            (None, '(') => found.extend(call_at(text, at)),
            _ => {}
        }
    }
    found
}

/// Reads the call whose arguments begin at a bracket.
fn call_at(text: &str, bracket: usize) -> Option<Call<'_>> {
    let is_name =
        |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '"' | '$');
    let before = text.get(..bracket)?;
    let start = before
        .char_indices()
        .rev()
        .take_while(|(_, letter)| is_name(*letter))
        .last()
        .map(|(at, _)| at)?;
    let name = before.get(start..)?.rsplit('.').next()?.trim_matches('"');
    let end = bracket + closing(text.get(bracket..)?)?;
    // A type with its length is no call.
    let is_type = before.get(..start).is_some_and(|it| it.ends_with("::"));
    (!name.is_empty() && !is_type).then_some(Call { name, text: text.get(start..=end)? })
}

/// Returns the place of the bracket that closes the first one.
fn closing(text: &str) -> Option<usize> {
    depths(text).find(|(_, depth)| *depth == 0).map(|(at, _)| at)
}

/// Tells of each place how many brackets are open behind it; those within quotes are none.
fn depths(text: &str) -> impl Iterator<Item = (usize, i64)> {
    let (mut depth, mut quote) = (0, None);
    text.char_indices().map(move |(at, next)| {
        match (quote, next) {
            (Some(open), _) if open == next => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(next),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            _ => {}
        }
        (at, depth)
    })
}

/// Whether an index finds a stretch of keys for an operator.
pub(crate) fn is_range(operator: &str) -> bool {
    matches!(operator, "<" | "<=" | ">" | ">=")
}

/// Returns an operator as it is read from its other side.
pub(crate) fn mirrored(operator: &str) -> &str {
    match operator {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        other => other,
    }
}

/// Says what a side of a comparison is.
pub(crate) fn side(text: &str) -> Side {
    let text = stripped(text);
    if is_literal(text) {
        return Side::Value;
    }
    if let Some(inner) = text.strip_prefix("ANY ").or_else(|| text.strip_prefix("ALL ")) {
        return match side(inner) {
            Side::Column(_) | Side::Hidden { .. } => Side::Unknown,
            other => other,
        };
    }
    if let Some((inner, to)) = cast(text) {
        return match side(inner) {
            Side::Column(column) => Side::Hidden { column, by: Hider::Cast(to.to_owned()) },
            other => other,
        };
    }
    if let Some(column) = column(text) {
        return Side::Column(column);
    }
    if let Some((at, operator)) = first_of(text, &ARITHMETIC) {
        let left = text.get(..at).map_or(Side::Unknown, side);
        let right = text.get(at + operator.len()..).map_or(Side::Unknown, side);
        return match (left, right) {
            (Side::Value, Side::Value) => Side::Value,
            (Side::Column(column), Side::Value) | (Side::Value, Side::Column(column)) => {
                Side::Hidden { column, by: Hider::Operator(operator.to_owned()) }
            }
            (Side::Hidden { column, by }, Side::Value)
            | (Side::Value, Side::Hidden { column, by }) => Side::Hidden { column, by },
            _ => Side::Unknown,
        };
    }
    call(text)
}

fn call(text: &str) -> Side {
    let Some((name, rest)) = text.split_once('(') else { return Side::Unknown };
    let Some(arguments) = rest.strip_suffix(')') else { return Side::Unknown };
    let is_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '"');
    if name.is_empty() || !name.chars().all(is_name) {
        return Side::Unknown;
    }
    let arguments = arguments.split_once(" FROM ").map_or(arguments, |(_, from)| from);
    let mut found = Side::Value;
    for argument in split_at(arguments, ", ") {
        match side(argument) {
            Side::Column(column) | Side::Hidden { column, .. } => {
                return Side::Hidden { column, by: Hider::Function(name.to_lowercase()) };
            }
            Side::Unknown => found = Side::Unknown,
            Side::Value => {}
        }
    }
    found
}

fn cast(text: &str) -> Option<(&str, &str)> {
    let places = places(text);
    let at = places
        .into_iter()
        .rev()
        .find(|at| text.get(*at..).is_some_and(|it| it.starts_with("::")))?;
    let (inner, to) = (text.get(..at)?, text.get(at + 2..)?);
    // `a::b + c` is no cast of the whole.
    let is_type = to.chars().all(|it| it.is_alphanumeric() || " _()[],.\"".contains(it));
    is_type.then_some((inner, to))
}

fn is_literal(text: &str) -> bool {
    let is_word = matches!(
        text,
        "NULL" | "true" | "false" | "CURRENT_DATE" | "CURRENT_TIMESTAMP" | "CURRENT_USER" | ""
    );
    is_word
        || text.starts_with('$')
        || text.starts_with("(InitPlan")
        || text.starts_with("InitPlan")
        || text.starts_with(|first: char| first.is_ascii_digit())
        || text
            .strip_prefix('-')
            .is_some_and(|it| it.starts_with(|first: char| first.is_ascii_digit()))
        || (text.starts_with('\'') && text.ends_with('\'') && is_one_quote(text))
}

fn is_one_quote(text: &str) -> bool {
    let inside = text.len().checked_sub(1).and_then(|end| text.get(1..end)).unwrap_or_default();
    !inside.replace("''", "").contains('\'')
}

/// Reads a column, with or without its table.
fn column(text: &str) -> Option<String> {
    let mut name = text;
    while let Some(rest) = after_name(name)?.strip_prefix('.') {
        name = rest;
    }
    after_name(name)?.is_empty().then(|| match name.strip_prefix('"') {
        Some(inner) => inner.trim_end_matches('"').replace("\"\"", "\""),
        None => name.to_owned(),
    })
}

/// Returns what stands behind a name.
fn after_name(text: &str) -> Option<&str> {
    if let Some(inner) = text.strip_prefix('"') {
        let end = inner.find('"')?;
        return inner.get(end + 1..);
    }
    let first = text.chars().next()?;
    if !first.is_alphabetic() && first != '_' {
        return None;
    }
    let end = text.find(|it: char| !it.is_alphanumeric() && it != '_' && it != '$');
    text.get(end.unwrap_or(text.len())..)
}

/// Takes away brackets that enclose the whole.
pub(crate) fn stripped(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        if !is_balanced(inner) {
            break;
        }
        text = inner.trim();
    }
    text
}

/// Whether no bracket closes that was not opened within.
fn is_balanced(text: &str) -> bool {
    let mut last = 0;
    depths(text).all(|(_, depth)| {
        last = depth;
        depth >= 0
    }) && last == 0
}

/// Returns the places outside brackets and quotes.
fn places(text: &str) -> Vec<usize> {
    let mut depth = 0_i64;
    let mut quote = None;
    let mut found = Vec::new();
    for (at, next) in text.char_indices() {
        match (quote, next) {
            (Some(open), _) if open == next => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(next),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth -= 1,
            (None, _) if depth == 0 => found.push(at),
            _ => {}
        }
    }
    found
}

fn split_at<'t>(text: &'t str, separator: &str) -> Vec<&'t str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for at in places(text) {
        if at >= start && text.get(at..).is_some_and(|rest| rest.starts_with(separator)) {
            parts.extend(text.get(start..at));
            start = at + separator.len();
        }
    }
    parts.extend(text.get(start..));
    parts
}

/// Finds the first of some operators that stands between spaces, or at the end.
fn first_of(text: &str, operators: &[&'static str]) -> Option<(usize, &'static str)> {
    places(text).into_iter().find_map(|at| {
        if at == 0 || !text.get(..at)?.ends_with(' ') {
            return None;
        }
        let rest = text.get(at..)?;
        let found = operators.iter().find(|operator| {
            rest.strip_prefix(**operator)
                .is_some_and(|behind| behind.is_empty() || behind.starts_with(' '))
        })?;
        Some((at, *found))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(text: &str) -> Option<(Side, String)> {
        clause(text)?.subject().map(|(side, operator)| (side, operator.to_owned()))
    }

    fn hidden(column: &str, by: Hider) -> Side {
        Side::Hidden { column: column.to_owned(), by }
    }

    #[test]
    fn what_must_all_hold_is_split_outside_brackets_and_quotes() {
        let condition = "((a = 1) AND ((b > 2) OR (c = ' AND ')) AND (d IS NULL))";
        let parts = conjuncts(condition);
        assert_eq!(parts, ["(a = 1)", "((b > 2) OR (c = ' AND '))", "(d IS NULL)"]);
        assert_eq!(conjuncts("(a = 1)"), ["a = 1"]);
    }

    #[test]
    fn a_column_is_found_on_either_side() {
        let column = |name: &str| Side::Column(name.to_owned());
        assert_eq!(subject("(l.store_id = 3)"), Some((column("store_id"), "=".to_owned())));
        assert_eq!(subject("(3 < l.\"Store\")"), Some((column("Store"), ">".to_owned())));
        assert_eq!(subject("(a = ANY ('{1,2}'::integer[]))"), Some((column("a"), "=".to_owned())));
        assert_eq!(subject("(a IS NULL)"), Some((column("a"), "IS NULL".to_owned())));
        assert_eq!(subject("(a >= (now() - '1 day'::interval))").unwrap().0, column("a"));
        assert_eq!(subject("(a.x = b.y)"), None);
    }

    #[test]
    fn what_hides_a_column_is_named() {
        let cases = [
            ("((l.sold_at)::date = '2026-01-01'::date)", "sold_at", Hider::Cast("date".to_owned())),
            ("(lower(name) = 'x'::text)", "name", Hider::Function("lower".to_owned())),
            (
                "(date_trunc('day'::text, sold_at) >= '2026-01-01 00:00:00+00'::timestamp with time zone)",
                "sold_at",
                Hider::Function("date_trunc".to_owned()),
            ),
            (
                "(EXTRACT(year FROM sold_at) = '2026'::numeric)",
                "sold_at",
                Hider::Function("extract".to_owned()),
            ),
            ("((quantity + 1) = 5)", "quantity", Hider::Operator("+".to_owned())),
            ("((id)::numeric = 5.0)", "id", Hider::Cast("numeric".to_owned())),
            ("(lower((name)::text) = 'x'::text)", "name", Hider::Function("lower".to_owned())),
        ];
        for (text, column, by) in cases {
            assert_eq!(
                subject(text),
                Some((hidden(column, by), subject(text).unwrap().1)),
                "{text}"
            );
        }
    }

    #[test]
    fn calls_are_found_outside_quotes_with_what_they_are_given() {
        let text =
            "((l.store_id = (app.\"Now\"('a)(', lower(\"x(\")))::numeric(3,1)) AND may_see(l.id))";
        let found: Vec<_> = calls(text).into_iter().map(|it| (it.name, it.text)).collect();
        assert_eq!(
            found,
            [
                ("Now", "app.\"Now\"('a)(', lower(\"x(\"))"),
                ("lower", "lower(\"x(\")"),
                ("may_see", "may_see(l.id)"),
            ]
        );
        let knows_none: Vec<bool> =
            calls("f() = g(1, h('x')) or k(l.a)").iter().map(Call::knows_no_row).collect();
        assert_eq!(knows_none, [true, true, true, false]);
        assert_eq!(calls("f( (SubPlan 1)"), []);
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        for text in
            ["", "(", ")", "a", "(SubPlan 1)", "((a, b) = (1, 2))", "é = ", "\"", "'", "(-)"]
        {
            assert!(!matches!(subject(text), Some((Side::Hidden { .. }, _))), "{text}");
        }
    }
}
