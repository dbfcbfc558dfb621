//! What holds for all rules: comments that allow, halves that take back, runners, how findings read.

use super::{Finding, Input, Profile, Report, Runner, SchemaState, Severity, lint, sarif, text};

fn judged(files: &[(&str, &str)], profile: &Profile) -> Report {
    let judged = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let input = Input { judged: judged.collect(), ..Input::default() };
    lint(input, SchemaState::default(), profile)
}

fn plain(text: &str) -> Report {
    judged(&[("1_x.sql", text)], &Profile::default())
}

fn loud(report: &Report) -> Vec<&Finding> {
    report.findings.iter().filter(|finding| finding.severity > Severity::Note).collect()
}

fn runner() -> Profile {
    Profile {
        runner: Some(Runner {
            without_transaction: "shelfops:no-transaction".to_owned(),
            sets_lock_timeout: true,
        }),
        ..Profile::default()
    }
}

#[test]
fn a_finding_shows_its_line_why_it_matters_and_what_to_do() {
    let report = plain("-- New.\ncreate index orders_at\n    on orders (placed_at);\n");
    let expected = "\
error[index-without-concurrently]: building this index keeps writers of `orders` waiting
 --> 1_x.sql:2:1
  |
2 | create index orders_at
  | ^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: add `concurrently`, in a file that runs outside a transaction; drop the invalid index
          it leaves behind should it fail
  = why: A plain CREATE INDEX holds a SHARE lock on the table for as long as it reads and sorts
         all rows: every insert, update and delete waits, and pools run dry behind them. On a
         table that the same script made nobody waits.

";
    assert_eq!(text(&report), expected);
}

#[test]
fn carets_stay_below_their_characters_in_long_lines_and_with_tabs() {
    let note = "x".repeat(200);
    let report = plain(&format!("\tcomment on table orders is '{note}'; drop table orders;"));
    let shown = text(&report);
    let lines: Vec<&str> = shown.lines().collect();
    let code = lines.iter().position(|line| line.contains("drop table orders")).unwrap();
    let place = lines[code].find("drop table").unwrap();
    assert_eq!(lines[code + 1].find('^'), Some(place), "{shown}");
}

#[test]
fn a_comment_with_a_reason_allows_and_one_without_does_not() {
    let allowed = plain("-- shelfops:allow drop-table because nobody reads it\ndrop table orders;");
    assert!(loud(&allowed).is_empty(), "{:?}", allowed.findings);
    assert_eq!(allowed.allowed, 1);
    let without = plain("-- shelfops:allow drop-table\ndrop table orders;");
    let rules: Vec<&str> = loud(&without).iter().map(|it| it.rule).collect();
    assert_eq!(rules, ["suppression", "drop-table"]);
    let other = plain("-- shelfops:allow drop-colum because nobody reads it\ndrop table orders;");
    assert!(text(&other).contains("there is no rule 'drop-colum'"));
}

#[test]
fn a_comment_above_a_part_of_a_statement_allows_there() {
    let report = plain(
        "create table prices (\n    id bigint primary key,\n    \
         -- shelfops:allow money-type because the old report wants it\n    a money,\n    b money\n);",
    );
    let lines: Vec<usize> = loud(&report).iter().map(|it| it.line).collect();
    assert_eq!(lines, [5]);
}

#[test]
fn what_a_client_sends_or_takes_is_no_file_of_the_server() {
    for sql in [
        "copy orders (id) from stdin with (format csv, null 'program');",
        "copy (select note || ' to program ' from orders where note = 'x') to stdout (delimiter '|');",
    ] {
        let report = plain(sql);
        assert!(report.findings.is_empty(), "{sql}: {:?}", report.findings);
    }
}

#[test]
fn a_comment_that_nothing_needs_is_noted() {
    let report = plain("-- shelfops:allow drop-table because of old\nselect 1;");
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].severity, Severity::Note);
}

#[test]
fn a_list_beside_the_files_allows_in_those_that_must_not_be_touched() {
    let mut input = Input {
        judged: vec![("m/1_x.sql".to_owned(), "drop table orders;".to_owned())],
        ..Input::default()
    };
    let list = "# landed\n1_x.sql: drop-table because it was empty\n";
    input.allowed.insert("m/1_x.sql".to_owned(), list.to_owned());
    let report = lint(input, SchemaState::default(), &Profile::default());
    assert!(loud(&report).is_empty(), "{:?}", report.findings);
}

#[test]
fn a_half_that_takes_back_may_destroy_what_its_other_half_made() {
    let up = "create table orders (id bigint primary key);";
    let files = [("1_x.up.sql", up), ("1_x.down.sql", "drop table orders;")];
    assert!(loud(&judged(&files, &runner())).is_empty());
    // What comes behind meets the table all the same.
    let files = [
        ("1_x.up.sql", up),
        ("1_x.down.sql", "drop table orders;"),
        ("2_y.up.sql", "create index orders_id on orders (id);"),
    ];
    let report = judged(&files, &runner());
    let rules: Vec<&str> = loud(&report).iter().map(|it| it.rule).collect();
    assert_eq!(rules, ["index-without-concurrently", "missing-down", "redundant-index"]);
}

#[test]
fn a_runner_opens_a_transaction_unless_the_head_of_the_file_says_otherwise() {
    let index = "create index concurrently orders_at on orders (at);";
    let marked = format!("-- shelfops:no-transaction\n{index}");
    let down = ("1_x.down.sql", "drop index concurrently orders_at;");
    let rules = |text: &str| {
        let files = [("1_x.up.sql", text), down];
        let report = judged(&files, &runner());
        let found: Vec<&str> = report
            .findings
            .iter()
            .filter(|it| it.path.ends_with(".up.sql"))
            .map(|it| it.rule)
            .collect();
        found
    };
    assert_eq!(rules(index), ["concurrently-in-transaction"]);
    assert_eq!(rules(&marked), [""; 0]);
    assert!(plain(index).findings.is_empty());
}

