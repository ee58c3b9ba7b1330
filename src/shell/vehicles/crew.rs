//! What terminals are told while a corridor runs: report often, and a line for the crew.

use std::collections::BTreeMap;

use super::hub::Escort;
use super::session::Order;

/// Terminals report this often while a corridor runs, seconds.
const TRACK_EVERY_S: u16 = 1;

/// What a vehicle was told last, over which connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    corridor: u32,
    connection: u64,
    assured: bool,
}

/// Whom an order is for, and about which corridor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Of {
    /// Id of the vehicle.
    pub vehicle: String,
    /// Number of the corridor.
    pub corridor: u32,
}

/// Remembers what every vehicle was told.
#[derive(Debug, Default)]
pub struct Crew {
    told: BTreeMap<String, Told>,
}

impl Crew {
    /// Compares the corridors of this moment with what was told. `connection` gives the number of
    /// the connection that speaks for a vehicle, if there is one.
    pub fn look(
        &mut self,
        escorts: &[Escort],
        connection: impl Fn(&str) -> Option<u64>,
    ) -> Vec<(Of, Order)> {
        let mut orders = Vec::new();
        for escort in escorts {
            let Some(connection) = connection(&escort.vehicle) else {
                continue;
            };
            let now = Told {
                corridor: escort.corridor,
                connection,
                assured: escort.assured,
            };
            let before = self.told.insert(escort.vehicle.clone(), now);
            let of = || Of {
                vehicle: escort.vehicle.clone(),
                corridor: escort.corridor,
            };
            let mut tell = |order| orders.push((of(), order));
            let anew = before.is_none_or(|before| {
                (before.corridor, before.connection) != (now.corridor, now.connection)
            });
            if anew {
                tell(Order::Track {
                    every_s: TRACK_EVERY_S,
                    for_s: escort.for_s,
                });
                tell(text("绿波已开启，请按实际灯色行驶"));
            } else if before.is_some_and(|before| before.assured != now.assured) {
                tell(text(if now.assured {
                    "绿波已恢复，请按实际灯色行驶"
                } else {
                    "绿波无保证，前方可能红灯，请减速观察"
                }));
            }
        }
        let over = |vehicle: &String| !escorts.iter().any(|escort| escort.vehicle == *vehicle);
        let ended: Vec<String> = self
            .told
            .keys()
            .filter(|vehicle| over(vehicle))
            .cloned()
            .collect();
        for vehicle in ended {
            let told = self.told.remove(&vehicle);
            let same = told.filter(|told| connection(&vehicle) == Some(told.connection));
            if let Some(told) = same {
                let of = Of {
                    vehicle,
                    corridor: told.corridor,
                };
                let end = Order::Track {
                    every_s: 0,
                    for_s: 0,
                };
                orders.push((of.clone(), end));
                orders.push((of, text("绿波已结束")));
            }
        }
        orders
    }
}

fn text(text: &str) -> Order {
    Order::Text {
        urgent: true,
        text: text.to_owned(),
        number: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escort(corridor: u32, assured: bool) -> Escort {
        Escort {
            corridor,
            vehicle: "A120".to_owned(),
            for_s: 600,
            assured,
        }
    }

    #[test]
    fn a_crew_is_told_once_and_again_over_a_new_connection() {
        let mut crew = Crew::default();
        let told = crew.look(&[escort(1, true)], |_| Some(7));
        assert_eq!(
            told[0].1,
            Order::Track {
                every_s: 1,
                for_s: 600
            }
        );
        assert_eq!(told.len(), 2);
        assert_eq!(crew.look(&[escort(1, true)], |_| Some(7)), []);
        assert_eq!(crew.look(&[escort(1, false)], |_| Some(7)).len(), 1);
        assert_eq!(crew.look(&[escort(1, false)], |_| None), []);
        assert_eq!(crew.look(&[escort(1, true)], |_| Some(8)).len(), 2);
        let over = crew.look(&[], |_| Some(8));
        assert_eq!(
            over[0].1,
            Order::Track {
                every_s: 0,
                for_s: 0
            }
        );
        assert_eq!(crew.look(&[], |_| Some(8)), []);
    }
}
