//! A statement's text as a tree, and small questions to it. Rewrites change places of the text, and leave the
//! rest as somebody wrote it.

use std::ops::Range;

use squawk_syntax::ast::normalize_name_node;
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

/// The stack of the thread that parses: the parser descends once for each level of an expression.
const STACK_BYTES: usize = 64 << 20;

/// Looks at a statement's tree; nothing where the text is not one statement that the parser knows.
pub(crate) fn look<T: Send>(sql: &str, look: impl FnOnce(&SyntaxNode) -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let parse = move || {
            let parsed = SourceFile::parse(sql);
            if !parsed.errors().is_empty() {
                return None;
            }
            let root = parsed.syntax_node();
            let mut statements = root.children();
            let first = statements.next()?;
            statements.next().is_none().then(|| look(&first))
        };
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, parse);
        thread.ok()?.join().ok().flatten()
    })
}

/// Returns the first child of a kind.
pub(crate) fn child(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.children().find(|child| child.kind() == kind)
}

/// Whether a child or token of a kind stands directly below a node.
pub(crate) fn has(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.children_with_tokens().any(|element| element.kind() == kind)
}

/// Whether a node of a kind stands anywhere below a node.
pub(crate) fn holds(node: &SyntaxNode, kinds: &[SyntaxKind]) -> bool {
    node.descendants().any(|inner| kinds.contains(&inner.kind()))
}

/// Returns a node's own words without space and comments around it.
pub(crate) fn text(node: &SyntaxNode) -> String {
    let span = span(node);
    let start = usize::from(node.text_range().start());
    let whole = node.text().to_string();
    whole
        .get(span.start - start..span.end - start)
        .unwrap_or_default()
        .trim_end_matches(';')
        .to_owned()
}

/// Returns where a node stands, without space and comments around it.
pub(crate) fn span(node: &SyntaxNode) -> Range<usize> {
    let mut tokens = node
        .descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| !token.kind().is_trivia() && token.kind() != SyntaxKind::SEMICOLON);
    let first = tokens.next().map(|token| token.text_range());
    let last = tokens.last().map(|token| token.text_range()).or(first);
    let whole = node.text_range();
    let start = first.unwrap_or(whole).start();
    let end = last.unwrap_or(whole).end();
    usize::from(start)..usize::from(end)
}

/// Returns the parts of a condition that must all hold.
pub(crate) fn terms(condition: &SyntaxNode) -> Vec<SyntaxNode> {
    let mut terms = Vec::new();
    let mut open = vec![condition.clone()];
    while let Some(node) = open.pop() {
        let is_group = node.kind() == SyntaxKind::PAREN_EXPR
            && node.children().next().is_some_and(|inner| {
                matches!(inner.kind(), SyntaxKind::PAREN_EXPR | SyntaxKind::BIN_EXPR)
            });
        let is_and = node.kind() == SyntaxKind::BIN_EXPR && operator(&node) == "and";
        if is_group || is_and {
            let mut inner: Vec<SyntaxNode> = node.children().collect();
            inner.reverse();
            open.extend(inner);
        } else {
            terms.push(node);
        }
    }
    terms
}

