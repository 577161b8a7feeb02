//! The action of a step, whether the things that it names exist, and whether the plan permits it.

use std::time::Duration;

use super::names::{Names, Thing};
use crate::{
    diag::{Code, Diagnosis, Faults, Span},
    scalar::quoted,
    tree::{At, Table},
    types::{Action, Confirm},
};
use base::side::{Side, Sides};

/// The action; reports names that do not exist.
pub(super) fn action(form: &Table, names: &Names<'_>, faults: &mut Faults) -> Option<Action> {
    if form.written("manual").is_some() {
        return Some(Action::Manual { what: form.get("manual")? });
    }
    let (key, t) = form.keys.keys().find_map(|key| Some((*key, form.table(key)?)))?;
    match key {
        "set_weights" => weights(t, names, faults).map(|(name, weights)| Action::SetWeights { name, weights }),
        "emergency_weights" => {
            weights(t, names, faults).map(|(name, weights)| Action::EmergencyWeights { name, weights })
        }
        "set_ttl" => set_ttl(t, names, faults),
        "move_primary" => Some(Action::MovePrimary { set: set(t, names, faults)?, to: side(t, "to")? }),
        "add_members" => add_members(t, names, faults),
        "unhide" => Some(Action::Unhide { set: set(t, names, faults)?, side: side(t, "side")? }),
        "set_votes" => set_votes(t, names, faults),
        "set_priorities" => {
            let of = |key: &str| t.get::<i64>(key).and_then(|n| u16::try_from(n).ok());
            let priorities = Sides { source: of("source")?, target: of("target")? };
            Some(Action::SetPriorities { set: set(t, names, faults)?, priorities })
        }
        "freeze" => {
            let secs = u32::try_from(t.get::<Duration>("for")?.as_secs()).ok()?;
            Some(Action::Freeze { set: set(t, names, faults)?, side: side(t, "side")?, secs })
        }
        "unfreeze" => Some(Action::Freeze { set: set(t, names, faults)?, side: side(t, "side")?, secs: 0 }),
        "remove_members" => Some(Action::RemoveMembers { set: set(t, names, faults)?, side: side(t, "side")? }),
        "set_capacity" => {
            let (role, side) = (role(t, names, faults)?, side(t, "side")?);
            let hint = "capacity is set on groups: add auto_scaling_groups to the role, or start and stop";
            has(&role, "auto_scaling_groups", "Auto Scaling group", side, hint, faults);
            let desired = t.get::<i64>("desired").and_then(|n| u32::try_from(n).ok())?;
            Some(Action::SetCapacity { role: role.name.value, side, desired })
        }
        "commit_offsets" => {
            let (pair, group): (At<String>, At<String>) = (t.at("pair")?, t.at("group")?);
            if names.known(Thing::Pair, &pair, faults).is_some() {
                names.known_group(Some(&pair.value), &group, faults);
            }
            Some(Action::CommitOffsets { pair: pair.value, group: group.value, to: side(t, "to")? })
        }
        "suspend" | "resume" => {
            let (role, side) = (role(t, names, faults)?, side(t, "side")?);
            let hint = "processes are a group's: add auto_scaling_groups to the role";
            has(&role, "auto_scaling_groups", "Auto Scaling group", side, hint, faults);
            let processes: Vec<At<String>> = t.get("processes")?;
            let suspend = key == "suspend";
            if let Some(at) = processes.iter().find(|p| suspend && p.value == "Terminate") {
                let message = "Terminate is not to be suspended: unhealthy hosts would not be replaced any more";
                faults.push(
                    Diagnosis::error(Code::Conflict, &at.span, message).hint(
                        "what keeps a group from shrinking is AlarmNotification, ScheduledActions and AZRebalance",
                    ),
                );
            }
            let processes = processes.into_iter().map(|p| p.value).collect();
            Some(Action::Processes { role: role.name.value, side, processes, suspend })
        }
        "build" => Some(Action::Build { role: role(t, names, faults)?.name.value, side: side(t, "side")? }),
        "register" | "deregister" => {
            let (role, side) = (role(t, names, faults)?, side(t, "side")?);
            let hint = "instances are registered in target groups: add target_groups to the role";
            has(&role, "target_groups", "target group", side, hint, faults);
            let (width, max_failed) = limits(t)?;
            Some(Action::Targets { role: role.name.value, side, on: key == "register", width, max_failed })
        }
        on_or_off => {
            let (width, max_failed) = limits(t)?;
            Some(Action::Power {
                role: role(t, names, faults)?.name.value,
                side: side(t, "side")?,
                on: on_or_off == "start",
                width,
                max_failed,
            })
        }
    }
}

