//! What votes and priorities on a path of configurations mean: which losses the set survives, and who can be elected.

use std::time::Duration;

use super::{Call, Version, draft::Stand, path::VOTES, preview};
use crate::mongo::{
    facts::ConfigMember,
    quorum::{self, Quorum},
    set::Set,
};
use base::operation::{Change, Draft};

/// Whether losing the majority on the way is allowed.
#[derive(Clone, Copy)]
pub(super) enum Split {
    /// Forbidden without an exception of the plan.
    Forbidden,
    /// The plan names an exception.
    For(Duration),
    /// It is a rollback: noted, and not forbidden.
    Back,
}

impl Set {
    /// Voters that could not become primary before and can afterwards: a priority of zero may be intended.
    pub(super) fn unlocked(&self, before: &[ConfigMember], after: &[ConfigMember]) -> Option<String> {
        let had_none = |m: &&ConfigMember| before.iter().any(|b| b.host == m.host && b.votes > 0 && b.priority <= 0.0);
        let released: Vec<&str> =
            after.iter().filter(|m| m.priority > 0.0).filter(had_none).map(|m| m.host.as_str()).collect();
        let what = format!("{}: {} has priority 0 now, and can be elected afterwards", self.name, released.join(", "));
        (!released.is_empty())
            .then(|| format!("{what}; if priority 0 is intended, hide the member first: hidden members keep it"))
    }

    /// What the votes and priorities on the path mean.
    pub(super) fn weigh(
        &self,
        stand: &Stand<'_>,
        way: &[Vec<ConfigMember>],
        split: Split,
        draft: &mut Draft<Call, Version>,
    ) {
        let judge =
            |members: &[ConfigMember]| quorum::judge(&self.voters(members, stand.status), self.side(&stand.leader));
        let before = judge(&stand.config.members);
        let each: Vec<Quorum> = way.iter().map(|members| judge(members)).collect();
        let Some((after, end)) = each.last().zip(way.last()) else { return };
        if before != *after {
            draft.diff.push(Change {
                thing: format!("{}: a primary is left without the source / the target / the link", self.name),
                from: survives(&before),
                to: survives(after),
            });
        }
        let votes = |members: &[ConfigMember]| members.iter().map(|m| m.votes).sum::<u32>();
        if let Some(most) = way.iter().map(|members| votes(members)).max().filter(|n| *n > VOTES) {
            draft.broken.push(format!("{}: {most} votes; the maximum is {VOTES}", self.name));
        }
        let own = end.iter().find(|m| m.host == *stand.leader).map_or(0.0, |m| m.priority);
        let over: Vec<&str> = end.iter().filter(|m| m.priority > own).map(|m| m.host.as_str()).collect();
        if !over.is_empty() {
            draft.broken.push(format!(
                "{}: {} would have a higher priority than {}, the primary: it would take over at an unpredictable time, after about ten seconds without \
                 writes; move the primary instead",
                self.name,
                over.join(", "),
                stand.leader
            ));
        }
        // On the path as well: a link can be lost in the seconds between two configurations.
        let Some(worst) = each.iter().find(|q| !q.at_home).filter(|_| before.at_home) else { return };
        let text = format!(
            "{}: neither the primary's own site nor it and a third have a majority that is up: {}",
            self.name,
            preview::votes(worst)
        );
        match split {
            Split::Forbidden => draft.broken.push(format!(
                "{text}; if the link is lost then, {} stops accepting writes. A voter at a third site avoids it; else `split_for` names the \
                 exception",
                stand.leader
            )),
            Split::For(span) => draft.notes.push(format!(
                "EXCEPTION of the plan, for {} at the most: {text}. Move the primary, or roll this back, before that",
                base::now::short(span)
            )),
            Split::Back => draft.notes.push(text),
        }
    }
}

fn survives(q: &Quorum) -> String {
    let word = |yes: bool| if yes { "yes" } else { "NO" };
    format!("{} / {} / {}", word(q.without_source), word(q.without_target), word(q.without_link))
}
