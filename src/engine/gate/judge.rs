//! All the gates of a condition, each over time, combined into one verdict.

use std::time::Duration;

use super::{
    jump,
    look::Readings,
    verdict::{Fork, Reason, Verdict},
    watch::Watch,
};
use base::{now::Now, signal::SignalDef, step::Level};
use plan::Condition;

/// A gate that the condition does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no gate {0:?} in this condition")]
pub struct NoSuchGate(pub String);

/// Judges one condition over the looks it is given. See [`super`] for the rules.
#[derive(Debug, Clone)]
pub struct Judge {
    tree: Tree,
    gates: Vec<Watch>,
    last: Option<Now>,
}

/// A condition's shape; gates by their place in [`Judge::gates`].
#[derive(Debug, Clone)]
enum Tree {
    Gate(usize),
    All(Vec<Tree>),
    Any(Vec<Tree>),
    NOf(usize, Vec<Tree>),
}

/// What a branch of the tree comes to.
#[derive(Clone, Copy)]
struct Branch {
    level: Level,
    to_green: Option<Duration>,
}

impl Judge {
    /// A judge that has seen nothing yet. `cadence`: how often a signal is measured anew, as its sources are asked now: see
    /// [`super::cadence`].
    #[must_use]
    pub fn new(condition: &Condition, cadence: impl Fn(&SignalDef) -> Duration) -> Self {
        let mut gates = Vec::new();
        let tree = plant(condition, &mut Vec::new(), &mut gates, &cadence);
        Self { tree, gates, last: None }
    }

    /// Nothing that was read before this counts.
    #[must_use]
    pub fn since(mut self, now: Now) -> Self {
        self.gates.iter_mut().for_each(|gate| gate.since(now.boot));
        self
    }

    /// Sources are asked at another pace from now on. What was seen so far stays, and is held to the new limits.
    pub fn pace(&mut self, cadence: impl Fn(&SignalDef) -> Duration) {
        for gate in &mut self.gates {
            gate.pace(&cadence);
        }
    }

    /// Takes one look at the estate: all its signals as they stand at `now`.
    pub fn evaluate(&mut self, readings: &Readings<'_>, now: Now) {
        let jumped = self.last.and_then(|last| jump(last, now));
        for gate in &mut self.gates {
            gate.evaluate(readings, now, jumped);
        }
        self.last = Some(now);
    }

    /// Leaves a gate out until then, by whichever clock says so first. Who may do that is decided elsewhere. A second waiver replaces
    /// the first.
    ///
    /// # Errors
    /// There is no such gate.
    pub fn waive(&mut self, gate: &str, until: Now) -> Result<(), NoSuchGate> {
        self.set_waiver(gate, Some(until))
    }

    /// Takes a waiver back, if there is one.
    ///
    /// # Errors
    /// There is no such gate.
    pub fn lift(&mut self, gate: &str) -> Result<(), NoSuchGate> {
        self.set_waiver(gate, None)
    }

    fn set_waiver(&mut self, gate: &str, until: Option<Now>) -> Result<(), NoSuchGate> {
        let mut found = false;
        for watch in self.gates.iter_mut().filter(|watch| watch.gate.id == gate) {
            watch.waive(until);
            found = true;
        }
        if found { Ok(()) } else { Err(NoSuchGate(gate.to_owned())) }
    }

    /// The gate with this id, over time.
    pub(crate) fn watch(&self, gate: &str) -> Option<&Watch> {
        self.gates.iter().find(|watch| watch.gate.id == gate)
    }

    /// The colour alone; cheaper than [`Self::verdict`].
    #[must_use]
    pub fn level(&self, now: Now) -> Level {
        self.tree.judge(&|ix| Branch { level: self.gates[ix].level(now), to_green: None }, &mut |_| ()).level
    }

    /// The verdict as of the last look; none if there was none. What gates passed with, once nobody looks at them any more.
    #[must_use]
    pub fn last_verdict(&self) -> Option<Verdict> {
        self.last.map(|last| self.verdict(last))
    }

    /// The colour at `now`, and every reason for it.
    #[must_use]
    pub fn verdict(&self, now: Now) -> Verdict {
        let mut reasons: Vec<Vec<Reason>> = self.gates.iter().map(|gate| gate.reasons(now)).collect();
        let mut moot = Vec::new();
        let leaf = |ix: usize| reasons[ix].first().map_or(UNKNOWN, |r| Branch { level: r.level, to_green: r.to_green });
        let all = self.tree.judge(&leaf, &mut |ix| moot.push(ix));
        let mut forks = Vec::new();
        self.tree.forks(&leaf, false, &mut Vec::new(), &mut forks);
        let mut deciding = Vec::new();
        self.tree.deciding(&leaf, &mut |ix| deciding.push(ix));
        for ix in moot {
            reasons[ix].iter_mut().for_each(|reason| reason.moot = true);
        }
        for ix in deciding {
            reasons[ix].iter_mut().for_each(|reason| reason.decides = true);
        }
        let mut reasons: Vec<Reason> = reasons.into_iter().flatten().collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.level));
        Verdict { level: all.level, forks, reasons, to_green: all.to_green }
    }
}

