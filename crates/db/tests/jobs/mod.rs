//! The job queue: what tenants put, how workers share it, what survives their deaths, and schedules.

pub(crate) mod hands;
mod putting;
mod schedules;
mod steering;
mod working;
