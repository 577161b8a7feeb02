//! What was chosen before in the palette: the arrows bring it back, and one key repeats the last.

use ratatui::crossterm::event::KeyCode;

use super::{choose, found, offers};
use crate::{
    act::Handled,
    command::Risk,
    entry::{Entry, Palette},
    offer::{Offer, Pick},
    ui::Ui,
};

/// Whether an arrow brings back what was entered before: `↑` at the top while nothing is written, then both until a text is written. Else
/// they choose an offer, as Ctrl-P and Ctrl-N always do.
pub(super) fn brings_back(ui: &Ui, palette: &Palette, arrow: KeyCode) -> bool {
    let begins = arrow == KeyCode::Up && palette.text.is_empty() && palette.at == 0 && palette.over.is_none();
    ui.history.commands.is_browsing() || (begins && !ui.history.commands.is_empty())
}

/// Writes the name that was chosen before, and chooses its offer.
pub(super) fn bring_back(ui: &mut Ui, palette: Palette, arrow: KeyCode) -> Handled {
    let commands = &mut ui.history.commands;
    let text = if arrow == KeyCode::Up { commands.older(&palette.text) } else { commands.newer() };
    let Some(text) = text else {
        ui.entry = Entry::Palette(palette);
        return Handled::NOTHING;
    };
    let mut palette = Palette { text, at: 0, name: String::new(), ..palette };
    // The rows of that text are offered as well.
    ui.entry = Entry::Palette(palette.clone());
    ui.search_rows();
    if let Some(at) = found(ui, &palette).iter().position(|offer| offer.name == palette.text) {
        (palette.at, palette.name) = (at, palette.text.clone());
    }
    ui.entry = Entry::Palette(palette);
    Handled::NOTHING
}

/// Repeats what was chosen last in the palette, as if it were chosen again: a command that is not possible now says why, and one that changes
/// servers asks as usual.
pub(crate) fn repeat(ui: &mut Ui) -> Handled {
    let Some((last, name)) = ui.history.last.clone() else { return Handled::NOTHING };
    // What is copied is the present text of that name.
    let is_it = |offer: &Offer| match (&offer.pick, &last) {
        // A column of another table may have the same place.
        (Pick::Copy(_), Pick::Copy(_)) | (Pick::Sort(_), Pick::Sort(_)) | (Pick::Column(_), Pick::Column(_)) => {
            offer.name == name
        }
        (pick, last) => pick == last,
    };
    let offer = offers(ui, &Palette::default()).into_iter().find(is_it);
    let is_row = matches!(last, Pick::Row(..) | Pick::Gate(..));
    let offer_risk = offer.as_ref().map(|offer| offer.risk);
    let (pick, why_not) = match offer {
        Some(offer) => (offer.pick, offer.why_not),
        None if is_row => (last, None),
        None => (last, Some("it is not offered here".to_owned())),
    };
    match why_not {
        Some(why) => {
            ui.report(format!("repeat {name}: {why}"));
            Handled::NOTHING
        }
        // The step may be another one than before: what changes or records something is chosen once more, and not done at once.
        None if offer_risk.is_some_and(|risk| risk != Risk::Looks) => {
            ui.entry = Entry::Palette(Palette { text: name.clone(), name, ..Palette::default() });
            Handled::NOTHING
        }
        None => {
            ui.inform(format!("repeated: {name}"));
            choose(ui, pick)
        }
    }
}
