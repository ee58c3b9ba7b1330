//! Lamps that nothing measures.

use super::*;
use crate::plan::{CityFiles, check_city};
use crate::shell::store::demo_city_files;
use crate::signal::Indication;

#[test]
fn a_driven_group_without_a_sensor_is_an_alarm() {
    let checked = check_city(&demo_city_files().into_iter().collect::<CityFiles>());
    let city = checked.value.unwrap();
    let site = &city.sites[0];
    let mut readback = Readback {
        cabinet: CabinetState::Following,
        ..Readback::default()
    };
    readback.lamps[..site.groups.len()].fill(Observed::Lamps(Indication::Red));
    assert_eq!(
        of_sensors(site, &readback),
        None,
        "groups that are not there"
    );

    readback.lamps[1] = Observed::NoSensor;
    let alarm = of_sensors(site, &readback).unwrap();
    assert!(alarm.serious);
    assert_eq!(alarm.site.as_ref(), Some(&site.id));
    assert!(alarm.text.en.contains(&site.groups[1].name));
    assert!(!alarm.text.en.contains(&site.groups[0].name));

    readback.cabinet = CabinetState::Silent;
    assert_eq!(
        of_sensors(site, &readback),
        None,
        "silence is another alarm"
    );
}
