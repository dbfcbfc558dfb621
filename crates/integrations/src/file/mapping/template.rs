//! Text made of columns: `{basket_id}:{product_id}`.

/// A template, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    /// The pieces, in order.
    pub(crate) pieces: Vec<Piece>,
}

/// One piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text that stands for itself.
    Literal(String),
    /// A column's value; the whole is absent when it is, unless the placeholder ends in `?`.
    Column {
        /// The column's name.
        name: String,
        /// Whether an absent value leaves a gap instead of making the whole absent.
        is_optional: bool,
    },
}

impl Template {
    /// Whether a plain string in the mapping is a template rather than a column's name.
    pub(crate) fn is_one(text: &str) -> bool {
        text.contains(['{', '}'])
    }

    /// Takes a template apart; `{{` and `}}` stand for braces.
    ///
    /// # Errors
    /// Says which brace has no partner or which placeholder is empty.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let (brace, tail) = (&rest[at..=at], &rest[at + 1..]);
            if let Some(tail) = tail.strip_prefix(brace) {
                literal.push_str(brace);
                rest = tail;
                continue;
            }
            let closed = (brace == "{").then(|| tail.split_once('}')).flatten();
            let Some((name, tail)) = closed else {
                return Err(format!(
                    "'{text}' has a brace without its partner: write a column as {{name}}, a \
                     brace as {{{{ or }}}}"
                ));
            };
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(Self::placeholder(text, name)?);
            rest = tail;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self { pieces })
    }

    /// Returns the names of the columns it uses.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Column { name, .. } => Some(name.as_str()),
        })
    }

    fn placeholder(template: &str, written: &str) -> Result<Piece, String> {
        let (name, is_optional) =
            written.strip_suffix('?').map_or((written, false), |name| (name, true));
        let name = name.trim();
        if name.is_empty() || name.contains('{') {
            return Err(format!("'{template}' has a placeholder that names no column"));
        }
        Ok(Piece::Column { name: name.to_owned(), is_optional })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_name_columns_and_double_braces_are_braces() {
        let template = Template::parse("{a}:{b?} {{x}}").unwrap();
        assert_eq!(
            template.pieces,
            [
                Piece::Column { name: "a".into(), is_optional: false },
                Piece::Literal(":".into()),
                Piece::Column { name: "b".into(), is_optional: true },
                Piece::Literal(" {x}".into()),
            ]
        );
        assert_eq!(template.columns().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_lonely_brace_is_refused() {
        for text in ["{a", "a}", "{}", "{?}", "{a{b}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
