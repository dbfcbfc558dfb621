//! The Square connector, against a server that answers what a test tells it to.

mod catalogue;
mod day;
mod failures;
mod fixtures;
mod forgery;
mod history;
mod inventory;
mod large_pages;
mod lines;
mod oauth;
mod refunds;
mod resume;
mod server;
mod shape;
mod shop;
mod stores;
mod throttling;
mod tokens;
mod traps;
mod webhooks;
