//! The vendor that is read from: a stand-in in a process of its own, tenants that are connected to it,
//! and what it sends.

mod connected;
mod notifier;
mod reading;
mod stand_in;

pub(crate) use connected::{Connected, WEBHOOK_KEY, WEBHOOKS, callback, free_address};
pub(crate) use notifier::{Course, Shop, Told, notify};
pub(crate) use reading::{Pace, Read, fixed, read};
pub(crate) use stand_in::{Vendor, force, merchant};
