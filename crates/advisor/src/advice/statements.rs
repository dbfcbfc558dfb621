//! Takes a file of statements apart.

use squawk_syntax::SourceFile;

use super::Statement;

/// The stack of the thread that parses: the parser descends once for each level of an expression.
const STACK_BYTES: usize = 64 << 20;

/// The longest comment that is taken for a name.
const LONGEST_NAME: usize = 40;

/// Takes a text apart into its statements. A short comment on the line before a statement names it.
pub fn statements(text: &str) -> Vec<Statement> {
    let read = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        thread.spawn_scoped(scope, || spans(text)).ok()?.join().ok()
    });
    // What the parser gives up on is left to the server, which says better what is wrong.
    let spans = read.unwrap_or_else(|| vec![(0, text.len())]);
    let mut statements = Vec::with_capacity(spans.len());
    let mut done = 0;
    for (start, end) in spans {
        let sql = text.get(start..end).unwrap_or_default().trim().trim_end_matches(';').trim_end();
        let before = text.get(done..start).unwrap_or_default();
        done = end;
        if !sql.is_empty() {
            let name =
                named(before).unwrap_or_else(|| format!("statement {}", statements.len() + 1));
            statements.push(Statement { name, sql: sql.to_owned(), ..Statement::default() });
        }
    }
    statements
}

fn spans(text: &str) -> Vec<(usize, usize)> {
    let parsed = SourceFile::parse(text);
    let nodes = parsed.syntax_node().children();
    nodes
        .map(|node| {
            let span = crate::rewrites::tree::span(&node);
            (span.start, span.end)
        })
        .collect()
}

fn named(before: &str) -> Option<String> {
    let line = before.trim_end().lines().last()?;
    let name = line.trim().strip_prefix("--")?.trim();
    (!name.is_empty() && name.len() <= LONGEST_NAME).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_apart_and_named_by_the_comment_before() {
        let text =
            "-- A workload.\n\n-- daily sales\nselect ';' as a; select 2\n;\n-- last\nselect 3";
        let read: Vec<(String, String)> =
            statements(text).into_iter().map(|it| (it.name, it.sql)).collect();
        let pair = |name: &str, sql: &str| (name.to_owned(), sql.to_owned());
        assert_eq!(
            read,
            [
                pair("daily sales", "select ';' as a"),
                pair("statement 2", "select 2"),
                pair("last", "select 3")
            ]
        );
        assert!(statements("  -- nothing\n").is_empty());
    }
}
