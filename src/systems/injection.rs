//! The faults that a scenario injects into the simulated estate from outside the program. Each system has its own in its `injection.rs`: an
//! enum, and beside it the form that each has in a scenario file. The registry makes the enum of all of them.
//!
//! Here is what they share: how a form is declared, and how its parameters are read.

use std::time::Duration;

use base::{domain::Things, side::Side};
use plan::{
    Plan,
    diag::Faults,
    lower::runbook::names::dangling,
    spec::{Key, Kind, TableSpec, tables::must},
    tree::{FromValue, Table},
};

/// For how long.
pub const SPAN: Kind = Kind::Duration(Duration::ZERO, Duration::from_secs(48 * 3600));
/// A side.
pub const SIDE: Kind = Kind::Enum(&["source", "target"]);
/// The side of what is meant.
pub const OF_SIDE: Key = must("side", SIDE, "Which side's.");

/// The injections of one system.
pub trait Injections: Sized {
    /// Their forms in a scenario file, one key each.
    const FORMS: &'static [&'static TableSpec];

    /// The one with this key, if it is of this system; reports names that the plan does not have.
    fn read(key: &str, parameters: &mut Parameters<'_>) -> Option<Self>;
}

/// No system's: of a system into which nothing can be injected.
impl Injections for crate::planner::Never {
    const FORMS: &'static [&'static TableSpec] = &[];

    fn read(_: &str, _: &mut Parameters<'_>) -> Option<Self> {
        None
    }
}

/// Declares a system's injections: `"key", "doc", [its parameters], how it is read;`.
macro_rules! injections {
    ($Injection:ident: $($key:literal, $doc:literal, [$($parameter:expr),*], $read:expr;)+) => {
        impl $crate::injection::Injections for $Injection {
            const FORMS: &'static [&'static plan::spec::TableSpec] = &[$({
                static PARAMETERS: plan::spec::TableSpec = plan::spec::TableSpec {
                    header: concat!("`", $key, "`"), doc: $doc, groups: &[&[$($parameter),*]],
                };
                static FORM: plan::spec::TableSpec = plan::spec::TableSpec {
                    header: concat!("the form ", $key),
                    doc: $doc,
                    groups: &[&[plan::spec::tables::must($key, plan::spec::Kind::Table(&PARAMETERS), $doc)]],
                };
                &FORM
            }),+];

            fn read(key: &str, parameters: &mut $crate::injection::Parameters<'_>) -> Option<Self> {
                match key {
                    $($key => {
                        let read: fn(&mut $crate::injection::Parameters<'_>) -> Option<Self> = $read;
                        read(parameters)
                    })+
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use injections;

/// The parameters of an injection, as they are written.
#[derive(Debug)]
pub struct Parameters<'p> {
    /// Them.
    pub table: &'p Table,
    /// The plan whose estate is simulated.
    pub plan: &'p Plan,
    /// What is wrong with them.
    pub faults: &'p mut Faults,
}

impl<'p> Parameters<'p> {
    /// A value.
    #[must_use]
    pub fn get<T: FromValue>(&self, key: &str) -> Option<T> {
        self.table.get(key)
    }

    /// A whole number.
    #[must_use]
    pub fn number<T: TryFrom<i64>>(&self, key: &str) -> Option<T> {
        self.get::<i64>(key)?.try_into().ok()
    }

    /// A side.
    #[must_use]
    pub fn side(&self, key: &str) -> Option<Side> {
        let word: String = self.get(key)?;
        Side::BOTH.into_iter().find(|side| side.word() == word)
    }

    /// The name of a thing that the plan has; reports another one.
    pub fn thing(&mut self, key: &str, of: &Things) -> Option<String> {
        self.one_of(key, of.what, self.plan.names(of).into_iter())
    }

    /// One of these names; reports another one.
    pub fn one_of<'n>(&mut self, key: &str, what: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
        let name = self.table.at::<String>(key)?;
        let known: Vec<String> = known.map(str::to_owned).collect();
        if known.contains(&name.value) {
            return Some(name.value);
        }
        dangling(&name, &format!("the plan has no {what}"), &known, self.faults);
        None
    }
}

/// How many there are in all of these lists.
#[must_use]
pub const fn count(lists: &[&[&'static TableSpec]]) -> usize {
    let (mut n, mut list) = (0, 0);
    while list < lists.len() {
        n += lists[list].len();
        list += 1;
    }
    n
}

/// All of these lists in one, which has [`count`] of them.
///
/// # Panics
/// When it is compiled, if there are not `N`.
#[must_use]
pub const fn joined<const N: usize>(lists: &[&[&'static TableSpec]]) -> [&'static TableSpec; N] {
    assert!(count(lists) == N && N > 0, "as many as there are");
    static NONE: TableSpec = TableSpec { header: "", doc: "", groups: &[] };
    let mut out: [&'static TableSpec; N] = [&NONE; N];
    let (mut n, mut list) = (0, 0);
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            out[n] = lists[list][at];
            (n, at) = (n + 1, at + 1);
        }
        list += 1;
    }
    out
}
