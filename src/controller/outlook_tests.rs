//! Who leaves one site is told to the next, and to nobody else.

use alloc::sync::Arc;

use super::*;
use crate::corridor::Settings;
use crate::detect::testing::junction;
use crate::detect::{FieldInputs, Sighting};
use crate::ids::{ApproachId, SiteId};
use crate::kernel::CabinetState;
use crate::plan::{Approach, CheckedSite, DetectorUse, Emergency, Lane};
use crate::signal::{GroupSet, Observed};
use crate::units::{CivilTime, Length, Mono, Speed, TICK};

/// A junction with one approach of two lanes, each with a detector at the stop line and one 60 m
/// upstream.
fn site() -> CheckedSite {
    let mut site = junction();
    let group = crate::ids::GroupId::new(0);
    site.approaches.push(Approach {
        name: "W".into(),
        road: "R".into(),
        groups: GroupSet::only(group),
        emergency: Emergency::Groups(GroupSet::only(group)),
        lanes: vec![Lane::of(group, Vec::new()), Lane::of(group, Vec::new())],
        riders: None,
    });
    for lane in 0..2 {
        site.detectors[usize::from(lane)].lane = Some((ApproachId::new(0), lane));
        let mut upstream = site.detectors[usize::from(lane)].clone();
        upstream.usage = DetectorUse::Advance(Length::from_metres(60));
        upstream.channel = 10 + lane;
        site.detectors.push(upstream);
    }
    site
}

fn city() -> City {
    let plans: Arc<[_]> = (0..2).map(|_| Arc::new(site())).collect();
    let feeder = Feeder {
        to: SiteId::new(1),
        approach: ApproachId::new(0),
        from: SiteId::new(0),
        lane: 0,
        share: 1000,
        length: Length::from_metres(300),
        speed: Speed::from_mm_per_s(10_000),
    };
    let nowhere = Feeder {
        to: SiteId::new(9),
        ..feeder
    };
    City::new(plans, Settings::default(), Mono::ZERO).with_neighbours(vec![feeder, nowhere])
}

fn drive(city: &mut City, now: &mut Mono, cycles: u32, departed: u16) {
    for _ in 0..cycles {
        *now = *now + TICK;
        let fields: Vec<_> = (0_u16..)
            .zip(city.sites())
            .map(|(number, state)| {
                let mut field = FieldInputs::default();
                field.readback.cabinet = CabinetState::Following;
                field.readback.age = TICK;
                field.readback.boot_count = 1;
                for (lamp, group) in field.readback.lamps.iter_mut().zip(0..5) {
                    *lamp = Observed::Lamps(state.kernel().shown(crate::ids::GroupId::new(group)));
                }
                if number == 0 {
                    field.detectors[0].count = departed;
                    field.detectors[0].last_pulse_ms = 500;
                }
                field
            })
            .take(2)
            .collect();
        city.cycle(&CycleInputs {
            now: *now,
            civil: CivilTime::default(),
            fields: &fields,
            commands: &[],
        });
    }
}

fn told(city: &City, site: usize) -> Vec<Sighting> {
    let all = city.sites()[site].detection().picture().sightings();
    all.iter()
        .filter(|seen| seen.share < 1000)
        .copied()
        .collect()
}

#[test]
fn a_departure_drives_to_the_next_site_until_its_own_loop_sees_it() {
    let (mut city, mut now) = (city(), Mono::ZERO);
    drive(&mut city, &mut now, 300, 0);
    assert_eq!(told(&city, 1), []);
    drive(&mut city, &mut now, 60, 1);
    let seen = told(&city, 1);
    assert_eq!(seen.len(), 2, "in either lane, half each: {seen:?}");
    assert!(seen.iter().all(|one| one.share == 500));
    let far = seen[0].distance.as_mm();
    assert!((230_000..290_000).contains(&far), "{far}");
    drive(&mut city, &mut now, 100, 1);
    let near = told(&city, 1)[0].distance.as_mm();
    assert!(far - near > 90_000 && far - near < 110_000, "{far} {near}");
    assert_eq!(told(&city, 0), [], "nobody drives to the site it left");
    drive(&mut city, &mut now, 150, 1);
    assert_eq!(told(&city, 1), [], "its own loop sees it now");
}

#[test]
fn a_snapshot_still_knows_who_is_on_the_road() {
    let (mut city, mut now) = (city(), Mono::ZERO);
    drive(&mut city, &mut now, 300, 0);
    drive(&mut city, &mut now, 30, 1);
    let bytes = postcard::to_stdvec(&city).unwrap();
    let mut again: City = postcard::from_bytes(&bytes).unwrap();
    assert!(again.attach(Arc::clone(city.plans())));
    let mut later = now;
    drive(&mut city, &mut now, 50, 1);
    drive(&mut again, &mut later, 50, 1);
    assert_eq!(told(&city, 1).len(), 2);
    assert_eq!(told(&again, 1), told(&city, 1));
}
