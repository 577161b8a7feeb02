//! The real servers. Read only: what is made here can ask and nothing else.

use std::sync::Arc;

use super::{Ask, Facts, State};
use crate::{core::estate::seen::{Fault, FaultKind}, plan::Plan, systems::Live};

/// Connections that can only ask.
pub struct Readers;

impl Live for State {
    type Readers = Readers;

    fn readers(_: &Arc<Plan>) -> Readers {
        Readers
    }

    async fn ask(_: &Readers, _: &Ask) -> Result<Facts, Fault> {
        Err(Fault::new(FaultKind::Unsupported, "not yet"))
    }
}
