//! `greenwave corridor preview`: what the key would do, asked of a city that has been driven warm.

use serde_json::{Value, json};

use super::Failure;
use super::args::{PreviewOf, Simulate};
use super::drives::seconds;
use super::load::{LoadedCity, load_folder};
use super::out::say;
use super::simulate::{Run, WARM_UP};
use super::station::of_city;
use crate::corridor::{AskedBy, CorridorPlan, PlanRequest, Preview, ServiceClass, Waiting};
use crate::ids::CorridorId;
use crate::network::Position;
use crate::shell::learned::Kind;
use crate::shell::missions::{Mission, class_of, metres, missions};
use crate::shell::planner::Planner;
use crate::shell::world::advice;
use crate::units::{Millis, Mono};

/// Lists the prepared routes and waves of a city.
pub(super) fn routes(site: &std::path::Path) -> Result<(), Failure> {
    let loaded = load_folder(site)?;
    for mission in all_prepared(&loaded) {
        let (class, place) = (mission.class.word(), &mission.place);
        say(&format!(
            "route {}: {} / {}, {class} to {place}",
            mission.id, mission.name_zh, mission.name_en
        ));
    }
    for wave in &loaded.city.waves {
        let names = wave.sites.iter().filter_map(|(site, plan)| {
            let site = loaded.city.site(*site)?;
            Some(format!(
                "{} {}",
                site.id,
                site.plans.get(plan.index())?.name
            ))
        });
        let names: Vec<String> = names.collect();
        say(&format!(
            "wave {}: {} / {}, {} min: {}",
            wave.id,
            wave.name_zh,
            wave.name_en,
            wave.lasts.as_ms() / 60_000,
            names.join(", ")
        ));
    }
    Ok(())
}

pub(super) fn preview(options: &PreviewOf) -> Result<(), Failure> {
    let loaded = load_folder(&options.site)?;
    let mission = mission_of(&loaded, options)?;
    let planner = Planner {
        city: loaded.city.clone().into(),
        graph: loaded.graph.clone().into(),
    };
    let size = planner.size_of(mission.class);
    let route = planner
        .route((mission.from, mission.to), size)
        .map_err(|why| Failure::runtime(&why))?;
    let mut run = Run::new(
        &loaded,
        &Simulate::quiet(options.site.clone(), options.seed, options.start_hour),
    )?;
    run.go(WARM_UP);
    let request = PlanRequest {
        corridor: CorridorId::new(1),
        revision: 1,
        vehicle: "preview".to_owned(),
        asked_by: AskedBy::default(),
        class: mission.class,
        preempts: planner.preempts(mission.class),
        priority: 1,
        convoy: size.length,
        pace_percent: 120,
        expires: run.now() + Millis::from_secs(3600),
        departs: None,
    };
    let plan = planner
        .corridor(&route, request)
        .map_err(|why| Failure::runtime(&why))?;
    let known = of_city(&options.site, &loaded).map(|known| known.0);
    let known = known.unwrap_or_default();
    let said = run.preview(&plan);
    let priced = known
        .of(Kind::of(&plan))
        .known()
        .correct_from(&said, run.now());
    if options.json {
        say(&as_json(&loaded, run.now(), &plan, &priced).to_string());
    } else {
        draw(&loaded, run.now(), &plan, &priced);
    }
    Ok(())
}

/// A prepared mission, or the one that the options describe.
fn mission_of(loaded: &LoadedCity, options: &PreviewOf) -> Result<Mission, Failure> {
    let Some(road) = &options.from else {
        let wanted = options.mission.as_deref().unwrap_or("demo");
        return prepared(loaded, wanted);
    };
    let graph = &loaded.graph;
    let from = graph.road_by_name(road).ok_or_else(|| {
        Failure::Usage(format!(
            "no road {road}; roads are named as in network.geojson, as R-J17-J08"
        ))
    })?;
    let place = options.to.as_deref().unwrap_or_default();
    let to = graph.place_by_name(place).ok_or_else(|| {
        let known: Vec<&str> = graph.places().map(|(_, place)| place.id.as_str()).collect();
        Failure::Usage(format!(
            "--to {place}: no such place; there are {}",
            known.join(", ")
        ))
    })?;
    let length = graph.road(from).map(|road| road.length).unwrap_or_default();
    if metres(options.at_m) > length {
        return Err(Failure::Usage(format!(
            "--at-m {}: road {road} is {} m long",
            options.at_m,
            f64::from(length.as_mm()) / 1000.0
        )));
    }
    let class = class_of(&options.class).unwrap_or(ServiceClass::Ambulance);
    Ok(Mission {
        id: "preview".to_owned(),
        name_zh: "preview".to_owned(),
        name_en: "preview".to_owned(),
        class,
        from: Position::Road(from, metres(options.at_m)),
        place: place.to_owned(),
        to: Position::Place(to),
    })
}

/// A prepared mission of `city.toml`.
pub(super) fn prepared(loaded: &LoadedCity, wanted: &str) -> Result<Mission, Failure> {
    let known = all_prepared(loaded);
    let ids: Vec<String> = known.iter().map(|one| one.id.clone()).collect();
    let found = known.into_iter().find(|one| one.id == wanted);
    found.ok_or_else(|| {
        Failure::Usage(format!(
            "city.toml has no mission {wanted}; it has {}",
            ids.join(", ")
        ))
    })
}

