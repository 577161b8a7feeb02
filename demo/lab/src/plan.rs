//! The plan file to watch the lab with.

use std::{fmt::Write, path::Path};

use landfall::base::side::{Side, Sides};

use crate::{
    aws::cloudwatch::{BALANCER, PERIOD},
    error::{Error, Result},
    estate::{CANARY, FLEET, NAMES, Ports, REGIONS, ZONE, addresses, set_identifier, suffix},
};

/// The plan's text. `run` holds the files that its secrets refer to.
#[must_use]
pub fn text(ports: &Ports, zone: &str, run: &Path) -> String {
    let mut plan = String::from(
        "# Written by landfall-lab: the lab's own plan.\nschema = 1\nname = \"lab: us-east-1 to us-west-2\"\n",
    );
    // Writing to a String cannot fail, here and below.
    let _ =
        sites(&mut plan, ports, run).and_then(|()| mongo(&mut plan, ports, run)).and_then(|()| kafka(&mut plan, ports));
    let _ = fleet(&mut plan).and_then(|()| dns(&mut plan, ports, zone)).and_then(|()| health(&mut plan, ports));
    plan.push_str("\n[intervals]\nec2 = \"15s\"\nroute53 = \"10s\"\n");
    plan.push_str(include_str!("runbook.toml"));
    plan
}

/// The same plan with these tables only, by the first part of their names: for callers with their own runbook, or with
/// fewer servers.
#[must_use]
pub fn only(plan: &str, tables: &[&str]) -> String {
    let mut kept = true;
    let mut keep = |line: &&str| {
        if let Some(header) = line.strip_prefix('[') {
            let name = header.trim_start_matches('[').split(['.', ']']).next().unwrap_or_default();
            kept = tables.contains(&name);
        }
        kept
    };
    plan.lines().filter(|line| keep(line)).map(|line| format!("{line}\n")).collect()
}

/// The same plan with a runbook of one step.
#[must_use]
pub fn with_step(plan: &str, id: &str, action: &str) -> String {
    format!(
        "{plan}[[phase]]\nid = \"one\"\ntitle = \"One\"\n[[phase.step]]\nid = {id:?}\ntitle = \"The step\"\naction = {{ {action} }}\n"
    )
}

/// The same plan with another port of 127.0.0.1 in place of this one: that of a proxy.
///
/// # Errors
/// If the plan names nothing at this port: the proxy would record nothing, which would look like no requests.
pub fn through(plan: &str, port: u16, proxy: u16) -> Result<String> {
    let at = |port| format!("127.0.0.1:{port}\"");
    if plan.contains(&at(port)) {
        Ok(plan.replace(&at(port), &at(proxy)))
    } else {
        Err(Error::new(format!("leading port {port} through a proxy"), "the plan names nothing there"))
    }
}

fn sites(plan: &mut String, ports: &Ports, run: &Path) -> std::fmt::Result {
    let labels = Sides { source: "VIR", target: "ORE" };
    let keys = |whose: &str, between: &str| {
        let file = |what: &str| run.join(format!("{whose}-{what}-key"));
        format!("access_key = {{ file = {:?} }}{between}secret_key = {{ file = {:?} }}", file("access"), file("secret"))
    };
    let (keys, write) = (keys("watch", "\n"), format!("write = {{ {} }}", keys("operate", ", ")));
    for side in Side::BOTH {
        writeln!(
            plan,
            "\n[sites.{side}]\nlabel = \"{}\"\nregion = \"{}\"\n{keys}",
            labels.get(side),
            REGIONS.get(side)
        )?;
        let (all, cloudwatch) = (ports[&format!("aws/{side}")], ports["metrics"]);
        writeln!(
            plan,
            "endpoints = {{ all = \"http://127.0.0.1:{all}\", cloudwatch = \"http://127.0.0.1:{cloudwatch}\" }}\n{write}"
        )?;
    }
    writeln!(
        plan,
        "\n[route53]\n{keys}\nendpoints = {{ route53 = \"http://127.0.0.1:{}\" }}\n{write}",
        ports["aws/route53"]
    )
}

