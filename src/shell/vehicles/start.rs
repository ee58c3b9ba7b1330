//! Starts the feeds of a city beside a running controller.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use thiserror::Error;
use tokio::net::{TcpListener, UdpSocket};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::book::{Book, key_of};
use super::diary::Diary;
use super::gateway::{Gateway, Terminals};
use super::hub::{FeedState, Hub, Street};
use super::nmea_feed::{serve_serial, serve_tcp, serve_udp};
use crate::plan::{CheckedCity, Feed, FeedKind};

/// The feeds cannot be started.
#[derive(Debug, Error)]
pub enum FeedError {
    /// An address cannot be listened on.
    #[error("feed {feed} cannot listen on {listen}: is another program there? See feeds.toml")]
    Listen {
        /// Id of the feed.
        feed: String,
        /// Where.
        listen: SocketAddr,
        /// Why.
        #[source]
        why: io::Error,
    },
    /// The key of the terminals' codes cannot be read or made.
    #[error("the key of the terminals' codes in {folder} cannot be read or made")]
    Key {
        /// Where it should be.
        folder: String,
        /// Why.
        #[source]
        why: io::Error,
    },
}

/// Where one feed listens.
#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Udp(UdpSocket),
    /// A device is opened while it runs, and again when it was gone.
    Device,
}

/// Feeds whose addresses are taken, so that whatever can be refused is refused before anything
/// starts.
#[derive(Debug)]
pub struct BoundFeeds {
    feeds: Vec<Feed>,
    sockets: Vec<Socket>,
    book: Arc<Book>,
    diary: Diary,
}

impl BoundFeeds {
    /// Takes the addresses of every feed of the city on `handle`, from outside of it; what the feeds
    /// keep goes into `data`. A city without feeds touches nothing.
    ///
    /// # Errors
    /// An address that cannot be listened on, or no key.
    pub fn bind(
        handle: &Handle,
        city: &CheckedCity,
        data: &Path,
    ) -> Result<Option<Self>, FeedError> {
        if city.feeds.is_empty() {
            return Ok(None);
        }
        let folder = data.join("vehicles");
        let key = key_of(&folder).map_err(|why| FeedError::Key {
            folder: folder.display().to_string(),
            why,
        })?;
        let book = Book::new(city, key);
        Self::with(handle, &city.feeds, (book, Diary::start(&folder))).map(Some)
    }

    /// The same with a book and a diary that are there already.
    ///
    /// # Errors
    /// An address that cannot be listened on.
    pub fn with(
        handle: &Handle,
        feeds: &[Feed],
        (book, diary): (Book, Diary),
    ) -> Result<Self, FeedError> {
        let sockets = feeds.iter().map(|feed| {
            let refused = |listen: SocketAddr| {
                let feed = feed.id.clone();
                move |why| FeedError::Listen { feed, listen, why }
            };
            Ok(match feed.kind {
                FeedKind::Jt808 { listen } | FeedKind::NmeaTcp { listen, .. } => {
                    let listener = handle.block_on(TcpListener::bind(listen));
                    Socket::Tcp(listener.map_err(refused(listen))?)
                }
                FeedKind::NmeaUdp { listen, .. } => {
                    let socket = handle.block_on(UdpSocket::bind(listen));
                    Socket::Udp(socket.map_err(refused(listen))?)
                }
                FeedKind::NmeaSerial { .. } => Socket::Device,
            })
        });
        let sockets = sockets.collect::<Result<_, FeedError>>()?;
        Ok(Self {
            feeds: feeds.to_vec(),
            sockets,
            book: Arc::new(book),
            diary,
        })
    }

    /// Begins to listen.
    #[must_use]
    pub fn serve(self, handle: &Handle, street: Arc<dyn Street>) -> Feeds {
        let hub = Arc::new(Hub::new(street, &self.feeds, self.diary));
        let terminals = Arc::new(Terminals::default());
        let gateway = Arc::new(Gateway {
            hub: Arc::clone(&hub),
            book: self.book,
            terminals: Arc::clone(&terminals),
            began: Instant::now(),
        });
        let mut feeds = Feeds {
            hub: Arc::clone(&hub),
            terminals,
            bound: Vec::new(),
            tasks: Vec::new(),
        };
        let mut states = hub.feeds().iter();
        // Crews are told once, whichever feed their terminal calls on.
        if let Some(state) = states.find(|state| matches!(state.feed.kind, FeedKind::Jt808 { .. }))
        {
            let told = Arc::clone(&gateway).tell_crews(Arc::clone(state));
            feeds.tasks.push(handle.spawn(told));
        }
        feeds
            .tasks
            .push(handle.spawn(tell_doubts(Arc::clone(&hub))));
        for (state, socket) in hub.feeds().iter().zip(self.sockets) {
            feeds.begin(handle, state, socket, &gateway);
        }
        feeds
    }
}

/// Tells the city once a second which vehicles' datum is doubted.
async fn tell_doubts(hub: Arc<Hub>) {
    let mut every = interval(Duration::from_secs(1));
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        hub.street().doubt(hub.suspected());
    }
}

/// Feeds at work; dropping them stops them.
#[derive(Debug)]
pub struct Feeds {
    hub: Arc<Hub>,
    terminals: Arc<Terminals>,
    bound: Vec<(String, SocketAddr)>,
    tasks: Vec<JoinHandle<()>>,
}

impl Feeds {
    fn begin(
        &mut self,
        handle: &Handle,
        state: &Arc<FeedState>,
        socket: Socket,
        gateway: &Arc<Gateway>,
    ) {
        let shared = (Arc::clone(&self.hub), Arc::clone(state));
        let bound = match &socket {
            Socket::Tcp(listener) => listener.local_addr().ok(),
            Socket::Udp(socket) => socket.local_addr().ok(),
            Socket::Device => None,
        };
        self.bound
            .extend(bound.map(|bound| (state.feed.id.clone(), bound)));
        let task = match (state.feed.kind.clone(), socket) {
            (FeedKind::Jt808 { .. }, Socket::Tcp(listener)) => {
                handle.spawn(Arc::clone(gateway).serve(listener, Arc::clone(state)))
            }
            (FeedKind::NmeaTcp { sources, .. }, Socket::Tcp(listener)) => {
                handle.spawn(serve_tcp(listener, sources, shared))
            }
            (FeedKind::NmeaUdp { sources, .. }, Socket::Udp(socket)) => {
                handle.spawn(serve_udp(socket, sources, shared))
            }
            (
                FeedKind::NmeaSerial {
                    device,
                    baud,
                    vehicle,
                },
                Socket::Device,
            ) => handle.spawn(serve_serial((device, baud, vehicle), shared)),
            // Sockets are bound by kind, feed by feed.
            _ => return,
        };
        self.tasks.push(task);
    }

    /// Where each feed listens, by its id.
    #[must_use]
    pub fn bound(&self) -> &[(String, SocketAddr)] {
        &self.bound
    }

    /// Where positions go.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Which terminals are signed on.
    #[must_use]
    pub fn terminals(&self) -> &Terminals {
        &self.terminals
    }

    /// What came in so far, by feed.
    #[must_use]
    pub fn json(&self) -> Value {
        let feeds = self.hub.feeds().iter();
        let feeds = feeds.map(|state| (state.feed.id.clone(), state.counts.json()));
        json!({
            "feeds": feeds.collect::<serde_json::Map<_, _>>(),
            "signed_on": self.terminals.vehicles(),
            "datum_suspected": self.hub.suspected(),
            "diary_lost": self.hub.lost(),
        })
    }
}

impl Drop for Feeds {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
