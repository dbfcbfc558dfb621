//! Any text is taken apart without a panic, and places are where they are.

use super::{Action, MOST_OPERATORS, Script, Span, Transaction};

#[test]
fn statements_keep_their_places() {
    let script = Script::parse("a.sql", "-- first\n\nselect 1;\n  -- then\n  drop table t ;\n");
    let places: Vec<&str> =
        script.statements.iter().map(|statement| script.slice(statement.span)).collect();
    assert_eq!(places, ["select 1", "drop table t"]);
    assert_eq!(script.position(script.statements[1].span.start), (5, 3));
}

#[test]
fn columns_count_characters_and_places_inside_one_are_its_start() {
    let script = Script::parse("a.sql", "select 'ä€', 1;");
    let one = script.text.find('1').unwrap();
    assert_eq!(script.position(one), (1, 14));
    assert_eq!(script.slice(Span { start: 9, end: 9 }), "");
}

#[test]
fn what_the_parser_refuses_is_a_problem_and_the_rest_is_read() {
    let script = Script::parse("a.sql", "alter tabel x;\ndrop table t;");
    assert!(!script.problems.is_empty());
    assert!(script.statements.iter().any(|it| matches!(it.action, Action::Drop(_))));
}

#[test]
fn lines_of_psql_are_passed_over() {
    let script = Script::parse("a.sql", "\\set quiet on\n\\connect shop\ndrop table t;\n");
    assert!(script.problems.is_empty(), "{:?}", script.problems);
    assert_eq!(script.position(script.statements[0].span.start), (3, 1));
}

#[test]
fn statements_of_a_do_block_are_read_where_they_stand() {
    let text = "do $$\nbegin\n    update t set a = 1;\nend\n$$;";
    let script = Script::parse("a.sql", text);
    let nested = script.statements.iter().find(|it| it.is_nested).unwrap();
    assert!(matches!(nested.action, Action::ChangeRows(_)));
    assert_eq!(script.slice(nested.span), "update t set a = 1");
}

#[test]
fn transactions_are_told_apart() {
    let text =
        "select 1; begin; select 2; commit; select 3; start transaction; select 4; rollback;";
    let mut script = Script::parse("a.sql", text);
    script.settle_transactions(false);
    let found: Vec<Transaction> = script.statements.iter().map(|it| it.transaction).collect();
    let (own, first, second) =
        (Transaction::Own, Transaction::Explicit(1), Transaction::Explicit(2));
    assert_eq!(found, [own, first, first, first, own, second, second, second]);
    script.settle_transactions(true);
    assert_eq!(script.statements[0].transaction, Transaction::Runner);
}

#[test]
fn texts_that_would_exhaust_the_stack_are_refused_or_read() {
    let chain = |link: &str, count: usize| format!("select {}1;", link.repeat(count));
    for text in [
        format!("select {}1{};", "(".repeat(100_000), ")".repeat(100_000)),
        chain("- ", 200_000),
        chain("not ", 200_000),
        chain("1 || ", 200_000),
        chain("- ", MOST_OPERATORS - 10),
        chain("not ", MOST_OPERATORS - 10),
        chain("1 || ", MOST_OPERATORS / 3),
        "(".repeat(150),
        "'".to_owned(),
        "$$".to_owned(),
        "/* ".repeat(50_000),
        String::new(),
        "\u{0}".to_owned(),
    ] {
        let script = Script::parse("a.sql", text);
        let _ = script.statements.len();
    }
}

#[test]
fn every_prefix_of_a_migration_is_read_without_a_panic() {
    let text = "create table \"Ä\" (id int8 references o (x) on delete cascade, b numeric(1,2)[]);\n\
        alter table only s.t add constraint c foreign key (a, b) references o not valid, drop e;\n\
        do $x$ begin execute format('drop %s', 'a'); for r in select 1 loop null; end loop; end $x$;\n\
        create policy p on t as restrictive for all to public using (a = 1) with check (true);";
    let mut ends: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
    ends.push(text.len());
    for end in ends {
        let script = Script::parse("a.sql", &text[..end]);
        for statement in &script.statements {
            let _ = script.slice(statement.span);
        }
    }
}

#[test]
fn a_quote_in_a_comment_or_a_body_does_not_hide_how_deep_a_text_is() {
    let deep = "(".repeat(100_000);
    for text in [
        format!("-- don't\nselect {deep}"),
        format!("/* don't */ select {deep}"),
        format!("select $x$don't$x$, {deep}"),
        format!("do $$ begin perform 'it''s', {deep}; end $$"),
        format!("select e'\\'', {deep}"),
    ] {
        let script = Script::parse("a.sql", text);
        assert!(script.problems[0].message.contains("nested"), "{:?}", script.problems);
    }
    assert!(Script::parse("a.sql", format!("select '{deep}' -- {deep}")).problems.is_empty());
}
