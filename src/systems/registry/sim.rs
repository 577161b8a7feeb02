//! What the registration generates of the simulation: the simulated servers of all systems.

/// Makes the simulated estate, which dispatches to the simulated servers of the systems. Called by `systems!`, with its list.
macro_rules! sim {
    ($($name:ident: $Name:ident),+) => {
        /// Makes the plan, and with it the simulated estate, like a snapshot of the real one.
        #[must_use]
        pub fn rehearse(plan: &mut Plan, found: &Found<'_>) -> Rehearsed {
            let mut out = Rehearsed::default();
            $(<$name::State as Simulated>::rehearse(plan, found, &mut out);)+
            out
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
            pub fn write(&mut self, permit: Permit, call: &Call, precondition: Option<&Version>, now: Now) -> SendOutcome<Version> {
                let tag = permit.spend();
                let conditions = self.conditions(now);
                match call { $(
                    Call::$Name(call) => {
                        wake::<$name::State>(&mut self.$name, &conditions, now);
                        <$name::State as SimulateWrites>::write(&mut self.$name, &tag, call, precondition.and_then(Version::$name), now).map(Version::$Name)
                    }
                )+ }
            }

            /// Verifies the outcome of a request.
            pub fn verify(&mut self, tag: &str, call: &Call, precondition: Option<&Version>, now: Now) -> Verified<Version> {
                let conditions = self.conditions(now);
                match call { $(
                    Call::$Name(call) => {
                        wake::<$name::State>(&mut self.$name, &conditions, now);
                        <$name::State as SimulateWrites>::verify(&mut self.$name, tag, call, precondition.and_then(Version::$name), now).map(Version::$Name)
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
            pub fn answer(&mut self, query: &Query, now: Now) -> Result<Observation, Fault> {
                let conditions = self.conditions(now);
                match query { $(
                    Query::$Name(query) => {
                        wake::<$name::State>(&mut self.$name, &conditions, now);
                        <$name::State as Simulated>::answer(&mut self.$name, query, now).map(Observation::$Name)
                    }
                )+ }
            }
        }
    };
}
