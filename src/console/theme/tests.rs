use std::path::Path;

use ratatui::style::Color;

use super::*;
use crate::{
    colour::rgb,
    sight::{Sight, apart},
};
use base::cause::Chain;
use judge::{apartness, contrasts, least};

const TONES: [Tone; 6] = [Tone::Good, Tone::Busy, Tone::Warn, Tone::Bad, Tone::Stale, Tone::Blind];

fn own() -> impl Iterator<Item = String> {
    Themes::default().names().into_iter()
}

fn load(name: &str, depth: Depth) -> Theme {
    Themes::default().load(name, depth).unwrap_or_else(|why| panic!("{why}"))
}

fn in_dir(files: &[(&str, &str)]) -> (tempfile::TempDir, Themes) {
    let dir = tempfile::tempdir().unwrap();
    let themes = dir.path().join("landfall/themes");
    std::fs::create_dir_all(&themes).unwrap();
    for (name, text) in files {
        std::fs::write(themes.join(name), text).unwrap();
    }
    let home = dir.path().to_str().unwrap().to_owned();
    let found = Themes::of_user(|n| (n == "XDG_CONFIG_HOME").then(|| home.clone()));
    (dir, found)
}

#[test]
fn everything_can_be_read_at_every_depth() {
    for name in own() {
        for depth in [Depth::True, Depth::Indexed, Depth::Ansi] {
            let theme = load(&name, depth);
            let figures = contrasts(&theme);
            assert!(name == "mono" || figures.len() > 30, "{name}: {} figures", figures.len());
            for (role, over, found) in figures {
                let word = role.word();
                assert!(found >= least(role, depth), "{name}, {depth:?}: {word} over {over:?} has {found:.2}");
            }
        }
    }
}

/// Distinguishable at a glance with unimpaired vision, and at least slightly with each deficiency, in every theme.
#[test]
fn what_means_different_things_looks_different_to_everybody() {
    for name in own().filter(|name| name != "mono") {
        let theme = load(&name, Depth::True);
        for sight in Sight::ALL {
            let least = match (name.as_str(), sight) {
                (_, Sight::Usual) => 10.0,
                ("deuteranopia", Sight::Deuteranopia | Sight::Protanopia) | ("tritanopia", Sight::Tritanopia) => 12.0,
                _ => 6.5,
            };
            let found = apartness(&theme, sight);
            assert_eq!(found.len(), 16, "five tones and stale, and two sides");
            for (d, a, b) in found {
                assert!(d >= least, "{name} {}: {} and {} are {d:.1} apart", sight.words(), a.word(), b.word());
            }
        }
    }
}

#[test]
fn few_colours_are_enough_to_tell_the_tones_apart() {
    for name in own() {
        for depth in [Depth::True, Depth::Indexed, Depth::Ansi, Depth::None] {
            let theme = load(&name, depth);
            for (i, a) in TONES.iter().enumerate() {
                for b in &TONES[i + 1..] {
                    assert_ne!(theme.tone(*a), theme.tone(*b), "{name}, {depth:?}: {a:?} and {b:?}");
                }
            }
            assert_ne!(theme.side(Side::Source), theme.side(Side::Target), "{name}, {depth:?}");
        }
    }
    // With 16 colours, a theme made for a deficiency must also keep its tones distinguishable for it.
    for (name, sight) in [("deuteranopia", Sight::Deuteranopia), ("tritanopia", Sight::Tritanopia)] {
        let theme = load(name, Depth::Ansi);
        let colours: Vec<_> = TONES.iter().filter_map(|t| rgb(theme.tone(*t).fg?)).collect();
        assert_eq!(colours.len(), TONES.len());
        for (i, a) in colours.iter().enumerate() {
            for b in &colours[i + 1..] {
                assert!(apart(*a, *b, sight) > 6.0, "{name}: {a:?} {b:?} {}", apart(*a, *b, sight));
            }
        }
    }
}

