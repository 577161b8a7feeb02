//! The model check: the shipped transition function in a model where messages are lost, delayed and repeated, consoles
//! die, a second operator works on the same object and a person changes it directly. Every state within the bounds is
//! visited.

mod bounds;
mod moves;
mod never;
mod world;

use landfall::base::step::Kind;
use stateright::{Checker as _, Model as _};

use crate::bounds::{Ablation, Bounds, Budget, fan, sequence};

const CALM: Budget =
    Budget { lose: 0, repeat: 0, crash: 0, person: 0, refuse: 0, unobservable: 0, again: 0, back: 0, word: 0 };

fn bounds() -> Vec<Bounds> {
    let one = sequence(&[(Kind::Compared, false)]);
    let two = sequence(&[(Kind::Compared, false), (Kind::Compared, false)]);
    let cleanup = sequence(&[(Kind::Compared, false), (Kind::Wait, false), (Kind::Compared, true)]);
    let absolute = sequence(&[(Kind::Absolute, false)]);
    let b = |name, recipe: &_, consoles, budget| Bounds {
        name,
        recipe: Clone::clone(recipe),
        consoles,
        budget,
        ablation: Ablation::None,
    };
    vec![
        b(
            "one, everything at once",
            &one,
            1,
            Budget { lose: 1, repeat: 1, crash: 1, person: 1, refuse: 1, unobservable: 1, again: 1, ..CALM },
        ),
        b("one, two crashes", &one, 1, Budget { lose: 2, crash: 2, person: 1, again: 1, ..CALM }),
        b("two in a row", &two, 1, Budget { lose: 1, repeat: 1, crash: 1, person: 1, ..CALM }),
        b("with a tail", &cleanup, 1, Budget { lose: 1, crash: 1, person: 1, refuse: 1, ..CALM }),
        b("a tail, tried again", &cleanup, 1, Budget { lose: 1, person: 1, again: 1, ..CALM }),
        b("settled by word", &one, 1, Budget { lose: 1, unobservable: 1, crash: 1, again: 1, word: 1, ..CALM }),
        b("settled by word, taken back", &one, 1, Budget { lose: 2, unobservable: 1, back: 1, word: 1, ..CALM }),
        b("absolute", &absolute, 1, Budget { lose: 2, crash: 1, person: 1, again: 1, refuse: 1, ..CALM }),
        b("fan of two", &fan(2), 1, Budget { lose: 1, crash: 1, refuse: 1, ..CALM }),
        b("taken back", &one, 1, Budget { lose: 1, crash: 1, person: 1, back: 1, ..CALM }),
        b("a tail, taken back", &cleanup, 1, Budget { lose: 1, crash: 1, back: 1, ..CALM }),
        b("two operators", &one, 2, Budget { lose: 1, repeat: 1, ..CALM }),
        b("two operators and a person", &one, 2, Budget { crash: 1, person: 1, ..CALM }),
    ]
}

#[test]
fn nothing_that_must_not_be_can_be() {
    for bounds in bounds() {
        let name = bounds.name;
        let budget = bounds.budget;
        let checker = bounds.checker().threads(2).spawn_bfs().join();
        println!("{name}: {} distinct states, depth {}, {budget:?}", checker.unique_state_count(), checker.max_depth());
        checker.assert_properties();
        assert!(checker.is_done(), "{name}: not all states were visited");
    }
    println!("done");
}

#[test]
fn each_rule_is_needed() {
    let one = sequence(&[(Kind::Compared, false)]);
    let absolute = sequence(&[(Kind::Absolute, false)]);
    let cases = [
        (Ablation::NoCompare, &one, Budget { person: 1, ..CALM }, "no update is lost"),
        (Ablation::NoIntent, &one, Budget { crash: 1, ..CALM }, "no effect without an intent on disk"),
        (
            Ablation::TimeoutIsSuccess,
            &one,
            Budget { lose: 1, ..CALM },
            "what is DONE was carried out, each operation once",
        ),
        (Ablation::NoQuarantine, &absolute, CALM, "what is not applied never lands"),
    ];
    for (ablation, recipe, budget, breaks) in cases {
        let with = Bounds { name: "ablation", recipe: recipe.clone(), consoles: 1, budget, ablation: Ablation::None };
        with.checker().spawn_bfs().join().assert_properties_but_reachable();
        let without = Bounds { name: "ablation", recipe: recipe.clone(), consoles: 1, budget, ablation };
        let checker = without.checker().spawn_bfs().join();
        let broken: Vec<&str> = checker.discoveries().into_keys().filter(|n| !n.starts_with("it can")).collect();
        println!("{ablation:?} breaks: {}", broken.join("; "));
        assert!(broken.contains(&breaks), "{ablation:?} should break \"{breaks}\"");
    }
}

/// Asserts the `always` properties, without the reachability properties.
trait AssertAlways {
    fn assert_properties_but_reachable(&self);
}

impl<C: stateright::Checker<Bounds>> AssertAlways for C {
    fn assert_properties_but_reachable(&self) {
        let broken: Vec<_> = self.discoveries().into_keys().filter(|n| !n.starts_with("it can")).collect();
        assert!(broken.is_empty(), "{broken:?}");
    }
}
