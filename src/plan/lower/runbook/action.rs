//! The action of a step, whether the things that it names exist, and whether the plan permits it.

use std::time::Duration;

use super::names::Names;
use crate::{
    diag::{Code, Diagnosis, Faults, Span},
    scalar::quoted,
    spec::action::{Access, ActionKey, ActionSpec},
    tree::{At, Table},
    types::Action,
};
use base::side::{Side, Sides};

/// The action; reports names that do not exist.
pub(super) fn action(form: &Table, names: &Names<'_>, faults: &mut Faults) -> Option<Action> {
    let key = form.keys.keys().find_map(|key| ActionKey::named(key))?;
    if key == ActionKey::Manual {
        return Some(Action::Manual { what: form.get("manual")? });
    }
    let parameters = form.table(key.spec().key)?;
    let it = Written { key, t: parameters, names };
    it.referred(faults);
    it.action(faults)
}

/// An action as it is written.
struct Written<'w, 't> {
    key: ActionKey,
    /// Its parameters.
    t: &'w Table,
    names: &'w Names<'t>,
}

impl<'t> Written<'_, 't> {
    /// Reports names that the plan does not have.
    fn referred(&self, faults: &mut Faults) {
        for (name, domain) in self.key.spec().refers {
            if let Some(value) = self.t.at::<String>(name) {
                self.names.meant(*domain, &value, &|beside| self.t.at(beside), faults);
            }
        }
    }

    fn action(&self, faults: &mut Faults) -> Option<Action> {
        let t = self.t;
        let set = || t.get::<String>("set");
        Some(match self.key {
            ActionKey::Manual => Action::Manual { what: t.get("manual")? },
            ActionKey::SetWeights => {
                let (name, weights) = self.weights(faults)?;
                Action::SetWeights { name, weights }
            }
            ActionKey::EmergencyWeights => {
                let (name, weights) = self.weights(faults)?;
                Action::EmergencyWeights { name, weights }
            }
            ActionKey::SetTtl => self.ttl(faults)?,
            ActionKey::MovePrimary => Action::MovePrimary { set: set()?, to: side(t, "to")? },
            ActionKey::AddMembers => self.add_members(faults)?,
            ActionKey::Unhide => Action::Unhide { set: set()?, side: side(t, "side")? },
            ActionKey::SetVotes => self.votes(faults)?,
            ActionKey::SetPriorities => {
                let of = |key: &str| t.get::<i64>(key).and_then(|n| u16::try_from(n).ok());
                let priorities = Sides { source: of("source")?, target: of("target")? };
                Action::SetPriorities { set: set()?, priorities }
            }
            ActionKey::Freeze => {
                let secs = u32::try_from(t.get::<Duration>("for")?.as_secs()).ok()?;
                Action::Freeze { set: set()?, side: side(t, "side")?, secs }
            }
            ActionKey::Unfreeze => Action::Freeze { set: set()?, side: side(t, "side")?, secs: 0 },
            ActionKey::RemoveMembers => Action::RemoveMembers { set: set()?, side: side(t, "side")? },
            ActionKey::SetCapacity => {
                let hint = "capacity is set on groups: add auto_scaling_groups to the role, or start and stop";
                let (role, side) = self.role_with("auto_scaling_groups", "Auto Scaling group", hint, faults)?;
                let desired = t.get::<i64>("desired").and_then(|n| u32::try_from(n).ok())?;
                Action::SetCapacity { role, side, desired }
            }
            ActionKey::Suspend => self.processes(true, faults)?,
            ActionKey::Resume => self.processes(false, faults)?,
            ActionKey::Register => self.targets(true, faults)?,
            ActionKey::Deregister => self.targets(false, faults)?,
            ActionKey::Start => self.power(true)?,
            ActionKey::Stop => self.power(false)?,
            ActionKey::Build => Action::Build { role: t.get("role")?, side: side(t, "side")? },
            ActionKey::CommitOffsets => {
                Action::CommitOffsets { pair: t.get("pair")?, group: t.get("group")?, to: side(t, "to")? }
            }
        })
    }

    /// The table of the thing with the name under this key, if the plan has it.
    fn thing(&self, key: &str) -> Option<&'t Table> {
        let name: String = self.t.get(key)?;
        self.names.subject(self.key.spec().refers, &[(key, &name)]).map(|(_, table)| table)
    }

    fn add_members(&self, faults: &mut Faults) -> Option<Action> {
        let name: At<String> = self.t.at("set")?;
        if self.thing("set").is_some_and(|set| set.written("candidates").is_none()) {
            let message = format!("the replica set {} has no candidates", quoted(&name.value));
            let fault = Diagnosis::error(Code::Conflict, &name.span, message);
            faults.push(fault.hint("list the hosts that wait outside: candidates = [\"host:port\"]"));
        }
        Some(Action::AddMembers { set: name.value })
    }

    fn votes(&self, faults: &mut Faults) -> Option<Action> {
        let t = self.t;
        let of = |side: Side| t.get::<i64>(side.word()).and_then(|n| u8::try_from(n).ok());
        let votes = Sides { source: of(Side::Source)?, target: of(Side::Target)? };
        let wrong = match votes.source + votes.target {
            0 => Some("nobody would vote"),
            8.. => Some("more than 7 votes: MongoDB takes no more"),
            _ => None,
        };
        if let Some(message) = wrong {
            let span = t.written("target").unwrap_or_else(|| t.span.clone());
            faults.push(Diagnosis::error(Code::Conflict, &span, message).hint("1 to 7 votes in all"));
        }
        Some(Action::SetVotes { set: t.get("set")?, votes, split_for: t.get("split_for") })
    }

    /// The role and the side; reports a role without any group of a kind on that side.
    fn role_with(&self, key: &str, what: &str, hint: &str, faults: &mut Faults) -> Option<(String, Side)> {
        let (name, side): (At<String>, _) = (self.t.at("role")?, side(self.t, "side")?);
        let role = self.thing("role");
        let groups = role.and_then(|role| role.table(key));
        if role.is_some() && groups.and_then(|g| g.written(side.word())).is_none() {
            let message = format!("the role {} has no {what} on the {side}", quoted(&name.value));
            faults.push(Diagnosis::error(Code::Conflict, &name.span, message).hint(hint));
        }
        Some((name.value, side))
    }

    fn processes(&self, suspend: bool, faults: &mut Faults) -> Option<Action> {
        let hint = "processes are a group's: add auto_scaling_groups to the role";
        let (role, side) = self.role_with("auto_scaling_groups", "Auto Scaling group", hint, faults)?;
        let processes: Vec<At<String>> = self.t.get("processes")?;
        if let Some(at) = processes.iter().find(|p| suspend && p.value == "Terminate") {
            let message = "Terminate must not be suspended: unhealthy hosts would not be replaced any more";
            faults.push(
                Diagnosis::error(Code::Conflict, &at.span, message)
                    .hint("what keeps a group from shrinking is AlarmNotification, ScheduledActions and AZRebalance"),
            );
        }
        let processes = processes.into_iter().map(|p| p.value).collect();
        Some(Action::Processes { role, side, processes, suspend })
    }

    fn targets(&self, on: bool, faults: &mut Faults) -> Option<Action> {
        let hint = "instances are registered in target groups: add target_groups to the role";
        let (role, side) = self.role_with("target_groups", "target group", hint, faults)?;
        let (width, max_failed) = limits(self.t)?;
        Some(Action::Targets { role, side, on, width, max_failed })
    }

    fn power(&self, on: bool) -> Option<Action> {
        let (width, max_failed) = limits(self.t)?;
        Some(Action::Power { role: self.t.get("role")?, side: side(self.t, "side")?, on, width, max_failed })
    }

    /// A name's time to live. Route 53 counts in seconds.
    fn ttl(&self, faults: &mut Faults) -> Option<Action> {
        let (name, ttl): (String, At<Duration>) = (self.t.get("name")?, self.t.at("ttl")?);
        if ttl.value.subsec_nanos() > 0 {
            let message = "a time to live has whole seconds";
            faults.push(Diagnosis::error(Code::Conflict, &ttl.span, message).hint("write \"60s\""));
        }
        let seconds = u32::try_from(ttl.value.as_secs()).ok()?;
        Some(Action::SetTtl { name: super::super::dns::qualified(&name), ttl: seconds })
    }

    /// A name of the plan always has set identifiers on both sides: the format requires them.
    fn weights(&self, faults: &mut Faults) -> Option<(String, Sides<u8>)> {
        let t = self.t;
        let weight = |side: Side| t.get::<i64>(side.word()).and_then(|n| u8::try_from(n).ok());
        let weights = Sides { source: weight(Side::Source)?, target: weight(Side::Target)? };
        if weights == (Sides { source: 0, target: 0 }) {
            let message = "both weights are 0: Route 53 then answers with both alike";
            let span = t.written("target").unwrap_or_else(|| t.span.clone());
            faults.push(Diagnosis::error(Code::Conflict, &span, message).hint("give at least one side a weight"));
        }
        Some((super::super::dns::qualified(&t.get::<String>("name")?), weights))
    }
}

