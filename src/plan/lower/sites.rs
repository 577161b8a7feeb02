//! The two sites, and the access to AWS.

use super::{exclusive, requires, same_access};
use crate::{
    diag::{Code, Diagnosis, Faults},
    hint,
    scalar::quoted,
    tree::{At, Table},
    types::{Access, AwsCredentials, Site},
};
use base::side::{Side, Sides};

/// AWS's regions, including those of its other partitions (AWS General Reference, "Regions and endpoints", 2026).
const REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

pub(super) fn sites(root: &Table, faults: &mut Faults) -> Option<Sides<Site>> {
    let table = root.table("sites")?;
    for key in ["label", "region"] {
        let of = |side: Side| table.table(side.word()).and_then(|t| t.at::<String>(key));
        if let (Some(source), Some(target)) = (of(Side::Source), of(Side::Target))
            && source.value.eq_ignore_ascii_case(&target.value)
        {
            let message = format!("both sites have the same {key}, \"{}\"", source.value);
            faults.push(Diagnosis::error(Code::SameSides, &target.span, message).hint("source and target must differ"));
        }
    }
    let source = table.table("source").map(|t| site(t, faults));
    let target = table.table("target").map(|t| site(t, faults));
    Some(Sides { source: source??, target: target?? })
}

fn site(table: &Table, faults: &mut Faults) -> Option<Site> {
    let access = access(table, faults);
    if let Some(at) = table.at::<String>("region").filter(|_| access.endpoints.is_empty()) {
        known(&at, faults);
    }
    Some(Site { label: table.get("label")?, region: table.get("region")?, access })
}

/// Warns of a region that is not known to exist at AWS. If the plan gives its own endpoints, any name is accepted.
fn known(region: &At<String>, faults: &mut Faults) {
    if REGIONS.contains(&region.value.as_str()) {
        return;
    }
    let message = format!("AWS is not known to have a region {}", quoted(&region.value));
    faults.push(
        Diagnosis::warning(Code::Region, &region.span, message).hint(match hint::nearest(&region.value, REGIONS) {
            Some(near) => {
                format!("did you mean \"{near}\"? A region that is newer than this program is right all the same")
            }
            None => {
                "a region that is newer than this program is right all the same; for another cloud give `endpoints`"
                    .to_owned()
            }
        }),
    );
}

pub(super) fn access(table: &Table, faults: &mut Faults) -> Access {
    let read = credentials(table, faults);
    let write = table.table("write").map(|t| credentials(t, faults));
    if let (Some(write), Some(span)) = (&write, table.written("write"))
        && *write == read
    {
        same_access(&span, "write", faults);
    }
    let urls = |t: &Table| t.values.keys().filter_map(|s| Some(((*s).to_owned(), t.get(s)?))).collect();
    let endpoints = table.table("endpoints").map(urls).unwrap_or_default();
    Access { read, write, endpoints }
}

fn credentials(table: &Table, faults: &mut Faults) -> AwsCredentials {
    requires(table, "access_key", "secret_key", faults);
    requires(table, "secret_key", "access_key", faults);
    requires(table, "session_token", "access_key", faults);
    requires(table, "external_id", "role", faults);
    let why = "a profile brings its own keys; a role can be assumed with either";
    exclusive(table, "profile", "access_key", why, faults);
    AwsCredentials {
        profile: table.get("profile"),
        role: table.get("role"),
        external_id: table.get("external_id"),
        access_key: table.get("access_key"),
        secret_key: table.get("secret_key"),
        session_token: table.get("session_token"),
    }
}
