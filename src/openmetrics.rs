//! Every signal as OpenMetrics 1.0 text over HTTP; off by default.
//!
//! Only fresh values are numbers: a stale or unknown signal is absent, and its state is given. If the engine is
//! silent, the verdict is HOLD and all its signals are absent.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `family` | the format: families, labels, escapes, `# EOF` |
//! | `text` | the content: a snapshot as families. Pure |
//! | `request` | the head of a request, and its answer. Pure |
//! | `serve` | the socket: its own thread, few connections, short time-outs |
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
