//! The canvas of the figures, with the time axis; and the timeline of steps.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Attempt, Decision, Kind, Moment, Outcome, Story, words};
use base::step::{StepState, Way};
use base::text::html as escaped;

/// Where names end and the plot begins, where the plot ends and figures begin, and where they end.
pub(super) const LEFT: f64 = 215.0;
pub(super) const RIGHT: f64 = 900.0;
const WIDTH: f64 = 1100.0;
/// Height of the axis under the last row.
const AXIS: f64 = 24.0;
/// Minimum distance of ticks.
const APART: f64 = 95.0;

/// A figure in progress.
pub(super) struct Paper {
    from: f64,
    span: f64,
    body: String,
    title: String,
    /// Current vertical position.
    pub y: f64,
}

fn secs(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

impl Paper {
    /// An empty one over the whole time of the run.
    pub fn new(story: &Story, title: &str) -> Self {
        let (from, to) = (secs(story.head.from.wall), secs(story.head.to.wall));
        Self { from, span: (to - from).max(1.0), body: String::new(), title: title.to_owned(), y: 6.0 }
    }

    /// Horizontal position of a moment. After a change of the wall clock it can be outside; it is clamped.
    pub fn x(&self, at: Moment) -> f64 {
        let share = ((secs(at.wall) - self.from) / self.span).clamp(0.0, 1.0);
        LEFT + share * (RIGHT - LEFT)
    }

    pub fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let _ = writeln!(
            self.body,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    /// A box with a tooltip.
    pub fn rect(&mut self, class: &str, (x, y): (f64, f64), (w, h): (f64, f64), described: &str) {
        let described = titled(described);
        let _ = writeln!(
            self.body,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\">{described}</rect>"
        );
    }

    pub fn circle(&mut self, class: &str, (x, y): (f64, f64), r: f64) {
        let _ = writeln!(self.body, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r}\"/>");
    }

    pub fn path(&mut self, class: &str, d: &str, described: &str) {
        let described = titled(described);
        let _ = writeln!(self.body, "<path class=\"{class}\" d=\"{d}\">{described}</path>");
    }

    /// Text truncated to `most` characters; the full text is the tooltip.
    pub fn text(&mut self, class: &str, anchor: &str, (x, y): (f64, f64), text: &str, most: usize) {
        let short = fitted(text, most);
        let described = if short == text { String::new() } else { titled(text) };
        let _ = writeln!(
            self.body,
            "<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{}{described}</text>",
            escaped(&short)
        );
    }

    /// Marks running steps and holds behind everything else, down to `bottom`.
    pub fn marks(&mut self, story: &Story, bottom: f64) {
        let top = self.y;
        for it in story.steps.iter().flat_map(|step| &step.attempts) {
            let (from, to) = (self.x(it.started), self.x(it.ended.map_or(story.head.to, |(at, _)| at)));
            self.rect("band", (from, top), ((to - from).max(1.0), bottom - top), "");
            self.line("begin", (from, top), (from, bottom));
            if it.ended.is_some() {
                self.line("end", (to, top), (to, bottom));
            }
        }
        for hold in &story.holds {
            let (from, to) = (self.x(hold.from), self.x(hold.to.as_ref().map_or(story.head.to, |(at, _)| *at)));
            self.rect("held", (from, top), ((to - from).max(2.0), bottom - top), "held");
        }
    }

    /// Draws the axis below and returns the figure.
    pub fn done(mut self) -> String {
        let bottom = self.y;
        self.line("grid", (LEFT, bottom), (RIGHT, bottom));
        let most = (RIGHT - LEFT) / APART;
        let step = STEPS_OF_TIME.into_iter().find(|step| self.span / step <= most).unwrap_or(self.span);
        let format = match step {
            s if s < 60.0 => "%H:%M:%S",
            _ if self.span > 86_400.0 => "%m-%d %H:%M",
            _ => "%H:%M",
        };
        let mut at = (self.from / step).ceil() * step;
        while at <= self.from + self.span {
            let x = LEFT + (at - self.from) / self.span * (RIGHT - LEFT);
            self.line("grid", (x, bottom), (x, bottom + 4.0));
            #[expect(clippy::cast_possible_truncation, reason = "a time of day in seconds")]
            let text = Timestamp::from_second(at as i64).map(|t| t.strftime(format).to_string()).unwrap_or_default();
            self.text("small", "middle", (x, bottom + 15.0), &text, 20);
            at += step;
        }
        self.text("small", "start", (0.0, bottom + 15.0), "time (UTC)", 10);
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\">\n<title>{}</title>\n{}</svg>\n",
            bottom + AXIS,
            escaped(&self.title),
            self.body
        )
    }
}

/// Distances between ticks, in seconds.
const STEPS_OF_TIME: [f64; 20] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 21_600.0,
    43_200.0, 86_400.0, 172_800.0, 604_800.0,
];

