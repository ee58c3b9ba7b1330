//! A shift at the desk: missions one after the other, each watched to its end.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::desk::{Desk, Wish, told};
use super::faults::{Misdeed, commit};

/// How often a corridor is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Whose desk it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Persona {
    /// Ambulances: to the scene, then to a hospital.
    Hospital,
    /// Fire engines to the scene, the first with a ladder behind it; some alarms are false.
    Fire,
}

impl Persona {
    const fn service(self) -> &'static str {
        match self {
            Self::Hospital => "ambulance",
            Self::Fire => "fire",
        }
    }
}

/// What the desk is to do.
#[derive(Clone, Debug)]
pub struct Shift {
    /// Whose desk it is.
    pub persona: Persona,
    /// How many incidents.
    pub incidents: u32,
    /// Time between them.
    pub pause: Duration,
    /// A mission is watched no longer than this, and is then cancelled.
    pub watch: Duration,
    /// Only this vehicle, if given.
    pub vehicle: Option<String>,
    /// Only one mission an incident, from where the vehicle reports to be to this place.
    pub to: Option<String>,
    /// What it does wrong after the first mission was opened.
    pub misdeeds: Vec<Misdeed>,
}

/// How the shift went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShiftResult {
    /// Corridors that were opened.
    pub opened: u32,
    /// Requests that were refused.
    pub refused: u32,
    /// Corridors that reached their end.
    pub completed: u32,
    /// Corridors that the desk cancelled.
    pub cancelled: u32,
    /// Misdeeds that were answered as they must be.
    pub answered_right: u32,
    /// Misdeeds that were not.
    pub answered_wrong: u32,
}

impl ShiftResult {
    /// As a JSON object.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "opened": self.opened,
            "refused": self.refused,
            "completed": self.completed,
            "cancelled": self.cancelled,
            "misdeeds_answered_right": self.answered_right,
            "misdeeds_answered_wrong": self.answered_wrong,
        })
    }
}

type Tell<'t> = &'t mut dyn FnMut(&str, Value);

/// Works through a shift and tells what happens by `tell`.
///
/// # Errors
/// The installation does not answer, or has no vehicle or place for such a desk.
pub fn run_shift(desk: &mut Desk, shift: &Shift, tell: Tell<'_>) -> Result<ShiftResult, String> {
    let city = City::read(desk, shift)?;
    let mut result = ShiftResult::default();
    for number in 1..=shift.incidents {
        if number > 1 {
            std::thread::sleep(shift.pause);
        }
        let incident = format!("SIM-{:06x}-{number}", desk.dice.next() & 0xff_ffff);
        tell(
            "incident",
            json!({ "incident": incident, "persona": shift.persona.service() }),
        );
        for wish in city.wishes(desk, shift, &incident) {
            let Some((request, corridor)) = open(desk, &wish, &mut result, tell)? else {
                break;
            };
            if result.opened == 1 {
                for misdeed in &shift.misdeeds {
                    let (right, about) = commit(desk, *misdeed, (&request, corridor))?;
                    let counter = if right {
                        &mut result.answered_right
                    } else {
                        &mut result.answered_wrong
                    };
                    *counter += 1;
                    let what = format!("{misdeed:?}");
                    tell(
                        "misdeed",
                        json!({ "what": what, "right": right, "answer": about }),
                    );
                }
            }
            let false_alarm = shift.persona == Persona::Fire && desk.dice.share() < 0.25;
            let watch = if false_alarm {
                shift.watch / 4
            } else {
                shift.watch
            };
            watch_corridor(desk, corridor, watch, (&mut result, tell))?;
        }
    }
    Ok(result)
}

fn open(
    desk: &mut Desk,
    wish: &Wish,
    result: &mut ShiftResult,
    tell: Tell<'_>,
) -> Result<Option<(Value, u64)>, String> {
    let request = desk.request(wish);
    let answer = desk.post("/api/v1/corridors", &request)?;
    let corridor = answer.body["corridor_id"]
        .as_u64()
        .filter(|_| answer.status == 201);
    let Some(corridor) = corridor else {
        result.refused += 1;
        tell(
            "refused",
            json!({ "stage": wish.stage, "vehicle": wish.vehicle["id"], "why": told(&answer) }),
        );
        return Ok(None);
    };
    result.opened += 1;
    tell(
        "opened",
        json!({
            "corridor": corridor,
            "stage": wish.stage,
            "vehicle": wish.vehicle["id"],
            "decision": answer.body["decision"],
            "valid_until": answer.body["valid_until"],
        }),
    );
    Ok(Some((request, corridor)))
}

