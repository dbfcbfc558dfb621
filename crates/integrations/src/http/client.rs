//! Makes a call as often as the policy allows, and no oftener.

use std::sync::Arc;
use std::time::Duration;

use super::body::{self, BodyError};
use super::breaker::Breaker;
use super::limiter::Limiter;
use super::retry::{self, RetryBudget};
use super::{HttpAnswer, HttpError, HttpRequest, Judgement, Policy, Surroundings, transport};

/// The header in which most vendors name a call.
const REQUEST_ID: [&str; 2] = ["x-request-id", "request-id"];

/// Calls one integration's vendor; its pace, its circuit breaker and its budget are the
/// integration's own, so keep one as long as the integration is in use.
pub struct HttpClient {
    client: reqwest::Client,
    policy: Policy,
    limiter: Limiter,
    breaker: Breaker,
    budget: RetryBudget,
    surroundings: Arc<dyn Surroundings>,
}

/// How one attempt went wrong.
enum Fault {
    Connect(reqwest::Error),
    BrokenOff(reqwest::Error),
    Throttled { retry_after: Option<Duration>, request_id: Option<String> },
    Failing { reason: String, request_id: Option<String> },
}

/// What one attempt came to.
enum Attempt {
    Answered(HttpAnswer),
    Failed(Fault),
    Hopeless(HttpError),
}

/// How often a call was tried.
#[derive(Default)]
struct Tries {
    failed: u32,
    throttled: u32,
}

impl HttpClient {
    /// Makes a client; nothing is called yet.
    ///
    /// # Errors
    /// Fails when TLS cannot be set up on this machine.
    pub fn new(policy: Policy, surroundings: Arc<dyn Surroundings>) -> Result<Self, HttpError> {
        let client = transport::client(policy.timeouts)
            .map_err(|source| HttpError::Impossible { host: "any host".to_owned(), source })?;
        Ok(Self {
            client,
            limiter: Limiter::new(policy.rate),
            breaker: Breaker::new(policy.breaker),
            budget: RetryBudget::new(&policy.retries),
            policy,
            surroundings,
        })
    }

    /// Returns where its time comes from.
    pub fn surroundings(&self) -> &dyn Surroundings {
        &*self.surroundings
    }

    /// Makes a call and returns the first answer that is judged final.
    ///
    /// # Errors
    /// Fails when no such answer came within the policy's attempts and budget.
    pub async fn send(
        &self,
        request: &HttpRequest,
        judge: impl Fn(&HttpAnswer) -> Judgement,
    ) -> Result<HttpAnswer, HttpError> {
        let host = host_of(&request.url);
        let mut tries = Tries::default();
        loop {
            let leave = self
                .breaker
                .admit(self.surroundings.elapsed())
                .map_err(|rest| HttpError::LeftAlone { host: host.clone(), rest })?;
            let longest = self.policy.retries.longest_asked_pause;
            let place = self.limiter.reserve(self.surroundings.elapsed(), longest);
            // Who waits here holds up all that is behind it: a pause of hours is waited for elsewhere.
            self.wait(place.map_err(|rest| not_yet(&host, rest))?).await;
            let fault = match self.attempt(request, &host, &judge).await {
                Attempt::Answered(answer) => {
                    leave.answered();
                    self.limiter.speed_up();
                    self.budget.pay_back();
                    return Ok(answer);
                }
                Attempt::Hopeless(error) => return Err(error),
                Attempt::Failed(fault) => fault,
            };
            match fault {
                // Whoever complains is in health.
                Fault::Throttled { .. } => leave.answered(),
                _ => leave.failed(self.surroundings.elapsed()),
            }
            self.pause_or_give_up(fault, &host, &mut tries).await?;
        }
    }

