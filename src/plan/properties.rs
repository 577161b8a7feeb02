//! The names of librdkafka's client properties, as of 2.12 (its `CONFIGURATION.md`): all that can be set by a text.
//!
//! An unknown name would only be detected when the first client is made, and until then a misspelt `sasl.password` would not be treated as
//! a secret.

use super::{
    hint,
    spec::tables::{CLUSTER, KAFKA},
};

/// Sorted.
const NAMES: &[&str] = &[
    "acks",
    "allow.auto.create.topics",
    "api.version.fallback.ms",
    "api.version.request",
    "api.version.request.timeout.ms",
    "auto.commit.enable",
    "auto.commit.interval.ms",
    "auto.offset.reset",
    "batch.num.messages",
    "batch.size",
    "bootstrap.servers",
    "broker.address.family",
    "broker.address.ttl",
    "broker.version.fallback",
    "builtin.features",
    "check.crcs",
    "client.dns.lookup",
    "client.id",
    "client.rack",
    "compression.codec",
    "compression.level",
    "compression.type",
    "connections.max.idle.ms",
    "consume.callback.max.messages",
    "coordinator.query.interval.ms",
    "debug",
    "delivery.report.only.error",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "enable.metrics.push",
    "enable.partition.eof",
    "enable.random.seed",
    "enable.sasl.oauthbearer.unsecure.jwt",
    "enable.ssl.certificate.verification",
    "enabled_events",
    "fetch.error.backoff.ms",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.queue.backoff.ms",
    "fetch.wait.max.ms",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "group.protocol.type",
    "group.remote.assignor",
    "heartbeat.interval.ms",
    "https.ca.location",
    "https.ca.pem",
    "internal.termination.signal",
    "isolation.level",
    "linger.ms",
    "log.connection.close",
    "log.queue",
    "log.thread.name",
    "log_level",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "max.partition.fetch.bytes",
    "max.poll.interval.ms",
    "message.copy.max.bytes",
    "message.max.bytes",
    "message.send.max.retries",
    "message.timeout.ms",
    "metadata.broker.list",
    "metadata.max.age.ms",
    "metadata.recovery.rebootstrap.trigger.ms",
    "metadata.recovery.strategy",
    "offset.store.method",
    "offset.store.path",
    "offset.store.sync.interval.ms",
    "partition.assignment.strategy",
    "partitioner",
    "plugin.library.paths",
    "produce.offset.report",
    "queue.buffering.backpressure.threshold",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "queue.buffering.max.ms",
    "queued.max.messages.kbytes",
    "queued.min.messages",
    "queuing.strategy",
    "receive.message.max.bytes",
    "reconnect.backoff.jitter.ms",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "request.required.acks",
    "request.timeout.ms",
    "retries",
    "retry.backoff.max.ms",
    "retry.backoff.ms",
    "sasl.kerberos.keytab",
    "sasl.kerberos.kinit.cmd",
    "sasl.kerberos.min.time.before.relogin",
    "sasl.kerberos.principal",
    "sasl.kerberos.service.name",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.oauthbearer.assertion.algorithm",
    "sasl.oauthbearer.assertion.claim.aud",
    "sasl.oauthbearer.assertion.claim.exp.seconds",
    "sasl.oauthbearer.assertion.claim.iss",
    "sasl.oauthbearer.assertion.claim.jti.include",
    "sasl.oauthbearer.assertion.claim.nbf.seconds",
    "sasl.oauthbearer.assertion.claim.sub",
    "sasl.oauthbearer.assertion.file",
    "sasl.oauthbearer.assertion.jwt.template.file",
    "sasl.oauthbearer.assertion.private.key.file",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.client.credentials.client.id",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.extensions",
    "sasl.oauthbearer.grant.type",
    "sasl.oauthbearer.metadata.authentication.type",
    "sasl.oauthbearer.method",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.password",
    "sasl.username",
    "security.protocol",
    "session.timeout.ms",
    "socket.blocking.max.ms",
    "socket.connection.setup.timeout.ms",
    "socket.keepalive.enable",
    "socket.max.fails",
    "socket.nagle.disable",
    "socket.receive.buffer.bytes",
    "socket.send.buffer.bytes",
    "socket.timeout.ms",
    "ssl.ca.certificate.stores",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.cipher.suites",
    "ssl.crl.location",
    "ssl.curves.list",
    "ssl.endpoint.identification.algorithm",
    "ssl.engine.id",
    "ssl.engine.location",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.providers",
    "ssl.sigalgs.list",
    "statistics.interval.ms",
    "sticky.partitioning.linger.ms",
    "topic.blacklist",
    "topic.metadata.propagation.max.ms",
    "topic.metadata.refresh.fast.cnt",
    "topic.metadata.refresh.fast.interval.ms",
    "topic.metadata.refresh.interval.ms",
    "topic.metadata.refresh.sparse",
    "transaction.timeout.ms",
    "transactional.id",
];

