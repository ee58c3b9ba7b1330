//! The inboxes of one listener, shared by every kind of bus.

use tokio::sync::mpsc;

use super::{Incoming, NotSent, fits};

/// Messages that wait in one inbox; more are dropped and counted.
pub(super) const INBOX_MAX: usize = 256;

/// What a listener gets: an inbox for each part it asked for, and one for the rest.
pub type Receivers = (Vec<mpsc::Receiver<Incoming>>, mpsc::Receiver<Incoming>);

/// Where the messages of one listener go.
#[derive(Debug)]
pub(super) struct Inboxes {
    pub(super) filter: String,
    /// Parts of the filter, each with an inbox that the others cannot fill.
    apart: Vec<(String, mpsc::Sender<Incoming>)>,
    rest: mpsc::Sender<Incoming>,
}

impl Inboxes {
    pub(super) fn new(filter: &str, apart: &[String]) -> (Self, Receivers) {
        let (rest, rest_messages) = mpsc::channel(INBOX_MAX);
        let parts = apart.iter().map(|part| {
            let (inbox, messages) = mpsc::channel(INBOX_MAX);
            ((part.clone(), inbox), messages)
        });
        let (apart, messages) = parts.unzip();
        let made = Self {
            filter: filter.to_owned(),
            apart,
            rest,
        };
        (made, (messages, rest_messages))
    }

    /// True if nobody listens any more.
    pub(super) fn is_closed(&self) -> bool {
        self.rest.is_closed()
    }

    /// Puts a message into its inbox, if it is for this listener.
    pub(super) fn deliver(&self, message: &Incoming) -> Result<(), NotSent> {
        if !fits(&self.filter, &message.topic) {
            return Ok(());
        }
        let mut apart = self.apart.iter();
        let own = apart.find(|(part, _)| fits(part, &message.topic));
        let inbox = own.map_or(&self.rest, |(_, inbox)| inbox);
        inbox.try_send(message.clone()).map_err(|_| NotSent::Full)
    }
}