fn mongo(plan: &mut String, ports: &Ports, run: &Path) -> std::fmt::Result {
    let seeds = |set: &str, numbers: std::ops::RangeInclusive<u8>| {
        numbers.map(|n| format!("127.0.0.1:{}", ports[&format!("mongo/{set}/{n}")])).collect::<Vec<_>>()
    };
    for (set, members, waiting) in [("orders", 1..=5, vec![]), ("catalog", 1..=3, seeds("catalog", 4..=5))] {
        let uri = format!("mongodb://{}/?replicaSet={set}", seeds(set, members).join(","));
        writeln!(plan, "\n[[replica_set]]\nname = \"{set}\"\nuri = \"{uri}\"")?;
        let login = |name: &str| {
            let password = run.join(format!("mongo-{name}"));
            format!("{{ username = \"landfall-{name}\", password = {{ file = {password:?} }} }}")
        };
        writeln!(plan, "login = {}\nwrite_login = {}", login("read"), login("operate"))?;
        // On the set that the runbook moves.
        if set == "catalog" {
            let (database, collection) = CANARY;
            let what = format!("collection = \"{database}.{collection}\", every = \"200ms\", majority = true");
            writeln!(plan, "canary = {{ {what}, login = {} }}", login("canary"))?;
        }
        for side in Side::BOTH {
            writeln!(plan, "{side} = {{ tag = \"region\", value = \"{}\" }}", REGIONS.get(side))?;
        }
        if !waiting.is_empty() {
            writeln!(plan, "candidates = {waiting:?}")?;
        }
    }
    Ok(())
}

fn kafka(plan: &mut String, ports: &Ports) -> std::fmt::Result {
    writeln!(
        plan,
        "\n[[kafka]]\nname = \"events\"\ngroups = [\"*\"]\ntopics = [\"orders\", \"payments\", \"events.*\"]"
    )?;
    for side in Side::BOTH {
        let port = ports[&format!("kafka/{side}")];
        writeln!(plan, "[kafka.{side}]\nproperties = {{ \"bootstrap.servers\" = \"127.0.0.1:{port}\" }}")?;
        // The lab's brokers have no logins: a separate client id takes their place.
        writeln!(plan, "write_properties = {{ \"client.id\" = \"landfall-operate\" }}")?;
    }
    writeln!(plan, "[[kafka.mirror]]\nfrom = \"source\"\n[[kafka.mirror]]\nfrom = \"target\"")
}

fn fleet(plan: &mut String) -> std::fmt::Result {
    for role in FLEET {
        let wanted = role.count.source;
        writeln!(plan, "\n[[fleet]]\nrole = \"{}\"\nwanted = {{ source = {wanted}, target = {wanted} }}", role.name)?;
        let names = |side| format!("[\"{}-{}\"]", role.name, suffix(side));
        let both = format!("{{ source = {}, target = {} }}", names(Side::Source), names(Side::Target));
        if role.balanced {
            // The other roles have groups too, with a few of their instances: if they were named here, only those
            // would count as in service.
            writeln!(plan, "target_groups = {both}\nauto_scaling_groups = {both}")?;
        }
    }
    Ok(())
}

fn dns(plan: &mut String, ports: &Ports, zone: &str) -> std::fmt::Result {
    let port = ports["dns"];
    for name in NAMES {
        writeln!(plan, "\n[[dns]]\nname = \"{}.{ZONE}.\"\nzone = \"{zone}\"", name.label)?;
        let identifiers = Sides::from_fn(set_identifier);
        writeln!(
            plan,
            "set_identifiers = {{ source = \"{}\", target = \"{}\" }}",
            identifiers.source, identifiers.target
        )?;
        writeln!(plan, "planned = {{ source = {}, target = {} }}", name.weights.source, name.weights.target)?;
        writeln!(plan, "servers = [\"127.0.0.1:{port}\"]")?;
        if name.ttl.is_none() {
            let [source, target] = Side::BOTH.map(|side| addresses(side, name.label).map(|a| a.to_string()));
            writeln!(plan, "answers = {{ source = {source:?}, target = {target:?} }}")?;
        }
    }
    Ok(())
}

