//! Clients as they should be: vehicles that report, consoles that look, dispatch systems that poll.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use greenwave::shell::vehicles::jt808::message::AckResult;
use greenwave::shell::vehicles::jt808::{
    Location, Message, Phone, Splitter, decode_body, decode_frame,
};
use hil_tests::mqtt::moment;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::line::{Door, Line, address};
use super::scene::{CAD_AGENCY, Sign, cad_vehicle, terminal};
use super::tally::Tally;
use crate::gateway_load::push_frame;

/// One client of a kind sends one message in this time.
const PERIOD: Duration = Duration::from_secs(1);
/// A dispatch system opens a corridor every so many seconds, and ends it a second later.
const OPENS_EVERY: u32 = 10;
/// Where all of them drive: the third bridge of the demo city, from south to north.
const BRIDGE: (f64, f64, f64) = (109.032_796, 32.688_2, 32.691_2);
/// An answer that takes longer is none.
const WITHIN: Duration = Duration::from_secs(15);

/// A second hand that does not catch up.
fn clock() -> tokio::time::Interval {
    let mut clock = interval(PERIOD);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock
}

/// A terminal signs on and reports every second until `until`; each report waits for its answer.
pub(super) async fn vehicle(sign: Arc<Sign>, number: usize, until: Instant) -> Tally {
    let mut tally = Tally::default();
    let driven = drive(&sign, number, until, &mut tally).await;
    if let Err(why) = driven {
        tally.other(why);
    }
    tally
}

async fn drive(
    sign: &Sign,
    number: usize,
    until: Instant,
    tally: &mut Tally,
) -> Result<(), String> {
    let phone = Phone::from_digits(&terminal(number)).ok_or("no number")?;
    let text = |why: std::io::Error| format!("gateway: {why}");
    let socket = TcpSocket::new_v4().map_err(text)?;
    socket.bind((address(10, number), 0).into()).map_err(text)?;
    let mut stream = socket.connect(sign.gateway).await.map_err(text)?;
    let mut ears = Splitter::default();
    let code = Message::Authenticate(sign.book.code(phone));
    tell(&mut stream, &mut ears, (phone, 0), &code).await?;
    let (mut clock, began_ms) = (clock(), jiff::Timestamp::now().as_millisecond());
    for serial in 1..u16::MAX {
        clock.tick().await;
        if Instant::now() >= until {
            return Ok(());
        }
        // There and back again, 13 m a second.
        let along = f64::from(serial % 50);
        let share = (25.0 - (along - 25.0).abs()) / 25.0;
        let lat = (BRIDGE.2 - BRIDGE.1).mul_add(share, BRIDGE.1);
        let t_ms = began_ms + i64::from(serial - 1) * 1000;
        let report = Location::at((lat, BRIDGE.0), 13.0, 0.0, t_ms);
        tally.sent += 1;
        let sent = Instant::now();
        match tell(
            &mut stream,
            &mut ears,
            (phone, serial),
            &Message::Location(report),
        )
        .await
        {
            Ok(()) => tally.answered(sent.elapsed()),
            Err(why) => return Err(why),
        }
    }
    Ok(())
}

/// Sends a message and waits until the gateway says that it is done.
async fn tell(
    stream: &mut TcpStream,
    ears: &mut Splitter,
    (phone, serial): (Phone, u16),
    message: &Message,
) -> Result<(), String> {
    let mut raw = Vec::new();
    push_frame(&mut raw, phone, serial, message)?;
    let talk = async {
        stream.write_all(&raw).await?;
        let mut read = [0; 1024];
        loop {
            let count = stream.read(&mut read).await?;
            if count == 0 {
                return Ok(Some("gateway hung up".to_owned()));
            }
            for byte in &read[..count] {
                if let Some(result) = ears.take(*byte).then(|| answer(ears.frame(), serial)) {
                    match result {
                        Some(AckResult::Done) => return Ok(None),
                        Some(other) => return Ok(Some(format!("gateway: {other:?}"))),
                        None => {}
                    }
                }
            }
        }
    };
    let done: Result<Option<String>, std::io::Error> = timeout(WITHIN, talk)
        .await
        .map_err(|_| "gateway: no answer")?;
    match done {
        Ok(None) => Ok(()),
        Ok(Some(why)) => Err(why),
        Err(why) => Err(format!("gateway: {why}")),
    }
}

fn answer(raw: &[u8], serial: u16) -> Option<AckResult> {
    let mut room = Vec::new();
    let frame = decode_frame(raw, &mut room).ok()?;
    match decode_body(&frame.header, frame.body).ok()? {
        Message::Ack(ack) if ack.serial == serial => Some(ack.result),
        _ => None,
    }
}

