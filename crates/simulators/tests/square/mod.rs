//! The simulator over plain HTTP, as any client would see it.

mod catalog;
mod client;
mod consent;
mod control;
mod faults;
mod inventory;
mod limits;
mod oracle;
mod orders;
mod payments;
mod receiver;
mod refresh;
mod scale;
mod scopes;
mod search_rules;
mod webhooks;
mod world;
