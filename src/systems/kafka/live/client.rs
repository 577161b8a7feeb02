//! A read-only client of one cluster: its properties, the broker events, and requests in flight.
//!
//! It is a consumer without a group: it joins nothing, commits nothing, and, unlike an admin client, lets the thread that uses it fetch its
//! log lines and errors.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indexmap::IndexMap;
use rdkafka::{
    ClientConfig, ClientContext,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::KafkaError,
    groups::GroupList,
    metadata::Metadata,
};
use secrecy::ExposeSecret;

use super::{
    admin::{Answer, Batch, Failure},
    faults::{self, code},
};
use base::observed::{Fault, FaultKind};
use plan::Property;

/// Default properties where the plan sets none. A broker that comes back is noticed within about a second; queries never create anything.
const DEFAULTS: [(&str, &str); 7] = [
    ("client.id", "landfall"),
    ("allow.auto.create.topics", "false"),
    ("reconnect.backoff.ms", "100"),
    ("reconnect.backoff.max.ms", "1000"),
    ("socket.connection.setup.timeout.ms", "5000"),
    ("socket.timeout.ms", "15000"),
    ("socket.keepalive.enable", "true"),
];

/// Properties that would allow more than reading: dropped whatever the plan says.
const NEVER: [&str; 4] = ["group.id", "group.instance.id", "enable.auto.commit", "transactional.id"];

/// How long a connection that counts as down may take to recover: longer than the longest wait between two attempts.
const GRACE: Duration = Duration::from_millis(1500);

/// The longest wait for a reply before events of the connection are checked again.
const SLICE: Duration = Duration::from_millis(50);

/// The client.
pub(super) struct Client {
    consumer: BaseConsumer<Watcher>,
    server: String,
}

/// Events of the connection between replies.
struct Watcher {
    server: String,
    heard: Mutex<Heard>,
}

#[derive(Default)]
struct Heard {
    /// All brokers are down, since this event.
    down: bool,
    /// The last event of a broker.
    last: Option<(i32, String)>,
    /// A login failed.
    refused: Option<String>,
}

impl ConsumerContext for Watcher {}

impl ClientContext for Watcher {
    /// Never to the terminal: the screen is drawn there.
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let server = self.server.as_str();
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::warn!(target: "librdkafka", server, facility, "{message}");
            }
            _ => tracing::debug!(target: "librdkafka", server, facility, "{message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code().map_or(0, |c| c as i32);
        tracing::debug!(target: "librdkafka", server = self.server.as_str(), code, "{reason}");
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        match code {
            code::ALL_BROKERS_DOWN => heard.down = true,
            code::AUTHENTICATION => heard.refused = Some(reason.to_owned()),
            _ => heard.last = Some((code, reason.to_owned())),
        }
    }
}

impl Client {
    /// Creates a client. Connections are made in the background. Secrets are read here, when they are used, and passed to librdkafka only.
    ///
    /// # Errors
    /// If a secret is not where the plan says, or librdkafka refuses a property.
    pub(super) fn new(server: &str, properties: &IndexMap<String, Property>) -> Result<Self, Fault> {
        Self::with(server, properties, &[])
    }

