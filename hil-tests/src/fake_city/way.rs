//! Routes and previews of the made-up town.

use greenwave::shell::dispatch::request::Destination;
use greenwave::shell::dispatch::world::{
    Advice, ArrivalView, LatLon, Names, PreviewCrossing, PreviewView, PriceView, Refusal,
    RefusalClass,
};

use super::drive::{Drive, SPEED_MPS, Way};
use super::town::{ARMS, Town, between, distance_m};
use super::{no_place, no_vehicle};

impl Drive {
    /// Walks the grid: east or west first, then over the next bridge, then to the column.
    pub(super) fn way(
        &self,
        vehicle: usize,
        destination: &Destination,
    ) -> Result<(Way, Names), Refusal> {
        let city = &self.town.city;
        let (goal, names) = match destination {
            Destination::Place(id) => city
                .places
                .iter()
                .find(|place| place.id == *id)
                .map(|place| (place.at, place.names.clone()))
                .ok_or_else(|| {
                    let detail = format!("there is no place {id}");
                    Refusal::new(RefusalClass::NotFound, "no-such-place", detail)
                        .blaming("destination.facility_id", "a place of GET /api/v1/places")
                })?,
            Destination::At(point, name) => (point.at, Names::new(name, name)),
            Destination::Prepared(id) => {
                let detail = format!("the city has no prepared route {id}");
                return Err(
                    Refusal::new(RefusalClass::Unprocessable, "no-such-route", detail)
                        .blaming("destination", "none"),
                );
            }
        };
        let cells = (0..self.town.rows)
            .flat_map(|row| (0..self.town.columns).map(move |column| (column, row)));
        let near = |cell: &(i32, i32)| distance_m(Town::at(cell.0, cell.1), goal);
        let end = cells
            .min_by(|a, b| near(a).total_cmp(&near(b)))
            .filter(|cell| near(cell) < 240.0)
            .ok_or_else(|| no_place(destination))?;
        let path = self.path(self.homes[vehicle % self.homes.len()], end);
        Ok((self.measure(&path), names))
    }

    /// Breadth-first over the grid.
    pub(super) fn path(&self, from: (i32, i32), to: (i32, i32)) -> Vec<(i32, i32)> {
        let mut queue = vec![vec![from]];
        let mut seen = vec![from];
        let mut at = 0;
        while let Some(path) = queue.get(at).cloned() {
            at += 1;
            let here = path[path.len() - 1];
            if here == to {
                return path;
            }
            for (_, east, north, _) in [ARMS[1], ARMS[0], ARMS[3], ARMS[2]] {
                let next = (here.0 + east, here.1 + north);
                if self.town.joined(here.0, here.1, east, north) && !seen.contains(&next) {
                    seen.push(next);
                    let mut longer = path.clone();
                    longer.push(next);
                    queue.push(longer);
                }
            }
        }
        vec![from]
    }

    pub(super) fn measure(&self, path: &[(i32, i32)]) -> Way {
        let line: Vec<LatLon> = path.iter().map(|(c, r)| Town::at(*c, *r)).collect();
        let mut stops = Vec::new();
        let mut along = 0.0;
        for (pair, cells) in line.windows(2).zip(path.windows(2)) {
            let length = distance_m(pair[0], pair[1]);
            let middle = between(pair[0], pair[1], 0.5);
            let sites = &self.town.city.sites;
            if let Some(site) = sites
                .iter()
                .position(|site| site.crossing && distance_m(site.at, middle) < 10.0)
            {
                stops.push((site, 0, along + length / 2.0));
            }
            along += length;
            let site = self.town.index(cells[1].0, cells[1].1);
            let step = (cells[0].0 - cells[1].0, cells[0].1 - cells[1].1);
            let arm = ARMS.iter().find(|arm| (arm.1, arm.2) == step);
            let name = arm.map_or("", |arm| arm.0);
            let approaches = &sites[site].approaches;
            let approach = approaches.iter().position(|approach| approach.name == name);
            stops.push((site, approach.unwrap_or_default(), along - 12.0));
        }
        (line, stops, along)
    }

    pub(super) fn vehicle(&self, id: &str) -> Result<usize, Refusal> {
        let at = self.town.city.vehicles.iter().position(|one| one.id == id);
        at.ok_or_else(|| no_vehicle(id))
    }

    pub(super) fn preview(&self, id: &str, to: &Destination) -> Result<PreviewView, Refusal> {
        let ((line, stops, length_m), destination) = self.way(self.vehicle(id)?, to)?;
        let free_flow_s = length_m / SPEED_MPS;
        let crossings = stops
            .iter()
            .map(|(site, approach, along)| {
                let queue = ((site * 5 + approach * 3) % 9) as u16;
                let (eta_s, flush_s) = (along / SPEED_MPS, f64::from(queue) * 2.0 + 2.0);
                PreviewCrossing {
                    site: self.town.city.sites[*site].id.clone(),
                    approach: self.town.city.sites[*site].approaches[*approach]
                        .name
                        .clone(),
                    movement: "through".to_owned(),
                    eta_s,
                    eta_p90_s: eta_s * 1.1,
                    latest_start_s: (eta_s - flush_s - 11.0).max(0.0),
                    flush_s,
                    queue,
                    hold_s: flush_s + 14.0,
                    price_veh_s: 96.0,
                    unavailable: self
                        .is_silent(*site)
                        .then(|| Names::new("机柜无应答", "the cabinet does not answer")),
                }
            })
            .collect();
        let signals = stops.len() as u32;
        Ok(PreviewView {
            line,
            destination,
            length_m,
            free_flow_s,
            with_key_s: free_flow_s * 1.06,
            without_key_s: free_flow_s + f64::from(signals) * 14.5,
            saved_s: f64::from(signals) * 14.5 - free_flow_s * 0.06,
            arrival: ArrivalView {
                with_key_p90_s: free_flow_s * 1.15,
                without_key_p90_s: free_flow_s + f64::from(signals) * 22.0,
            },
            runs: 12,
            crossings,
            clashes: Vec::new(),
            alternatives: Vec::new(),
            price: PriceView {
                delay_veh_s: f64::from(signals) * 96.0,
                delay_low_veh_s: f64::from(signals) * 40.0,
                delay_high_veh_s: f64::from(signals) * 180.0,
                vehicles: signals * 7,
                walkers: signals * 2,
                wait_max_s: 84.0,
                wait_max_site: self.town.city.sites[stops[0].0].id.clone(),
                bound_s: 120,
            },
            advice: vec![press_now()],
        })
    }
}

fn press_now() -> Advice {
    Advice {
        code: "press-now".to_owned(),
        text: Names::new(
            "现在按下：排队可在车辆到达前清空。",
            "Press now: the queues clear before the vehicle arrives.",
        ),
        site: None,
    }
}
