//! Connections to vendors, as several processes change them at once.

mod notifications;
mod readings;
mod standing;
