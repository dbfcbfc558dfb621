//! A script: one file of SQL, taken apart into statements.

pub mod action;
mod allow;
mod object;
mod read;
mod tokens;

use std::fmt;

pub use action::Action;
pub(super) use allow::Allow;
pub(super) use tokens::{Token, folded, tokens};

/// A place in a script, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Its first byte.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
}

/// A name that may have a schema. Names that were not in quotes are in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The schema, where it is written.
    pub schema: Option<String>,
    /// The name itself.
    pub name: String,
}

impl Name {
    /// Makes a name as it would be written.
    pub fn parse(text: &str) -> Self {
        let unquoted = |part: &str| match part.strip_prefix('"').and_then(|p| p.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => part.to_lowercase(),
        };
        match text.split_once('.') {
            Some((schema, name)) => Self { schema: Some(unquoted(schema)), name: unquoted(name) },
            None => Self { schema: None, name: unquoted(text) },
        }
    }

    /// Returns the name with its schema, `public` where none is written.
    pub fn qualified(&self) -> String {
        format!("{}.{}", self.schema.as_deref().unwrap_or("public"), self.name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.schema.as_deref() {
            Some(schema) if schema != "public" => write!(formatter, "{schema}.{}", self.name),
            _ => formatter.write_str(&self.name),
        }
    }
}

/// Which way a migration goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Forwards; also what is no half of a pair.
    Up,
    /// Back: it destroys what its other half made, and is meant to.
    Down,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Where it stands, without the comments around it.
    pub span: Span,
    /// What it does.
    pub action: Action,
    /// The transaction it runs in.
    pub transaction: Transaction,
    /// Whether it stands in the body of a `do` block.
    pub is_nested: bool,
}

/// The transaction that a statement runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transaction {
    /// One of its own.
    Own,
    /// One that the script begins, by number.
    Explicit(usize),
    /// The one that the runner opens for each file.
    Runner,
}

/// What the parser does not understand.
#[derive(Clone, Debug)]
pub struct SyntaxProblem {
    /// Where.
    pub span: Span,
    /// What it expected.
    pub message: String,
}

/// One file of SQL.
#[derive(Clone, Debug)]
pub struct Script {
    /// What the file is called in findings.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Which way it goes.
    pub direction: Direction,
    /// Its statements, in order.
    pub statements: Vec<Statement>,
    /// Places that no parser would accept.
    pub problems: Vec<SyntaxProblem>,
    /// Comments that allow a finding.
    pub(super) allows: Vec<Allow>,
}

/// The longest script that is read: parsing takes memory in proportion.
pub const MOST_BYTES: usize = 16 << 20;

/// The deepest nesting of parentheses that is read: parsing descends once for each.
const MOST_NESTING: usize = 200;

/// The most operators in a statement: parsing descends once for each of a chain.
const MOST_OPERATORS: usize = 20_000;

impl Script {
    /// Takes a file apart.
    ///
    /// What cannot be parsed is kept as a problem: the rest of the file is judged all the same.
    pub fn parse(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let direction = if path.ends_with(".down.sql") { Direction::Down } else { Direction::Up };
        let allows = allow::read(&text);
        let (statements, problems) = match unreadable(&text) {
            Some(problem) => (Vec::new(), vec![problem]),
            None => read::statements(&text),
        };
        Self { path, text, direction, statements, problems, allows }
    }

    /// Allows what a `lint.allow` beside the file allows.
    pub(super) fn allow(&mut self, list: &str) {
        let file = self.path.rsplit(['/', '\\']).next().unwrap_or(&self.path);
        self.allows.extend(allow::of_file(list, file));
    }

    /// Returns the line and column of a place, from one; columns count characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..self.floor(offset)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }

    /// Returns what stands at a place.
    pub fn slice(&self, span: Span) -> &str {
        &self.text[self.floor(span.start)..self.floor(span.end)]
    }

    /// Returns the text of the line, from one.
    pub fn line(&self, number: usize) -> &str {
        self.text.lines().nth(number.saturating_sub(1)).unwrap_or_default()
    }

    /// Says whether the head of the file tells the runner something, as `-- shelfops:no-transaction`.
    pub(super) fn has_directive(&self, directive: &str) -> bool {
        self.text
            .lines()
            .take_while(|line| line.trim().is_empty() || line.trim_start().starts_with("--"))
            .any(|line| line.trim().trim_start_matches("--").trim() == directive)
    }

    /// Numbers the transactions that statements run in.
    pub(super) fn settle_transactions(&mut self, has_runner: bool) {
        let outside = if has_runner { Transaction::Runner } else { Transaction::Own };
        let (mut current, mut count) = (outside, 0);
        for statement in &mut self.statements {
            match statement.action {
                Action::Begin => {
                    count += 1;
                    current = Transaction::Explicit(count);
                    statement.transaction = current;
                }
                Action::Commit | Action::Rollback => {
                    statement.transaction = current;
                    current = outside;
                }
                _ => statement.transaction = current,
            }
        }
    }

    fn floor(&self, offset: usize) -> usize {
        let mut at = offset.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

/// Says why a text is not given to the parser.
fn unreadable(text: &str) -> Option<SyntaxProblem> {
    if text.len() > MOST_BYTES {
        let message =
            format!("the file has more than {} MiB: it is not a migration", MOST_BYTES >> 20);
        return Some(SyntaxProblem { span: Span { start: 0, end: 1 }, message });
    }
    // Bodies in dollar quotes are parsed as well, so they are looked at like the file.
    let mut open = vec![(0, text)];
    while let Some((offset, part)) = open.pop() {
        if let Some(problem) = too_deep(offset, part, &mut open) {
            return Some(problem);
        }
    }
    None
}

/// Says where a text is nested too deep; bodies in it are put to what is still to be looked at.
fn too_deep<'t>(
    offset: usize,
    text: &'t str,
    open: &mut Vec<(usize, &'t str)>,
) -> Option<SyntaxProblem> {
    let (mut depth, mut operators) = (0_usize, 0_usize);
    for (place, token) in tokens(text) {
        let start = offset + place;
        let problem =
            |message| Some(SyntaxProblem { span: Span { start, end: start + 1 }, message });
        match token {
            Token::Body(body) => open.push((start, body)),
            Token::Sign(b'(' | b'[') => depth += 1,
            Token::Sign(b')' | b']') => depth = depth.saturating_sub(1),
            Token::Sign(b';') => (depth, operators) = (0, 0),
            Token::Sign(b',') | Token::Quoted(_) => {}
            // Words can be operators too: not, and, or, is.
            Token::Sign(_) | Token::Word(_) => operators += 1,
        }
        if depth > MOST_NESTING {
            return problem(format!("parentheses are nested more than {MOST_NESTING} deep"));
        }
        if operators > MOST_OPERATORS {
            return problem(format!(
                "the statement has more than {MOST_OPERATORS} words and operators outside texts"
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests;
