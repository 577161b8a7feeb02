//! The roles: the meaning of something on screen.

use super::format::LOOK;
use base::view::Tone;
use plan::spec::{Key, Kind, tables::may};

macro_rules! roles {
    ($($Role:ident = $word:literal, $doc:literal;)+) => {
        /// The meaning of something on screen.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Role { $(#[doc = $doc] $Role,)+ }

        impl Role {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$Role),+];
            /// Their keys in a theme file.
            pub(super) const KEYS: &'static [Key] = &[$(may($word, Kind::Table(&LOOK), $doc)),+];

            /// Its name in theme files.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$Role => $word),+ }
            }

            /// Its description.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$Role => $doc),+ }
            }
        }
    };
}

roles! {
    Text = "text", "Anything else; its background is the screen's.";
    Muted = "muted", "Less important than what is beside it.";
    Title = "title", "Names of panels, tables and tiles.";
    Heading = "heading", "Names of columns.";
    Border = "border", "Lines.";
    Key = "key", "Keys that can be pressed.";
    Tab = "tab", "A panel that is not shown.";
    TabActive = "tab-active", "The panel that is shown.";
    Selected = "selected", "The row or tile that commands are about.";
    Source = "source", "Headings of the source's side.";
    Target = "target", "Headings of the target's side.";
    Good = "good", "Healthy.";
    Busy = "busy", "In progress.";
    Warn = "warn", "Needs attention.";
    Bad = "bad", "Wrong.";
    Stale = "stale", "Too old to decide on.";
    Blind = "blind", "Unknown.";
    Hold = "hold", "The verdict HOLD.";
    Clear = "clear", "The verdict CLEAR.";
    Go = "go", "The verdict GO.";
    RollBack = "roll-back", "The verdicts ROLL BACK, OVERSPENT and OUTAGE.";
    Chart = "chart", "Curves.";
}

impl Role {
    /// The role of a tone; plain information has none.
    #[must_use]
    pub const fn of(tone: Tone) -> Option<Self> {
        Some(match tone {
            Tone::Plain => return None,
            Tone::Good => Self::Good,
            Tone::Busy => Self::Busy,
            Tone::Warn => Self::Warn,
            Tone::Bad => Self::Bad,
            Tone::Stale => Self::Stale,
            Tone::Blind => Self::Blind,
            Tone::Muted => Self::Muted,
        })
    }
}
