//! What the registration of the systems generates: closed enums of their queries, observations, calls and versions, and the estate of all
//! systems; in `live.rs` what reaches the real servers, in `sim.rs` the simulated ones. The macro is called once, in [`super`].

#[macro_use]
mod live;
#[macro_use]
mod sim;

macro_rules! systems {
    ($($name:ident: $Name:ident if $feature:literal),+ $(,)?) => {
        probes! { $($name: $Name if $feature),+ }
        live! { $($name: $Name if $feature),+ }
        sim! { $($name: $Name),+ }

        /// The query of any system.
        #[derive(Debug, Clone)]
        pub enum Query { $(
            #[doc = concat!("To `", stringify!($name), "`.")]
            $Name(<$name::State as System>::Query),
        )+ }

        /// The observation of any system.
        #[derive(Debug)]
        pub enum Observation { $(
            #[doc = concat!("Of `", stringify!($name), "`.")]
            $Name(<$name::State as System>::Observation),
        )+ }

        /// A request to any system that changes something, or a wait.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Call { $(
            #[doc = concat!("Of `", stringify!($name), "`.")]
            $Name(<$name::State as Planner>::Call),
        )+ }

        /// The version that a request of any system compares with.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Version { $(
            #[doc = concat!("Of `", stringify!($name), "`.")]
            $Name(<$name::State as Planner>::Version),
        )+ }

        /// A fault that a scenario injects into the simulation of any system.
        #[derive(Debug, Clone, PartialEq)]
        pub enum FaultInjection { $(
            #[doc = concat!("Into `", stringify!($name), "`.")]
            $Name(<$name::State as SimulateWrites>::Injection),
        )+ }

        impl FaultInjection {
            const ALL: &[&[&TableSpec]] = &[$(<<$name::State as SimulateWrites>::Injection as Injections>::FORMS),+];

            /// The forms of all of them in a scenario file.
            pub const FORMS: &[&TableSpec] = &injection::joined::<{ injection::count(Self::ALL) }>(Self::ALL);

            /// The one with this key; none if no system has it, or if a parameter is not valid.
            #[must_use]
            pub fn read(key: &str, parameters: &mut Parameters<'_>) -> Option<Self> {
                let is_of = |forms: &[&TableSpec]| forms.iter().any(|form| form.key(key).is_some());
                $(
                    if is_of(<<$name::State as SimulateWrites>::Injection as Injections>::FORMS) {
                        return Injections::read(key, parameters).map(Self::$Name);
                    }
                )+
                None
            }
        }

        impl Call { $(
            fn $name(&self) -> Option<&<$name::State as Planner>::Call> {
                #[allow(unreachable_patterns, reason = "there may be one system only")]
                match self { Self::$Name(call) => Some(call), _ => None }
            }
        )+ }

        /// The operations in the system's own types, if all are of this system; none if there are none, or if one is of another system.
        fn own<C: Clone, M: Clone>(
            ops: &[Operation<Call, Version>],
            call: impl Fn(&Call) -> Option<&C>,
            version: impl Fn(&Version) -> Option<&M>,
        ) -> Option<Vec<Operation<C, M>>> {
            let own: Option<Vec<_>> = ops.iter().map(|op| op.narrow(|c| call(c).cloned(), |v| version(v).cloned())).collect();
            own.filter(|own| !own.is_empty())
        }

        impl Version { $(
            fn $name(&self) -> Option<&<$name::State as Planner>::Version> {
                #[allow(unreachable_patterns, reason = "there may be one system only")]
                match self { Self::$Name(version) => Some(version), _ => None }
            }
        )+ }

        /// The state of all systems.
        #[derive(Debug)]
        pub struct Estate { $(
            #[doc = concat!("What is known of `", stringify!($name), "`.")]
            pub $name: $name::State,
        )+ }

        /// All signals, in the order of the systems.
        #[must_use]
        pub fn signals() -> Vec<&'static SignalDef> {
            [$(<$name::State as System>::SIGNALS),+].concat()
        }

        /// Ids and titles of the systems' pages, in order.
        pub const PAGES: &[(&str, &str)] = &[$((<$name::State as System>::ID, <$name::State as System>::TITLE)),+];

        /// What this build has to have to reach the servers of a plan, and does not have: each feature, with the titles of the plan's systems that
        /// need it. Empty for a full build, and for a plan that names no server of the others.
        #[must_use]
        pub fn missing_features(plan: &Arc<Plan>) -> Vec<(&'static str, Vec<&'static str>)> {
            let (_, specs) = Estate::new(plan);
            let mut missing: Vec<(&'static str, Vec<&'static str>)> = Vec::new();
            $(
                let is_needed = || specs.iter().any(|spec| matches!(spec.query, Query::$Name(_)));
                if !cfg!(feature = $feature) && is_needed() {
                    match missing.iter_mut().find(|(feature, _)| *feature == $feature) {
                        Some((_, titles)) => titles.push(<$name::State as System>::TITLE),
                        None => missing.push(($feature, vec![<$name::State as System>::TITLE])),
                    }
                }
            )+
            missing
        }

        impl Systems for Estate {
            type Query = Query;
            type Probe = Probe;
            type Observation = Observation;
            type Call = Call;
            type Version = Version;

            fn new(plan: &Arc<Plan>) -> (Self, Vec<CollectorSpec<Query>>) {
                let mut specs = Vec::new();
                $(
                    let ($name, own) = <$name::State as System>::new(plan);
                    specs.extend(own.into_iter().map(|s| s.map(Query::$Name)));
                )+
                (Self { $($name),+ }, specs)
            }

            fn signals() -> Vec<&'static SignalDef> {
                signals()
            }

            fn pages(&self) -> &[(&'static str, &'static str)] {
                PAGES
            }

            fn queried(query: &Query) -> &'static str {
                match query { $(Query::$Name(_) => <$name::State as System>::ID),+ }
            }

            fn probed(probe: &Probe) -> &'static str {
                match probe { $(Probe::$Name(_) => <$name::State as System>::ID),+ }
            }

            fn called(call: &Call) -> &'static str {
                match call { $(Call::$Name(_) => <$name::State as System>::ID),+ }
            }

            fn decides(query: &Query) -> bool {
                match query { $(Query::$Name(query) => <$name::State as Planner>::decides(query)),+ }
            }

            fn waits_within(call: &Call) -> Option<Duration> {
                match call { $(Call::$Name(call) => <$name::State as Planner>::waits_within(call)),+ }
            }

            /// Observations of another system than the query's are dropped: such a mix-up would be a defect of the driver, and the types of
            /// [`Sink`] already exclude it.
            fn apply(&mut self, query: &Query, observation: Observation, stamp: Stamp) -> Vec<CollectorSpec<Query>> {
                match (query, observation) {
                    $((Query::$Name(query), Observation::$Name(own)) => {
                        self.$name.apply(query, own, stamp).into_iter().map(|s| s.map(Query::$Name)).collect()
                    })+
                    _ => Vec::new(),
                }
            }

            fn fail(&mut self, query: &Query, fault: &Fault, at: Now) {
                match query { $(Query::$Name(query) => self.$name.fail(query, fault, at),)+ }
            }

            fn probes(&mut self) -> Vec<CollectorSpec<Probe>> {
                let mut specs = Vec::new();
                $(specs.extend(self.$name.probes().into_iter().map(|s| s.map(Probe::$Name)));)+
                specs
            }

            /// Observations of another system than the probe's are dropped.
            fn on_sample(&mut self, probe: &Probe, observation: Observation, stamp: Stamp) {
                match (probe, observation) {
                    $((Probe::$Name(probe), Observation::$Name(own)) => self.$name.on_sample(probe, own, stamp),)+
                    _ => {}
                }
            }

            fn on_probe_error(&mut self, probe: &Probe, fault: &Fault) {
                match probe { $(Probe::$Name(probe) => self.$name.on_probe_error(probe, fault),)+ }
            }

            fn follow(&mut self, id: &str) -> Vec<CollectorSpec<Query>> {
                let mut specs = Vec::new();
                $(specs.extend(self.$name.follow(id).into_iter().map(|s| s.map(Query::$Name)));)+
                specs
            }

            fn draft(&self, action: &Action, now: Now) -> Result<Draft<Call, Version>, Vec<Fault>> {
                $(if let Some(draft) = self.$name.draft(action, now) {
                    return draft.map(|d| d.map(Call::$Name, Version::$Name));
                })+
                Err(vec![Fault::new(FaultKind::Unsupported, "no system carries this out")])
            }

            fn inverse(&self, ops: &[Operation<Call, Version>], now: Now) -> Result<Draft<Call, Version>, Vec<Fault>> {
                $(if let Some(own) = own(ops, Call::$name, Version::$name) {
                    return self.$name.inverse(&own, now).map(|d| d.map(Call::$Name, Version::$Name));
                })+
                Err(vec![Fault::new(FaultKind::Unsupported, "there is no way back of one system")])
            }

            fn finish_cleanup(&self, ops: &[Operation<Call, Version>], now: Now) -> Result<Draft<Call, Version>, Vec<Fault>> {
                $(if let Some(own) = own(ops, Call::$name, Version::$name) {
                    return self.$name.finish_cleanup(&own, now).map(|d| d.map(Call::$Name, Version::$Name));
                })+
                Err(vec![Fault::new(FaultKind::Unsupported, "there are no operations of one system")])
            }

            fn is_satisfied(&self, action: &Action, now: Now) -> Option<Observed<bool>> {
                $(if let Some(satisfied) = self.$name.is_satisfied(action, now) { return Some(satisfied); })+
                None
            }

            fn rollback_window(&self, action: &Action, now: Now) -> Option<(&'static str, Observed<Duration>)> {
                $(if let Some(window) = self.$name.rollback_window(action, now) { return Some(window); })+
                None
            }

            fn measure(&self, now: Now, out: &mut Samples) {
                $(if out.wants_any(<$name::State as System>::SIGNALS) { self.$name.measure(now, out); })+
            }

            fn watched(&self, id: &str, now: Now) -> Vec<Watched> {
                $(if id == <$name::State as System>::ID { return self.$name.watched(now); })+
                Vec::new()
            }

            fn is_over(&self, query: &Query, now: Now) -> bool {
                match query { $(Query::$Name(query) => self.$name.is_over(query, now)),+ }
            }

            fn panel(&self, id: &str, now: Now) -> Option<Panel> {
                $(if id == <$name::State as System>::ID { return Some(self.$name.panel(now)); })+
                None
            }

            fn tiles(&self, now: Now) -> Vec<Tile> {
                let mut out = Vec::new();
                $(out.extend(self.$name.tiles(now));)+
                out
            }

            fn outages(&self, now: Now) -> Vec<Outage> {
                let mut out = Vec::new();
                $(out.extend(self.$name.outages(now));)+
                out
            }

            fn carry(&mut self, spent: &[Reading]) {
                $(self.$name.carry(spent);)+
            }

            fn at_work(&mut self, targets: &[&str], now: Now) {
                $(self.$name.at_work(targets, now);)+
            }

            fn detail(&self, panel: &str, table: &str, row: &str, now: Now) -> Option<Detail> {
                $(if panel == <$name::State as System>::ID { return self.$name.detail(table, row, now); })+
                None
            }
        }

        impl Call {
            /// What it means for who can write, for the report.
            #[must_use]
            pub fn handover(&self) -> Option<Handover<'_>> {
                match self { $(Self::$Name(call) => <$name::State as Planner>::handover(call)),+ }
            }
        }

        impl Estate {
            /// Queries that are sent before a move and not watched: see [`System::trials`].
            #[must_use]
            pub fn trials(&self) -> Vec<CollectorSpec<Query>> {
                let mut specs = Vec::new();
                $(specs.extend(self.$name.trials().into_iter().map(|s| s.map(Query::$Name)));)+
                specs
            }

            /// What no step could act on: see [`System::unusable`].
            #[must_use]
            pub fn unusable(&self, now: Now) -> Vec<Fault> {
                let mut faults = Vec::new();
                $(faults.extend(self.$name.unusable(now));)+
                faults
            }
        }
    };
}
