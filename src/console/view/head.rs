//! The first three lines: the verdict and its reason; mode, names and time; the pages.

use std::time::Duration;

use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr as _;

use crate::drawing::Drawing;
use crate::{
    command::Id,
    drawn::{Drawn, Spot},
    pages::OVERVIEW,
    theme::Role,
    ui::{At, Mode, Ui},
    view_model::clock,
    widget::text::{fit, put, put_all, put_right},
};
use base::{
    collector::CollectorState,
    now::short,
    side::Side,
    view::{Tone, state_cell},
};
use engine::{run::StepView, snapshot::Verdict};

pub(super) fn draw(area: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>, drawn: &mut Drawn) {
    let line = |y| Rect { y: area.y + y, height: 1, ..area };
    verdict(line(0), buf, ui, look);
    place(line(1), buf, ui, look);
    tabs(line(2), buf, ui, look, drawn);
}

/// Only gates give GO; a plan without gates has HOLD or CLEAR. If the engine is silent, the verdict is HOLD. Returns
/// word, glyph, role and reason.
pub(super) fn verdict_shown(ui: &Ui) -> (&'static str, &'static str, Role, String) {
    let verdict = match ui.silent_for() {
        Some(silent) => {
            Verdict::Hold(format!("no update from the engine for {}: the screen is out of date", short(silent)))
        }
        None => ui.latest().verdict(),
    };
    match verdict {
        Verdict::Hold(why) => (" HOLD ", Tone::Warn.glyph(false), Role::Hold, why),
        Verdict::Clear(why) => (" CLEAR ", Tone::Good.glyph(false), Role::Clear, why),
        Verdict::Running(why) => (" RUNNING ", Tone::Busy.glyph(false), Role::Clear, why),
        Verdict::RollingBack(why) => (" ROLLING BACK ", Tone::Busy.glyph(false), Role::Clear, why),
        Verdict::Go(why) => (" GO ", Tone::Good.glyph(false), Role::Go, why),
        Verdict::RollBack(why) => (" ROLL BACK ", Tone::Bad.glyph(false), Role::RollBack, why),
        Verdict::Overspent(why) => (" OVERSPENT ", Tone::Bad.glyph(false), Role::RollBack, why),
        Verdict::Outage(why) => (" OUTAGE ", Tone::Bad.glyph(false), Role::RollBack, why),
    }
}

pub(super) fn verdict(line: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>) {
    let (word, glyph, role, why) = verdict_shown(ui);
    let style = look.theme.style(role);
    let used = put_all(line, buf, [(" ", style), (glyph, style), (word, style), (" ", Default::default())]);
    let speed = ui.latest().speed.filter(|speed| (speed - 1.0).abs() > f64::EPSILON);
    let why = look.spell(&why);
    let masked = ui.view_model().is_masked();
    let label = |long| {
        let mode = mode(ui.mode, ui.scenario.as_deref(), speed, long);
        if masked { format!("MASKED · {mode}") } else { mode }
    };
    // The label gives way to the reason.
    let fits = |label: &String| usize::from(used) + why.width() + 1 + label.width() < usize::from(line.width);
    let label = Some(label(true)).filter(fits).unwrap_or_else(|| label(false));
    let right = put_right(line, buf, &label, look.theme.style(Role::Title));
    let room = line.width.saturating_sub(used + right + 1);
    put(Rect { x: line.x + used, width: room, ..line }, buf, &why, look.theme.style(Role::Title));
}

/// What the session may do, and the speed of simulated time where it is not that of a clock.
fn mode(mode: Mode, scenario: Option<&str>, speed: Option<f64>, long: bool) -> String {
    let demo = scenario.filter(|_| long).map_or_else(|| "DEMO".to_owned(), |name| format!("DEMO {name}"));
    match (mode, speed, long) {
        (Mode::Watch, _, true) => "WATCH · read only".to_owned(),
        (Mode::Watch, _, false) => "WATCH".to_owned(),
        (Mode::Console, ..) => "CONSOLE".to_owned(),
        (Mode::Demo, None, true) => format!("{demo} · simulated"),
        (Mode::Demo, None, false) => "DEMO".to_owned(),
        (Mode::Demo, Some(0.0), true) => format!("{demo} · simulated, time paused"),
        (Mode::Demo, Some(0.0), false) => "DEMO paused".to_owned(),
        (Mode::Demo, Some(speed), true) => format!("{demo} · simulated, time ×{speed}"),
        (Mode::Demo, Some(speed), false) => format!("DEMO ×{speed}"),
    }
}

