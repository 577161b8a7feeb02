//! From a checked tree to a [`Scenario`]: whether the names in it exist.

use std::{path::Path, sync::Arc, time::Duration};

use indexmap::IndexMap;
use jiff::SignedDuration;

use super::{Condition, Cue, Injection, Scenario, ScenarioEvent, Want, Wish};
use base::{
    digest::Digest,
    domain::Domain,
    observed::FaultKind,
    signal::{SignalDef, Unit},
    view::counted,
};
use console::key::Key;
use drive::sim::{CallTrouble, Requests, Trouble};
use plan::{
    Code, Compare, Diagnosis, Plan, StepPlan,
    diag::{Faults, Severity},
    lower::runbook::{names::dangling, quantity},
    tree::{At, Quantity, Table},
};
use systems::{FaultInjection, injection::Parameters, signals};

/// Looks up the names of the plan's objects.
struct Names<'p> {
    plan: &'p Plan,
}

pub(super) fn scenario(
    root: &Table,
    plan_of: &dyn Fn(&str) -> std::io::Result<String>,
    line: &dyn Fn(usize) -> usize,
    faults: &mut Faults,
) -> Option<Scenario> {
    let named: At<String> = root.at("plan")?;
    let text = match plan_of(&named.value) {
        Ok(text) => text,
        Err(e) => {
            let message = format!("the plan {} cannot be read: {e}", named.value);
            faults.push(Diagnosis::error(Code::Dangling, &named.span, message).hint("it stands beside the scenario"));
            return None;
        }
    };
    let plan = match systems::parse_plan(Path::new(&named.value), &text) {
        Ok((plan, _)) => plan,
        Err(faulty) => {
            let count = match &faulty {
                plan::Faulty::Plan(report) => report.count(Severity::Error),
                plan::Faulty::Unread { .. } => 1,
            };
            let message = format!("the plan {} has {}", named.value, counted(count, "fault"));
            let hint = format!("landfall check {} --offline lists them", named.value);
            faults.push(Diagnosis::error(Code::Dangling, &named.span, message).hint(hint));
            return None;
        }
    };
    let names = Names { plan: &plan };
    let events: Vec<Option<ScenarioEvent>> = root.tables("event").map(|t| names.event(t, faults)).collect();
    let cues: Vec<Option<Cue>> = root.tables("cue").map(|t| names.cue(t, line, faults)).collect();
    let never = names.conditions(root, "never", faults);
    Some(Scenario {
        name: root.get("name")?,
        doc: root.get("doc")?,
        plan_digest: Digest::of(text.as_bytes()),
        seed: root.get::<i64>("seed")?.try_into().ok()?,
        begins: root.get("begins")?,
        speed: root.get("speed")?,
        events: events.into_iter().collect::<Option<_>>()?,
        cues: cues.into_iter().collect::<Option<_>>()?,
        never: never?,
        plan: Arc::new(plan),
    })
}

