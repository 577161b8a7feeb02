//! The actions of a step: of each its key, its parameters and what they refer to, and what others have to know of it. Data only.
//!
//! An action is a variant of [`ActionKey`], by which it is read (`src/plan/lower/runbook/action.rs`), and of
//! [`Action`](crate::Action): wherever one is not handled, it does not compile.

use std::time::Duration;

use super::{
    Key,
    Kind::{self, *},
    TableSpec,
    runbook::DAY,
    tables::{NAME, TEXT, may, must, or},
};
use crate::{
    things,
    types::{Action, Confirm},
};
use base::domain::{Domain, Named};

/// The properties of an action that do not depend on its parameters.
#[derive(Debug)]
pub struct ActionSpec {
    /// Its key in a step's `action`.
    pub key: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// The table of its form: one key, its parameters below.
    pub form: &'static TableSpec,
    /// The id of the system that carries it out; none: a person does.
    pub system: Option<&'static str>,
    /// How it is carried out.
    pub means: Means,
    /// What its parameters refer to; those that are not among them are values.
    pub refers: &'static [Named],
    /// What of the plan permits it.
    pub access: Access,
    /// The confirmation where the step names none: in proportion to the damage that the action can do.
    pub confirm: Confirm,
    /// It is an emergency: it has no precondition, and does not wait for gates, invariants or other steps on the same thing.
    pub emergency: bool,
    /// A gate that must not be missing before it.
    pub wants: Option<&'static WantedGate>,
}

/// How an action is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// By requests.
    Requests,
    /// By a person, outside the program; the preview shows what is to be done.
    Shown,
    /// By a person, outside the program; the plan only has a text for it.
    ByHand,
}

/// What of the plan permits an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing is needed.
    None,
    /// A key of the table of the thing that it is about.
    OfThing(&'static str),
    /// A key of the same for the side that the second parameter names.
    OfThingSide(&'static str, &'static str),
    /// `write` of the site that this parameter names.
    OfSite(&'static str),
    /// `write` of this table of the plan, which has this title.
    OfTable(&'static str, &'static str),
}

/// A gate that must not be missing before an action.
#[derive(Debug)]
pub struct WantedGate {
    /// One of these signals, of the thing that the action is about.
    pub signals: &'static [&'static str],
    /// The message where it is missing, before the thing's name.
    pub missing: &'static str,
    /// What can be done.
    pub hint: &'static str,
}

impl ActionSpec {
    const fn by(self, system: &'static str, refers: &'static [Named], access: Access) -> Self {
        Self { system: Some(system), means: Means::Requests, refers, access, confirm: Confirm::Name, ..self }
    }

    const fn shown(self) -> Self {
        Self { means: Means::Shown, access: Access::None, confirm: Confirm::Enter, ..self }
    }

    const fn counted(self) -> Self {
        Self { confirm: Confirm::Countdown, ..self }
    }

    const fn emergency(self) -> Self {
        Self { emergency: true, ..self }
    }

    const fn wants(self, gate: &'static WantedGate) -> Self {
        Self { wants: Some(gate), ..self }
    }
}

/// The actions: `Variant "key" kind of its value, "doc", more about it;`. Without more a person carries it out.
macro_rules! actions {
    ($($Name:ident $key:literal $kind:expr, $doc:literal $(, $more:ident($($arg:expr),*))*;)+) => {
        /// The key of an action.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ActionKey { $(
            #[doc = $doc]
            $Name,
        )+ }

        impl ActionKey {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$Name),+];

            /// Its properties.
            #[must_use]
            pub const fn spec(self) -> &'static ActionSpec {
                match self { $(Self::$Name => {
                    static FORM: TableSpec = TableSpec {
                        header: concat!("the action ", $key), doc: $doc, groups: &[&[must($key, $kind, $doc)]],
                    };
                    static SPEC: ActionSpec = ActionSpec {
                        key: $key,
                        doc: $doc,
                        form: &FORM,
                        system: None,
                        means: Means::ByHand,
                        refers: &[],
                        access: Access::None,
                        confirm: Confirm::Enter,
                        emergency: false,
                        wants: None,
                    }$(.$more($($arg),*))*;
                    &SPEC
                })+ }
            }
        }

        /// The forms of all of them.
        pub(super) const ACTIONS: &[&TableSpec] = &[$(ActionKey::$Name.spec().form),+];
    };
}

