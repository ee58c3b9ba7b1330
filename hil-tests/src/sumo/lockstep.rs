//! The product under test, cycle by cycle against SUMO: ten cycles of the city, then one second of
//! the street.

use std::sync::Arc;
use std::time::{Duration, Instant};

use greenwave::controller::{City, Command, CycleInputs};
use greenwave::corridor::{Lease, Settings};
use greenwave::detect::FieldInputs;
use greenwave::ids::SiteId;
use greenwave::kernel::CabinetState;
use greenwave::plan::{CheckedSite, Tuning};
use greenwave::shell::planner::Planner;
use greenwave::shell::sumo::{ImportOptions, ImportProfile, Note, SumoNet, Wiring, import, load};
use greenwave::shell::virtual_city::referee_rules;
use greenwave::signal::Observed;
use greenwave::sim::{Referee, SiteLamps, Street};
use greenwave::units::{CivilTime, Date, Millis, Mono, TICK};

use super::city::StreetCity;
use super::city_level::CityLevel;
use super::core::Core;
use super::error::SumoError;
use super::journal::Journal;
use super::letters::Letters;
use super::roads::Roads;
use super::run::{Controller, StreetNow, Tally};
use super::signals::Rules;
use super::street::SumoStreet;

/// Cycles in one second of the street.
const CYCLES: u32 = 10;
/// A Monday.
const MONDAY: Date = Date {
    year: 2026,
    month: 3,
    day: 2,
};
/// When it is where a network has no clock: 08:00.
const EIGHT_S: u32 = 28_800;
/// How long an empty street sees the lamps before the first second: the start-up of an imported
/// site takes no time, that of a city's own sites and their getting into step takes so long.
const WARM_UP: Millis = Millis::from_secs(1);
const WARM_UP_CITY: Millis = Millis::from_secs(180);
/// Offences told in words at most.
const OFFENCES_MAX: usize = 20;

/// What a run of the product needs besides the network: the city.
#[derive(Clone, Debug)]
pub struct OurCity {
    /// The sites, in the order of their ids.
    pub sites: Arc<[Arc<CheckedSite>]>,
    /// How they are wired.
    pub wiring: Wiring,
    /// What of a network was not taken over as it stands.
    pub notes: Vec<Note>,
    /// Plans corridors over the sites.
    pub planner: Planner,
    rules: Vec<greenwave::sim::SiteRules>,
    /// The second of the day at the first cycle, and how long that is before the first second.
    began_s: u32,
    warm_up: Millis,
}

/// What drives the sites where no corridor wants anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    /// The network's own programmes.
    Fixed,
    /// Adaptive control.
    Adaptive,
}

impl Base {
    /// The base of this name.
    ///
    /// # Errors
    /// There is none, in a sentence.
    pub fn parse(name: &str) -> Result<Self, String> {
        match name {
            "fixed" => Ok(Self::Fixed),
            "adaptive" => Ok(Self::Adaptive),
            other => Err(format!("no base `{other}`: fixed or adaptive")),
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Adaptive => "adaptive",
        }
    }
}

impl OurCity {
    /// Imports a network under these rules and loads it as the program itself does.
    ///
    /// # Errors
    /// Every finding that refuses it.
    pub fn of(net: &SumoNet, rules: Rules) -> Result<Self, SumoError> {
        Self::on(net, rules, Base::Adaptive)
    }

