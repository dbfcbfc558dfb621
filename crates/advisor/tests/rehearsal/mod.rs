//! Rehearsals against a real server.

mod bench;
mod clones;
mod corpus;
mod dumps;
mod leftovers;
mod lock_facts;
mod samples;