fn health(plan: &mut String, ports: &Ports) -> std::fmt::Result {
    let port = ports["metrics"];
    for (name, kind, unit, expr) in [
        ("requests", "requests", "per_second", "sum(rate(http_requests_total{SITE}[1m]))"),
        ("errors", "errors", "ratio", "http_error_ratio{SITE}"),
        ("p50", "latency", "seconds", "histogram_quantile(0.5, http_latency{SITE})"),
        ("p99", "latency", "seconds", "histogram_quantile(0.99, http_latency{SITE})"),
    ] {
        writeln!(plan, "\n[[health]]\nname = \"{name}\"\nkind = \"{kind}\"\nunit = \"{unit}\"")?;
        if name != "requests" {
            writeln!(plan, "volume = \"requests\"")?;
        }
        for side in Side::BOTH {
            let expr = expr.replace("SITE", &format!("site=\"{side}\""));
            writeln!(plan, "{side} = {{ prometheus = \"http://127.0.0.1:{port}\", expr = '{expr}' }}")?;
        }
    }
    writeln!(plan, "\n[[health]]\nname = \"balancer-requests\"\nkind = \"requests\"\nunit = \"per_second\"")?;
    for side in Side::BOTH {
        writeln!(
            plan,
            "{side} = {{ namespace = \"AWS/ApplicationELB\", metric = \"RequestCount\", stat = \"Sum\", dimensions = {{ LoadBalancer = \
             \"{BALANCER}\" }}, period = \"{}s\", scale = {:.6} }}",
            PERIOD.as_secs(),
            1.0 / PERIOD.as_secs_f64()
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::SERVERS;

    #[test]
    fn the_labs_plan_has_no_fault_and_can_be_had_in_parts() {
        let ports: Ports = (20_000..).zip(SERVERS).map(|(port, name)| ((*name).to_owned(), port)).collect();
        let whole = text(&ports, "Z0EXAMPLE", Path::new("/run/lab"));
        let parse =
            |text: &str| landfall::systems::parse_plan(Path::new("plan.toml"), text).map_err(|f| f.render(false));
        let plan = parse(&whole).map_or_else(|why| panic!("{why}"), |(plan, _)| plan);
        assert!(plan.runbook.steps().count() > 0 && !plan.kafka.is_empty());
        let part =
            parse(&only(&whole, &["sites", "route53", "dns"])).map_or_else(|why| panic!("{why}"), |(plan, _)| plan);
        assert!(part.runbook.steps().count() == 0 && part.kafka.is_empty() && part.dns.len() == plan.dns.len());
    }

    #[test]
    fn a_plan_is_led_through_a_proxy_or_it_is_said_that_it_is_not_and_gets_a_step() {
        let ports: Ports = (20_000..).zip(SERVERS).map(|(port, name)| ((*name).to_owned(), port)).collect();
        let whole = text(&ports, "Z0EXAMPLE", Path::new("/run/lab"));
        for name in ["aws/source", "aws/target", "aws/route53", "metrics", "kafka/source", "kafka/target"] {
            let led = through(&whole, ports[name], 31_999).unwrap();
            assert!(led.contains(":31999\"") && !led.contains(&format!(":{}\"", ports[name])), "{name}");
        }
        assert!(through(&whole, 2000, 31_999).is_err(), "the beginning of another port");
        let action = "set_weights = { name = \"www.example.test.\", source = 70, target = 30 }";
        let one = with_step(&only(&whole, &["sites", "route53", "dns"]), "weights", action);
        let (plan, _) = landfall::systems::parse_plan(Path::new("plan.toml"), &one)
            .unwrap_or_else(|f| panic!("{}", f.render(false)));
        assert_eq!(plan.runbook.steps().count(), 1);
    }
}
