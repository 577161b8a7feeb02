//! The palette: finds commands, pages, steps, themes and sort columns by a few letters.
//!
//! Pure. The offers are computed again for each key, except the rows of pages, which may be very many (`row_search`).

mod earlier;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;

pub(crate) use self::earlier::repeat;
use self::earlier::{bring_back, brings_back};

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{AtomKind, CaseMatching, Normalization, Pattern},
};
use ratatui::crossterm::event::{KeyCode, KeyEvent};

use super::{
    act::{Act, Handled},
    command::{COMMANDS, Id, Risk},
    copy::copyables,
    entry::{COLUMN, COPY, Entry, Palette},
    filter::called,
    glossary::WORDS,
    key::Key,
    offer::{Offer, Pick},
    order::Sort,
    pages::{OVERVIEW, share_keys},
    travel::{go, to_gate, to_row, to_step},
    typing::{self, write},
    ui::Ui,
    why_not::why_not,
};
use base::view::{Align, Column, Group};
use engine::{gate::Reason, run::StepView};

/// All offers, in the order of the command table.
fn offers(ui: &Ui, palette: &Palette) -> Vec<Offer> {
    let plain = |pick, name: String, doc: String, why_not: Option<&str>| Offer {
        pick,
        key: String::new(),
        name,
        doc,
        risk: Risk::Looks,
        why_not: why_not.map(str::to_owned),
    };
    // Pages have their own entries, and the palette is open already.
    let commands = COMMANDS.iter().filter(|c| !matches!(c.id, Id::Page | Id::Palette)).map(|c| Offer {
        pick: Pick::Command(c.id),
        key: ui.keys.words(c.id),
        name: c.name.to_owned(),
        doc: c.doc.to_owned(),
        risk: c.risk,
        why_not: why_not(c.id, ui),
    });
    let panels = &ui.view_model().pages;
    let group = |group: Group| if share_keys(panels.len()) { format!(", of {}", group.word()) } else { String::new() };
    let titles = panels.iter().map(|p| (p.panel.title, group(p.panel.group)));
    let pages =
        std::iter::once((OVERVIEW, String::new())).chain(titles).enumerate().map(|(nth, (title, group))| Offer {
            key: ui.keys.keys(Id::Page).get(ui.view_model().page_key(nth)).map(Key::to_string).unwrap_or_default(),
            ..plain(Pick::Page(nth), format!("page {}", title.to_lowercase()), format!("Go to {title}{group}."), None)
        });
    let steps =
        ui.latest().run.iter().flat_map(|run| &run.steps).map(|s| {
            plain(Pick::Step(s.id.clone()), format!("step {}", s.id), format!("{}: {}", s.word, s.title), None)
        });
    let themes = ui.themes.names.iter().enumerate().map(|(nth, name)| {
        let why = (nth == ui.themes.shown).then_some("this is the theme");
        plain(Pick::Theme(nth), format!("theme {name}"), format!("Colours and signs as {name} has them."), why)
    });
    let sorts = ui.focused().into_iter().flat_map(|table| {
        let by = table.columns.iter().enumerate().filter(|(_, c)| !c.spark).map(move |(column, c)| {
            let sort = Sort { column, descending: c.align == Align::Right };
            let name = called(c, &table.columns);
            let order = if sort.descending { "largest first" } else { "from A to Z" };
            (Some(sort), format!("sort {name}"), format!("{} by this column, {order}.", table.title))
        });
        by.chain([(None, "sort".to_owned() + " own", format!("{} in its own order.", table.title))])
    });
    let now = ui.sort();
    let sorts =
        sorts.map(|(sort, name, doc)| plain(Pick::Sort(sort), name, doc, (sort == now).then_some("this is the order")));
    let columns = columns(ui).into_iter().map(|(id, name, doc, why_not)| plain(Pick::Column(id), name, doc, why_not));
    let copies = copyables(ui, palette).into_iter().map(|copy| {
        let doc = copy.text.split_whitespace().collect::<Vec<_>>().join(" ");
        plain(Pick::Copy(copy.text), copy.name, doc, None)
    });
    if palette.over.is_some() {
        return copies.collect();
    }
    let words =
        WORDS.iter().map(|(word, doc)| plain(Pick::Word(word), format!("word {word}"), (*doc).to_owned(), None));
    let all = commands.chain(pages).chain(steps).chain(themes).chain(sorts).chain(columns).chain(copies).chain(words);
    // They are many: only who looks for something sees them.
    let gates = if palette.text.trim().is_empty() { Vec::new() } else { gates(ui) };
    all.chain(gates.into_iter().map(|(pick, name, doc)| plain(pick, name, doc, None))).collect()
}

