//! Rehearsals against a real server.

mod bench;
mod clones;
mod dumps;
mod leftovers;
mod samples;
