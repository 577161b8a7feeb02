//! Instances, weighted names and health queries: what is shown, what is served, what is refused, and how many requests
//! it takes.

use std::{collections::BTreeMap, io::Write, sync::Arc};

use landfall::engine::systems::Systems as _;
use landfall::{
    base::{
        collector::CollectorState,
        observed::{FaultKind, Observed},
        side::{Side, Sides},
    },
    engine::snapshot::Snapshot,
    plan::{Access, Plan, Secret},
    systems::{Estate, Readers},
};
use landfall_lab::{
    aws::{Endpoint, route53},
    estate::{FLEET, REGIONS, ZONES},
    live::Lab,
    proxy::{Counts, Manner, Proxy},
    watch::{Watch, samples, value},
};
use tokio::runtime::Runtime;

use super::{PATIENCE, watch};

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn fault_of(s: &Snapshot, id: &str) -> Option<(FaultKind, String)> {
    let source = s.collectors.iter().find(|l| l.id == id)?;
    source.fault.as_ref().map(|f| (f.kind, f.text.to_string()))
}

/// Sends every service of a site through one proxy.
fn all_through(access: &mut Access, proxy: &Proxy) {
    access.endpoints.clear();
    access.endpoints.insert("all".to_owned(), proxy.url());
}

#[test]
fn over_a_thousand_instances_by_role_and_zone() {
    let Some(lab) = Lab::shared() else { return };
    let _calm = lab.calm();
    let seen = watch(lab).until("all instances in service", PATIENCE, |s| {
        FLEET.iter().all(|role| {
            Side::BOTH.into_iter().all(|side| {
                let at = [role.name, side.word()];
                let all = Some(f64::from(*role.count.get(side)));
                value(s, "fleet.role.running", &at) == all && value(s, "fleet.role.checks_ok", &at) == all
            })
        })
    });
    let seen = seen.unwrap();
    for side in Side::BOTH {
        let all: u32 = FLEET.iter().map(|role| role.count.get(side)).sum();
        assert_eq!(value(&seen, "fleet.site.instances", &[side.word()]), Some(f64::from(all)));
    }
    assert!(value(&seen, "fleet.site.instances", &["source"]).unwrap() > 1000.0);

    let panel = seen.panels.iter().find(|p| p.id == "ec2").unwrap();
    let zones = panel.tables.iter().find(|t| t.id == "zones").unwrap();
    assert_eq!(zones.rows.len(), FLEET.len() * ZONES.len());
    for (column, side) in [("source_zone", Side::Source), ("target_zone", Side::Target)] {
        let at = zones.columns.iter().position(|c| c.id == column).unwrap();
        for zone in ZONES {
            let name = format!("{}{zone}", REGIONS.get(side));
            let rows = zones.rows.iter().filter(|row| row.cells[at].text == name).count();
            assert_eq!(rows, FLEET.len(), "{name}");
        }
    }
}

#[test]
fn changed_weights_are_seen_and_what_is_served_follows() {
    let Some(lab) = Lab::shared() else { return };
    // Exclusive: other tests must not see the changed weights.
    let _storm = lab.storm();
    let plan = lab.plan().unwrap();
    let zone = plan.dns[0].zone.clone();
    let endpoint = Endpoint::new(lab.port("aws/route53").unwrap(), REGIONS.source).unwrap();
    let weigh = |source, target| {
        runtime().block_on(route53::weigh(&endpoint, &zone, "api", Sides { source, target })).unwrap();
    };
    let at = ["api.example.test.", "A", "target"];
    let mut watch = Watch::on(plan).unwrap();
    // Correct, and with enough answers to distinguish the steps.
    let agree = |s: &Snapshot, share: f64| {
        let of = |id| value(s, id, &at);
        of("dns.name.configured_share") == Some(share)
            && of("dns.name.served_low")
                .zip(of("dns.name.served_high"))
                .is_some_and(|(low, high)| low <= share && share <= high && high - low < 0.2)
    };
    watch.until("1 % configured and served", PATIENCE, |s| agree(s, 0.01)).unwrap();
    weigh(50, 50);
    watch.until("50 % configured and served", PATIENCE, |s| agree(s, 0.5)).unwrap();
    weigh(0, 100);
    watch.until("100 % configured and served", PATIENCE, |s| agree(s, 1.0)).unwrap();
    weigh(99, 1);
    watch.until("1 % configured and served again", PATIENCE, |s| agree(s, 0.01)).unwrap();
}

#[test]
fn an_empty_region_is_said_to_be_empty_and_is_never_a_number() {
    let Some(lab) = Lab::shared() else { return };
    let _calm = lab.calm();
    let mut plan = lab.plan().unwrap();
    plan.sites.target.region = "eu-west-1".to_owned();
    let seen = Watch::on(plan).unwrap().until("the empty region", PATIENCE, |s| {
        matches!(fault_of(s, "ec2/target/instances"), Some((FaultKind::Empty, _)))
            && value(s, "fleet.role.running", &["web", "source"]).is_some()
    });
    let seen = seen.unwrap();
    let (_, words) = fault_of(&seen, "ec2/target/instances").unwrap();
    assert!(words.contains("eu-west-1"), "{words}");
    for sample in samples(&seen, "fleet.role.running", &[]).filter(|x| x.labels[1] == "target") {
        assert!(!matches!(sample.value, Observed::Fresh(..) | Observed::Stale(..)), "{sample:?}");
    }
    assert_eq!(value(&seen, "fleet.ready", &[]), None);
    let tile = seen.tiles.iter().find(|t| t.panel == "ec2").unwrap();
    assert_eq!(tile.value.text, "EMPTY", "{tile:?}");
}

