//! Which topics there are, and which route each of them is.

/// What a partner may ask by a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Open a corridor.
    Request,
    /// A second person's yes to a priority above the ceiling.
    Confirm,
    /// Another way for a running corridor.
    UpdateRoute,
    /// A later end.
    Extend,
    /// The end.
    Cancel,
    /// Into another agency's hands.
    HandOver,
    /// Where a vehicle is.
    Position,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 7] = [
        Self::Request,
        Self::Confirm,
        Self::UpdateRoute,
        Self::Extend,
        Self::Cancel,
        Self::HandOver,
        Self::Position,
    ];

    /// The end of its topic.
    #[must_use]
    pub const fn tail(self) -> &'static str {
        match self {
            Self::Request => "corridor/request",
            Self::Confirm => "corridor/confirm",
            Self::UpdateRoute => "corridor/update_route",
            Self::Extend => "corridor/extend",
            Self::Cancel => "corridor/cancel",
            Self::HandOver => "corridor/handover",
            Self::Position => "position",
        }
    }

    /// The route that does it, by POST; `{id}` is the corridor's number.
    #[must_use]
    pub const fn route(self) -> &'static str {
        match self {
            Self::Request => "/api/v1/corridors",
            Self::Confirm => "/api/v1/corridors/{id}/confirm",
            Self::UpdateRoute => "/api/v1/corridors/{id}/route",
            Self::Extend => "/api/v1/corridors/{id}/extend",
            Self::Cancel => "/api/v1/corridors/{id}/cancel",
            Self::HandOver => "/api/v1/corridors/{id}/handover",
            Self::Position => "/api/v1/positions",
        }
    }

    /// True if it speaks of a corridor that is there already.
    #[must_use]
    pub fn names_corridor(self) -> bool {
        self.route().contains("{id}")
    }
}

/// The topics of one city.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    root: String,
}

impl Topics {
    /// The topics of the city with this id.
    #[must_use]
    pub fn of(city: &str) -> Self {
        Self {
            root: format!("greenwave/v1/{city}"),
        }
    }

    /// Where an agency asks.
    #[must_use]
    pub fn ask(&self, agency: &str, verb: Verb) -> String {
        format!("{}/{agency}/in/{}", self.root, verb.tail())
    }

    /// What we listen to: every agency's side that comes in.
    #[must_use]
    pub fn filter(&self) -> String {
        format!("{}/+/in/#", self.root)
    }

    /// The part of it that is one agency's.
    #[must_use]
    pub fn filter_of(&self, agency: &str) -> String {
        format!("{}/{agency}/in/#", self.root)
    }

    /// Where an agency may have its answers sent; each is registered beforehand.
    #[must_use]
    pub fn answers(&self, agency: &str, name: &str) -> String {
        format!("{}/{agency}/out/answers/{name}", self.root)
    }

    /// Where a corridor's status goes.
    #[must_use]
    pub fn status(&self, agency: &str, corridor: u32) -> String {
        format!("{}/{agency}/out/status/{corridor}", self.root)
    }

    /// Where the controller says, every second, that it is there, and its epoch.
    #[must_use]
    pub fn state(&self) -> String {
        format!("{}/state", self.root)
    }

    /// The agency and the verb of a topic that somebody asks on; agency alone if there is no such
    /// verb.
    #[must_use]
    pub fn read<'a>(&self, topic: &'a str) -> Option<(&'a str, Option<Verb>)> {
        let rest = topic.strip_prefix(&*self.root)?.strip_prefix('/')?;
        let (agency, tail) = rest.split_once("/in/")?;
        let verb = Verb::ALL.into_iter().find(|verb| verb.tail() == tail);
        Some((agency, verb))
    }

    /// The name of an answer topic of `agency`; nothing if it is none.
    #[must_use]
    pub fn answer_name<'a>(&self, agency: &str, topic: &'a str) -> Option<&'a str> {
        let start = self.answers(agency, "");
        let name = topic.strip_prefix(&*start)?;
        is_name(name).then_some(name)
    }
}

/// One level of a topic, of letters that need no care.
fn is_name(name: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    !name.is_empty() && name.len() <= 64 && name.chars().all(fits)
}