/// Returns the operator between the two sides of an expression, in lower case.
pub(crate) fn operator(node: &SyntaxNode) -> String {
    let sides: Vec<SyntaxNode> = node.children().collect();
    let (Some(left), Some(right)) = (sides.first(), sides.last()) else { return String::new() };
    let mut words: Vec<String> = Vec::new();
    for element in node.children_with_tokens() {
        let range = element.text_range();
        let is_between =
            range.start() >= left.text_range().end() && range.end() <= right.text_range().start();
        if is_between && !element.kind().is_trivia() {
            words.push(element.to_string().trim().to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// Returns the two sides of an expression.
pub(crate) fn sides(node: &SyntaxNode) -> Option<(SyntaxNode, SyntaxNode)> {
    let mut sides = node.children();
    let first = sides.next()?;
    Some((first, sides.last()?))
}

/// Takes away brackets around an expression.
pub(crate) fn bare(node: SyntaxNode) -> SyntaxNode {
    let mut node = node;
    while node.kind() == SyntaxKind::PAREN_EXPR {
        match node.children().next() {
            Some(inner) if inner.kind() != SyntaxKind::SELECT => node = inner,
            _ => break,
        }
    }
    node
}

/// Returns the column that an expression is: the name of its table, where it is written, and its own.
pub(crate) fn column(node: &SyntaxNode) -> Option<(Option<String>, String)> {
    let node = bare(node.clone());
    match node.kind() {
        SyntaxKind::NAME_REF => Some((None, normalize_name_node(&node))),
        SyntaxKind::FIELD_EXPR => {
            let mut parts: Vec<SyntaxNode> = node.children().collect();
            let last = parts.pop().filter(|last| last.kind() == SyntaxKind::NAME_REF)?;
            let table =
                parts.pop().filter(|it| it.kind() == SyntaxKind::NAME_REF && parts.is_empty())?;
            Some((Some(normalize_name_node(&table)), normalize_name_node(&last)))
        }
        _ => None,
    }
}

/// Returns the name of the function that a call calls, without its schema, and its arguments.
pub(crate) fn call(node: &SyntaxNode) -> Option<(String, Vec<SyntaxNode>)> {
    if node.kind() != SyntaxKind::CALL_EXPR {
        return None;
    }
    let list = child(node, SyntaxKind::ARG_LIST)?;
    let first = node.children().next()?;
    let name = match first.kind() {
        SyntaxKind::NAME_REF => normalize_name_node(&first),
        SyntaxKind::FIELD_EXPR => normalize_name_node(&first.children().last()?),
        _ => return None,
    };
    let arguments = list.children().filter_map(|argument| match argument.kind() {
        SyntaxKind::ARG => argument.children().next(),
        _ => Some(argument),
    });
    Some((name, arguments.collect()))
}

/// Whether an expression names no column, asks nothing of a table and calls nothing.
pub(crate) fn is_value(node: &SyntaxNode) -> bool {
    const WORDS: [&str; 4] = ["current_date", "current_timestamp", "localtimestamp", "interval"];
    node.descendants().all(|inner| match inner.kind() {
        SyntaxKind::NAME_REF => {
            WORDS.contains(&normalize_name_node(&inner).as_str()) || is_type(&inner)
        }
        SyntaxKind::SELECT | SyntaxKind::CALL_EXPR => false,
        _ => true,
    })
}

fn is_type(node: &SyntaxNode) -> bool {
    node.ancestors().skip(1).take(4).any(|above| {
        matches!(above.kind(), SyntaxKind::PATH_TYPE | SyntaxKind::PATH | SyntaxKind::PATH_SEGMENT)
    })
}

/// Returns what a column of an answer is called, as the server names it.
pub(crate) fn output_name(target: &SyntaxNode) -> Option<String> {
    if let Some(name) = child(target, SyntaxKind::AS_NAME) {
        return text(&name).split_whitespace().last().map(plain);
    }
    let mut expression = bare(target.children().next()?);
    // A cast is called as what is cast.
    while expression.kind() == SyntaxKind::CAST_EXPR {
        expression = bare(expression.children().next()?);
    }
    column(&expression).map(|(_, name)| name).or_else(|| call(&expression).map(|(name, _)| name))
}

/// Returns a name as the server keeps it.
pub(crate) fn plain(name: &str) -> String {
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => name.to_lowercase(),
    }
}

/// Finds a name among sorted or compared keys that an answer's column takes for itself: in `order by` and
/// `distinct on` it would be that column, not the table's.
pub(crate) fn taken_name(list: &SyntaxNode, keys: &str) -> Option<String> {
    list.children().find_map(|target| {
        let name = output_name(&target)?;
        let is_itself = target
            .children()
            .next()
            .and_then(|expression| column(&expression))
            .is_some_and(|(_, column)| column == name);
        (!is_itself && names_bare(keys, &name)).then_some(name)
    })
}

/// Whether a text has a name that no table stands before.
fn names_bare(text: &str, name: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let lower = text.to_lowercase();
    let name = name.to_lowercase();
    lower.match_indices(&name).any(|(at, found)| {
        let before = lower.get(..at).and_then(|it| it.chars().next_back());
        let after = lower.get(at + found.len()..).and_then(|it| it.chars().next());
        before.is_none_or(|it| it != '.' && !is_part(it)) && after.is_none_or(|it| !is_part(it))
    })
}

/// Changes places of a text.
pub(crate) fn edited(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let mut written = String::with_capacity(text.len());
    let mut done = 0;
    for (range, new) in edits.into_iter().filter(|(range, _)| range.end >= range.start) {
        written.push_str(text.get(done..range.start).unwrap_or_default());
        written.push_str(&new);
        done = range.end;
    }
    written.push_str(text.get(done..).unwrap_or_default());
    written
}