/// Watches a corridor to its end, and cancels it if that does not come in time.
fn watch_corridor(
    desk: &Desk,
    corridor: u64,
    watch: Duration,
    (result, tell): (&mut ShiftResult, Tell<'_>),
) -> Result<(), String> {
    let began = Instant::now();
    let mut last = String::new();
    loop {
        let seen = desk.get(&format!("/api/v1/corridors/{corridor}"))?;
        let state = seen["state"].as_str().unwrap_or_default();
        if state != last {
            state.clone_into(&mut last);
            let vehicle = &seen["vehicle"];
            tell(
                "corridor",
                json!({
                    "corridor": corridor, "state": state,
                    "next": vehicle["next"], "eta_s": vehicle["eta_s"],
                }),
            );
        }
        match state {
            "completed" => {
                result.completed += 1;
                return Ok(());
            }
            "cancelled" | "expired" | "failed" => return Ok(()),
            _ => {}
        }
        if began.elapsed() >= watch {
            let path = format!("/api/v1/corridors/{corridor}/cancel");
            let answer = desk.post(&path, &json!({}))?;
            if answer.status == 200 {
                result.cancelled += 1;
            }
            tell(
                "cancelled",
                json!({ "corridor": corridor, "status": answer.status }),
            );
            return Ok(());
        }
        std::thread::sleep(LOOK);
    }
}

/// What the desk knows of the city.
struct City {
    vehicles: Vec<Value>,
    hospitals: Vec<Value>,
    stations: Vec<Value>,
    roads: Vec<Value>,
}

impl City {
    fn read(desk: &Desk, shift: &Shift) -> Result<Self, String> {
        let list = |value: Value| match value {
            Value::Array(list) => list,
            _ => Vec::new(),
        };
        let mut vehicles = list(desk.get("/api/v1/vehicles")?);
        vehicles.retain(|vehicle| {
            let wanted = shift
                .vehicle
                .as_ref()
                .is_none_or(|id| vehicle["id"] == json!(id));
            wanted && vehicle["class"] == json!(shift.persona.service())
        });
        if vehicles.is_empty() {
            return Err(format!(
                "the city has no such {} vehicle",
                shift.persona.service()
            ));
        }
        let places = list(desk.get("/api/v1/places")?);
        let of_kind = |kind: &str| -> Vec<Value> {
            places
                .iter()
                .filter(|place| place["kind"] == json!(kind))
                .cloned()
                .collect()
        };
        let hospitals = of_kind("hospital");
        if hospitals.is_empty() && shift.persona == Persona::Hospital {
            return Err("the city has no hospital in network.geojson".to_owned());
        }
        let mut city = desk.get("/api/v1/city")?;
        Ok(Self {
            vehicles,
            hospitals,
            stations: of_kind("fire-station"),
            roads: list(city["roads"].take()),
        })
    }

    /// The missions of an incident, in order.
    fn wishes(&self, desk: &mut Desk, shift: &Shift, incident: &str) -> Vec<Wish> {
        let at = desk.dice.one_of(self.vehicles.len());
        let Some(vehicle) = self.vehicles.get(at) else {
            return Vec::new();
        };
        let convoy = match shift.persona {
            Persona::Fire if desk.dice.share() < 0.5 => 2,
            Persona::Fire | Persona::Hospital => 1,
        };
        let about = json!({
            "id": vehicle["id"], "plate": vehicle["plate"],
            "length_m": vehicle["length_m"], "convoy_n": convoy,
        });
        let scene = self.scene(desk);
        let wish = |stage, origin: &Value, destination: Value| Wish {
            service: shift.persona.service().to_owned(),
            stage,
            vehicle: about.clone(),
            origin: origin.clone(),
            destination,
            incident: incident.to_owned(),
            priority: 1,
        };
        let point = |place: &Value| json!({ "lon": place["at"][0], "lat": place["at"][1], "datum": "wgs84" });
        if let Some(place) = &shift.to {
            let stage = match shift.persona {
                Persona::Hospital => "to_hospital",
                Persona::Fire => "to_scene",
            };
            return vec![wish(stage, &json!("live"), json!({ "facility_id": place }))];
        }
        match shift.persona {
            Persona::Hospital => {
                let hospital = self.hospitals.get(desk.dice.one_of(self.hospitals.len()));
                let hospital = hospital.unwrap_or(&Value::Null);
                vec![
                    wish("to_scene", &point(hospital), scene.clone()),
                    wish(
                        "to_hospital",
                        &scene_origin(&scene),
                        json!({ "facility_id": hospital["id"] }),
                    ),
                ]
            }
            Persona::Fire => {
                let station = self.stations.get(desk.dice.one_of(self.stations.len()));
                let origin = station.map_or(json!("live"), point);
                vec![wish("to_scene", &origin, scene)]
            }
        }
    }

    /// Somewhere on a road.
    fn scene(&self, desk: &mut Desk) -> Value {
        let road = self.roads.get(desk.dice.one_of(self.roads.len()));
        let line = road.and_then(|road| road["line"].as_array());
        let ends = line.and_then(|line| Some((line.first()?, line.last()?)));
        let (from, to) = ends.unwrap_or((&Value::Null, &Value::Null));
        let middle = |axis: usize| {
            f64::midpoint(
                from[axis].as_f64().unwrap_or(0.0),
                to[axis].as_f64().unwrap_or(0.0),
            )
        };
        json!({ "lat": middle(1), "lon": middle(0), "datum": "wgs84", "name": "scene" })
    }
}

fn scene_origin(scene: &Value) -> Value {
    json!({ "lat": scene["lat"], "lon": scene["lon"], "datum": scene["datum"] })
}
