//! From the lamps of signal groups to the letters of a signal's links.

use greenwave::shell::sumo::net::Connection;
use greenwave::shell::sumo::{SiteWiring, SumoNet};
use greenwave::signal::Indication;
use greenwave::sim::SiteLamps;

/// The letters of one site.
#[derive(Clone, Debug)]
pub struct Letters {
    width: usize,
    /// Place in the state, and group.
    places: Vec<(usize, usize)>,
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
            .map(|link| (link.index, usize::from(link.group)))
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
        for (place, group) in &self.places {
            let lamp = lamps.get(*group).copied().unwrap_or_default();
            if let Some(letter) = letters.get_mut(*place) {
                *letter = letter_of(lamp);
            }
        }
        let shown = letters.clone();
        let moves = |place: &usize| matches!(shown.get(*place), Some(b'G' | b'y'));
        for (letter, others) in letters.iter_mut().zip(&self.yields_to) {
            if *letter == b'G' && others.iter().any(moves) {
                *letter = b'g';
            }
        }
        letters.into_iter().map(char::from).collect()
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
