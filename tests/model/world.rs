//! A register that several clients change, a network that loses, delays and repeats, a journal that survives, and the
//! step machine between them.

use std::collections::{BTreeMap, BTreeSet};

use landfall::base::step::{Machine, Op, Record, Reply, StepEvent, Ticket, Timer, Truth, step};

use crate::bounds::Budget;

/// The author of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Writer {
    /// The initial value.
    Nobody,
    /// An operation of one of our consoles.
    Ours(usize, Ticket),
    /// A person with a command line, without a compare.
    Person,
}

/// One write that the server executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Write {
    pub by: Writer,
    /// The version before the write.
    pub over: u8,
    /// The version that the writer had seen; `None` without a compare.
    pub seen: Option<u8>,
}

/// The server: one register, and its log, which is the reference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Server {
    pub by: Writer,
    pub version: u8,
    pub log: Vec<Write>,
}

/// A message in the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Message {
    Request {
        from: usize,
        ticket: Ticket,
        compare: Option<u8>,
    },
    Reply {
        to: usize,
        ticket: Ticket,
        reply: Reply,
    },
    /// A verification on its way to the server, or its answer on the way back.
    Look {
        from: usize,
        ticket: Ticket,
        look: u16,
        since: Option<u8>,
    },
    Verified {
        to: usize,
        ticket: Ticket,
        look: u16,
        truth: Truth,
        version: u8,
    },
}

/// One console: its memory, and its disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Console {
    /// `None` while it is down.
    pub state: Option<Machine>,
    /// The state that results from the records on disk, in order.
    pub disk: Machine,
    /// Every intent on disk.
    pub intents: BTreeSet<Ticket>,
    pub timers: BTreeSet<Timer>,
    /// The version at the preview.
    pub seen: u8,
    /// The version after each verified operation: the next one compares with it.
    pub after: BTreeMap<u16, u8>,
    /// The version that an operation compared with, journaled with its intent.
    pub compared: BTreeMap<u16, u8>,
    /// The previous two fields of the forward attempt, while a rollback may turn out to have changed nothing.
    pub stood: (BTreeMap<u16, u8>, BTreeMap<u16, u8>),
    /// Whether operations that ended in a conflict were in the server's log at that moment.
    pub landed: BTreeMap<Ticket, bool>,
    /// An operation was journaled as applied without verification.
    pub believed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    pub server: Server,
    pub consoles: Vec<Console>,
    /// A multiset, kept in order.
    pub net: Vec<Message>,
    pub left: Budget,
}

impl Console {
    pub fn new() -> Self {
        Self {
            state: Some(Machine::new(0, true, false)),
            disk: Machine::new(0, true, false),
            intents: BTreeSet::new(),
            timers: BTreeSet::new(),
            seen: 0,
            after: BTreeMap::new(),
            compared: BTreeMap::new(),
            stood: (BTreeMap::new(), BTreeMap::new()),
            landed: BTreeMap::new(),
            believed: false,
        }
    }

    pub fn intend(&mut self, ticket: Ticket) {
        self.intents.insert(ticket);
        self.disk.replay(&Record::Intent(ticket));
    }

    pub fn die(&mut self) {
        self.state = None;
        self.timers.clear();
    }
}

impl Server {
    pub fn write(&mut self, by: Writer, seen: Option<u8>) {
        self.log.push(Write { by, over: self.version, seen });
        self.by = by;
        self.version += 1;
    }

    /// How many times an operation was executed.
    pub fn wrote(&self, who: usize, ticket: Ticket) -> usize {
        self.log.iter().filter(|w| w.by == Writer::Ours(who, ticket)).count()
    }
}

impl World {
    pub fn send(&mut self, message: Message) {
        self.net.push(message);
        self.net.sort_unstable();
    }

    /// Removes what can have no effect any more, and normalises counters: worlds that differ only in these are equal.
    pub fn simplify(&mut self) {
        let current = |consoles: &[Console], who: usize, ticket: Ticket, look: u16| {
            let op = consoles[who]
                .state
                .as_ref()
                .and_then(|s| s.recipe().ops.get(usize::from(ticket.op)).map(|o| (s.recipe().attempt, o)));
            op.is_some_and(|(attempt, op)| {
                (attempt, op.turn, op.look) == (ticket.attempt, ticket.turn, look) && op.state.in_flight()
            })
        };
        self.net.retain(|message| match *message {
            Message::Look { from: who, ticket, look, .. } | Message::Verified { to: who, ticket, look, .. } => {
                current(&self.consoles, who, ticket, look)
            }
            Message::Reply { to, .. } => self.consoles[to].state.is_some(),
            Message::Request { .. } => true,
        });
        for message in &mut self.net {
            if let Message::Look { look, .. } | Message::Verified { look, .. } = message {
                *look = 0;
            }
        }
        self.net.sort_unstable();
        for console in &mut self.consoles {
            if let Some(state) = &mut console.state {
                let timers = std::mem::take(&mut console.timers);
                console.timers = timers.into_iter().filter(|t| counts(state, *t)).map(first).collect();
                state.forget_numbers();
            }
            console.disk.forget_numbers();
        }
    }

    /// All operations and their states.
    pub fn ops(&self) -> impl Iterator<Item = (usize, Ticket, Op)> {
        self.consoles.iter().enumerate().flat_map(|(who, console)| {
            console.state.iter().flat_map(move |state| {
                let attempt = state.recipe().attempt;
                (0_u16..).zip(&state.recipe().ops).map(move |(op, o)| (who, Ticket { attempt, op, turn: o.turn }, *o))
            })
        })
    }
}

/// The same timer with the first verification number and epoch.
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

/// Whether a timer can still have an effect.
fn counts(state: &Machine, timer: Timer) -> bool {
    step(state, &StepEvent::Fired(timer)).0 != *state
}