fn set(table: &Table, names: &Names<'_>, faults: &mut Faults) -> Option<String> {
    let set: At<String> = table.at("set")?;
    names.known(Thing::Set, &set, faults);
    Some(set.value)
}

fn add_members(table: &Table, names: &Names<'_>, faults: &mut Faults) -> Option<Action> {
    let name: At<String> = table.at("set")?;
    if let Some(known) = names.known(Thing::Set, &name, faults)
        && known.written("candidates").is_none()
    {
        let message = format!("the replica set {} has no candidates", quoted(&name.value));
        let fault = Diagnosis::error(Code::Conflict, &name.span, message);
        faults.push(fault.hint("list the hosts that wait outside: candidates = [\"host:port\"]"));
    }
    Some(Action::AddMembers { set: name.value })
}

fn set_votes(table: &Table, names: &Names<'_>, faults: &mut Faults) -> Option<Action> {
    let set = set(table, names, faults)?;
    let of = |side: Side| table.get::<i64>(side.word()).and_then(|n| u8::try_from(n).ok());
    let votes = Sides { source: of(Side::Source)?, target: of(Side::Target)? };
    let wrong = match votes.source + votes.target {
        0 => Some("nobody would vote"),
        8.. => Some("more than 7 votes: MongoDB takes no more"),
        _ => None,
    };
    if let Some(message) = wrong {
        let span = table.written("target").unwrap_or_else(|| table.span.clone());
        faults.push(Diagnosis::error(Code::Conflict, &span, message).hint("1 to 7 votes in all"));
    }
    Some(Action::SetVotes { set, votes, split_for: table.get("split_for") })
}

struct Role<'t> {
    name: At<String>,
    table: Option<&'t Table>,
}

fn role<'t>(table: &Table, names: &Names<'t>, faults: &mut Faults) -> Option<Role<'t>> {
    let name: At<String> = table.at("role")?;
    let table = names.known(Thing::Role, &name, faults);
    Some(Role { name, table })
}

fn side(table: &Table, key: &str) -> Option<Side> {
    let word: String = table.get(key)?;
    Side::BOTH.into_iter().find(|side| side.word() == word)
}

/// Reports a role without any group of a kind on a side.
fn has(role: &Role<'_>, key: &str, what: &str, side: Side, hint: &str, faults: &mut Faults) {
    let groups = role.table.and_then(|r| r.table(key));
    if role.table.is_some() && groups.and_then(|g| g.written(side.word())).is_none() {
        let message = format!("the role {} has no {what} on the {side}", quoted(&role.name.value));
        faults.push(Diagnosis::error(Code::Conflict, &role.name.span, message).hint(hint));
    }
}

/// The number of parallel requests, and the number that may fail.
fn limits(table: &Table) -> Option<(u16, u16)> {
    let number = |key: &str| table.get::<i64>(key).and_then(|n| u16::try_from(n).ok());
    Some((number("width")?, number("max_failed")?))
}

