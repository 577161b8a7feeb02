//! A client of one cluster that can only ask: its properties, what it hears of the brokers, and requests in flight.
//!
//! It is a consumer without a group: it joins nothing, commits nothing, and, unlike an admin client, lets its log lines and errors be
//! fetched by the thread that uses it.

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

/// Properties where the plan says nothing. A broker that comes back is seen within about a second; nothing is ever created by asking.
const DEFAULTS: [(&str, &str); 7] = [
    ("client.id", "landfall"),
    ("allow.auto.create.topics", "false"),
    ("reconnect.backoff.ms", "100"),
    ("reconnect.backoff.max.ms", "1000"),
    ("socket.connection.setup.timeout.ms", "5000"),
    ("socket.timeout.ms", "15000"),
    ("socket.keepalive.enable", "true"),
];

/// Properties that would make it more than a reader: dropped whatever the plan says.
const NEVER: [&str; 4] = ["group.id", "group.instance.id", "enable.auto.commit", "transactional.id"];

/// A connection that is known to be down gets this long to show that it is not: longer than the longest wait between two attempts.
const GRACE: Duration = Duration::from_millis(1500);

/// How long one wait for an answer may take before events of the connection are looked at again.
const SLICE: Duration = Duration::from_millis(50);

/// The client.
pub(super) struct Client {
    consumer: BaseConsumer<Watcher>,
    server: String,
}

/// What is heard of the connection between answers.
struct Watcher {
    server: String,
    heard: Mutex<Heard>,
}

#[derive(Default)]
struct Heard {
    /// All brokers are down, since this was said.
    down: bool,
    /// The last thing said about a broker.
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
    /// Makes one. Connections are made in the background. Secrets are read here, at the moment of use, and handed to librdkafka alone.
    ///
    /// # Errors
    /// If a secret is not where the plan says, or librdkafka refuses a property.
    pub(super) fn new(server: &str, properties: &IndexMap<String, Property>) -> Result<Self, Fault> {
        Self::with(server, properties, &[])
    }

    /// One that can read a topic's records, too: librdkafka wants a group's name for that, which is never joined and never committed for.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub(super) fn reading(server: &str, properties: &IndexMap<String, Property>) -> Result<Self, Fault> {
        Self::reading_with(server, properties, &[])
    }

    /// The same with some properties that the plan has no say in.
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

    /// Lets log lines and errors of the connection be heard.
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
    /// If librdkafka makes no queue.
    pub(super) fn batch(&self) -> Result<Batch<'_>, Fault> {
        Batch::new(&self.consumer).map_err(|f| self.fault("queue", &f))
    }

    /// Waits for `n` answers on a batch: `each` is shown every piece, `done` each request's tag and whether it failed as a whole. Gives back
    /// how many requests nobody answered before `deadline`.
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

    /// The fault of a cluster that no broker answers for: a login that failed explains it better than the closed connection.
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

    /// The fault of a call to this cluster. One that only ran out of time while a login kept failing is that login's.
    pub(super) fn fault(&self, call: &str, failure: &Failure) -> Fault {
        self.listen();
        let fault = faults::fault(&self.server, call, failure);
        let refused = self.heard(|h| h.refused.is_some());
        if refused && matches!(fault.kind, FaultKind::TimedOut | FaultKind::Unreachable) { self.down() } else { fault }
    }

    /// All topics and brokers. Asks for all, so that no topic is made by being asked for. librdkafka asks one broker of its choice: one that
    /// hangs is not the only one that is given a chance.
    ///
    /// # Errors
    /// As librdkafka says.
    pub(super) fn metadata(&self, deadline: Instant) -> Result<Metadata, Fault> {
        let ask = || self.consumer.fetch_metadata(None, left(halfway(deadline)));
        ask().or_else(|_| ask()).map_err(|e| faults::of_error(&self.server, "Metadata", &e))
    }

    /// All groups with their members: two requests a broker, however many groups. None if one broker does not answer: a part is not taken for
    /// the whole.
    pub(super) fn members(&self, deadline: Instant) -> Option<GroupList> {
        let list = self.consumer.fetch_group_list(None, left(deadline));
        list.inspect_err(|error| tracing::debug!(server = self.server.as_str(), "DescribeGroups: {error}")).ok()
    }
}

/// What is left until `deadline`, and never nothing: librdkafka takes zero for "do not wait" and negative for "for ever".
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(10))
}

/// Half of what is left.
pub(super) fn halfway(deadline: Instant) -> Instant {
    Instant::now() + left(deadline) / 2
}

/// A little of what is left: for what is not needed.
pub(super) fn briefly(deadline: Instant) -> Instant {
    Instant::now() + left(deadline) / 4
}

/// Most of what is left: for what takes longest on a large cluster.
pub(super) fn mostly(deadline: Instant) -> Instant {
    Instant::now() + left(deadline) * 3 / 4
}

/// The time-out of a request whose answer is waited for until `deadline`. Shorter: librdkafka looks once a second for requests that ran out
/// of time, and what it then says is to be heard.
pub(super) fn request(deadline: Instant) -> Duration {
    let left = left(deadline);
    left - (left / 4).min(Duration::from_secs(1))
}

/// What became of a request that nobody answered.
pub(super) fn silence() -> Failure {
    Failure { code: code::TIMED_OUT, text: "no answer in time".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::properties;
    use rdkafka::types::RDKafkaConfRes;

    /// librdkafka itself is asked, name by name: what a plan may say it takes, though not every value.
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
