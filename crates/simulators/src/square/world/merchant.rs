//! A merchant: everything it has, and how its time passes.

use super::agenda::{Agenda, Task};
use super::catalog::Catalog;
use super::demand::{Trip, rush_trips, trips};
use super::events::{Event, Happening};
use super::ids::Ids;
use super::market::Market;
use super::merchant_config::MerchantConfig;
use super::orders::OrderBook;
use super::payments::PaymentLedger;
use super::refunds::RefundLedger;
use super::stock::Stock;
use super::stores::Stores;
use super::suppliers::{Supplier, known_suppliers};
use super::{night, sales, take_back};
use crate::dice::{Dice, mix};
use crate::square::SquareError;
use crate::square::moment::{DAY, HOUR, MINUTE, Moment};

/// A merchant.
#[derive(Debug)]
pub(crate) struct Merchant {
    pub(crate) config: MerchantConfig,
    /// Its number in the world.
    pub(crate) number: u8,
    pub(crate) seed: u64,
    pub(crate) market: &'static Market,
    pub(crate) ids: Ids,
    pub(crate) founded: Moment,
    pub(crate) stores: Stores,
    pub(crate) catalog: Catalog,
    pub(crate) suppliers: Vec<Supplier>,
    pub(crate) orders: OrderBook,
    pub(crate) payments: PaymentLedger,
    pub(crate) refunds: RefundLedger,
    pub(crate) stock: Stock,
    pub(crate) agenda: Agenda,
    /// How far its time has passed.
    pub(crate) now: Moment,
    /// What happened since it was last asked, if anybody wants to know.
    pub(crate) outbox: Vec<Event>,
    pub(crate) is_observed: bool,
    /// The shoppers of the current hour, the next one last.
    trips: Vec<Trip>,
    next_slot: Moment,
}

impl Merchant {
    /// Founds a merchant that has traded up to `now`.
    pub(crate) fn found(
        config: &MerchantConfig,
        number: u8,
        (seed, now): (u64, Moment),
    ) -> Result<Self, SquareError> {
        config.check()?;
        let market = config.country.market();
        let seed = mix(seed ^ mix(u64::from(number)));
        let opening = config.trading_since.map_or_else(
            || now.plus(-DAY * i64::from(config.history_days)),
            |since| since.min(now),
        );
        let opening = Moment(opening.0.div_euclid(HOUR) * HOUR);
        let stores = Stores::open(config, market, (seed, opening))?;
        let places = (stores.count(), market.price_level);
        let mut merchant = Self {
            config: config.clone(),
            number,
            seed,
            market,
            ids: Ids::new(mix(seed), number),
            founded: opening.plus(-3_000 * DAY),
            catalog: Catalog::found(config.item_count, places, (seed, opening)),
            suppliers: known_suppliers(seed, opening),
            orders: OrderBook::default(),
            payments: PaymentLedger::default(),
            refunds: RefundLedger::default(),
            stock: Stock::new(stores.all.len()),
            agenda: Agenda::default(),
            now: opening,
            outbox: Vec::new(),
            is_observed: false,
            trips: Vec::new(),
            next_slot: opening,
            stores,
        };
        night::open(&mut merchant);
        merchant.agenda.set(opening.plus(9 * MINUTE), Task::Night);
        merchant.advance(now);
        Ok(merchant)
    }

    /// Lets time pass; whether in one step or many makes no difference to what happens.
    pub(crate) fn advance(&mut self, to: Moment) {
        loop {
            let trip = self.next_trip(to);
            let task = self.agenda.next_due().filter(|due| *due <= to);
            match (trip, task) {
                (Some(trip), due) if due.is_none_or(|due| trip < due) => self.serve_shopper(),
                (_, Some(_)) => self.work(),
                _ => break,
            }
        }
        self.now = self.now.max(to);
    }

    /// Starts the dice for one decision about one thing.
    pub(crate) fn dice(&self, purpose: &str, number: u64) -> Dice {
        Dice::new(mix(self.seed ^ mix(number)), purpose)
    }

    /// Writes down what happened, if anybody wants to know.
    pub(crate) fn tell(&mut self, at: Moment, happening: Happening) {
        if self.is_observed {
            self.outbox.push(Event { at, merchant: self.number, happening });
        }
    }

    /// Returns the bytes that orders, payments, refunds, stock and plans take, about.
    pub(crate) fn bytes(&self) -> usize {
        self.orders.bytes()
            + self.payments.bytes()
            + self.refunds.bytes()
            + self.stock.bytes()
            + self.agenda.bytes()
            + self.trips.capacity() * size_of::<Trip>()
    }

    /// Returns when the next shopper comes, if that is not after `to`.
    fn next_trip(&mut self, to: Moment) -> Option<Moment> {
        while self.trips.is_empty() && self.next_slot <= to {
            let demand = (self.seed, self.config.orders_per_day);
            self.trips = trips(&self.stores, demand, self.next_slot);
            if let Some(rush) = &self.config.rush {
                self.trips.extend(rush_trips(&self.stores, (self.seed, rush), self.next_slot));
                self.trips.sort_unstable();
            }
            self.trips.reverse();
            self.next_slot = self.next_slot.plus(HOUR);
        }
        self.trips.last().map(|trip| trip.at).filter(|at| *at <= to)
    }

    fn serve_shopper(&mut self) {
        if let Some(trip) = self.trips.pop() {
            self.now = trip.at;
            sales::serve(self, trip);
        }
    }

    fn work(&mut self) {
        let Some((now, task)) = self.agenda.take() else { return };
        self.now = now;
        match task {
            Task::Upload(sale) => sales::upload(self, *sale),
            Task::Place { order } => sales::place(self, order),
            Task::Amend { order } => sales::amend(self, order),
            Task::Complete { order } => sales::complete(self, order),
            Task::Cancel { order } => sales::cancel(self, order),
            Task::Annotate { order } => sales::annotate(self, order),
            Task::Return { order } => take_back::come_back(self, order),
            Task::Settle { refund, status } => take_back::settle(self, refund, status),
            Task::Deliver { store, variation, quantity } => {
                night::deliver(self, (store, variation), quantity);
            }
            Task::Night => night::round(self),
        }
    }
}
