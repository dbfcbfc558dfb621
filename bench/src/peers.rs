//! Other advisors: each is a command that prints the indexes it would make, which are built and measured.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::time::Instant;

use anyhow::{Context as _, bail};
use shelfops_advisor::advice::Statement;
use shelfops_advisor::proof::{Copy, Measured, compare};
use tokio_postgres::Client;

use crate::Arguments;

/// What all indexes take.
const INDEX_BYTES: &str = "
    select coalesce(sum(pg_relation_size(indexrelid)), 0)::bigint
    from pg_stat_user_indexes";

/// The tables with an index on an expression, which has statistics from the next analysis on.
const WITH_EXPRESSIONS: &str = "
    select distinct indrelid::regclass::text
    from pg_index
    join pg_stat_user_indexes using (indexrelid)
    where indexprs is not null";

/// Another advisor, and how to run it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    /// What it is called in the report.
    pub(crate) name: String,
    /// What the shell runs.
    command: String,
}

impl FromStr for Peer {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (name, command) = text.split_once('=').unwrap_or_default();
        let (name, command) = (name.trim(), command.trim());
        if name.is_empty() || command.is_empty() {
            bail!("a peer is given as NAME=COMMAND");
        }
        Ok(Self { name: name.to_owned(), command: command.to_owned() })
    }
}

/// What came of a peer's advice.
pub(crate) struct Outcome {
    /// What the peer is called.
    pub(crate) peer: String,
    /// How long its command ran.
    pub(crate) seconds: f64,
    /// How many indexes were built.
    pub(crate) built: usize,
    /// How many the server refused to build.
    pub(crate) refused: usize,
    /// How many bytes the built ones take.
    pub(crate) bytes: i64,
    /// What was measured with them, by the statements' names.
    pub(crate) measured: BTreeMap<String, Measured>,
}

/// Lets a peer advise on a database, builds there what it names, and measures.
///
/// Fails where the peer does. The database is spoilt.
pub(crate) async fn measure(
    peer: &Peer,
    place: &Copy,
    statements: &[Statement],
    arguments: &Arguments,
) -> anyhow::Result<Outcome> {
    let file = std::path::absolute(arguments.directory.join("workload.sql"))?;
    std::fs::write(&file, written(statements))?;
    let client = place.address.connect("bench").await?;
    // Before it is asked: its command might build some itself.
    let before = index_bytes(&client).await?;
    let started = Instant::now();
    let named = peer.advise(place.address.url(), &file, arguments.budget_mb)?;
    let seconds = started.elapsed().as_secs_f64();
    let built = build(&client, &named).await?;
    let bytes = index_bytes(&client).await? - before;
    client.batch_execute("checkpoint").await?;
    let measured = measured(&client, place, statements).await?;
    let refused = named.len() - built;
    Ok(Outcome { peer: peer.name.clone(), seconds, built, refused, bytes, measured })
}

impl Peer {
    /// Runs its command; answers the statements that make the indexes it named.
    fn advise(&self, url: &str, file: &Path, budget_mb: u64) -> anyhow::Result<Vec<String>> {
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("{} \"$@\"", self.command))
            .args([&self.name, url])
            .arg(file)
            .arg(budget_mb.to_string())
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .context("running the shell")?;
        if !output.status.success() {
            bail!("its command ended with {}", output.status);
        }
        indexes(&String::from_utf8(output.stdout).context("reading what it printed")?)
    }
}

/// Reads the indexes out of what a peer printed, one a line.
fn indexes(printed: &str) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for line in printed.lines().map(str::trim) {
        if line.is_empty() || line.starts_with("--") {
            continue;
        }
        let mut words = line.split_whitespace();
        let mut next_is = |word: &str| words.next().is_some_and(|it| it.eq_ignore_ascii_case(word));
        if !(next_is("create") && next_is("index")) {
            bail!("it printed «{line}» where «create index …» was expected");
        }
        found.push(line.to_owned());
    }
    Ok(found)
}

/// Writes a workload as peers read it, each statement below its name.
fn written(statements: &[Statement]) -> String {
    statements.iter().map(|it| format!("-- {}\n{};\n\n", it.name, it.sql)).collect()
}

