//! The real cabinets behind the control thread: one port each, latest values only.

use std::time::Duration;

use tokio::runtime::Handle;

use super::control::Cabinets;
use crate::detect::FieldInputs;
use crate::kernel::Outputs;
use crate::shell::field::{CabinetPort, FieldSet};
use crate::units::{Mono, TICK};

/// All cabinets have this long to take their local plan over at the end.
const HAND_OVER_WITHIN: Duration = Duration::from_secs(3);

/// The links of a process as the control thread sees them.
#[derive(Debug)]
pub struct FieldCabinets {
    set: Option<FieldSet>,
    ports: Vec<CabinetPort>,
    handle: Handle,
}

impl FieldCabinets {
    /// The links and their ports, one per site.
    #[must_use]
    pub const fn new(set: FieldSet, ports: Vec<CabinetPort>, handle: Handle) -> Self {
        Self {
            set: Some(set),
            ports,
            handle,
        }
    }
}

impl Cabinets for FieldCabinets {
    fn read(&mut self, site: usize, now: Mono, inputs: &mut FieldInputs) {
        let Some(port) = self.ports.get_mut(site) else {
            return;
        };
        inputs.clone_from(port.latest(now));
        // Ages finer than a cycle decide nothing; whole cycles keep the journal small.
        let age = inputs.readback.age;
        inputs.readback.age = age.saturating_sub(TICK).ceil_to_tick();
    }

    fn write(&mut self, site: usize, outputs: &Outputs) {
        if let Some(port) = self.ports.get_mut(site) {
            let _number = port.publish(outputs);
        }
    }

    fn mark(&self, site: usize) -> u64 {
        self.ports.get(site).map_or(0, CabinetPort::published)
    }

    fn accepted(&self, site: usize, mark: u64) -> Option<Mono> {
        let accepted = self.ports.get(site)?.status().accepted;
        (accepted.number >= mark && mark > 0).then_some(accepted.at)
    }

    fn hand_over(&mut self) {
        if let Some(set) = self.set.take() {
            let handed = self.handle.block_on(set.hand_over(HAND_OVER_WITHIN));
            if handed.taken < handed.of {
                tracing::warn!(
                    taken = handed.taken,
                    of = handed.of,
                    "not every cabinet confirmed its local plan; its time to live will"
                );
            }
        }
    }
}
