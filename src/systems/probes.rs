//! The second kind of collector: *probes*, which have to touch a server to measure something.
//!
//! A collector reads; all observation is built from reads. What an application experiences cannot be read: something has to do what the
//! application does, and measure the result. A probe does that: it writes into a place of its own, again and again. "Only an action that
//! holds a permit changes a server" remains true of everything that belongs to others:
//!
//! - the plan's author opts in, by name: the place, the rate and the login are in the plan, and the plan's digest is in the journal;
//! - a probe touches only that place, which holds nothing else and does not grow;
//! - a probe needs [`Writers`](super::Writers), which are made only for the holder of a journal's lock. [`Readers`] cannot run a [`Probe`],
//!   and a read-only viewer never gets one: the engine starts probes when an operator takes control of the run.
//!
//! A journal that cannot be written any more stops every action. Probes continue: they are not recorded, and their measurements are then
//! most needed.
//!
//! A probe's observations are handled as any other: the same path into the engine, the same age, the same rules for stale and unknown.
//!
//! [`Readers`]: super::Readers

/// Makes the closed enums of the systems' probes and the functions that dispatch them. Called by `systems!`, with its list.
macro_rules! probes {
    ($($name:ident: $Name:ident if $feature:literal),+) => {
        /// The probe of any system.
        #[derive(Debug, Clone)]
        pub enum Probe { $(
            #[doc = concat!("To `", stringify!($name), "`.")]
            $Name(<$name::State as Planner>::Probe),
        )+ }

        impl Writers {
            /// Starts one probe on the current tokio runtime.
            #[allow(unreachable_code, reason = "most systems have no probe to run")]
            pub fn spawn(&self, spec: CollectorSpec<Probe>, schedule: Schedule, out: Sink<Observation>) -> tokio::task::JoinHandle<()> {
                match spec.query.clone() { $(
                    #[cfg(feature = $feature)]
                    Probe::$Name(probe) => tokio::spawn(crate::collect::guard::alive(
                        (self.$name.clone(), spec.map(|_| probe)), schedule, out.narrow(Observation::$Name), <$name::State as Writer>::probe,
                    )),
                    #[cfg(not(feature = $feature))]
                    Probe::$Name(_) => tokio::spawn(async move {
                        crate::collect::poll::poll(schedule, &out, async || Err(crate::collect::poll::not_built($feature))).await;
                    }),
                )+ }
            }

            /// Closes the connections to all probed servers, within a moment.
            pub async fn close(&self) {
                $(
                    #[cfg(feature = $feature)]
                    <$name::State as Writer>::close(&self.$name).await;
                )+
            }
        }

        impl Sim {
            /// Advances the probed system to `now`, then returns the probe's sample.
            ///
            /// # Errors
            /// As the server would.
            pub fn sample(&mut self, probe: &Probe, now: Now) -> Result<Observation, Fault> {
                let conditions = self.conditions(now);
                match probe { $(
                    Probe::$Name(probe) => {
                        wake::<$name::State>(&mut self.$name, &conditions, now);
                        <$name::State as SimulateWrites>::sample(&mut self.$name, probe, now).map(Observation::$Name)
                    }
                )+ }
            }
        }
    };
}