impl ActionKey {
    /// The one with this key.
    #[must_use]
    pub fn named(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.spec().key == key)
    }
}

const OF_SET: &[Named] = &[("set", Domain::Of(&things::SETS))];
const OF_ROLE: &[Named] = &[("role", Domain::Of(&things::ROLES))];
const OF_NAME: &[Named] = &[("name", Domain::Of(&things::DNS_NAMES))];
const OF_GROUP: &[Named] = &[("pair", Domain::Of(&things::PAIRS)), ("group", GROUPS)];
/// A group that the pair of clusters watches.
pub const GROUPS: Domain = Domain::Matched {
    of: &things::PAIRS,
    within: "pair",
    patterns: "groups",
    missing: "no pair of clusters there watches the group",
};

const SET_WRITER: Access = Access::OfThing("write_login");
const SITE_WRITER: Access = Access::OfSite("side");
const DNS_WRITER: Access = Access::OfTable("route53", "Route 53");
const CLUSTER_WRITER: Access = Access::OfThingSide("write_properties", "to");

static LAG: WantedGate = WantedGate {
    signals: &["mongo.set.worst_target_lag", "mongo.member.lag"],
    missing: "a primary is moved, and no gate checks the lag of",
    hint: "writes fail while the new primary catches up: add a gate on mongo.set.worst_target_lag",
};

actions! {
    SetWeights "set_weights" Table(&SET_WEIGHTS), "A weighted DNS name's weights are set.", by("route53", OF_NAME, DNS_WRITER);
    SetTtl "set_ttl" Table(&SET_TTL), "A weighted DNS name's time to live is set.", by("route53", OF_NAME, DNS_WRITER);
    EmergencyWeights "emergency_weights" Table(&EMERGENCY_WEIGHTS),
        "A weighted DNS name's weights are overwritten without a precondition.",
        by("route53", OF_NAME, DNS_WRITER), counted(), emergency();
    AddMembers "add_members" Table(&ADD_MEMBERS),
        "A replica set's candidates become members: hidden, without votes, with priority 0.", by("mongo", OF_SET, SET_WRITER);
    Unhide "unhide" Table(&MEMBERS), "A side's hidden members are offered to readers.", by("mongo", OF_SET, SET_WRITER);
    SetVotes "set_votes" Table(&SET_VOTES), "So many members of each side vote.", by("mongo", OF_SET, SET_WRITER);
    SetPriorities "set_priorities" Table(&SET_PRIORITIES), "The priority of a side's voting members is set.",
        by("mongo", OF_SET, SET_WRITER);
    MovePrimary "move_primary" Table(&MOVE_PRIMARY), "A replica set's primary is moved.",
        by("mongo", OF_SET, SET_WRITER), counted(), wants(&LAG);
    Freeze "freeze" Table(&FREEZE), "A side's members do not stand for election for a while.", by("mongo", OF_SET, SET_WRITER);
    Unfreeze "unfreeze" Table(&MEMBERS), "A side's members may stand for election again.", by("mongo", OF_SET, SET_WRITER);
    RemoveMembers "remove_members" Table(&MEMBERS), "All of a side's members leave a replica set, their votes first.",
        by("mongo", OF_SET, SET_WRITER), counted();
    SetCapacity "set_capacity" Table(&SET_CAPACITY), "Desired capacity and minimum of a role's Auto Scaling groups are set.",
        by("ec2", OF_ROLE, SITE_WRITER);
    Stop "stop" Table(&STOP), "All instances of a role are stopped, in batches.", by("ec2", OF_ROLE, SITE_WRITER), counted();
    Start "start" Table(&START), "All instances of a role are started, in batches.", by("ec2", OF_ROLE, SITE_WRITER);
    Suspend "suspend" Table(&SUSPEND), "Processes of a role's Auto Scaling groups are suspended.", by("ec2", OF_ROLE, SITE_WRITER);
    Resume "resume" Table(&RESUME), "Processes of a role's Auto Scaling groups are resumed.", by("ec2", OF_ROLE, SITE_WRITER);
    Register "register" Table(&REGISTER), "The running instances of a role are registered in its target groups, in batches.",
        by("ec2", OF_ROLE, SITE_WRITER);
    Deregister "deregister" Table(&DEREGISTER),
        "The running instances of a role are taken out of its target groups, in batches.", by("ec2", OF_ROLE, SITE_WRITER), counted();
    Build "build" Table(&BUILD),
        "A person or Terraform builds the missing instances of a role; landfall shows them and sends nothing.",
        by("ec2", OF_ROLE, Access::None), shown();
    CommitOffsets "commit_offsets" Table(&COMMIT_OFFSETS), "A consumer group's offsets are set on the other cluster.",
        by("kafka", OF_GROUP, CLUSTER_WRITER);
    Manual "manual" TEXT, "A manual step: a person does it outside landfall and marks it done.";
}

