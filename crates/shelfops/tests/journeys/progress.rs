//! Progress is drawn for whoever watches, and for nobody else.

use crate::fixture::{Command, Shop, csv, sales, shop};

/// What wipes a line off, as is done to a bar before it is drawn again.
const ERASE_LINE: &str = "\u{1b}[2K";

/// What goes back a line, as is done to a bar that did not fit on one.
const LINE_UP: &str = "\u{1b}[1A";

fn importing(shop: &Shop) -> Command {
    shop.write("sales.csv", csv(&sales(1..=12_000)));
    let line = "import sales.csv --tenant acme --kind transactions --batch-records 1000";
    shop.command().args(line.split(' '))
}

/// Returns the lines on a terminal that show a bar and how much is done.
fn bars(drawn: &str) -> Vec<&str> {
    let is_bar = |line: &&str| {
        let Some((bar, behind)) = line.split_once('[').and_then(|(_, rest)| rest.split_once(']'))
        else {
            return false;
        };
        let share = behind.trim_start().split_once('%').map(|(share, _)| share.parse::<u8>());
        bar.contains('=')
            && bar.chars().all(|mark| "=> ".contains(mark))
            && share.is_some_and(|share| share.is_ok())
    };
    drawn.split(['\r', '\n']).flat_map(|line| line.split(ERASE_LINE)).filter(is_bar).collect()
}

#[tokio::test]
async fn whoever_watches_an_import_sees_a_bar_on_one_line_that_is_gone_when_it_is_done() {
    let shop = shop().await;
    let answer = importing(&shop).on_terminal("").run().await.succeeds();
    let drawn = bars(&answer.stdout);
    assert!(!drawn.is_empty(), "{answer}");
    for bar in &drawn {
        assert!(bar.contains("sales.csv") && bar.contains("records"), "{bar:?}");
        assert!(bar.chars().count() <= 80, "{bar:?}");
    }
    assert!(!answer.stdout.contains(LINE_UP), "it took more than its line: {answer}");
    let last = answer.stdout.rfind(drawn.last().unwrap()).unwrap();
    let (_, behind) = answer.stdout[last..].split_once(ERASE_LINE).expect("it is wiped off");
    assert!(behind.contains("read 12,000"), "{answer}");
    // In the table too, however narrow: half a number is another one.
    let mut rows = behind.lines().filter(|line| line.starts_with('│'));
    assert!(rows.any(|row| row.contains(" 12,000 ")), "{answer}");
}

#[tokio::test]
async fn whoever_watches_a_demonstration_sees_a_bar_for_each_file() {
    let shop = shop().await;
    let demo = "demo --once --lines 1000";
    let command = shop.command().args(demo.split(' ')).on_terminal("");
    let answer = command.run().await.succeeds();
    let drawn = bars(&answer.stdout);
    for file in ["stores.csv", "products.csv", "transactions.csv", "inventory.csv"] {
        assert!(drawn.iter().any(|bar| bar.contains(file)), "{file}: {answer}");
    }
    assert!(!answer.stdout.contains(LINE_UP), "{answer}");
}

#[tokio::test]
async fn no_bar_is_drawn_where_nobody_watches() {
    let piped = shop().await;
    let answer = importing(&piped).run().await.succeeds();
    assert!(answer.stdout.contains("read 12,000"), "{answer}");
    for text in [&answer.stdout, &answer.stderr] {
        assert!(bars(text).is_empty() && !text.contains('\u{1b}'), "{answer}");
    }
    // What is said goes elsewhere, what is answered to a terminal.
    let redirected = shop().await;
    let answer = importing(&redirected).on_terminal("2>talk").run().await.succeeds();
    let talk = std::fs::read_to_string(redirected.path("talk")).unwrap();
    assert!(answer.stdout.contains("read 12,000") && talk.contains("12,000 read"), "{answer}");
    for text in [&answer.stdout, &talk] {
        assert!(bars(text).is_empty() && !text.contains('\u{1b}'), "{talk}: {answer}");
    }
    let quiet = shop().await;
    let answer = importing(&quiet).args(["--quiet"]).on_terminal("").run().await.succeeds();
    assert!(bars(&answer.stdout).is_empty() && !answer.stdout.contains('\u{1b}'), "{answer}");
}
