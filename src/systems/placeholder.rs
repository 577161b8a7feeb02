//! Systems that nothing can be done to yet.

use super::steer::{Draft, Looked, Never, Obeys, Operation, Sent, Steered};
use crate::{
    core::{
        estate::seen::{Fault, Seen},
        now::Now,
    },
    plan::Action,
};

macro_rules! unsteered {
    ($($State:ty),* $(,)?) => {$(
        impl Steered for $State {
            type Call = Never;
            type Mark = Never;

            fn draft(&self, _: &Action, _: Now) -> Option<Result<Draft<Never, Never>, Vec<Fault>>> {
                None
            }

            fn back(&self, ops: &[Operation<Never, Never>], _: Now) -> Result<Draft<Never, Never>, Vec<Fault>> {
                match ops.first() {
                    Some(op) => match op.call {},
                    None => Err(Vec::new()),
                }
            }

            fn met(&self, _: &Action, _: Now) -> Option<Seen<bool>> {
                None
            }
        }

        impl Obeys for $State {
            fn obey(_: &mut Self::Sim, _: &str, call: &Never, _: Option<&Never>, _: Now) -> Sent<Never> {
                match *call {}
            }

            fn look(_: &mut Self::Sim, _: &str, call: &Never, _: Option<&Never>, _: Now) -> Looked<Never> {
                match *call {}
            }

            fn log(_: &Self::Sim) -> &[String] {
                &[]
            }

            fn stranger(_: &mut Self::Sim, _: &Action, _: Now) {}
        }
    )*};
}

unsteered!(super::kafka::State, super::ec2::State, super::metrics::State);
