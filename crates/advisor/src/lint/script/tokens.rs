//! Walks over a text without parsing it: what is code, and what is a text in quotes or a comment.

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lint) enum Token<'t> {
    /// A keyword, a name without quotes or a number.
    Word(&'t str),
    /// A name in quotes or a text in quotes, with them.
    Quoted(&'t str),
    /// What stands between dollar quotes: a text, and often code.
    Body(&'t str),
    /// Anything else that is no space and no comment.
    Sign(u8),
}

/// Returns the pieces of a text with their places. What is not closed reaches to the end.
pub(in crate::lint) fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, at: 0 }
}

/// The pieces of a text.
pub(in crate::lint) struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Tokens<'t> {
    type Item = (usize, Token<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        loop {
            let start = self.at;
            let byte = *bytes.get(start)?;
            let rest = &bytes[start..];
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0c => self.at += 1,
                _ if rest.starts_with(b"--") => {
                    self.at =
                        rest.iter().position(|it| *it == b'\n').map_or(bytes.len(), |n| start + n);
                }
                _ if rest.starts_with(b"/*") => self.at = start + comment(rest),
                b'\'' | b'"' => {
                    self.at = start + quoted(rest, byte, false);
                    return Some((start, Token::Quoted(&self.text[start..self.at])));
                }
                b'e' | b'E' if rest.get(1) == Some(&b'\'') => {
                    self.at = start + 1 + quoted(&rest[1..], b'\'', true);
                    return Some((start, Token::Quoted(&self.text[start..self.at])));
                }
                b'$' if let Some(tag) = dollar_tag(&self.text[start..]) => {
                    let inside = start + tag.len();
                    let end = self.text[inside..].find(tag).map_or(bytes.len(), |n| inside + n);
                    self.at = (end + tag.len()).min(bytes.len());
                    return Some((inside, Token::Body(&self.text[inside..end])));
                }
                _ if is_word(byte) => {
                    let length = rest.iter().position(|it| !is_word(*it) && *it != b'$');
                    self.at = length.map_or(bytes.len(), |n| start + n);
                    return Some((start, Token::Word(&self.text[start..self.at])));
                }
                _ => {
                    self.at += 1;
                    return Some((start, Token::Sign(byte)));
                }
            }
        }
    }
}

/// Letters beyond ASCII may stand in names; all of their bytes are.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Returns the length of a comment; comments nest.
fn comment(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if rest[at..].starts_with(b"*/") {
            (at, depth) = (at + 2, depth - 1);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Returns the length of a text in quotes; a doubled quote is a part of it.
fn quoted(rest: &[u8], quote: u8, has_escapes: bool) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' if has_escapes => at += 2,
            byte if byte == quote && rest.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Returns the `$tag$` that a text begins with.
fn dollar_tag(rest: &str) -> Option<&str> {
    let end = 1 + rest[1..].find('$')?;
    let tag = &rest[1..end];
    let is_tag = tag.bytes().all(is_word) && !tag.starts_with(|first: char| first.is_ascii_digit());
    is_tag.then(|| &rest[..=end])
}

/// Puts a text into lower case but for what stands in quotes.
pub(in crate::lint) fn folded(text: &str) -> String {
    let mut folded = text.to_owned();
    for (start, token) in tokens(text) {
        if let Token::Word(word) = token {
            folded.replace_range(start..start + word.len(), &word.to_ascii_lowercase());
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_comments_and_bodies_are_told_from_code() {
        let text = "A 'b''c' -- d'\n/* e /* ' */ */ E'\\'f' \"G\"\"H\" $x$ i' $x$ (j)";
        let found: Vec<Token<'_>> = tokens(text).map(|(_, token)| token).collect();
        assert_eq!(
            found,
            [
                Token::Word("A"),
                Token::Quoted("'b''c'"),
                Token::Quoted("E'\\'f'"),
                Token::Quoted("\"G\"\"H\""),
                Token::Body(" i' "),
                Token::Sign(b'('),
                Token::Word("j"),
                Token::Sign(b')'),
            ]
        );
        assert_eq!(tokens("'open").count() + tokens("$a$open").count() + tokens("e'\\").count(), 3);
    }

    #[test]
    fn only_what_is_in_no_quotes_is_folded() {
        assert_eq!(
            folded("STATE = 'Open' AND \"Kind\" <> 'É'"),
            "state = 'Open' and \"Kind\" <> 'É'"
        );
    }
}
