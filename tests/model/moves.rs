//! All possible actions, and their results.

use landfall::base::step::{Level, Reply, StepEvent, StepState, Ticket, Timer, Truth, Way};
use stateright::{Model, Property};

use crate::{
    bounds::{Ablation, Bounds},
    never::properties,
    world::{Console, Message, Server, World, Writer},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// The operator's next key, whichever it is: clear, preview, arm, execute.
    Forward(usize),
    Again(usize),
    Release(usize),
    Abandon(usize),
    /// The rollback is chosen.
    Back(usize),
    /// The rollback is cancelled.
    CallOff(usize),
    /// Two people resolve an operation manually.
    Word(usize, Ticket),
    Deliver(usize),
    /// Delivered, and a copy stays in the network.
    Repeat(usize),
    Lose(usize),
    /// A request is refused as invalid.
    Refuse(usize),
    /// A verification finds nothing.
    Unobservable(usize),
    Fire(usize, Timer),
    Verdict(usize, Level),
    Person,
    /// Dies after this many effects of the next key or message.
    Crash(usize, Cause, usize),
    Restart(usize),
}

/// The event that a console was handling when it died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    Nothing,
    Forward,
    Message(usize),
}

const ALL: usize = usize::MAX;

impl Model for Bounds {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            server: Server { by: Writer::Nobody, version: 0, log: Vec::new() },
            consoles: vec![Console::new(); self.consoles],
            net: Vec::new(),
            left: self.budget,
        }]
    }

    fn actions(&self, world: &World, out: &mut Vec<Action>) {
        for (who, console) in world.consoles.iter().enumerate() {
            let Some(state) = &console.state else {
                out.push(Action::Restart(who));
                continue;
            };
            if Self::event_of_key(state, world.server.version, &self.recipe).is_some() {
                out.push(Action::Forward(who));
                if world.left.crash > 0 && state.state() == StepState::Armed {
                    out.extend((0..3).map(|n| Action::Crash(who, Cause::Forward, n)));
                }
            }
            if world.left.again > 0 && matches!(state.state(), StepState::NotApplied | StepState::Failed) {
                out.push(Action::Again(who));
            }
            if world.left.back > 0 && matches!(state.state(), StepState::Done | StepState::Failed | StepState::Baking) {
                out.push(Action::Back(who));
            }
            if state.way() == Way::Back
                && matches!(
                    state.state(),
                    StepState::Blocked | StepState::Ready | StepState::Armed | StepState::NotApplied
                )
            {
                out.push(Action::CallOff(who));
            }
            if world.left.word > 0 {
                out.extend(state.unsettled().map(|ticket| Action::Word(who, ticket)));
            }
            if state.state() == StepState::Running && state.is_held() {
                out.extend([Action::Release(who), Action::Abandon(who)]);
            }
            if matches!(state.state(), StepState::Verifying | StepState::Baking) {
                out.extend([Action::Verdict(who, Level::Green), Action::Verdict(who, Level::Red)]);
            }
            for &timer in &console.timers {
                let pending = |ticket: Ticket| {
                    world
                        .net
                        .iter()
                        .any(|m| matches!(m, Message::Request { from, ticket: t, .. } if *from == who && *t == ticket))
                };
                // The quarantine lasts as long as a request can be in the network: that defines it.
                let early = matches!(timer, Timer::Quarantine(ticket, _) if pending(ticket));
                if !early || self.ablation == Ablation::NoQuarantine {
                    out.push(Action::Fire(who, timer));
                }
            }
            if world.left.crash > 0 && state.state() == StepState::Running {
                out.push(Action::Crash(who, Cause::Nothing, 0));
            }
        }
        if world.left.person > 0 {
            out.push(Action::Person);
        }
        let mut before = None;
        for (at, message) in world.net.iter().enumerate() {
            // Identical messages are the same choice.
            if before == Some(message) {
                continue;
            }
            before = Some(message);
            out.push(Action::Deliver(at));
            match message {
                Message::Request { compare, .. } => {
                    if world.left.lose > 0 {
                        out.push(Action::Lose(at));
                    }
                    // Nothing between client and server repeats requests without a compare.
                    if world.left.repeat > 0 && compare.is_some() {
                        out.push(Action::Repeat(at));
                    }
                    // An invalid request is refused in all its copies.
                    let alone = world.net.iter().filter(|m| *m == message).count() == 1;
                    if world.left.refuse > 0 && alone {
                        out.push(Action::Refuse(at));
                    }
                }
                Message::Reply { to, .. } => {
                    if world.left.lose > 0 {
                        out.push(Action::Lose(at));
                    }
                    if world.left.crash > 0 {
                        out.extend((0..2).map(|n| Action::Crash(*to, Cause::Message(at), n)));
                    }
                }
                Message::Look { .. } => {
                    if world.left.unobservable > 0 {
                        out.push(Action::Unobservable(at));
                    }
                }
                Message::Verified { to, .. } => {
                    if world.left.crash > 0 {
                        out.extend((0..3).map(|n| Action::Crash(*to, Cause::Message(at), n)));
                    }
                }
            }
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        let w = &mut world;
        match action {
            Action::Forward(who) => {
                let event = Self::event_of_key(w.consoles[who].state.as_ref()?, w.server.version, &self.recipe)?;
                self.take(w, who, &event, ALL);
            }
            Action::Again(who) => {
                w.left.again -= 1;
                self.take(w, who, &StepEvent::Again, ALL);
            }
            Action::Back(who) => {
                w.left.back -= 1;
                self.take(w, who, &StepEvent::RollBack, ALL);
            }
            Action::Word(who, ticket) => {
                w.left.word -= 1;
                // The people check the server: their answer is true at this moment.
                let there = w.server.wrote(who, ticket) > 0;
                self.take(w, who, &StepEvent::ResolvedManually(ticket, there), ALL);
            }
            Action::CallOff(who) => self.take(w, who, &StepEvent::Cancel, ALL),
            Action::Release(who) => self.take(w, who, &StepEvent::Release, ALL),
            Action::Abandon(who) => self.take(w, who, &StepEvent::Abandon, ALL),
            Action::Deliver(at) => {
                let message = w.net.remove(at);
                self.deliver(w, message, ALL);
            }
            Action::Repeat(at) => {
                w.left.repeat -= 1;
                let message = w.net[at];
                self.deliver(w, message, ALL);
            }
            Action::Lose(at) => {
                w.left.lose -= 1;
                w.net.remove(at);
            }
            Action::Refuse(at) => {
                w.left.refuse -= 1;
                let Message::Request { from, ticket, .. } = w.net.remove(at) else { return None };
                w.send(Message::Reply { to: from, ticket, reply: Reply::Refused });
            }
            Action::Unobservable(at) => {
                w.left.unobservable -= 1;
                let Message::Look { from, ticket, look, .. } = w.net.remove(at) else { return None };
                let version = w.server.version;
                w.send(Message::Verified { to: from, ticket, look, truth: Truth::Unobservable, version });
            }
            Action::Fire(who, timer) => {
                w.consoles[who].timers.remove(&timer);
                if let (Ablation::TimeoutIsSuccess, Timer::Reply(ticket)) = (self.ablation, timer) {
                    let op = w.consoles[who].state.as_ref()?.recipe().ops[usize::from(ticket.op)];
                    self.take(w, who, &StepEvent::Reply(ticket, Reply::Accepted), ALL);
                    self.take(w, who, &StepEvent::Verified(ticket, op.look + 1, Truth::Applied), ALL);
                } else {
                    self.take(w, who, &StepEvent::Fired(timer), ALL);
                }
            }
            Action::Verdict(who, level) => self.take(w, who, &StepEvent::Verdict(level), ALL),
            Action::Person => {
                w.left.person -= 1;
                w.server.write(Writer::Person, None);
            }
            Action::Crash(who, cause, effects) => {
                w.left.crash -= 1;
                match cause {
                    Cause::Nothing => {}
                    Cause::Forward => {
                        let event =
                            Self::event_of_key(w.consoles[who].state.as_ref()?, w.server.version, &self.recipe)?;
                        self.take(w, who, &event, effects);
                    }
                    Cause::Message(at) => {
                        let message = w.net.remove(at);
                        self.deliver(w, message, effects);
                    }
                }
                w.consoles[who].die();
            }
            Action::Restart(who) => {
                w.consoles[who].state = Some(w.consoles[who].disk.clone());
                self.take(w, who, &StepEvent::Resumed, ALL);
            }
        }
        w.simplify();
        (world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties()
    }

    fn within_boundary(&self, world: &World) -> bool {
        world.server.version < 12 && world.net.len() < 7
    }
}
