//! From the lamps of signal groups to the letters of a signal's links.

use greenwave::shell::sumo::net::Connection;
use greenwave::shell::sumo::{SiteWiring, SumoNet};
use greenwave::signal::Indication;
use greenwave::sim::SiteLamps;

/// The letters of one site.
#[derive(Clone, Debug)]
pub struct Letters {
    width: usize,
    /// Place in the state, group, and whether walkers look at it.
    places: Vec<(usize, usize, bool)>,
    /// By place: the places that it has to yield to.
    yields_to: Vec<Vec<usize>>,
}

impl Letters {
    /// How the lamps of a site are told to SUMO.
    #[must_use]
    pub fn of(net: &SumoNet, site: &SiteWiring) -> Self {
        let places = site
            .links
            .iter()
            .map(|link| (link.index, usize::from(link.group), link.is_walk))
            .collect();
        let links = net.links_of(&site.tls);
        let mut yields_to = vec![Vec::new(); site.link_count];
        let place = |link: &Connection| link.link_index.unwrap_or(usize::MAX);
        for a in &links {
            for b in &links {
                if place(a) != place(b)
                    && net.must_yield(a, b)
                    && let Some(list) = yields_to.get_mut(place(a))
                {
                    list.push(place(b));
                }
            }
        }
        Self {
            width: site.link_count,
            places,
            yields_to,
        }
    }

    /// One letter per link. A green link that has to yield to a link with somebody on the way is
    /// told so; nothing else is: who yields where is the network's own.
    #[must_use]
    pub fn of_lamps(&self, lamps: &SiteLamps) -> String {
        let mut letters = vec![b'r'; self.width];
        let mut moves = vec![false; self.width];
        for (place, group, walks) in &self.places {
            let lamp = lamps.get(*group).copied().unwrap_or_default();
            if let (Some(letter), Some(moves)) = (letters.get_mut(*place), moves.get_mut(*place)) {
                *letter = if *walks {
                    walk_letter_of(lamp)
                } else {
                    letter_of(lamp)
                };
                // On the flashing man nobody sets off, but somebody may still be on the way.
                *moves = matches!(*letter, b'G' | b'y') || lamp == Indication::FlashingGreen;
            }
        }
        for (letter, others) in letters.iter_mut().zip(&self.yields_to) {
            let moves = |place: &usize| moves.get(*place) == Some(&true);
            if *letter == b'G' && others.iter().any(moves) {
                *letter = b'g';
            }
        }
        letters.into_iter().map(char::from).collect()
    }
}

/// Walkers set off on the steady man only.
const fn walk_letter_of(lamp: Indication) -> u8 {
    match lamp {
        Indication::Green => b'G',
        Indication::FlashingAmber => b'o',
        Indication::FlashingGreen
        | Indication::Amber
        | Indication::Dark
        | Indication::Red
        | Indication::RedAmber
        | Indication::FlashingRed => b'r',
    }
}

const fn letter_of(lamp: Indication) -> u8 {
    match lamp {
        Indication::Green | Indication::FlashingGreen => b'G',
        Indication::Amber => b'y',
        // Everybody yields, as at a junction whose signals are out.
        Indication::FlashingAmber => b'o',
        Indication::Dark | Indication::Red | Indication::RedAmber | Indication::FlashingRed => b'r',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A way of vehicles that yields to the crossing beside it, and the crossing.
    fn shown(vehicles: Indication, walkers: Indication) -> String {
        let letters = Letters {
            width: 2,
            places: vec![(0, 0, false), (1, 1, true)],
            yields_to: vec![vec![1], vec![]],
        };
        let mut lamps = SiteLamps::default();
        (lamps[0], lamps[1]) = (vehicles, walkers);
        letters.of_lamps(&lamps)
    }

    #[test]
    fn nobody_sets_off_on_the_flashing_man_but_who_is_on_the_way_goes_first() {
        use Indication::{FlashingGreen, Green, Red};
        assert_eq!(shown(Green, Red), "Gr");
        assert_eq!(shown(Green, Green), "gG");
        assert_eq!(shown(Green, FlashingGreen), "gr");
        assert_eq!(shown(FlashingGreen, Red), "Gr");
        assert_eq!(shown(Indication::Amber, Green), "yG");
    }
}