    /// The same, its sites driven by this base.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn on(net: &SumoNet, rules: Rules, base: Base) -> Result<Self, SumoError> {
        let options = ImportOptions {
            profile: match rules {
                Rules::Resco => ImportProfile::Resco,
                Rules::Field => ImportProfile::Field,
            },
            name: "bench".to_owned(),
        };
        let mut imported = import(net, &options).map_err(|findings| {
            let all: Vec<String> = findings.iter().map(ToString::to_string).collect();
            SumoError::Controller(all.join("; "))
        })?;
        if base == Base::Fixed {
            let calendar = imported.files.iter_mut().find(|f| f.0 == "calendar.toml");
            if let Some((_, text)) = calendar {
                *text = text.replace("run = \"adaptive\"", "run = \"shipped\"");
            }
        }
        let (city, graph) =
            load(&imported.files).map_err(|all| SumoError::Controller(all.join("; ")))?;
        let rules = referee_rules(&city, &imported.files).map_err(SumoError::Controller)?;
        Ok(Self {
            sites: city.sites.clone().into(),
            wiring: imported.wiring,
            notes: imported.notes,
            planner: Planner {
                city: Arc::new(city),
                graph: Arc::new(graph),
            },
            rules,
            began_s: EIGHT_S,
            warm_up: WARM_UP,
        })
    }

    /// The sites of a city folder as they are, each under the plan that `level` asks for, from
    /// `begins_s` seconds after midnight on.
    ///
    /// # Errors
    /// A site file that the referee cannot read.
    pub fn of_folder(
        city: &StreetCity,
        level: CityLevel,
        begins_s: u32,
    ) -> Result<Self, SumoError> {
        let rules = referee_rules(&city.city, &city.files).map_err(SumoError::Controller)?;
        let sites = city.city.sites.iter().map(|site| level.put_on(site));
        Ok(Self {
            sites: sites.collect(),
            wiring: city.wiring.clone(),
            notes: Vec::new(),
            planner: Planner {
                city: Arc::new(city.city.clone()),
                graph: Arc::new(city.graph.clone()),
            },
            rules,
            began_s: begins_s.saturating_sub(WARM_UP_CITY.as_ms() / 1000),
            warm_up: WARM_UP_CITY,
        })
    }

    /// The longest that walkers may wait before each crossing, by signal and link, seconds.
    #[must_use]
    pub fn walk_bounds(&self, roads: &Roads) -> Vec<Vec<Option<u32>>> {
        let signal = |signal: &super::roads::Signal| {
            let wires = self.wiring.sites.iter().zip(self.sites.iter());
            let own = wires.into_iter().find(|(wires, _)| wires.tls == signal.id);
            let bound = |link: &super::roads::Link| {
                let (wires, site) = own?;
                let mut walks = wires.links.iter().filter(|wire| wire.is_walk);
                let wire = walks.find(|wire| wire.index == link.index)?;
                let walk = site.groups.get(usize::from(wire.group))?.walk?;
                Some(walk.wait_max.as_ms() / 1000)
            };
            signal.links.iter().map(bound).collect()
        };
        roads.signals.iter().map(signal).collect()
    }

    /// Gives all sites these numbers for adaptive control.
    pub fn tune(&mut self, tuning: &Tuning) {
        let tuning = Arc::new(tuning.clone());
        let tuned = self.sites.iter().map(|site| {
            Arc::new(CheckedSite {
                tuning: Arc::clone(&tuning),
                ..CheckedSite::clone(site)
            })
        });
        self.sites = tuned.collect();
    }
}

/// A core against SUMO: the product itself unless told otherwise. A clone goes its own way.
#[derive(Clone, Debug)]
pub struct Lockstep<C = City> {
    /// The city under test.
    pub city: C,
    /// The street as its cabinets see it.
    pub street: SumoStreet,
    /// What people and vehicles tell the city in its next cycle.
    pub commands: Vec<Command>,
    /// Leases that no corridor of ours asks for.
    pub leases: Vec<(SiteId, Lease)>,
    /// A site whose cabinet does not answer, and for how many seconds more.
    pub silent: Option<(usize, u32)>,
    /// Seconds more that the centre is down: lamps stay as they are.
    pub down_s: u32,
    /// What is kept to be run again; nothing unless it was asked for.
    pub journal: Option<Journal>,
    referee: Referee,
    letters: Vec<Letters>,
    fields: Vec<FieldInputs>,
    lamps: Vec<SiteLamps>,
    now: Mono,
    /// The second of the day at the first cycle.
    began_s: u32,
    exact: bool,
    decisions: Vec<Duration>,
}

impl Lockstep {
    /// The city with all its sites started up. `exact` if the sensors tell the present.
    ///
    /// # Errors
    /// The wiring does not fit the network.
    pub fn new(
        net: &SumoNet,
        roads: &Roads,
        ours: &OurCity,
        exact: bool,
    ) -> Result<Self, SumoError> {
        let city = City::new(Arc::clone(&ours.sites), Settings::default(), Mono::ZERO);
        Self::with_core(city, (net, roads), ours, exact)
    }
}

impl<C: Core> Lockstep<C> {
    /// The same with this core.
    ///
    /// # Errors
    /// The wiring does not fit the network.
    pub fn with_core(
        core: C,
        (net, roads): (&SumoNet, &Roads),
        ours: &OurCity,
        exact: bool,
    ) -> Result<Self, SumoError> {
        let wiring = &ours.wiring.sites;
        let pairs: Vec<_> = ours.sites.iter().map(AsRef::as_ref).zip(wiring).collect();
        if let Some((site, wired)) = pairs.iter().find(|(site, wired)| site.id != wired.site) {
            let why = format!("site {} is wired as {}", site.id, wired.site);
            return Err(SumoError::Controller(why));
        }
        let count = ours.sites.len();
        let mut lockstep = Self {
            city: core,
            street: SumoStreet::new(roads, &pairs)?,
            commands: Vec::new(),
            leases: Vec::new(),
            silent: None,
            down_s: 0,
            journal: None,
            referee: Referee::new(ours.rules.clone(), Millis::ZERO),
            letters: wiring.iter().map(|site| Letters::of(net, site)).collect(),
            fields: vec![FieldInputs::default(); count],
            lamps: vec![SiteLamps::default(); count],
            now: Mono::ZERO,
            began_s: ours.began_s,
            exact,
            decisions: Vec::new(),
        };
        // The start-up comes before the first second: an empty street sees it.
        for _ in 0..ours.warm_up.as_ms() / TICK.as_ms() {
            lockstep.cycle();
        }
        Ok(lockstep)
    }

