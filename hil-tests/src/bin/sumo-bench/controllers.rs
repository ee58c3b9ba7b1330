//! The controllers by name.

use std::fs;

use greenwave::shell::sumo::SumoNet;
use hil_tests::sumo::SumoError;
use hil_tests::sumo::baselines::{Ruled, retyped};
use hil_tests::sumo::city::StreetCity;
use hil_tests::sumo::city_level::CityLevel;
use hil_tests::sumo::core::RuledCity;
use hil_tests::sumo::lockstep::{Lockstep, OurCity};
use hil_tests::sumo::rate_policy::RatePolicy;
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
    /// A city's plans with a cycle, by demand inside it.
    Coordinated,
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

const NAMES: [(Name, &str); 8] = [
    (Name::Ours, "ours"),
    (Name::Fixed, "fixed"),
    (Name::Coordinated, "coordinated"),
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
        (net, city): (&SumoNet, Option<&StreetCity>),
        options: &Adaptive,
    ) -> Result<Box<dyn Controller>, SumoError> {
        if let Some(city) = city {
            return self.make_in_city(spec, city, options);
        }
        let rules = options.rules;
        let kind = match self {
            Self::Ours => return ours(spec, net, options),
            Self::Fixed => return Ok(Box::new(Untouched)),
            Self::Coordinated => return Err(self.needs("a city folder")),
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

    /// The controller on a city's own sites: all of them through the product's kernel, which holds
    /// each to the same minimum greens, ambers, all-reds and walkers' clearances.
    fn make_in_city(
        self,
        spec: &mut RunSpec,
        city: &StreetCity,
        options: &Adaptive,
    ) -> Result<Box<dyn Controller>, SumoError> {
        let level = match self {
            Self::Ours => CityLevel::AdaptiveEverywhere,
            // At crossings by their own plan it does better than by its index.
            Self::RateIndex => CityLevel::Adaptive,
            Self::Fixed => CityLevel::Fixed,
            Self::Coordinated => CityLevel::Coordinated,
            Self::Actuated => CityLevel::Actuated,
            Self::DelayBased | Self::MaxPressure | Self::MaxWave => {
                return Err(self.needs("a network whose letters are all there is to its signals"));
            }
        };
        let roads = Roads::of(&city.net)?;
        let mut sites = OurCity::of_folder(city, level, spec.launch.begin)?;
        if let Some(tuning) = &options.tuning {
            sites.tune(tuning);
        }
        spec.walk_bounds = sites.walk_bounds(&roads);
        let exact = spec.sensors == Sensors::Resco;
        if self == Self::RateIndex {
            let core = RuledCity::new(&sites.sites, RatePolicy::new);
            let lockstep = Lockstep::with_core(core, (&city.net, &roads), &sites, exact)?;
            return Ok(Box::new(lockstep));
        }
        Ok(Box::new(Lockstep::new(&city.net, &roads, &sites, exact)?))
    }

    fn needs(self, what: &str) -> SumoError {
        SumoError::Controller(format!("`{}` needs {what}", self.text()))
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