#[test]
fn earlier_files_say_what_a_later_one_meets() {
    let files = [
        ("1_x.sql", "create table places (id bigint primary key, name varchar(50));"),
        ("2_y.sql", "alter table places alter column name type varchar(80);"),
        ("3_z.sql", "alter table places alter column name type varchar(20);"),
    ];
    let report = judged(&files, &Profile::default());
    let loud: Vec<(&str, &str)> =
        loud(&report).iter().map(|it| (it.path.as_str(), it.rule)).collect();
    assert_eq!(loud, [("3_z.sql", "type-change-rewrite")]);
}

#[test]
fn another_words_for_the_tenant_is_found_out() {
    let table = |name: &str| {
        format!(
            "create table {name} (tenant_id uuid not null, id bigint, primary key (tenant_id, id));\n\
             alter table {name} enable row level security;\n\
             alter table {name} force row level security;\n\
             create policy own on {name} using (tenant_id = current_setting('app.t')::uuid);\n"
        )
    };
    let profile = Profile {
        tenant_column: Some("customer_id".to_owned()),
        requires_tenants: true,
        ..Profile::default()
    };
    let both = format!("{}{}", table("stores"), table("orders"));
    assert!(loud(&judged(&[("1_x.sql", &both)], &profile)).is_empty());
    let missing = "create table reviews (id bigint primary key);";
    let report = judged(&[("1_x.sql", &both), ("2_y.sql", missing)], &profile);
    assert!(text(&report).contains("`reviews` has no `tenant_id`"), "{}", text(&report));
}

#[test]
fn views_lose_names_and_schemas_as_tables_do() {
    for (text, rule) in [
        ("alter materialized view totals rename column total to amount;", "rename-column"),
        ("alter view totals set schema reports;", "rename-table"),
        ("alter type colour set schema reports;", "rename-table"),
        ("alter materialized view totals set access method other;", "storage-rewrite"),
    ] {
        let report = plain(text);
        let rules: Vec<&str> = loud(&report).iter().map(|it| it.rule).collect();
        assert_eq!(rules, [rule], "{text}");
    }
}

#[test]
fn what_a_block_puts_together_is_judged_where_it_does() {
    let report = plain(
        "do $$\nbegin\n    execute 'create index orders_at on orders (at)';\n    execute statement;\nend $$;",
    );
    let found: Vec<(&str, usize)> = report.findings.iter().map(|it| (it.rule, it.line)).collect();
    assert_eq!(found, [("index-without-concurrently", 3), ("dynamic-sql-unchecked", 4)]);
}

#[test]
fn a_membership_is_one_however_it_is_written() {
    let given = "create table orders (tenant_id uuid not null, id bigint, primary key (tenant_id, id));\n\
        alter table orders enable row level security, force row level security;\n\
        create policy own on orders using (tenant_id = current_setting('app.t')::uuid);\n\
        alter table orders owner to tables;\ngrant select on orders to app, \"Clerk\";\n";
    let members = |text: &str| {
        let report = plain(&format!("{given}{text}"));
        let found =
            report.findings.into_iter().filter(|it| it.rule == "membership-lifts-isolation");
        found.map(|it| (it.severity, it.message)).collect::<Vec<_>>()
    };
    for text in [
        "grant tables to app;",
        "grant readers, tables to app with admin option;",
        "alter group tables add user app;",
        "create role tables role app;",
        "create role tables nologin admin app;",
        "create role tables user app;",
        "create group tables with user app;",
        "alter role app with login; grant tables to group app;",
        "grant tables to \"Clerk\";",
    ] {
        let found = members(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert_eq!(found[0].0, Severity::Error, "{text}");
        assert!(found[0].1.contains("the rights of their owner `tables`"), "{text}: {found:?}");
    }
    for text in [
        "grant readers to app;",
        "alter group readers add user app;",
        "alter group tables drop user app;",
        "create role readers role app admin tables;",
        "create role tables role shop_migrator;",
        "revoke tables from app;",
        "alter group tables rename to app;",
        "alter table orders owner to tables;",
    ] {
        assert_eq!(members(text), [], "{text}");
    }
    for text in ["alter table orders owner to app;", "reassign owned by tables to app;"] {
        assert_eq!(members(text).len(), 1, "{text}");
    }
}

#[test]
fn sarif_names_the_rule_the_place_and_the_help() {
    let log = sarif(&plain("drop table orders cascade;"));
    assert_eq!(log["version"], "2.1.0");
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "drop-cascade");
    assert_eq!(result["level"], "error");
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!((region["startLine"].as_u64(), region["endColumn"].as_u64()), (Some(1), Some(26)));
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), super::RULES.len() + 2);
}

#[test]
fn every_rule_has_a_page() {
    let pages = super::pages();
    assert_eq!(pages.len(), super::RULES.len() + 3);
    for (name, page) in &pages {
        assert!(page.ends_with('\n') && page.starts_with("# "), "{name}");
    }
}

#[test]
fn constraints_have_the_names_that_the_server_gives_them() {
    let text = "create table t (a int references o, b int check (b > 0), primary key (a));\n\
        alter table t drop constraint t_b_check;";
    let script = super::Script::parse("a.sql", text);
    let mut state = SchemaState::default();
    for statement in &script.statements {
        state.apply(statement, &Profile::default());
    }
    let table = state.table(&super::script::Name::parse("t")).unwrap();
    let names: Vec<&str> = table.constraints.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["t_a_fkey", "t_pkey"]);
}
