//! Everything that the endpoints share: world, clock, authority, limits, faults, events, log.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::Notify;

use super::SquareError;
use super::clock::Clock;
use super::config::SquareConfig;
use super::faults::FaultState;
use super::moment::Moment;
use super::oauth::Authority;
use super::request_log::RequestLog;
use super::throttle::Throttle;
use super::webhooks::EventDesk;
use super::world::World;
use super::world::events::{Event, Happening, Revoker};

/// A simulator's state. Locks are taken in the order of the fields and never across an await.
#[derive(Debug)]
pub(crate) struct Simulation {
    pub(crate) config: SquareConfig,
    pub(crate) clock: Clock,
    world: RwLock<World>,
    authority: Mutex<Authority>,
    events: Mutex<EventDesk>,
    faults: Mutex<FaultState>,
    throttle: Mutex<Throttle>,
    requests: Mutex<RequestLog>,
    /// Up to when the world has traded.
    traded_to: AtomicI64,
    /// Wakes whoever sends webhooks.
    pub(crate) wake: Notify,
    /// What webhooks are sent with.
    pub(crate) client: reqwest::Client,
    /// Held by whoever sends webhooks.
    pub(crate) sending: tokio::sync::Mutex<()>,
}

impl Simulation {
    /// Makes up the world of a configuration, or refuses it.
    pub(crate) fn found(config: SquareConfig) -> Result<Self, SquareError> {
        config.check()?;
        let start = config.start;
        let mut world = World::found(&config.merchants, (config.seed, start))?;
        let events = EventDesk::new(&config);
        // Refused when somebody has installed a provider already, and that one serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(config.webhook_timeout())
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|_| SquareError::Ended("HTTP client"))?;
        world.observe(events.is_interested());
        Ok(Self {
            clock: Clock::new(start, config.speed),
            world: RwLock::new(world),
            authority: Mutex::new(Authority::new(&config)),
            events: Mutex::new(events),
            faults: Mutex::new(FaultState::new(config.faults.clone())),
            throttle: Mutex::new(Throttle::new()),
            requests: Mutex::new(RequestLog::default()),
            traded_to: AtomicI64::new(start.millis()),
            wake: Notify::new(),
            client,
            sending: tokio::sync::Mutex::new(()),
            config,
        })
    }

    /// Lets the world trade up to the clock's time, and returns that.
    pub(crate) async fn catch_up(self: &Arc<Self>) -> Result<Moment, SquareError> {
        let now = self.clock.now();
        if self.traded_to.load(Ordering::Acquire) >= now.millis() {
            return Ok(now);
        }
        let simulation = Arc::clone(self);
        tokio::task::spawn_blocking(move || simulation.trade(now))
            .await
            .map_err(|_| SquareError::Ended("world"))?;
        Ok(now)
    }

    fn trade(&self, now: Moment) {
        let mut world = self.world_mut();
        world.advance(now);
        let events = world.take_events();
        self.traded_to.fetch_max(now.millis(), Ordering::AcqRel);
        self.publish(&world, events);
    }

    /// Changes the world and tells what happened.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut World) -> Result<T, SquareError>,
    ) -> Result<T, SquareError> {
        let mut world = self.world_mut();
        let result = change(&mut world);
        let events = world.take_events();
        self.publish(&world, events);
        result
    }

    /// Ends an application's authorization by a merchant, and tells the application.
    pub(crate) fn revoke(&self, application: u8, merchant_id: &str, revoker: Revoker) -> bool {
        let world = self.world_mut();
        let Some(merchant) = world.merchant(merchant_id) else { return false };
        let was_authorized = self.authority().revoke_all(application, merchant_id);
        let at = self.clock.now();
        let happening = Happening::AuthorizationRevoked { application, revoker };
        let event = Event { at, merchant: merchant.number, happening };
        if was_authorized {
            self.publish(&world, vec![event]);
        }
        was_authorized
    }

    fn publish(&self, world: &World, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let authority = self.authority();
        let mut desk = self.events();
        let faults = self.faults();
        for event in events {
            let merchant = &world.merchants[usize::from(event.merchant)].config.id;
            desk.publish(event, merchant, &authority, faults.plan());
        }
        desk.forget(self.clock.now());
        self.wake.notify_one();
    }

    /// Turns the recording of events on or off, as the event desk's interest demands.
    pub(crate) fn observe(&self) {
        let mut world = self.world_mut();
        let is_interested = self.events().is_interested();
        world.observe(is_interested);
    }

    /// Returns the world, to read it.
    pub(crate) fn world(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn world_mut(&self) -> RwLockWriteGuard<'_, World> {
        self.world.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what applications may do.
    pub(crate) fn authority(&self) -> MutexGuard<'_, Authority> {
        self.authority.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what was told to applications.
    pub(crate) fn events(&self) -> MutexGuard<'_, EventDesk> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what goes wrong.
    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultState> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how many requests are let through.
    pub(crate) fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the last requests.
    pub(crate) fn requests(&self) -> MutexGuard<'_, RequestLog> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