    async fn attempt(
        &self,
        request: &HttpRequest,
        host: &str,
        judge: &impl Fn(&HttpAnswer) -> Judgement,
    ) -> Attempt {
        let mut call = self.client.request(request.method.clone(), &request.url);
        call = call.headers(request.headers.clone());
        if let Some(body) = &request.body {
            call = call.body(body.clone());
        }
        let response = match call.send().await.map_err(reqwest::Error::without_url) {
            Ok(response) => response,
            Err(source) if source.is_builder() => {
                return Attempt::Hopeless(HttpError::Impossible { host: host.to_owned(), source });
            }
            Err(source) if source.is_connect() => return Attempt::Failed(Fault::Connect(source)),
            Err(source) => return Attempt::Failed(Fault::BrokenOff(source)),
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let limit = self.policy.most_body.0;
        let body = match body::read(response, limit).await {
            Ok(body) => body,
            Err(BodyError::TooLarge) => {
                let host = host.to_owned();
                return Attempt::Hopeless(HttpError::TooLarge { host, limit });
            }
            Err(BodyError::Broken(source)) => {
                return Attempt::Failed(Fault::BrokenOff(source.without_url()));
            }
        };
        let answer = HttpAnswer { status, headers, body };
        let request_id =
            || REQUEST_ID.iter().find_map(|name| answer.header(name)).map(str::to_owned);
        match judge(&answer) {
            Judgement::Final => Attempt::Answered(answer),
            Judgement::Throttled => {
                let retry_after = answer.retry_after(self.surroundings.now());
                Attempt::Failed(Fault::Throttled { retry_after, request_id: request_id() })
            }
            Judgement::Failing(reason) => {
                Attempt::Failed(Fault::Failing { reason, request_id: request_id() })
            }
        }
    }

    /// Pauses before the next attempt.
    ///
    /// # Errors
    /// Gives up when the attempts or the budget are used up, or the vendor asks for more patience
    /// than a call may have.
    async fn pause_or_give_up(
        &self,
        fault: Fault,
        host: &str,
        tries: &mut Tries,
    ) -> Result<(), HttpError> {
        let policy = &self.policy.retries;
        if let Fault::Throttled { retry_after, .. } = &fault {
            let jitter = retry::pause(policy, tries.throttled, self.surroundings.fraction());
            let pause = retry_after.unwrap_or_default().max(jitter);
            self.limiter.slow_down(self.surroundings.elapsed(), pause);
            tries.throttled += 1;
            let is_too_long = pause > policy.longest_asked_pause;
            if is_too_long || tries.throttled >= policy.throttled_attempts {
                return Err(give_up(fault, host, tries));
            }
            // The limiter holds the next attempt back until the pause is over.
            return Ok(());
        }
        let pause = retry::pause(policy, tries.failed, self.surroundings.fraction());
        tries.failed += 1;
        if tries.failed >= policy.attempts || !self.budget.spend() {
            return Err(give_up(fault, host, tries));
        }
        self.wait(pause).await;
        Ok(())
    }

    async fn wait(&self, time: Duration) {
        if !time.is_zero() {
            self.surroundings.sleep(time).await;
        }
    }
}

/// The vendor has asked for patience, and it is not over.
fn not_yet(host: &str, rest: Duration) -> HttpError {
    HttpError::Throttled { host: host.to_owned(), retry_after: Some(rest), request_id: None }
}

fn give_up(fault: Fault, host: &str, tries: &Tries) -> HttpError {
    let (host, attempts) = (host.to_owned(), tries.failed + tries.throttled);
    match fault {
        Fault::Connect(source) => HttpError::Connect { host, attempts, source },
        Fault::BrokenOff(source) => HttpError::BrokenOff { host, attempts, source },
        Fault::Throttled { retry_after, request_id } => {
            HttpError::Throttled { host, retry_after, request_id }
        }
        Fault::Failing { reason, request_id } => {
            HttpError::Failing { host, attempts, reason, request_id }
        }
    }
}

fn host_of(url: &str) -> String {
    reqwest::Url::parse(url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_else(|| "an address that is none".to_owned())
}
