//! A grocery retailer's exports, made up: of the shape of real ones, with their kinds of dirt.
//!
//! The files look like those of a chain's year that were published for study: basket lines with
//! discounts, a catalogue that is not complete, fuel sold by the thousandth of a unit. What is made
//! up hangs together: baskets empty shelves, empty shelves cause orders, orders come late or short,
//! and the stock counts show it. All of it follows from a seed, to the byte.

mod benchmark;
mod calendar;
mod catalogue;
mod config;
mod csv_file;
mod departments;
mod dirt;
mod error;
mod exports;
mod flavours;
mod inventory;
mod pricing;
mod promotions;
mod purchase_orders;
mod retailer;
mod shopping;
mod stock;
mod stores;
mod suppliers;
mod transactions;

use crate::dice;

pub use benchmark::{Benchmark, write_benchmark};
pub use config::GroceryConfig;
pub use csv_file::ExportedFile;
pub use dirt::{Dirt, DirtKind};
pub use error::GroceryError;
pub use exports::{Exports, write_exports};
pub use flavours::Flavour;
pub use transactions::CleanTotals;
