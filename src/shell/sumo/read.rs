//! The elements of network and additional files.

use super::error::SumoError;
use super::net::{
    Connection, Edge, EdgeFunction, Junction, Lane, Location, Programme, Request, Step, SumoNet,
};
use super::xml::{Element, Piece, Pieces};

const NETWORK: &str = "network file";
const ADDITIONAL: &str = "additional file";

/// Reads a network; the numbers of its links are not made yet.
pub(super) fn network(text: &str) -> Result<SumoNet, SumoError> {
    let mut pieces = Pieces::of(NETWORK, text)?;
    let mut open = Open::default();
    let mut root = true;
    while let Some(piece) = pieces.next()? {
        match piece {
            Piece::Begin(element) if root && element.name != "net" => {
                return Err(SumoError::OtherKind {
                    file: NETWORK,
                    found: element.name,
                    wanted: "net",
                    mend: "give the network that netconvert or netedit wrote (NAME.net.xml)",
                });
            }
            Piece::Begin(element) => {
                root = false;
                open.begin(&element)?;
            }
            Piece::End(name) => open.end(&name),
        }
    }
    let mut net = open.net;
    for edge in net.edges.values_mut() {
        edge.lanes.sort_by_key(|lane| lane.index);
    }
    Ok(net)
}

/// A network while it is read, with the elements that are still open.
#[derive(Default)]
struct Open {
    net: SumoNet,
    edge: Option<Edge>,
    node: Option<Junction>,
    programme: Option<Programme>,
}

impl Open {
    fn begin(&mut self, element: &Element) -> Result<(), SumoError> {
        match element.name.as_str() {
            "location" => self.net.location = location(element)?,
            "edge" => self.edge = Some(edge(element)?),
            "lane" => {
                let lane = lane(element)?;
                if let Some(edge) = &mut self.edge {
                    edge.lanes.push(lane);
                }
            }
            "junction" => self.node = Some(junction(element)?),
            "request" => {
                let request = request(element)?;
                if let Some(node) = &mut self.node {
                    node.requests.push(request);
                }
            }
            "connection" => self.net.connections.push(connection(element)?),
            "tlLogic" => self.programme = Some(programme_head(element)?),
            "phase" => push_step(&mut self.programme, element)?,
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str) {
        match name {
            "edge" => {
                let edge = self.edge.take();
                self.net.edges.extend(edge.map(|e| (e.id.clone(), e)));
            }
            "junction" => {
                let node = self.node.take();
                self.net.junctions.extend(node.map(|n| (n.id.clone(), n)));
            }
            "tlLogic" => self.net.programmes.extend(self.programme.take()),
            _ => {}
        }
    }
}

/// Reads the programmes of an additional file, of whatever else it holds.
pub(super) fn programmes(text: &str) -> Result<Vec<Programme>, SumoError> {
    let mut pieces = Pieces::of(ADDITIONAL, text)?;
    let mut found = Vec::new();
    let mut programme: Option<Programme> = None;
    let mut root = true;
    while let Some(piece) = pieces.next()? {
        match piece {
            Piece::End(name) if name == "tlLogic" => found.extend(programme.take()),
            Piece::End(_) => {}
            Piece::Begin(element) => {
                let name = element.name.as_str();
                if root && ["net", "routes", "configuration", "sumoConfiguration"].contains(&name) {
                    return Err(SumoError::OtherKind {
                        file: ADDITIONAL,
                        found: element.name,
                        wanted: "additional",
                        mend: "name only files that hold signal programmes (NAME.add.xml)",
                    });
                }
                root = false;
                match name {
                    "tlLogic" => programme = Some(programme_head(&element)?),
                    "phase" => push_step(&mut programme, &element)?,
                    _ => {}
                }
            }
        }
    }
    Ok(found)
}

fn location(element: &Element) -> Result<Location, SumoError> {
    let numbers = |key: &'static str| -> Result<Vec<f64>, SumoError> {
        let parts = element.get(key).unwrap_or_default().split(',');
        let parts = parts.filter(|part| !part.trim().is_empty());
        let read = |part: &str| part.trim().parse().ok().filter(|n: &f64| n.is_finite());
        let list: Option<Vec<f64>> = parts.map(read).collect();
        list.ok_or_else(|| element.wrong(key, "numbers separated by commas"))
    };
    let four = |list: Vec<f64>| <[f64; 4]>::try_from(list).unwrap_or_default();
    let offset = numbers("netOffset")?;
    let part = |at: usize| offset.get(at).copied().unwrap_or_default();
    Ok(Location {
        net_offset: (part(0), part(1)),
        conv_boundary: four(numbers("convBoundary")?),
        orig_boundary: four(numbers("origBoundary")?),
        projection: element.text("projParameter"),
    })
}

