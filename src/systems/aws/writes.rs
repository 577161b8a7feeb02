//! Every AWS call that changes something. `docs/iam-operate.json` grants exactly these; what builds a whole fleet (RunInstances,
//! CopyImage) is not among them.
//!
//! A [`Writer`] is made from the plan's *writing* credentials, and only for the holder of a journal. A request builder from this module can
//! send its own operation and nothing else, once: retries are off.

use std::{future::Future, sync::Arc};

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{Aws, credentials::Identity, fault};
use crate::Journal;
use base::operation::SendOutcome;
use plan::{Access, AwsCredentials};

/// The identity that may change something in a region.
#[derive(Debug, Clone)]
pub struct Writing(Aws);

impl Writing {
    /// For writing, as the plan says; none where the plan names no writing credentials: such a place is read-only. Does no I/O.
    #[must_use]
    pub fn new(access: &Access, region: &str, _: &Journal) -> Option<Self> {
        let write: &AwsCredentials = access.write.as_ref()?;
        Some(Self(Aws::with(access, write, region)))
    }
}

/// A client that can only send the calls of this file. The client itself is not accessible from outside.
#[derive(Debug, Clone)]
pub struct Writer<C> {
    client: C,
    service: &'static str,
    place: Arc<str>,
    identity: Identity,
}

impl<C> Writer<C> {
    fn new(writing: &Writing, service: &'static str, make: impl FnOnce(&SdkConfig) -> C) -> Self {
        let Writing(aws) = writing;
        Self {
            client: make(&aws.config(service)),
            service,
            place: aws.place(service).into(),
            identity: aws.identity.clone(),
        }
    }

    /// Waits for the answer to a request. An error is returned as the outcome of the request: carried out, not carried out, or
    /// indeterminate.
    ///
    /// # Errors
    /// The outcome of the request, if the server did not accept it.
    pub async fn call<T, E, M>(
        &self,
        operation: &'static str,
        sent: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, SendOutcome<M>>
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        sent.await.map_err(|error| {
            let (sent, stale) = fault::of_write(&error, self.service, operation, &self.place);
            if stale {
                self.identity.forget();
            }
            sent
        })
    }

    /// The server's name in messages.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }
}

macro_rules! writes {
    ($($sdk:ident as $make:ident of $service:literal { $($call:ident -> $builder:ident),+ $(,)? })+) => { $(
        impl Writing {
            #[doc = concat!("A writer of `", $service, "`.")]
            #[must_use]
            pub fn $make(&self) -> Writer<$sdk::Client> {
                Writer::new(self, $service, $sdk::Client::new)
            }
        }

        impl Writer<$sdk::Client> { $(
            #[doc = concat!("`", stringify!($call), "`: what came of it comes through [`Writer::call`].")]
            #[must_use]
            pub fn $call(&self) -> $sdk::operation::$call::builders::$builder {
                self.client.$call()
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

writes! {
    aws_sdk_ec2 as ec2 of "ec2" {
        start_instances -> StartInstancesFluentBuilder,
        stop_instances -> StopInstancesFluentBuilder,
    }
    aws_sdk_elasticloadbalancingv2 as elasticloadbalancing of "elasticloadbalancing" {
        register_targets -> RegisterTargetsFluentBuilder,
        deregister_targets -> DeregisterTargetsFluentBuilder,
    }
    aws_sdk_autoscaling as autoscaling of "autoscaling" {
        update_auto_scaling_group -> UpdateAutoScalingGroupFluentBuilder,
        suspend_processes -> SuspendProcessesFluentBuilder,
        resume_processes -> ResumeProcessesFluentBuilder,
    }
    aws_sdk_route53 as route53 of "route53" {
        change_resource_record_sets -> ChangeResourceRecordSetsFluentBuilder,
    }
}

#[cfg(test)]
pub(crate) mod tests;
