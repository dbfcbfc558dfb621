//! Reads Rust just well enough: which text is code, which lines are tests, where functions end.
//!
//! No parser: the code it reads has been through the compiler and rustfmt.

/// A source file with comments and the contents of literals blanked.
#[derive(Debug)]
pub(super) struct RustSource {
    /// As long as the text, line for line and byte for byte.
    code: String,
    /// For each line, whether only tests compile it.
    is_test: Vec<bool>,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    /// The line of its `fn`, from 1.
    pub(super) line: usize,
    /// Its lines, from `fn` to the closing brace.
    pub(super) length: usize,
}

/// What opens an item that only tests compile.
const TEST_ATTRIBUTE: &str = "#[cfg(test)]";

impl RustSource {
    /// Reads a file.
    pub(super) fn new(text: &str) -> Self {
        let code = blank(text);
        let mut is_test = vec![false; code.lines().count()];
        for (start, _) in code.match_indices(TEST_ATTRIBUTE) {
            let end = item_end(&code, start + TEST_ATTRIBUTE.len());
            for line in line_of(&code, start)..=line_of(&code, end) {
                if let Some(flag) = is_test.get_mut(line - 1) {
                    *flag = true;
                }
            }
        }
        Self { code, is_test }
    }

    /// Returns the lines of code that are no tests, with their numbers.
    pub(super) fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..)
            .zip(self.code.lines().zip(&self.is_test))
            .filter(|(_, (_, is_test))| !**is_test)
            .map(|(number, (line, _))| (number, line))
    }

    /// Returns the code, its comments and literals blanked.
    pub(super) fn code(&self) -> &str {
        &self.code
    }

    /// Whether only tests compile this line, counted from 1.
    pub(super) fn is_test_line(&self, line: usize) -> bool {
        self.is_test.get(line - 1).copied().unwrap_or(false)
    }

    /// Returns every function that is no test.
    pub(super) fn functions(&self) -> Vec<Function> {
        let mut functions = Vec::new();
        for (start, _) in self.code.match_indices("fn ") {
            let line = line_of(&self.code, start);
            let follows_word = self.code[..start].ends_with(is_word);
            let name: String =
                self.code[start + 3..].chars().take_while(|next| is_word(*next)).collect();
            if follows_word || name.is_empty() || self.is_test_line(line) {
                continue;
            }
            let end = item_end(&self.code, start);
            let length = line_of(&self.code, end) - line + 1;
            if self.code[end..].starts_with('}') {
                functions.push(Function { name, line, length });
            }
        }
        functions
    }

    /// Returns the names of the modules declared for tests only, in files of their own.
    pub(super) fn test_module_files(&self) -> Vec<String> {
        self.code
            .match_indices(TEST_ATTRIBUTE)
            .filter_map(|(start, _)| {
                let item = &self.code[start + TEST_ATTRIBUTE.len()..];
                let declared = item.split([';', '{']).next()?;
                let name = declared.split_whitespace().skip_while(|word| *word != "mod").nth(1)?;
                item[declared.len()..].starts_with(';').then(|| name.to_owned())
            })
            .collect()
    }
}

/// Returns the line of a byte, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Whether a character can be part of a name.
pub(super) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Returns where the item that starts here ends: at its closing brace, or its semicolon.
fn item_end(code: &str, start: usize) -> usize {
    let (mut braces, mut others) = (0_usize, 0_usize);
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' => others += 1,
            b')' | b']' => others = others.saturating_sub(1),
            b'{' => braces += 1,
            b'}' if braces <= 1 => return at,
            b'}' => braces -= 1,
            b';' if braces == 0 && others == 0 => return at,
            _ => {}
        }
    }
    code.len()
}

/// Replaces comments and the contents of literals by blanks.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = Vec::with_capacity(bytes.len());
    while code.len() < bytes.len() {
        let at = code.len();
        match inert_end(text, at) {
            Some(end) => {
                let is_comment = bytes[at] == b'/';
                let last = end - at - 1;
                for (offset, byte) in bytes[at..end].iter().enumerate() {
                    let is_delimiter = !is_comment && (offset == 0 || offset == last);
                    code.push(if *byte == b'\n' || is_delimiter { *byte } else { b' ' });
                }
            }
            None => code.push(bytes[at]),
        }
    }
    String::from_utf8_lossy(&code).into_owned()
}

/// Returns where the comment or literal that starts at `at` ends, if one does.
fn inert_end(text: &str, at: usize) -> Option<usize> {
    let rest = &text.as_bytes()[at..];
    let follows_word = at > 0 && is_word(char::from(text.as_bytes()[at - 1]));
    match rest {
        [b'/', b'/', ..] => Some(at + find(rest, b"\n").unwrap_or(rest.len())),
        [b'/', b'*', ..] => Some(at + block_comment_length(rest)),
        [b'"', ..] => Some(at + text_length(rest)),
        [b'r', b'"' | b'#', ..] if !follows_word => raw_text_length(rest, 1).map(|end| at + end),
        [b'b' | b'c', b'r', b'"' | b'#', ..] if !follows_word => {
            raw_text_length(rest, 2).map(|end| at + end)
        }
        [b'\'', b'\\', _, ..] => Some(at + 3 + find(&rest[3..], b"'")? + 1),
        [b'\'', first, ..] => {
            let width = text.get(at + 1..).and_then(|rest| rest.chars().next())?.len_utf8();
            // Else it is a lifetime.
            (*first != b'\'' && rest.get(1 + width) == Some(&b'\'')).then_some(at + width + 2)
        }
        _ => None,
    }
}

/// Returns the length of a literal from quote to quote.
fn text_length(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Returns the length of a raw literal whose prefix has so many letters, if it is one.
fn raw_text_length(rest: &[u8], prefix: usize) -> Option<usize> {
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    if rest.get(prefix + hashes) != Some(&b'"') {
        return None;
    }
    let start = prefix + hashes + 1;
    let mut end = vec![b'"'];
    end.resize(1 + hashes, b'#');
    Some(find(&rest[start..], &end).map_or(rest.len(), |length| start + length + end.len()))
}

/// Returns the length of a comment in which others may nest.
fn block_comment_length(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (at, depth) = (at + 2, depth + 1),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    rest.len()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_no_code() {
        let text = "let a = \"fn x() {\"; // fn y() {\nlet b = '{'; /* { /* { */ { */ let c = r#\"}\"}\"#;\n";
        let code = RustSource::new(text).code;
        assert_eq!(code.len(), text.len());
        assert!(!code.contains(['{', '}']), "{code}");
        assert!(code.contains("let c = r"), "{code}");
    }

    #[test]
    fn lifetimes_and_escapes_do_not_confuse() {
        let source = RustSource::new(
            "fn one<'a>(x: &'a str) -> char {\n    let _ = ('\\'', '\"', 'ä', b'{');\n    '}'\n}\nfn two() {}\n",
        );
        let lengths: Vec<_> = source.functions().into_iter().map(|each| each.length).collect();
        assert_eq!(lengths, [4, 1]);
    }

    #[test]
    fn functions_are_measured_and_tests_left_out() {
        let source = RustSource::new(
            "trait T {\n    fn declared(&self);\n}\nfn long(\n    a: [u8; 3],\n) {\n    if true {\n    }\n}\n#[cfg(test)]\nmod tests {\n    fn other() {\n    }\n}\n",
        );
        assert_eq!(source.functions(), [Function { name: "long".to_owned(), line: 4, length: 6 }]);
        assert_eq!(source.product_lines().count(), 9);
    }
}
