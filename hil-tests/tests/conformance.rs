//! The clauses of `docs/api/cabinet-map.md` that a master can see, put to the cabinet in-process,
//! over Modbus TCP and over Modbus RTU on a pty. Only the way there differs.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may fail the test"
)]

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use greenwave::shell::field::emulator::{CabinetCore, CabinetSite, Fleet, RtuBus};
use greenwave::shell::field::map::{
    COMMAND_AT, COMMAND_WORDS, Command, GROUPS, INPUT_WORDS, InputBlock, MIRROR_AT, Mode, Reject,
};
use hil_tests::rig::{SITE, rtu_cabinets, tcp_cabinet};
use tokio::time::sleep;
use tokio_modbus::client::{Client, Context, rtu, tcp};
use tokio_modbus::{Request, Response, Slave};

const RED: u8 = 1;
const GREEN: u8 = 3;
const FLASHING_AMBER: u8 = 5;

/// Words read, or the exception code.
type Answer = Result<Vec<u16>, u8>;

/// The cabinet at the end of some way.
enum Way {
    Inside(Box<CabinetCore>, u64),
    Wire(Context),
}

impl Way {
    async fn ask(&mut self, request: Request<'_>) -> Answer {
        match self {
            Self::Inside(core, now) => {
                let answer = core.answer(*now, &bytes_of(&request));
                if answer[0] & 0x80 != 0 {
                    return Err(answer[1]);
                }
                let words = answer.get(2..).unwrap_or_default().chunks_exact(2);
                Ok(words.map(|w| u16::from_be_bytes([w[0], w[1]])).collect())
            }
            Self::Wire(context) => match context.call(request).await.expect("an answer") {
                Ok(
                    Response::ReadHoldingRegisters(words)
                    | Response::ReadInputRegisters(words)
                    | Response::ReadWriteMultipleRegisters(words),
                ) => Ok(words),
                Ok(_) => Ok(Vec::new()),
                Err(exception) => Err(exception.into()),
            },
        }
    }

    async fn pass(&mut self, ms: u64) {
        match self {
            Self::Inside(core, now) => {
                for _ in 0..ms / 50 {
                    *now += 50;
                    core.step(*now);
                }
            }
            Self::Wire(_) => sleep(Duration::from_millis(ms)).await,
        }
    }
}

fn bytes_of(request: &Request<'_>) -> Vec<u8> {
    let mut bytes = vec![request.function_code().value()];
    let mut put = |words: &[u16]| bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    let data = match request {
        Request::ReadHoldingRegisters(at, count) | Request::ReadInputRegisters(at, count) => {
            put(&[*at, *count]);
            return bytes;
        }
        Request::WriteSingleRegister(at, word) => {
            put(&[*at, *word]);
            return bytes;
        }
        Request::WriteMultipleRegisters(at, words) => {
            put(&[*at, u16::try_from(words.len()).unwrap()]);
            words
        }
        Request::ReadWriteMultipleRegisters(read, count, at, words) => {
            put(&[*read, *count, *at, u16::try_from(words.len()).unwrap()]);
            words
        }
        other => panic!("{other:?} is not asked here"),
    };
    bytes.push(u8::try_from(data.len() * 2).unwrap());
    bytes.extend(data.iter().flat_map(|word| word.to_be_bytes()));
    bytes
}

/// A master with an epoch and a sequence.
struct Master {
    way: Way,
    epoch: u32,
    seq: u16,
}

impl Master {
    async fn block(&mut self) -> InputBlock {
        let count = u16::try_from(INPUT_WORDS).unwrap();
        let words = self
            .way
            .ask(Request::ReadInputRegisters(0, count))
            .await
            .unwrap();
        InputBlock::decode(&words).unwrap()
    }

    async fn write(&mut self, at: u16, words: &[u16]) -> Answer {
        self.way
            .ask(Request::WriteMultipleRegisters(at, Cow::Borrowed(words)))
            .await
    }

    fn words(&mut self, three: [u8; 3]) -> [u16; COMMAND_WORDS] {
        self.seq = self.seq.wrapping_add(1);
        let mut lamps = [0; GROUPS];
        lamps[..3].copy_from_slice(&three);
        let command = Command {
            epoch: self.epoch,
            seq: self.seq,
            mode: Mode::Direct,
            ttl_ms: 1000,
            stage: 0,
            lamps,
            dim: 0,
        };
        command.encode()
    }

    /// One FC23 tick; the block, or why it was refused.
    async fn tick(&mut self, three: [u8; 3]) -> Result<InputBlock, Reject> {
        let words = self.words(three);
        let count = u16::try_from(INPUT_WORDS).unwrap();
        let request = Request::ReadWriteMultipleRegisters(
            MIRROR_AT,
            count,
            COMMAND_AT,
            Cow::Borrowed(&words),
        );
        match self.way.ask(request).await {
            Ok(words) => Ok(InputBlock::decode(&words).unwrap()),
            Err(exception) => {
                assert_eq!(exception, 3);
                Err(self.block().await.last_reject)
            }
        }
    }

    /// Ticks until the cabinet shows `nibble` in group 0; the number of ticks.
    async fn until(&mut self, three: [u8; 3], nibble: u8) -> u32 {
        for ticks in 0..200 {
            let block = self.tick(three).await.unwrap();
            if block.observed[0] == nibble {
                return ticks;
            }
            self.way.pass(100).await;
        }
        panic!("group 0 never showed {nibble}");
    }
}

