//! Colours, and which of them a terminal can show. Independent of themes and roles.

use std::sync::LazyLock;

use ratatui::style::{Color, Style};

use super::sight::{Lab, Rgb, Sight, lch};

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 16 million.
    True,
    /// xterm's 256.
    Indexed,
    /// The 16 of ANSI.
    Ansi,
    /// None: only modifiers (bold, reverse …).
    None,
}

impl Depth {
    /// The colour depth that the environment variables indicate. `NO_COLOR` (<https://no-color.org>) overrides all
    /// others.
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

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::True => "16 million colours",
            Self::Indexed => "256 colours",
            Self::Ansi => "16 colours",
            Self::None => "no colours, only bold, reverse and the like",
        }
    }

    /// The style, reduced to what this terminal can show.
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
            Self::Ansi => ansi((r, g, b)),
            Self::None => Color::Reset,
        }
    }
}

/// The 16 colours, their names in theme files, and xterm's default values, which most palettes are close to.
const ANSI: [(Color, &str, Rgb); 16] = [
    (Color::Black, "black", (0, 0, 0)),
    (Color::Red, "red", (205, 0, 0)),
    (Color::Green, "green", (0, 205, 0)),
    (Color::Yellow, "yellow", (205, 205, 0)),
    (Color::Blue, "blue", (0, 0, 238)),
    (Color::Magenta, "magenta", (205, 0, 205)),
    (Color::Cyan, "cyan", (0, 205, 205)),
    (Color::Gray, "gray", (229, 229, 229)),
    (Color::DarkGray, "dark-gray", (127, 127, 127)),
    (Color::LightRed, "light-red", (255, 0, 0)),
    (Color::LightGreen, "light-green", (0, 255, 0)),
    (Color::LightYellow, "light-yellow", (255, 255, 0)),
    (Color::LightBlue, "light-blue", (92, 92, 255)),
    (Color::LightMagenta, "light-magenta", (255, 0, 255)),
    (Color::LightCyan, "light-cyan", (0, 255, 255)),
    (Color::White, "white", (255, 255, 255)),
];

/// The names of the 16.
pub const WORDS: [&str; 16] = {
    let mut words = [""; 16];
    let mut i = 0;
    while i < 16 {
        words[i] = ANSI[i].1;
        i += 1;
    }
    words
};

/// One of the 16 by its name.
#[must_use]
pub fn of_word(word: &str) -> Option<Color> {
    ANSI.iter().find(|(_, w, _)| *w == word).map(|(c, ..)| *c)
}

/// The number of one of the 16.
#[must_use]
pub fn number(colour: Color) -> Option<u8> {
    (0u8..).zip(ANSI).find(|(_, (c, ..))| *c == colour).map(|(i, _)| i)
}

/// The RGB value of a colour; `None` if the terminal decides it.
#[must_use]
pub fn rgb(colour: Color) -> Option<Rgb> {
    match colour {
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(i) => fixed().find(|(n, _)| *n == i).map(|(_, rgb)| rgb),
        named => ANSI.iter().find(|(c, ..)| *c == named).map(|(.., rgb)| *rgb),
    }
}

/// The nearest of the 16, chosen by hue: by overall distance nearly every colour would become a grey. Greys are
/// matched by lightness.
fn ansi(of: Rgb) -> Color {
    const GREY: f64 = 0.05;
    let (light, chroma, hue) = lch(of);
    let grey = chroma < GREY;
    let far = |rgb: Rgb| {
        let (l, _, h) = lch(rgb);
        let turned = (hue - h).rem_euclid(360.0);
        // 60 degrees of hue weigh as much as the full range from black to white.
        (l - light).abs() + if grey { 0.0 } else { turned.min(360.0 - turned) / 60.0 }
    };
    let same_kind = ANSI.iter().filter(|(.., rgb)| (lch(*rgb).1 < GREY) == grey);
    same_kind.min_by(|a, b| far(a.2).total_cmp(&far(b.2))).map_or(Color::Reset, |(c, ..)| *c)
}

/// The colours of the 256 that no palette changes: the cube (16–231) and the greys (232–255).
fn fixed() -> impl Iterator<Item = (u8, Rgb)> {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let at = |i: u8| STEPS[usize::from(i)];
    let cube = (0..216u8).map(move |i| (16 + i, (at(i / 36), at(i / 6 % 6), at(i % 6))));
    let greys = (0..24u8).map(|i| (232 + i, (8 + 10 * i, 8 + 10 * i, 8 + 10 * i)));
    cube.chain(greys)
}

fn indexed(of: Rgb) -> u8 {
    // Computed once: a theme has dozens of colours, and each conversion takes six roots and powers.
    static FIXED: LazyLock<Vec<(u8, Lab)>> =
        LazyLock::new(|| fixed().map(|(i, rgb)| (i, Lab::by(Sight::Usual, rgb))).collect());
    let of = Lab::by(Sight::Usual, of);
    FIXED.iter().min_by(|a, b| a.1.to(of).total_cmp(&b.1.to(of))).map_or(0, |(i, _)| *i)
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
