//! References from time series to stores and products, which triggers keep instead of foreign keys.

mod checks;
mod interleavings;
mod random;
mod shop;
