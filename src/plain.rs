//! The run as lines of text, one a change: for screen readers, logs and pipes. No boxes, no escape sequences, no terminal.
//!
//! A line is `TIME  WHAT  from → to  why`, its parts two spaces apart; nothing within a part has two. What stands is told once, then what
//! becomes of it. A figure that merely moves is no change: a word or a tone that changes is.
//!
//! | file | what lives there |
//! | --- | --- |
//! | `standing` | what stands, as facts made of a snapshot |
//! | `line` | pure: from what stood and what stands to lines |
//! | `run` | the loop around it: pictures in, lines out, signals |

mod line;
mod run;
mod standing;

pub use self::{
    line::{Line, lines, one_line},
    run::{Options, run},
    standing::{Standing, Steady},
};