#[test]
fn an_unknown_zone_is_said_to_be_unknown_and_the_servers_are_asked_all_the_same() {
    let Some(lab) = Lab::shared() else { return };
    let _calm = lab.calm();
    let mut plan = lab.plan().unwrap();
    plan.dns.retain(|name| name.name == "api.example.test.");
    plan.dns[0].zone = "ZNOTTHERE".to_owned();
    let seen = Watch::on(plan).unwrap().until("the unknown zone", PATIENCE, |s| {
        matches!(fault_of(s, "route53/ZNOTTHERE/records"), Some((FaultKind::NotFound, _)))
            && s.collectors
                .iter()
                .any(|l| l.id.starts_with("route53/authoritative/") && l.state == CollectorState::Fresh)
    });
    let seen = seen.unwrap();
    assert!(fault_of(&seen, "route53/ZNOTTHERE/records").unwrap().1.contains("NoSuchHostedZone"));
    assert_eq!(value(&seen, "dns.name.configured_share", &["api.example.test.", "A", "target"]), None);
}

#[test]
fn wrong_credentials_are_refused_in_words_that_do_not_show_them() {
    let Some(lab) = Lab::shared() else { return };
    let _calm = lab.calm();
    let mut plan = lab.plan().unwrap();
    let strange = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(strange.path(), "AKIDUNKNOWN\n").unwrap();
    plan.sites.source.access.read.access_key = Some(Secret::File(strange.path().to_owned()));
    // moto accepts any key, AWS does not: EC2's own message.
    let proxy = Proxy::start(lab.port("aws/source").unwrap()).unwrap();
    let refusal = "<Response><Errors><Error><Code>AuthFailure</Code><Message>AWS was not able to validate the provided access \
                   credentials</Message></Error></Errors><RequestID>1</RequestID></Response>";
    proxy.set(Manner::Refuse(401, refusal.to_owned()));
    plan.sites.source.access.endpoints.insert("ec2".to_owned(), proxy.url());
    let seen = Watch::on(plan).unwrap().until("both refusals", PATIENCE, |s| {
        ["ec2/source/instances", "metrics/cloudwatch/source"]
            .iter()
            .all(|id| matches!(fault_of(s, id), Some((FaultKind::Unauthenticated, _))))
            && value(s, "fleet.role.running", &["web", "target"]).is_some()
    });
    let seen = seen.unwrap();
    for id in ["ec2/source/instances", "metrics/cloudwatch/source"] {
        let (_, words) = fault_of(&seen, id).unwrap();
        assert!(!words.contains("UNKNOWN"), "{words}");
    }
    assert_eq!(value(&seen, "fleet.role.running", &["web", "source"]), None);
}

/// Runs every collector with this id prefix once and returns the request counts.
fn cycle(plan: &Arc<Plan>, readers: &Readers, runtime: &Runtime, system: &str, proxy: &Proxy) -> Counts {
    let _ = proxy.take();
    let (_, collectors) = Estate::new(plan);
    for source in collectors.iter().filter(|s| s.id.starts_with(system)) {
        runtime.block_on(readers.ask(&source.query)).unwrap_or_else(|fault| panic!("{}: {fault}", source.id));
    }
    proxy.take()
}

/// Asserts the request counts of a cycle, and prints them past the test harness.
fn costs(title: &str, counts: &Counts, expected: &[(&str, u32)]) {
    let mut out = std::io::stderr();
    writeln!(out, "requests of {title}: {} in all", counts.values().sum::<u32>()).unwrap();
    for (what, n) in counts {
        writeln!(out, "  {n} {what}").unwrap();
    }
    let expected: BTreeMap<String, u32> = expected.iter().map(|(what, n)| ((*what).to_owned(), *n)).collect();
    assert_eq!(*counts, expected, "{title}");
}

#[test]
fn a_cycle_costs_pages_and_groups_and_never_a_request_an_instance() {
    let Some(lab) = Lab::shared() else { return };
    let _calm = lab.calm();
    // The endpoint's first listing may exceed a query's time-out; later ones come from memory.
    watch(lab).until_live(PATIENCE).unwrap();
    let mut plan = lab.plan().unwrap();
    let region = Proxy::start(lab.port("aws/source").unwrap()).unwrap();
    let zone = Proxy::start(lab.port("aws/route53").unwrap()).unwrap();
    all_through(&mut plan.sites.source.access, &region);
    all_through(&mut plan.route53, &zone);
    let (id, plan) = (plan.dns[0].zone.clone(), Arc::new(plan));
    let runtime = runtime();
    let readers = runtime.block_on(async { Readers::new(&plan) });

    // moto's 1,002 instances are one page, because it counts reservations; AWS returns at most 1,000 instances a page.
    let steady = [
        ("autoscaling DescribeAutoScalingGroups", 1),
        ("ec2 DescribeImages", 2),
        ("ec2 DescribeInstanceStatus", 1),
        ("ec2 DescribeInstances", 1),
        ("elasticloadbalancing DescribeTargetHealth", 2),
    ];
    let first =
        [&steady[..], &[("ec2 DescribeInstanceTypes", 1), ("elasticloadbalancing DescribeTargetGroups", 1)]].concat();
    let counts = cycle(&plan, &readers, &runtime, "ec2/source/", &region);
    costs("the first cycle of a region with 1,002 instances", &counts, &first);
    let counts = cycle(&plan, &readers, &runtime, "ec2/source/", &region);
    costs("each further cycle", &counts, &steady);

    let list = format!("route53 GET /2013-04-01/hostedzone/{id}/rrset");
    let get = format!("route53 GET /2013-04-01/hostedzone/{id}");
    let counts = cycle(&plan, &readers, &runtime, &format!("route53/{id}/"), &zone);
    costs("Route 53 for four weighted names, the zone (every tenth cycle) included", &counts, &[(&list, 1), (&get, 1)]);
}