    /// A client that can also read a topic's records: librdkafka requires a group name for that; it is never joined or committed to.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub(super) fn reading(server: &str, properties: &IndexMap<String, Property>) -> Result<Self, Fault> {
        Self::reading_with(server, properties, &[])
    }

    /// The same with some properties that the plan cannot set.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub(super) fn reading_with(
        server: &str,
        properties: &IndexMap<String, Property>,
        own: &[(&str, &str)],
    ) -> Result<Self, Fault> {
        let mut more =
            vec![("group.id", "landfall"), ("enable.partition.eof", "true"), ("enable.auto.offset.store", "false")];
        more.extend(own);
        Self::with(server, properties, &more)
    }

    fn with(server: &str, properties: &IndexMap<String, Property>, more: &[(&str, &str)]) -> Result<Self, Fault> {
        let mut config = ClientConfig::new();
        config.set_log_level(RDKafkaLogLevel::Warning);
        for (key, value) in DEFAULTS {
            config.set(key, value);
        }
        for (key, value) in properties.iter().filter(|(key, _)| !NEVER.contains(&key.as_str())) {
            match value {
                Property::Plain(text) => config.set(key, text),
                Property::Secret(secret) => {
                    let read = secret.read();
                    let read = read.map_err(|e| Fault::new(FaultKind::Refused, format!("{server}: {key}: {e}")))?;
                    config.set(key, read.expose_secret())
                }
            };
        }
        config.set("enable.auto.commit", "false");
        for (key, value) in more {
            config.set(*key, *value);
        }
        let watcher = Watcher { server: server.to_owned(), heard: Mutex::default() };
        let consumer = config
            .create_with_context::<_, BaseConsumer<Watcher>>(watcher)
            .map_err(|e| Fault::new(FaultKind::Unsupported, format!("{server}: the client's properties: {e}")))?;
        Ok(Self { consumer, server: server.to_owned() })
    }

    /// Fetches log lines and errors of the connection.
    pub(super) fn listen(&self) {
        while self.consumer.poll(Duration::ZERO).is_some() {}
    }

    /// The consumer itself, for [`Client::reading`].
    pub(super) const fn consumer(&self) -> &BaseConsumer<impl ConsumerContext + use<>> {
        &self.consumer
    }

    /// A batch of requests.
    ///
    /// # Errors
    /// If librdkafka creates no queue.
    pub(super) fn batch(&self) -> Result<Batch<'_>, Fault> {
        Batch::new(&self.consumer).map_err(|f| self.fault("queue", &f))
    }

    /// Waits for `n` replies on a batch: `each` is called with every item, `done` with each request's tag and whether it failed as a whole.
    /// Returns how many requests were not answered before `deadline`.
    ///
    /// # Errors
    /// If no broker is left to answer.
    pub(super) fn collect(
        &self,
        batch: &Batch<'_>,
        n: usize,
        deadline: Instant,
        mut each: impl FnMut(usize, Answer<'_>),
        mut done: impl FnMut(usize, Result<(), Failure>),
    ) -> Result<usize, Fault> {
        let started = Instant::now();
        let was_down = self.heard(|h| h.down);
        let mut left = n;
        while left > 0 {
            if let Some((tag, result)) = batch.next(SLICE, &mut each) {
                if result.is_ok() {
                    self.heard(|h| *h = Heard::default());
                }
                done(tag, result);
                left -= 1;
                continue;
            }
            self.listen();
            if self.heard(|h| h.down) && (!was_down || started.elapsed() > GRACE) {
                return Err(self.down());
            }
            if Instant::now() > deadline {
                break;
            }
        }
        Ok(left)
    }

    fn heard<T>(&self, with: impl FnOnce(&mut Heard) -> T) -> T {
        with(&mut self.consumer.context().heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The fault of a cluster without an answering broker: a failed login explains it better than the closed connection.
    fn down(&self) -> Fault {
        self.heard(|h| {
            let failure = match (&h.refused, &h.last) {
                (Some(text), _) => Failure { code: code::AUTHENTICATION, text: text.clone() },
                (None, Some((code, text))) => {
                    let code = if *code == code::RESOLVE { *code } else { code::TRANSPORT };
                    Failure { code, text: text.clone() }
                }
                (None, None) => Failure { code: code::ALL_BROKERS_DOWN, text: "all brokers are down".to_owned() },
            };
            faults::fault(&self.server, "connect", &failure)
        })
    }

    /// The fault of a call to this cluster. A time-out while a login kept failing is reported as the login's fault.
    pub(super) fn fault(&self, call: &str, failure: &Failure) -> Fault {
        self.listen();
        let fault = faults::fault(&self.server, call, failure);
        let refused = self.heard(|h| h.refused.is_some());
        if refused && matches!(fault.kind, FaultKind::TimedOut | FaultKind::Unreachable) { self.down() } else { fault }
    }

    /// All topics and brokers. All are queried, so that a query creates no topic. librdkafka queries one broker of its choice: after a
    /// failure it is asked again, so that another broker can answer.
    ///
    /// # Errors
    /// As returned by librdkafka.
    pub(super) fn metadata(&self, deadline: Instant) -> Result<Metadata, Fault> {
        let ask = || self.consumer.fetch_metadata(None, left(halfway(deadline)));
        ask().or_else(|_| ask()).map_err(|e| faults::of_error(&self.server, "Metadata", &e))
    }

    /// All groups with their members: two requests per broker, for any number of groups. None if one broker does not answer: a part does
    /// not count as the whole.
    pub(super) fn members(&self, deadline: Instant) -> Option<GroupList> {
        let list = self.consumer.fetch_group_list(None, left(deadline));
        list.inspect_err(|error| tracing::debug!(server = self.server.as_str(), "DescribeGroups: {error}")).ok()
    }
}

/// The time left until `deadline`, at least a minimum: for librdkafka zero means "do not wait" and a negative value "unlimited".
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(10))
}

/// Half of the time left.
pub(super) fn halfway(deadline: Instant) -> Instant {
    Instant::now() + left(deadline) / 2
}

/// A small part of the time left: for optional data.
pub(super) fn briefly(deadline: Instant) -> Instant {
    Instant::now() + left(deadline) / 4
}

/// Most of the time left: for the longest query on a large cluster.
pub(super) fn mostly(deadline: Instant) -> Instant {
    Instant::now() + left(deadline) * 3 / 4
}

/// The time-out of a request whose reply is awaited until `deadline`. Shorter: librdkafka checks once a second for requests that have timed
/// out, and its report has to arrive in time.
pub(super) fn request(deadline: Instant) -> Duration {
    let left = left(deadline);
    left - (left / 4).min(Duration::from_secs(1))
}

/// The failure of an unanswered request.
pub(super) fn silence() -> Failure {
    Failure { code: code::TIMED_OUT, text: "no answer in time".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::properties;
    use rdkafka::types::RDKafkaConfRes;

    /// librdkafka itself is queried, name by name: it accepts the name of every property that a plan may set, though not every value.
    #[test]
    fn every_property_that_a_plan_may_name_is_one_of_librdkafkas() {
        let unknown = |name: &str| {
            let made = ClientConfig::new().set(name, "").create_native_config();
            matches!(made, Err(KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..)))
        };
        let not_there: Vec<&&str> = properties::names().iter().filter(|name| unknown(name)).collect();
        assert!(not_there.is_empty(), "{not_there:?}");
        assert!(unknown("sasl.passwort") && unknown("bootstrap.server"));
        for (name, _) in DEFAULTS {
            assert!(properties::is_known(name), "{name}");
        }
    }
}
