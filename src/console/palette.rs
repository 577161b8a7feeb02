//! The palette: everything that can be chosen – commands, pages, steps, themes, columns to sort by – found by a few of its letters.
//!
//! Pure. What it offers is made anew with each key of what there is now; nothing is kept that could be out of date.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};
use ratatui::crossterm::event::{KeyCode, KeyEvent};

use super::{
    command::{COMMANDS, Id, Risk},
    key::Key,
    rows::Sort,
    typing::{self, write},
    ui::{Entry, Ui},
    update::{Act, go, perform, sort_by, to_step},
    why_not::why_not,
};
use crate::view::Align;

/// What is looked for, and which of what was found is chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Palette {
    /// What was written.
    pub text: String,
    /// Which one, from 0.
    pub at: usize,
}

impl Palette {
    /// With this added to what is written.
    #[must_use]
    pub fn with(self, text: &str) -> Self {
        Self { text: self.text + text, at: 0 }
    }
}

/// What can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// A command.
    Command(Id),
    /// A page, by its number from 0.
    Page(usize),
    /// A step, by its id.
    Step(String),
    /// A theme, by its number.
    Theme(usize),
    /// An order of the focused table.
    Sort(Option<Sort>),
}

/// One line of the palette.
#[derive(Debug, Clone)]
pub struct Offer {
    /// What it is.
    pub pick: Pick,
    /// Its key, if it has one.
    pub key: String,
    /// What it is found by.
    pub name: String,
    /// What it does, in one sentence.
    pub doc: String,
    /// What can come of it.
    pub risk: Risk,
    /// Why it cannot be chosen now.
    pub why_not: Option<String>,
}

/// What there is to choose from, in the order of the table.
fn offers(ui: &Ui) -> Vec<Offer> {
    let plain = |pick, name: String, doc: String, why_not: Option<&str>| Offer {
        pick,
        key: String::new(),
        name,
        doc,
        risk: Risk::Looks,
        why_not: why_not.map(str::to_owned),
    };
    // A page is chosen by its name, the palette is open.
    let commands = COMMANDS.iter().filter(|c| !matches!(c.id, Id::Page | Id::Palette)).map(|c| Offer {
        pick: Pick::Command(c.id),
        key: ui.keys.words(c.id),
        name: c.name.to_owned(),
        doc: c.doc.to_owned(),
        risk: c.risk,
        why_not: why_not(c.id, ui),
    });
    let titles = std::iter::once("Overview").chain(ui.picture().pages.iter().map(|p| p.panel.title));
    let pages = titles.enumerate().map(|(nth, title)| Offer {
        key: ui.keys.keys(Id::Page).get(nth).map(Key::to_string).unwrap_or_default(),
        ..plain(Pick::Page(nth), format!("page {}", title.to_lowercase()), format!("Go to {title}."), None)
    });
    let steps =
        ui.latest().run.iter().flat_map(|run| &run.steps).map(|s| {
            plain(Pick::Step(s.id.clone()), format!("step {}", s.id), format!("{}: {}", s.word, s.title), None)
        });
    let themes = ui.themes.iter().enumerate().map(|(nth, name)| {
        let why = (nth == ui.theme).then_some("this is the theme");
        plain(Pick::Theme(nth), format!("theme {name}"), format!("Colours and signs as {name} has them."), why)
    });
    let sorts = ui.focused().into_iter().flat_map(|table| {
        let by = table.columns.iter().enumerate().map(move |(column, c)| {
            let sort = Sort { column, descending: c.align == Align::Right };
            let group = c.group.split_whitespace().next().unwrap_or_default();
            let name = if group.is_empty() { c.id.to_owned() } else { format!("{group}.{}", c.id) };
            let order = if sort.descending { "largest first" } else { "from A to Z" };
            (Some(sort), format!("sort {name}"), format!("{} by this column, {order}.", table.title))
        });
        by.chain([(None, "sort".to_owned() + " own", format!("{} in its own order.", table.title))])
    });
    let now = ui.sort();
    let sorts =
        sorts.map(|(sort, name, doc)| plain(Pick::Sort(sort), name, doc, (sort == now).then_some("this is the order")));
    commands.chain(pages).chain(steps).chain(themes).chain(sorts).collect()
}

/// What is found by what was written, the best first; all of it where nothing is written.
#[must_use]
pub fn found(ui: &Ui, text: &str) -> Vec<Offer> {
    let all = offers(ui);
    if text.trim().is_empty() {
        return all;
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
    let mut buffer = Vec::new();
    let mut score = |words: &str| pattern.score(Utf32Str::new(words, &mut buffer), &mut matcher);
    // Its name counts before what is said of it.
    let mut scored: Vec<(u32, Offer)> = all
        .into_iter()
        .filter_map(|offer| {
            let by_name = score(&offer.name).map(|s| s + 10_000);
            Some((by_name.or_else(|| score(&offer.doc))?, offer))
        })
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, offer)| offer).collect()
}

/// Takes a key.
pub(super) fn key(ui: &mut Ui, key: &KeyEvent, mut palette: Palette) -> Vec<Act> {
    if let Some(acts) = typing::always(ui, key) {
        return acts;
    }
    let found = found(ui, &palette.text);
    let last = found.len().saturating_sub(1);
    palette.at = palette.at.min(last);
    match (key.code, Key::of(key)) {
        (KeyCode::Esc, _) => {
            ui.entry = Entry::Commands;
            return Vec::new();
        }
        (KeyCode::Backspace, _) if palette.text.is_empty() => {
            ui.entry = Entry::Commands;
            return Vec::new();
        }
        (KeyCode::Down, _) | (_, Some(Key::Ctrl('n'))) => palette.at = (palette.at + 1).min(last),
        (KeyCode::Up, _) | (_, Some(Key::Ctrl('p'))) => palette.at = palette.at.saturating_sub(1),
        (KeyCode::PageDown, _) => palette.at = (palette.at + 10).min(last),
        (KeyCode::PageUp, _) => palette.at = palette.at.saturating_sub(10),
        (KeyCode::Tab, _) => {
            if let Some(offer) = found.get(palette.at) {
                palette = Palette { text: offer.name.clone(), at: 0 };
            }
        }
        (KeyCode::Enter, _) => {
            let Some(offer) = found.get(palette.at) else {
                ui.message = Some("nothing is called so".to_owned());
                return Vec::new();
            };
            if let Some(why) = &offer.why_not {
                ui.message = Some(format!("{}: {why}", offer.name));
                return Vec::new();
            }
            ui.entry = Entry::Commands;
            return choose(ui, offer.pick.clone());
        }
        _ => {
            if write(&mut palette.text, key) {
                palette.at = 0;
            }
        }
    }
    ui.entry = Entry::Palette(palette);
    Vec::new()
}

fn choose(ui: &mut Ui, pick: Pick) -> Vec<Act> {
    match pick {
        Pick::Command(id) => perform(ui, id, 0),
        Pick::Page(nth) => go(ui, nth),
        Pick::Step(id) => to_step(ui, Some(&id)),
        Pick::Theme(nth) => {
            ui.theme = nth;
            vec![Act::Theme]
        }
        Pick::Sort(sort) => sort_by(ui, sort),
    }
}
