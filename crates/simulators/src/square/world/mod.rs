//! The world behind the API: merchants that trade as the clock goes on. It knows no HTTP.

pub(crate) mod agenda;
pub(crate) mod amounts;
pub(crate) mod bill;
pub(crate) mod catalog;
pub(crate) mod demand;
pub(crate) mod events;
pub(crate) mod force;
pub(crate) mod forced;
mod forced_sales;
pub(crate) mod ids;
mod lookup;
pub(crate) mod market;
pub(crate) mod merchant;
pub(crate) mod merchant_config;
mod minute_index;
mod night;
pub(crate) mod orders;
pub(crate) mod payments;
mod range;
pub(crate) mod refunds;
mod sales;
mod shopping;
pub(crate) mod stock;
pub(crate) mod stores;
pub(crate) mod suppliers;
mod take_back;

use events::Event;
use merchant::Merchant;
use merchant_config::MerchantConfig;

use super::SquareError;
use super::moment::Moment;

pub(crate) use range::CATEGORIES;

/// Every merchant.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) merchants: Vec<Merchant>,
}

impl World {
    /// Founds the merchants, with their trade up to `now`.
    pub(crate) fn found(
        configs: &[MerchantConfig],
        (seed, now): (u64, Moment),
    ) -> Result<Self, SquareError> {
        let merchants = (0_u8..)
            .zip(configs)
            .map(|(number, config)| Merchant::found(config, number, (seed, now)))
            .collect::<Result<_, _>>()?;
        Ok(Self { merchants })
    }

    /// Lets time pass for everybody.
    pub(crate) fn advance(&mut self, to: Moment) {
        for merchant in &mut self.merchants {
            merchant.advance(to);
        }
    }

    /// Says from now on what happens, or no longer.
    pub(crate) fn observe(&mut self, is_observed: bool) {
        for merchant in &mut self.merchants {
            merchant.is_observed = is_observed;
        }
    }

    /// Takes what happened since last time, in order of time.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        let mut events: Vec<Event> =
            self.merchants.iter_mut().flat_map(|merchant| merchant.outbox.drain(..)).collect();
        events.sort_by_key(|event| event.at);
        events
    }

    /// Returns the merchant with this id.
    pub(crate) fn merchant(&self, id: &str) -> Option<&Merchant> {
        self.merchants.iter().find(|merchant| merchant.config.id == id)
    }

    /// Returns the merchant with this id, to change it.
    pub(crate) fn merchant_mut(&mut self, id: &str) -> Result<&mut Merchant, SquareError> {
        self.merchants
            .iter_mut()
            .find(|merchant| merchant.config.id == id)
            .ok_or_else(|| SquareError::Unknown { what: "merchant", id: id.to_owned() })
    }
}
