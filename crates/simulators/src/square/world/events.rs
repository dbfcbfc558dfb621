//! What happened that the vendor tells applications about.

use super::orders::State;
use super::stock::Changed;
use crate::square::moment::Moment;

/// Who took an authorization back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revoker {
    Application,
    Merchant,
}

/// Something that happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happening {
    OrderCreated { order: u32, version: u16, state: State },
    OrderUpdated { order: u32, version: u16, state: State },
    PaymentCreated { payment: u32 },
    PaymentUpdated { payment: u32 },
    RefundCreated { refund: u32 },
    RefundUpdated { refund: u32 },
    CountUpdated(Changed),
    CatalogUpdated,
    LocationUpdated { store: u16 },
    VendorUpdated { supplier: u16 },
    AuthorizationRevoked { application: u8, revoker: Revoker },
}

/// Something that happened to a merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) at: Moment,
    pub(crate) merchant: u8,
    pub(crate) happening: Happening,
}

impl Happening {
    /// Returns the vendor's name of the event.
    pub(crate) const fn type_name(&self) -> &'static str {
        match self {
            Self::OrderCreated { .. } => "order.created",
            Self::OrderUpdated { .. } => "order.updated",
            Self::PaymentCreated { .. } => "payment.created",
            Self::PaymentUpdated { .. } => "payment.updated",
            Self::RefundCreated { .. } => "refund.created",
            Self::RefundUpdated { .. } => "refund.updated",
            Self::CountUpdated(_) => "inventory.count.updated",
            Self::CatalogUpdated => "catalog.version.updated",
            Self::LocationUpdated { .. } => "location.updated",
            Self::VendorUpdated { .. } => "vendor.updated",
            Self::AuthorizationRevoked { .. } => "oauth.authorization.revoked",
        }
    }
}

/// Every type of event there is, by name.
pub(crate) const EVENT_TYPES: &[&str] = &[
    "catalog.version.updated",
    "inventory.count.updated",
    "location.updated",
    "oauth.authorization.revoked",
    "order.created",
    "order.updated",
    "payment.created",
    "payment.updated",
    "refund.created",
    "refund.updated",
    "vendor.updated",
];
