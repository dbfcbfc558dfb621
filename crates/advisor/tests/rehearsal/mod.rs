//! Rehearsals against a real server.

mod bench;
mod clones;
mod corpus;
mod dumps;
mod leftovers;
mod lint_corpus;
mod lock_facts;
mod samples;
