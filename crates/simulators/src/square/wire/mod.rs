//! The vendor's JSON, worked out from the world's records when somebody asks.

pub(crate) mod catalog;
pub(crate) mod inventory;
pub(crate) mod location;
pub(crate) mod order;
pub(crate) mod payment;
pub(crate) mod refund;
pub(crate) mod returns;
pub(crate) mod supplier;