/// Properties of Kafka's own clients that librdkafka does not have, and what to write instead.
const JAVA: &[(&str, &str)] = &[
    ("sasl.jaas.config", "librdkafka has `sasl.username` and `sasl.password` for it"),
    ("sasl.login.callback.handler.class", "librdkafka has `sasl.oauthbearer.method` and its like for it"),
    ("sasl.client.callback.handler.class", "librdkafka has `sasl.oauthbearer.method` and its like for it"),
    ("ssl.truststore.location", "librdkafka has `ssl.ca.location` for it, a file in PEM"),
    ("ssl.truststore.password", "librdkafka has `ssl.ca.location`, a file in PEM without a password"),
    ("ssl.truststore.type", "librdkafka has `ssl.ca.location` for it, a file in PEM"),
    ("ssl.truststore.certificates", "librdkafka has `ssl.ca.pem` for it"),
    ("ssl.keystore.type", "librdkafka's `ssl.keystore.location` is a file in PKCS #12"),
    ("ssl.keystore.key", "librdkafka has `ssl.key.pem` for it"),
    ("ssl.keystore.certificate.chain", "librdkafka has `ssl.certificate.pem` for it"),
    ("ssl.protocol", "librdkafka takes the newest version that both sides know"),
    ("ssl.enabled.protocols", "librdkafka takes the newest version that both sides know"),
];

/// Whether librdkafka has a property of this name.
pub fn is_known(name: &str) -> bool {
    NAMES.binary_search(&name).is_ok()
}

/// The advice for an unknown name. A key of the pair may be written below the header of the properties by mistake.
pub(super) fn hint(name: &str) -> String {
    if KAFKA.key(name).is_some() || CLUSTER.key(name).is_some() {
        return hint::belongs(name);
    }
    if let Some((_, instead)) = JAVA.iter().find(|(java, _)| *java == name) {
        return (*instead).to_owned();
    }
    match hint::nearest_dotted(name, NAMES) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "its names are in librdkafka's CONFIGURATION.md".to_owned(),
    }
}

/// All known names: those of the linked librdkafka.
#[must_use]
pub const fn names() -> &'static [&'static str] {
    NAMES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_each_is_known() {
        assert!(NAMES.is_sorted());
        assert!(NAMES.iter().all(|name| is_known(name)));
        assert!(JAVA.iter().all(|(name, _)| !is_known(name)));
    }

    #[test]
    fn a_misspelt_name_is_told_what_was_meant() {
        for (wrong, meant) in [
            ("sasl.passwort", "`sasl.password`"),
            ("sasl_password", "`sasl.password`"),
            ("Sasl.Username", "`sasl.username`"),
            ("bootstrap.server", "`bootstrap.servers`"),
            ("ssl.ca.locaton", "`ssl.ca.location`"),
            ("ssl.truststore.location", "`ssl.ca.location`"),
            ("sasl.jaas.config", "`sasl.username`"),
            ("groups", "[[kafka]]"),
        ] {
            assert!(!is_known(wrong) && hint(wrong).contains(meant), "{wrong}: {}", hint(wrong));
        }
        assert!(hint("banana").contains("CONFIGURATION.md"));
    }
}
