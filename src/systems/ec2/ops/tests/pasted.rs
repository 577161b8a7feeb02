//! Every printed command of every action, forward and rollback, run by a shell against a region that refuses what AWS refuses.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::played;
use crate::{
    System,
    ec2::{
        Observation, Query, Question, State,
        facts::{Check, Group, Instance, InstanceState, Status, Target, TargetGroup, TargetHealth, TargetKind},
    },
    planner::{
        Planner,
        pasted::{flags, paste},
    },
};
use base::{
    now::Now,
    observed::{Freshness, Stamp},
    operation::Draft,
    side::Side,
};
use plan::Action;

/// Names that a shell would change without quotes.
const PLAN: &str = r#"
[[fleet]]
role = "web"
wanted = { source = 0, target = 4 }
target_groups = { target = ["web-ore", "arn:aws:elasticloadbalancing:us-west-2:1:targetgroup/two/0a"] }
auto_scaling_groups = { target = ["web's $(exit 7) \"a\"", "web b"] }
"#;
const ARNS: [(&str, &str); 2] =
    [("web-ore", "arn:web-ore"), ("two", "arn:aws:elasticloadbalancing:us-west-2:1:targetgroup/two/0a")];
const REGION: &str = "us-west-2";

#[derive(Debug, Clone, PartialEq, Eq)]
struct Scaling {
    desired: u32,
    min: u32,
    max: u32,
    suspended: BTreeSet<String>,
}

/// A region. It refuses every request that AWS would refuse (EC2, Auto Scaling and Elastic Load Balancing API references).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Region {
    groups: BTreeMap<String, Scaling>,
    running: BTreeMap<String, bool>,
    /// By ARN: id and port.
    targets: BTreeMap<String, BTreeSet<(String, u16)>>,
}

impl Region {
    fn new() -> Self {
        let group = |desired, min, suspended: &[&str]| Scaling {
            desired,
            min,
            max: 9,
            suspended: suspended.iter().map(|s| (*s).to_owned()).collect(),
        };
        let groups = [("web's $(exit 7) \"a\"", group(3, 1, &["AZRebalance"])), ("web b", group(2, 2, &[]))];
        // The last one does not run.
        let running = (1..=5).map(|n| (format!("i-{n}"), n < 5)).collect();
        let port = |ids: &[&str], port| ids.iter().map(|id| ((*id).to_owned(), port)).collect::<BTreeSet<_>>();
        let targets = [(ARNS[0].1, port(&["i-1", "i-2", "i-3", "i-4"], 80)), (ARNS[1].1, port(&["i-1", "i-2"], 8443))];
        Self {
            groups: groups.map(|(n, g)| (n.to_owned(), g)).into(),
            running,
            targets: targets.map(|(n, t)| (n.to_owned(), t)).into(),
        }
    }

    fn aws(&mut self, words: &[String]) -> Result<String, String> {
        let (names, flags) = flags(words);
        let all = |flag: &str| flags.get(flag).cloned().unwrap_or_default();
        let one = |flag: &str| match all(flag).as_slice() {
            [one] => Ok((*one).to_owned()),
            other => Err(format!("--{flag} {other:?}")),
        };
        if one("region")? != REGION {
            return Err(format!("nothing of this is in {}", one("region")?));
        }
        let number = |flag: &str| one(flag)?.parse::<u32>().map_err(|e| format!("--{flag}: {e}"));
        match names.as_slice() {
            ["autoscaling", "update-auto-scaling-group"] => {
                let group = self.groups.get_mut(&one("auto-scaling-group-name")?).ok_or("group name not found")?;
                let (desired, min) = (number("desired-capacity")?, number("min-size")?);
                if desired < min || desired > group.max {
                    return Err(format!("{desired} is not between {min} and {}", group.max));
                }
                (group.desired, group.min) = (desired, min);
            }
            ["autoscaling", verb @ ("suspend-processes" | "resume-processes")] => {
                let group = self.groups.get_mut(&one("auto-scaling-group-name")?).ok_or("group name not found")?;
                let processes = all("scaling-processes");
                const ALL: [&str; 4] = ["AlarmNotification", "ScheduledActions", "AZRebalance", "ReplaceUnhealthy"];
                if processes.is_empty() || !processes.iter().all(|p| ALL.contains(p)) {
                    return Err(format!("processes {processes:?}"));
                }
                for process in processes.into_iter().map(str::to_owned) {
                    // Stricter than AWS: a command that changes nothing is not an inverse.
                    let news = if *verb == "suspend-processes" {
                        group.suspended.insert(process)
                    } else {
                        group.suspended.remove(&process)
                    };
                    if !news {
                        return Err("it is so already".to_owned());
                    }
                }
            }
            ["ec2", verb @ ("start-instances" | "stop-instances")] => {
                let on = *verb == "start-instances";
                for id in all("instance-ids") {
                    match self.running.insert(id.to_owned(), on) {
                        None => return Err(format!("InvalidInstanceID.NotFound: {id}")),
                        Some(was) if was == on => return Err(format!("IncorrectInstanceState: {id}")),
                        Some(_) => {}
                    }
                }
            }
            ["elbv2", "describe-target-groups"] => {
                let name = one("names")?;
                let found = ARNS.iter().find(|(n, _)| *n == name).ok_or("TargetGroupNotFound")?;
                if (one("query")?.as_str(), one("output")?.as_str()) != ("TargetGroups[0].TargetGroupArn", "text") {
                    return Err("another query".to_owned());
                }
                return Ok(found.1.to_owned());
            }
            ["elbv2", verb @ ("register-targets" | "deregister-targets")] => {
                let targets = self.targets.get_mut(&one("target-group-arn")?).ok_or("TargetGroupNotFound")?;
                for word in all("targets") {
                    let mut parts = word.split(',');
                    let id = parts.next().and_then(|p| p.strip_prefix("Id=")).ok_or("no Id")?.to_owned();
                    let port = parts.next().map_or(Ok(80), |p| p.strip_prefix("Port=").unwrap_or_default().parse());
                    let place = (id, port.map_err(|e| format!("{word}: {e}"))?);
                    let done = if *verb == "register-targets" {
                        self.running.get(&place.0) == Some(&true) && targets.insert(place)
                    } else {
                        targets.remove(&place)
                    };
                    if !done {
                        return Err(format!("InvalidTarget: {word}"));
                    }
                }
            }
            other => return Err(format!("no such call: {other:?}")),
        }
        Ok(String::new())
    }

