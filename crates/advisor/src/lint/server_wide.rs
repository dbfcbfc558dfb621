//! Statements about the server as a whole: roles, databases, tablespaces, settings of all.

use super::script::{Token, tokens};

/// What such statements begin with.
const OF_SERVER: &[&[&str]] = &[
    &["alter", "database"],
    &["alter", "group"],
    &["alter", "role"],
    &["alter", "subscription"],
    &["alter", "system"],
    &["alter", "tablespace"],
    &["alter", "user"],
    &["create", "database"],
    &["create", "group"],
    &["create", "role"],
    &["create", "subscription"],
    &["create", "tablespace"],
    &["create", "user"],
    &["drop", "database"],
    &["drop", "group"],
    &["drop", "owned"],
    &["drop", "role"],
    &["drop", "subscription"],
    &["drop", "tablespace"],
    &["drop", "user"],
    &["reassign", "owned"],
];

/// Functions that reach the whole server, whichever statement calls them.
const FUNCTIONS: &[&str] = &[
    "lo_export",
    "pg_cancel_backend",
    "pg_promote",
    "pg_reload_conf",
    "pg_rotate_logfile",
    "pg_switch_wal",
    "pg_terminate_backend",
];

/// How many words of a statement are shown.
const SHOWN: usize = 8;

/// Returns the beginning of the first statement in a text that is not about one database alone.
pub fn belongs_to_server(text: &str) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    // What stands in dollar quotes is code where it is the body of a block or a function: only that of a
    // block runs at once, and telling them apart is not worth the risk.
    for (_, token) in tokens(text) {
        match token {
            Token::Sign(b';') => {
                if is_of_server(&words) {
                    return Some(shown(&words));
                }
                words.clear();
            }
            Token::Word(word) => words.push(word.to_ascii_lowercase()),
            Token::Quoted(_) => words.push("…".to_owned()),
            Token::Body(body) => {
                if let Some(found) = belongs_to_server(body) {
                    return Some(found);
                }
            }
            Token::Sign(_) => {}
        }
    }
    is_of_server(&words).then(|| shown(&words))
}

fn shown(words: &[String]) -> String {
    let from = start(words);
    words[from..].iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// Returns where a statement begins behind the words of a block's control flow.
fn start(words: &[String]) -> usize {
    let begins = |at: &usize| {
        matches!(words[*at].as_str(), "grant" | "revoke" | "copy")
            || OF_SERVER.iter().any(|known| {
                words[*at..].iter().map(String::as_str).take(known.len()).eq(known.iter().copied())
            })
    };
    let follows = |at: &usize| {
        *at == 0 || matches!(words[at - 1].as_str(), "begin" | "then" | "else" | "loop")
    };
    let is_user_mapping = |at: &usize| words.get(at + 2).is_some_and(|word| word == "mapping");
    (0..words.len())
        .find(|at| follows(at) && begins(at) && !is_user_mapping(at))
        .unwrap_or_default()
}

fn is_of_server(words: &[String]) -> bool {
    if words.iter().any(|word| FUNCTIONS.contains(&word.as_str())) {
        return true;
    }
    let words = &words[start(words)..];
    let word = |place: usize| words.get(place).map_or("", String::as_str);
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    match (word(0), word(1)) {
        (_, "user") if word(2) == "mapping" => false,
        // Membership: rights are granted on something.
        ("grant" | "revoke", _) => !has("on"),
        ("copy", _) => has("program") || words.windows(2).any(|pair| pair == ["to", "…"]),
        (first, second) => OF_SERVER.contains(&[first, second].as_slice()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_copy_cannot_keep_apart_is_found() {
        for sql in [
            "create role clerk",
            "select 1; ALTER USER \"Clerk\" password 'x'",
            "drop group g",
            "grant managers to clerk",
            "revoke managers from clerk",
            "drop owned by clerk",
            "reassign owned by a to b",
            "alter system set work_mem = '1GB'",
            "create subscription s connection 'x' publication p",
            "copy stores from program 'true'",
            "copy stores to '/tmp/stores'",
            "select pg_terminate_backend(pid) from pg_stat_activity",
            "do $$ begin perform pg_reload_conf(); end $$",
            "/* so */ create -- then\n database d",
            "do $$ begin grant managers to clerk; end $$",
            "do $$ begin if true then create role clerk; end if; end $$",
        ] {
            assert!(belongs_to_server(sql).is_some(), "{sql}");
        }
        for sql in [
            "grant select on stores to clerk",
            "alter default privileges grant select on tables to clerk",
            "comment on table stores is 'create role clerk; drop database d'",
            "create user mapping for clerk server other",
            "alter table stores owner to clerk",
            "copy stores from stdin",
            "copy (select name || ' to ' from stores where city = 'x') to stdout with (delimiter '|')",
            "comment on table stores is 'pg_terminate_backend'",
            "set local role clerk",
        ] {
            assert_eq!(belongs_to_server(sql), None, "{sql}");
        }
        assert_eq!(belongs_to_server("create role a; drop table b").unwrap(), "create role a");
    }
}
