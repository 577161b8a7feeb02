//! The ASCII version of a drawn screen: one character for one character, so that nothing moves. For terminals and
//! fonts without Unicode.

use ratatui::buffer::{Buffer, Cell};

/// Replaces each character that is not ASCII. Where there is a blank beside a sign whose meaning one character cannot keep, it takes the
/// blank: `≥ 5` becomes `>=5`, ` ±0.1` becomes `+-0.1`.
pub fn twin(screen: &mut Buffer) {
    let width = usize::from(screen.area.width).max(1);
    for row in screen.content.chunks_mut(width) {
        for at in 0..row.len() {
            let Some([first, second]) = pair_of(row[at].symbol()) else { continue };
            let blank = |cell: Option<&Cell>| cell.is_some_and(|cell| cell.symbol() == " ");
            if blank(row.get(at + 1)) {
                row[at].set_char(first);
                row[at + 1].set_char(second);
            } else if blank(at.checked_sub(1).and_then(|before| row.get(before))) {
                row[at - 1].set_char(first);
                row[at].set_char(second);
            }
        }
    }
    for cell in &mut screen.content {
        if !cell.symbol().is_ascii() {
            let sign = cell.symbol().chars().next();
            cell.set_char(sign.map_or(' ', plain));
        }
    }
}

/// The same for a text.
#[must_use]
pub fn text(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii() { c } else { plain(c) }).collect()
}

/// The two characters that mean the same as this sign.
fn pair_of(sign: &str) -> Option<[char; 2]> {
    Some(match sign {
        "≥" => ['>', '='],
        "≤" => ['<', '='],
        "≠" => ['!', '='],
        "±" => ['+', '-'],
        "→" => ['-', '>'],
        "←" => ['<', '-'],
        _ => return None,
    })
}

/// `?` on screen means that something is not known, so a character without replacement becomes another one.
fn plain(c: char) -> char {
    twin_of(c).unwrap_or('`')
}

/// Whether the environment's locale is not UTF-8.
pub fn wanted(var: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|n| var(n).filter(|v| !v.is_empty()));
    // Without a locale (containers, systemd) terminals still use UTF-8.
    locale.is_some_and(|l| {
        let l = l.to_lowercase();
        !(l.contains("utf-8") || l.contains("utf8"))
    })
}

/// The ASCII replacement of a character, if there is one. Names from servers may contain any character.
#[must_use]
pub fn twin_of(c: char) -> Option<char> {
    Some(match c {
        '●' => '+',
        '◐' => '~',
        '▲' => '!',
        '✖' => 'X',
        '◌' => 'o',
        '–' | '─' | '┄' | '━' | '—' | '↔' | '−' => '-',
        '÷' => '/',
        '²' => '2',
        '≠' => '!',
        '│' | '┃' | '▏' | '▌' => '|',
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' | '╭' | '╮' | '╯' | '╰' => '+',
        '…' => '~',
        '·' => '.',
        '×' => 'x',
        'Δ' => 'd',
        '→' | '▸' | '▶' => '>',
        '←' => '<',
        '↑' => '^',
        '↓' => 'v',
        '≥' => '>',
        '≤' => '<',
        '±' => '~',
        '≈' => '~',
        'µ' | 'μ' => 'u',
        '∞' => '8',
        '\u{202f}' | '\u{a0}' => ' ',
        '▁' => '_',
        '▂' => '.',
        '▃' => ':',
        '▄' => '-',
        '▅' => '=',
        '▆' => '+',
        '▇' => '*',
        '█' => '#',
        // Braille: used to draw curves.
        '\u{2800}' => ' ',
        '\u{2801}'..='\u{28ff}' => '*',
        // Large figures are not drawn in ASCII. This makes them visible if they are.
        '▀' => '"',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;
    use base::view::Tone;

    #[test]
    fn tones_have_the_twins_that_the_view_model_names() {
        for tone in [Tone::Good, Tone::Busy, Tone::Warn, Tone::Bad, Tone::Stale, Tone::Blind] {
            let mut screen = Buffer::empty(Rect::new(0, 0, 1, 1));
            screen[(0, 0)].set_symbol(tone.glyph(false));
            twin(&mut screen);
            assert_eq!(screen[(0, 0)].symbol(), tone.glyph(true));
        }
    }

    #[test]
    fn a_sign_with_a_blank_beside_it_keeps_its_meaning() {
        let drawn = |text: &str| {
            let mut screen = Buffer::with_lines([text]);
            twin(&mut screen);
            screen.content.iter().map(|cell| cell.symbol()).collect::<String>()
        };
        assert_eq!(drawn("lag ≥ 5 s, limit ≤2 s"), "lag >=5 s, limit<=2 s");
        assert_eq!(drawn("0.0 ±0.1 %"), "0.0+-0.1 %");
        assert_eq!(drawn("90 → 70"), "90 ->70");
        assert_eq!(drawn("a≥b"), "a>b");
    }

    #[test]
    fn the_locale_decides() {
        let of = |lang: &'static str| wanted(|n| (n == "LANG").then(|| lang.to_owned()));
        assert!(of("C") && of("de_DE.ISO-8859-1"));
        assert!(!of("en_US.UTF-8") && !of("C.utf8") && !of(""));
        assert!(!wanted(|n| Some(if n == "LC_ALL" { "C.UTF-8" } else { "C" }.into())));
    }
}
