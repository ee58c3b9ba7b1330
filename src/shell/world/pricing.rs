//! A preview as consoles and partners see it.

use super::planning::Planned;
use super::snapshot::seconds;
use super::{LiveWorld, statics, words};
use crate::corridor::{Clash, Preview, SiteBoard, clashes, preview};
use crate::network::Route;
use crate::shell::dispatch::world::{
    Advice, ArrivalView, ClashView, Names, PreviewCrossing, PreviewView, PriceView, Refusal,
};
use crate::shell::runtime::Picture;

impl LiveWorld {
    /// Prices the best way, with the others beside it.
    pub(super) fn price_all(&self, planned: &[Planned]) -> Result<PreviewView, Refusal> {
        let picture = self.picture()?;
        let mut views = planned.iter().map(|one| self.price(one, &picture));
        let mut best = views.next().unwrap_or_default();
        best.alternatives = views.collect();
        Ok(best)
    }

    fn price(&self, planned: &Planned, picture: &Picture) -> PreviewView {
        let board = picture.city.board(picture.now, &picture.fields);
        let corridors = picture.city.corridors();
        let plan = &planned.plan;
        let said = preview(plan, corridors.settings(), &board, picture.now);
        // Who goes first where ways meet is decided by the model's own arrivals.
        let meets = clashes(plan, &said, corridors, &board, picture.now);
        let (priced, runs) = self.parts.lessons.correct(&said, plan, picture.now);
        let city = &self.parts.planner.city;
        let crossings = plan.crossings.iter().zip(&priced.crossings);
        let crossings = crossings.map(|(crossing, price)| {
            let site = city.site(crossing.site);
            let approach = site.and_then(|site| site.approaches.get(crossing.approach.index()));
            let until = |at| seconds(picture.now.until(at));
            PreviewCrossing {
                site: site.map(|site| site.id.clone()).unwrap_or_default(),
                approach: approach.map(|a| a.name.clone()).unwrap_or_default(),
                movement: self.movement(&planned.route, &crossing.entry_road),
                eta_s: until(price.eta),
                eta_p90_s: until(price.eta_p90),
                latest_start_s: until(price.start),
                flush_s: seconds(price.flush),
                queue: board
                    .queue(crossing.site, crossing.approach)
                    .vehicles_worst_lane,
                hold_s: seconds(price.hold),
                price_veh_s: vehicle_seconds(price.price_vehicle_s),
                unavailable: (!price.available)
                    .then(|| Names::new("不可控", "cannot be commanded now")),
            }
        });
        let line = planned.route.line.iter();
        PreviewView {
            line: line
                .map(|point| statics::on_map(&self.parts.planner.graph, point.at))
                .collect(),
            destination: planned.destination.clone(),
            length_m: f64::from(plan.length.as_mm()) / 1000.0,
            free_flow_s: seconds(plan.free_flow),
            with_key_s: seconds(priced.with_key),
            without_key_s: seconds(priced.without_key),
            saved_s: seconds(priced.saved),
            arrival: ArrivalView {
                with_key_p90_s: seconds(priced.with_key_p90),
                without_key_p90_s: seconds(priced.without_key_p90),
            },
            runs,
            crossings: crossings.collect(),
            price: self.price_view(&priced),
            clashes: meets.iter().map(|clash| self.clash_view(*clash)).collect(),
            advice: self.advice(&priced, &meets),
            alternatives: Vec::new(),
        }
    }

    fn price_view(&self, priced: &Preview) -> PriceView {
        let longest = priced.longest_wait;
        PriceView {
            delay_veh_s: vehicle_seconds(priced.price_vehicle_s),
            delay_low_veh_s: vehicle_seconds(priced.price_low_vehicle_s),
            delay_high_veh_s: vehicle_seconds(priced.price_high_vehicle_s),
            vehicles: priced.crossings.iter().map(|one| one.vehicles).sum(),
            walkers: priced.crossings.iter().map(|one| one.walkers).sum(),
            wait_max_s: longest.map_or(0.0, |wait| seconds(wait.wait)),
            wait_max_site: longest.map_or_else(String::new, |wait| self.site_name(wait.site)),
            bound_s: longest.map_or(0, |wait| wait.bound.as_ms() / 1000),
        }
    }

    fn clash_view(&self, clash: Clash) -> ClashView {
        ClashView {
            site: self.site_name(clash.site),
            corridor: clash.corridor.number(),
            other_first: clash.other_first,
        }
    }

    fn advice(&self, priced: &Preview, meets: &[Clash]) -> Vec<Advice> {
        let (code, text) = words::advice(priced.advice, priced.saved, priced.price_vehicle_s);
        let mut advice = vec![Advice {
            code,
            text,
            site: None,
        }];
        advice.extend(meets.iter().map(|clash| Advice {
            code: "clash".to_owned(),
            text: words::clash(clash.other_first, clash.corridor.number()),
            site: Some(self.site_name(clash.site)),
        }));
        advice.extend(priced.beyond.map(|site| Advice {
            code: "behind-destination".to_owned(),
            text: words::behind_destination(),
            site: Some(self.site_name(site)),
        }));
        advice
    }

    fn site_name(&self, site: crate::ids::SiteId) -> String {
        let site = self.parts.planner.city.site(site);
        site.map(|site| site.id.clone()).unwrap_or_default()
    }

    fn movement(&self, route: &Route, entry: &str) -> String {
        let graph = &self.parts.planner.graph;
        let at = route
            .roads
            .iter()
            .position(|road| graph.road(*road).is_some_and(|road| road.id == entry));
        let turn = at.and_then(|at| route.turns.get(at));
        turn.map(|turn| statics::turn_word(*turn).to_owned())
            .unwrap_or_default()
    }
}

/// Vehicle-seconds are far below what a float holds exactly.
fn vehicle_seconds(vehicle_s: i64) -> f64 {
    i32::try_from(vehicle_s).map_or(f64::from(i32::MAX), f64::from)
}
