//! What registering the systems makes of them: closed enums of their questions, answers, calls and marks, the estate of all of them, and the
//! readers and the imitated servers behind one door each. The macro is called once, in [`super`].

macro_rules! systems {
    ($($name:ident: $Name:ident if $feature:literal),+ $(,)?) => {
        probes! { $($name: $Name if $feature),+ }

        /// A question to any system.
        #[derive(Debug, Clone)]
        pub enum Query { $(
            #[doc = concat!("To `", stringify!($name), "`.")]
            $Name(<$name::State as System>::Query),
        )+ }

        /// An answer of any system.
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

        impl Call {
            /// The id of the system that it is for.
            #[must_use]
            pub const fn system(&self) -> &'static str {
                match self { $(Self::$Name(_) => <$name::State as System>::ID),+ }
            }

            /// For how long this waits at the most, where that is less than the step's verification may take.
            #[must_use]
            pub fn waits_within(&self) -> Option<std::time::Duration> {
                match self { $(Self::$Name(call) => <$name::State as Planner>::waits_within(call)),+ }
            }
        }

        /// What a request to any system compares with.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Version { $(
            #[doc = concat!("Of `", stringify!($name), "`.")]
            $Name(<$name::State as Planner>::Version),
        )+ }

        impl Call { $(
            fn $name(&self) -> Option<&<$name::State as Planner>::Call> {
                #[allow(unreachable_patterns, reason = "there may be one system only")]
                match self { Self::$Name(call) => Some(call), _ => None }
            }
        )+ }

        /// Operations as the system sees them that all of them are of; none if there are none, or of another system.
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

        /// What is known of all systems.
        #[derive(Debug)]
        pub struct Estate { $(
            #[doc = concat!("What is known of `", stringify!($name), "`.")]
            pub $name: $name::State,
        )+ }

        /// Every signal there is, in the order of the systems.
        #[must_use]
        pub fn signals() -> Vec<&'static SignalDef> {
            [$(<$name::State as System>::SIGNALS),+].concat()
        }

        /// Ids and titles of the systems' panels, in order.
        pub const PANELS: &[(&str, &str)] = &[$((<$name::State as System>::ID, <$name::State as System>::TITLE)),+];

        impl Estate {
            /// Knows nothing yet; with the sources the plan asks for.
            #[must_use]
            pub fn new(plan: &Arc<Plan>) -> (Self, Vec<CollectorSpec<Query>>) {
                let mut specs = Vec::new();
                $(
                    let ($name, own) = <$name::State as System>::new(plan);
                    specs.extend(own.into_iter().map(|s| s.map(Query::$Name)));
                )+
                (Self { $($name),+ }, specs)
            }

            /// An answer came.
            ///
            /// Observation of another system than the question's are dropped: a driver that mixes them up is a defect the types of
            /// [`Sink`] already rule out.
            pub fn apply(&mut self, ask: &Query, facts: Observation, stamp: Stamp) -> Vec<CollectorSpec<Query>> {
                match (ask, facts) {
                    $((Query::$Name(ask), Observation::$Name(facts)) => self.$name.apply(ask, facts, stamp).into_iter().map(|s| s.map(Query::$Name)).collect(),)+
                    _ => Vec::new(),
                }
            }

            /// A question failed.
            pub fn fail(&mut self, ask: &Query, fault: &Fault, at: Now) {
                match ask { $(Query::$Name(ask) => self.$name.fail(ask, fault, at),)+ }
            }

            /// What is tried before a move and never watched: see [`System::trials`].
            #[must_use]
            pub fn trials(&self) -> Vec<CollectorSpec<Query>> {
                let mut specs = Vec::new();
                $(specs.extend(self.$name.trials().into_iter().map(|s| s.map(Query::$Name)));)+
                specs
            }

            /// What no step could do anything with: see [`System::unusable`].
            #[must_use]
            pub fn unusable(&self, now: Now) -> Vec<Fault> {
                let mut faults = Vec::new();
                $(faults.extend(self.$name.unusable(now));)+
                faults
            }

            /// Something wants watching that the plan does not name.
            pub fn follow(&mut self, system: &str, id: &str) -> Vec<CollectorSpec<Query>> {
                $(if system == <$name::State as System>::ID {
                    return self.$name.follow(id).into_iter().map(|s| s.map(Query::$Name)).collect();
                })+
                Vec::new()
            }

            /// What an action takes, as things stand.
            ///
            /// # Errors
            /// All that keeps it from being worked out.
            pub fn draft(&self, action: &Action, now: Now) -> Result<Draft<Call, Version>, Vec<Fault>> {
                $(if let Some(draft) = self.$name.draft(action, now) {
                    return draft.map(|d| d.map(Call::$Name, Version::$Name));
                })+
                Err(vec![Fault::new(FaultKind::Unsupported, "no system carries this out")])
            }

            /// A stored way back, as things stand.
            ///
            /// # Errors
            /// All that keeps it from being worked out.
            pub fn inverse(&self, ops: &[Operation<Call, Version>], now: Now) -> Result<Draft<Call, Version>, Vec<Fault>> {
                $(if let Some(own) = own(ops, Call::$name, Version::$name) {
                    return self.$name.inverse(&own, now).map(|d| d.map(Call::$Name, Version::$Name));
                })+
                Err(vec![Fault::new(FaultKind::Unsupported, "there is no way back of one system")])
            }

            /// What finishes the tail of an attempt with these operations, as things stand.
            ///
            /// # Errors
            /// All that keeps it from being worked out.
            pub fn mend(&self, ops: &[Operation<Call, Version>], now: Now) -> Result<Draft<Call, Version>, Vec<Fault>> {
                $(if let Some(own) = own(ops, Call::$name, Version::$name) {
                    return self.$name.mend(&own, now).map(|d| d.map(Call::$Name, Version::$Name));
                })+
                Err(vec![Fault::new(FaultKind::Unsupported, "there are no operations of one system")])
            }

            /// Whether everything is as an action wants it, whoever did it; none for what a person does by hand.
            #[must_use]
            pub fn is_satisfied(&self, action: &Action, now: Now) -> Option<Observed<bool>> {
                $(if let Some(met) = self.$name.is_satisfied(action, now) { return Some(met); })+
                None
            }

            /// How long the way back of an action stays open, and what ends it.
            #[must_use]
            pub fn rollback_window(&self, action: &Action, now: Now) -> Option<(&'static str, Observed<Duration>)> {
                $(if let Some(stays) = self.$name.rollback_window(action, now) { return Some(stays); })+
                None
            }

            /// All signals, as they stand.
            pub fn measure(&self, now: Now, out: &mut Samples) {
                $(if out.wants_any(<$name::State as System>::SIGNALS) { self.$name.measure(now, out); })+
            }

            /// What one system watches.
            #[must_use]
            pub fn watched(&self, id: &str, now: Now) -> Vec<Watched> {
                $(if id == <$name::State as System>::ID { return self.$name.watched(now); })+
                Vec::new()
            }

            /// Whether nobody waits for this answer any more.
            #[must_use]
            pub fn is_over(&self, ask: &Query, now: Now) -> bool {
                match ask { $(Query::$Name(ask) => self.$name.is_over(ask, now)),+ }
            }

            /// One system's panel.
            #[must_use]
            pub fn panel(&self, id: &str, now: Now) -> Option<Panel> {
                $(if id == <$name::State as System>::ID { return Some(self.$name.panel(now)); })+
                None
            }

            /// All tiles.
            #[must_use]
            pub fn tiles(&self, now: Now) -> Vec<Tile> {
                let mut out = Vec::new();
                $(out.extend(self.$name.tiles(now));)+
                out
            }

            /// What users cannot do now, and what the move has cost beyond its budget.
            #[must_use]
            pub fn outages(&self, now: Now) -> Vec<Outage> {
                let mut out = Vec::new();
                $(out.extend(self.$name.outages(now));)+
                out
            }

            /// What the run has cost before this program was started.
            pub fn carry(&mut self, spent: &[Reading]) {
                $(self.$name.carry(spent);)+
            }

            /// What opens behind a row.
            #[must_use]
            pub fn detail(&self, panel: &str, table: &str, row: &str, now: Now) -> Option<Detail> {
                $(if panel == <$name::State as System>::ID { return self.$name.detail(table, row, now); })+
                None
            }
        }

        impl Query {
            /// The id of the system that is asked.
            #[must_use]
            pub const fn system(&self) -> &'static str {
                match self { $(Self::$Name(_) => <$name::State as System>::ID),+ }
            }
        }

        impl Query {
            /// Whether what can be changed is decided upon by what this asks.
            #[must_use]
            pub fn decides(&self) -> bool {
                match self { $(Self::$Name(ask) => <$name::State as Planner>::decides(ask)),+ }
            }
        }

        /// The readers of all systems that this build can reach.
        pub struct Readers { $(
            #[cfg(feature = $feature)]
            $name: Arc<<$name::State as Live>::Readers>,
        )+ }

        impl Readers {
            /// Makes them, without any I/O.
            #[must_use]
            pub fn new(plan: &Arc<Plan>) -> Self {
                let _ = plan;
                Self { $(
                    #[cfg(feature = $feature)]
                    $name: Arc::new(<$name::State as Live>::readers(plan)),
                )+ }
            }

            /// Asks one question, once.
            ///
            /// # Errors
            /// Whatever the source would report.
            pub async fn ask(&self, ask: &Query) -> Result<Observation, Fault> {
                match ask { $(
                    #[cfg(feature = $feature)]
                    Query::$Name(ask) => <$name::State as Live>::ask(&self.$name, ask).await.map(Observation::$Name),
                    #[cfg(not(feature = $feature))]
                    Query::$Name(_) => Err(crate::drive::poll::not_built($feature)),
                )+ }
            }

            /// Takes leave of all servers, in a moment. Some clients panic if their runtime ends without it.
            pub async fn close(&self) {
                $(
                    #[cfg(feature = $feature)]
                    <$name::State as Live>::close(&self.$name).await;
                )+
            }

            /// Starts one source on the current tokio runtime.
            pub fn spawn(&self, spec: CollectorSpec<Query>, schedule: Schedule, out: Sink<Observation>) -> tokio::task::JoinHandle<()> {
                match spec.query.clone() { $(
                    #[cfg(feature = $feature)]
                    Query::$Name(ask) => tokio::spawn(crate::drive::guard::alive(
                        (self.$name.clone(), spec.map(|_| ask)), schedule, out.narrow(Observation::$Name), <$name::State as Live>::run,
                    )),
                    #[cfg(not(feature = $feature))]
                    Query::$Name(_) => tokio::spawn(async move {
                        crate::drive::poll::poll(schedule, &out, async || Err(crate::drive::poll::not_built($feature))).await;
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
            /// Makes them, without any I/O, for whoever holds a journal's lock.
            #[must_use]
            pub fn new(plan: &Arc<Plan>, journal: &Journal) -> Self {
                let _ = (plan, journal);
                Self { $(
                    #[cfg(feature = $feature)]
                    $name: Arc::new(<$name::State as Writer>::writers(plan, journal)),
                )+ }
            }

            /// Sends a request, once. Nothing reaches a server without a permit: its intent is on record.
            pub async fn send(&self, permit: Permit, call: &Call, expect: Option<&Version>) -> SendOutcome<Version> {
                let _ = expect;
                match call { $(
                    #[cfg(feature = $feature)]
                    Call::$Name(call) => <$name::State as Writer>::send(&self.$name, permit, call, expect.and_then(Version::$name)).await.map(Version::$Name),
                    #[cfg(not(feature = $feature))]
                    Call::$Name(_) => {
                        drop(permit);
                        SendOutcome::refused(crate::drive::poll::not_built($feature).to_string())
                    }
                )+ }
            }
        }

        impl Readers {
            /// Looks what has become of a request.
            pub async fn verify(&self, request: VerifyRequest<'_, Call, Version>) -> Verified<Version> {
                match request.call { $(
                    #[cfg(feature = $feature)]
                    Call::$Name(call) => {
                        let VerifyRequest { tag, precondition, accepted, .. } = request;
                        let own = VerifyRequest { tag, call, precondition: precondition.and_then(Version::$name), accepted };
                        <$name::State as Writer>::verify(&self.$name, own).await.map(Version::$Name)
                    }
                    #[cfg(not(feature = $feature))]
                    Call::$Name(_) => Verified::unobservable(crate::drive::poll::not_built($feature).to_string()),
                )+ }
            }
        }

        /// A simulated estate: all systems, none of them real.
        pub struct Sim {
            $($name: <$name::State as Simulated>::Sim,)+
            /// What the systems told of themselves last, and when.
            world: Option<(std::time::Duration, SharedConditions)>,
            /// The network between the sites is cut.
            cut: bool,
        }

        impl Sim {
            /// As the plan names it; the same for the same seed.
            #[must_use]
            pub fn new(plan: &Arc<Plan>, seed: u64) -> Self {
                Self { $($name: <$name::State as Simulated>::simulate(plan, seed),)+ world: None, cut: false }
            }

            /// Cuts the network between the sites, or mends it.
            pub fn cut(&mut self, on: bool) {
                self.cut = on;
                self.world = None;
            }

            /// What the systems tell of themselves, at most a second old.
            fn world(&mut self, now: Now) -> SharedConditions {
                if let Some((at, world)) = self.world && now.boot.saturating_sub(at) < SharedConditions::GOOD_FOR {
                    return world;
                }
                let mut world = SharedConditions { cut: self.cut, ..SharedConditions::default() };
                $(<$name::State as Simulated>::publish(&self.$name, now, &mut world);)+
                self.world = Some((now.boot, world));
                world
            }

            /// A request arrives at its server. Nothing reaches one without a permit: its intent is on record.
            pub fn write(&mut self, permit: Permit, call: &Call, expect: Option<&Version>, now: Now) -> SendOutcome<Version> {
                let tag = permit.spend();
                let world = self.world(now);
                match call { $(
                    Call::$Name(call) => {
                        wake::<$name::State>(&mut self.$name, &world, now);
                        <$name::State as SimulateWrites>::write(&mut self.$name, &tag, call, expect.and_then(Version::$name), now).map(Version::$Name)
                    }
                )+ }
            }

            /// What has become of a request.
            pub fn verify(&mut self, tag: &str, call: &Call, expect: Option<&Version>, now: Now) -> Verified<Version> {
                let world = self.world(now);
                match call { $(
                    Call::$Name(call) => {
                        wake::<$name::State>(&mut self.$name, &world, now);
                        <$name::State as SimulateWrites>::verify(&mut self.$name, tag, call, expect.and_then(Version::$name), now).map(Version::$Name)
                    }
                )+ }
            }

            /// The servers' own logs: the tag of everything that they carried out.
            #[must_use]
            pub fn log(&self) -> Vec<String> {
                [$(<$name::State as SimulateWrites>::log(&self.$name)),+].concat()
            }

            /// Somebody else changes what an action is about, past us.
            pub fn external_change(&mut self, action: &Action, now: Now) {
                $(<$name::State as SimulateWrites>::external_change(&mut self.$name, action, now);)+
            }

            /// Something happens that a scenario asks for.
            ///
            /// # Errors
            /// If it is about something that is not there, in words.
            pub fn inject(&mut self, what: &FaultInjection, now: Now) -> Result<(), String> {
                let world = self.world(now);
                $(
                    wake::<$name::State>(&mut self.$name, &world, now);
                    <$name::State as SimulateWrites>::inject(&mut self.$name, what, now)?;
                )+
                self.world = None;
                Ok(())
            }

            /// Lets the asked system live until `now`, then answers.
            ///
            /// # Errors
            /// As the server would.
            pub fn answer(&mut self, ask: &Query, now: Now) -> Result<Observation, Fault> {
                let world = self.world(now);
                match ask { $(
                    Query::$Name(ask) => {
                        wake::<$name::State>(&mut self.$name, &world, now);
                        <$name::State as Simulated>::answer(&mut self.$name, ask, now).map(Observation::$Name)
                    }
                )+ }
            }
        }
    };
}
