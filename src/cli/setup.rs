//! `landfall keys`, `config`, `completions`, `man`: set-up, generated from the tables that the program itself uses.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, CommandFactory as _, Subcommand};
use clap_complete::Shell;
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

use super::{
    Cli, faulty,
    out::{Context as _, Failed, print},
    theme_failed,
};
use base::text::Document;
use console::{
    Depth, Themes,
    command::{COMMANDS, Command},
    keymap::Keymap,
    settings::Settings,
};
use plan::Faulty;

#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Print a configuration with all defaults
    Example,
    /// Check a configuration file; without FILE, the one that would be read
    Check {
        /// The file
        file: Option<PathBuf>,
    },
    /// Print the path of the configuration file
    Path,
}

#[derive(Debug, Args)]
pub(super) struct Keys {
    /// As a table in Markdown, with the default keys
    #[arg(long)]
    markdown: bool,
    /// The configuration file
    #[arg(long, value_name = "FILE", conflicts_with = "markdown")]
    config: Option<PathBuf>,
}

/// The operator's settings: from this file, or from the default file if it exists.
pub(super) fn settings(file: Option<&Path>) -> Result<Settings, Failed> {
    let message = |why: Faulty| faulty(&why);
    match file {
        Some(file) => Settings::load(file).map_err(message),
        None => match place().map(|path| Settings::load(&path)) {
            None => Ok(Settings::default()),
            // Only a missing file is ignored: an unreadable one may mask names or change keys.
            Some(Err(Faulty::Unread { source, .. })) if source.kind() == ErrorKind::NotFound => Ok(Settings::default()),
            Some(read) => read.map_err(message),
        },
    }
}

/// Checks that the configured theme can be used.
///
/// # Errors
/// If there is none of that name, or it is faulty.
pub(super) fn theme(settings: &Settings) -> Result<(), Failed> {
    let themes = Themes::of_user(|name| std::env::var(name).ok());
    themes.load(&settings.theme, Depth::True).map(drop).map_err(|why| theme_failed(&why))
}

fn place() -> Option<PathBuf> {
    Settings::path(|name| std::env::var(name).ok())
}

pub(super) fn config(it: Config) -> Result<ExitCode, Failed> {
    let nowhere = || Failed::new("neither XDG_CONFIG_HOME nor HOME is set: there is no folder for a configuration");
    match it {
        Config::Example => print(Document::block(&Settings::example())),
        Config::Path => print(format_args!("{}", place().ok_or_else(nowhere)?.display())),
        Config::Check { file } => {
            let path = file.or_else(place).ok_or_else(nowhere)?;
            theme(&settings(Some(&path))?)?;
            print(format_args!("{}: in order", path.display()))
        }
    }
}

pub(super) fn keys(it: &Keys) -> Result<ExitCode, Failed> {
    if it.markdown {
        return print(Document::block(&markdown()));
    }
    let keys = settings(it.config.as_deref())?.keys;
    print(Document::block(&table(&keys)))
}

/// Every command with the operator's keys.
fn table(keys: &Keymap) -> String {
    let mut out = String::new();
    let mut scope = None;
    for c in COMMANDS {
        if scope.replace(c.scope) != Some(c.scope) {
            out.push_str(&format!("{}{}\n", if out.is_empty() { "" } else { "\n" }, c.scope.title()));
        }
        let doc = keys.spell(c.doc);
        out.push_str(&format!("  {:<14} {:<16} {:<8} {doc}\n", keys.words(c.id), c.name, c.risk.word()));
    }
    out
}

/// The README's table of default keys.
#[must_use]
pub fn markdown() -> String {
    let keys = Keymap::default();
    let mut out = "| key | command | what it does |\n| --- | --- | --- |\n".to_owned();
    for c in COMMANDS {
        let cell = |text: &str| text.replace('|', "\\|");
        let words = keys.keys(c.id).iter().map(|key| format!("`{key}`")).collect::<Vec<_>>();
        let words = if words.len() > 3 { format!("`{}`", keys.words(c.id)) } else { words.join(" ") };
        out.push_str(&format!("| {} | {} | {} |\n", cell(&words), c.name, cell(&keys.spell(c.doc))));
    }
    out
}

pub(super) fn completions(shell: Shell) -> Result<ExitCode, Failed> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "landfall", &mut out);
    print(Document::block(&String::from_utf8_lossy(&out)))
}

