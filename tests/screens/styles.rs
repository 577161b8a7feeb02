//! Styles, and that the same is shown without colours: by glyph, word and modifiers.

use landfall::{
    base::{observed::FaultKind, view::Tone},
    console::Role,
    drive::sim::Trouble,
};
use ratatui::style::{Color, Modifier};

use super::{
    shot::{THEMES, drawn, over},
    *,
};

const STATES: [Tone; 6] = [Tone::Good, Tone::Busy, Tone::Warn, Tone::Bad, Tone::Stale, Tone::Blind];

/// The check of every screen snapshot. Whatever has a state's colour has its glyph or belongs to something that has;
/// banners, the current page's tab and the selected row are reversed.
pub fn without_colour(name: &str, night: &Buffer, mono: &Buffer) {
    assert!(mono.content.iter().all(|c| c.fg == Color::Reset && c.bg == Color::Reset), "{name}: mono has a colour");
    let reversed = |x: u16, y: u16| mono[(x, y)].modifier.contains(Modifier::REVERSED);
    // The verdict: a banner with its glyph and its word.
    let words: String = (0..mono.area.width).filter(|x| reversed(*x, 0)).map(|x| mono[(x, 0)].symbol()).collect();
    let banners = [" ▲ HOLD ", " ◐ RUNNING ", " ● GO ", " ● CLEAR ", " ✖ ROLL BACK "];
    assert!(banners.contains(&words.as_str()), "{name}: the verdict is {words:?}");
    // Exactly one tab.
    let tab: String = (0..mono.area.width).filter(|x| reversed(*x, 2)).map(|x| mono[(x, 2)].symbol()).collect();
    assert!(tab.trim().starts_with(|c: char| c.is_ascii_digit()), "{name}: the page is {tab:?}");
    for y in 3..mono.area.height - 1 {
        if mono[(0, y)].symbol() == "▸" {
            assert!((0..mono.area.width).all(|x| reversed(x, y)), "{name}: the selected row {y} is not seen");
        }
        for tone in STATES {
            for run in runs([night, mono], y, tone) {
                assert!(explained(night, y, &run, tone), "{name}: {:?} in line {y} is {tone:?} by colour alone", run.1);
            }
        }
    }
}

/// Where a line has a tone's style in both themes: the first cell, and the text.
fn runs(frames: [&Buffer; 2], y: u16, tone: Tone) -> Vec<(u16, String)> {
    let role = Role::of(tone).expect("a state has a role");
    let own = THEMES.each_ref().map(|theme| over(&[theme.style(Role::Text), theme.style(role)]));
    let (mut out, mut before): (Vec<(u16, String)>, bool) = (Vec::new(), false);
    for x in 0..frames[0].area.width {
        let has = |i: usize| {
            let (fg, _, modifier) = drawn(&frames[i][(x, y)]);
            fg == own[i].0 && modifier.contains(own[i].2)
        };
        let is = has(0) && has(1);
        match out.last_mut() {
            Some((_, run)) if is && before => run.push_str(frames[0][(x, y)].symbol()),
            _ if is => out.push((x, frames[0][(x, y)].symbol().to_owned())),
            _ => {}
        }
        before = is;
    }
    out
}

/// Has its glyph, or is beside it; or names the state in words; or is a curve or part of a large figure; or continues
/// the line above.
fn explained(frame: &Buffer, y: u16, (x, run): &(u16, String), tone: Tone) -> bool {
    let blocks = |c: char| matches!(c, '\u{2580}'..='\u{259f}' | '\u{2800}'..='\u{28ff}' | ' ');
    let beside = (1..=2).any(|left| *x >= left && frame[(*x - left, y)].symbol() == tone.glyph(false));
    let words = run.starts_with("Not now: ");
    let goes_on = frame[(*x, y - 1)].fg == frame[(*x, y)].fg && frame[(*x, y - 1)].bg == frame[(*x, y)].bg;
    run.contains(tone.glyph(false)) || beside || words || goes_on || run.chars().all(blocks)
}

#[test]
fn what_each_role_looks_like_in_each_theme() {
    use std::fmt::Write as _;
    let mut out = String::new();
    for role in Role::ALL {
        let _ = writeln!(out, "{}", role.word());
        for name in Themes::default().names() {
            let style = theme(&name).style(*role);
            let ansi = Themes::default().load(&name, Depth::Ansi).expect("built in").style(*role);
            let colours = |s: ratatui::style::Style| {
                let word = |c: Option<Color>| c.map_or_else(|| "–".to_owned(), |c| c.to_string());
                format!("{} on {}", word(s.fg), word(s.bg))
            };
            let _ = writeln!(out, "  {name:<13} {:<20} {:<26} {:?}", colours(style), colours(ansi), style.add_modifier);
        }
    }
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("looks", out);
    });
}

#[test]
fn a_tone_is_drawn_with_its_glyph_and_its_style() {
    let mut drive = estate();
    drive.trouble("mongo/", Some(Trouble::Fails(FaultKind::Refused)));
    drive.run_for(Duration::from_secs(90));
    let mut ui = ui(drive.snapshot());
    press(&mut ui, "9");
    let (frame, theme) = (screen(&mut ui, LARGE, false), theme("night"));
    let styled = |tone: Tone| {
        let glyphs = frame.content.iter().filter(|c| c.symbol() == tone.glyph(false));
        let found: Vec<_> = glyphs.filter(|c| Some(c.fg) == theme.tone(tone).fg).collect();
        (found.len(), found.iter().all(|c| c.modifier.contains(theme.tone(tone).add_modifier)))
    };
    let (blind, modified) = styled(Tone::Blind);
    assert!(blind > 0 && modified, "blind sources carry the blind glyph in the blind style");
    assert!(styled(Tone::Good).0 > 0, "live sources stay as they were");
    let hold = theme.style(Role::Hold);
    assert_eq!((Some(frame[(1, 0)].fg), Some(frame[(1, 0)].bg)), (hold.fg, hold.bg));
}

/// The check of every screen can fail.
#[test]
fn a_state_by_colour_alone_would_be_noticed() {
    let mut ui = ui(still());
    press(&mut ui, "9");
    let [mut night, mono] = THEMES.each_ref().map(|theme| screen_in(theme, &mut ui, USUAL, false));
    without_colour("as it is", &night, &mono);
    let glyph = (0..night.content.len()).find(|i| night.content[*i].symbol() == "●" && *i > 600).expect("a state");
    night.content[glyph].set_symbol(" ");
    let noticed = std::panic::catch_unwind(|| without_colour("without a glyph", &night, &mono));
    assert!(noticed.is_err());
}