/// The step whose cleanup has been unfinished for the longest time.
fn exposed(ui: &Ui) -> Option<(&StepView, Duration)> {
    let steps = &ui.latest().run.as_ref()?.steps;
    steps.iter().filter_map(|s| Some((s, s.exposed?))).max_by_key(|(_, since)| *since)
}

fn place(line: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>) {
    let snapshot = &ui.view_model().snapshot;
    let (theme, plan) = (look.theme, &snapshot.plan);
    let muted = theme.style(Role::Muted);
    let mut right = put_right(line, buf, &look.clock.head(line.width >= 100), theme.style(Role::Title));
    if !ui.terminal.in_focus {
        let rest = Rect { width: line.width.saturating_sub(right + 1), ..line };
        right += 1 + put_right(rest, buf, " ◌ not in focus: updates paused ", theme.style(Role::Stale));
    }
    if let Some(frozen) = ui.frozen_for() {
        let text = format!(" FROZEN {} ago, {} unfreezes ", short(frozen), look.keys.word(Id::Freeze));
        let rest = Rect { width: line.width.saturating_sub(right + 1), ..line };
        right += 1 + put_right(rest, buf, &text, theme.style(Role::Hold));
    }
    if let Some((step, since)) = exposed(ui) {
        // Shown on every page, so that it is not forgotten.
        let (tone, style) = match step.cleans_up() {
            true => (Tone::Busy, theme.tone(Tone::Busy)),
            false => (Tone::Bad, theme.style(Role::RollBack)),
        };
        let text = format!(" {} EXPOSED {} {} ", tone.glyph(false), step.id, short(since));
        let rest = Rect { width: line.width.saturating_sub(right + 1), ..line };
        right += 1 + put_right(rest, buf, &text, style);
    }
    let elapsed = clock(snapshot.now.since(snapshot.started));
    let left = line.width.saturating_sub(right + 1);
    let site = |side: Side| plan.sites.get(side);
    let long = line.width >= 100;
    let region = |side: Side| if long { format!(" {}", site(side).region) } else { String::new() };
    let (from, to) = (region(Side::Source), region(Side::Target));
    let pace = format!(" · poll ×{}", snapshot.pace);
    let since = format!(" · {elapsed} since start");
    let labels = site(Side::Source).label.width() + site(Side::Target).label.width();
    let fixed = 1 + 2 + labels + 3 + from.width() + to.width() + pace.width() + since.width();
    let name = fit(&plan.name, usize::from(left).saturating_sub(fixed).max(12)).into_owned();
    put_all(
        Rect { width: left, ..line },
        buf,
        [
            (" ", muted),
            (name.as_str(), theme.style(Role::Title)),
            ("  ", muted),
            (&site(Side::Source).label, theme.side(Side::Source)),
            (&from, muted),
            (" → ", muted),
            (&site(Side::Target).label, theme.side(Side::Target)),
            (&to, muted),
            (&since, muted),
            (&pace, muted),
        ],
    );
}

/// The tab of one page.
struct Tab<'t> {
    number: String,
    title: &'t str,
    /// The glyph of the worst collector, if not all are fresh.
    sign: &'static str,
    tone: Tone,
}

fn tab<'t>(ui: &Ui, page: usize, title: &'t str, worst: Option<CollectorState>) -> Tab<'t> {
    let key = |page: usize| ui.view_model().page_key(page);
    // Of several pages with one key the first shows it.
    let shows = page == 0 || key(page) != key(page - 1);
    let number = if shows { (key(page) + 1).to_string() } else { "·".to_owned() };
    let tone = worst.filter(|s| *s != CollectorState::Fresh).map_or(Tone::Plain, |s| state_cell(s).1);
    let sign = if tone == Tone::Plain { "" } else { tone.glyph(false) };
    Tab { number, title, sign, tone }
}

