//! Who is told where which vehicle is, and how its drive ended.

use std::sync::mpsc::{SyncSender, TrySendError};

use super::line::Told;
use crate::sim::VirtualStreet;

/// One who follows a drive.
struct Follower {
    vehicle: String,
    to: SyncSender<Told>,
    /// Whether it arrived, once the drive is over.
    ended: Option<bool>,
}

/// Everybody who follows a drive.
#[derive(Default)]
pub(super) struct Followers(Vec<Follower>);

impl Followers {
    /// `to` is told of the drive that `vehicle` is on.
    pub(super) fn add(&mut self, vehicle: String, to: SyncSender<Told>) {
        self.0.push(Follower {
            vehicle,
            to,
            ended: None,
        });
    }

    /// The drive that `vehicle` is on is over before its end.
    pub(super) fn give_up(&mut self, vehicle: &str) {
        let of = self.0.iter_mut().filter(|one| one.vehicle == vehicle);
        for one in of {
            one.ended.get_or_insert(false);
        }
        self.tell_ends();
    }

    /// Tells where everybody is after a step. Who is slow to take places misses some, but not the
    /// end.
    pub(super) fn tell(&mut self, street: &VirtualStreet) {
        self.0.retain_mut(|one| {
            if one.ended.is_some() {
                return true;
            }
            if let Some(fix) = street.seen_exactly(&one.vehicle) {
                let told = one.to.try_send(Told::At(fix));
                return !matches!(told, Err(TrySendError::Disconnected(_)));
            }
            let drives = street.drives();
            let newest = drives.filter(|drive| *drive.vehicle == *one.vehicle).last();
            one.ended = Some(newest.is_some_and(|drive| drive.arrived.is_some()));
            true
        });
        self.tell_ends();
    }

    /// A full queue is tried again after the next step.
    fn tell_ends(&mut self) {
        self.0.retain(|one| {
            let Some(arrived) = one.ended else {
                return true;
            };
            let told = one.to.try_send(Told::End { arrived });
            matches!(told, Err(TrySendError::Full(_)))
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, sync_channel};

    use super::*;
    use crate::corridor::ServiceClass;
    use crate::network::RoadGraph;
    use crate::shell::checked_files::check_files;
    use crate::shell::store::demo_city_files;
    use crate::signal::Indication;
    use crate::sim::{Dispatch, RouteLeg, Street, StreetConfig, lay_city};
    use crate::units::{Length, Mono, Speed};

    /// Along the first half of the first road.
    fn drive(graph: &RoadGraph) -> Dispatch {
        let (road, about) = graph.roads().next().unwrap();
        let leg = RouteLeg {
            road,
            from: Length::ZERO,
            to: Length::from_mm(about.length.as_mm() / 2),
        };
        Dispatch {
            vehicle: "A120".to_owned(),
            class: ServiceClass::Ambulance,
            route: vec![leg],
            speed: Speed::ZERO,
        }
    }

    fn end(from: &Receiver<Told>) -> Option<bool> {
        from.try_iter().find_map(|told| match told {
            Told::End { arrived } => Some(arrived),
            Told::At(_) => None,
        })
    }

    #[test]
    fn a_drive_that_was_given_up_has_not_arrived_and_the_one_after_it_has() {
        let (city, graph) = check_files(&demo_city_files()).city.unwrap();
        let map = lay_city(&graph, &city.sites, 1.0);
        let config = StreetConfig {
            demand: 0.0,
            ..StreetConfig::default()
        };
        let mut street = VirtualStreet::new(map, config);
        let order = drive(&graph);
        let green = vec![[Indication::Green; 32]; city.sites.len()];
        street.step(Mono::ZERO, &green);
        let mut followers = Followers::default();

        let (to, first) = sync_channel(2);
        street.dispatch(&order).unwrap();
        followers.add(order.vehicle.clone(), to);
        followers.tell(&street);
        assert!(matches!(first.try_recv(), Ok(Told::At(_))));
        followers.give_up("B119");
        followers.tell(&street);
        followers.tell(&street);
        street.withdraw(&order.vehicle);
        followers.give_up(&order.vehicle);
        assert_eq!(end(&first), None, "its queue is full of places");
        followers.tell(&street);
        assert_eq!(end(&first), Some(false));

        let (to, second) = sync_channel(1);
        street.dispatch(&order).unwrap();
        followers.add(order.vehicle.clone(), to);
        let ended = (1..72_000).find_map(|step| {
            street.step(Mono::from_ms(step * 100), &green);
            followers.tell(&street);
            end(&second)
        });
        assert_eq!(ended, Some(true));
        assert!(followers.0.is_empty());
    }
}
