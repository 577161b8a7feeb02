//! The missing instances of a role, and how a person or Terraform would build them. Never sent: a draft without operations.

use std::collections::BTreeMap;

use super::{Draft, Drafted};
use crate::{
    ec2::{
        facts::{InstanceState, LINEAGE, Name},
        state::State,
    },
    planner::{known, quoted},
};
use base::{now::Now, operation::Change, side::Side};

/// The most frequent one.
fn most<'a>(all: impl Iterator<Item = &'a Name>) -> Option<&'a Name> {
    let mut counts = BTreeMap::<&Name, usize>::new();
    all.for_each(|one| *counts.entry(one).or_default() += 1);
    counts.into_iter().max_by_key(|(_, n)| *n).map(|(one, _)| one)
}

impl State {
    pub(super) fn missing(&self, role: &str, side: Side, now: Now) -> Drafted {
        let (_, plan) = self.role(role).map_err(|f| vec![f])?;
        let what = |side: Side| format!("instances of {role} on the {side}");
        let here = known(self.of_role(role, side, now), &what(side)).map_err(|f| vec![f])?;
        let running = here.iter().filter(|i| i.state == InstanceState::Running).count();
        let wanted = *plan.wanted.get(side) as usize;
        let missing = wanted.saturating_sub(running);
        let mut draft = Draft::nothing();
        draft.diff.push(Change {
            thing: what(side),
            from: format!("{running} running"),
            to: format!("{wanted} wanted, {missing} missing"),
        });
        draft.notes.push("nothing is sent: build it with Terraform or manually, then mark the step done".to_owned());
        if missing == 0 {
            return Ok(draft);
        }
        let groups = plan.auto_scaling_groups.get(side);
        if !groups.is_empty() {
            draft
                .notes
                .push(format!("{}: an Auto Scaling group launches what set_capacity asks for", groups.join(", ")));
        }
        // The model is the other side: the source, or the target if instances of the source are missing.
        let other = if side == Side::Target { Side::Source } else { Side::Target };
        let there = known(self.of_role(role, other, now), &what(other)).map_err(|f| vec![f])?;
        let kind = most(here.iter().map(|i| &i.kind)).or_else(|| most(there.iter().map(|i| &i.kind)));
        let original = most(there.iter().map(|i| &i.image));
        let images = self.sites.get(side).images.last().map(|(images, _)| images);
        let copy =
            images.into_iter().flat_map(|i| &i.found).find(|i| original.is_some() && i.source.as_ref() == original);
        let image = most(here.iter().map(|i| &i.image)).or_else(|| copy.map(|i| &i.id)).map(|id| quoted(id));
        let flags = self.flags(side);
        if let (None, Some(original)) = (&image, original) {
            draft.notes.push(format!(
                "IMAGE=$(aws ec2 copy-image {flags} --source-region {} --source-image-id {original} --name {} --query ImageId --output text)",
                quoted(self.region(other)),
                quoted(&format!("{role}-{original}")),
            ));
            draft.notes.push(format!(
                "aws ec2 create-tags {flags} --resources \"$IMAGE\" --tags {}",
                quoted(&format!("Key={LINEAGE},Value={original}"))
            ));
        }
        draft.notes.push(format!(
            "aws ec2 run-instances {flags} --count {missing} --image-id {} --instance-type {} --subnet-id \"$SUBNET\" --tag-specifications {}",
            image.unwrap_or_else(|| "\"$IMAGE\"".to_owned()),
            kind.map_or_else(|| "\"$TYPE\"".to_owned(), |kind| quoted(kind)),
            quoted(&format!("ResourceType=instance,Tags=[{{Key={},Value={}}}]", plan.tag, plan.value)),
        ));
        Ok(draft)
    }
}
