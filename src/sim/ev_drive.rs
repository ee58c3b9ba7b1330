//! How an emergency vehicle drives: what it gives way to, what it passes, and what others make of
//! it.

use super::emergency::{Ev, SignalRecord, metres};
use super::lane::{Aspect, CAR_M, DT, JAM_GAP_M, LINE_GAP_M, Lead, STANDING_MPS, can_stop, follow};
use super::map::{Exit, Road, RoadEnd, StreetMap};
use super::street::SiteLamps;
use super::virtual_street::VirtualStreet;
use crate::ids::RoadId;
use crate::units::{Millis, Mono};

/// It drives this much faster than the limit where it can.
const OVER_LIMIT: f32 = 1.2;
/// Vehicles this far ahead hear it and move aside, metres.
const HEARD_M: f32 = 60.0;
/// Moving vehicles slow to this share of their speed while it passes.
const ASIDE: f32 = 0.7;
/// It passes nobody faster than this, metres per second of difference.
const PASSING_MPS: f32 = 9.0;
/// A vehicle slower than this cannot clear the lane for it, metres per second.
const BLOCKING_MPS: f32 = 3.0;
/// What counts as its braking distance: this deceleration, and this time to react.
const BRAKE_MPS2: f32 = 3.0;
const REACTION_S: f32 = 0.5;

impl VirtualStreet {
    /// What traffic at `pos` makes of emergency vehicles on its road: the speed it wants, and who
    /// is ahead of it.
    pub(super) fn mind_evs(
        &self,
        (road, lane): (RoadId, usize),
        pos: f32,
        want: f32,
        lead: Lead,
    ) -> (f32, Lead) {
        let lanes = self.map.roads[road.index()].lanes.len();
        let (mut want, mut lead) = (want, lead);
        for ev in self
            .evs
            .iter()
            .filter(|ev| ev.active() && ev.road() == road)
        {
            let behind = pos - ev.at_m;
            if behind < 0.0 && ev.lane == lane {
                let tail = ev.tail();
                lead = lead.nearer(Lead {
                    tail,
                    speed: ev.speed,
                });
            } else if (0.0..HEARD_M).contains(&behind) && lanes > 1 {
                want = want.min(self.map.roads[road.index()].speed_mps * ASIDE);
            }
        }
        (want, lead)
    }

    pub(super) fn drive_ev(
        &mut self,
        map: &StreetMap,
        evs: &mut [Ev],
        at: usize,
        lamps: &[SiteLamps],
    ) {
        if !evs[at].active() {
            return;
        }
        if self.clock.is_multiple_of(500) && evs[at].at_m > 0.0 {
            let lane = self.ev_lane(map, &evs[at], Some(evs[at].lane));
            evs[at].lane = lane;
        }
        let others = others_ahead(evs, at);
        let ev = &mut evs[at];
        let id = ev.road();
        let road = &map.roads[id.index()];
        let aspect = self.aspect(id, ev.lane, lamps);
        self.judge(road, ev, aspect);
        let (lead, pass) = self.ev_lead(map, ev, aspect);
        let mut want = (road.speed_mps * OVER_LIMIT).min(ev.most_mps).min(pass);
        if aspect == Aspect::Careful && road.length_m - ev.at_m < 30.0 {
            want = want.min(6.0);
        }
        ev.speed = follow(ev.at_m, ev.speed, want, lead.nearer(others));
        ev.at_m += ev.speed * DT;
        self.note_stop(ev);
        self.ev_onward(map, road, ev);
        self.report_fix(ev);
    }

    /// What is ahead of the vehicle, and how fast it may pass those who move aside.
    fn ev_lead(&self, map: &StreetMap, ev: &Ev, aspect: Aspect) -> (Lead, f32) {
        let road = &map.roads[ev.road().index()];
        let lane = self.lane_at(ev.road(), ev.lane);
        let (mut lead, mut pass) = self.in_lane(lane, ev.at_m, road.lanes.len());
        let dist = road.length_m - ev.at_m;
        let exit = ev.next_road().and_then(|next| road.exit_to(next));
        let Some(exit) = exit.map(|exit| &road.exits[exit]) else {
            return (lead, pass);
        };
        let wall = Lead::wall(road.length_m);
        let stops = match aspect {
            Aspect::Stop => true,
            Aspect::Amber => can_stop(ev.speed, dist - LINE_GAP_M),
            Aspect::Go | Aspect::Careful => dist < 40.0 && self.must_yield_ev(exit, dist, ev.speed),
        };
        if stops {
            return (lead.nearer(wall), pass);
        }
        if dist < 100.0 && lead.tail > road.length_m {
            let (next, after) = self.ev_next_lane(map, ev, exit);
            let shift = road.length_m + after.box_m;
            let (ahead, slow) = self.in_lane(next, -after.box_m, after.lanes.len());
            if ahead.speed < BLOCKING_MPS && ahead.tail < super::emergency::EV_M + JAM_GAP_M {
                lead = lead.nearer(wall);
            } else if ahead.tail < f32::MAX {
                let tail = ahead.tail + shift;
                lead = lead.nearer(Lead {
                    tail,
                    speed: ahead.speed,
                });
            }
            pass = pass.min(slow);
        }
        (lead, pass)
    }

    /// Walkers on their way have priority even over a siren.
    fn must_yield_ev(&self, exit: &Exit, dist: f32, speed: f32) -> bool {
        self.walkers_in_way(exit) && (dist > 0.0 && can_stop(speed, dist - LINE_GAP_M + 2.0))
    }

