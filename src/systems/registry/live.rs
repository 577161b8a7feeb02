//! What the registration generates of the real servers: the readers and the writers of all systems.

/// Makes the readers and the writers, which dispatch to those of the systems. Called by `systems!`, with its list.
macro_rules! live {
    ($($name:ident: $Name:ident if $feature:literal),+) => {
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
            pub async fn ask(&self, query: &Query) -> Result<Observation, Fault> {
                match query { $(
                    #[cfg(feature = $feature)]
                    Query::$Name(query) => <$name::State as Live>::ask(&self.$name, query).await.map(Observation::$Name),
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
            pub async fn send(&self, permit: Permit, call: &Call, precondition: Option<&Version>) -> SendOutcome<Version> {
                let _ = precondition;
                match call { $(
                    #[cfg(feature = $feature)]
                    Call::$Name(call) => <$name::State as Writer>::send(&self.$name, permit, call, precondition.and_then(Version::$name)).await.map(Version::$Name),
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
    };
}
