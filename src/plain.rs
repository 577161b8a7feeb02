//! The run as lines of text, one for each change: for screen readers, logs and pipes. No boxes, no escape sequences,
//! no terminal.
//!
//! A line is `TIME  WHAT  from → to  why`. Its parts are two spaces apart; no part contains two spaces. The current
//! state is printed once, then its changes. A change of a figure alone is not printed: a change of a word or a tone
//! is.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `standing` | the current state, as facts from a snapshot |
//! | `line` | pure: from the previous and the current state to lines |
//! | `run` | the loop: snapshots in, lines out, signals |

mod line;
mod run;
mod standing;

pub use self::{
    line::{Line, lines, one_line},
    run::{Options, Stopped, run},
    standing::{Standing, Steady},
};
