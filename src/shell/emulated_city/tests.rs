//! Cabinets that cannot be switched on.

use super::*;
use crate::plan::{CityFiles, check_city};
use crate::shell::store::demo_city_files;

/// The address, and what a person can do about it.
#[test]
fn a_busy_port_is_named_with_its_remedy() {
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = busy.local_addr().unwrap();
    let files = demo_city_files();
    let checked = check_city(&files.iter().cloned().collect::<CityFiles>());
    let mut city = checked.value.unwrap();
    for link in &mut city.links {
        link.first_port = 0;
    }
    let unit = u16::from(city.cabinets[0].unit);
    city.links[city.cabinets[0].link].first_port = at.port() + 1 - unit;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let why = switch_on(&city, &files, runtime.handle()).unwrap_err();
    let text = why.to_string();
    assert!(text.contains(&at.to_string()), "{text}");
    assert!(text.contains("first_port"), "{text}");
}