/// The gates of all steps, by their ids and what they are about: the name of the signal, and its words.
fn gates(ui: &Ui) -> Vec<(Pick, String, String)> {
    let steps = ui.view_model().snapshot.run.iter().flat_map(|run| &run.steps);
    let one = |step: &StepView, it: &Reason| {
        let doc = format!("{}: {} {} ({}).", step.id, it.subject, it.limit_text, it.signal);
        (Pick::Gate(step.id.clone(), it.gate.clone()), format!("gate {}", it.gate), doc)
    };
    let mut out: Vec<_> = steps.flat_map(|step| step.gates.iter().map(move |line| one(step, &line.reason))).collect();
    // One that is unknown for several reasons is one gate.
    out.dedup_by(|a, b| a.0 == b.0);
    out
}

/// The columns of the focused table: id, name, what is chosen, and why it cannot be.
fn columns(ui: &Ui) -> Vec<(Option<&'static str>, String, String, Option<&'static str>)> {
    let Some(table) = ui.focused() else { return Vec::new() };
    let hidden = ui.hidden_columns();
    let one = |(at, c): (usize, &Column)| {
        let now = if hidden.contains(&c.id) { "hidden: show this column again" } else { "shown: hide this column" };
        let why = (at == 0).then_some("it names the rows");
        let meaning =
            WORDS.iter().find(|(word, _)| *word == c.title).map(|(_, doc)| format!(" {doc}")).unwrap_or_default();
        let name = format!("{COLUMN}{}", called(c, &table.columns));
        (Some(c.id), name, format!("{}, {now}.{meaning}", table.title), why)
    };
    let none = hidden.is_empty().then_some("no column is hidden");
    let all = (None, format!("{COLUMN}all"), format!("{}: show all columns.", table.title), none);
    table.columns.iter().enumerate().map(one).chain([all]).collect()
}

/// The offers that match a text, best first; all offers if the text is empty.
#[must_use]
pub fn found(ui: &Ui, palette: &Palette) -> Vec<Offer> {
    let text = palette.text.as_str();
    let mut all = offers(ui, palette);
    if text.trim().is_empty() {
        return all;
    }
    // Who came here to copy, or for the columns, has chosen that already.
    let only = [COPY, COLUMN].into_iter().find(|of| text.starts_with(of));
    all.retain(|offer| only.is_none_or(|of| offer.name.starts_with(of)));
    let mut config = Config::DEFAULT;
    config.prefer_prefix = true;
    let mut matcher = Matcher::new(config);
    let mut buffer = Vec::new();
    let by_name = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
    // Descriptions contain most letters, so there only whole substrings match.
    let by_doc = Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Substring);
    let mut score = |pattern: &Pattern, words: &str| pattern.score(Utf32Str::new(words, &mut buffer), &mut matcher);
    // What contains the text ranks above what has its letters somewhere; of both a name above a description; of equal matches the shorter
    // name.
    let lower = text.to_lowercase();
    let mut scored: Vec<((bool, bool), u32, Offer)> = Vec::new();
    for offer in all {
        let (name, doc) = (score(&by_name, &offer.name), score(&by_doc, &offer.doc));
        let whole = |text: &str| text.to_lowercase().contains(&lower);
        let by_name = name.map(|fits| ((whole(&offer.name), true), fits));
        let by_doc = doc.map(|fits| ((whole(&offer.doc), false), fits));
        if let Some((tier, fits)) = by_name.max(by_doc) {
            scored.push((tier, fits, offer));
        }
    }
    scored.sort_by_key(|(name, fits, offer)| (Reverse((*name, *fits)), offer.name.len()));
    let rows = if palette.over.is_none() && only.is_none() { ui.row_hits(text).0 } else { &[] };
    scored.into_iter().map(|(.., offer)| offer).chain(rows.iter().cloned()).collect()
}

