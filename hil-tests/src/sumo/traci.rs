//! A TraCI client: one blocking connection, one round trip a simulated second.
//!
//! Commands that change something or subscribe are kept until the next step, then sent with it in
//! one write: the second costs one wait, however many signals changed.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::codec::{MESSAGE_MAX, Message, Reader, Status, Told, Value, kind, read_subscription};
use super::error::{CodecError, SumoError};

/// Longest time that SUMO may think about one second.
const PATIENCE: Duration = Duration::from_mins(2);

/// Command codes.
mod code {
    pub(super) const VERSION: u8 = 0x00;
    pub(super) const STEP: u8 = 0x02;
    pub(super) const CLOSE: u8 = 0x7f;
    pub(super) const GET_VEHICLE: u8 = 0xa4;
    pub(super) const SET_LIGHT: u8 = 0xc2;
    pub(super) const SET_SIMULATION: u8 = 0xcb;
    pub(super) const SUBSCRIBE_LIGHT: u8 = 0xd2;
    pub(super) const SUBSCRIBE_VEHICLE: u8 = 0xd4;
    pub(super) const SUBSCRIBE_PERSON: u8 = 0xde;
    pub(super) const SUBSCRIBE_SIMULATION: u8 = 0xdb;
    /// An answer's code is its question's plus this.
    pub(super) const ANSWER: u8 = 0x10;
}

/// Where objects live; the low half of TraCI's command codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Domain {
    /// Traffic lights.
    Light = 0xa2,
    /// Lanes.
    Lane = 0xa3,
    /// Vehicles.
    Vehicle = 0xa4,
    /// The simulation itself.
    Simulation = 0xab,
}

/// Variables that a run reads or writes.
pub mod variable {
    /// The state of a light: one letter per link.
    pub const LIGHT_STATE: u8 = 0x20;
    /// Ids of all objects of a domain.
    pub const IDS: u8 = 0x00;
    /// Walkers who entered the network in the last step.
    pub const DEPARTED_PERSONS: u8 = 0x25;
    /// A vehicle's or walker's speed, m/s.
    pub const SPEED: u8 = 0x40;
    /// A vehicle's length, m.
    pub const LENGTH: u8 = 0x44;
    /// The lane a vehicle's front is on.
    pub const LANE: u8 = 0x51;
    /// The edge that a walker is on, corners and crossings too.
    pub const EDGE: u8 = 0x50;
    /// The edge that a walker comes to next.
    pub const NEXT_EDGE: u8 = 0xc1;
    /// The edges of a vehicle's route.
    pub const ROUTE: u8 = 0x54;
    /// How far along its lane a vehicle's front is, m.
    pub const POSITION: u8 = 0x56;
    /// Where a vehicle's front is on the plane, m.
    pub const PLACE: u8 = 0x42;
    /// Seconds a vehicle has lost against driving freely so far.
    pub const TIME_LOSS: u8 = 0x8c;
    /// Vehicles that are due and find no room to come in.
    pub const PENDING: u8 = 0x94;
    /// Asks for the whole simulation to be written to a file.
    pub const SAVE_STATE: u8 = 0x95;
    /// Vehicles that entered the network in the last step.
    pub const DEPARTED: u8 = 0x74;
    /// Vehicles on the street or on the way to it.
    pub const EXPECTED: u8 = 0x7d;
}

/// What a vehicle is asked, once, for as long as it drives.
const OF_A_VEHICLE: [u8; 4] = [
    variable::LANE,
    variable::POSITION,
    variable::SPEED,
    variable::LENGTH,
];

/// The same for a walker.
const OF_A_WALKER: [u8; 3] = [variable::EDGE, variable::NEXT_EDGE, variable::SPEED];
/// The same of a vehicle whose losses are counted.
const OF_A_PAYER: [u8; 5] = [
    variable::LANE,
    variable::POSITION,
    variable::SPEED,
    variable::LENGTH,
    variable::TIME_LOSS,
];

/// The same of a vehicle that tells where it is.
const OF_A_FLEET: [u8; 5] = [
    variable::LANE,
    variable::POSITION,
    variable::SPEED,
    variable::LENGTH,
    variable::PLACE,
];

/// A connection to a running SUMO.
#[derive(Debug)]
pub struct Traci {
    stream: BufReader<TcpStream>,
    /// Commands that go out with the next step, and their codes.
    waiting: Message,
    codes: Vec<u8>,
    wire: Vec<u8>,
    input: Vec<u8>,
}

