//! Real servers on one machine, from package registries alone: replica sets, brokers, AWS endpoints, DNS and metrics for landfall to watch.
//!
//! | module | what lives there |
//! | --- | --- |
//! | [`estate`] | what stands in the lab, as data |
//! | [`cache`] | the programs, downloaded once and checked by hash |
//! | [`ports`], [`server`], [`keeper`] | free ports; one server as a process; the last safety |
//! | [`supervisor`], [`control`], [`up`] | owner of all servers; how it is talked to; its beginning and end |
//! | [`mongo`], [`kafka`], [`aws`] | how each kind is filled and kept alive |
//! | [`dns`], [`metrics`] | what the lab serves itself |
//! | [`kafka_proxy`] | counts what is asked of a broker, for tests |
//! | [`plan`] | the plan to watch it with |
//! | [`live`], [`mod@watch`], [`proxy`] | for tests: the lab as a handle, what is seen of it, what is asked of it |
//! | [`wire`], [`trio`] | the network between the sites: late, or cut; a replica set of three across it |
//! | [`console`] | a real console, led by keys |
//! | [`faults`] | what a broken server may blind, and what it did |
//!
//! Nothing needs root or a container; every server binds 127.0.0.1 only.

pub mod aws;
pub mod cache;
pub mod console;
pub mod control;
pub mod dns;
pub mod error;
pub mod estate;
pub mod faults;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod kafka_proxy;
pub mod keeper;
pub mod live;
pub mod metrics;
#[cfg(feature = "mongo")]
pub mod mongo;
pub mod plan;
pub mod ports;
pub mod proxy;
pub mod server;
pub mod supervisor;
#[cfg(feature = "mongo")]
pub mod trio;
pub mod up;
pub mod watch;
pub mod wire;

pub use error::{Error, Result};
