//! What has changed between the preview of a step and the current state, in words.

use base::{
    observed::Fault,
    operation::{Change, Draft},
};

/// The differences, at least one: changes that are new, others than before, or no longer needed; else what forbids the step, or why nothing is
/// known.
pub(super) fn different<C, M>(shown: Option<&Draft<C, M>>, fresh: Result<&Draft<C, M>, &Vec<Fault>>) -> Vec<String> {
    let fresh = match fresh {
        Err(faults) => {
            return faults.iter().map(|fault| format!("it is no longer known what would change: {fault}")).collect();
        }
        Ok(fresh) if !fresh.broken.is_empty() => {
            return fresh.broken.iter().map(|broken| format!("the step is now forbidden: {broken}")).collect();
        }
        Ok(fresh) => fresh,
    };
    let before = shown.map_or(&[][..], |draft| &draft.diff);
    let of = |diff: &[Change], thing: &str| diff.iter().find(|change| change.thing == thing).cloned();
    let mut out: Vec<String> = Vec::new();
    for was in before {
        match of(&fresh.diff, &was.thing) {
            None => out.push(format!("{}: {} → {} is no longer needed", was.thing, was.from, was.to)),
            Some(now) if now.from != was.from => {
                out.push(format!("{} is {}, in the preview it was {}", was.thing, now.from, was.from));
            }
            Some(now) if now.to != was.to => {
                out.push(format!("{} would become {}, in the preview {}", was.thing, now.to, was.to));
            }
            Some(_) => {}
        }
    }
    let new = fresh.diff.iter().filter(|now| of(before, &now.thing).is_none());
    out.extend(new.map(|now| format!("{}: {} → {} is new", now.thing, now.from, now.to)));
    if out.is_empty() {
        out.push("the operations or their preconditions are different".to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(diff: &[(&str, &str, &str)]) -> Draft<(), ()> {
        let change = |(thing, from, to): &(&str, &str, &str)| Change {
            thing: (*thing).to_owned(),
            from: (*from).to_owned(),
            to: (*to).to_owned(),
        };
        Draft { diff: diff.iter().map(change).collect(), ..Draft::nothing() }
    }

    #[test]
    fn each_difference_is_named_with_both_values() {
        let shown = draft(&[("a weight", "90", "70"), ("b weight", "10", "30"), ("ttl", "300", "60")]);
        let fresh = draft(&[("a weight", "80", "70"), ("b weight", "10", "40"), ("c weight", "0", "5")]);
        assert_eq!(
            different(Some(&shown), Ok(&fresh)),
            [
                "a weight is 80, in the preview it was 90",
                "b weight would become 40, in the preview 30",
                "ttl: 300 → 60 is no longer needed",
                "c weight: 0 → 5 is new",
            ]
        );
        assert_eq!(different(Some(&shown), Ok(&shown)), ["the operations or their preconditions are different"]);
    }

    #[test]
    fn what_forbids_it_or_is_not_known_is_said_instead() {
        let shown = draft(&[("a weight", "90", "70")]);
        let broken = Draft { broken: vec!["no majority".to_owned()], ..draft(&[]) };
        assert_eq!(different(Some(&shown), Ok(&broken)), ["the step is now forbidden: no majority"]);
    }
}
