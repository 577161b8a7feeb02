//! One snapshot: the text, the role of every cell, and the rules for every screen.

use std::{collections::HashMap, fmt::Write as _, sync::LazyLock};

use landfall::console::{Role, Theme, ascii::twin_of};
use ratatui::{
    buffer::Cell,
    style::{Color, Modifier, Style},
};

use super::*;

/// Colours and modifiers as drawn.
pub type Drawn = (Color, Color, Modifier);

/// `night` and `mono`: with and without colours.
pub static THEMES: LazyLock<[Theme; 2]> = LazyLock::new(|| ["night", "mono"].map(theme));

/// One snapshot for each of these sizes.
pub fn shots(ui: &mut Ui, name: &str, sizes: &[(u16, u16)]) {
    for size in sizes {
        shot(ui, name, *size);
    }
}

/// Draws the screen in both themes, checks it against the rules and its snapshot. Returns the coloured one.
pub fn shot(ui: &mut Ui, name: &str, size: (u16, u16)) -> Buffer {
    let [night, mono] = THEMES.each_ref().map(|theme| screen_in(theme, ui, size, false));
    let name = format!("{name}_{}x{}", size.0, size.1);
    assert_eq!(text(&night), text(&mono), "{name}: a theme changes the words");
    for symbol in night.content.iter().flat_map(|c| c.symbol().chars()).filter(|c| !c.is_ascii()) {
        assert!(twin_of(symbol).is_some(), "{name}: `{symbol}` ({}) has no twin in ASCII", symbol.escape_unicode());
    }
    styles::without_colour(&name, &night, &mono);
    let settings = {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings
    };
    let shown = format!("{}\n\n{}", text(&night), roles(&night, &mono));
    settings.bind(|| insta::assert_snapshot!(name, shown));
    night
}

/// The style of a cell.
pub fn drawn(cell: &Cell) -> Drawn {
    (cell.fg, cell.bg, cell.modifier)
}

/// The result of these styles, applied one over the other to a blank cell.
pub fn over(styles: &[Style]) -> Drawn {
    let mut cell = Cell::default();
    for style in styles {
        cell.set_style(*style);
    }
    drawn(&cell)
}

/// One character for a role.
fn letter(role: Role) -> char {
    match role {
        Role::Text => '.',
        Role::Muted => 'm',
        Role::Title => 'T',
        Role::Heading => 'h',
        Role::Border => '-',
        Role::Key => 'k',
        Role::Tab => 't',
        Role::TabActive => 'A',
        Role::Selected => 'S',
        Role::Source => '<',
        Role::Target => '>',
        Role::Good => 'g',
        Role::Busy => 'b',
        Role::Warn => 'w',
        Role::Bad => 'x',
        Role::Stale => 'o',
        Role::Blind => '?',
        Role::Hold => 'H',
        Role::Clear => 'C',
        Role::Go => 'G',
        Role::RollBack => 'R',
        Role::Chart => 'c',
    }
}

/// The meaning of each pair of drawn styles: a role, or one over another; the simplest explanation first.
static KNOWN: LazyLock<HashMap<[Drawn; 2], Vec<Vec<Role>>>> = LazyLock::new(|| {
    let mut known: HashMap<[Drawn; 2], Vec<Vec<Role>>> = HashMap::new();
    let single = Role::ALL.iter().map(|role| vec![*role]);
    let selected = Role::ALL.iter().map(|role| vec![Role::Selected, *role]);
    let pairs = Role::ALL.iter().flat_map(|a| Role::ALL.iter().map(move |b| vec![*a, *b]));
    let triples = Role::ALL.iter().flat_map(|a| Role::ALL.iter().map(move |b| vec![Role::Selected, *a, *b]));
    for roles in single.chain(selected).chain(pairs).chain(triples) {
        let of = |theme: &Theme| {
            let styles: Vec<Style> = [Role::Text].iter().chain(&roles).map(|role| theme.style(*role)).collect();
            over(&styles)
        };
        known.entry(THEMES.each_ref().map(of)).or_default().push(roles);
    }
    known
});

/// A map of the roles below the text, and the legend of its characters.
fn roles(night: &Buffer, mono: &Buffer) -> String {
    const OTHERS: &str = "123456789abcdefijlnpqrsuvyz";
    let mut signs: Vec<([Drawn; 2], char, String)> = Vec::new();
    let mut others = OTHERS.chars().filter(|c| Role::ALL.iter().all(|role| letter(*role) != *c));
    let background = THEMES[0].style(Role::Text).bg;
    let mut out = String::new();
    for y in 0..night.area.height {
        let mut line = String::new();
        for x in 0..night.area.width {
            let (night, mono) = (&night[(x, y)], &mono[(x, y)]);
            let shows = Modifier::REVERSED | Modifier::UNDERLINED;
            let seen = Some(night.bg) != background || (night.modifier | mono.modifier).intersects(shows);
            if night.symbol() == " " && !seen {
                line.push(' ');
                continue;
            }
            let key = [drawn(night), drawn(mono)];
            if let Some((_, sign, _)) = signs.iter().find(|(k, ..)| *k == key) {
                line.push(*sign);
                continue;
            }
            let (sign, words) = match KNOWN.get(&key).map(Vec::as_slice) {
                Some(all @ [first, ..]) => {
                    let alike = all.iter().filter(|roles| roles.len() == first.len() && first.len() == 1);
                    let words = if first.len() == 1 { alike.map(|r| word(r)).collect() } else { vec![word(first)] };
                    let sign = if let [role] = first.as_slice() { Some(letter(*role)) } else { others.next() };
                    (sign.unwrap_or('#'), words.join(", "))
                }
                _ => (others.next().unwrap_or('#'), format!("night {:?} mono {:?}", key[0], key[1])),
            };
            line.push(sign);
            signs.push((key, sign, words));
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    signs.sort_by_key(|(_, sign, _)| *sign);
    for (_, sign, words) in signs {
        let _ = write!(out, "\n{sign}  {words}");
    }
    out
}

fn word(roles: &[Role]) -> String {
    roles.iter().map(|role| role.word()).collect::<Vec<_>>().join("+")
}