    /// One cycle of 100 ms: cabinets read back, the city decides, the cabinets show it.
    pub fn cycle(&mut self) -> Duration {
        self.now = self.now + TICK;
        self.street.step(self.now, &self.lamps);
        for (number, (field, lamps)) in (0_u16..).zip(self.fields.iter_mut().zip(&self.lamps)) {
            self.street.sense(SiteId::new(number), field);
            let silent = self.silent.is_some_and(|(at, _)| at == usize::from(number));
            if silent {
                field.readback.cabinet = CabinetState::Silent;
                field.readback.age += TICK;
                continue;
            }
            field.readback.cabinet = CabinetState::Following;
            field.readback.age = Millis::ZERO;
            for (read, lamp) in field.readback.lamps.iter_mut().zip(lamps) {
                *read = Observed::Lamps(*lamp);
            }
        }
        let gone_s = u32::try_from(self.now.as_ms() / 1000).unwrap_or(u32::MAX);
        let began = Instant::now();
        let commands = core::mem::take(&mut self.commands);
        let inputs = CycleInputs {
            now: self.now,
            civil: CivilTime {
                second_of_day: (self.began_s + gone_s) % 86_400,
                date: MONDAY,
            },
            fields: &self.fields,
            commands: &commands,
        };
        self.city.cycle(&inputs, &self.leases);
        let took = began.elapsed();
        if let (Some(journal), Some(city)) = (&mut self.journal, self.city.recorded()) {
            journal.cycle(&inputs, city);
        }
        self.city.show(&mut self.lamps);
        self.referee.watch(self.now, &self.lamps, &());
        took
    }

    fn show(&self, lights: &mut [Option<String>]) {
        for (site, (letters, lamps)) in self.letters.iter().zip(&self.lamps).enumerate() {
            if let Some(light) = lights.get_mut(self.street.signal(site)) {
                *light = Some(letters.of_lamps(lamps));
            }
        }
    }

    /// The moment of the last cycle, on the city's own clock.
    #[must_use]
    pub const fn now(&self) -> Mono {
        self.now
    }

    /// What the cabinets told in the last cycle.
    #[must_use]
    pub fn fields(&self) -> &[FieldInputs] {
        &self.fields
    }

    /// The referee.
    #[must_use]
    pub const fn referee(&self) -> &Referee {
        &self.referee
    }

    /// The first offences, a line each.
    #[must_use]
    pub fn offences(&self) -> Vec<String> {
        let first = self.referee.sightings().iter().take(OFFENCES_MAX);
        first.map(|seen| format!("{seen:?}")).collect()
    }
}

impl<C: Core> Controller for Lockstep<C> {
    fn second(
        &mut self,
        street: &StreetNow<'_>,
        lights: &mut [Option<String>],
    ) -> Result<(), SumoError> {
        self.street.take(street, self.exact);
        if let Some((_, left)) = &mut self.silent {
            *left = left.saturating_sub(1);
        }
        self.silent = self.silent.filter(|(_, left)| *left > 0);
        if self.down_s > 0 {
            self.down_s -= 1;
            self.commands.clear();
            for _ in 0..CYCLES {
                self.now = self.now + TICK;
                self.street.step(self.now, &self.lamps);
            }
            self.show(lights);
            return Ok(());
        }
        // The picture is new in the first cycle of a second, and that is when sites decide.
        let took = self.cycle();
        let sites = u32::try_from(self.lamps.len().max(1)).unwrap_or(u32::MAX);
        self.decisions.push(took / sites);
        for _ in 1..CYCLES {
            self.cycle();
        }
        self.show(lights);
        Ok(())
    }

    fn tally(&self) -> Tally {
        let mut sorted = self.decisions.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * 99).div_ceil(100).saturating_sub(1);
        Tally {
            referee: self.referee.counts().total(),
            decision_us_p99: sorted.get(at).map(|took| took.as_secs_f64() * 1e6),
        }
    }

    fn explain(&self, signal: usize) -> Vec<String> {
        let mut lines = self.offences();
        for (number, field) in self.fields.iter().enumerate() {
            if self.street.signal(number) == signal {
                lines.extend(self.city.explain(number, field));
            }
        }
        lines
    }
}