impl Traci {
    /// A client on this connection.
    ///
    /// # Errors
    /// The socket does not take its options.
    pub fn new(stream: TcpStream) -> Result<Self, SumoError> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream: BufReader::with_capacity(1 << 16, stream),
            waiting: Message::default(),
            codes: Vec::new(),
            wire: Vec::new(),
            input: Vec::new(),
        })
    }

    fn send(&mut self) -> Result<(), SumoError> {
        self.stream.get_mut().write_all(&self.wire)?;
        self.wire.clear();
        Ok(())
    }

    fn receive(&mut self) -> Result<(), SumoError> {
        let mut head = [0; 4];
        self.stream.read_exact(&mut head)?;
        let told = i32::from_be_bytes(head);
        let length = usize::try_from(told)
            .ok()
            .filter(|length| (4..=MESSAGE_MAX).contains(length))
            .ok_or(CodecError::BadLength(told.into()))?;
        self.input.resize(length - 4, 0);
        self.stream.read_exact(&mut self.input)?;
        Ok(())
    }

    /// Sends one command by itself and waits for its answer, which is left in `input`.
    fn ask(&mut self, message: &mut Message) -> Result<(), SumoError> {
        message.seal_into(&mut self.wire);
        self.send()?;
        self.receive()
    }

    /// The TraCI level and the name of the SUMO at the other end.
    ///
    /// # Errors
    /// The connection broke, or nonsense came.
    pub fn version(&mut self) -> Result<(i32, String), SumoError> {
        let mut message = Message::default();
        message.command(code::VERSION, |_| {});
        self.ask(&mut message)?;
        let mut reader = Reader::new(&self.input);
        refused(Status::read(&mut reader, code::VERSION)?)?;
        let (_, mut body) = reader.command()?;
        Ok((body.int()?, body.text()?.to_owned()))
    }

    /// Reads one variable of one object.
    ///
    /// # Errors
    /// The connection broke, nonsense came, or SUMO knows no such object.
    pub fn get(&mut self, domain: Domain, what: u8, object: &str) -> Result<Value<'_>, SumoError> {
        let command = domain as u8;
        let mut message = Message::default();
        message.command(command, |body| {
            body.byte(what);
            body.text(object);
        });
        self.ask(&mut message)?;
        let mut reader = Reader::new(&self.input);
        refused(Status::read(&mut reader, command)?)?;
        let (found, mut body) = reader.command()?;
        let wanted = command + code::ANSWER;
        if found != wanted {
            return Err(CodecError::OutOfStep { wanted, found }.into());
        }
        body.byte()?;
        body.text()?;
        Ok(body.value()?)
    }

    /// From the next step on, lights of `light` show `state`: one letter per link.
    pub fn set_light(&mut self, light: &str, state: &str) {
        self.codes.push(code::SET_LIGHT);
        self.waiting.command(code::SET_LIGHT, |body| {
            body.byte(variable::LIGHT_STATE);
            body.text(light);
            body.byte(kind::TEXT);
            body.text(state);
        });
    }

    /// From the next step on, tells of this vehicle every second.
    pub fn follow_vehicle(&mut self, id: &str) {
        self.subscribe(code::SUBSCRIBE_VEHICLE, id, &OF_A_VEHICLE);
    }

    /// The same, with the seconds it has lost so far.
    pub fn follow_vehicle_loss(&mut self, id: &str) {
        self.subscribe(code::SUBSCRIBE_VEHICLE, id, &OF_A_PAYER);
    }

    /// The same, with its place on the plane.
    pub fn follow_vehicle_place(&mut self, id: &str) {
        self.subscribe(code::SUBSCRIBE_VEHICLE, id, &OF_A_FLEET);
    }

    /// With the next step, tells the edges of this vehicle's route, once.
    pub fn ask_route(&mut self, id: &str) {
        self.codes.push(code::GET_VEHICLE);
        self.waiting.command(code::GET_VEHICLE, |body| {
            body.byte(variable::ROUTE);
            body.text(id);
        });
    }

    /// From the next step on, tells of this walker every second.
    pub fn follow_walker(&mut self, id: &str) {
        self.subscribe(code::SUBSCRIBE_PERSON, id, &OF_A_WALKER);
    }

    /// From the next step on, tells who departed and how many are still expected; with `walkers`
    /// also which of them set off, which SUMO 1.9.2 does not know.
    pub fn follow_simulation(&mut self, walkers: bool) {
        let what = [
            variable::DEPARTED,
            variable::EXPECTED,
            variable::DEPARTED_PERSONS,
        ];
        let told = if walkers { 3 } else { 2 };
        self.subscribe(code::SUBSCRIBE_SIMULATION, "", &what[..told]);
    }

    /// The same, and who finds no room to come in.
    pub fn follow_simulation_and_pending(&mut self) {
        let what = [variable::DEPARTED, variable::EXPECTED, variable::PENDING];
        self.subscribe(code::SUBSCRIBE_SIMULATION, "", &what);
    }

    /// Writes the whole simulation to a file, as it stands between two seconds.
    ///
    /// # Errors
    /// The connection broke, or SUMO cannot write there.
    pub fn save_state(&mut self, file: &str) -> Result<(), SumoError> {
        let mut message = Message::default();
        message.command(code::SET_SIMULATION, |body| {
            body.byte(variable::SAVE_STATE);
            body.text("");
            body.byte(kind::TEXT);
            body.text(file);
        });
        self.ask(&mut message)?;
        refused(Status::read(
            &mut Reader::new(&self.input),
            code::SET_SIMULATION,
        )?)
    }

    /// From the next step on, tells what this light shows.
    pub fn follow_light(&mut self, id: &str) {
        self.subscribe(code::SUBSCRIBE_LIGHT, id, &[variable::LIGHT_STATE]);
    }

    fn subscribe(&mut self, command: u8, object: &str, variables: &[u8]) {
        self.codes.push(command);
        self.waiting.command(command, |body| {
            // From always to for ever.
            body.double(-1_073_741_824.0);
            body.double(-1_073_741_824.0);
            body.text(object);
            body.byte(u8::try_from(variables.len()).unwrap_or(u8::MAX));
            for what in variables {
                body.byte(*what);
            }
        });
    }

    /// One second passes. `each` is told every subscribed variable, with the code of its answer.
    ///
    /// # Errors
    /// The connection broke, nonsense came, or SUMO refused a command that was waiting.
    pub fn step(
        &mut self,
        each: &mut dyn FnMut(Subject, Told<'_>) -> Result<(), CodecError>,
    ) -> Result<(), SumoError> {
        let changes = !self.waiting.is_empty();
        if changes {
            self.waiting.seal_into(&mut self.wire);
        }
        let mut step = Message::default();
        step.command(code::STEP, |body| body.double(0.0));
        step.seal_into(&mut self.wire);
        self.send()?;
        if changes {
            self.receive()?;
            let mut reader = Reader::new(&self.input);
            for command in self.codes.drain(..) {
                refused(Status::read(&mut reader, command)?)?;
                if command == code::SET_LIGHT {
                    continue;
                }
                // What a subscription tells now, the step below tells again as it stands then.
                let (_, mut body) = reader.command()?;
                if command == code::GET_VEHICLE {
                    each(Subject::Vehicle, answer_of(&mut body)?)?;
                }
            }
        }
        self.receive()?;
        let mut reader = Reader::new(&self.input);
        refused(Status::read(&mut reader, code::STEP)?)?;
        let answers = reader.count(1)?;
        for _ in 0..answers {
            read_subscription(&mut reader, &mut |answer, told| {
                let subject = match answer.wrapping_sub(code::ANSWER) {
                    code::SUBSCRIBE_VEHICLE => Subject::Vehicle,
                    code::SUBSCRIBE_PERSON => Subject::Walker,
                    code::SUBSCRIBE_LIGHT => Subject::Light,
                    code::SUBSCRIBE_SIMULATION => Subject::Simulation,
                    _ => Subject::Other,
                };
                each(subject, told)
            })?;
        }
        Ok(())
    }

    /// Asks SUMO to write its files and end.
    ///
    /// # Errors
    /// The connection broke before it answered.
    pub fn close(&mut self) -> Result<(), SumoError> {
        let mut message = Message::default();
        message.command(code::CLOSE, |_| {});
        self.ask(&mut message)?;
        refused(Status::read(&mut Reader::new(&self.input), code::CLOSE)?)
    }
}

fn answer_of<'a>(body: &mut Reader<'a>) -> Result<Told<'a>, CodecError> {
    Ok(Told {
        variable: body.byte()?,
        object: body.text()?,
        value: body.value()?,
    })
}

/// Who a subscription tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A vehicle.
    Vehicle,
    /// A walker.
    Walker,
    /// A light.
    Light,
    /// The simulation.
    Simulation,
    /// Something nobody asked for.
    Other,
}

fn refused(status: Status<'_>) -> Result<(), SumoError> {
    if status.done {
        return Ok(());
    }
    Err(SumoError::Refused {
        command: status.command,
        why: status.why.to_owned(),
    })
}