/// The parameters of an action: the table within its form.
macro_rules! tables {
    ($($NAME:ident $header:literal $doc:literal $groups:expr;)+) => {$(
        static $NAME: TableSpec = TableSpec { header: $header, doc: $doc, groups: $groups };
    )+};
}

tables! {
    SET_WEIGHTS "`set_weights`" "The weight of each side." &[DNS, WEIGHTS];
    EMERGENCY_WEIGHTS "`emergency_weights`" "The weight of each side." &[DNS, WEIGHTS];
    SET_TTL "`set_ttl`" "How long resolvers may keep an answer." &[DNS, TTL];
    ADD_MEMBERS "`add_members`" "Which replica set." &[SET];
    MEMBERS "`unhide`, `unfreeze` or `remove_members`" "Which members." &[SET, OF_SIDE];
    SET_VOTES "`set_votes`" "How many members of each side vote: at most 7 in all; each reconfiguration changes one vote." &[SET, VOTES];
    SET_PRIORITIES "`set_priorities`" "The priority of each side's voting members." &[SET, PRIORITIES];
    MOVE_PRIMARY "`move_primary`" "Which primary, and where to." &[SET, TO_LEAD];
    FREEZE "`freeze`" "Which members, and for how long." &[SET, OF_SIDE, FOR];
    SET_CAPACITY "`set_capacity`" "How many instances." &[ROLE, OF_SIDE, DESIRED];
    STOP "`stop`" "Which instances." &[ROLE, OF_SIDE, BATCHES];
    START "`start`" "Which instances." &[ROLE, OF_SIDE, BATCHES];
    SUSPEND "`suspend`" "Which processes." &[ROLE, OF_SIDE, PROCESSES];
    RESUME "`resume`" "Which processes." &[ROLE, OF_SIDE, PROCESSES];
    REGISTER "`register`" "Which instances." &[ROLE, OF_SIDE, BATCHES];
    DEREGISTER "`deregister`" "Which instances." &[ROLE, OF_SIDE, BATCHES];
    BUILD "`build`" "What is to be built." &[ROLE, OF_SIDE];
    COMMIT_OFFSETS "`commit_offsets`" "Which group, and where to." &[GROUP];
}

const SIDE: Kind = Enum(&["source", "target"]);
const OF_SIDE: &[Key] = &[must("side", SIDE, "Which side's.")];

/// Route 53's limit for a name is 255 bytes.
const DNS: &[Key] = &[must("name", Text(1, 255), "The name, as [[dns]] has it.")];
const WEIGHTS: &[Key] =
    &[must("source", Integer(0, 255), "The source's weight."), must("target", Integer(0, 255), "The target's weight.")];
const TTL: &[Key] = &[must(
    "ttl",
    Duration(Duration::from_secs(1), Duration::from_secs(7 * DAY)),
    "The time to live of all its record sets, in whole seconds; aliases have none of their own.",
)];

