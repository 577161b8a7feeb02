//! The fleet's signals. Each depends on all collectors that its number is made from. What the plan wants is given only together with what
//! is known to exist, so that a gate never compares with the plan's number alone.

use super::State;
use base::{
    domain::{self, Domain, Named},
    now::Now,
    observed::{Fault, FaultKind, Observed},
    side::Side,
    signal::{CurvePanel, Keep, MAX, Samples, Stroke},
};
use plan::things;

/// What its labels may be.
pub(super) const LABELS: &[Named] = &[("role", Domain::Of(&things::ROLES)), ("side", domain::SIDE)];

base::signals! { "ec2" in LABELS:
    WANTED = "fleet.role.wanted", Count, ["role", "side"], (0.0, MAX), "instances wanted", "Instances the plan wants.";
    RUNNING = "fleet.role.running", Count, ["role", "side"], (0.0, MAX), "instances running", "Running instances, regardless of their checks.";
    CHECKS_OK = "fleet.role.checks_ok", Count, ["role", "side"], (0.0, MAX), "instances with good checks", "Running instances whose checks were good in two consecutive readings.";
    IMPAIRED = "fleet.role.impaired", Count, ["role", "side"], (0.0, MAX), "instances impaired", "Running instances with a failed check.";
    IN_SERVICE = "fleet.role.in_service", Count, ["role", "side"], (0.0, MAX), "instances in service", "Instances serving: healthy in their target groups, else in service in their Auto Scaling groups, else checks ok.";
    ZONES_EMPTY = "fleet.role.zones_empty", Count, ["role", "side"], (0.0, MAX), "zones without service", "Zones in which no instance of the role serves.";
    VCPUS = "fleet.role.vcpus", Count, ["role", "side"], (0.0, MAX), "vCPUs running", "vCPUs of the running instances.";
    READY_RATIO = "fleet.role.ready_ratio", Ratio, ["role", "side"], (0.0, 1.0), "instances ready", "Serving instances as a share of those wanted, at most 1; on the source: the capacity retained for a rollback.", keep(Keep::Target), curve(CurvePanel::Ready, Some(1), &[("target", "", Stroke::Line)]);
    WITHOUT_LINEAGE = "fleet.role.images_without_lineage", Count, ["role"], (0.0, MAX), "images without lineage", "Images in use on the target that are not tagged as copies of an image in use on the source.";
    INSTANCES = "fleet.site.instances", Count, ["side"], (0.0, MAX), "instances of all roles", "Running instances of all roles.";
    READY = "fleet.ready", Ratio, [], (0.0, 1.0), "readiness of the target", "Readiness of the target: that of its worst role.";
}

pub(super) fn measure(state: &State, now: Now, out: &mut Samples) {
    for (role, of) in state.plan.fleet.iter().enumerate() {
        for side in Side::BOTH {
            let site = state.sites.get(side);
            let labels = [of.name.as_str(), side.word()];
            let mut count = |def, value: Observed<u32>| out.put(def, &labels, value.map(f64::from));
            count(&WANTED, site.running(role, now).map(|_| site.wanted(role)));
            count(&RUNNING, site.running(role, now));
            count(&CHECKS_OK, site.checked(role, now, |t| t.all.checks_ok));
            count(&IMPAIRED, site.checked(role, now, |t| t.all.impaired));
            count(&IN_SERVICE, site.in_service(role, now));
            count(&ZONES_EMPTY, site.zones_empty(role, now));
            count(&VCPUS, site.vcpus(role, now));
            if let Some(ready) = site.ready(role, now) {
                out.put(&READY_RATIO, &labels, ready);
            }
        }
        out.put(&WITHOUT_LINEAGE, &[&of.name], without_lineage(state, role, now).map(f64::from));
    }
    if state.plan.fleet.is_empty() {
        return;
    }
    for side in Side::BOTH {
        let site = state.sites.get(side);
        out.put(&INSTANCES, &[side.word()], site.all(now, |t| f64::from(t.all.running)));
    }
    if let Some((_, ready)) = state.worst(now) {
        out.put(&READY, &[], ready);
    }
}

/// The relation of an image in use on the target to the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lineage {
    /// Tagged as a copy of an image that the role runs from on the source.
    Same,
    /// Tagged as a copy of another image: the source's role may have a newer image.
    Other,
    /// Not tagged.
    Untagged,
    /// The image itself does not exist any more: no new instance can be launched from it.
    Deregistered,
}

/// The lineage of each image that a role's target instances run from, with the number of instances.
pub(super) fn lineage(state: &State, role: usize, now: Now) -> Observed<Vec<(super::facts::Name, u32, Lineage)>> {
    let (source, target) = (state.sites.get(Side::Source), state.sites.get(Side::Target));
    let here = target.counted(role, now, |t| t.images.clone());
    let there = source.counted(role, now, |t| t.images.clone());
    here.zip(there).zip(target.images.at(now)).and_then(|((here, there), images)| {
        here.into_iter()
            .map(|(id, instances)| {
                let found = images.found.iter().find(|i| i.id == id);
                let lineage = match found.map(|i| i.source.as_ref()) {
                    Some(Some(of)) if there.contains_key(of) => Lineage::Same,
                    Some(Some(_)) => Lineage::Other,
                    Some(None) => Lineage::Untagged,
                    None if images.asked.contains(&id) => Lineage::Deregistered,
                    // In use since the last query for images: known after the next one.
                    None => {
                        return Err(Fault::new(
                            FaultKind::Silent,
                            format!("{id} is in use and not read yet; known after the next reading of images"),
                        ));
                    }
                };
                Ok((id, instances, lineage))
            })
            .collect()
    })
}

fn without_lineage(state: &State, role: usize, now: Now) -> Observed<u32> {
    lineage(state, role, now)
        .map(|all| u32::try_from(all.iter().filter(|(.., l)| *l != Lineage::Same).count()).unwrap_or(u32::MAX))
}
