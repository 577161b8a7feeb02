//! The write concern of writes that name none, and the configurations that a server refuses because of it: in a set with an arbiter.

use super::{draft::Stand, path::describe};
use crate::mongo::{facts::ConfigMember, set::Set};

/// Whether writes that name no write concern wait for a majority while none has been set for the whole set: from 5.0 on they do, except
/// where the voters that hold data are no more than a majority (MongoDB's manual, "Implicit Default Write Concern"). A configuration that
/// changes this is refused (103) as long as none has been set.
fn waits_for_majority(members: &[ConfigMember]) -> bool {
    let voters = members.iter().filter(|m| m.votes > 0);
    let (all, arbiters) = (voters.clone().count(), voters.filter(|m| m.arbiter).count());
    arbiters == 0 || all - arbiters > all / 2 + 1
}

impl Set {
    /// The reason why the server refuses the path: it changes the write concern of writes that name none.
    pub(super) fn default_write(&self, stand: &Stand<'_>, way: &[Vec<ConfigMember>]) -> Option<String> {
        let before = waits_for_majority(&stand.config.members);
        let changed = way.iter().find(|members| waits_for_majority(members) != before)?;
        if stand.config.default_write == Some(true) || stand.version.is_some_and(|major| major < 5) {
            return None;
        }
        let word = |majority| if majority { "a majority" } else { "the primary alone" };
        let unknown = match stand.config.default_write {
            Some(_) => String::new(),
            None => {
                " Whether one is set is unknown: the reading login has to be granted getDefaultRWConcern.".to_owned()
            }
        };
        let text = describe(&stand.config.members, changed);
        Some(format!(
            "{}: from 5.0 on the server refuses this (103) as far as: {text}. Because of the arbiter, writes that name no write concern would \
             then wait for {}, and not for {} any more. Say first for what they are to wait, at {}: db.adminCommand({{ setDefaultRWConcern: \
             1, defaultWriteConcern: {{ w: \"majority\" }} }}), or w: 1 as it is now without a majority; then preview again.{unknown}",
            self.name,
            word(!before),
            word(before),
            stand.leader
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn m(host: &str) -> ConfigMember {
        ConfigMember { host: host.into(), votes: 1, ..ConfigMember::default() }
    }

    #[test]
    fn the_default_write_concern_follows_the_voters_that_hold_data() {
        // As in the table of the server's manual: data-bearing voters and arbiters.
        let of = |data: usize, arbiters: usize| {
            let voters = (0..data).map(|i| m(&format!("d{i}")));
            let none = (0..arbiters).map(|i| ConfigMember { arbiter: true, ..m(&format!("a{i}")) });
            waits_for_majority(&voters.chain(none).collect::<Vec<_>>())
        };
        let table = [
            (1, 0, true),
            (2, 0, true),
            (3, 0, true),
            (2, 1, false),
            (3, 1, false),
            (4, 1, true),
            (3, 2, false),
            (4, 2, false),
        ];
        for (data, arbiters, majority) in table {
            assert_eq!(of(data, arbiters), majority, "{data} and {arbiters}");
        }
    }
}
