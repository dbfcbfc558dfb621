//! Starts the simulator, serves it, and stops it.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::DATE;
use axum::http::{HeaderValue, Response};
use axum::middleware::{from_fn_with_state, map_response_with_state};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::config::SquareConfig;
use super::control::{ControlState, GrantRequest, Granted};
use super::faults::FaultPlan;
use super::moment::Moment;
use super::oracle::{Oracle, OracleTotals};
use super::request_log::LoggedRequest;
use super::simulation::Simulation;
use super::webhooks::send_due;
use super::world::force::Force;
use super::{SquareError, api, control, oauth, webhooks};

/// How often a running clock lets the world trade and sends webhooks.
const BEAT: Duration = Duration::from_millis(25);

/// How long open connections may finish when the simulator stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// The simulator of the vendor's API.
#[derive(Debug)]
pub struct Simulator;

/// A running simulator; it ends when this is dropped.
#[derive(Debug)]
pub struct SimulatorHandle {
    address: SocketAddr,
    simulation: Arc<Simulation>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    heart: JoinHandle<()>,
}

impl Simulator {
    /// Makes up the world of a configuration, with its history, and serves it.
    ///
    /// Returns once requests are answered.
    pub async fn start(config: SquareConfig) -> Result<SimulatorHandle, SquareError> {
        let wanted = config.address;
        let founding = tokio::task::spawn_blocking(move || Simulation::found(config));
        let simulation = Arc::new(founding.await.map_err(|_| SquareError::Ended("founding"))??);
        let refused = |source| SquareError::Listen { address: wanted, source };
        let listener = TcpListener::bind(wanted).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let (stop, stopped) = watch::channel(false);
        let router = router(&simulation);
        let server = tokio::spawn(serve_until(listener, router, stopped.clone()));
        let heart = tokio::spawn(beat(Arc::clone(&simulation), stopped));
        tracing::info!(%address, "square simulator listens");
        Ok(SimulatorHandle { address, simulation, stop, server, heart })
    }
}

/// Serves a simulator until `shutdown` is ready; tells its address first.
pub async fn serve(
    config: SquareConfig,
    started: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()>,
) -> Result<(), SquareError> {
    let handle = Simulator::start(config).await?;
    started(handle.address());
    shutdown.await;
    handle.stop().await;
    Ok(())
}

impl SimulatorHandle {
    /// Returns where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL that stands for the vendor's host.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the simulated time.
    pub fn now(&self) -> Moment {
        self.simulation.clock.now()
    }

    /// Moves the clock on; when this returns, the world has traded and due webhooks were sent.
    pub async fn advance(&self, by: Duration) -> Result<Moment, SquareError> {
        control::advance(&self.simulation, by).await
    }

    /// Sets the clock to a later time, with the same effect.
    pub async fn set_clock(&self, moment: Moment) -> Result<Moment, SquareError> {
        control::set_clock(&self.simulation, moment).await
    }

    /// Lets the clock run at a speed from now on; nought stops it.
    pub fn run(&self, speed: f64) -> Result<(), SquareError> {
        control::run(&self.simulation, speed)
    }

    /// Starts another plan of faults, from its beginning.
    pub fn set_faults(&self, plan: FaultPlan) -> Result<(), SquareError> {
        control::set_faults(&self.simulation, plan)
    }

    /// Makes something happen to a merchant now; answers with the id of what came of it.
    pub async fn force(
        &self,
        merchant_id: &str,
        force: &Force,
    ) -> Result<Option<String>, SquareError> {
        control::force(&self.simulation, merchant_id, force).await
    }

    /// Lets a merchant take an application's authorization back; tells whether it had one.
    pub async fn revoke(&self, merchant_id: &str, client_id: &str) -> Result<bool, SquareError> {
        control::revoke(&self.simulation, merchant_id, client_id).await
    }

    /// Issues tokens as if a merchant had consented.
    pub fn grant(&self, request: &GrantRequest) -> Result<Granted, SquareError> {
        control::grant(&self.simulation, request)
    }

    /// Tells everything about a merchant.
    pub async fn oracle(&self, merchant_id: &str) -> Result<Oracle, SquareError> {
        self.simulation.catch_up().await?;
        let world = self.simulation.world();
        let unknown = || SquareError::Unknown { what: "merchant", id: merchant_id.to_owned() };
        Ok(Oracle::of(world.merchant(merchant_id).ok_or_else(unknown)?))
    }

    /// Tells the sums of a merchant's orders, without a copy of them.
    pub async fn totals(&self, merchant_id: &str) -> Result<OracleTotals, SquareError> {
        self.simulation.catch_up().await?;
        let world = self.simulation.world();
        let unknown = || SquareError::Unknown { what: "merchant", id: merchant_id.to_owned() };
        Ok(OracleTotals::of(world.merchant(merchant_id).ok_or_else(unknown)?))
    }

    /// Returns what there is: ids, counts, the clock.
    pub fn state(&self) -> ControlState {
        control::state(&self.simulation)
    }

    /// Returns the last requests, the oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.simulation.requests().all()
    }

    /// Stops the simulator; answers that are under way have a moment to finish.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(FAREWELL, &mut self.server).await.is_err() {
            self.server.abort();
        }
        self.heart.abort();
    }
}

impl Drop for SimulatorHandle {
    fn drop(&mut self) {
        self.server.abort();
        self.heart.abort();
    }
}

/// Puts the endpoints together; faults strike everything but the control.
fn router(simulation: &Arc<Simulation>) -> Router {
    Router::new()
        .merge(oauth::routes())
        .merge(api::routes())
        .merge(webhooks::routes())
        .fallback(not_found)
        .layer(from_fn_with_state(Arc::clone(simulation), api::watch))
        .layer(map_response_with_state(Arc::clone(simulation), tell_time))
        .merge(control::routes())
        .with_state(Arc::clone(simulation))
}

/// Dates an answer by the simulated clock, which is the vendor's: clients bound by it what they have
/// seen.
async fn tell_time(
    State(simulation): State<Arc<Simulation>>,
    mut response: Response<Body>,
) -> Response<Body> {
    if let Ok(now) = jiff::Timestamp::from_millisecond(simulation.clock.now().millis()) {
        let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::from_str(&date) {
            response.headers_mut().insert(DATE, date);
        }
    }
    response
}

async fn not_found() -> Response<Body> {
    api::ApiError::not_found("There is no such endpoint.").response()
}

async fn serve_until(listener: TcpListener, router: Router, stopped: watch::Receiver<bool>) {
    let served = axum::serve(listener, router).with_graceful_shutdown(until(stopped)).await;
    if let Err(error) = served {
        tracing::error!(error = %error, "square simulator stopped serving");
    }
}

/// Lets a running clock's world trade, and sends webhooks as they come due.
async fn beat(simulation: Arc<Simulation>, stopped: watch::Receiver<bool>) {
    let stopped = until(stopped);
    tokio::pin!(stopped);
    loop {
        let is_running = simulation.clock.speed() > 0.0;
        tokio::select! {
            () = &mut stopped => return,
            () = simulation.wake.notified() => {}
            () = tokio::time::sleep(BEAT), if is_running => {}
        }
        if simulation.catch_up().await.is_err() {
            return;
        }
        send_due(&simulation).await;
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone has stopped, too.
    let _ = stopped.wait_for(|is_stopped| *is_stopped).await;
}
