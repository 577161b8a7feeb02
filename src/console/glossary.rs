//! The words of the screen, explained: help lists them, the palette finds them.

/// Each word, and what it means, in one sentence. States of a step first, in their order; then the others from A to Z.
pub const WORDS: &[(&str, &str)] = &[
    ("PENDING", "A step that needs another one first, or a gate that is true but not yet for long enough."),
    ("WAITING", "A gate whose first reading since the step began has not come yet: the next answer brings it."),
    ("BLOCKED", "A step that may not start: a gate is red or unknown, an invariant is violated, or the run is held."),
    ("READY", "A step that may start: preview it, or do it by hand and mark it done."),
    ("PREVIEWED", "A step whose exact requests have been shown; the preview is withdrawn if the estate changes."),
    ("ARMED", "A previewed step that the next key executes, after a confirmation; it disarms itself after a while."),
    ("RUNNING", "A step whose requests are being sent and verified."),
    ("SETTLING", "A step whose requests are applied; landfall waits until caches and clients have followed."),
    ("VERIFYING", "A step whose effect is being measured by the gates of `verify`."),
    ("BAKING", "A step that is verified and must stay so for its bake time before it counts as done."),
    ("DONE", "A step that landfall executed and verified."),
    ("ATTESTED", "A manual step that a person has marked done."),
    ("SKIPPED", "A step that two people agreed to skip."),
    ("FAILED", "A step with a request that failed, or that did not verify in time; it can be rolled back."),
    ("NOT_APPLIED", "A step of which nothing was applied; it can be retried."),
    (
        "RB_…",
        "RB means rollback, the states are the same: RB_BLOCKED may not start, RB_READY can be previewed, RB_PREVIEWED, RB_ARMED, RB_RUNNING is under way, RB_SETTLING, RB_VERIFYING, RB_BAKING, RB_FAILED, RB_NOT_APPLIED.",
    ),
    ("RB_DONE", "A step whose rollback is verified: the previous state is restored."),
    ("CANCELLED", "A step whose preview was cancelled."),
    ("abort condition", "A condition of the plan which, when true, makes the verdict ROLL BACK."),
    (
        "ambiguous outcome",
        "A request was sent and no answer came: the server is asked what it has before anything else is sent.",
    ),
    ("approval", "A second person agrees to exactly what is previewed, from another terminal or with a signature."),
    ("bake", "The time for which a change must stay verified before the next one starts."),
    ("baseline", "The usual value of a health query: the median of the last hour without the last five minutes."),
    (
        "canary",
        "A write that landfall repeats in each replica set that has one, to measure write downtime; also a phase that first moves a small part of the users.",
    ),
    (
        "canary gap",
        "The longest time in which no canary write was acknowledged: the write downtime as an application sees it.",
    ),
    ("caught up", "A member without replication lag, as far as the last operation that was read shows."),
    ("cleanup", "The requests of a step that are always finished, also if it failed or the run is held."),
    ("CLEAR", "Everything that is watched is known; the plan has no steps, so there is no GO."),
    ("collector", "What polls one server; the page Collectors shows its state, interval and last error."),
    ("delta", "The target's value minus the source's."),
    ("digest", "The first digits of a hash of exactly what is previewed; approvals are bound to it."),
    ("downtime", "Time in which a replica set accepted no writes; each set has a budget."),
    ("drain", "The time until a consumer group has read all it has not read, at the present rate."),
    ("drift", "The estate has changed since a preview was made; the preview is withdrawn and shows what changed."),
    (
        "EMPTY",
        "The server answered, but it has no data of what the plan names: nothing is measured, or a change was just made and the first value is still to come.",
    ),
    (
        "emergency",
        "A step that sends users back at once: it needs no other step and ignores ROLL BACK. What it has replaced is not rolled back.",
    ),
    (
        "epoch",
        "The number in the TXT record that landfall writes with each change of a DNS name: it shows which change was last.",
    ),
    ("estate", "All that the plan names on both sites: servers, groups, instances and records."),
    ("EXPOSED", "A step whose cleanup is not finished: a temporary setting is still in effect and must be removed."),
    ("gate", "A condition over a signal that must be green for a step to start, to be done, or to be rolled back."),
    ("GO", "Nothing prevents the next step."),
    ("head", "The journal's last record: its number and the first digits of its hash."),
    (
        "HELD",
        "A step of which nothing more goes on until it is released, for example after the program was started again.",
    ),
    (
        "HOLD",
        "Do not go on: somebody holds the run, a gate is red, or something is unknown. A step that this does not concern is READY all the same.",
    ),
    ("INSYNC", "Route 53 reports that all of its servers have a change."),
    ("invariant", "A condition that must hold during the whole run."),
    (
        "journal",
        "The record of every intent, written before a request is sent, and of every outcome; each line holds the hash of the one before.",
    ),
    ("lag", "How far a replica or a consumer is behind, in seconds or records."),
    ("lineage", "Whether an image on the target is tagged as a copy of an image in use on the source."),
    ("majority", "More than half of a replica set's votes: without it there is no primary."),
    ("MALFORMED", "An answer that is impossible, or cannot be read."),
    ("mask", "Replaces names of hosts, accounts and resources on the screen."),
    ("NO TRAFFIC", "Nobody asks there, so that a share or a latency has no value."),
    ("NOT FOUND", "What the plan names does not exist there, or a name does not resolve."),
    (
        "not consumed",
        "A consumer group has no members on this side and is read on the other one: what is left here waits for nobody.",
    ),
    ("OPEN", "Everything that was done can be rolled back now."),
    ("OUTAGE", "A replica set accepts no writes now."),
    (
        "OVERSPENT",
        "A replica set has used more write downtime than its budget: an alarm until the step that spent it is over.",
    ),
    ("point of no return", "A step that has no rollback."),
    ("pp", "Percentage points: the difference of two shares."),
    ("primary", "The member of a replica set that accepts writes."),
    ("quarantine", "The time in which an earlier request may still take effect, although no answer came."),
    ("REFUSED", "The server knows who asks, and does not allow it."),
    ("rehearsal", "A simulation that starts from the real estate's present state."),
    (
        "rollback",
        "The requests that restore what was before the step; the tile shows how long that takes, and how long it is possible.",
    ),
    ("ROLL BACK", "A condition of the plan asks to undo, or a step has failed: the verdict names it."),
    ("ROLLING BACK", "A rollback is under way."),
    (
        "served share",
        "The share of answers of the authoritative DNS servers that point to the target, with its confidence interval.",
    ),
    ("settle time", "The time that caches and clients need to follow a change, for example a TTL."),
    ("SILENT", "No answer for longer than a collector may take."),
    ("STALE", "The last known value, too old to decide on."),
    ("THROTTLED", "The server answers nobody for a while, because it is asked too much."),
    ("TIMED OUT", "No answer in time."),
    ("tolerance", "The ± behind a value: how far the true value may be from the measured one."),
    ("UNAUTHENTICATED", "The server does not accept who asks: no keys, expired keys, or a wrong clock."),
    ("UNKNOWN", "No value, or no proof: it counts neither as good nor as bad, and nothing starts on it."),
    ("UNKNOWN operation", "An operation whose outcome cannot be observed; two people resolve it."),
    ("UNREACHABLE", "No connection to the server."),
    ("UNSUPPORTED", "This program, or this version of the server, cannot do it."),
    ("waiver", "Two people agree to go on without a gate, for one attempt and a limited time: the gate is waived."),
    ("wave", "Replica sets that move one after the other; the least important first."),
    ("window", "The times between which the plan allows steps to start."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_explained() {
        for fault in base::observed::FaultKind::ALL {
            assert!(WORDS.iter().any(|(word, _)| *word == fault.word()), "{}", fault.word());
        }
    }

    #[test]
    fn every_state_of_a_step_is_explained() {
        use base::step::{StepState, Way};
        for state in StepState::ALL {
            let (word, back) = (state.word(Way::Forward), state.word(Way::Back));
            assert!(WORDS.iter().any(|(known, _)| *known == word), "{word}");
            assert!(WORDS.iter().any(|(known, doc)| *known == back || doc.contains(back)), "{back}");
        }
    }

    #[test]
    fn each_word_is_there_once_with_a_sentence() {
        let mut words: Vec<String> = WORDS.iter().map(|(word, _)| (*word).to_owned()).collect();
        words.sort();
        words.dedup();
        assert_eq!(words.len(), WORDS.len());
        assert!(WORDS.iter().all(|(_, doc)| doc.ends_with('.') && !doc.contains("  ")));
    }
}