/// A gate without a reason.
const UNKNOWN: Branch = Branch { level: Level::Unknown, to_green: None };

fn plant(
    condition: &Condition,
    path: &mut Vec<u16>,
    gates: &mut Vec<Watch>,
    cadence: &impl Fn(&SignalDef) -> Duration,
) -> Tree {
    let mut each = |list: &[Condition]| {
        let mut branches = Vec::with_capacity(list.len());
        for (place, condition) in list.iter().enumerate() {
            path.push(u16::try_from(place).unwrap_or(u16::MAX));
            branches.push(plant(condition, path, gates, cadence));
            path.pop();
        }
        branches
    };
    match condition {
        Condition::All(list) => Tree::All(each(list)),
        Condition::Any(list) => Tree::Any(each(list)),
        Condition::NOf(n, list) => Tree::NOf(usize::try_from(*n).unwrap_or(usize::MAX), each(list)),
        Condition::Gate(gate) => {
            gates.push(Watch::new(gate, path.clone(), cadence));
            Tree::Gate(gates.len() - 1)
        }
    }
}

impl Tree {
    /// What it comes to. `moot` hears of the gates that are in nobody's way, because a branch they belong to is green.
    fn judge(&self, gate: &impl Fn(usize) -> Branch, moot: &mut dyn FnMut(usize)) -> Branch {
        let (list, wanted) = match self {
            Self::Gate(ix) => return gate(*ix),
            fork => fork.arms(),
        };
        let branches: Vec<Branch> = list.iter().map(|branch| branch.judge(gate, moot)).collect();
        let count = |level| branches.iter().filter(|branch| branch.level == level).count();
        let (greens, holds) = (count(Level::Green), count(Level::Unknown));
        // All is n of n, any is one of n: with so many green it is green, and red once not even those on hold could make it so.
        let level = match greens {
            _ if greens >= wanted => Level::Green,
            _ if greens + holds >= wanted => Level::Unknown,
            _ => Level::Red,
        };
        if level == Level::Green {
            list.iter().for_each(|branch| branch.gates(moot));
            return Branch { level, to_green: Some(Duration::ZERO) };
        }
        let mut times: Vec<Duration> = branches.iter().filter_map(|branch| branch.to_green).collect();
        times.sort_unstable();
        let last = wanted.checked_sub(1).and_then(|place| times.get(place));
        Branch { level, to_green: last.copied() }
    }

    /// The arms of a fork, and how many of them have to be green; a gate has none.
    fn arms(&self) -> (&[Self], usize) {
        match self {
            Self::Gate(_) => (&[], 0),
            Self::All(list) => (list, list.len()),
            Self::Any(list) => (list, 1),
            Self::NOf(n, list) => (list, *n),
        }
    }

    /// Every fork within, outermost first. `moot`: what it belongs to is green without it.
    fn forks(&self, gate: &impl Fn(usize) -> Branch, moot: bool, path: &mut Vec<u16>, out: &mut Vec<Fork>) {
        if matches!(self, Self::Gate(_)) {
            return;
        }
        let (arms, wanted) = self.arms();
        let level = self.judge(gate, &mut |_| ()).level;
        out.push(Fork { path: path.clone(), wanted, arms: arms.len(), level, moot });
        for (place, arm) in (0..).zip(arms) {
            path.push(place);
            arm.forks(gate, moot || level == Level::Green, path, out);
            path.pop();
        }
    }

    /// The gates by which it has its colour: those of the branches that have the same. What is red under an `any` on hold keeps nothing
    /// from turning green, and what is green under an `all` on hold lacks nothing.
    fn deciding(&self, gate: &impl Fn(usize) -> Branch, each: &mut dyn FnMut(usize)) {
        let level = |tree: &Self| tree.judge(gate, &mut |_| ()).level;
        let own = level(self);
        match self {
            Self::Gate(ix) => each(*ix),
            Self::All(list) | Self::Any(list) | Self::NOf(_, list) => {
                list.iter().filter(|branch| level(branch) == own).for_each(|branch| branch.deciding(gate, each));
            }
        }
    }

    /// Every gate within.
    fn gates(&self, each: &mut dyn FnMut(usize)) {
        match self {
            Self::Gate(ix) => each(*ix),
            Self::All(list) | Self::Any(list) | Self::NOf(_, list) => list.iter().for_each(|branch| branch.gates(each)),
        }
    }
}
