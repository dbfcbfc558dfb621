//! SQL that a block puts together when it runs, as far as it can be told beforehand.
//!
//! What is put in stands for itself in marks: `drop table "<name>"`. Rules that ask for names do not know it,
//! and take it for a table that is there and in use.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::node::{child, inner, one_line, plain_name, unquoted};

/// Returns the text that an `execute` runs.
pub(super) fn text_of(execute: &SyntaxNode) -> Option<String> {
    inner(execute, SyntaxKind::TARGET)?.children().next().and_then(|what| assembled(&what))
}

fn assembled(node: &SyntaxNode) -> Option<String> {
    match node.kind() {
        SyntaxKind::LITERAL => literal(&one_line(node)),
        SyntaxKind::PAREN_EXPR => node.children().next().and_then(|inside| assembled(&inside)),
        SyntaxKind::CALL_EXPR => called(node),
        SyntaxKind::BIN_EXPR if super::rows::operator(node) == "||" => {
            let (left, right) = (node.children().next()?, node.children().last()?);
            Some(assembled(&left)? + &assembled(&right)?)
        }
        SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR => Some(marked(&one_line(node))),
        _ => None,
    }
}

/// Returns what stands in quotes, where no escapes are in it.
fn literal(text: &str) -> Option<String> {
    if text.starts_with('\'') {
        return Some(unquoted(text));
    }
    let tag_end = text.strip_prefix('$')?.find('$')? + 2;
    let tag = &text[..tag_end];
    text[tag_end..].strip_suffix(tag).map(str::to_owned)
}

fn called(node: &SyntaxNode) -> Option<String> {
    let function = plain_name(&node.children().next()?);
    let arguments = child(node, SyntaxKind::ARG_LIST)?;
    let shown: Vec<String> = arguments.children().map(|one| one_line(&one)).collect();
    match function.as_str() {
        "format" => formatted(&literal(shown.first()?)?, &shown[1..]),
        "quote_ident" => shown.first().map(|name| marked(name)),
        "quote_literal" | "quote_nullable" => shown.first().map(|value| valued(value)),
        _ => None,
    }
}

/// Puts arguments into a template of `format`.
fn formatted(template: &str, arguments: &[String]) -> Option<String> {
    let mut text = String::new();
    let mut rest = template;
    let mut next = 0;
    while let Some((before, behind)) = rest.split_once('%') {
        text.push_str(before);
        let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
        let behind = match behind[digits..].strip_prefix('$') {
            Some(placed) if digits > 0 => {
                next = behind[..digits].parse::<usize>().ok()?.checked_sub(1)?;
                placed
            }
            _ => behind,
        };
        let kind = behind.chars().next()?;
        let argument = || arguments.get(next).map(String::as_str).unwrap_or_default();
        match kind {
            '%' => text.push('%'),
            'I' | 's' => text.push_str(&marked(argument())),
            'L' => text.push_str(&valued(argument())),
            _ => return None,
        }
        next += usize::from(kind != '%');
        rest = &behind[kind.len_utf8()..];
    }
    text.push_str(rest);
    Some(text)
}

/// Names what is put in for a name. A text that is written down is the name itself.
fn marked(argument: &str) -> String {
    match literal(argument) {
        Some(name) => name,
        // Whoever runs it, as SQL itself says it.
        None if matches!(argument, "current_user" | "session_user" | "current_role") => {
            argument.to_owned()
        }
        None => format!("\"<{}>\"", argument.replace('"', "")),
    }
}

fn valued(argument: &str) -> String {
    match literal(argument) {
        Some(value) => format!("'{}'", value.replace('\'', "''")),
        None => format!("'<{}>'", argument.replace('\'', "")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Action, Script};

    fn run(execute: &str) -> Vec<Action> {
        let script = Script::parse("a.sql", format!("do $b$ begin execute {execute}; end $b$;"));
        assert!(script.problems.is_empty(), "{execute}: {:?}", script.problems);
        let nested = script.statements.into_iter().filter(|it| it.is_nested);
        nested.map(|it| it.action).collect()
    }

    #[test]
    fn texts_templates_and_pieces_are_put_together() {
        for (execute, name) in [
            ("'drop table old'", "old"),
            ("$$drop table old$$", "old"),
            ("format('drop table %I', 'old')", "old"),
            ("format('drop table %I', name)", "<name>"),
            ("format('drop table %1$I', row.name)", "<row.name>"),
            ("'drop table ' || quote_ident(name)", "<name>"),
            ("('drop table ' || name || ' cascade')", "<name>"),
        ] {
            let actions = run(execute);
            let [Action::Drop(drop)] = actions.as_slice() else { panic!("{execute}: {actions:?}") };
            assert_eq!(drop.names[0].name, name, "{execute}");
        }
        for execute in ["statement", "E'drop table \\x41'", "format('drop %s %I', kind, name)"] {
            assert!(run(execute).is_empty(), "{execute}");
        }
    }
}
