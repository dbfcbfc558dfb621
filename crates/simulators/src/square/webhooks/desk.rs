//! What happened, who wants to know, and what is still to be sent.

use std::collections::VecDeque;

use super::queue::{Delivery, DeliveryQueue};
use super::retries::{RetryReason, delay_after};
use crate::dice::mix;
use crate::square::config::{SquareConfig, SubscriptionConfig};
use crate::square::faults::FaultPlan;
use crate::square::moment::{DAY, Moment};
use crate::square::oauth::Authority;
use crate::square::world::events::{Event, Happening};

/// How long events can be searched for.
const KEPT: i64 = 28 * DAY;

/// A subscription.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    pub(super) id: String,
    pub(super) application: u8,
    pub(super) url: String,
    pub(super) key: String,
    /// None means all.
    pub(super) event_types: Vec<String>,
    pub(super) created: Moment,
    pub(super) is_deleted: bool,
}

/// An event that is remembered.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoggedEvent {
    pub(super) event: Event,
    /// The applications that may know of it, as bits.
    applications: u64,
}

/// The desk.
#[derive(Debug)]
pub(crate) struct EventDesk {
    seed: u64,
    subscriptions: Vec<Subscription>,
    log: VecDeque<LoggedEvent>,
    /// The number of the oldest event that is remembered.
    first: u64,
    queue: DeliveryQueue,
    /// The applications whose events can be searched for, as bits.
    searchable: u64,
    delivered: u64,
    dropped: u64,
}

impl EventDesk {
    /// Sets up the desk with the subscriptions of a configuration.
    pub(crate) fn new(config: &SquareConfig) -> Self {
        let mut desk = Self {
            seed: config.seed,
            subscriptions: Vec::new(),
            log: VecDeque::new(),
            first: 0,
            queue: DeliveryQueue::default(),
            searchable: 0,
            delivered: 0,
            dropped: 0,
        };
        for subscription in &config.subscriptions {
            let SubscriptionConfig { client_id, notification_url, signature_key, event_types } =
                subscription;
            let application =
                config.applications.iter().position(|each| each.client_id == *client_id);
            let application = application.unwrap_or_default() as u8;
            let key = Some(signature_key.clone());
            let to = (notification_url.clone(), event_types.clone());
            desk.subscribe(application, to, key, config.start);
        }
        desk
    }

    /// Adds a subscription and returns its number.
    pub(super) fn subscribe(
        &mut self,
        application: u8,
        (url, event_types): (String, Vec<String>),
        key: Option<String>,
        created: Moment,
    ) -> usize {
        let number = self.subscriptions.len();
        let id = format!("wbhk_{:016x}", mix(self.seed ^ mix(number as u64 + 1)));
        let key = key.unwrap_or_else(|| format!("{:016x}", mix(self.seed ^ mix(!(number as u64)))));
        let is_deleted = false;
        self.subscriptions.push(Subscription {
            id,
            application,
            url,
            key,
            event_types,
            created,
            is_deleted,
        });
        number
    }

    /// Returns the subscriptions of an application, with their numbers.
    pub(super) fn subscriptions(
        &self,
        application: u8,
    ) -> impl Iterator<Item = (usize, &Subscription)> {
        self.subscriptions
            .iter()
            .enumerate()
            .filter(move |(_, each)| each.application == application && !each.is_deleted)
    }

    /// Returns a subscription of an application, to change it.
    pub(super) fn subscription_mut(
        &mut self,
        application: u8,
        id: &str,
    ) -> Option<&mut Subscription> {
        self.subscriptions
            .iter_mut()
            .find(|each| each.application == application && each.id == id && !each.is_deleted)
    }

    /// Returns a subscription by number, unless it was deleted.
    pub(super) fn subscription(&self, number: u32) -> Option<&Subscription> {
        self.subscriptions.get(number as usize).filter(|each| !each.is_deleted)
    }

    /// Makes an application's events searchable, or no longer.
    pub(super) fn set_searchable(&mut self, application: u8, is_searchable: bool) {
        let bit = 1 << application;
        self.searchable =
            if is_searchable { self.searchable | bit } else { self.searchable & !bit };
    }

    /// Whether an application's events are searchable.
    pub(super) const fn is_searchable(&self, application: u8) -> bool {
        self.searchable & (1 << application) != 0
    }

