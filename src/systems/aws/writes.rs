//! Every AWS call that changes something. `docs/iam-operate.json` grants exactly these; what builds a whole fleet (RunInstances,
//! CopyImage) is not among them.
//!
//! A [`Writer`] is made from the plan's *writing* credentials, and only for the holder of a journal. A request builder from this module can
//! send its own operation and nothing else, once: retries are off.

use std::future::Future;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{Aws, calls::calls, connection::Connection, fault};
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

/// A client that can only send the calls of this file. The SDK's client is not accessible from outside.
#[derive(Debug, Clone)]
pub struct Writer<C>(Connection<C>);

impl<C: 'static> Writer<C> {
    fn new(Writing(aws): &Writing, service: &'static str, make: impl FnOnce(&SdkConfig) -> C + Send + 'static) -> Self {
        Self(Connection::new(aws, service, make))
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
        let Connection { service, place, .. } = &self.0;
        self.0.call(sent, |error| fault::of_write(error, service, operation, place)).await
    }

    /// The server's name in messages.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.0.place
    }
}

calls! {
    of Writing as Writer;

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
