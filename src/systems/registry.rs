//! What the registration of the systems generates: closed enums of their queries, observations, calls and versions, the estate of all
//! systems, and one entry point each for the readers and the simulated servers. The macro is called once, in [`super`].

macro_rules! systems {
    ($($name:ident: $Name:ident if $feature:literal),+ $(,)?) => {
        probes! { $($name: $Name if $feature),+ }

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
            mark: impl Fn(&Version) -> Option<&M>,
        ) -> Option<Vec<Operation<C, M>>> {
            let own: Option<Vec<_>> = ops.iter().map(|op| op.narrow(|c| call(c).cloned(), |m| mark(m).cloned())).collect();
            own.filter(|own| !own.is_empty())
        }

        impl Version { $(
            fn $name(&self) -> Option<&<$name::State as Planner>::Version> {
                #[allow(unreachable_patterns, reason = "there may be one system only")]
                match self { Self::$Name(mark) => Some(mark), _ => None }
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
                    return self.$name.mend(&own, now).map(|d| d.map(Call::$Name, Version::$Name));
                })+
                Err(vec![Fault::new(FaultKind::Unsupported, "there are no operations of one system")])
            }

            fn is_satisfied(&self, action: &Action, now: Now) -> Option<Observed<bool>> {
                $(if let Some(met) = self.$name.is_satisfied(action, now) { return Some(met); })+
                None
            }

            fn rollback_window(&self, action: &Action, now: Now) -> Option<(&'static str, Observed<Duration>)> {
                $(if let Some(stays) = self.$name.rollback_window(action, now) { return Some(stays); })+
                None
            }

            fn measure(&self, now: Now, out: &mut Samples) {
                $(if out.wants_any(<$name::State as System>::SIGNALS) { self.$name.measure(now, out); })+
            }

            fn watched(&self, id: &str, now: Now) -> Vec<Watched> {
                $(if id == <$name::State as System>::ID { return self.$name.watched(now); })+
                Vec::new()
            }

            fn is_over(&self, ask: &Query, now: Now) -> bool {
                match ask { $(Query::$Name(ask) => self.$name.is_over(ask, now)),+ }
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

        /// Makes the plan, and with it the simulated estate, like a snapshot of the real one.
        #[must_use]
        pub fn rehearse(plan: &mut Plan, found: &Found<'_>) -> Rehearsed {
            let mut out = Rehearsed::default();
            $(<$name::State as Simulated>::rehearse(plan, found, &mut out);)+
            out
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

        /// The readers of all systems that this build can reach.
        pub struct Readers { $(
            #[cfg(feature = $feature)]
            $name: Arc<<$name::State as Live>::Readers>,
        )+ }

        impl Readers {
            /// Creates them, without any I/O.
            #[must_use]
            pub fn new(plan: &Arc<Plan>) -> Self {
                let _ = plan;
                Self { $(
                    #[cfg(feature = $feature)]
                    $name: Arc::new(<$name::State as Live>::readers(plan)),
                )+ }
            }

            /// Sends one query, once.
            ///
            /// # Errors
            /// Those that the collector would report.
            pub async fn ask(&self, ask: &Query) -> Result<Observation, Fault> {
                match ask { $(
                    #[cfg(feature = $feature)]
                    Query::$Name(ask) => <$name::State as Live>::ask(&self.$name, ask).await.map(Observation::$Name),
                    #[cfg(not(feature = $feature))]
                    Query::$Name(_) => Err(crate::collect::poll::not_built($feature)),
                )+ }
            }

            /// Closes the connections to all servers, within a moment. Some clients panic if their runtime ends before that.
            pub async fn close(&self) {
                $(
                    #[cfg(feature = $feature)]
                    <$name::State as Live>::close(&self.$name).await;
                )+
            }

            /// Starts one collector on the current tokio runtime.
            pub fn spawn(&self, spec: CollectorSpec<Query>, schedule: Schedule, out: Sink<Observation>) -> tokio::task::JoinHandle<()> {
                match spec.query.clone() { $(
                    #[cfg(feature = $feature)]
                    Query::$Name(ask) => tokio::spawn(crate::collect::guard::alive(
                        (self.$name.clone(), spec.map(|_| ask)), schedule, out.narrow(Observation::$Name), <$name::State as Live>::run,
                    )),
                    #[cfg(not(feature = $feature))]
                    Query::$Name(_) => tokio::spawn(async move {
                        crate::collect::poll::poll(schedule, &out, async || Err(crate::collect::poll::not_built($feature))).await;
                    }),
                )+ }
            }
        }

        /// What can change the servers of all systems that this build can reach.
        pub struct Writers { $(
            #[cfg(feature = $feature)]
            $name: Arc<<$name::State as Writer>::Writers>,
        )+ }

        impl Writers {
            /// Creates them, without any I/O, for the holder of a journal's lock.
            #[must_use]
            pub fn new(plan: &Arc<Plan>, journal: &Journal) -> Self {
                let _ = (plan, journal);
                Self { $(
                    #[cfg(feature = $feature)]
                    $name: Arc::new(<$name::State as Writer>::writers(plan, journal)),
                )+ }
            }

            /// Sends a request, once. A permit is required: its intent is on record.
            pub async fn send(&self, permit: Permit, call: &Call, expect: Option<&Version>) -> SendOutcome<Version> {
                let _ = expect;
                match call { $(
                    #[cfg(feature = $feature)]
                    Call::$Name(call) => <$name::State as Writer>::send(&self.$name, permit, call, expect.and_then(Version::$name)).await.map(Version::$Name),
                    #[cfg(not(feature = $feature))]
                    Call::$Name(_) => {
                        drop(permit);
                        SendOutcome::refused(crate::collect::poll::not_built($feature).to_string())
                    }
                )+ }
            }
        }

        impl Readers {
            /// Verifies the outcome of a request.
            pub async fn verify(&self, request: VerifyRequest<'_, Call, Version>) -> Verified<Version> {
                match request.call { $(
                    #[cfg(feature = $feature)]
                    Call::$Name(call) => {
                        let VerifyRequest { tag, precondition, accepted, .. } = request;
                        let own = VerifyRequest { tag, call, precondition: precondition.and_then(Version::$name), accepted };
                        <$name::State as Writer>::verify(&self.$name, own).await.map(Version::$Name)
                    }
                    #[cfg(not(feature = $feature))]
                    Call::$Name(_) => Verified::unobservable(crate::collect::poll::not_built($feature).to_string()),
                )+ }
            }
        }

        /// A simulated estate: all systems, none of them real.
        pub struct Sim {
            $($name: <$name::State as Simulated>::Sim,)+
            /// The conditions that the systems published last, and when.
            conditions: Option<(std::time::Duration, SharedConditions)>,
            /// The network between the sites is cut.
            cut: bool,
        }

        impl Sim {
            /// As the plan names it; the same for the same seed.
            #[must_use]
            pub fn new(plan: &Arc<Plan>, seed: u64) -> Self {
                Self { $($name: <$name::State as Simulated>::simulate(plan, seed),)+ conditions: None, cut: false }
            }

            /// Cuts the network between the sites, or restores it.
            pub fn cut(&mut self, on: bool) {
                self.cut = on;
                self.conditions = None;
            }

            /// The conditions that the systems publish, at most a second old.
            fn conditions(&mut self, now: Now) -> SharedConditions {
                if let Some((at, conditions)) = self.conditions && now.boot.saturating_sub(at) < SharedConditions::GOOD_FOR {
                    return conditions;
                }
                let mut conditions = SharedConditions { cut: self.cut, ..SharedConditions::default() };
                $(<$name::State as Simulated>::publish(&self.$name, now, &mut conditions);)+
                self.conditions = Some((now.boot, conditions));
                conditions
            }

            /// A request arrives at its server. A permit is required: its intent is on record.
            pub fn write(&mut self, permit: Permit, call: &Call, expect: Option<&Version>, now: Now) -> SendOutcome<Version> {
                let tag = permit.spend();
                let conditions = self.conditions(now);
                match call { $(
                    Call::$Name(call) => {
                        wake::<$name::State>(&mut self.$name, &conditions, now);
                        <$name::State as SimulateWrites>::write(&mut self.$name, &tag, call, expect.and_then(Version::$name), now).map(Version::$Name)
                    }
                )+ }
            }

            /// Verifies the outcome of a request.
            pub fn verify(&mut self, tag: &str, call: &Call, expect: Option<&Version>, now: Now) -> Verified<Version> {
                let conditions = self.conditions(now);
                match call { $(
                    Call::$Name(call) => {
                        wake::<$name::State>(&mut self.$name, &conditions, now);
                        <$name::State as SimulateWrites>::verify(&mut self.$name, tag, call, expect.and_then(Version::$name), now).map(Version::$Name)
                    }
                )+ }
            }

            /// The servers' own logs: the tags of all requests that were carried out.
            #[must_use]
            pub fn log(&self) -> Vec<String> {
                [$(<$name::State as SimulateWrites>::log(&self.$name)),+].concat()
            }

            /// An external change of the object of an action.
            pub fn external_change(&mut self, action: &Action, now: Now) {
                $(<$name::State as SimulateWrites>::external_change(&mut self.$name, action, now);)+
            }

            /// Injects a fault of a scenario.
            ///
            /// # Errors
            /// If its object does not exist, as a text.
            pub fn inject(&mut self, what: &FaultInjection, now: Now) -> Result<(), String> {
                let conditions = self.conditions(now);
                $(wake::<$name::State>(&mut self.$name, &conditions, now);)+
                self.conditions = None;
                match what { $(
                    FaultInjection::$Name(what) => <$name::State as SimulateWrites>::inject(&mut self.$name, what, now),
                )+ }
            }

            /// Advances the queried system to `now`, then answers.
            ///
            /// # Errors
            /// As the server would.
            pub fn answer(&mut self, ask: &Query, now: Now) -> Result<Observation, Fault> {
                let conditions = self.conditions(now);
                match ask { $(
                    Query::$Name(ask) => {
                        wake::<$name::State>(&mut self.$name, &conditions, now);
                        <$name::State as Simulated>::answer(&mut self.$name, ask, now).map(Observation::$Name)
                    }
                )+ }
            }
        }
    };
}