/// Every prepared mission of `city.toml`.
pub(super) fn all_prepared(loaded: &LoadedCity) -> Vec<Mission> {
    let city_toml = loaded.files.iter().find(|(name, _)| name == "city.toml");
    let text = city_toml.map(|(_, text)| text.as_str()).unwrap_or_default();
    missions(text, &loaded.graph)
}

fn draw(loaded: &LoadedCity, start: Mono, plan: &CorridorPlan, priced: &Preview) {
    let (_, words) = advice(priced.advice, priced.saved, priced.price_vehicle_s);
    say(&format!(
        "{} m, {} signals: {:.0} s with the key (nine in ten: {:.0} s), {:.0} s without ({:.0} s), {:.0} s on an empty road",
        plan.length.as_mm() / 1000,
        plan.crossings.len(),
        seconds(priced.with_key),
        seconds(priced.with_key_p90),
        seconds(priced.without_key),
        seconds(priced.without_key_p90),
        seconds(plan.free_flow),
    ));
    say(&words.en);
    say(&format!(
        "nine runs in ten cost others {} to {} vehicle-seconds",
        priced.price_low_vehicle_s, priced.price_high_vehicle_s
    ));
    if let Some(wait) = &priced.longest_wait {
        let site = loaded.city.site(wait.site);
        say(&format!(
            "longest wait of others: {:.0} s by {} at {} (bound {:.0} s)",
            seconds(wait.wait),
            who(wait.who),
            site.map_or("?", |site| site.id.as_str()),
            seconds(wait.bound),
        ));
    }
    if let Some(site) = priced.beyond.and_then(|site| loaded.city.site(site)) {
        say(&format!(
            "{}, behind the destination: its queue reaches there; if it still does then, it is opened too (not in the price)",
            site.id
        ));
    }
    say("signal  approach   eta s  lock by s  flush s  hold s  costs others veh-s");
    for (crossing, price) in plan.crossings.iter().zip(&priced.crossings) {
        let Some(site) = loaded.city.site(crossing.site) else {
            continue;
        };
        let approach = site.approaches.get(crossing.approach.index());
        let note = if price.available {
            ""
        } else {
            "  cannot be commanded"
        };
        say(&format!(
            "{:6}  {:8} {:7.1}  {:9.1}  {:7.1}  {:6.1}  {:18}{note}",
            site.id,
            approach.map_or("?", |approach| approach.name.as_str()),
            seconds(start.until(price.eta)),
            seconds(start.until(price.start)),
            seconds(price.flush),
            seconds(price.hold),
            price.price_vehicle_s,
        ));
    }
}

const fn who(waiting: Waiting) -> &'static str {
    match waiting {
        Waiting::Vehicles => "vehicles",
        Waiting::Walkers => "walkers",
    }
}

fn as_json(loaded: &LoadedCity, start: Mono, plan: &CorridorPlan, priced: &Preview) -> Value {
    let name = |site| loaded.city.site(site).map(|site| site.id.clone());
    let crossings = plan.crossings.iter().zip(&priced.crossings);
    json!({
        "length_m": f64::from(plan.length.as_mm()) / 1000.0,
        "free_flow_s": seconds(plan.free_flow),
        "with_key_s": seconds(priced.with_key),
        "without_key_s": seconds(priced.without_key),
        "with_key_p90_s": seconds(priced.with_key_p90),
        "without_key_p90_s": seconds(priced.without_key_p90),
        "saved_s": seconds(priced.saved),
        "price_low_veh_s": priced.price_low_vehicle_s,
        "price_high_veh_s": priced.price_high_vehicle_s,
        "price_veh_s": priced.price_vehicle_s,
        "advice": advice(priced.advice, priced.saved, priced.price_vehicle_s).1.en,
        "longest_wait": priced.longest_wait.map(|wait| json!({
            "site": name(wait.site), "who": who(wait.who), "wait_s": seconds(wait.wait), "bound_s": seconds(wait.bound),
        })),
        "opens_behind_destination": priced.beyond.and_then(name),
        "signals": crossings.map(|(crossing, price)| json!({
            "site": name(crossing.site),
            "available": price.available,
            "eta_s": seconds(start.until(price.eta)),
            "eta_p90_s": seconds(start.until(price.eta_p90)),
            "lock_by_s": seconds(start.until(price.start)),
            "flush_s": seconds(price.flush),
            "hold_s": seconds(price.hold),
            "price_veh_s": price.price_vehicle_s,
        })).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::cli::load::load_demo;

    fn from(at_m: f64) -> PreviewOf {
        PreviewOf {
            site: std::path::PathBuf::new(),
            mission: None,
            from: Some("R-J17-J08".to_owned()),
            at_m,
            to: Some("H1".to_owned()),
            class: "fire".to_owned(),
            start_hour: 8,
            seed: 1,
            json: false,
        }
    }

    #[test]
    fn a_start_beyond_the_road_is_refused_with_its_length() {
        let loaded = load_demo().ok().unwrap();
        assert!(mission_of(&loaded, &from(10.0)).is_ok());
        let Err(Failure::Usage(why)) = mission_of(&loaded, &from(99_999.0)) else {
            panic!("99999 m along a road of the demo city");
        };
        let road = loaded.graph.road_by_name("R-J17-J08").unwrap();
        let length = loaded.graph.road(road).unwrap().length;
        let length = f64::from(length.as_mm()) / 1000.0;
        assert!(why.contains(&format!("{length} m")), "{why}");
    }
}
