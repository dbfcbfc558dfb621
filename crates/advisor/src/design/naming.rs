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
