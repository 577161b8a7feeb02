//! DescribeImages: the images that instances run from, and those that were copied for the move.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{self, Filter, ImageState};

use super::{Region, held};
use crate::{
    aws::token,
    ec2::facts::{Image, Images, LINEAGE, Name},
};
use base::observed::Fault;

/// The most values of one filter.
const VALUES: usize = 200;
/// The most images that EC2 returns on a page.
const PAGE: i32 = 1000;

impl Region {
    pub(super) async fn images(&self) -> Result<Images, Fault> {
        let asked = held(&self.in_use).clone();
        let mut found = BTreeMap::new();
        let filter = |name: &str, values: Vec<String>| Filter::builder().name(name).set_values(Some(values)).build();
        self.images_by(filter("tag-key", vec![LINEAGE.to_owned()]), true, &mut found).await?;
        let missing: Vec<String> =
            asked.iter().filter(|id| !found.contains_key(*id)).map(ToString::to_string).collect();
        for ids in missing.chunks(VALUES) {
            // By filter, not by id: one deregistered image would fail a whole request by ids.
            self.images_by(filter("image-id", ids.to_vec()), false, &mut found).await?;
        }
        Ok(Images { asked, found: found.into_values().collect() })
    }

    async fn images_by(&self, filter: Filter, own: bool, out: &mut BTreeMap<Name, Image>) -> Result<(), Fault> {
        let ask = self.ec2.describe_images().filters(filter).max_results(PAGE);
        let ask = if own { ask.owners("self") } else { ask };
        let send = |at| ask.clone().set_next_token(at).send();
        self.ec2
            .pages("DescribeImages", send, |page| {
                out.extend(page.images().iter().filter_map(image).map(|i| (i.id.clone(), i)));
                Ok(token(page.next_token()))
            })
            .await
    }
}

fn image(image: &types::Image) -> Option<Image> {
    let tag = image.tags().iter().find(|t| t.key() == Some(LINEAGE));
    Some(Image {
        id: image.image_id()?.into(),
        name: image.name().unwrap_or_default().into(),
        state: image.state().map_or("unknown", ImageState::as_str).into(),
        source: tag.and_then(types::Tag::value).filter(|v| !v.is_empty()).map(Name::from),
        created: image.creation_date().map(Name::from),
    })
}
