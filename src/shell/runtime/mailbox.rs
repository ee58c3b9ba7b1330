//! How the rest of the program talks to the control thread: a bounded mailbox and its answers.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::controller::{Answer, COMMANDS_MAX, Command};

/// Commands that may wait; more are refused at once.
const MAILBOX: usize = 256;
/// A control thread that has not answered by then is not going to.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// A command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PostError {
    /// Too many commands wait already.
    #[error("the controller's mailbox is full; try again in a second")]
    Full,
    /// The control thread has ended or does not answer.
    #[error("the controller does not answer")]
    Gone,
    /// The controller said no.
    #[error("{0}")]
    Refused(String),
}

/// A command on its way.
#[derive(Debug)]
pub struct Posted {
    /// What is asked.
    pub command: Command,
    /// When the request arrived.
    pub arrived: Instant,
    answer: Option<SyncSender<Answer>>,
}

impl Posted {
    /// Tells the sender what became of it; a sender that has left is no concern of the cycle.
    pub fn answer(&self, answer: Answer) {
        if let Some(sender) = &self.answer {
            let _left = sender.try_send(answer);
        }
    }
}

/// Posts commands to the control thread.
#[derive(Clone, Debug)]
pub struct Mailbox(SyncSender<Posted>);

/// The control thread's end of the mailbox.
#[derive(Debug)]
pub struct Inbox(Receiver<Posted>);

/// A mailbox and its other end.
#[must_use]
pub fn mailbox() -> (Mailbox, Inbox) {
    let (sender, receiver) = sync_channel(MAILBOX);
    (Mailbox(sender), Inbox(receiver))
}

impl Mailbox {
    /// Posts `command`, which arrived at `arrived`, and waits for the controller's answer.
    ///
    /// # Errors
    /// See [`PostError`]; nothing was changed, unless the controller is [`PostError::Gone`].
    pub fn ask(&self, command: Command, arrived: Instant) -> Result<(), PostError> {
        let (sender, receiver) = sync_channel(1);
        self.send(Posted {
            command,
            arrived,
            answer: Some(sender),
        })?;
        match receiver.recv_timeout(ANSWER_WITHIN) {
            Ok(Answer::Done) => Ok(()),
            Ok(Answer::Refused(why)) => Err(PostError::Refused(why)),
            Err(_) => Err(PostError::Gone),
        }
    }

    /// Posts `command` without waiting: for positions, whose newer ones replace older ones.
    ///
    /// # Errors
    /// [`PostError::Full`] or [`PostError::Gone`].
    pub fn tell(&self, command: Command) -> Result<(), PostError> {
        self.send(Posted {
            command,
            arrived: Instant::now(),
            answer: None,
        })
    }

    fn send(&self, posted: Posted) -> Result<(), PostError> {
        self.0.try_send(posted).map_err(|refused| match refused {
            TrySendError::Full(_) => PostError::Full,
            TrySendError::Disconnected(_) => PostError::Gone,
        })
    }
}

impl Inbox {
    /// Moves at most one cycle's worth of commands into `taken`, which is emptied first.
    pub fn take(&self, taken: &mut Vec<Posted>) {
        taken.clear();
        while taken.len() < COMMANDS_MAX {
            match self.0.try_recv() {
                Ok(posted) => taken.push(posted),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return,
            }
        }
    }
}