/// Builds indexes; answers how many the server did not refuse.
async fn build(client: &Client, named: &[String]) -> anyhow::Result<usize> {
    let mut built = 0;
    for statement in named {
        match client.batch_execute(statement).await {
            Ok(()) => {
                eprintln!("  built: {statement}");
                built += 1;
            }
            Err(error) => match error.as_db_error() {
                Some(said) => eprintln!("  refused: {statement} ({})", said.message()),
                None => return Err(error.into()),
            },
        }
    }
    for row in client.query(WITH_EXPRESSIONS, &[]).await? {
        client.batch_execute(&format!("analyze {}", row.get::<_, String>(0))).await?;
    }
    Ok(built)
}

async fn index_bytes(client: &Client) -> anyhow::Result<i64> {
    Ok(client.query_one(INDEX_BYTES, &[]).await?.get(0))
}

/// Measures statements as a proof does. The advisor compares two at a time, so two are measured at a time.
async fn measured(
    client: &Client,
    place: &Copy,
    statements: &[Statement],
) -> anyhow::Result<BTreeMap<String, Measured>> {
    let mut measured = BTreeMap::new();
    for pair in statements.chunks(2) {
        let (Some(one), Some(other)) = (pair.first(), pair.last()) else { continue };
        let both = compare(client, place, (one, other)).await?;
        measured.insert(one.name.clone(), both.before);
        measured.insert(other.name.clone(), both.after);
    }
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn peer(command: &str) -> Peer {
        Peer { name: "other".to_owned(), command: command.to_owned() }
    }

    #[test]
    fn peers_are_given_as_often_as_there_are_any() {
        let given = ["bench", "tpch", "--peer", "other=run --with=all", "--peer", " a b = c "];
        let arguments = Arguments::try_parse_from(given).unwrap();
        assert_eq!(arguments.scenarios, ["tpch"]);
        let named = |name: &str, command: &str| Peer { name: name.to_owned(), ..peer(command) };
        assert_eq!(arguments.peers, [named("other", "run --with=all"), named("a b", "c")]);
    }

    #[test]
    fn a_peer_without_a_name_or_a_command_is_refused() {
        for text in ["run", "=run", "other=", " = "] {
            let refused = Arguments::try_parse_from(["bench", "--peer", text]).unwrap_err();
            assert!(refused.to_string().contains("NAME=COMMAND"), "{refused}");
        }
    }

    #[test]
    fn indexes_are_read_one_a_line() {
        let printed = "\n-- two\n CREATE  INDEX ON public.t USING btree (a) \n\
                       create index concurrently b on t (b) include (c);\n";
        assert_eq!(
            indexes(printed).unwrap(),
            [
                "CREATE  INDEX ON public.t USING btree (a)",
                "create index concurrently b on t (b) include (c);"
            ]
        );
        assert!(indexes("").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_index_is_refused_and_shown() {
        for line in ["drop table t", "create table t ()", "createindex on t (a)", "nothing found"] {
            let refused = indexes(&format!("create index on t (a)\n{line}\n")).unwrap_err();
            assert!(refused.to_string().contains(line), "{refused}");
        }
    }

    #[test]
    fn a_peer_is_told_the_address_the_workload_and_the_budget_after_its_own_arguments() {
        let command = r#"printf 'create index on "%s" ("%s", "%s", "%s")\n' mine"#;
        let named = peer(command).advise("postgresql:///shop", Path::new("/a b.sql"), 700).unwrap();
        assert_eq!(named, [r#"create index on "mine" ("postgresql:///shop", "/a b.sql", "700")"#]);
    }

    #[test]
    fn a_peer_that_fails_names_no_index() {
        let failing = peer("echo 'create index on t (a)'; exit 3 #");
        let failed = failing.advise("postgresql:///shop", Path::new("a.sql"), 700).unwrap_err();
        assert!(failed.to_string().contains('3'), "{failed}");
    }

    #[test]
    fn a_written_workload_is_read_as_it_was() {
        let read = shelfops_advisor::advice::statements("-- daily\nselect ';'; -- q2\nselect 2");
        let again = shelfops_advisor::advice::statements(&written(&read));
        let texts = |all: &[Statement]| -> Vec<(String, String)> {
            all.iter().map(|it| (it.name.clone(), it.sql.clone())).collect()
        };
        assert_eq!(texts(&read), texts(&again));
        assert_eq!(again.len(), 2);
    }
}
