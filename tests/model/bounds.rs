//! The bounds of the exploration: operations, number of consoles, number of faults, disabled rule; and how a console's
//! effects are executed in the model.

use std::collections::VecDeque;

use landfall::base::{
    digest::Digest,
    step::{
        Clearance, Kind, Limits, Machine, Note, Op, OpState, Recipe, Record, Reply, StepEffect, StepEvent, StepState,
        Truth, Way, step,
    },
};

use crate::world::{Message, World, Writer};

/// How many faults of each kind may occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Budget {
    pub lose: u8,
    pub repeat: u8,
    pub crash: u8,
    pub person: u8,
    pub refuse: u8,
    pub unobservable: u8,
    pub again: u8,
    pub back: u8,
    /// Two people resolve manually what cannot be observed.
    pub word: u8,
}

/// The rule that is disabled, to show that it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ablation {
    None,
    /// The server accepts a write without a version check.
    NoCompare,
    /// The request is sent before its intent is on disk.
    NoIntent,
    /// A reply time-out counts as success without verification.
    TimeoutIsSuccess,
    /// A request that is not observed at once counts as never arriving.
    NoQuarantine,
}

#[derive(Debug, Clone)]
pub struct Bounds {
    pub name: &'static str,
    pub recipe: Recipe,
    pub consoles: usize,
    pub budget: Budget,
    pub ablation: Ablation,
}

/// The recipes that are explored.
pub fn sequence(kinds: &[(Kind, bool)]) -> Recipe {
    Recipe::sequence(kinds.iter().copied())
}

/// All operations at once.
pub fn fan(n: usize) -> Recipe {
    Recipe {
        attempt: 0,
        ops: vec![Op::new(Kind::Absolute, false); n],
        limits: Limits { width: 2, max_failed: 0, max_unknown: 0 },
    }
}

impl Bounds {
    pub fn event_of_key(state: &Machine, version: u8, recipe: &Recipe) -> Option<StepEvent> {
        Some(match state.state() {
            StepState::Pending | StepState::Blocked => StepEvent::Clearance(Clearance::Clear),
            StepState::Ready => {
                let mut recipe = recipe.clone();
                // An unfinished cleanup is completed; nothing else is started.
                recipe.ops.retain(|op| op.cleanup || !state.exposed());
                StepEvent::Previewed { digest: Digest([version; 32]), recipe }
            }
            StepState::Previewed => StepEvent::Arm,
            StepState::Armed => StepEvent::Execute(Clearance::Clear),
            _ => return None,
        })
    }

    /// Handles an event and executes its effects; dies after `effects` of them.
    pub fn take(&self, world: &mut World, who: usize, event: &StepEvent, mut effects: usize) {
        let Some(before) = world.consoles[who].state.clone() else { return };
        if matches!(event, StepEvent::Previewed { .. }) {
            world.consoles[who].seen = world.server.version;
        }
        let (after, wanted) = step(&before, event);
        let began = matches!(wanted.first(), Some(StepEffect::Begin));
        if began {
            let console = &mut world.consoles[who];
            let last = (std::mem::take(&mut console.after), std::mem::take(&mut console.compared));
            if before.went() == Way::Forward {
                console.stood = if after.way() == Way::Back { last } else { Default::default() };
            }
        }
        world.consoles[who].state = Some(after);
        // The answers of the journal's writer are handled at once: it is the same program.
        let mut queue: VecDeque<StepEffect> = wanted.into();
        while let Some(effect) = queue.pop_front() {
            if effects == 0 {
                world.consoles[who].die();
                return;
            }
            effects -= 1;
            if let StepEffect::Record(Note::Op(ticket, OpState::Applied)) = effect {
                world.consoles[who].believed |=
                    !matches!(event, StepEvent::Verified(t, _, Truth::Applied) if *t == ticket);
            }
            if let Some(event) = self.carry_out(world, who, effect, &mut effects) {
                let Some(state) = world.consoles[who].state.clone() else { return };
                let (after, wanted) = step(&state, &event);
                world.consoles[who].state = Some(after);
                for effect in wanted.into_iter().rev() {
                    queue.push_front(effect);
                }
            }
        }
    }