/// Handles a key.
pub(super) fn key(ui: &mut Ui, key: &KeyEvent, mut palette: Palette) -> Handled {
    if let Some(command) = typing::always(ui, key) {
        return command;
    }
    if key.code == KeyCode::Enter {
        ui.search_now();
    }
    let found = found(ui, &palette);
    let last = found.len().saturating_sub(1);
    palette.at = palette.at.min(last);
    let is_chosen = |offer: &Offer| palette.name.is_empty() || offer.name == palette.name;
    if !found.get(palette.at).is_some_and(is_chosen) {
        palette.at = found.iter().position(is_chosen).unwrap_or(palette.at);
    }
    match (key.code, Key::of(key)) {
        (KeyCode::Esc, _) => return close(ui, palette),
        (KeyCode::Backspace, _) if palette.text.is_empty() => return close(ui, palette),
        (KeyCode::Up | KeyCode::Down, _) if brings_back(ui, &palette, key.code) => {
            return bring_back(ui, palette, key.code);
        }
        (KeyCode::Down, _) | (_, Some(Key::Ctrl('n'))) => palette.at = (palette.at + 1).min(last),
        (KeyCode::Up, _) | (_, Some(Key::Ctrl('p'))) => palette.at = palette.at.saturating_sub(1),
        (KeyCode::PageDown, _) => palette.at = (palette.at + 10).min(last),
        (KeyCode::PageUp, _) => palette.at = palette.at.saturating_sub(10),
        (KeyCode::Tab, _) => {
            if let Some(offer) = found.get(palette.at) {
                palette = Palette { text: offer.name.clone(), at: 0, name: String::new(), ..palette };
            }
        }
        (KeyCode::Enter, _) => {
            let Some(offer) = found.get(palette.at) else {
                ui.report("no match".to_owned());
                return Handled::NOTHING;
            };
            if !is_chosen(offer) {
                ui.report(format!("{} is no longer offered: choose again", palette.name));
                palette.name.clone_from(&offer.name);
                ui.entry = Entry::Palette(palette);
                return Handled::NOTHING;
            }
            if let Some(why) = &offer.why_not {
                ui.report(format!("{}: {why}", offer.name));
                return Handled::NOTHING;
            }
            let (pick, name) = (offer.pick.clone(), offer.name.clone());
            ui.history.commands.add(&name);
            if pick != Pick::Command(Id::Repeat) {
                ui.history.last = Some((pick.clone(), name));
            }
            ui.entry = Entry::return_to(palette.over);
            return choose(ui, pick);
        }
        _ => {
            if write(&mut palette.text, key) {
                ui.history.commands.leave();
                palette = Palette { at: 0, name: String::new(), ..palette };
                ui.entry = Entry::Palette(palette);
                return Handled::NOTHING;
            }
        }
    }
    palette.name = found.get(palette.at).map_or_else(String::new, |offer| offer.name.clone());
    ui.entry = Entry::Palette(palette);
    Handled::NOTHING
}

fn close(ui: &mut Ui, palette: Palette) -> Handled {
    ui.history.commands.leave();
    ui.entry = Entry::return_to(palette.over);
    Handled::NOTHING
}

/// What is reported of a text that was sent to the clipboard. Whether the terminal takes it is not known.
fn copied(text: &str, in_tmux: bool) -> String {
    let lines = text.lines().count();
    let what = if lines > 1 { format!("{lines} lines") } else { format!("\"{}\"", text.trim_end()) };
    let tmux = if in_tmux { "; tmux passes it on with `set -g set-clipboard on`" } else { "" };
    format!("copied {what} to the terminal's clipboard (OSC 52){tmux}")
}

fn choose(ui: &mut Ui, pick: Pick) -> Handled {
    Handled::Done(match pick {
        Pick::Command(id) => return Handled::Command(id, 0),
        Pick::Page(nth) => go(ui, nth),
        Pick::Step(id) => to_step(ui, Some(&id)),
        Pick::Theme(nth) => {
            ui.themes.wanted = nth;
            vec![Act::Theme]
        }
        Pick::Copy(text) => {
            ui.inform(copied(&text, ui.terminal.in_tmux));
            vec![Act::Copy(text)]
        }
        Pick::Gate(step, gate) => to_gate(ui, &step, &gate),
        Pick::Row(page, row) => to_row(ui, page, Some(&row)),
        Pick::Word(word) => {
            ui.help_over = None;
            ui.entry = Entry::Help(word.to_owned(), 0);
            Vec::new()
        }
        Pick::Sort(sort) => {
            ui.sort_by(sort);
            Vec::new()
        }
        Pick::Column(id) => {
            ui.hide_or_show(id);
            Vec::new()
        }
    })
}
