//! One file a kind of journey.

mod again;
mod bad_files;
mod bad_text;
mod bad_values;
mod broken_database;
mod connected;
mod convergence;
mod embedded;
mod formats;
mod full_disk;
mod help;
mod interrupted;
mod lint;
mod mapping;
mod memory;
mod migrations;
mod output;
mod quarantine;
mod requests;
mod serve_keys;
mod serve_life;
mod serve_operations;
mod serve_requests;
mod simulate;
mod together;
mod worker;
