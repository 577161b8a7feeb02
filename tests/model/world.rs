//! A register that several people change, a network that loses, delays and repeats, a journal that survives, and the step machine
//! in the middle: everything that can happen, as a transition system.

use std::collections::{BTreeMap, BTreeSet};

use landfall::core::step::{
    Clearance, Digest, Effect, Event, Kind, Level, Limits, Note, Op, OpState, Phase, Recipe, Record, Reply, State, Ticket, Timer,
    Truth, Way, step,
};
use stateright::{Model, Property};

/// Who wrote a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Writer {
    /// What was there at the start.
    Nobody,
    /// An operation of one of our consoles.
    Ours(usize, Ticket),
    /// A person with a command line, who compares nothing.
    Person,
}

/// One write that the server carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Write {
    pub by: Writer,
    /// The version that was there.
    pub over: u8,
    /// The version that the writer had seen; none if it compared nothing.
    pub seen: Option<u8>,
}

/// The server: one register, and its own log, which judges.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Server {
    pub by: Writer,
    pub version: u8,
    pub log: Vec<Write>,
}

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Message {
    Request { from: usize, ticket: Ticket, compare: Option<u8> },
    Reply { to: usize, ticket: Ticket, reply: Reply },
    /// A look that has not reached the server yet, or its answer on the way back.
    Look { from: usize, ticket: Ticket, look: u16, since: Option<u8> },
    Seen { to: usize, ticket: Ticket, look: u16, truth: Truth, version: u8 },
}

/// One console: what it holds in memory, and what is on its disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Console {
    /// None while it is down.
    pub state: Option<State>,
    /// What the records on disk amount to, in order.
    pub disk: State,
    /// Every intent on disk.
    pub intents: BTreeSet<Ticket>,
    pub timers: BTreeSet<Timer>,
    /// The version seen when it was previewed.
    pub seen: u8,
    /// The version after each operation that was read back: what the next one compares with.
    pub after: BTreeMap<u16, u8>,
    /// What an operation compared with: on record with its intent.
    pub compared: BTreeMap<u16, u8>,
    /// What operations that came to a conflict had in the server's log at that moment.
    pub landed: BTreeMap<Ticket, bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    pub server: Server,
    pub consoles: Vec<Console>,
    /// A multiset, kept in order.
    pub net: Vec<Message>,
    pub left: Budget,
}

/// How much may go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Budget {
    pub lose: u8,
    pub repeat: u8,
    pub crash: u8,
    pub person: u8,
    pub refuse: u8,
    pub dark: u8,
    pub early: u8,
    pub again: u8,
}

/// Which of the rules is left out, to see that it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ablation {
    None,
    /// The server takes a write whatever is there.
    NoCompare,
    /// The request leaves before its intent is on disk.
    NoIntent,
    /// No reply in time is taken for a yes that needs no look.
    TimeoutIsSuccess,
    /// What is not seen at once is taken for never to come.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// The operator's next key, whatever it is: clear, preview, arm, execute.
    Forward(usize),
    Again(usize),
    Release(usize),
    Abandon(usize),
    Deliver(usize),
    /// Delivered, and it stays on the way as well.
    Repeat(usize),
    Lose(usize),
    /// A request is refused for what it is.
    Refuse(usize),
    /// A look finds nothing.
    Dark(usize),
    Fire(usize, Timer),
    Verdict(usize, Level),
    Person,
    /// Dies after so many of the effects of the next key or message.
    Crash(usize, Cause, usize),
    Restart(usize),
}

/// What a console was about to take in when it died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    Nothing,
    Forward,
    Message(usize),
}

impl Bounds {
    fn event_of_key(state: &State, version: u8, recipe: &Recipe) -> Option<Event> {
        Some(match state.phase {
            Phase::Pending | Phase::Blocked => Event::Clearance(Clearance::Clear),
            Phase::Ready => Event::Previewed { digest: Digest([version; 32]), recipe: recipe.clone() },
            Phase::Previewed => Event::Arm,
            Phase::Armed => Event::Execute(Clearance::Clear),
            _ => return None,
        })
    }

