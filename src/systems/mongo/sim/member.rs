//! One member of a simulated set: how it is generated, and how far it is behind.

use std::time::Duration;

use super::inject::Behind;
use crate::mongo::facts::ConfigMember;
use base::side::Side;
use plan::{MemberRule, ReplicaSet};

/// One member.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) config: ConfigMember,
    pub(super) side: Option<Side>,
    /// Usual lag, phase of its variation, and how often the member is slow: this makes members differ.
    usual: f64,
    pub(super) phase: f64,
    slow_every: f64,
    /// Its injected fault.
    pub(super) behind: Behind,
}

/// How long a slow spell lasts, in seconds.
const SPELL: f64 = 90.0;

impl Member {
    /// Where the plan distinguishes sides by tags, the first three are of the source and the rest of the target.
    pub(super) fn new(plan: &ReplicaSet, place: usize, host: &str, random: &mut fastrand::Rng) -> Self {
        let by_place = if place < 3 { Side::Source } else { Side::Target };
        let side = Side::BOTH.into_iter().find(|side| match plan.sites.get(*side) {
            MemberRule::Hosts(patterns) => patterns.iter().any(|p| p.matches(host)),
            MemberRule::Tag { .. } => *side == by_place,
        });
        let tags = side.and_then(|side| match plan.sites.get(side) {
            MemberRule::Tag { name, value } => Some((name.clone(), value.clone())),
            MemberRule::Hosts(_) => None,
        });
        let config = ConfigMember {
            host: host.to_owned(),
            votes: u32::from(place < 7),
            priority: if place >= 7 {
                0.0
            } else if place == 0 {
                2.0
            } else {
                1.0
            },
            tags: tags.into_iter().collect(),
            ..ConfigMember::default()
        };
        let far = if side == Some(Side::Target) { 0.15 } else { 0.01 };
        Self {
            config,
            side,
            usual: far + 0.05 * random.f64(),
            phase: random.f64(),
            slow_every: if random.f64() < 0.4 { 420.0 + 600.0 * random.f64() } else { f64::INFINITY },
            behind: Behind::default(),
        }
    }

    /// A candidate that becomes a member.
    pub(super) fn joined(config: ConfigMember, random: &mut fastrand::Rng) -> Self {
        let (usual, phase) = (0.15 + 0.05 * random.f64(), random.f64());
        Self { config, side: Some(Side::Target), usual, phase, slow_every: f64::INFINITY, behind: Behind::default() }
    }

    /// The same member, with another configuration.
    pub(super) fn with(self, config: ConfigMember) -> Self {
        Self { config, ..self }
    }

    /// Seconds behind: a variation with a period of half a minute; for some members a slow spell that builds up and drains;
    /// more, if an injected fault keeps it behind.
    pub(super) fn lag(&self, boot: Duration) -> f64 {
        let t = boot.as_secs_f64();
        let breath = 1.0 + 0.6 * ((t / 31.0 + self.phase) * std::f64::consts::TAU).sin();
        let into = (t + self.phase * 400.0) % self.slow_every;
        let spell = if into < SPELL { 4.0 * (into / SPELL * std::f64::consts::PI).sin() } else { 0.0 };
        (self.usual * breath + spell).max(self.behind.at(boot))
    }
}
