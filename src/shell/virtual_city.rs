//! A city to practise on: the virtual street, ideal cabinets and the referee, in virtual time.
//!
//! An ideal cabinet shows this cycle what was commanded in the last one and reads it back; the
//! wires come in with the emulated cabinets of `shell::field`.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::controller::{City, Command};
use crate::corridor::Fix;
use crate::detect::FieldInputs;
use crate::ids::SiteId;
use crate::kernel::CabinetState;
use crate::network::RoadGraph;
use crate::plan::CheckedCity;
use crate::signal::{GROUPS_MAX, Indication, Observed};
use crate::sim::{
    PEAK_SATURATION, Referee, SiteLamps, SiteRules, Street, StreetConfig, StreetFix, VirtualStreet,
    lay_city,
};
use crate::units::{Millis, Mono};

/// Lamps change at whole cycles; the referee forgives one.
const REFEREE_SLACK: Millis = Millis::new(100);

/// The street, its referee and ideal cabinets.
#[derive(Clone, Debug)]
pub struct VirtualCity {
    /// The street.
    pub street: VirtualStreet,
    rules: Vec<SiteRules>,
    referee: Referee,
    lamps: Vec<SiteLamps>,
    fields: Vec<FieldInputs>,
    /// The street's clock is this far ahead of the city's.
    ahead: Millis,
    /// Sites have area sensors beside their loops.
    pub sees_areas: bool,
}

/// The referee's rules for every site, from its own reading of the site files.
///
/// # Errors
/// A site file that is missing or that the referee cannot read, in a sentence.
pub fn referee_rules(
    city: &CheckedCity,
    files: &[(String, String)],
) -> Result<Vec<SiteRules>, String> {
    city.sites
        .iter()
        .map(|site| {
            let name = format!("sites/{}.toml", site.id);
            let text = files
                .iter()
                .find(|(file, _)| *file == name)
                .map(|(_, text)| text.as_str());
            let text = text.ok_or_else(|| format!("{name} is missing"))?;
            SiteRules::parse(text).map_err(|why| format!("the referee cannot read {name}: {why}"))
        })
        .collect()
}

/// A position on the street as the corridor engine takes it.
#[must_use]
pub fn fix_of(seen: &StreetFix) -> Fix {
    Fix {
        at: seen.at,
        x_m: seen.x_m,
        y_m: seen.y_m,
        speed: seen.speed,
    }
}

/// The referee's counters as the result objects show them.
#[must_use]
pub fn counts_json(referee: &Referee) -> Value {
    let counts = referee.counts();
    json!({
        "conflicts": counts.conflicts,
        "short_clearances": counts.short_clearances,
        "short_ambers": counts.short_ambers,
        "short_greens": counts.short_greens,
        "cut_pedestrian": counts.cut_pedestrian,
        "caught": counts.caught,
    })
}

impl VirtualCity {
    /// The street of `city`, empty, at `start_s` seconds after midnight.
    ///
    /// # Errors
    /// The files do not make a street, in a sentence.
    pub fn new(
        city: &CheckedCity,
        graph: &RoadGraph,
        files: &[(String, String)],
        (seed, start_s): (u64, u32),
    ) -> Result<Self, String> {
        let rules = referee_rules(city, files)?;
        let map = lay_city(graph, &city.sites, PEAK_SATURATION);
        let config = StreetConfig {
            seed,
            second_of_day: start_s,
            ..StreetConfig::default()
        };
        let sites = city.sites.len();
        Ok(Self {
            street: VirtualStreet::new(map, config),
            referee: Referee::new(rules.clone(), REFEREE_SLACK),
            rules,
            lamps: vec![[Indication::Dark; GROUPS_MAX]; sites],
            fields: vec![FieldInputs::default(); sites],
            ahead: Millis::ZERO,
            sees_areas: false,
        })
    }

    /// A running street and what its cabinets told at `now`, carried on with ideal cabinets and no
    /// referee.
    #[must_use]
    pub fn carry_on(street: VirtualStreet, fields: Vec<FieldInputs>, now: Mono) -> Self {
        let shown = |lamp: &Observed| match lamp {
            Observed::Lamps(lamp) => *lamp,
            Observed::NoSensor | Observed::Nonsense => Indication::Dark,
        };
        let lamps = fields
            .iter()
            .map(|field| field.readback.lamps.each_ref().map(shown))
            .collect();
        Self {
            ahead: street.now().since(now),
            sees_areas: false,
            street,
            rules: Vec::new(),
            referee: Referee::default(),
            lamps,
            fields,
        }
    }

    /// The referee begins anew, as at the end of a warm-up.
    pub fn forget_referee(&mut self) {
        self.referee = Referee::new(self.rules.clone(), REFEREE_SLACK);
    }

    /// The referee.
    #[must_use]
    pub const fn referee(&self) -> &Referee {
        &self.referee
    }

    /// What the cabinets tell now, one per site.
    #[must_use]
    pub fn fields(&self) -> &[FieldInputs] {
        &self.fields
    }

    /// Moves everybody on to `now`; positions that have arrived become commands.
    pub fn step(&mut self, now: Mono, commands: &mut Vec<Command>) {
        let there = now + self.ahead;
        self.referee.watch(there, &self.lamps, &self.street);
        self.street.step(there, &self.lamps);
        for (number, (field, lamps)) in (0_u16..).zip(self.fields.iter_mut().zip(&self.lamps)) {
            self.street.sense(SiteId::new(number), field);
            if self.sees_areas {
                self.street.sense_area(SiteId::new(number), &mut field.area);
            }
            field.readback.cabinet = CabinetState::Following;
            field.readback.age = Millis::ZERO;
            for (read, lamp) in field.readback.lamps.iter_mut().zip(lamps) {
                *read = Observed::Lamps(*lamp);
            }
        }
        for seen in self.street.fixes(there) {
            let mut fix = fix_of(&seen);
            fix.at = Mono::from_ms(fix.at.as_ms() - u64::from(self.ahead.as_ms()));
            commands.push(Command::Fix(seen.vehicle.to_string(), fix));
        }
    }

    /// The cabinets take over what the cycle commanded.
    pub fn show(&mut self, city: &City) {
        for (lamps, site) in self.lamps.iter_mut().zip(city.sites()) {
            if let Some(cycle) = site.last() {
                *lamps = cycle.outputs.all_lamps();
            }
        }
    }

    /// Everything on the street as it stands, to be carried on elsewhere.
    #[must_use]
    pub fn into_street(self) -> (VirtualStreet, Arc<[SiteRules]>) {
        (self.street, self.rules.into())
    }
}
