//! The exact search against every order there is.

use proptest::prelude::*;

use super::super::order::{Pair, Runner, Search, Stop, cost};
use super::*;

/// The same cost by another way: every pair is ordered one way or the other, all combinations.
fn brute_force(search: &Search) -> (u64, u64) {
    let mut best = (u64::MAX, u64::MAX);
    for bits in 0_u32..1 << search.pairs.len() {
        if let Some(score) = scored(search, bits) {
            best = best.min(score);
        }
    }
    best
}

fn scored(search: &Search, bits: u32) -> Option<(u64, u64)> {
    let mut late = vec![Millis::ZERO; search.stops.len()];
    for round in 0..=search.stops.len() * search.pairs.len() + 1 {
        let before = late.clone();
        for at in 1..late.len() {
            if search.stops[at].runner == search.stops[at - 1].runner {
                late[at] = late[at].max(late[at - 1]);
            }
        }
        for (number, pair) in search.pairs.iter().enumerate() {
            let which = usize::try_from(bits >> number & 1).unwrap();
            let (first, then) = (pair.stops[which], pair.stops[1 - which]);
            let (one, other) = (search.stops[first], search.stops[then]);
            let begins = other.free + late[then];
            let begins = begins.back(other.lead);
            let clear = one.free + late[first] + one.tail + pair.clear[which];
            if clear > begins {
                late[then] = late[then].max((clear + other.flush).since(other.free));
            }
        }
        if late == before {
            let mut score = (0, 0);
            for (at, runner) in search.runners.iter().enumerate() {
                let own = search.stops.iter().zip(&late);
                let last = own.rev().find(|(stop, _)| stop.runner == at);
                let own = cost(runner.rank, last.map_or(Millis::ZERO, |(_, late)| *late));
                if runner.preempts {
                    score.0 += own;
                } else {
                    score.1 += own;
                }
            }
            return Some(score);
        }
        if round > search.stops.len() * search.pairs.len() {
            return None;
        }
    }
    None
}