    /// Whether anybody wants to know what happens.
    pub(crate) fn is_interested(&self) -> bool {
        self.searchable != 0 || self.subscriptions.iter().any(|each| !each.is_deleted)
    }

    /// Remembers an event, and plans who is told when.
    pub(crate) fn publish(
        &mut self,
        event: Event,
        merchant_id: &str,
        authority: &Authority,
        faults: &FaultPlan,
    ) {
        let may_know = |application: u8| match event.happening {
            Happening::AuthorizationRevoked { application: meant, .. } => application == meant,
            _ => authority.covers(application, merchant_id, scope(&event.happening)),
        };
        let mut applications = 0;
        for application in (0..authority.applications.len() as u8).filter(|at| may_know(*at)) {
            applications |= 1 << application;
        }
        if applications == 0 {
            return;
        }
        let number = self.first + self.log.len() as u64;
        self.log.push_back(LoggedEvent { event, applications });
        let name = event.happening.type_name();
        for (at, subscription) in self.subscriptions.iter().enumerate() {
            let wants = subscription.event_types.is_empty()
                || subscription.event_types.iter().any(|each| each == name);
            let is_told = applications & (1 << subscription.application) != 0;
            if subscription.is_deleted || !wants || !is_told {
                continue;
            }
            for delay in faults.webhook_fate(number, at).delays {
                self.queue.add(Delivery {
                    due: event.at.plus(delay),
                    event: number,
                    subscription: at as u32,
                    attempt: 0,
                    first: Moment::NEVER,
                    reason: None,
                });
            }
        }
    }

    /// Forgets events that are too old to be searched for.
    pub(crate) fn forget(&mut self, now: Moment) {
        while self.log.front().is_some_and(|each| each.event.at < now.plus(-KEPT)) {
            self.log.pop_front();
            self.first += 1;
        }
    }

    /// Returns an event that is remembered.
    pub(super) fn event(&self, number: u64) -> Option<&LoggedEvent> {
        self.log.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// Returns the events that an application may search, with their numbers, the oldest first.
    pub(super) fn events(
        &self,
        application: u8,
    ) -> impl DoubleEndedIterator<Item = (u64, &LoggedEvent)> {
        (0..self.log.len())
            .map(|at| (self.first + at as u64, &self.log[at]))
            .filter(move |(_, each)| each.applications & (1 << application) != 0)
    }

    /// Returns the id of an event, the same every time it is sent.
    pub(super) fn event_id(&self, number: u64) -> String {
        let (high, low) = (mix(self.seed ^ mix(number)), mix(mix(number) ^ mix(self.seed)));
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff
        )
    }

    /// Takes webhooks that are due.
    pub(super) fn take_due(&mut self, now: Moment, most: usize) -> Vec<Delivery> {
        std::iter::from_fn(|| self.queue.take_due(now)).take(most).collect()
    }

    /// Writes down how an attempt went: it is done, will be made again, or was the last.
    pub(super) fn attempted(
        &mut self,
        delivery: Delivery,
        failure: Option<RetryReason>,
        now: Moment,
    ) {
        let Some(reason) = failure else {
            self.delivered += 1;
            return;
        };
        match delay_after(delivery.attempt) {
            Some(delay) => self.queue.add(Delivery {
                due: now.plus(delay),
                attempt: delivery.attempt + 1,
                first: if delivery.first.is_set() { delivery.first } else { now },
                reason: Some(reason),
                ..delivery
            }),
            None => self.dropped += 1,
        }
    }

    /// Returns how many webhooks wait, arrived, and were given up.
    pub(crate) fn counts(&self) -> (usize, u64, u64) {
        (self.queue.count(), self.delivered, self.dropped)
    }
}

/// Returns the scope that an application needs to be told.
const fn scope(happening: &Happening) -> &'static str {
    match happening {
        Happening::OrderCreated { .. } | Happening::OrderUpdated { .. } => "ORDERS_READ",
        Happening::PaymentCreated { .. }
        | Happening::PaymentUpdated { .. }
        | Happening::RefundCreated { .. }
        | Happening::RefundUpdated { .. } => "PAYMENTS_READ",
        Happening::CountUpdated(_) => "INVENTORY_READ",
        Happening::CatalogUpdated => "ITEMS_READ",
        Happening::LocationUpdated { .. } | Happening::AuthorizationRevoked { .. } => {
            "MERCHANT_PROFILE_READ"
        }
        Happening::VendorUpdated { .. } => "VENDOR_READ",
    }
}
