//! Properties that must always hold, and states that must be reachable.

use landfall::base::step::{Kind, OpState, StepState, Ticket, Way};
use stateright::Property;

use crate::{bounds::Bounds, world::Writer};

/// The properties.
pub fn properties() -> Vec<Property<Bounds>> {
    vec![
        Property::<Bounds>::always("what is DONE was carried out, each operation once", |_, world| {
            world.consoles.iter().enumerate().all(|(who, console)| {
                console.state.as_ref().is_none_or(|s| {
                    let done = matches!(
                        s.state(),
                        StepState::Settling | StepState::Verifying | StepState::Baking | StepState::Done
                    );
                    let changes = (0_u16..)
                        .zip(&s.recipe().ops)
                        .filter(|(_, op)| op.kind != Kind::Wait && op.state != OpState::Spared);
                    !done
                        || changes.into_iter().all(|(op, o)| {
                            o.state == OpState::Attested
                                || world.server.wrote(who, Ticket { attempt: s.recipe().attempt, op, turn: o.turn })
                                    == 1
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
        Property::<Bounds>::always("an unfinished tail is not forgotten", |_, world| {
            world.consoles.iter().all(|console| {
                console.state.as_ref().is_none_or(|s| {
                    let unfinished = s.recipe().ops.iter().any(|op| op.cleanup && op.state.failed());
                    !(unfinished && s.touched()) || s.exposed()
                })
            })
        }),
        Property::<Bounds>::always("a word is never shown as DONE", |_, world| {
            world.consoles.iter().all(|console| {
                console.state.as_ref().is_none_or(|s| {
                    s.state() != StepState::Done || s.recipe().ops.iter().all(|op| op.state != OpState::Attested)
                })
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
        Property::<Bounds>::always("what is applied was read back", |_, world| {
            world.consoles.iter().all(|console| !console.believed)
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
        Property::<Bounds>::always("a step that was touched is never reported as untouched", |_, world| {
            world.consoles.iter().enumerate().all(|(who, console)| {
                console.state.as_ref().is_none_or(|s| {
                    s.state() != StepState::NotApplied
                        || !world.server.log.iter().any(|w| {
                            matches!(w.by, Writer::Ours(o, t) if o == who && t.attempt == s.attempt())
                                && !s
                                    .recipe()
                                    .ops
                                    .iter()
                                    .any(|op| op.state == OpState::Conflict && op.kind == Kind::Compared)
                        })
                })
            })
        }),
        Property::<Bounds>::sometimes("it can be done", |_, world| {
            world
                .consoles
                .iter()
                .all(|c| c.state.as_ref().is_some_and(|s| s.state() == StepState::Done && s.way() == Way::Forward))
        }),
        Property::<Bounds>::always("what is taken back was carried out before, and taken back", |_, world| {
            world.consoles.iter().enumerate().all(|(who, console)| {
                console.state.as_ref().is_none_or(|s| {
                    let wrote = |attempt| {
                        world
                            .server
                            .log
                            .iter()
                            .any(|w| matches!(w.by, Writer::Ours(o, t) if o == who && t.attempt == attempt))
                    };
                    s.state() != StepState::RolledBack || (wrote(s.attempt()) && !s.satisfies())
                })
            })
        }),
        Property::<Bounds>::sometimes("it can be taken back", |bounds, world| {
            bounds.budget.back == 0
                || world.consoles.iter().any(|c| c.state.as_ref().is_some_and(|s| s.state() == StepState::RolledBack))
        }),
        Property::<Bounds>::sometimes("it can fail", |_, world| {
            world.consoles.iter().any(|c| c.state.as_ref().is_some_and(|s| s.state() == StepState::Failed))
        }),
    ]
}