/// The live stream, signed in and open.
pub(super) async fn live(
    door: &Door,
    token: &str,
    from: std::net::Ipv4Addr,
    small: bool,
) -> Result<WebSocketStream<TlsStream<TcpStream>>, String> {
    let stream = door.secret(from, small).await?;
    let url = format!("ws://localhost:{}/api/v1/live", door.at.port());
    let mut request = url.into_client_request().map_err(|why| why.to_string())?;
    let bearer = HeaderValue::from_str(&format!("Bearer {token}"));
    let bearer = bearer.map_err(|why| why.to_string())?;
    request.headers_mut().insert("authorization", bearer);
    let opened = client_async(request, stream).await;
    Ok(opened.map_err(|why| why.to_string())?.0)
}

/// A console takes every frame of the live stream; counted is the time from one to the next.
pub(super) async fn console(sign: Arc<Sign>, number: usize, until: Instant) -> Tally {
    let mut tally = Tally::default();
    let opened = live(&sign.door, &sign.console, address(11, number), false).await;
    let mut socket = match opened {
        Ok(socket) => socket,
        Err(why) => {
            tally.sent += 1;
            tally.other(format!("no live stream: {why}"));
            return tally;
        }
    };
    let mut last = Instant::now();
    while Instant::now() < until {
        tally.sent += 1;
        match timeout(WITHIN, socket.next()).await {
            Ok(Some(Ok(_))) => tally.answered(last.elapsed()),
            Ok(Some(Err(_)) | None) => {
                tally.other("stream cut");
                break;
            }
            Err(_) => {
                tally.other("no frame within 15 s");
                break;
            }
        }
        last = Instant::now();
    }
    tally
}

/// A dispatch system: every second it polls, says where its vehicle is, and now and then opens a
/// corridor and ends it.
pub(super) async fn cad(sign: Arc<Sign>, number: usize, until: Instant) -> Tally {
    let mut tally = Tally::default();
    let Some(token) = sign.cads.get(number) else {
        tally.other("no token");
        return tally;
    };
    let mut desk = Cad {
        line: Line::new(&sign.door, address(12, number), token),
        tally,
        number,
    };
    let (mut clock, mut corridor) = (clock(), None);
    for second in 0.. {
        clock.tick().await;
        if Instant::now() >= until {
            break;
        }
        let what = ["status", "corridors"][usize::from(second % 2 == 1)];
        desk.ask(("GET", &format!("/api/v1/{what}")), None, 200)
            .await;
        let fix = desk.fix(second);
        desk.ask(("POST", "/api/v1/positions"), Some(&fix), 204)
            .await;
        if let Some(open) = corridor.take() {
            let cancel = format!("/api/v1/corridors/{open}/cancel");
            desk.ask(("POST", &cancel), Some(&json!({})), 200).await;
        } else if second % OPENS_EVERY == 3 {
            let body = desk.request(&sign, second);
            let opened = desk
                .ask(("POST", "/api/v1/corridors"), Some(&body), 201)
                .await;
            corridor = opened.and_then(|body| body["corridor_id"].as_u64());
        }
    }
    if let Some(open) = corridor {
        let cancel = format!("/api/v1/corridors/{open}/cancel");
        desk.ask(("POST", &cancel), Some(&json!({})), 200).await;
    }
    desk.tally
}

struct Cad {
    line: Line,
    tally: Tally,
    number: usize,
}

impl Cad {
    async fn ask(
        &mut self,
        (method, path): (&str, &str),
        body: Option<&Value>,
        wanted: u16,
    ) -> Option<Value> {
        self.tally.sent += 1;
        let sent = Instant::now();
        match self.line.ask(method, path, body).await {
            Ok((status, answer)) if status == wanted => {
                self.tally.answered(sent.elapsed());
                Some(answer)
            }
            Ok((status, answer)) => {
                let kind = answer["type"].as_str().unwrap_or_default().to_owned();
                self.tally
                    .other(format!("{method} {path}: {status} {kind}"));
                None
            }
            Err(why) => {
                self.tally.other(format!("{method} {path}: {why}"));
                None
            }
        }
    }

    fn fix(&self, second: u32) -> Value {
        json!({
            "vehicle_id": cad_vehicle(self.number), "t_fix": moment(0), "seq": second,
            "lat": BRIDGE.1, "lon": BRIDGE.0, "datum": "wgs84", "speed_mps": 0.0,
            "heading_deg": 0.0,
        })
    }

    fn request(&self, sign: &Sign, second: u32) -> Value {
        let number = sign.next();
        json!({
            "request_id": format!("{:08x}-0000-7000-8000-{number:012x}", second),
            "issued_at": moment(0), "nonce": format!("{number:032x}"),
            "agency": CAD_AGENCY, "source_system": "cad-system",
            "operator_id": "rig", "incident_id": format!("load-{number}"),
            "service": "ambulance", "stage": "to_hospital", "priority": 1, "lights_siren": true,
            "vehicle": { "id": cad_vehicle(self.number), "length_m": 6.0, "convoy_n": 1 },
            "origin": { "lon": BRIDGE.0, "lat": BRIDGE.1, "datum": "wgs84" },
            "destination": { "facility_id": "H1" },
            "expires_at": moment(300),
        })
    }
}
