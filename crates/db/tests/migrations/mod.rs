//! Migrations on real databases: there and back, twice, at once, and when they fail.

mod concurrent;
mod engine_choice;
mod failing;
mod ledger;
mod there_and_back;
