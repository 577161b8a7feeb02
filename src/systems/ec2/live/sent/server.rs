//! A small region that stores what is set, and logs what was requested.

use std::collections::BTreeMap;

use crate::aws::served::Asked;

/// What the region has, and what was asked of it.
#[derive(Default)]
pub(super) struct Server {
    pub desired: u32,
    pub min: u32,
    pub suspended: Vec<String>,
    /// States by id.
    pub instances: BTreeMap<String, &'static str>,
    /// Health by id.
    pub targets: BTreeMap<String, &'static str>,
    /// The next change is not carried out: status and code.
    pub refuses: Option<(u16, &'static str)>,
    /// The next change is carried out, and the connection cut.
    pub cuts: bool,
    /// How often the status checks were read.
    pub checks_read: u32,
    /// Every request that changes something: its body; and the key that signed it.
    pub changes: Vec<String>,
    pub keys: Vec<String>,
}

/// A request's action and fields.
struct Query<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Query<'a> {
    fn of(body: &'a str) -> Self {
        Self(body.split('&').filter_map(|p| p.split_once('=')).collect())
    }

    fn get(&self, name: &str) -> &'a str {
        self.0.iter().find(|(n, _)| *n == name).map(|(_, v)| *v).unwrap_or_default()
    }

    fn number(&self, name: &str) -> u32 {
        self.get(name).parse().unwrap_or(0)
    }

    /// The values of a list, in order.
    fn list(&self, start: &str) -> Vec<String> {
        self.0.iter().filter(|(n, _)| n.starts_with(start)).map(|(_, v)| (*v).to_owned()).collect()
    }

    /// The ids of the targets that are to be registered or deregistered.
    fn targets(&self) -> impl Iterator<Item = String> {
        self.0.iter().filter(|(n, _)| n.starts_with("Targets.") && n.ends_with(".Id")).map(|(_, v)| (*v).to_owned())
    }
}

/// The answer to a request; none: the connection is cut.
pub(super) fn answer(server: &mut Server, asked: &Asked) -> Option<(u16, String)> {
    let body = asked.body.replace("%3A", ":").replace("%2F", "/");
    let query = Query::of(&body);
    let action = query.get("Action");
    let xml = if action.starts_with("Describe") {
        describe(server, action, &query)
    } else {
        server.changes.push(body.clone());
        server.keys.push(asked.header("authorization").to_owned());
        if let Some((status, code)) = server.refuses.take() {
            return Some((status, refusal(action, code)));
        }
        change(server, action, &query)
    };
    let Some(xml) = xml else {
        let error = format!("<Error><Code>InvalidAction</Code><Message>{action}</Message></Error>");
        return Some((400, format!("<ErrorResponse>{error}</ErrorResponse>")));
    };
    if std::mem::take(&mut server.cuts) { None } else { Some((200, xml)) }
}

fn refusal(action: &str, code: &str) -> String {
    let error = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    // EC2 uses its own error format.
    if action.ends_with("Instances") {
        format!("<Response><Errors>{error}</Errors></Response>")
    } else {
        format!("<ErrorResponse>{error}</ErrorResponse>")
    }
}

fn result(action: &str, inner: &str) -> String {
    format!("<{action}Response><{action}Result>{inner}</{action}Result></{action}Response>")
}

/// Carries a change out.
fn change(server: &mut Server, action: &str, query: &Query<'_>) -> Option<String> {
    match action {
        "UpdateAutoScalingGroup" => {
            (server.desired, server.min) = (query.number("DesiredCapacity"), query.number("MinSize"));
        }
        "SuspendProcesses" => server.suspended.extend(query.list("ScalingProcesses.member.")),
        "ResumeProcesses" => {
            let all = query.list("ScalingProcesses.member.");
            server.suspended.retain(|s| !all.contains(s));
        }
        "StartInstances" | "StopInstances" => {
            let state = if action == "StartInstances" { "pending" } else { "stopping" };
            server.instances.extend(query.list("InstanceId.").into_iter().map(|id| (id, state)));
            return Some(format!("<{action}Response><requestId>r</requestId><instancesSet/></{action}Response>"));
        }
        "RegisterTargets" => server.targets.extend(query.targets().map(|id| (id, "initial"))),
        "DeregisterTargets" => server.targets.extend(query.targets().map(|id| (id, "draining"))),
        _ => return None,
    }
    Some(result(action, ""))
}

/// Describes what is there.
fn describe(server: &mut Server, action: &str, query: &Query<'_>) -> Option<String> {
    Some(match action {
        "DescribeAutoScalingGroups" => {
            let member = |s: &String| format!("<member><ProcessName>{s}</ProcessName></member>");
            let suspended: String = server.suspended.iter().map(member).collect();
            let group = format!(
                "<AutoScalingGroups><member><AutoScalingGroupName>web</AutoScalingGroupName><MinSize>{}</MinSize>\
                 <MaxSize>50</MaxSize><DesiredCapacity>{}</DesiredCapacity><SuspendedProcesses>{suspended}</SuspendedProcesses>\
                 </member></AutoScalingGroups>",
                server.min, server.desired
            );
            result(action, &group)
        }
        "DescribeTargetGroups" => result(
            action,
            "<TargetGroups><member><TargetGroupArn>arn:web</TargetGroupArn><TargetGroupName>web-tgt</TargetGroupName>\
             <TargetType>instance</TargetType></member></TargetGroups>",
        ),
        "DescribeTargetHealth" => {
            let row = |(id, health): (&String, &&str)| {
                format!(
                    "<member><Target><Id>{id}</Id><Port>80</Port></Target>\
                     <TargetHealth><State>{health}</State></TargetHealth></member>"
                )
            };
            let rows: String = server.targets.iter().map(row).collect();
            result(action, &format!("<TargetHealthDescriptions>{rows}</TargetHealthDescriptions>"))
        }
        "DescribeInstances" => {
            let wanted = query.list("Filter.1.Value.");
            let by_id = query.get("Filter.1.Name") == "instance-id";
            let rows = server.instances.iter().filter(|(id, _)| !by_id || wanted.contains(id));
            let rows: String = rows.map(|(id, state)| instance(id, state)).collect();
            format!("<DescribeInstancesResponse><reservationSet>{rows}</reservationSet></DescribeInstancesResponse>")
        }
        "DescribeInstanceStatus" => {
            server.checks_read += 1;
            let ok = "<status>ok</status>";
            let row = |id: &String| {
                format!(
                    "<item><instanceId>{id}</instanceId><systemStatus>{ok}</systemStatus>\
                     <instanceStatus>{ok}</instanceStatus></item>"
                )
            };
            let rows: String = server.instances.keys().map(row).collect();
            format!("<{action}Response><instanceStatusSet>{rows}</instanceStatusSet></{action}Response>")
        }
        _ => return None,
    })
}

fn instance(id: &str, state: &str) -> String {
    format!(
        "<item><reservationId>r</reservationId><instancesSet><item><instanceId>{id}</instanceId><imageId>ami-1</imageId>\
         <instanceState><code>0</code><name>{state}</name></instanceState><instanceType>m7g.large</instanceType>\
         <placement><availabilityZone>a</availabilityZone></placement><tagSet><item><key>role</key><value>web</value>\
         </item></tagSet></item></instancesSet></item>"
    )
}