fn side(table: &Table, key: &str) -> Option<Side> {
    let word: String = table.get(key)?;
    Side::BOTH.into_iter().find(|side| side.word() == word)
}

/// The number of parallel requests, and the number that may fail.
fn limits(table: &Table) -> Option<(u16, u16)> {
    let number = |key: &str| table.get::<i64>(key).and_then(|n| u16::try_from(n).ok());
    Some((number("width")?, number("max_failed")?))
}

/// Warns of a step that can never run, because the plan has no writing credentials for it.
pub(super) fn read_only(form: &Table, action: &Action, span: &Span, names: &Names<'_>, faults: &mut Faults) {
    let spec = action.spec();
    let Some(lacks) = form.table(spec.key).and_then(|t| lacks(spec, action, t, names)) else { return };
    let message = format!("{} is read only: this step can never run", lacks.place);
    faults.push(Diagnosis::warning(Code::ReadOnly, span, message).hint(format!("add {}", lacks.add)));
}

/// Where the plan lacks writing credentials, and what is to be added.
struct Lacks {
    place: String,
    add: String,
}

/// What the plan lacks for this action.
fn lacks(spec: &ActionSpec, action: &Action, t: &Table, names: &Names<'_>) -> Option<Lacks> {
    let (writable, place, add) = match spec.access {
        Access::None => return None,
        Access::OfThing(key) => {
            let about = action.about();
            let (of, thing) = names.subject(spec.refers, &about)?;
            let place = format!("the {} {}", of.what, quoted(&thing.get::<String>(of.key)?));
            (thing.written(key).is_some(), place, format!("`{key}` to it"))
        }
        Access::OfThingSide(key, side_key) => {
            let (of, thing) = names.subject(spec.refers, &action.about())?;
            let side = side(t, side_key)?;
            let place = format!("the {side}'s cluster of {}", quoted(&thing.get::<String>(of.key)?));
            (thing.table(side.word())?.written(key).is_some(), place, format!("`{key}` to it"))
        }
        Access::OfSite(side_key) => {
            let side = side(t, side_key)?;
            let site = names.root.table("sites")?.table(side.word())?;
            (site.written("write").is_some(), format!("the {side}"), "`write` to the site".to_owned())
        }
        Access::OfTable(table, title) => {
            let written = names.root.table(table).is_some_and(|t| t.written("write").is_some());
            (written, title.to_owned(), format!("`write` to [{table}]"))
        }
    };
    (!writable).then_some(Lacks { place, add })
}
