//! The job queue: what tenants put, how workers share it, what survives their deaths, and schedules.

mod hands;
mod putting;
mod schedules;
mod steering;
mod working;
