//! The first three lines: the verdict and its reason; mode, names and time; the pages.

use std::time::Duration;

use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr as _;

use crate::drawing::Drawing;
use crate::{
    command::Id,
    drawn::{Drawn, Spot},
    theme::Role,
    ui::{At, Mode, Ui},
    view_model::{clock, state_cell},
    widget::text::{fit, put, put_all, put_right},
};
use base::{collector::CollectorState, now::short, side::Side, view::Tone};
use engine::snapshot::Verdict;

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
    let mode = match (ui.mode, speed) {
        (Mode::Watch, _) => "WATCH · read only".to_owned(),
        (Mode::Console, _) => "CONSOLE".to_owned(),
        (Mode::Demo, None) => "DEMO · simulated".to_owned(),
        (Mode::Demo, Some(0.0)) => "DEMO · simulated, time paused".to_owned(),
        (Mode::Demo, Some(speed)) => format!("DEMO · simulated, time ×{speed}"),
    };
    let mode = if ui.view_model().is_masked() { format!("MASKED · {mode}") } else { mode };
    let right = put_right(line, buf, &mode, look.theme.style(Role::Title));
    let room = line.width.saturating_sub(used + right + 1);
    put(Rect { x: line.x + used, width: room, ..line }, buf, &look.spell(&why), look.theme.style(Role::Title));
}

/// The step whose cleanup has been unfinished for the longest time.
fn exposed(ui: &Ui) -> Option<(&str, Duration)> {
    let steps = &ui.latest().run.as_ref()?.steps;
    steps.iter().filter_map(|s| Some((s.id.as_str(), s.exposed?))).max_by_key(|(_, since)| *since)
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
        let text = format!(" {} EXPOSED {step} {} ", Tone::Bad.glyph(false), short(since));
        let rest = Rect { width: line.width.saturating_sub(right + 1), ..line };
        right += 1 + put_right(rest, buf, &text, theme.style(Role::RollBack));
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

/// The pages with their numbers. A page whose collectors are not all fresh shows the glyph of the worst.
fn tabs(line: Rect, buf: &mut Buffer, ui: &Ui, look: &Drawing<'_>, drawn: &mut Drawn) {
    let theme = look.theme;
    let pages = &ui.view_model().pages;
    let names: Vec<(&str, Option<CollectorState>)> =
        std::iter::once(("Overview", None)).chain(pages.iter().map(|p| (p.panel.title, p.worst))).collect();
    let signs: Vec<&str> = names.iter().map(|(_, worst)| sign(*worst).0).collect();
    let full: usize = names.iter().map(|(n, _)| n.width() + 6).sum();
    let short = full > usize::from(line.width);
    let widths: Vec<usize> = names.iter().map(|(n, _)| n.width()).collect();
    // Number, blanks and glyph of each; then the open detail.
    let fixed: usize = signs.iter().map(|s| 3 + 2 * s.width()).sum::<usize>() + if ui.at == At::Detail { 9 } else { 0 };
    let room = if short { usize::from(line.width).saturating_sub(fixed) } else { usize::MAX };
    let widths = narrowed(widths, room, ui.page_number());
    let keys: Vec<usize> = (0..names.len()).map(|page| ui.view_model().page_key(page)).collect();
    // Of several pages with one key the first shows it.
    let shows = |page: usize| page == 0 || keys[page] != keys[page - 1];
    let numbers: Vec<String> =
        (0..names.len()).map(|page| if shows(page) { (keys[page] + 1).to_string() } else { String::new() }).collect();
    let all: Vec<usize> = (0..names.len()).map(|i| 2 + numbers[i].len() + widths[i] + 2 * signs[i].width()).collect();
    let mut x = 0;
    for (i, (name, worst)) in names.iter().enumerate().skip(first(&all, ui.page_number(), usize::from(line.width))) {
        let here = i == ui.page_number();
        let style = theme.style(if here { Role::TabActive } else { Role::Tab });
        let (sign, tone) = sign(*worst);
        let number = format!(" {}", numbers[i]);
        let blank = if short && sign.is_empty() { "" } else { " " };
        let name = format!(" {}{blank}", fit(name, widths[i]));
        let rest = Rect { x: line.x + x, width: line.width.saturating_sub(x), ..line };
        let sign_style = style.patch(theme.tone(tone));
        let used = put_all(rest, buf, [(number.as_str(), style), (name.as_str(), style), (sign, sign_style)]);
        drawn.spots.push((Rect { width: used, ..rest }, Spot::Page(i)));
        x += used;
        if !short {
            x += put(Rect { x: line.x + x, width: line.width.saturating_sub(x), ..line }, buf, " ", Default::default());
        }
    }
    if ui.at == At::Detail {
        let rest = Rect { x: line.x + x, width: line.width.saturating_sub(x), ..line };
        put(rest, buf, " ▸ detail", theme.style(Role::Key));
    }
}

/// The glyph of a page whose collectors are not all fresh.
fn sign(worst: Option<CollectorState>) -> (&'static str, Tone) {
    let tone = worst.filter(|s| *s != CollectorState::Fresh).map_or(Tone::Plain, |s| state_cell(s).1);
    (if tone == Tone::Plain { "" } else { tone.glyph(false) }, tone)
}

/// Narrows the names until they fit together: the longest first, never the page that is shown.
fn narrowed(mut widths: Vec<usize>, room: usize, here: usize) -> Vec<usize> {
    const LEAST: usize = 3;
    while widths.iter().sum::<usize>() > room {
        let others = widths.iter_mut().enumerate().filter(|(i, w)| *i != here && **w > LEAST);
        // If several are equally long, the first: the overview is known by its number.
        let Some((_, longest)) = others.rev().max_by_key(|(_, w)| **w) else { break };
        *longest -= 1;
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

    #[test]
    fn of_many_pages_the_one_that_is_shown_has_room() {
        assert_eq!(first(&[10, 10, 10], 2, 30), 0);
        assert_eq!(first(&[10, 10, 10], 2, 25), 1);
        assert_eq!(first(&[10, 10, 10], 0, 5), 0, "even if there is no room at all");
        assert_eq!(first(&[10, 10, 10], 2, 5), 2);
    }

    #[test]
    fn names_of_pages_give_way_but_for_the_one_that_is_shown() {
        assert_eq!(narrowed(vec![8, 7, 5, 7], 27, 0), [8, 7, 5, 7]);
        assert_eq!(narrowed(vec![8, 7, 5, 7], 24, 3), [6, 6, 5, 7]);
        assert_eq!(narrowed(vec![8, 7, 5, 7], 1, 1), [3, 7, 3, 3]);
    }
}
