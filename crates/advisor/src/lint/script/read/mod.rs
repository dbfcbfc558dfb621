//! Reads statements out of the parser's tree. Nothing outside this folder knows the parser.

mod alter;
mod condition;
mod dynamic;
mod expression;
mod node;
mod object;
mod rows;
mod statement;
mod table;

use squawk_syntax::ast::{self, AstNode as _};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use super::{Span, Statement, SyntaxProblem, Transaction};
use node::Place;

/// The stack of the thread that parses: the parser descends once for each level of an expression.
const STACK_BYTES: usize = 256 << 20;

/// Takes a text apart.
pub(super) fn statements(text: &str) -> (Vec<Statement>, Vec<SyntaxProblem>) {
    let parsing = std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || parse(text))
            .map(std::thread::ScopedJoinHandle::join)
    });
    match parsing {
        Ok(Ok(read)) => read,
        Ok(Err(_)) | Err(_) => {
            let message = "the parser gave up on this file".to_owned();
            (Vec::new(), vec![SyntaxProblem { span: Span { start: 0, end: 1 }, message }])
        }
    }
}

fn parse(text: &str) -> (Vec<Statement>, Vec<SyntaxProblem>) {
    let text = without_meta_commands(text);
    let parsed = SourceFile::parse(&text);
    let problems = parsed
        .errors()
        .into_iter()
        .map(|error| SyntaxProblem {
            span: Span {
                start: error.range().start().into(),
                end: usize::from(error.range().end()),
            },
            message: error.message().to_owned(),
        })
        .collect();
    let mut statements = Vec::new();
    for node in parsed.syntax_node().children() {
        statements.push(read(&node, &Place::File, false));
        changes_within(&node, &mut statements);
        if let Some(body) = ast::Do::cast(node).and_then(|block| block.plpgsql()) {
            nested(&body, &mut statements);
        }
    }
    (statements, problems)
}

/// Reads the statements in the body of a `do` block: they run as if they stood in the file.
fn nested(body: &squawk_syntax::plpgsql::Plpgsql, statements: &mut Vec<Statement>) {
    let place = Place::Body(body);
    for holder in body.syntax().descendants() {
        if matches!(
            holder.kind(),
            SyntaxKind::PLPGSQL_EXEC_SQL_STMT | SyntaxKind::PLPGSQL_PERFORM_STMT
        ) && let Some(node) = holder.children().next()
        {
            statements.push(read(&node, &place, true));
        }
        if holder.kind() == SyntaxKind::PLPGSQL_DYN_EXECUTE_STMT
            && let Some(text) = dynamic::text_of(&holder)
        {
            put_together(&text, node::span(&holder, &place), statements);
        }
    }
}

/// Reads what a block puts together and runs. It stands where that is done.
fn put_together(text: &str, at: Span, statements: &mut Vec<Statement>) {
    if super::unreadable(text).is_some() {
        return;
    }
    let parsed = SourceFile::parse(text);
    let nodes: Vec<SyntaxNode> = parsed.syntax_node().children().collect();
    // Of a block within a block, nothing is told.
    let is_told = parsed.errors().is_empty() && nodes.iter().all(|it| it.kind() != SyntaxKind::DO);
    if is_told {
        statements.extend(nodes.iter().map(|node| read(node, &Place::Within(at), true)));
    }
}

/// Reads the changes of rows that stand in a `with`: they run as the statement does.
fn changes_within(node: &SyntaxNode, statements: &mut Vec<Statement>) {
    let is_change =
        |kind| matches!(kind, SyntaxKind::UPDATE | SyntaxKind::DELETE | SyntaxKind::MERGE);
    let within = node.descendants().skip(1).filter(|inner| {
        is_change(inner.kind())
            && inner.parent().is_some_and(|above| above.kind() == SyntaxKind::WITH_TABLE)
    });
    for change in within {
        statements.push(read(&change, &Place::File, false));
    }
}

fn read(node: &SyntaxNode, place: &Place<'_>, is_nested: bool) -> Statement {
    Statement {
        span: node::span(node, place),
        action: statement::action(node, place),
        transaction: Transaction::Own,
        is_nested,
    }
}

/// Blanks the lines that `psql` takes for itself, such as `\set` and `\connect`.
///
/// Everything keeps its place. A backslash at the start of a line of a text in quotes is blanked too:
/// no rule reads such texts.
fn without_meta_commands(text: &str) -> String {
    let is_meta = |line: &str| {
        let mut characters = line.chars();
        characters.next() == Some('\\') && characters.next().is_some_and(char::is_alphabetic)
    };
    if !text.lines().any(is_meta) {
        return text.to_owned();
    }
    text.split_inclusive('\n')
        .map(|line| {
            if is_meta(line) {
                let kept = if line.ends_with('\n') { "\n" } else { "" };
                " ".repeat(line.len() - kept.len()) + kept
            } else {
                line.to_owned()
            }
        })
        .collect()
}
