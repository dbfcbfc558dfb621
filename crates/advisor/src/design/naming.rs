//! What a column means, by how it is called.

use super::spec::Meaning;

/// What was read out of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// What it means.
    pub(super) meaning: Meaning,
    /// Whether nothing in the name says so.
    pub(super) is_assumed: bool,
}

/// Endings, each with what a name that has it means. The first that fits counts.
const ENDINGS: &[(&[&str], Meaning)] = &[
    (&["_id"], Meaning::Id),
    (&["_at", "_time", "timestamp", "_from", "_until"], Meaning::Moment),
    (&["_on", "date", "day", "birthday"], Meaning::Date),
    (&["price", "cost", "amount", "total", "revenue", "spend", "fee", "budget"], Meaning::Money),
    (&["share", "rate", "ratio"], Meaning::Share),
    (
        &["count", "points", "visits", "visitors", "units", "pieces", "score", "capacity", "seats"],
        Meaning::Count,
    ),
    (&["_ordered", "_received"], Meaning::Count),
    (&["quantity", "weight", "volume", "stock", "length", "width", "height"], Meaning::Quantity),
    (&["_days", "_hours", "_minutes", "_seconds"], Meaning::Quantity),
    (&["temperature", "humidity", "latitude", "longitude", "rating", "delta"], Meaning::Number),
    (&["payload", "metadata", "attributes", "settings", "document"], Meaning::Document),
    (
        &[
            "status", "state", "kind", "type", "code", "source", "tier", "level", "category",
            "channel",
        ],
        Meaning::Code,
    ),
    (
        &["name", "email", "phone", "title", "description", "address", "city", "note", "notes"],
        Meaning::Text,
    ),
    (&["comment", "reason", "url", "label"], Meaning::Text),
];

/// What takes time: how much, and not when. In which unit, the name does not say, so that is to be asked.
const SPANS: &[&str] = &[
    "lead_time",
    "delivery_time",
    "waiting_time",
    "response_time",
    "handling_time",
    "processing_time",
    "transit_time",
    "cycle_time",
];

/// Reads a name; what says nothing is taken for text, and that is to be asked.
pub(super) fn meaning_of(name: &str) -> Read {
    let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    let known = |meaning| Read { meaning, is_assumed: false };
    if begins(&["is_", "has_"]) || name == "active" {
        return known(Meaning::Flag);
    }
    if name == "currency" {
        return known(Meaning::Currency);
    }
    if begins(&["number_of_"]) {
        return known(Meaning::Count);
    }
    if SPANS.iter().any(|span| name.ends_with(span)) {
        return Read { meaning: Meaning::Number, is_assumed: true };
    }
    let ends = |word: &&str| {
        name.strip_suffix(*word)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('_') || word.starts_with('_'))
    };
    ENDINGS
        .iter()
        .find(|(endings, _)| endings.iter().any(ends))
        .map_or(Read { meaning: Meaning::Text, is_assumed: true }, |(_, meaning)| known(*meaning))
}

/// Returns the singular of an English word, by its ending.
pub(super) fn singular(word: &str) -> String {
    if matches!(word, "series" | "species") {
        return word.to_owned();
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 2) {
        return format!("{stem}y");
    }
    for ending in ["sses", "shes", "ches", "xes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_owned();
        }
    }
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 2 && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_something_takes_is_no_moment_and_its_unit_is_asked() {
        let lead = Read { meaning: Meaning::Number, is_assumed: true };
        assert_eq!(meaning_of("lead_time"), lead);
        assert_eq!(meaning_of("average_delivery_time"), lead);
        let told = Read { meaning: Meaning::Quantity, is_assumed: false };
        assert_eq!(meaning_of("lead_time_days"), told);
        let moment = Read { meaning: Meaning::Moment, is_assumed: false };
        assert_eq!(meaning_of("arrival_time"), moment);
    }

    #[test]
    fn words_are_made_singular_by_their_endings() {
        for (many, one) in [
            ("deliveries", "delivery"),
            ("series", "series"),
            ("boxes", "box"),
            ("promotions", "promotion"),
            ("status", "status"),
        ] {
            assert_eq!(singular(many), one);
        }
    }
}
