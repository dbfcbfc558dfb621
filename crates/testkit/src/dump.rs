//! Dumps a schema as text in which equal schemas are equal.

use std::path::PathBuf;
use std::process::Command;

use shelfops_embedded_postgres::Installation;

use crate::embedded::off_the_runtime;
use crate::error::TestkitError;

/// Settings of the session that restores the dump: they say more about `pg_dump` than of the schema.
const SESSION_SETTINGS: &[&str] = &[
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "transaction_timeout",
    "client_encoding",
    "standard_conforming_strings",
    "check_function_bodies",
    "xmloption",
    "client_min_messages",
    "row_security",
    "default_tablespace",
    "default_table_access_method",
];

/// How the lines begin that `pg_dump` writes for people, and those that vary from run to run.
const NOISE: &[&str] = &[
    "-- Dumped ",
    "-- PostgreSQL database dump",
    "-- Name: ",
    "-- TOC entry ",
    "-- Started on ",
    "-- Completed on ",
    "\\restrict ",
    "\\unrestrict ",
    "SELECT pg_catalog.set_config('search_path', '', false);",
];

/// Returns the schema of a database as SQL, without owners, session settings and comment lines.
///
/// Grants, and comments on objects, are part of a schema and stay.
pub async fn pg_dump(url: &str) -> Result<String, TestkitError> {
    let url = url.to_owned();
    off_the_runtime(move || {
        let mut command = Command::new(Installation::find()?.program("pg_dump"));
        command.args(["--schema-only", "--no-owner", "--dbname"]).arg(url);
        let output = command.output().map_err(TestkitError::DumpCommand)?;
        if !output.status.success() {
            let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(TestkitError::Dump { output });
        }
        Ok(normalised(&String::from_utf8_lossy(&output.stdout)))
    })
    .await
}

/// Returns where PostgreSQL's programs are, for tests of what runs them.
pub async fn program_directory() -> Result<PathBuf, TestkitError> {
    off_the_runtime(|| Ok(Installation::find()?.binary_directory().to_owned())).await
}

/// Removes noise, and all but one of several blank lines.
fn normalised(dump: &str) -> String {
    let mut text = String::new();
    for line in dump.lines().filter(|line| !is_noise(line)) {
        if !line.is_empty() || !(text.is_empty() || text.ends_with("\n\n")) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn is_noise(line: &str) -> bool {
    let set = line.strip_prefix("SET ").and_then(|setting| setting.split_once(" = "));
    line == "--"
        || NOISE.iter().any(|noise| line.starts_with(noise))
        || set.is_some_and(|(name, _)| SESSION_SETTINGS.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_schema_is_left() {
        let dump = "--\n-- PostgreSQL database dump\n--\n\n\\restrict Xyz\n\n\
                    -- Dumped from database version 15.20\n\nSET statement_timeout = 0;\n\
                    SELECT pg_catalog.set_config('search_path', '', false);\n\n\n\
                    SET default_tablespace = '';\n\n\
                    --\n-- Name: stores; Type: TABLE; Schema: public; Owner: -\n--\n\n\
                    CREATE TABLE public.stores (\n    name text\n);\n\n\n\
                    GRANT SELECT ON TABLE public.stores TO clerk;\n\n\\unrestrict Xyz\n\n";
        assert_eq!(
            normalised(dump),
            "CREATE TABLE public.stores (\n    name text\n);\n\n\
             GRANT SELECT ON TABLE public.stores TO clerk;\n"
        );
    }

    #[test]
    fn comments_and_updates_inside_a_function_stay() {
        let function = "CREATE FUNCTION f() AS $$\n-- why it does so\nUPDATE t\nSET a = 1\n$$;\n";
        assert_eq!(normalised(function), function);
    }
}