/// The man page: every shell command, and every key of the console.
pub(super) fn man() -> Result<ExitCode, Failed> {
    let cli = Cli::command();
    let mut out = Vec::new();
    let made = pages(&cli, &mut out);
    made.context("the man page")?;
    print(Document::block(&String::from_utf8_lossy(&out)))
}

fn pages(cli: &clap::Command, out: &mut Vec<u8>) -> std::io::Result<()> {
    let man = Man::new(cli.clone());
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    let mut roff = Roff::new();
    roff.control("SH", ["COMMANDS"]);
    for command in cli.get_subcommands().filter(|c| !c.is_hide_set()) {
        described(&mut roff, command, "");
    }
    roff.control("SH", ["KEYS"]);
    let keys = Keymap::default();
    roff.text([roman("Default keys; landfall keys lists those of your configuration.")]);
    for c in COMMANDS {
        key(&mut roff, c, &keys);
    }
    roff.control("SH", ["FILES"]);
    roff.control("TP", []);
    roff.text([bold("$XDG_CONFIG_HOME/landfall/config.toml")]);
    roff.text([roman("The operator's settings; landfall config example prints an example.")]);
    roff.control("TP", []);
    roff.text([bold("$XDG_CONFIG_HOME/landfall/themes/")]);
    roff.text([roman("The operator's own themes.")]);
    roff.control("TP", []);
    roff.text([bold("$XDG_STATE_HOME/landfall/console.toml")]);
    roff.text([roman("What was chosen on screen: theme, sort orders and columns. Delete it to forget that.")]);
    roff.control("SH", ["EXIT STATUS"]);
    for (code, says) in super::EXIT {
        roff.control("TP", []);
        roff.text([bold(code.to_string())]);
        roff.text([roman(says)]);
    }
    roff.to_writer(out)?;
    man.render_version_section(out)
}

fn described(roff: &mut Roff, command: &clap::Command, above: &str) {
    let name = format!("{above}{}", command.get_name());
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let own: Vec<&clap::Command> = command.get_subcommands().filter(|c| c.get_name() != "help").collect();
    if own.is_empty() {
        roff.control("TP", []);
        roff.text([bold(name.clone())]);
        roff.text([roman(about)]);
    }
    for option in command.get_arguments().filter(|a| a.get_long().is_some_and(|l| l != "help") && !a.is_global_set()) {
        let help = option.get_help().map(ToString::to_string).unwrap_or_default();
        let long = option.get_long().unwrap_or_default();
        roff.control("RS", []);
        roff.control("TP", []);
        roff.text([bold(format!("--{long}"))]);
        roff.text([roman(help)]);
        roff.control("RE", []);
    }
    for command in own {
        described(roff, command, &format!("{name} "));
    }
}

fn key(roff: &mut Roff, command: &Command, keys: &Keymap) {
    roff.control("TP", []);
    roff.text([bold(keys.words(command.id)), roman(format!(" ({})", command.name))]);
    roff.text([roman(keys.spell(command.doc).into_owned())]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_the_table_of_keys_as_it_is() {
        let readme = include_str!("../../README.md");
        let between = readme.split_once("<!-- keys -->\n").and_then(|(_, rest)| rest.split_once("<!-- /keys -->"));
        let (table, _) = between.expect("the README has a place for the table");
        assert_eq!(table, markdown(), "`landfall keys --markdown` prints it");
    }

    #[test]
    fn the_man_page_has_every_command_and_every_key() {
        let mut out = Vec::new();
        pages(&Cli::command(), &mut out).unwrap();
        let page = String::from_utf8(out).unwrap();
        let roff = |text: &str| text.replace('-', "\\-");
        let entries: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("\\fB")).collect();
        for command in Cli::command().get_subcommands().filter(|c| !c.is_hide_set()) {
            let name = roff(command.get_name());
            let is =
                |entry: &&str| entry.split(['\\', ' ']).next() == name.split('\\').next() && entry.starts_with(&name);
            assert!(entries.iter().any(is), "{name}");
        }
        for command in COMMANDS {
            let name = format!("({})", roff(command.name));
            assert!(entries.iter().any(|entry| entry.ends_with(&name)), "{name}");
        }
        assert!(page.contains(".SH KEYS") && page.contains(".SH \"EXIT STATUS\"") && page.starts_with(".ie"));
    }

    #[test]
    fn every_shell_is_completed() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "landfall", &mut out);
            assert!(String::from_utf8(out).unwrap().contains("headless"), "{shell}");
        }
    }
}