#[test]
fn the_packages_own_themes_pass_their_own_check() {
    for name in own() {
        let path = format!("{}/../../themes/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let (theme, report, nearest) = Themes::default().check(Path::new(&path)).unwrap_or_else(|why| panic!("{why}"));
        assert!(report.is_empty(), "{report}");
        assert!(theme.doc.is_some());
        assert_eq!(nearest.contrast.is_none(), name == "mono");
    }
}

#[test]
fn without_colours_there_is_none_and_what_is_selected_is_reversed() {
    for (theme, depth) in [("mono", Depth::True), ("mono", Depth::Ansi), ("night", Depth::None), ("day", Depth::None)] {
        let plain = load(theme, depth);
        for role in Role::ALL {
            let style = plain.style(*role);
            let none = |c: Option<Color>| c.is_none_or(|c| c == Color::Reset);
            assert!(none(style.fg) && none(style.bg), "{theme}: {} has a colour", role.word());
        }
        let has = |role, modifier| plain.style(role).add_modifier.contains(modifier);
        for role in [Role::Selected, Role::TabActive, Role::Go, Role::Clear, Role::Hold, Role::RollBack] {
            assert!(has(role, Modifier::REVERSED), "{theme}: {}", role.word());
        }
        assert!(has(Role::Bad, Modifier::BOLD) && has(Role::Stale, Modifier::DIM) && has(Role::Muted, Modifier::DIM));
    }
}

#[test]
fn a_selected_row_is_seen_however_few_colours_there_are() {
    for name in own() {
        for depth in [Depth::True, Depth::Indexed, Depth::Ansi, Depth::None] {
            let theme = load(&name, depth);
            let (text, selected) = (theme.style(Role::Text), theme.style(Role::Selected));
            let behind = selected.bg.or(text.bg);
            assert!(behind != text.bg || selected.add_modifier.contains(Modifier::REVERSED), "{name}, {depth:?}");
        }
    }
}

#[test]
fn a_theme_inherits_over_several_levels_and_may_change_the_palette_of_them_all() {
    let (_dir, themes) = in_dir(&[
        ("night.toml", "name = \"night\"\ninherit = \"night\"\n[palette]\nred = \"#ff8080\"\n"),
        ("own.toml", "name = \"own\"\ninherit = \"middle\"\n[palette]\ngreen = \"#010203\"\n"),
        ("middle.toml", "name = \"middle\"\ninherit = \"day\"\n[roles]\nbusy = { fg = \"green\", dim = true }\n"),
    ]);
    assert_eq!(themes.load("night", Depth::True).unwrap().style(Role::Bad).fg, Some(Color::Rgb(0xff, 0x80, 0x80)));
    let own = themes.load("own", Depth::True).unwrap();
    assert_eq!(own.style(Role::Good).fg, Some(Color::Rgb(1, 2, 3)), "night's role, in its own colour");
    let busy = Style::new().fg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::DIM);
    assert_eq!(own.style(Role::Busy), busy, "the middle one's role, in its own colour");
    assert_eq!(own.style(Role::Text).bg, Some(Color::Rgb(0xfb, 0xfb, 0xf8)), "day's palette, in night's role");
    assert_eq!(own.style(Role::Good).add_modifier, Modifier::empty());
    let names = ["night", "day", "deuteranopia", "tritanopia", "mono", "middle", "own"];
    assert_eq!(themes.names(), names);
}

#[test]
fn a_role_said_anew_has_no_16_colours_of_what_it_replaces() {
    let text = "name = \"own\"\ninherit = \"night\"\n[roles]\ngood = { fg = \"#6c8cff\" }\n";
    let (_dir, themes) = in_dir(&[("own.toml", text)]);
    let own = themes.load("own", Depth::Ansi).unwrap();
    assert_eq!(own.style(Role::Good).fg, Some(Color::LightBlue), "the nearest hue");
    assert_eq!(own.style(Role::Warn).fg, Some(Color::Yellow), "night's");
}

#[test]
fn all_faults_of_a_theme_are_told_at_once_each_with_its_place() {
    let text = r##"name = "one"
inherit = "nigth"
[palette]
sky = "#12345g"
lake = "#123456"
[roles]
tab_active = { fg = "lake" }
bad = { fg = "laek", bolt = true }
good = { fg = "lake", ansi = "grean", dim = "yes" }
"##;
    let (dir, themes) = in_dir(&[("own.toml", text)]);
    let why = themes.load("own", Depth::True).unwrap_err();
    let ThemeError::Faulty { source: Faulty::Plan(report), .. } = &why else { panic!("{why}") };
    let described: Vec<_> =
        report.iter().map(|d| (d.line, d.column, d.code.word(), d.hint.as_deref().unwrap_or_default())).collect();
    assert_eq!(
        described,
        [
            (1, 8, "conflict", "call both the same"),
            (2, 11, "dangling", ""),
            (4, 7, "bad-value", "write it as \"#rrggbb\", or \"default\" for the terminal's own"),
            (7, 1, "unknown-key", "did you mean `tab-active`?"),
            (8, 22, "unknown-key", "did you mean `bold`?"),
            (9, 30, "bad-value", "did you mean `green`?"),
            (9, 45, "wrong-type", "take the quotes away"),
        ],
        "{report}"
    );
    let inherited = report.iter().nth(1).unwrap();
    assert!(inherited.message.ends_with("no theme `nigth`; did you mean `night`?"), "{}", inherited.message);
    let brief = why.brief();
    assert!(brief.starts_with("theme own is faulty: landfall theme check ") && !brief.contains('\n'), "{brief}");
    assert!(brief.contains(dir.path().to_str().unwrap()));
}

