//! Sources of a second kind: *probes*, which have to touch a server to learn something of it.
//!
//! A source asks, and watching is made of nothing else. What an application would feel cannot be asked for; somebody has to do what the
//! application does, and look. A probe is that: a write into a place of its own, again and again. "Only an action that holds a permit changes
//! a server" stays true of everything that anybody owns:
//!
//! - the plan's author opted in, by name: the place, the rate, the login are in the plan, and the plan's digest is in the journal;
//! - it touches nothing but that place, which holds nothing else and does not grow;
//! - it is made of what can write ([`Writers`](super::Writers)), and that is made only for whoever holds a journal's lock. [`Readers`]
//!   cannot run a [`Probe`], and who only watches is never given one: the core gives them out when the run is given to somebody.
//!
//! A journal that cannot be written any more stops every action. A probe goes on: nothing of it was ever to be recorded, and what it measures
//! is wanted then more than ever.
//!
//! What a probe brings is facts as any other: the same way into the core, with the same age and the same rules for what is stale or blind.
//!
//! [`Readers`]: super::Readers

/// Makes the closed enums of the systems' probes and the doors to them. Called by `systems!`, with its list.
macro_rules! probes {
    ($($name:ident: $Name:ident if $feature:literal),+) => {
        /// What any system's probe does.
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

            /// Takes leave of all servers that were probed, in a moment.
            pub async fn close(&self) {
                $(
                    #[cfg(feature = $feature)]
                    <$name::State as Writer>::close(&self.$name).await;
                )+
            }
        }

        impl Sim {
            /// Lets the probed system live until `now`, then gives what the probe has felt by then.
            ///
            /// # Errors
            /// As the server would.
            pub fn sample(&mut self, probe: &Probe, now: Now) -> Result<Observation, Fault> {
                let world = self.world(now);
                match probe { $(
                    Probe::$Name(probe) => {
                        wake::<$name::State>(&mut self.$name, &world, now);
                        <$name::State as SimulateWrites>::sample(&mut self.$name, probe, now).map(Observation::$Name)
                    }
                )+ }
            }
        }
    };
}