fn titled(described: &str) -> String {
    if described.is_empty() { String::new() } else { format!("<title>{}</title>", escaped(described)) }
}

/// At most `most` characters, the last of them an ellipsis if truncated.
fn fitted(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Caption of the timeline.
pub(super) const STEPS: &str = "A filled bar is a forward attempt, a hollow one a rollback, one with a dashed edge had not ended at the last \
    record; a cross ends what failed or came to nothing. ▲ an approval, ◆ marked done or resolved manually, ○ a gate waived, ■ a \
    note. Shaded from top to bottom: the run was held.";

/// Height of a step's row, and of its bar.
const ROW: f64 = 22.0;
const BAR: f64 = 9.0;

/// The timeline of steps.
pub(super) fn steps(story: &Story) -> String {
    let mut paper = Paper::new(story, "Timeline of the steps");
    #[expect(clippy::cast_precision_loss, reason = "rows of a page")]
    let rows = (story.steps.len() + usize::from(!story.words.is_empty()) + usize::from(!story.holds.is_empty())) as f64;
    let bottom = paper.y + rows * ROW;
    for hold in &story.holds {
        let (from, to) = (paper.x(hold.from), paper.x(hold.to.as_ref().map_or(story.head.to, |(at, _)| *at)));
        paper.rect("held", (from, paper.y), ((to - from).max(2.0), bottom - paper.y), &hold.why);
    }
    if !story.holds.is_empty() {
        let described = words::many(story.holds.len(), "hold");
        row(&mut paper, "held", &described, |_, _| ());
    }
    if !story.words.is_empty() {
        row(&mut paper, "words", &words::many(story.words.len(), "remark"), |paper, y| {
            for word in &story.words {
                paper.rect(
                    "mark",
                    (paper.x(word.at) - 3.0, y + 8.0),
                    (6.0, 6.0),
                    &format!("{}: {}", word.by, word.text),
                );
            }
        });
    }
    for step in &story.steps {
        let last = step.attempts.last().and_then(|it| Some(words::length(it.started.until(it.ended?.0))));
        let described = match last {
            Some(took) => format!("{}, {took}", words::outcome(step.outcome, step.way())),
            None => words::outcome(step.outcome, step.way()),
        };
        row(&mut paper, &step.id, &described, |paper, y| {
            for attempt in &step.attempts {
                bar(paper, story, attempt, y + 10.0);
            }
            for decision in story.decisions.iter().filter(|it| it.step == step.id) {
                sign(paper, decision, y);
            }
        });
    }
    paper.done()
}

/// One row: name, content, and text.
fn row(paper: &mut Paper, name: &str, described: &str, draw: impl FnOnce(&mut Paper, f64)) {
    let y = paper.y;
    paper.line("grid", (0.0, y + ROW), (WIDTH, y + ROW));
    paper.text("", "start", (0.0, y + 17.0), name, 32);
    draw(paper, y);
    paper.text("", "start", (RIGHT + 10.0, y + 17.0), described, 32);
    paper.y += ROW;
}

fn bar(paper: &mut Paper, story: &Story, it: &Attempt, y: f64) {
    let class = match (it.ended, it.way) {
        (None, _) => "bar open",
        (_, Way::Back) => "bar back",
        (_, Way::Forward) => "bar",
    };
    let (from, to) = (paper.x(it.started), paper.x(it.ended.map_or(story.head.to, |(at, _)| at)));
    let outcome = it.outcome();
    let described = format!("attempt {}, {}: {}", it.n, words::way(it.way), words::outcome(outcome, it.way));
    paper.rect(class, (from, y), ((to - from).max(3.0), BAR), &described);
    if matches!(
        outcome,
        Outcome::Over(StepState::Failed | StepState::NotApplied | StepState::Cancelled) | Outcome::Stands
    ) {
        let (x, top) = (to.max(from + 3.0) + 6.0, y);
        paper.line("cross", (x - 4.0, top), (x + 4.0, top + BAR));
        paper.line("cross", (x - 4.0, top + BAR), (x + 4.0, top));
    }
}

/// Draws the marker of a decision above a step's bars.
fn sign(paper: &mut Paper, it: &Decision, y: f64) {
    let x = paper.x(it.at);
    let (class, d) = match it.kind {
        Kind::Approved => ("mark", format!("M{x:.1} {:.1}l4 7h-8z", y + 2.0)),
        Kind::Attested => ("mark", format!("M{x:.1} {:.1}l4 4l-4 4l-4 -4z", y + 1.0)),
        Kind::Waived => ("hollow", format!("M{:.1} {:.1}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z", x - 3.5, y + 5.0)),
        Kind::Started | Kind::Proposed | Kind::Held | Kind::Other => return,
    };
    paper.path(class, &d, &it.what);
}