    /// The observation of the region.
    fn read(&self, state: &mut State, now: Now) {
        let stamp = Stamp { at: now, fresh: Freshness::of_interval(Duration::from_secs(10)) };
        let instance = |(id, on): (&String, &bool)| Instance {
            id: id.as_str().into(),
            roles: [0].into(),
            zone: "us-west-2a".into(),
            kind: "m7g.large".into(),
            image: "ami-1".into(),
            address: None,
            state: if *on { InstanceState::Running } else { InstanceState::Stopped },
            vcpus: Some(2),
            launched: None,
        };
        let status = |id: &String| Status { id: id.as_str().into(), check: Check::Ok, event: None };
        let group = |(name, g): (&String, &Scaling)| Group {
            name: name.as_str().into(),
            desired: g.desired,
            min: g.min,
            max: g.max,
            zones: vec!["us-west-2a".into()],
            suspended: g.suspended.iter().map(|s| s.as_str().into()).collect(),
            members: Vec::new(),
        };
        let healthy = |(id, port): &(String, u16)| Target {
            id: id.as_str().into(),
            port: Some(*port),
            health: TargetHealth::Healthy,
        };
        let targets = |(name, arn): (&str, &str)| TargetGroup {
            named: if name == "two" { arn.into() } else { name.into() },
            kind: TargetKind::Instance,
            targets: self.targets.get(arn).map(|t| t.iter().map(healthy).collect()),
        };
        for facts in [
            Observation::Instances(self.running.iter().map(instance).collect()),
            Observation::Status(self.running.keys().map(status).collect()),
            Observation::Groups(self.groups.iter().map(group).collect()),
            Observation::Targets(ARNS.into_iter().map(targets).collect()),
        ] {
            let what = match &facts {
                Observation::Instances(_) => Question::Instances,
                Observation::Status(_) => Question::Status,
                Observation::Groups(_) => Question::Groups,
                _ => Question::Targets,
            };
            state.apply(&Query { side: Side::Target, what }, facts, stamp);
        }
    }

    fn run(&mut self, commands: &[&str]) {
        for command in commands.iter().filter(|c| !c.is_empty()) {
            paste(command, "aws", |words| self.aws(words)).unwrap_or_else(|why| panic!("{command}: {why}"));
        }
    }
}

fn commands<C, M>(ops: &[base::operation::Operation<C, M>]) -> Vec<&str> {
    ops.iter().map(|op| op.command.as_str()).collect()
}

#[test]
fn every_printed_command_runs_and_the_way_back_restores_exactly_what_was() {
    let role = || "web".to_owned();
    let side = Side::Target;
    let names = || ["AlarmNotification", "ScheduledActions", "AZRebalance"].map(str::to_owned).to_vec();
    let target = |on| Action::Targets { role: role(), side, on, width: 1, max_failed: 0 };
    let power = |on| Action::Power { role: role(), side, on, width: 1, max_failed: 0 };
    let process = |suspend| Action::Processes { role: role(), side, processes: names(), suspend };
    let capacity = |desired| Action::SetCapacity { role: role(), side, desired };
    for action in [
        capacity(12),
        capacity(1),
        process(true),
        process(false),
        target(true),
        target(false),
        power(true),
        power(false),
    ] {
        let mut region = Region::new();
        let before = region.clone();
        let (mut state, _) = State::new(&played::plan(PLAN));
        let mut now = Now { boot: Duration::from_secs(1000), wall: jiff::Timestamp::UNIX_EPOCH };
        let mut read = |state: &mut State, region: &Region| {
            now.boot += Duration::from_secs(1);
            region.read(state, now);
            now
        };
        read(&mut state, &region);
        let at = read(&mut state, &region);
        let draft: Draft<_, _> = state.draft(&action, at).expect("of this system").expect("a draft");
        assert!(!draft.ops.is_empty() && !draft.inverse.is_empty(), "{action:?}");
        region.run(&commands(&draft.ops));
        let after = region.clone();
        assert_ne!(after, before, "{action:?}");
        // The inverse of the same preview.
        region.run(&commands(&draft.inverse));
        assert_eq!(region, before, "{action:?}");
        // And of a later preview, derived from the state then; its own inverse leads forward again.
        region.run(&commands(&draft.ops));
        let at = read(&mut state, &region);
        let later = state.inverse(&draft.inverse, at).expect("a way back");
        region.run(&commands(&later.ops));
        assert_eq!(region, before, "{action:?}");
        region.run(&commands(&later.inverse));
        assert_eq!(region, after, "{action:?}");
    }
}
