//! The controllers by name.

use std::fs;

use greenwave::shell::sumo::SumoNet;
use hil_tests::sumo::SumoError;
use hil_tests::sumo::baselines::{Ruled, retyped};
use hil_tests::sumo::lockstep::{Lockstep, OurCity};
use hil_tests::sumo::roads::Roads;
use hil_tests::sumo::rules::RuleKind;
use hil_tests::sumo::run::{Controller, RunSpec, Untouched};
use hil_tests::sumo::sensing::Sensors;
use hil_tests::sumo::signals::Rules;

use crate::options::Adaptive;

/// Who can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    /// The product, in lockstep.
    Ours,
    /// The shipped programme, as it is.
    Fixed,
    /// SUMO's actuated control over the shipped stages.
    Actuated,
    /// SUMO's control by delay over the shipped stages.
    DelayBased,
    /// Vehicles before minus vehicles behind.
    MaxPressure,
    /// Most vehicles near the stop line.
    MaxWave,
    /// Most vehicles served per second.
    RateIndex,
}

const NAMES: [(Name, &str); 7] = [
    (Name::Ours, "ours"),
    (Name::Fixed, "fixed"),
    (Name::Actuated, "actuated"),
    (Name::DelayBased, "delay_based"),
    (Name::MaxPressure, "max_pressure"),
    (Name::MaxWave, "max_wave"),
    (Name::RateIndex, "rate_index"),
];

impl Name {
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        let known = NAMES.iter().find(|(_, known)| *known == name);
        known.map(|(found, _)| *found).ok_or_else(|| {
            let all: Vec<&str> = NAMES.iter().map(|(_, name)| *name).collect();
            format!("no controller `{name}`: {}", all.join(", "))
        })
    }

    pub(crate) fn text(self) -> &'static str {
        let known = NAMES.iter().find(|(name, _)| *name == self);
        known.map_or("", |(_, text)| text)
    }

    /// The controller; may add a file to the run.
    pub(crate) fn make(
        self,
        spec: &mut RunSpec,
        net: &SumoNet,
        options: &Adaptive,
    ) -> Result<Box<dyn Controller>, SumoError> {
        let rules = options.rules;
        let kind = match self {
            Self::Ours => return ours(spec, net, options),
            Self::Fixed => return Ok(Box::new(Untouched)),
            Self::Actuated => return sumo_own(spec, net, "actuated", rules),
            Self::DelayBased => return sumo_own(spec, net, "delay_based", rules),
            Self::MaxPressure => RuleKind::MaxPressure,
            Self::MaxWave => RuleKind::MaxWave,
            Self::RateIndex => RuleKind::RateIndex,
        };
        let roads = Roads::of(net)?;
        let ruled = Ruled::new(kind, &roads, rules.timing(), spec.launch.begin);
        Ok(Box::new(ruled))
    }
}

fn ours(
    spec: &RunSpec,
    net: &SumoNet,
    options: &Adaptive,
) -> Result<Box<dyn Controller>, SumoError> {
    let roads = Roads::of(net)?;
    let mut city = OurCity::of(net, options.rules)?;
    if let Some(tuning) = &options.tuning {
        city.tune(tuning);
    }
    let exact = spec.sensors == Sensors::Resco;
    Ok(Box::new(Lockstep::new(net, &roads, &city, exact)?))
}

fn sumo_own(
    spec: &mut RunSpec,
    net: &SumoNet,
    kind: &str,
    rules: Rules,
) -> Result<Box<dyn Controller>, SumoError> {
    let path = spec.launch.work.join("retyped.add.xml");
    let text = retyped(net, kind, rules.timing())?;
    fs::write(&path, text).map_err(|why| SumoError::File {
        path: path.clone(),
        why,
    })?;
    spec.launch.additional.push(path);
    Ok(Box::new(Untouched))
}
