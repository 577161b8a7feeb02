//! Every number that is measured, for whoever collects metrics: OpenMetrics 1.0 text over HTTP, off unless asked for.
//!
//! What is not live is no number here: a stale or blind signal is absent, and its state says so. A core that has gone silent is HOLD, and
//! all that it knew is absent.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `family` | the format: families, labels, escapes, `# EOF` |
//! | `text` | what is said: a snapshot as families. Pure |
//! | `request` | the head of a request, and what it is answered with. Pure |
//! | `serve` | the socket: a thread of its own, few connections, short patience |
//!
//! The format: <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>.

mod family;
mod request;
mod serve;
mod text;

pub use self::{
    serve::{Address, Bound, Endpoint, NotServed, bind},
    text::render,
};