    /// The lane of the next road that the vehicle is going to use.
    fn ev_next_lane<'map>(
        &self,
        map: &'map StreetMap,
        ev: &Ev,
        exit: &Exit,
    ) -> (usize, &'map Road) {
        let after = &map.roads[exit.road.index()];
        let next = ev
            .route
            .get(ev.leg + 2)
            .and_then(|leg| after.exit_to(leg.road));
        let next = u8::try_from(next.unwrap_or(0)).unwrap_or(0);
        (self.best_lane(after, exit.road, next), after)
    }

    /// The nearest vehicle ahead in a lane that cannot move aside, and how fast one may pass.
    fn in_lane(&self, lane: usize, from: f32, lanes: usize) -> (Lead, f32) {
        let mut pass = f32::MAX;
        for car in self.lanes[lane].cars.iter().rev() {
            if car.pos <= from {
                continue;
            }
            if lanes == 1 || car.speed < BLOCKING_MPS {
                let tail = car.pos - CAR_M;
                return (
                    Lead {
                        tail,
                        speed: car.speed,
                    },
                    pass,
                );
            }
            if car.pos - from < 25.0 {
                pass = pass.min(car.speed + PASSING_MPS);
            }
        }
        (Lead::NONE, pass)
    }

    /// The lane it uses: of those that lead where it goes, the one with the most free way.
    pub(super) fn ev_lane(&self, map: &StreetMap, ev: &Ev, now_in: Option<usize>) -> usize {
        let road = &map.roads[ev.road().index()];
        let exit = ev.next_road().and_then(|next| road.exit_to(next));
        let mut best = (now_in.unwrap_or(0), f32::MIN);
        for (lane, rule) in road.lanes.iter().enumerate() {
            if exit.is_some_and(|exit| rule.exits & (1 << exit) == 0) {
                continue;
            }
            let at = self.lane_at(ev.road(), lane);
            let stays = now_in == Some(lane);
            if !stays && self.lanes[at].covers(ev.tail() - 2.0, ev.at_m + 2.0) {
                continue;
            }
            let ahead = self.in_lane(at, ev.at_m, road.lanes.len()).0;
            let crowd = self.lanes[at]
                .cars
                .iter()
                .take_while(|car| car.pos > ev.at_m)
                .count();
            let crowd = f32::from(u16::try_from(crowd).unwrap_or(u16::MAX));
            let free = ahead.tail.min(road.length_m) - 2.0 * crowd + if stays { 10.0 } else { 0.0 };
            if free > best.1 {
                best = (lane, free);
            }
        }
        best.0
    }

    /// Notes how the signal stood when the vehicle came within its braking distance.
    fn judge(&self, road: &Road, ev: &mut Ev, aspect: Aspect) {
        let RoadEnd::Signal(site, approach) = road.end else {
            return;
        };
        let dist = road.length_m - ev.at_m;
        let brake = ev.speed * ev.speed / (2.0 * BRAKE_MPS2) + ev.speed * REACTION_S;
        let early_stop = ev.stands && self.clock > ev.report.departed.as_ms() + 3000;
        if ev.judged || ev.next_road().is_none() || (dist > brake + 2.0 && !early_stop) {
            return;
        }
        ev.judged = true;
        let lane = &self.lanes[self.lane_at(ev.road(), ev.lane)];
        let queue = lane
            .cars
            .iter()
            .any(|car| car.pos > ev.at_m && car.speed < STANDING_MPS);
        ev.report.signals.push(SignalRecord {
            site,
            approach,
            green_at_arrival: aspect == Aspect::Go && !queue && !early_stop,
            queue_at_arrival: queue,
            stops: u32::from(early_stop),
            stopped: if early_stop {
                crate::units::TICK
            } else {
                Millis::ZERO
            },
            passed_at: None,
        });
    }

    fn note_stop(&self, ev: &mut Ev) {
        let stands = ev.speed < 0.5;
        let setting_off = self.clock <= ev.report.departed.as_ms() + 3000;
        if stands && !setting_off {
            let new = u32::from(!ev.stands);
            ev.report.stops += new;
            ev.report.stopped += crate::units::TICK;
            if let (true, Some(signal)) = (ev.judged, ev.report.signals.last_mut()) {
                signal.stops += new;
                signal.stopped += crate::units::TICK;
            }
        }
        ev.stands = stands;
    }

    /// On to the next road at the stop line, or home at the end of the way.
    fn ev_onward(&mut self, map: &StreetMap, road: &Road, ev: &mut Ev) {
        let now = Mono::from_ms(self.clock);
        let leg = ev.route[ev.leg];
        let Some(next) = ev.next_road() else {
            if ev.at_m >= (metres(leg.to.as_mm()) - road.box_m).min(road.length_m) {
                ev.report.arrived = Some(now);
                self.evs_on[leg.road.index()] -= 1;
            }
            return;
        };
        if ev.at_m < road.length_m {
            return;
        }
        if let (true, Some(signal)) = (ev.judged, ev.report.signals.last_mut()) {
            signal.passed_at = Some(now);
        }
        let lane = self.lane_at(leg.road, ev.lane);
        self.lanes[lane].passed = self.lanes[lane].passed.wrapping_add(1);
        self.evs_on[leg.road.index()] -= 1;
        self.evs_on[next.index()] += 1;
        ev.at_m -= road.length_m + map.roads[next.index()].box_m;
        ev.leg += 1;
        ev.judged = false;
        ev.lane = self.ev_lane(map, ev, None);
    }
}

/// Another emergency vehicle ahead in the same lane.
fn others_ahead(evs: &[Ev], at: usize) -> Lead {
    let this = &evs[at];
    evs.iter()
        .filter(|ev| ev.is_at(this.road(), this.lane) && ev.at_m > this.at_m)
        .fold(Lead::NONE, |lead, ev| {
            lead.nearer(Lead {
                tail: ev.tail(),
                speed: ev.speed,
            })
        })
}
