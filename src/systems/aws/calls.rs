//! The mechanism by which a client is limited to a list of calls.

/// Makes a client for each service, with exactly the listed calls, from an identity (`of`) and the client's type (`as`). A call is named
/// together with the type of its request builder.
macro_rules! calls {
    (of $identity:ident as $client:ident; $($sdk:ident as $make:ident of $service:literal {
        $($call:ident -> $builder:ident),+ $(,)?
    })+) => { $(
        impl $identity {
            #[doc = concat!("The client of `", $service, "`.")]
            #[must_use]
            pub fn $make(&self) -> $client<$sdk::Client> {
                $client::new(self, $service, $sdk::Client::new)
            }
        }

        impl $client<$sdk::Client> { $(
            #[doc = concat!("`", stringify!($call), "`: its answer comes through `call`.")]
            #[must_use]
            pub fn $call(&self) -> $sdk::operation::$call::builders::$builder {
                self.0.client.$call()
            }
        )+ }
    )+

        /// The permission of each call, as IAM names it.
        #[cfg(test)]
        fn permissions() -> std::collections::BTreeSet<String> {
            let operation = |builder: &str| builder.trim_end_matches("FluentBuilder").to_owned();
            [$($(format!("{}:{}", $service, operation(stringify!($builder))),)+)+].into()
        }
    };
}

pub(super) use calls;