    fn carry_out(&self, world: &mut World, who: usize, effect: StepEffect, effects: &mut usize) -> Option<StepEvent> {
        let console = &mut world.consoles[who];
        match effect {
            StepEffect::Begin => {
                let started = console.state.as_ref().map(Machine::started);
                started.iter().for_each(|record| console.disk.replay(record));
                None
            }
            StepEffect::Act(ticket) => {
                // An operation compares with the version after the previous one, the first with the previewed version.
                let seen = console.after.range(..ticket.op).next_back().map_or(console.seen, |(_, version)| *version);
                let kind = console.state.as_ref().map(|s| s.recipe().ops[usize::from(ticket.op)].kind);
                let compare = (kind == Some(Kind::Compared)).then_some(seen);
                let request = Message::Request { from: who, ticket, compare };
                if self.ablation == Ablation::NoIntent {
                    world.send(request);
                    if *effects == 0 {
                        world.consoles[who].die();
                        return None;
                    }
                    *effects -= 1;
                    world.consoles[who].compared.insert(ticket.op, seen);
                    world.consoles[who].intend(ticket);
                } else {
                    console.compared.insert(ticket.op, seen);
                    console.intend(ticket);
                    if *effects == 0 {
                        console.die();
                        return None;
                    }
                    *effects -= 1;
                    world.send(request);
                }
                Some(StepEvent::Written(ticket))
            }
            StepEffect::Record(note) => {
                if let Note::Op(ticket, OpState::Conflict) = note {
                    let landed = world.server.wrote(who, ticket) > 0;
                    console.landed.insert(ticket, landed);
                }
                if note == Note::Stands {
                    (console.after, console.compared) = std::mem::take(&mut console.stood);
                }
                console.disk.replay(&Record::Note(note));
                None
            }
            StepEffect::Verify(ticket, look) => {
                let since = console.compared.get(&ticket.op).copied();
                world.send(Message::Look { from: who, ticket, look, since });
                None
            }
            StepEffect::Arm(timer) => {
                console.timers.insert(timer);
                None
            }
        }
    }

    pub fn deliver(&self, world: &mut World, message: Message, effects: usize) {
        match message {
            Message::Request { from, ticket, compare } => {
                let fits = compare.is_none_or(|c| c == world.server.version) || self.ablation == Ablation::NoCompare;
                let reply = if fits {
                    world.server.write(Writer::Ours(from, ticket), compare);
                    Reply::Accepted
                } else {
                    Reply::Mismatch
                };
                world.send(Message::Reply { to: from, ticket, reply });
            }
            Message::Reply { to, ticket, reply } => self.take(world, to, &StepEvent::Reply(ticket, reply), effects),
            Message::Look { from, ticket, look, since } => {
                let server = &world.server;
                let truth = match server.by {
                    Writer::Ours(who, t) if who == from && t == ticket => Truth::Applied,
                    // An operation that only waits compares nothing: it waits for the effect of the previous one.
                    Writer::Ours(who, t) if who == from && since.is_none() && t.attempt == ticket.attempt => {
                        Truth::Applied
                    }
                    _ if Some(server.version) == since => Truth::NotApplied,
                    _ => Truth::Conflict,
                };
                let version = server.version;
                world.send(Message::Verified { to: from, ticket, look, truth, version });
            }
            Message::Verified { to, ticket, look, truth, version } => {
                let wrote = world.consoles[to].compared.contains_key(&ticket.op);
                if truth == Truth::Applied && wrote && world.consoles[to].state.is_some() {
                    world.consoles[to].after.insert(ticket.op, version);
                }
                self.take(world, to, &StepEvent::Verified(ticket, look, truth), effects);
            }
        }
    }
}
