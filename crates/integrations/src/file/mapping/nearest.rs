//! Finds the name that a misspelt one was probably meant to be.

/// Returns the candidate closest to `name`, if one is close enough to be what was meant.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let allowed = (wanted.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&wanted, &candidate.to_lowercase(), allowed), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Ends a sentence: with a suggestion, if there is one.
pub(crate) fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(|| ".".to_owned(), |name| format!("; did you mean '{name}'?"))
}

/// Lists names for a message, cut short where there are very many.
pub(crate) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 40;
    let total = names.len();
    let mut text = names.take(SHOWN).collect::<Vec<_>>().join(", ");
    if total > SHOWN {
        text.push_str(&format!(" and {} more", total - SHOWN));
    }
    text
}

/// Counts the insertions, deletions and replacements between two words; gives up beyond `limit`.
fn distance(left: &str, right: &str, limit: usize) -> usize {
    let right: Vec<char> = right.chars().collect();
    let length = left.chars().count();
    if length.abs_diff(right.len()) > limit {
        return limit + 1;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, expected) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, found) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(expected != *found);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let names = ["total_amount", "tax_amount", "quantity"];
        assert_eq!(nearest("quantitty", names), Some("quantity"));
        assert_eq!(nearest("Total_Amount", names), Some("total_amount"));
        assert_eq!(nearest("totl_amount", names), Some("total_amount"));
        assert_eq!(nearest("shoe_size", names), None);
        assert_eq!(nearest("", names), None);
    }

    #[test]
    fn long_lists_are_cut_short() {
        let names: Vec<String> = (0..100).map(|number| number.to_string()).collect();
        assert!(listed(names.iter().map(String::as_str)).ends_with("39 and 60 more"));
        assert_eq!(listed(["a", "b"].into_iter()), "a, b");
    }
}
