//! Advice for any PostgreSQL: what to change, and why. It knows no tenant's data and changes nothing.

pub mod lint;
