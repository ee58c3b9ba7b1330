//! A site of the demo city under the rate rule, cycle by cycle, without a street.

use std::sync::Arc;

use greenwave::controller::CycleInputs;
use greenwave::detect::{AreaReport, FieldInputs, MovementReport, Sighting};
use greenwave::kernel::CabinetState;
use greenwave::shell::store::demo_city_files;
use greenwave::shell::sumo::load;
use greenwave::signal::{Indication, Observed};
use greenwave::sim::SiteLamps;
use greenwave::units::{CivilTime, Date, Length, Millis, Mono, Speed, TICK};

use super::{Core, RuledCity};
use crate::sumo::city_level::CityLevel;
use crate::sumo::rate_policy::RatePolicy;

const MONDAY: CivilTime = CivilTime {
    date: Date {
        year: 2026,
        month: 3,
        day: 2,
    },
    second_of_day: 36_000,
};

/// Two minutes of the site; how long each group has been green, in cycles.
fn drive(core: &mut RuledCity<RatePolicy>, field: &mut FieldInputs, now: &mut Mono) -> Vec<u32> {
    let mut lamps = [SiteLamps::default()];
    let mut green = vec![0; lamps[0].len()];
    for _ in 0..1200 {
        *now = *now + TICK;
        for (read, lamp) in field.readback.lamps.iter_mut().zip(&lamps[0]) {
            *read = Observed::Lamps(*lamp);
        }
        core.cycle(
            &CycleInputs {
                now: *now,
                civil: MONDAY,
                fields: core::slice::from_ref(field),
                commands: &[],
            },
            &[],
        );
        core.show(&mut lamps);
        for (count, lamp) in green.iter_mut().zip(&lamps[0]) {
            *count += u32::from(*lamp == Indication::Green);
        }
    }
    green
}

#[test]
fn the_rate_rule_serves_who_is_seen_and_whoever_presses() {
    let (city, _) = load(&demo_city_files()).unwrap();
    let found = city.sites.iter().find(|site| site.id == "J01").unwrap();
    let site: Arc<_> = CityLevel::Adaptive.put_on(found);
    let group = |name: &str| site.group(name).unwrap().index();
    let mut core = RuledCity::new(core::slice::from_ref(&site), RatePolicy::new);
    let mut field = FieldInputs::default();
    field.readback.cabinet = CabinetState::Following;
    field.readback.age = Millis::ZERO;
    field.area = AreaReport {
        age: Millis::ZERO,
        // Lane 1 is the first of the east approach: the main road.
        sightings: (0..8)
            .map(|at| Sighting {
                lane: 1,
                distance: Length::from_metres(at * 7),
                speed: Speed::ZERO,
                share: 1000,
            })
            .collect(),
        movements: vec![MovementReport::default(); site.movements().count()],
    };
    let mut now = Mono::ZERO;
    // Start-up calls everybody once; what comes after it is the rule's own.
    let _started = drive(&mut core, &mut field, &mut now);
    let quiet = drive(&mut core, &mut field, &mut now);
    assert!(quiet[group("ET")] > 700, "the main road runs: {quiet:?}");
    assert_eq!(quiet[group("PW")], 0, "nobody called this walk");
    field.presses[2] += 1;
    let called = drive(&mut core, &mut field, &mut now);
    assert!(called[group("PW")] >= 70, "a walk of 7 s: {called:?}");
}