/// A name's time to live. Route 53 counts in seconds.
fn set_ttl(table: &Table, names: &Names<'_>, faults: &mut Faults) -> Option<Action> {
    let (name, ttl): (At<String>, At<std::time::Duration>) = (table.at("name")?, table.at("ttl")?);
    names.known(Thing::Dns, &name, faults);
    if ttl.value.subsec_nanos() > 0 {
        let message = "a time to live has whole seconds";
        faults.push(Diagnosis::error(Code::Conflict, &ttl.span, message).hint("write \"60s\""));
    }
    let seconds = u32::try_from(ttl.value.as_secs()).ok()?;
    Some(Action::SetTtl { name: super::super::dns::qualified(&name.value), ttl: seconds })
}

/// A name of the plan always has set identifiers on both sides: the format requires them.
fn weights(table: &Table, names: &Names<'_>, faults: &mut Faults) -> Option<(String, Sides<u8>)> {
    let name: Option<At<String>> = table.at("name");
    if let Some(name) = &name {
        names.known(Thing::Dns, name, faults);
    }
    let weight = |side: Side| table.get::<i64>(side.word()).and_then(|n| u8::try_from(n).ok());
    let weights = Sides { source: weight(Side::Source)?, target: weight(Side::Target)? };
    if weights == (Sides { source: 0, target: 0 }) {
        let message = "both weights are 0: Route 53 then answers with both alike";
        let span = table.written("target").unwrap_or_else(|| table.span.clone());
        faults.push(Diagnosis::error(Code::Conflict, &span, message).hint("give at least one side a weight"));
    }
    Some((super::super::dns::qualified(&name?.value), weights))
}

/// The default confirmation: by the damage that the action can do.
pub(super) const fn confirm(action: &Action, irreversible: bool) -> Confirm {
    match action {
        _ if irreversible => Confirm::Countdown,
        Action::Manual { .. } | Action::Build { .. } => Confirm::Enter,
        Action::MovePrimary { .. }
        | Action::RemoveMembers { .. }
        | Action::EmergencyWeights { .. }
        | Action::Power { on: false, .. }
        | Action::Targets { on: false, .. } => Confirm::Countdown,
        _ => Confirm::Name,
    }
}

/// Warns of a step that can never run, because the plan has no writing credentials for it.
pub(super) fn read_only(action: &Action, span: &Span, names: &Names<'_>, faults: &mut Faults) {
    let (writable, place, add) = match action {
        Action::Manual { .. } | Action::Build { .. } => return,
        Action::MovePrimary { set, .. }
        | Action::AddMembers { set }
        | Action::Unhide { set, .. }
        | Action::SetVotes { set, .. }
        | Action::SetPriorities { set, .. }
        | Action::Freeze { set, .. }
        | Action::RemoveMembers { set, .. } => {
            let Some(table) = names.find(Thing::Set, set) else { return };
            (table.written("write_login").is_some(), format!("the replica set {}", quoted(set)), "`write_login` to it")
        }
        Action::SetWeights { .. } | Action::SetTtl { .. } | Action::EmergencyWeights { .. } => {
            let table = names.root.table("route53");
            (table.is_some_and(|t| t.written("write").is_some()), "Route 53".to_owned(), "`write` to [route53]")
        }
        Action::SetCapacity { side, .. }
        | Action::Power { side, .. }
        | Action::Processes { side, .. }
        | Action::Targets { side, .. } => {
            let Some(site) = names.root.table("sites").and_then(|t| t.table(side.word())) else { return };
            (site.written("write").is_some(), format!("the {side}"), "`write` to the site")
        }
        Action::CommitOffsets { pair, to, .. } => {
            let Some(table) = names.find(Thing::Pair, pair).and_then(|t| t.table(to.word())) else { return };
            let place = format!("the {to}'s cluster of {}", quoted(pair));
            (table.written("write_properties").is_some(), place, "`write_properties` to it")
        }
    };
    if !writable {
        let message = format!("{place} is read only: this step can never run");
        faults.push(Diagnosis::warning(Code::ReadOnly, span, message).hint(format!("add {add}")));
    }
}
