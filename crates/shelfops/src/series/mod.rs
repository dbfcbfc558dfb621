//! Plans for time series: what the server says, what the advisor makes of it, and how it is told.

mod page;
mod planned;
mod troubles;

pub(crate) use page::page;
pub(crate) use planned::{Change, SeriesPlan, plan};
pub(crate) use troubles::{UPKEEP, troubles};
