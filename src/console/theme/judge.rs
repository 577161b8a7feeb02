//! Checks whether a theme is readable: contrast, and whether different meanings look different, with and without a
//! colour vision deficiency and on terminals of few colours. [`sight`](crate::sight) computes the figures; this module
//! has the limits.

use ratatui::style::Modifier;

use super::{Role, Theme, format::Sheet, ready};
use crate::{
    colour::{Depth, rgb},
    sight::{Rgb, Sight, apart, contrast},
};
use plan::{
    Code, Diagnosis,
    diag::{Faults, Span},
};

/// Minimum contrast of text (WCAG 2.2, 1.4.3) and of lines (1.4.11). The terminal decides the look of the 16 colours:
/// there it is 3 for all.
const TEXT: f64 = 4.5;
const LINE: f64 = 3.0;

/// Colours nearer than this are confused at a glance.
const NEAR: f64 = 6.0;

/// Roles with different meanings that must not be confused.
const GROUPS: [&[Role]; 2] =
    [&[Role::Good, Role::Busy, Role::Warn, Role::Bad, Role::Blind, Role::Stale], &[Role::Source, Role::Target]];

/// Roles that are drawn over the selected row.
const OVER_SELECTED: [Role; 10] = [
    Role::Good,
    Role::Busy,
    Role::Warn,
    Role::Bad,
    Role::Blind,
    Role::Stale,
    Role::Muted,
    Role::Key,
    Role::Title,
    Role::Text,
];

/// The worst figures.
#[derive(Debug, Clone, Default)]
pub struct Nearest {
    /// The lowest contrast, and its role.
    pub contrast: Option<(f64, Role)>,
    /// The two nearest roles for each kind of vision.
    pub pairs: Vec<(Sight, f64, Role, Role)>,
}

/// The warnings, and the worst figures.
pub(super) fn judge(sheet: &Sheet) -> (Faults, Nearest) {
    let mut faults = Faults::default();
    let mut nearest = Nearest::default();
    let mut warn = |about: &[Role], code: Code, message: String, hint: &str| {
        let detail = about.iter().find_map(|role| place(sheet, *role));
        let span = detail.unwrap_or(&sheet.places.name);
        faults.push(Diagnosis::warning(code, span, message).hint(hint));
    };
    let full = ready(sheet, Depth::True);
    let mut faint: Vec<(Role, Option<Role>)> = Vec::new();
    let mut alike: Vec<(Role, Role)> = Vec::new();
    for depth in [Depth::True, Depth::Indexed, Depth::Ansi] {
        let theme = ready(sheet, depth);
        let on = if depth == Depth::True { String::new() } else { format!(" with {}", depth.words()) };
        for (role, over, found) in contrasts(&theme) {
            let least = least(role, depth);
            if depth == Depth::True && nearest.contrast.is_none_or(|(worst, _)| found < worst) {
                nearest.contrast = Some((found, role));
            }
            // A contrast that is too low as written is not reported again for fewer colours.
            if found < least && !faint.contains(&(role, over)) {
                faint.push((role, over));
                let over = over.map_or("", |_| " in the selected row");
                let message =
                    format!("`{}`{over} has a contrast of {found:.1}:1{on}; {least}:1 is the least", role.word());
                warn(&[role], Code::Contrast, message, "make the brighter one brighter, or the darker one darker");
            }
        }
        for (a, b) in pairs() {
            if theme.style(a) == theme.style(b) && !alike.contains(&(a, b)) {
                alike.push((a, b));
                let message = format!("`{}` and `{}` look the same{on}", a.word(), b.word());
                warn(&[b, a], Code::Alike, message, "only glyph and word are left to tell them apart");
            }
        }
    }
    for sight in Sight::ALL {
        let found = apartness(&full, sight);
        let nearer = |a: &&(f64, Role, Role), b: &&(f64, Role, Role)| a.0.total_cmp(&b.0);
        nearest.pairs.extend(found.iter().min_by(nearer).map(|(d, a, b)| (sight, *d, *a, *b)));
        for (d, a, b) in found.into_iter().filter(|(d, ..)| *d < NEAR) {
            if alike.contains(&(a, b)) {
                continue;
            }
            alike.push((a, b));
            let message = format!(
                "`{}` and `{}` look much alike {}: {d:.1} apart, {NEAR} is the least",
                a.word(),
                b.word(),
                sight.words()
            );
            warn(&[b, a], Code::Alike, message, "let them differ in brightness, not in hue alone");
        }
    }
    (faults, nearest)
}

/// Minimum contrast of a role.
pub(super) fn least(role: Role, depth: Depth) -> f64 {
    match role {
        _ if depth == Depth::Ansi => LINE,
        Role::Border | Role::Chart => LINE,
        _ => TEXT,
    }
}

/// The contrast of each role against its background, and of roles drawn over the selected row against that. Colours
/// that the terminal decides are left out.
pub(super) fn contrasts(theme: &Theme) -> Vec<(Role, Option<Role>, f64)> {
    let own = |role: &Role| Some((*role, None, contrast(front(theme, *role)?, behind(theme, *role)?)));
    let over = |role: &Role| {
        let own = theme.style(*role).bg.and_then(rgb);
        let figure = contrast(front(theme, *role)?, own.or_else(|| behind(theme, Role::Selected))?);
        Some((*role, Some(Role::Selected), figure))
    };
    Role::ALL.iter().filter_map(own).chain(OVER_SELECTED.iter().filter_map(over)).collect()
}

/// Distances between the roles that must not be confused.
pub(super) fn apartness(theme: &Theme, sight: Sight) -> Vec<(f64, Role, Role)> {
    let far = |a, b, of: fn(&Theme, Role) -> Option<Rgb>| Some(apart(of(theme, a)?, of(theme, b)?, sight));
    let of = |(a, b)| {
        let signs = far(a, b, front)?;
        Some((far(a, b, behind).map_or(signs, |grounds| signs.max(grounds)), a, b))
    };
    pairs().filter_map(of).collect()
}

fn pairs() -> impl Iterator<Item = (Role, Role)> {
    let of = |group: &'static [Role]| {
        group.iter().enumerate().flat_map(move |(i, a)| group[i + 1..].iter().map(move |b| (*a, *b)))
    };
    GROUPS.into_iter().flat_map(of)
}

fn front(theme: &Theme, role: Role) -> Option<Rgb> {
    colours(theme, role).0
}

fn behind(theme: &Theme, role: Role) -> Option<Rgb> {
    colours(theme, role).1
}

/// Foreground and background colour.
fn colours(theme: &Theme, role: Role) -> (Option<Rgb>, Option<Rgb>) {
    let (text, style) = (theme.style(Role::Text), theme.style(role));
    let (fg, bg) = (style.fg.or(text.fg).and_then(rgb), style.bg.or(text.bg).and_then(rgb));
    if style.add_modifier.contains(Modifier::REVERSED) && role != Role::Selected { (bg, fg) } else { (fg, bg) }
}

/// Where this file defines how a role looks.
fn place(sheet: &Sheet, role: Role) -> Option<&Span> {
    let places = &sheet.places;
    let of_colour = || {
        let look = sheet.looks.get(role as usize)?.as_ref()?;
        look.fg.iter().chain(&look.bg).find_map(|word| places.palette.get(word))
    };
    places.roles.get(role as usize)?.as_ref().or_else(of_colour)
}