fn edge(element: &Element) -> Result<Edge, SumoError> {
    let function = match element.get("function") {
        Some("internal") => EdgeFunction::Internal,
        Some("crossing") => EdgeFunction::Crossing,
        Some("walkingarea") => EdgeFunction::WalkingArea,
        Some("connector") => EdgeFunction::Connector,
        _ => EdgeFunction::Normal,
    };
    let end = |key: &'static str| match function {
        EdgeFunction::Normal | EdgeFunction::Connector => element.needed(key),
        _ => Ok(element.text(key)),
    };
    Ok(Edge {
        id: element.needed("id")?,
        from: end("from")?,
        to: end("to")?,
        function,
        name: element.text("name"),
        lanes: Vec::new(),
        crossing_edges: element.words("crossingEdges"),
        shape: element.shape("shape")?,
    })
}

fn lane(element: &Element) -> Result<Lane, SumoError> {
    Ok(Lane {
        id: element.needed("id")?,
        index: element.whole("index")?,
        length_m: element.number("length")?,
        speed_mps: element.number("speed")?,
        allow: element.text("allow"),
        disallow: element.text("disallow"),
        width_m: element.maybe_number("width")?,
        shape: element.shape("shape")?,
    })
}

fn junction(element: &Element) -> Result<Junction, SumoError> {
    Ok(Junction {
        id: element.needed("id")?,
        kind: element.text("type"),
        x: element.maybe_number("x")?.unwrap_or_default(),
        y: element.maybe_number("y")?.unwrap_or_default(),
        inc_lanes: element.words("incLanes"),
        int_lanes: element.words("intLanes"),
        requests: Vec::new(),
    })
}

fn request(element: &Element) -> Result<Request, SumoError> {
    Ok(Request {
        index: element.whole("index")?,
        response: element.bits("response")?,
        foes: element.bits("foes")?,
    })
}

fn connection(element: &Element) -> Result<Connection, SumoError> {
    let letter = |key: &str| element.get(key).and_then(|text| text.chars().next());
    Ok(Connection {
        from: element.needed("from")?,
        from_lane: element.whole("fromLane")?,
        to: element.needed("to")?,
        to_lane: element.whole("toLane")?,
        via: element.get("via").map(str::to_owned),
        tl: element.get("tl").map(str::to_owned),
        link_index: element.maybe_whole("linkIndex")?,
        dir: letter("dir").unwrap_or(' '),
        state: letter("state").unwrap_or(' '),
    })
}

fn programme_head(element: &Element) -> Result<Programme, SumoError> {
    // "begin" starts the programme with the simulation, whenever that is.
    let offset_s = match element.get("offset") {
        Some("begin") => 0.0,
        _ => element.maybe_time("offset")?.unwrap_or_default(),
    };
    Ok(Programme {
        tls: element.needed("id")?,
        id: element.text("programID"),
        kind: element.get("type").unwrap_or("static").to_owned(),
        offset_s,
        steps: Vec::new(),
    })
}

fn push_step(programme: &mut Option<Programme>, element: &Element) -> Result<(), SumoError> {
    let Some(programme) = programme else {
        return Ok(());
    };
    let next = element.words("next");
    let next: Result<Vec<usize>, _> = next.iter().map(|word| word.parse()).collect();
    let duration_s = element.maybe_time("duration")?;
    let (min_s, max_s) = (element.maybe_time("minDur")?, element.maybe_time("maxDur")?);
    // Where only bounds are given, SUMO itself starts from the shortest time.
    let duration_s = duration_s.or(min_s).unwrap_or_default();
    if duration_s < 0.0 {
        return Err(element.wrong("duration", "a time that is not negative"));
    }
    programme.steps.push(Step {
        duration_s,
        state: element.needed("state")?,
        min_s,
        max_s,
        next: next.map_err(|_| element.wrong("next", "step numbers separated by blanks"))?,
    });
    Ok(())
}