const SET: &[Key] = &[must("set", NAME, "The replica set.")];
const TO_LEAD: &[Key] = &[must("to", SIDE, "The side whose member shall lead.")];
const VOTES: &[Key] = &[
    must("source", Integer(0, 7), "How many of the source's members vote."),
    must("target", Integer(0, 7), "How many of the target's."),
    may(
        "split_for",
        Duration(Duration::from_secs(1), Duration::from_secs(DAY)),
        "For how long the primary's own site may be without a majority of the votes; default: never. Such a step takes an approval.",
    ),
];
const PRIORITIES: &[Key] =
    &[must("source", Integer(0, 1000), "The source's."), must("target", Integer(0, 1000), "The target's.")];
const FOR: &[Key] = &[must("for", Duration(Duration::from_secs(1), Duration::from_secs(DAY)), "For how long.")];

const ROLE: &[Key] = &[must("role", NAME, "The role.")];
const DESIRED: &[Key] =
    &[must("desired", Integer(0, 100_000), "Instances wanted, of all groups together; shared out evenly.")];
const BATCHES: &[Key] = &[
    or("width", Integer(1, 1000), "20", "Requests in flight at once."),
    or("max_failed", Integer(0, 1000), "0", "More failed ones than this, and no further batch is sent."),
];
/// Auto Scaling's names (Auto Scaling user guide, "Types of processes"). `Terminate` is included so that its refusal can give the reason.
const PROCESSES: &[Key] = &[or(
    "processes",
    List(
        &Enum(&[
            "AddToLoadBalancer",
            "AlarmNotification",
            "AZRebalance",
            "HealthCheck",
            "InstanceRefresh",
            "Launch",
            "ReplaceUnhealthy",
            "ScheduledActions",
            "Terminate",
        ]),
        1,
    ),
    "[\"AlarmNotification\", \"ScheduledActions\", \"AZRebalance\"]",
    "Which processes of its Auto Scaling groups.",
)];

const GROUP: &[Key] = &[
    must("pair", NAME, "The pair of clusters."),
    must("group", Text(1, 255), "The group."),
    must("to", SIDE, "The side on which its offsets are set."),
];

impl Action {
    /// Its key in the plan.
    #[must_use]
    pub const fn key(&self) -> ActionKey {
        match self {
            Self::Manual { .. } => ActionKey::Manual,
            Self::MovePrimary { .. } => ActionKey::MovePrimary,
            Self::AddMembers { .. } => ActionKey::AddMembers,
            Self::Unhide { .. } => ActionKey::Unhide,
            Self::SetVotes { .. } => ActionKey::SetVotes,
            Self::SetPriorities { .. } => ActionKey::SetPriorities,
            Self::Freeze { secs: 0, .. } => ActionKey::Unfreeze,
            Self::Freeze { .. } => ActionKey::Freeze,
            Self::RemoveMembers { .. } => ActionKey::RemoveMembers,
            Self::SetWeights { .. } => ActionKey::SetWeights,
            Self::SetTtl { .. } => ActionKey::SetTtl,
            Self::EmergencyWeights { .. } => ActionKey::EmergencyWeights,
            Self::SetCapacity { .. } => ActionKey::SetCapacity,
            Self::Power { on: true, .. } => ActionKey::Start,
            Self::Power { on: false, .. } => ActionKey::Stop,
            Self::Processes { suspend: true, .. } => ActionKey::Suspend,
            Self::Processes { suspend: false, .. } => ActionKey::Resume,
            Self::Targets { on: true, .. } => ActionKey::Register,
            Self::Targets { on: false, .. } => ActionKey::Deregister,
            Self::Build { .. } => ActionKey::Build,
            Self::CommitOffsets { .. } => ActionKey::CommitOffsets,
        }
    }

    /// Its properties that do not depend on its parameters.
    #[must_use]
    pub const fn spec(&self) -> &'static ActionSpec {
        self.key().spec()
    }

    /// The text that is typed to confirm it: the name of what it changes.
    #[must_use]
    pub fn target(&self) -> &str {
        match self.spec().means {
            Means::Requests => self.about().last().map_or("done", |(_, name)| *name),
            // The operator confirms that the person has finished.
            Means::Shown | Means::ByHand => "done",
        }
    }
}