/// The pages with their numbers. A page whose collectors are not all fresh shows the glyph of the worst.
fn tabs(line: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>, drawn: &mut Drawn) {
    let (theme, here) = (look.theme, ui.page_number());
    let pages = ui.view_model().pages.iter().map(|page| (page.panel.title, page.worst));
    let pages = std::iter::once((OVERVIEW, None)).chain(pages).enumerate();
    let tabs: Vec<Tab<'_>> = pages.map(|(page, (title, worst))| tab(ui, page, title, worst)).collect();
    let full: usize = tabs.iter().map(|tab| tab.title.width() + 6).sum();
    let narrow = full > usize::from(line.width);
    // Number, blanks and glyph of each; then the open detail.
    let fixed: usize =
        tabs.iter().map(|tab| 3 + 2 * tab.sign.width()).sum::<usize>() + if ui.at == At::Detail { 9 } else { 0 };
    let room = if narrow { usize::from(line.width).saturating_sub(fixed) } else { usize::MAX };
    let widths = narrowed(tabs.iter().map(|tab| tab.title.width()).collect(), room, here);
    let all: Vec<usize> =
        tabs.iter().zip(&widths).map(|(tab, width)| 2 + tab.number.width() + width + 2 * tab.sign.width()).collect();
    let mut x = 0;
    for (i, tab) in tabs.iter().enumerate().skip(first(&all, here, usize::from(line.width))) {
        let style = theme.style(if i == here { Role::TabActive } else { Role::Tab });
        let number = format!(" {}", tab.number);
        let blank = if narrow && tab.sign.is_empty() { "" } else { " " };
        let name = if widths[i] == 0 { blank.to_owned() } else { format!(" {}{blank}", tab.title) };
        let rest = Rect { x: line.x + x, width: line.width.saturating_sub(x), ..line };
        let sign_style = style.patch(theme.tone(tab.tone));
        let used = put_all(rest, buf, [(number.as_str(), style), (name.as_str(), style), (tab.sign, sign_style)]);
        drawn.spots.push((Rect { width: used, ..rest }, Spot::Page(i)));
        x += used;
        if !narrow {
            x += put(Rect { x: line.x + x, width: line.width.saturating_sub(x), ..line }, buf, " ", Default::default());
        }
    }
    if ui.at == At::Detail {
        let rest = Rect { x: line.x + x, width: line.width.saturating_sub(x), ..line };
        put(rest, buf, " ▸ detail", theme.style(Role::Key));
    }
}

/// Leaves out names that do not fit, and never cuts one: the longest first, never that of the page that is shown. Its number stays.
fn narrowed(mut widths: Vec<usize>, room: usize, here: usize) -> Vec<usize> {
    while widths.iter().sum::<usize>() > room {
        let others = widths.iter_mut().enumerate().filter(|(i, w)| *i != here && **w > 0);
        // If several are equally long, the first: the overview is known by its number.
        let Some((_, longest)) = others.rev().max_by_key(|(_, w)| **w) else { break };
        *longest = 0;
    }
    widths
}

/// The first page whose name is drawn, so that there is room for the one that is shown.
fn first(widths: &[usize], here: usize, room: usize) -> usize {
    (0..=here).find(|first| widths[*first..=here].iter().sum::<usize>() <= room).unwrap_or(here)
}

#[cfg(test)]
mod tests {
    use super::{first, narrowed};
    use crate::ui::Mode;

    #[test]
    fn of_many_pages_the_one_that_is_shown_has_room() {
        assert_eq!(first(&[10, 10, 10], 2, 30), 0);
        assert_eq!(first(&[10, 10, 10], 2, 25), 1);
        assert_eq!(first(&[10, 10, 10], 0, 5), 0, "even if there is no room at all");
        assert_eq!(first(&[10, 10, 10], 2, 5), 2);
    }

    #[test]
    fn the_label_gives_way_and_still_says_that_it_is_simulated() {
        let mode = |mode, speed, long| super::mode(mode, Some("move"), speed, long);
        assert_eq!(mode(Mode::Demo, None, true), "DEMO move · simulated");
        assert_eq!(mode(Mode::Demo, Some(8.0), true), "DEMO move · simulated, time ×8");
        assert_eq!(mode(Mode::Demo, Some(8.0), false), "DEMO ×8");
        assert_eq!(mode(Mode::Demo, Some(0.0), false), "DEMO paused");
        assert_eq!(mode(Mode::Watch, None, true), "WATCH · read only");
        assert_eq!(mode(Mode::Watch, None, false), "WATCH");
    }

    #[test]
    fn names_of_pages_give_way_but_for_the_one_that_is_shown() {
        assert_eq!(narrowed(vec![8, 7, 5, 7], 27, 0), [8, 7, 5, 7]);
        assert_eq!(narrowed(vec![8, 7, 5, 7], 24, 3), [0, 7, 5, 7]);
        assert_eq!(narrowed(vec![8, 7, 5, 7], 24, 0), [8, 0, 5, 7]);
        assert_eq!(narrowed(vec![8, 7, 5, 7], 1, 1), [0, 7, 0, 0]);
    }
}