async fn clauses(way: Way) {
    let mut m = Master {
        way,
        epoch: 3,
        seq: 0xFFF0,
    };
    // c4: nobody has claimed, so nobody is obeyed.
    assert_eq!(m.tick([RED; 3]).await, Err(Reject::StaleEpoch));
    // c5: a claim.
    m.write(0x20, &[0, 3, 9]).await.unwrap();
    assert_eq!(m.write(0x20, &[0, 2, 9]).await, Err(3));
    // c1: flash, all red, then our green; commands count all the while.
    let block = m.tick([GREEN, RED, RED]).await.unwrap();
    assert_eq!((block.accepted_seq, block.accepted_epoch), (m.seq, 3));
    assert_eq!(block.observed[0], FLASHING_AMBER);
    assert!(m.until([GREEN, RED, RED], RED).await >= 5);
    assert!(m.until([GREEN, RED, RED], GREEN).await >= 7);
    // c2, c3: the interlock.
    assert_eq!(m.tick([GREEN, GREEN, RED]).await, Err(Reject::Conflict));
    assert_eq!(m.tick([6, RED, RED]).await, Err(Reject::MinimumTime));
    assert_eq!(m.tick([RED; 3]).await, Err(Reject::Clearance));
    // c4: guard, repetition, order.
    let good = m.words([GREEN, RED, RED]);
    m.write(0, &good).await.unwrap();
    m.write(0, &good).await.unwrap();
    let mut bad = good;
    bad[14] ^= 0x0100;
    assert_eq!(m.write(0, &bad).await, Err(3));
    assert_eq!(m.block().await.last_reject, Reject::Guard);
    m.seq = m.seq.wrapping_sub(2);
    assert_eq!(m.tick([GREEN, RED, RED]).await, Err(Reject::OldSequence));
    m.seq = m.seq.wrapping_add(2);
    // The sequence runs over the end of the word.
    for _ in 0..20 {
        m.tick([GREEN, RED, RED]).await.unwrap();
    }
    // The sequence of scans runs on, with or without us.
    let before = m.block().await;
    m.way.pass(200).await;
    let after = m.block().await;
    assert!(after.input_seq.wrapping_sub(before.input_seq) >= 1);
    assert!(after.uptime_ms > before.uptime_ms);
    // c11: holes, parts, ranges.
    assert_eq!(
        m.way.ask(Request::ReadHoldingRegisters(0x30, 1)).await,
        Err(2)
    );
    assert_eq!(m.way.ask(Request::WriteSingleRegister(3, 4)).await, Err(2));
    assert_eq!(m.write(0x40, &[299]).await, Err(3));
    // c6: nobody commands any more.
    m.way.pass(1300).await;
    let block = m.block().await;
    assert_eq!((block.mode.cabinet_state(), block.comms_faults), {
        (greenwave::kernel::CabinetState::Fallback, 1)
    });
    assert_eq!(
        block.observed[0], GREEN,
        "the local plan begins with what is green"
    );
    // c6: and back only through the start-up.
    let block = m.tick([GREEN, RED, RED]).await.unwrap();
    assert_eq!(
        block.mode.cabinet_state(),
        greenwave::kernel::CabinetState::StartUp
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_process() {
    let site = CabinetSite::parse(SITE).unwrap();
    clauses(Way::Inside(
        Box::new(CabinetCore::new(Arc::new(site), 0)),
        0,
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_modbus_tcp() {
    let (_fleet, _cabinet, at) = tcp_cabinet(SITE).unwrap();
    let context = tcp::connect_slave(at, Slave(1)).await.unwrap();
    clauses(Way::Wire(context)).await;
}

fn line(bus: &RtuBus) -> tokio_serial::SerialStream {
    let builder = tokio_serial::new(bus.path().to_string_lossy(), 115_200);
    tokio_serial::SerialStream::open(&builder).unwrap()
}

fn bus(units: u8) -> (Fleet, RtuBus) {
    let (fleet, _cabinets, bus) = rtu_cabinets(SITE, units).unwrap();
    (fleet, bus)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_modbus_rtu() {
    let (_fleet, bus) = bus(2);
    clauses(Way::Wire(rtu::attach_slave(line(&bus), Slave(2)))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_that_is_not_there_is_not_answered_for_and_the_line_takes_its_time() {
    let (_fleet, bus) = bus(2);
    let mut context = rtu::attach_slave(line(&bus), Slave(7));
    let ask = || Request::ReadInputRegisters(0, 48);
    let foreign = tokio::time::timeout(Duration::from_millis(300), context.call(ask())).await;
    assert!(foreign.is_err(), "{foreign:?}");
    tokio_modbus::slave::SlaveContext::set_slave(&mut context, Slave(1));
    let began = tokio::time::Instant::now();
    context.call(ask()).await.unwrap().unwrap();
    // 8 characters there, 101 back, 11 bits each.
    assert!(began.elapsed() >= Duration::from_micros(109 * 11 * 1_000_000 / 115_200));
}

#[test]
fn both_readings_of_every_demo_site_have_one_hash() {
    let folder = hil_tests::rig::folder().join("../signal-plans/ankang-demo/sites");
    let mut sites = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
        let name = path.display().to_string();
        let ours = greenwave::plan::load_site(&name, &text).unwrap_or_else(|f| panic!("{f:?}"));
        let theirs = CabinetSite::parse(&text).unwrap();
        let hash = greenwave::shell::field::map::config_hash(&ours.safety);
        assert_eq!(hash, theirs.config_hash(), "{name}");
        sites += 1;
    }
    assert_eq!(sites, 76);
}
