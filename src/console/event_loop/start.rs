//! The console as it opens: settings, choices of earlier starts, theme, mask, the first view model.

use std::sync::{Arc, Mutex};

use super::Console;
use crate::{
    Depth, Error, Options, Theme, Themes, ascii,
    bell::Bell,
    choices::Chosen,
    clock::{Time, Zones, machine},
    mask::Mask,
    player::Player,
    state_file::{self, StateFile},
    ui::Ui,
    view_model::ViewModel,
};
use drive::{Link, Orders};
use systems::collect::clock::now;

impl Console {
    /// Opens at the overview; nothing is drawn yet.
    ///
    /// # Errors
    /// If the theme cannot be used.
    pub(crate) fn new(link: Link, orders: Option<Orders>, options: Options) -> Result<Self, Error> {
        let var = |name: &str| std::env::var(name).ok();
        let (themes, depth) = (Themes::of_user(var), Depth::detect(var));
        let settings = options.settings;
        // A script's keys are no choices of the operator, and its screens are the same everywhere.
        let state = options.state.filter(|_| options.script.is_none());
        let (choices, ignored) = state.as_deref().map(state_file::load).unwrap_or_default();
        let (theme, wanted, gone) =
            first_theme(&themes, depth, &settings.theme, choices.theme.as_deref().filter(|_| !options.own_theme))?;
        let snapshot = link.snapshots.borrow().clone();
        let (mut mask, masked) = (Mask::of(&snapshot.plan), settings.mask);
        let player = options.script.map(Player::new);
        if player.is_some() {
            // The script waits for signals, so the systems must compute them.
            link.viewer.want_signals();
        }
        // No bell while a script plays.
        let bell = Bell::new(if player.is_none() { settings.bell } else { Vec::new() }, snapshot.clone());
        let zones = Zones::new(&settings.time, machine);
        let first = Arc::new(ViewModel::masked(snapshot, masked.then_some(&mut mask), &zones.shown()));
        let names = mask.real_names();
        let mask = Arc::new(Mutex::new(mask));
        let mut ui = Ui::new(first, now(), options.mode);
        ui.scenario = options.scenario;
        ui.themes.names = themes.names();
        ui.themes.shown = ui.themes.names.iter().position(|n| *n == wanted).unwrap_or(0);
        ui.themes.configured.clone_from(&settings.theme);
        ui.lists.wide = choices.wide;
        ui.chosen = Chosen::of(choices);
        ui.themes.wanted = ui.themes.shown;
        // If the operator wants local time and there is none, a message says so. The head always shows the zone.
        let local = settings.time == Time::Local;
        let lacks = local.then(|| zones.why_not()).flatten().map(|why| format!("times are UTC: {why}"));
        match (lacks, options.greeting) {
            (Some(text), _) => ui.report(text),
            (None, Some(text)) => ui.inform(text),
            (None, None) => {}
        }
        for text in [gone, ignored].into_iter().flatten() {
            ui.report(text);
        }
        ui.zones = zones;
        ui.terminal.mouse = settings.mouse;
        ui.terminal.in_tmux = std::env::var_os("TMUX").is_some();
        let keys = Arc::new(settings.keys);
        if player.is_none() {
            ui.keys = keys.clone();
        }
        let ascii = settings.ascii.unwrap_or_else(|| ascii::wanted(var));
        let record = options.record;
        Ok(Self {
            state: StateFile::new(state),
            link,
            orders,
            ui,
            themes,
            depth,
            theme,
            ascii,
            player,
            given: 0,
            record,
            keys,
            bell,
            mask,
            names,
            masked,
            inputs: None,
        })
    }
}

/// The theme of the start: the one that was chosen earlier, or the configured one; its name, and why the chosen one is not used.
fn first_theme(themes: &Themes, depth: Depth, configured: &str, chosen: Option<&str>) -> Result<FirstTheme, Error> {
    let chosen = chosen.map(|name| (name, themes.load(name, depth)));
    let gone = match chosen {
        Some((name, Ok(theme))) => return Ok((theme, name.to_owned(), None)),
        Some((name, Err(why))) => Some(format!("theme {name}, chosen earlier, cannot be used: {}", why.brief())),
        None => None,
    };
    Ok((themes.load(configured, depth)?, configured.to_owned(), gone))
}

type FirstTheme = (Theme, String, Option<String>);
