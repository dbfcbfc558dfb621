//! Small questions to a node of the tree.

use squawk_syntax::ast::normalize_name_node;
use squawk_syntax::plpgsql::Plpgsql;
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::super::{Name, Span};

/// Where a tree stands in the file.
pub(super) enum Place<'b> {
    /// It is the file's own.
    File,
    /// It is that of a body in quotes.
    Body(&'b Plpgsql),
    /// It is that of a text that is put together when it runs: this is where that is done.
    Within(Span),
}

/// Returns where a node stands in the file, without space and comments around it.
pub(super) fn span(node: &SyntaxNode, place: &Place<'_>) -> Span {
    if let Place::Within(span) = place {
        return *span;
    }
    let mut tokens = node
        .descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| !token.kind().is_trivia() && token.kind() != SyntaxKind::SEMICOLON);
    let (first, last) = match (tokens.next(), tokens.last()) {
        (Some(first), Some(last)) => (first.text_range(), last.text_range()),
        (Some(only), None) => (only.text_range(), only.text_range()),
        _ => (node.text_range(), node.text_range()),
    };
    let (first, last) = match place {
        Place::File | Place::Within(_) => (first, last),
        Place::Body(body) => (body.source_range(first), body.source_range(last)),
    };
    Span { start: first.start().into(), end: last.end().into() }
}

/// Returns the first child of a kind.
pub(super) fn child(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.children().find(|child| child.kind() == kind)
}

/// Returns the first descendant of a kind.
pub(super) fn inner(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.descendants().find(|inner| inner.kind() == kind)
}

/// Whether a child or token of a kind stands directly below a node.
pub(super) fn has(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.children_with_tokens().any(|element| element.kind() == kind)
}

/// Returns a node as it is written, in one line and without comments.
pub(super) fn one_line(node: &SyntaxNode) -> String {
    let mut text = String::new();
    for token in node.descendants_with_tokens().filter_map(|element| element.into_token()) {
        if token.kind().is_trivia() {
            if !text.is_empty() && !text.ends_with(' ') {
                text.push(' ');
            }
        } else if token.kind() != SyntaxKind::SEMICOLON {
            text.push_str(token.text());
        }
    }
    text.trim_end().to_owned()
}

/// Returns the words of a node in lower case.
pub(super) fn words(node: &SyntaxNode) -> Vec<String> {
    one_line(node).to_lowercase().split_whitespace().map(str::to_owned).collect()
}

/// Returns the name that a node is, in lower case unless it is in quotes.
pub(super) fn plain_name(node: &SyntaxNode) -> String {
    normalize_name_node(node)
}

/// Returns the name that a node holds, with its schema.
pub(super) fn name(node: &SyntaxNode) -> Name {
    let mut parts: Vec<String> = node
        .descendants()
        .filter(|part| {
            matches!(part.kind(), SyntaxKind::PATH_SEGMENT | SyntaxKind::PATH_SEGMENT_REF)
        })
        .map(|part| plain_name(&part))
        .collect();
    // What names without schema are made of, as POLICY_REF, has no segments.
    let name = parts.pop().unwrap_or_else(|| match one_line(node) {
        quoted if quoted.starts_with('"') => quoted.trim_matches('"').to_owned(),
        plain => plain.to_lowercase(),
    });
    Name { schema: parts.pop(), name }
}

/// Returns the name that the first descendant of any of these kinds holds.
pub(super) fn name_in(node: &SyntaxNode, kinds: &[SyntaxKind]) -> Option<Name> {
    node.descendants().find(|inner| kinds.contains(&inner.kind())).map(|found| name(&found))
}

/// Returns the name of a role that a node refers to; `group` before it says nothing.
pub(super) fn role_name(node: &SyntaxNode) -> String {
    let text = one_line(node);
    let role = match text.split_once(char::is_whitespace) {
        Some((group, role)) if group.eq_ignore_ascii_case("group") => role,
        _ => &text,
    };
    match role.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.to_owned(),
        None => role.to_lowercase(),
    }
}

/// Returns the names of all columns below a node.
pub(super) fn column_names(node: &SyntaxNode) -> Vec<String> {
    node.descendants()
        .filter(|inner| inner.kind() == SyntaxKind::COLUMN_NAME_REF)
        .map(|inner| plain_name(&inner))
        .collect()
}

/// Takes the quotes off a text.
pub(super) fn unquoted(text: &str) -> String {
    match text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        Some(inside) => inside.replace("''", "'"),
        None => text.to_owned(),
    }
}

/// Returns the setting that a node sets, and its value.
pub(super) fn setting(node: &SyntaxNode) -> Option<(String, String)> {
    let setting = inner(node, SyntaxKind::CONFIG_PARAMETER_REF)?;
    let value = inner(node, SyntaxKind::TO_CONFIG_VALUE)?;
    let values: Vec<String> = value.children().map(|it| unquoted(&one_line(&it))).collect();
    Some((one_line(&setting).to_lowercase(), values.join(", ")))
}

/// Returns the options of a `reset (..)` in lower case, each with a value that stands for none.
pub(super) fn reset(node: &SyntaxNode, value: &str) -> Vec<(String, String)> {
    let text = one_line(node).to_lowercase();
    let inside = text.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
    inside.split(',').map(|option| (option.trim().to_owned(), value.to_owned())).collect()
}

/// Returns the options of a `with (..)` or `set (..)` in lower case: name and value.
pub(super) fn options(node: &SyntaxNode) -> Vec<(String, String)> {
    node.descendants()
        .filter(|inner| inner.kind() == SyntaxKind::ATTRIBUTE_OPTION)
        .map(|option| {
            let text = one_line(&option);
            let (name, value) = text.split_once('=').unwrap_or((&text, "true"));
            (name.trim().to_lowercase(), unquoted(value.trim()).to_lowercase())
        })
        .collect()
}