#[test]
fn a_name_of_the_palette_may_come_from_any_level_and_a_slip_is_seen() {
    let text = "name = \"own\"\ninherit = \"day\"\n[roles]\nbad = { fg = \"ambre\" }\ngood = { fg = \"amber\" }\n";
    let (_dir, themes) = in_dir(&[("own.toml", text)]);
    let why = Chain(&themes.load("own", Depth::True).unwrap_err()).to_string();
    assert!(why.contains("no colour `ambre` in the palette") && why.contains("did you mean `amber`?"), "{why}");
    assert!(!why.contains("good"), "{why}");
}

#[test]
fn a_theme_that_comes_round_to_itself_is_refused() {
    let (_dir, themes) = in_dir(&[
        ("loop.toml", "name = \"loop\"\ninherit = \"loop\"\n"),
        ("a.toml", "name = \"a\"\ninherit = \"b\"\n"),
        ("b.toml", "name = \"b\"\ninherit = \"c\"\n"),
        ("c.toml", "name = \"c\"\ninherit = \"a\"\n"),
        ("day.toml", "name = \"day\"\ninherit = \"night\"\n"),
        ("night.toml", "name = \"night\"\ninherit = \"day\"\n"),
    ]);
    let why = |name| Chain(&themes.load(name, Depth::True).unwrap_err()).to_string();
    assert!(why("loop").contains("`loop` would inherit from itself (loop → loop)"), "{}", why("loop"));
    for name in ["a", "b", "c"] {
        assert!(why(name).contains("it cannot inherit: theme "), "{}", why(name));
    }
    // The package's themes are behind the files of the same names, so the recursion ends.
    assert!(themes.load("night", Depth::True).is_ok() && themes.load("day", Depth::True).is_ok());
}

#[test]
fn what_is_not_there_is_said() {
    let (_dir, themes) = in_dir(&[("broken.toml", "name = ")]);
    let why = |name| Chain(&themes.load(name, Depth::True).unwrap_err()).to_string();
    assert!(why("absent").contains("no theme `absent`; there is night, day"), "{}", why("absent"));
    assert!(why("monoo").contains("no theme `monoo`; did you mean `mono`?"), "{}", why("monoo"));
    assert!(why("../../etc/passwd").contains("no theme"));
    assert!(why("broken").contains("broken.toml:1:"), "{}", why("broken"));
}

#[test]
fn what_cannot_be_read_or_told_apart_is_warned_of() {
    let text = "name = \"own\"\ninherit = \"night\"\n[palette]\nfaint = \"#334055\"\n[roles]\n\
                warn = { fg = \"#7bc785\" }\nbad = { fg = \"#c8ae70\" }\n";
    let (dir, themes) = in_dir(&[("own.toml", text)]);
    let (_, report, nearest) = themes.check(&dir.path().join("landfall/themes/own.toml")).unwrap();
    let described: Vec<String> = report.iter().map(|d| format!("{}:{} {}", d.line, d.code.word(), d.message)).collect();
    let detail = |part: &str| assert!(described.iter().any(|t| t.contains(part)), "{part}: {described:#?}");
    detail("4:contrast `muted` has a contrast of 1.8:1; 4.5:1 is the least");
    detail("4:contrast `stale` in the selected row");
    detail("6:alike `good` and `warn` look the same");
    detail("7:alike `good` and `bad` look much alike with protanopia");
    detail("7:alike `bad` and `blind` look much alike with tritanopia");
    assert_eq!(report.count(plan::Severity::Error), 0);
    assert!(nearest.contrast.is_some_and(|(figure, _)| figure < 3.0));
}
