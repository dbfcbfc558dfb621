//! Attacks on tenants' isolation: the catalog is walked, and whatever is found in it is attacked.
//!
//! Two retailers have rows in every table. Alfa is the attacker: it may run any SQL as the
//! application role, and knows the ids of Bravo's row in `customers`, of its stores, products and the
//! like. All else of Bravo's is marked, so that it is recognised wherever it turns up.
//!
//! Accepted, since PostgreSQL has no way to close it: the planner's estimates, how long a statement
//! takes, `Rows Removed by Filter`, and the sizes and time ranges of chunks tell how much data all
//! tenants have together; a role may end its own sessions and set its own defaults; and compressed
//! chunks of TimescaleDB look for a row's key before the guard view refuses it, so that who knows the
//! whole key of another's row, its tenant included, can find out whether it is there.

mod api_keys;
mod attacker;
mod calls;
mod catalog;
mod chunks;
mod foreign_keys;
mod functions;
mod invariants;
mod leaks;
mod other_roles;
mod proof;
mod reach;
mod retailers;
mod sessions;
mod shadowing;
mod tables;
mod timescale;
mod witness;
