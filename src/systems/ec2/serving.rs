//! Which instances serve: the most specific criterion that the plan names for a role decides.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::facts::{Group, Instance, Name, Target, TargetGroup, TargetHealth};
use base::side::Side;
use plan::Role;

/// The criterion by which an instance serves: the most specific one that the plan names for the role on this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serving {
    /// Healthy in all target groups it is registered in, and registered in at least one.
    Targets,
    /// In service and healthy in an Auto Scaling group.
    Groups,
    /// The plan names no groups: its checks have passed.
    Checks,
}

impl Serving {
    /// The criterion for a role on a side.
    #[must_use]
    pub fn of(role: &Role, side: Side) -> Self {
        if !role.target_groups.get(side).is_empty() {
            Self::Targets
        } else if !role.auto_scaling_groups.get(side).is_empty() {
            Self::Groups
        } else {
            Self::Checks
        }
    }

    /// The criterion as a text.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Targets => "healthy in its target groups",
            Self::Groups => "in service in its Auto Scaling groups",
            Self::Checks => "running, checks passed twice (the plan names no group)",
        }
    }
}

/// The serving instances of one role.
pub(super) struct ServingIndex<'a> {
    how: Serving,
    /// By instance id or address: whether it is healthy wherever it is registered.
    healthy: HashMap<&'a str, bool>,
    /// Zones that its Auto Scaling groups launch in.
    group_zones: HashSet<&'a Name>,
    /// Groups that the plan names and that do not exist in the region.
    pub(super) missing: Vec<Name>,
    /// Target groups that cannot contain instances, and why.
    pub(super) unfit: Vec<(Name, &'static str)>,
}

impl<'a> ServingIndex<'a> {
    pub(super) fn new(role: &Role, side: Side, targets: &'a [TargetGroup], groups: &'a [Group]) -> Self {
        let how = Serving::of(role, side);
        let mut index =
            Self { how, healthy: HashMap::new(), group_zones: HashSet::new(), missing: Vec::new(), unfit: Vec::new() };
        for name in role.auto_scaling_groups.get(side) {
            match groups.iter().find(|g| *g.name == **name) {
                Some(group) => {
                    index.group_zones.extend(&group.zones);
                    if how == Serving::Groups {
                        index.healthy.extend(group.members.iter().map(|(id, ok)| (&**id, *ok)));
                    }
                }
                None if how == Serving::Groups => index.missing.push(name.as_str().into()),
                None => {}
            }
        }
        for name in role.target_groups.get(side) {
            let group = targets.iter().find(|g| *g.named == **name).and_then(|g| Some((g.kind, g.targets.as_ref()?)));
            match group.map(|(kind, targets)| (kind.no_instances(), targets)) {
                Some((None, targets)) => targets.iter().for_each(|t| index.register(t)),
                Some((Some(why), _)) => index.unfit.push((name.as_str().into(), why)),
                None => index.missing.push(name.as_str().into()),
            }
        }
        index
    }

    fn register(&mut self, target: &'a Target) {
        let ok = target.health == TargetHealth::Healthy;
        self.healthy.entry(&target.id).and_modify(|all| *all &= ok).or_insert(ok);
    }

    pub(super) fn serves(&self, instance: &Instance, passed: bool) -> bool {
        let listed = |id: &str| self.healthy.get(id).copied();
        match self.how {
            Serving::Checks => passed,
            _ => listed(&instance.id).or_else(|| instance.address.as_deref().and_then(listed)).unwrap_or(false),
        }
    }

    pub(super) fn zones(&self, seen: &BTreeSet<&Name>) -> Vec<Name> {
        if self.group_zones.is_empty() {
            seen.iter().map(|&z| z.clone()).collect()
        } else {
            self.group_zones.iter().map(|&z| z.clone()).collect()
        }
    }
}