impl Names<'_> {
    fn steps(&self) -> impl Iterator<Item = &StepPlan> {
        self.plan.runbook.phases.iter().flat_map(|phase| &phase.steps)
    }

    /// A name that must be one of these; otherwise it adds a fault.
    fn one_of<'n>(
        &self,
        table: &Table,
        key: &str,
        what: &str,
        known: impl Iterator<Item = &'n str>,
        faults: &mut Faults,
    ) -> Option<String> {
        Self::known(&table.at(key)?, what, known, faults)
    }

    fn known<'n>(
        name: &At<String>,
        what: &str,
        known: impl Iterator<Item = &'n str>,
        faults: &mut Faults,
    ) -> Option<String> {
        let known: Vec<String> = known.map(str::to_owned).collect();
        if known.contains(&name.value) {
            return Some(name.value.clone());
        }
        dangling(name, &format!("the plan has no {what}"), &known, faults);
        None
    }

    fn step(&self, table: &Table, key: &str, faults: &mut Faults) -> Option<String> {
        self.one_of(table, key, "step", self.steps().map(|s| s.id.as_str()), faults)
    }

    fn event(&self, table: &Table, faults: &mut Faults) -> Option<ScenarioEvent> {
        let when = self.conditions(table, "when", faults);
        if let (Some(at), true) = (table.written("when"), when.iter().flatten().any(Condition::needs_a_screen)) {
            let message = "an event cannot wait for the screen: there may be none";
            faults.push(Diagnosis::error(Code::Conflict, &at, message).hint("wait for a step, a signal, a record"));
        }
        let happens = self.injection(table.table("happens")?, faults);
        Some(ScenarioEvent { when: when?, after: table.get("after")?, happens: happens? })
    }

    fn cue(&self, table: &Table, line: &dyn Fn(usize) -> usize, faults: &mut Faults) -> Option<Cue> {
        let when = self.conditions(table, "when", faults);
        let expect = self.conditions(table, "expect", faults);
        let mut wishes = Vec::new();
        for (key, want) in [("carry_out", Want::Done), ("begin", Want::Started), ("take_back", Want::Back)] {
            for name in table.list::<String>(key) {
                let step = Self::known(&name, "step", self.steps().map(|s| s.id.as_str()), faults);
                wishes.extend(step.map(|step| Wish { step, want }));
            }
        }
        let keys = match table.at::<String>("keys") {
            None => Vec::new(),
            Some(text) => Key::script(&text.value)
                .map_err(|why| faults.push(Diagnosis::error(Code::BadValue, &text.span, why)))
                .unwrap_or_default(),
        };
        Some(Cue {
            line: line(table.span.start),
            say: table.get("say"),
            when: when?,
            within: table.get("within")?,
            wishes,
            keys,
            expect: expect?,
            holds_for: table.get("holds_for")?,
            stay: table.get("stay")?,
            speed: table.get("speed"),
        })
    }

    fn conditions(&self, table: &Table, key: &str, faults: &mut Faults) -> Option<Vec<Condition>> {
        let list: Vec<_> = table.tables(key).map(|t| self.condition(t, faults)).collect();
        list.into_iter().collect()
    }

    fn condition(&self, table: &Table, faults: &mut Faults) -> Option<Condition> {
        Some(if table.written("step").is_some() {
            let is = table.list::<String>("is").into_iter().map(|at| at.value).collect();
            Condition::Step { step: self.step(table, "step", faults)?, is }
        } else if table.written("metric").is_some() {
            self.signal(table, faults)?
        } else if table.written("screen").is_some() {
            Condition::Screen(table.get("screen")?)
        } else if table.written("verdict").is_some() {
            Condition::Verdict { word: table.get("verdict")?, because: table.get("because") }
        } else if table.written("record").is_some() {
            let of = match table.written("of") {
                Some(_) => Some(self.step(table, "of", faults)?),
                None => None,
            };
            Condition::Record { text: table.get("record")?, of }
        } else {
            Condition::None(self.conditions(table, "none", faults)?)
        })
    }

    fn signal(&self, table: &Table, faults: &mut Faults) -> Option<Condition> {
        let name: At<String> = table.at("metric")?;
        let all = signals();
        let Some(metric) = all.iter().copied().find(|def| def.id == name.value) else {
            let known: Vec<String> = all.iter().map(|def| def.id.to_owned()).collect();
            dangling(&name, "there is no signal", &known, faults);
            return None;
        };
        let wanted: IndexMap<String, At<String>> = table.get("where")?;
        let mut labels = Vec::new();
        for (label, value) in &wanted {
            match metric.labels.iter().position(|l| l == label) {
                Some(at) => {
                    self.label((label, metric.domain(label)), value, faults);
                    labels.push((at, value.value.clone()));
                }
                None => {
                    let message = format!("`{label}` is not a label of `{}`", metric.id);
                    let hint = format!("its labels are {}", metric.labels.join(", "));
                    faults.push(Diagnosis::error(Code::UnknownKey, &value.span, message).hint(hint));
                }
            }
        }
        let value: At<Quantity> = table.at("value")?;
        let unit = self.unit(metric, wanted.get("query").map(|at| at.value.as_str()));
        Some(Condition::Signal {
            metric,
            labels,
            op: Compare::of(&table.get::<String>("op")?)?,
            value: quantity::read(&value, unit, metric.range, metric.id, faults)?,
        })
    }

    /// Adds a fault if a label's value names something that the plan does not have: such a series never exists.
    fn label(&self, (label, domain): (&str, Domain), value: &At<String>, faults: &mut Faults) {
        let known = match domain {
            Domain::Of(of) => self.plan.names(of),
            Domain::Words { words, .. } => words.to_vec(),
            Domain::Matched { .. } | Domain::Free => return,
        };
        Self::known(value, &format!("{label} so called:"), known.into_iter(), faults);
    }

    /// A signal's unit; for a health query it is the query's.
    fn unit(&self, metric: &SignalDef, query: Option<&str>) -> Unit {
        match metric.unit {
            Unit::AsNamed => {
                self.plan.health.iter().find(|h| Some(h.name.as_str()) == query).map_or(metric.unit, |h| h.unit)
            }
            unit => unit,
        }
    }

    fn injection(&self, form: &Table, faults: &mut Faults) -> Option<Injection> {
        let (key, t) = form.keys.keys().find_map(|key| Some((*key, form.table(key)?)))?;
        if FaultInjection::FORMS.iter().any(|form| form.key(key).is_some()) {
            let mut parameters = Parameters { table: t, plan: self.plan, faults };
            return FaultInjection::read(key, &mut parameters).map(Injection::Happens);
        }
        Some(match key {
            "link" => Injection::Cut(!t.get::<bool>("up")?),
            "sources" => Injection::Sources(t.get("like")?, trouble(&t.get::<String>("do")?)),
            "requests" => {
                let times = t.get::<i64>("times")?.try_into().ok()?;
                let operation = t.get::<i64>("operation").and_then(|n| n.try_into().ok());
                let of = Requests { step: self.step(t, "of", faults)?, operation };
                Injection::Requests(of, meets(&t.get::<String>("meet")?, t.get("by")?)?, times)
            }
            "dark" => Injection::Unobservable(if t.get("on")? { Some(t.get("step")?) } else { None }),
            "stranger" => {
                let id = self.step(t, "step", faults)?;
                Injection::ExternalChange(Box::new(self.steps().find(|s| s.id == id)?.action.clone()))
            }
            "console" => Injection::Dies(t.get("dies_for")?),
            "sleep" => Injection::Sleeps(t.get("for")?),
            "clock" => {
                let by = SignedDuration::try_from(t.get::<Duration>("by")?).ok()?;
                Injection::Clock(if t.get("back")? { -by } else { by })
            }
            _ => return None,
        })
    }
}

fn trouble(word: &str) -> Option<Trouble> {
    Some(match word {
        "refuse" => Trouble::Fails(FaultKind::Refused),
        "throttle" => Trouble::Fails(FaultKind::Throttled),
        "hang" => Trouble::Hangs,
        "go_silent" => Trouble::Silent,
        "be_unreachable" => Trouble::Fails(FaultKind::Unreachable),
        _ => return None,
    })
}

fn meets(word: &str, by: Duration) -> Option<CallTrouble> {
    Some(match word {
        "throttling" => CallTrouble::Throttled,
        "fault_after" => CallTrouble::FaultAfter,
        "request_lost" => CallTrouble::RequestLost,
        "reply_lost" => CallTrouble::ReplyLost,
        "delay" => CallTrouble::Late(by),
        "no_end" => CallTrouble::Pending,
        "refusal" => CallTrouble::Refused,
        _ => return None,
    })
}