/// Two or three vehicles that share up to three signals, each in its own order.
fn meeting() -> impl Strategy<Value = Search> {
    let runner = (1_u8..=5, 1_u8..=5, any::<bool>());
    let stop = (0_u32..90, 5_u32..20, 0_u32..6, 2_u32..5);
    let one = (runner, prop::collection::vec(stop, 3), 0_usize..6);
    (prop::collection::vec(one, 2..=3), 1_usize..=3, 4_u32..25).prop_map(
        |(vehicles, shared, clear)| {
            let mut search = Search::default();
            let ways = [
                [0, 1, 2],
                [0, 2, 1],
                [1, 0, 2],
                [1, 2, 0],
                [2, 0, 1],
                [2, 1, 0],
            ];
            for (at, ((rank, priority, preempts), stops, way)) in vehicles.iter().enumerate() {
                search.runners.push(Runner {
                    corridor: CorridorId::new(u32::try_from(at).unwrap() + 1),
                    rank: (*rank, *priority),
                    preempts: *preempts,
                    waited: Millis::ZERO,
                });
                let mut free = Mono::from_ms(60_000);
                for place in ways[*way].into_iter().filter(|place| *place < shared) {
                    let (after, lead, flush, tail) = stops[place];
                    free = free + Millis::from_secs(after);
                    search.stops.push(Stop {
                        runner: at,
                        crossing: place,
                        site: site(place),
                        free,
                        lead: Millis::from_secs(lead + flush),
                        flush: Millis::from_secs(flush),
                        tail: Millis::from_secs(tail),
                        unhindered: Mono::ZERO,
                        err: Millis::ZERO,
                        change: Millis::ZERO,
                        committed: false,
                        holds: false,
                    });
                }
            }
            for a in 0..search.stops.len() {
                for b in a + 1..search.stops.len() {
                    let (one, other) = (search.stops[a], search.stops[b]);
                    if one.site == other.site && one.runner != other.runner {
                        search.pairs.push(Pair {
                            stops: [a, b],
                            clear: [Millis::from_secs(clear), Millis::from_secs(clear / 2)],
                            promise: None,
                        });
                    }
                }
            }
            search
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn two_or_three_that_meet_are_served_in_the_best_order_there_is(meeting in meeting()) {
        let mut search = meeting;
        search.solve();
        let found = search.found().expect("there is always an order");
        prop_assert_eq!(found, brute_force(&search));
    }

    #[test]
    fn the_order_does_not_depend_on_how_often_it_is_asked_for(meeting in meeting()) {
        let mut search = meeting;
        search.solve();
        let first = (search.found(), search.times().to_vec());
        search.solve();
        prop_assert_eq!(first, (search.found(), search.times().to_vec()));
    }

    #[test]
    fn who_has_no_right_of_way_never_delays_those_who_have(meeting in meeting()) {
        let mut search = meeting;
        search.solve();
        let with = search.found().expect("an order").0;
        // The same without those who have none.
        let keep = |runner: usize| search.runners[runner].preempts;
        let mut alone = search.clone();
        alone.pairs.retain(|pair| pair.stops.iter().all(|stop| keep(search.stops[*stop].runner)));
        alone.solve();
        prop_assert_eq!(with, alone.found().expect("an order").0);
    }
}

/// Two that meet at one signal, of these ranks, each there after so many seconds; the second holds it.
fn two(ranks: [u8; 2], there_s: [u32; 2], committed: bool) -> Search {
    let stop = |runner: usize, holds| Stop {
        runner,
        crossing: 0,
        site: site(0),
        free: secs(there_s[runner]),
        lead: Millis::from_secs(8),
        flush: Millis::ZERO,
        tail: Millis::from_secs(2),
        unhindered: Mono::ZERO,
        err: Millis::ZERO,
        change: Millis::ZERO,
        committed: holds && committed,
        holds,
    };
    let runner = |number, rank| Runner {
        corridor: CorridorId::new(number),
        rank: (rank, 1),
        preempts: true,
        waited: Millis::ZERO,
    };
    let mut search = Search::default();
    search
        .runners
        .extend([runner(1, ranks[0]), runner(2, ranks[1])]);
    search.stops.extend([stop(0, false), stop(1, true)]);
    search.pairs.push(Pair {
        stops: [0, 1],
        clear: [Millis::from_secs(6); 2],
        promise: None,
    });
    search.solve();
    search
}

#[test]
fn a_vehicle_that_cannot_stop_goes_first_whatever_its_rank() {
    let search = two([1, 4], [30, 30], true);
    assert_eq!(search.first_of(0), Some(1));
    assert_eq!(search.times(), [secs(38), secs(30)]);
}

#[test]
fn a_lock_is_taken_away_only_for_what_is_worth_a_change() {
    // 5 or 8 s sooner: the other order costs 10 or 16 s less in all.
    assert_eq!(two([1, 1], [30, 35], false).first_of(0), Some(1));
    assert_eq!(two([1, 1], [30, 38], false).first_of(0), Some(0));
    // A higher class is worth it.
    assert_eq!(two([1, 3], [30, 30], false).first_of(0), Some(0));
}

/// Five and more are too many for every order; the search stays bounded and finds a good one.
#[test]
fn many_that_meet_are_ordered_within_a_bound() {
    let mut search = Search::default();
    for at in 0..9_u32 {
        search.runners.push(Runner {
            corridor: CorridorId::new(at + 1),
            rank: (1 + u8::try_from(at % 3).unwrap(), 1),
            preempts: true,
            waited: Millis::ZERO,
        });
        for place in 0..3_u32 {
            search.stops.push(Stop {
                runner: usize::try_from(at).unwrap(),
                crossing: usize::try_from(place).unwrap(),
                site: site(usize::try_from(place).unwrap()),
                free: secs(30 + 40 * place + 3 * at),
                lead: Millis::from_secs(8),
                flush: Millis::ZERO,
                tail: Millis::from_secs(2),
                unhindered: Mono::ZERO,
                err: Millis::ZERO,
                change: Millis::ZERO,
                committed: false,
                holds: false,
            });
        }
    }
    for a in 0..27_usize {
        for b in (a + 3 - a % 3..27).filter(|b| b % 3 == a % 3) {
            search.pairs.push(Pair {
                stops: [a, b],
                clear: [Millis::from_secs(6); 2],
                promise: None,
            });
        }
    }
    search.solve();
    let (found, _) = search.found().unwrap();
    let by_rank: u64 = (0..9_u32)
        .map(|at| {
            let place = at / 3 + 3 * (at % 3);
            let rank = 1 + u8::try_from(at % 3).unwrap();
            cost((rank, 1), Millis::from_secs(8 * place))
        })
        .sum();
    assert!(found <= by_rank * 2, "{found} against {by_rank}");
}