    /// Takes an event in, and carries its effects out; dies after `effects` of them.
    fn take(&self, world: &mut World, who: usize, event: &Event, mut effects: usize) {
        let Some(before) = world.consoles[who].state.clone() else { return };
        if matches!(event, Event::Previewed { .. }) {
            world.consoles[who].seen = world.server.version;
        }
        let (after, wanted) = step(&before, event);
        let began = matches!(wanted.first(), Some(Effect::Begin));
        if began {
            world.consoles[who].after.clear();
            world.consoles[who].compared.clear();
        }
        world.consoles[who].state = Some(after);
        // What the journal's writer answers is taken in at once: it is the same program.
        let mut queue: std::collections::VecDeque<Effect> = wanted.into();
        while let Some(effect) = queue.pop_front() {
            if effects == 0 {
                world.consoles[who].die();
                return;
            }
            effects -= 1;
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

    fn carry_out(&self, world: &mut World, who: usize, effect: Effect, effects: &mut usize) -> Option<Event> {
        let console = &mut world.consoles[who];
        match effect {
            Effect::Begin => {
                let begun = console.state.as_ref().map(State::begun);
                begun.iter().for_each(|record| console.disk.replay(record));
                None
            }
            Effect::Act(ticket) => {
                // An operation compares with what the one before it left, the first with what was previewed.
                let seen = console.after.range(..ticket.op).next_back().map_or(console.seen, |(_, version)| *version);
                let kind = console.state.as_ref().map(|s| s.recipe.ops[usize::from(ticket.op)].kind);
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
                Some(Event::Written(ticket))
            }
            Effect::Record(note) => {
                if let Note::Op(ticket, OpState::Conflict) = note {
                    let landed = world.server.wrote(who, ticket) > 0;
                    console.landed.insert(ticket, landed);
                }
                console.disk.replay(&Record::Note(note));
                None
            }
            Effect::Observe(ticket, look) => {
                let since = console.compared.get(&ticket.op).copied();
                world.send(Message::Look { from: who, ticket, look, since });
                None
            }
            Effect::Arm(timer) => {
                console.timers.insert(timer);
                None
            }
        }
    }

    fn deliver(&self, world: &mut World, message: Message, effects: usize) {
        match message {
            Message::Request { from, ticket, compare } => {
                let fits = compare.is_none_or(|c| c == world.server.version) || self.ablation == Ablation::NoCompare;
                let reply = if fits {
                    world.server.write(Writer::Ours(from, ticket), compare);
                    Reply::Yes
                } else {
                    Reply::Mismatch
                };
                world.send(Message::Reply { to: from, ticket, reply });
            }
            Message::Reply { to, ticket, reply } => self.take(world, to, &Event::Reply(ticket, reply), effects),
            Message::Look { from, ticket, look, since } => {
                let server = &world.server;
                let truth = match server.by {
                    Writer::Ours(who, t) if who == from && t == ticket => Truth::Applied,
                    // What only waits has compared nothing: it waits for the effect of what came before it.
                    Writer::Ours(who, t) if who == from && since.is_none() && t.attempt == ticket.attempt => Truth::Applied,
                    _ if Some(server.version) == since => Truth::NotApplied,
                    _ => Truth::Conflict,
                };
                let version = server.version;
                world.send(Message::Seen { to: from, ticket, look, truth, version });
            }
            Message::Seen { to, ticket, look, truth, version } => {
                let wrote = world.consoles[to].compared.contains_key(&ticket.op);
                if truth == Truth::Applied && wrote && world.consoles[to].state.is_some() {
                    world.consoles[to].after.insert(ticket.op, version);
                }
                self.take(world, to, &Event::Observed(ticket, look, truth), effects);
            }
        }
    }
}

const ALL: usize = usize::MAX;

impl Console {
    fn new() -> Self {
        Self {
            state: Some(State::new(0, true, false)),
            disk: State::new(0, true, false),
            intents: BTreeSet::new(),
            timers: BTreeSet::new(),
            seen: 0,
            after: BTreeMap::new(),
            compared: BTreeMap::new(),
            landed: BTreeMap::new(),
        }
    }

    fn intend(&mut self, ticket: Ticket) {
        self.intents.insert(ticket);
        self.disk.replay(&Record::Intent(ticket));
    }

    fn die(&mut self) {
        self.state = None;
        self.timers.clear();
    }
}

impl Server {
    fn write(&mut self, by: Writer, seen: Option<u8>) {
        self.log.push(Write { by, over: self.version, seen });
        self.by = by;
        self.version += 1;
    }

    /// How many times an operation was carried out.
    pub fn wrote(&self, who: usize, ticket: Ticket) -> usize {
        self.log.iter().filter(|w| w.by == Writer::Ours(who, ticket)).count()
    }
}

impl World {
    fn send(&mut self, message: Message) {
        self.net.push(message);
        self.net.sort_unstable();
    }

    /// Takes out what can change nothing any more, and numbers that only ever count up: two worlds that differ in nothing else are one.
    fn simplify(&mut self) {
        let current = |consoles: &[Console], who: usize, ticket: Ticket, look: u16| {
            let op = consoles[who].state.as_ref().and_then(|s| s.recipe.ops.get(usize::from(ticket.op)).map(|o| (s.attempt, o)));
            op.is_some_and(|(attempt, op)| (attempt, op.turn, op.look) == (ticket.attempt, ticket.turn, look) && op.state.in_flight())
        };
        self.net.retain(|message| match *message {
            Message::Look { from: who, ticket, look, .. } | Message::Seen { to: who, ticket, look, .. } => {
                current(&self.consoles, who, ticket, look)
            }
            Message::Reply { to, .. } => self.consoles[to].state.is_some(),
            Message::Request { .. } => true,
        });
        for message in &mut self.net {
            if let Message::Look { look, .. } | Message::Seen { look, .. } = message {
                *look = 0;
            }
        }
        self.net.sort_unstable();
        for console in &mut self.consoles {
            if let Some(state) = &mut console.state {
                let timers = std::mem::take(&mut console.timers);
                console.timers = timers.into_iter().filter(|t| counts(state, *t)).map(first).collect();
                state.epoch = 0;
                state.recipe.ops.iter_mut().for_each(|op| op.look = 0);
            }
            console.disk.epoch = 0;
            console.disk.recipe.ops.iter_mut().for_each(|op| op.look = 0);
        }
    }

    /// Everything that any operation was said to have come to.
    pub fn ops(&self) -> impl Iterator<Item = (usize, Ticket, Op)> {
        self.consoles.iter().enumerate().flat_map(|(who, console)| {
            console.state.iter().flat_map(move |state| {
                let attempt = state.attempt;
                (0_u16..).zip(&state.recipe.ops).map(move |(op, o)| (who, Ticket { attempt, op, turn: o.turn }, *o))
            })
        })
    }
}

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
                if world.left.crash > 0 && state.phase == Phase::Armed {
                    out.extend((0..3).map(|n| Action::Crash(who, Cause::Forward, n)));
                }
            }
            if world.left.again > 0 && matches!(state.phase, Phase::NotApplied | Phase::Failed) {
                out.push(Action::Again(who));
            }
            if state.phase == Phase::Running && state.held {
                out.extend([Action::Release(who), Action::Abandon(who)]);
            }
            if matches!(state.phase, Phase::Verifying | Phase::Baking) {
                out.extend([Action::Verdict(who, Level::Green), Action::Verdict(who, Level::Red)]);
            }
            for &timer in &console.timers {
                let pending = |ticket: Ticket| {
                    world.net.iter().any(|m| matches!(m, Message::Request { from, ticket: t, .. } if *from == who && *t == ticket))
                };
                // The quarantine is as long as a request can be on its way; that is what makes it one.
                let early = matches!(timer, Timer::Quarantine(ticket, _) if pending(ticket));
                if !early || self.ablation == Ablation::NoQuarantine {
                    out.push(Action::Fire(who, timer));
                }
            }
            if world.left.crash > 0 && state.phase == Phase::Running {
                out.push(Action::Crash(who, Cause::Nothing, 0));
            }
        }
        if world.left.person > 0 {
            out.push(Action::Person);
        }
        let mut before = None;
        for (at, message) in world.net.iter().enumerate() {
            // The same message twice is the same choice.
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
                    // Requests without a compare are not repeated by anything between us and the server.
                    if world.left.repeat > 0 && compare.is_some() {
                        out.push(Action::Repeat(at));
                    }
                    // A request is refused for what it is: no other copy of it will be taken after that.
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
                    if world.left.dark > 0 {
                        out.push(Action::Dark(at));
                    }
                }
                Message::Seen { to, .. } => {
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
                self.take(w, who, &Event::Again, ALL);
            }
            Action::Release(who) => self.take(w, who, &Event::Release, ALL),
            Action::Abandon(who) => self.take(w, who, &Event::Abandon, ALL),
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
            Action::Dark(at) => {
                w.left.dark -= 1;
                let Message::Look { from, ticket, look, .. } = w.net.remove(at) else { return None };
                let version = w.server.version;
                w.send(Message::Seen { to: from, ticket, look, truth: Truth::Dark, version });
            }
            Action::Fire(who, timer) => {
                w.consoles[who].timers.remove(&timer);
                if let (Ablation::TimeoutIsSuccess, Timer::Reply(ticket)) = (self.ablation, timer) {
                    let op = w.consoles[who].state.as_ref()?.recipe.ops[usize::from(ticket.op)];
                    self.take(w, who, &Event::Reply(ticket, Reply::Yes), ALL);
                    self.take(w, who, &Event::Observed(ticket, op.look + 1, Truth::Applied), ALL);
                } else {
                    self.take(w, who, &Event::Fired(timer), ALL);
                }
            }
            Action::Verdict(who, level) => self.take(w, who, &Event::Verdict(level), ALL),
            Action::Person => {
                w.left.person -= 1;
                w.server.write(Writer::Person, None);
            }
            Action::Crash(who, cause, effects) => {
                w.left.crash -= 1;
                match cause {
                    Cause::Nothing => {}
                    Cause::Forward => {
                        let event = Self::event_of_key(w.consoles[who].state.as_ref()?, w.server.version, &self.recipe)?;
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
                self.take(w, who, &Event::Resumed, ALL);
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

/// The same timer, as of the first look and the first epoch.
const fn first(timer: Timer) -> Timer {
    match timer {
        Timer::Reply(t) => Timer::Reply(t),
        Timer::Look(t, _) => Timer::Look(t, 0),
        Timer::Quarantine(t, _) => Timer::Quarantine(t, 0),
        Timer::Armed(_) => Timer::Armed(0),
        Timer::Settled(_) => Timer::Settled(0),
        Timer::Verify(_) => Timer::Verify(0),
        Timer::Baked(_) => Timer::Baked(0),
    }
}

/// Whether a timer may still change anything.
fn counts(state: &State, timer: Timer) -> bool {
    step(state, &Event::Fired(timer)).0 != *state
}

/// What must never be.
pub fn properties() -> Vec<Property<Bounds>> {
    vec![
        Property::<Bounds>::always("what is DONE was carried out, each operation once", |_, world| {
            world.consoles.iter().enumerate().all(|(who, console)| {
                console.state.as_ref().is_none_or(|s| {
                    let done = matches!(s.phase, Phase::Settling | Phase::Verifying | Phase::Baking | Phase::Done);
                    let changes = (0_u16..).zip(&s.recipe.ops).filter(|(_, op)| op.kind != Kind::Wait && op.state != OpState::Spared);
                    !done
                        || changes.into_iter().all(|(op, o)| {
                            world.server.wrote(who, Ticket { attempt: s.attempt, op, turn: o.turn }) == 1
                        })
                })
            })
        }),
        Property::<Bounds>::always("no effect without an intent on disk", |_, world| {
            world.server.log.iter().all(|write| match write.by {
                Writer::Ours(who, ticket) => world.consoles[who].intents.contains(&ticket),
                _ => true,
            })
        }),
        Property::<Bounds>::always("no effect twice", |_, world| {
            world.server.log.iter().all(|write| match write.by {
                Writer::Ours(who, ticket) => world.server.wrote(who, ticket) == 1,
                _ => true,
            })
        }),
        Property::<Bounds>::always("what is not applied never lands", |_, world| {
            world.ops().all(|(who, ticket, op)| op.state != OpState::NotApplied || world.server.wrote(who, ticket) == 0)
        }),
        Property::<Bounds>::always("what came to a conflict does not land any more", |_, world| {
            world.consoles.iter().enumerate().all(|(who, console)| {
                console.landed.iter().all(|(ticket, landed)| *landed || world.server.wrote(who, *ticket) == 0)
            })
        }),
        Property::<Bounds>::always("no update is lost", |bounds, world| {
            let compares = bounds.recipe.ops.iter().all(|op| op.kind != Kind::Absolute);
            !compares
                || world.server.log.iter().all(|write| match write.by {
                    Writer::Ours(..) => write.seen == Some(write.over),
                    _ => true,
                })
        }),
        Property::<Bounds>::always("a step that was touched is never said to be untouched", |_, world| {
            world.consoles.iter().enumerate().all(|(who, console)| {
                console.state.as_ref().is_none_or(|s| {
                    s.phase != Phase::NotApplied
                        || !world.server.log.iter().any(|w| matches!(w.by, Writer::Ours(o, t) if o == who && t.attempt == s.attempt)
                            && !s.recipe.ops.iter().any(|op| op.state == OpState::Conflict))
                })
            })
        }),
        Property::<Bounds>::sometimes("it can be done", |_, world| {
            world.consoles.iter().all(|c| c.state.as_ref().is_some_and(|s| s.phase == Phase::Done && s.way == Way::Forward))
        }),
        Property::<Bounds>::sometimes("it can fail", |_, world| {
            world.consoles.iter().any(|c| c.state.as_ref().is_some_and(|s| s.phase == Phase::Failed))
        }),
    ]
}

/// Recipes that are explored.
pub fn sequence(kinds: &[(Kind, bool)]) -> Recipe {
    Recipe::sequence(kinds.iter().copied())
}

/// All at once.
pub fn fan(n: usize) -> Recipe {
    Recipe { ops: vec![Op::new(Kind::Absolute, false); n], limits: Limits { width: 2, max_failed: 0, max_unknown: 0 } }
}
