//! Reads tenants' systems: connecting, syncing, notifications, comparing with the vendor.
//!
//! What runs here is called by operations and by jobs alike.

mod applications;
mod authorise;
mod connections;
mod failure;
mod grants;
mod intake;
mod key_cabinet;
mod keys;
mod notifications;
mod precedence;
mod reconcile;
mod reseal;
mod stream;
mod token_store;

pub(crate) use applications::{ApplicationFile, Applications};
pub(crate) use authorise::{
    begin_authorisation, check, complete_authorisation, disconnect, refresh_token,
};
pub(crate) use connections::Connections;
pub(crate) use failure::{asked_pause, kind};
pub(crate) use intake::{Intake, NotificationError};
pub(crate) use keys::{KeySettings, add_key};
pub(crate) use notifications::process_notifications;
pub(crate) use precedence::Precedence;
pub(crate) use reconcile::{Days, ReconcileReport, reconcile};
pub(crate) use reseal::reseal;
pub(crate) use stream::{SyncReport, SyncRequest, sync_stream};
