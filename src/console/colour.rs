//! Colours and what a terminal can show of them. Knows nothing of themes or meanings.

use ratatui::style::{Color, Style};

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 16 million.
    True,
    /// xterm's 256.
    Indexed,
    /// The 16 of ANSI.
    Ansi,
    /// None: modifiers (bold, reverse …) alone.
    None,
}

impl Depth {
    /// What the environment says of the terminal. `NO_COLOR` (<https://no-color.org>) beats all else.
    pub fn detect(var: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| var(name).filter(|v| !v.is_empty());
        let term = set("TERM").unwrap_or_default();
        if set("NO_COLOR").is_some() || term == "dumb" {
            return Self::None;
        }
        match set("COLORTERM").as_deref() {
            Some("truecolor" | "24bit") => Self::True,
            _ if term.ends_with("-direct") => Self::True,
            _ if term.contains("256color") => Self::Indexed,
            _ => Self::Ansi,
        }
    }

    /// The style as this terminal can show it.
    #[must_use]
    pub fn fit(self, mut style: Style) -> Style {
        style.fg = style.fg.map(|c| self.colour(c));
        style.bg = style.bg.map(|c| self.colour(c));
        style
    }

    fn colour(self, colour: Color) -> Color {
        let Color::Rgb(r, g, b) = colour else {
            return if self == Self::None { Color::Reset } else { colour };
        };
        match self {
            Self::True => colour,
            Self::Indexed => Color::Indexed(indexed((r, g, b))),
            Self::Ansi => nearest(&ANSI, (r, g, b)),
            Self::None => Color::Reset,
        }
    }
}

type Rgb = (u8, u8, u8);

/// xterm's default values of the 16, which most palettes are close to.
const ANSI: [(Color, Rgb); 16] = [
    (Color::Black, (0, 0, 0)),
    (Color::Red, (205, 0, 0)),
    (Color::Green, (0, 205, 0)),
    (Color::Yellow, (205, 205, 0)),
    (Color::Blue, (0, 0, 238)),
    (Color::Magenta, (205, 0, 205)),
    (Color::Cyan, (0, 205, 205)),
    (Color::Gray, (229, 229, 229)),
    (Color::DarkGray, (127, 127, 127)),
    (Color::LightRed, (255, 0, 0)),
    (Color::LightGreen, (0, 255, 0)),
    (Color::LightYellow, (255, 255, 0)),
    (Color::LightBlue, (92, 92, 255)),
    (Color::LightMagenta, (255, 0, 255)),
    (Color::LightCyan, (0, 255, 255)),
    (Color::White, (255, 255, 255)),
];

fn nearest(of: &[(Color, Rgb)], to: Rgb) -> Color {
    of.iter().min_by_key(|(_, rgb)| distance(*rgb, to)).map_or(Color::Reset, |(c, _)| *c)
}

/// Weighted as the eye does: green counts most.
fn distance(a: Rgb, b: Rgb) -> u32 {
    let d = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    3 * d(a.0, b.0) + 4 * d(a.1, b.1) + 2 * d(a.2, b.2)
}

/// The nearest of the colour cube (16–231) or the greys (232–255).
fn indexed(rgb: Rgb) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let step = |v: u8| (0u8..6).min_by_key(|&i| STEPS[usize::from(i)].abs_diff(v)).unwrap_or(0);
    let (r, g, b) = (step(rgb.0), step(rgb.1), step(rgb.2));
    let at = |i: u8| STEPS[usize::from(i)];
    let cube = (16 + 36 * r + 6 * g + b, (at(r), at(g), at(b)));
    let mean = (u16::from(rgb.0) + u16::from(rgb.1) + u16::from(rgb.2)) / 3;
    let shade = u8::try_from((mean.saturating_sub(8) + 5) / 10).unwrap_or(23).min(23);
    let level = 8 + 10 * shade;
    let grey = (232 + shade, (level, level, level));
    if distance(grey.1, rgb) < distance(cube.1, rgb) { grey.0 } else { cube.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(vars: &[(&str, &str)]) -> Depth {
        Depth::detect(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_environment_names_the_depth_and_no_color_beats_it() {
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
        assert_eq!(depth(&[("TERM", "xterm-256color")]), Depth::Indexed);
        assert_eq!(depth(&[("TERM", "linux")]), Depth::Ansi);
        assert_eq!(depth(&[("COLORTERM", "truecolor"), ("NO_COLOR", "1")]), Depth::None);
        assert_eq!(depth(&[("COLORTERM", "truecolor"), ("NO_COLOR", "")]), Depth::True);
    }

    #[test]
    fn colours_come_down_to_what_there_is_and_modifiers_stay() {
        let style = Style::new().fg(Color::Rgb(255, 107, 102)).bg(Color::Rgb(13, 17, 23)).bold();
        assert_eq!(Depth::True.fit(style), style);
        assert_eq!(Depth::Indexed.fit(style).fg, Some(Color::Indexed(203)));
        assert_eq!(Depth::Indexed.fit(style).bg, Some(Color::Indexed(233)));
        assert_eq!(Depth::Ansi.fit(style).bg, Some(Color::Black));
        assert_eq!(Depth::None.fit(style), Style::new().fg(Color::Reset).bg(Color::Reset).bold());
    }
}
