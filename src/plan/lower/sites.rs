//! The two sites, and how AWS is reached.

use super::{exclusive, requires, same_access};
use crate::plan::{
    diag::{Code, Diagnosis, Faults},
    tree::Table,
    types::{Access, AwsCredentials, Side, Sides, Site},
};

pub(super) fn sites(root: &Table, faults: &mut Faults) -> Option<Sides<Site>> {
    let table = root.table("sites")?;
    for key in ["label", "region"] {
        let of = |side: Side| table.table(side.word()).and_then(|t| t.at::<String>(key));
        if let (Some(source), Some(target)) = (of(Side::Source), of(Side::Target))
            && source.value.eq_ignore_ascii_case(&target.value)
        {
            let message = format!("both sites have the same {key}, \"{}\"", source.value);
            faults.push(
                Diagnosis::error(Code::SameSides, &target.span, message).hint("source and target must be told apart"),
            );
        }
    }
    let source = table.table("source").map(|t| site(t, faults));
    let target = table.table("target").map(|t| site(t, faults));
    Some(Sides { source: source??, target: target?? })
}

fn site(table: &Table, faults: &mut Faults) -> Option<Site> {
    let access = access(table, faults);
    Some(Site { label: table.get("label")?, region: table.get("region")?, access })
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
