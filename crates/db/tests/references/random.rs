//! Many sessions at once, each doing as it likes.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::shop::{REFERENCES, TENANT, begin, delete, id, insert, open, orphan_count};
use crate::fixture::on_every_engine;

const STORES: u32 = 5;
const SESSIONS: u64 = 6;
const STEPS: u32 = 60;

/// A small generator of numbers that look random: the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        // Constants of Knuth's MMIX; the upper half is the better one.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(sides)).unwrap()
    }
}

/// Adds, moves and deletes rows, stores and products; some of it is refused, and that is right.
async fn live(client: Client, seed: u64) -> u32 {
    let mut dice = Dice(seed);
    let mut done = 0;
    for step in 0..STEPS {
        let (series, parent, key_column) = REFERENCES[dice.roll(4) as usize];
        let number = 1 + dice.roll(STORES);
        let key = u32::try_from(seed).unwrap() * 10_000 + step;
        let statement = match dice.roll(10) {
            0..6 => insert(series, number, 1 + dice.roll(STORES), key),
            6 => format!(
                "update {series} set {key_column} = '{}'
                 where {key_column} = '{}'",
                id(number),
                id(1 + dice.roll(STORES))
            ),
            7 => format!("delete from {series} where {key_column} = '{}'", id(number)),
            8 => format!(
                "delete from transactions where {key_column} = '{0}';
                 delete from inventory_levels where {key_column} = '{0}'; {1}",
                id(number),
                delete(parent, key_column, number)
            ),
            _ if parent == "stores" => format!(
                "insert into stores (customer_id, store_id, name, time_zone)
                 values ('{TENANT}', '{}', 'Store', 'UTC') on conflict do nothing",
                id(number)
            ),
            _ => format!(
                "insert into products (customer_id, product_id, name)
                 values ('{TENANT}', '{}', 'Product') on conflict do nothing",
                id(number)
            ),
        };
        begin(&client).await;
        let outcome = client.batch_execute(&statement).await;
        if let Err(error) = &outcome {
            let is_expected = [
                SqlState::FOREIGN_KEY_VIOLATION,
                SqlState::T_R_DEADLOCK_DETECTED,
                SqlState::UNIQUE_VIOLATION,
            ]
            .contains(error.code().unwrap());
            assert!(is_expected, "{statement}: {}", error.as_db_error().unwrap().message());
        }
        let gives_up = outcome.is_err() || dice.roll(6) == 0;
        client.batch_execute(if gives_up { "rollback" } else { "commit" }).await.unwrap();
        done += u32::from(!gives_up);
    }
    done
}

#[tokio::test]
async fn many_sessions_that_add_move_and_delete_leave_no_orphan() {
    on_every_engine(async |fixture| {
        let client = open(fixture, STORES).await;
        let mut sessions = Vec::new();
        for seed in 1..=SESSIONS {
            sessions.push(tokio::spawn(live(fixture.superuser().await, seed)));
        }
        let mut done = 0;
        for session in sessions {
            done += session.await.unwrap();
        }
        assert!(
            done > STEPS,
            "{done} of {} came through",
            STEPS * u32::try_from(SESSIONS).unwrap()
        );
        assert_eq!(orphan_count(&client).await, 0);
    })
    .await;
}
