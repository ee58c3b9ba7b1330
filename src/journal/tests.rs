//! What is written is read back, what ran runs again alike, and damage is named.

use alloc::sync::Arc;

use proptest::prelude::*;

use super::cycle::{Decided, push_decided};
use super::inputs::{push_inputs, read_inputs};
use super::wire::Reader;
use super::*;
use crate::controller::{City, Command, CycleInputs};
use crate::corridor::Settings;
use crate::detect::testing::junction;
use crate::detect::{DetectorReading, FieldInputs};
use crate::ids::SiteId;
use crate::kernel::{CabinetState, Request};
use crate::policy::{Manual, ManualAct, PolicyKind, Why, Wish};
use crate::signal::{GROUPS_MAX, Indication, Observed};
use crate::units::{CivilTime, Millis, Mono, TICK};

const SITES: usize = 2;

/// A journal of `cycles` cycles of a city whose cabinets obey, with a manual act on the way.
fn recorded(cycles: u64) -> Vec<u8> {
    let plans: Arc<[_]> = (0..SITES).map(|_| Arc::new(junction())).collect();
    let mut city = City::new(plans, Settings::default(), Mono::ZERO);
    let mut out = MAGIC.to_vec();
    assert!(push_snapshot(&mut out, &city));
    let mut recorder = Recorder::new(SITES);
    let mut now = Mono::ZERO;
    for cycle in 0..cycles {
        now = now + TICK;
        let fields: Vec<_> = (city.sites().iter().zip(city.plans().iter()))
            .map(|(state, site)| {
                let mut field = FieldInputs::default();
                field.readback.cabinet = CabinetState::Following;
                field.readback.age = TICK;
                for (group, lamp) in site
                    .safety
                    .all_groups()
                    .iter()
                    .zip(&mut field.readback.lamps)
                {
                    *lamp = Observed::Lamps(state.kernel().shown(group));
                }
                field
            })
            .collect();
        let act = Manual {
            act: ManualAct::AllRed,
            until: now + Millis::from_secs(5),
            by: 1,
        };
        let commands = if cycle == 200 {
            vec![Command::Manual(SiteId::new(1), act)]
        } else {
            Vec::new()
        };
        let inputs = CycleInputs {
            now,
            civil: CivilTime::default(),
            fields: &fields,
            commands: &commands,
        };
        city.cycle(&inputs);
        let mut payload = Vec::new();
        recorder.push_cycle(&mut payload, &inputs, &city);
        push_record(&mut out, RecordKind::Cycle, &payload);
    }
    out
}

#[test]
fn a_recorded_city_runs_again_alike() {
    let done = replay(&recorded(400), |_| ()).expect("replays");
    assert_eq!((done.cycles, done.sites), (400, SITES));
}

/// A replay that benches another policy, or none, writes other bytes.
#[test]
fn a_policy_that_lost_its_turn_is_part_of_the_record() {
    let decided = |benched| Decided {
        request: Request::default(),
        winner: Wish::default(),
        lamps: [Indication::Red; GROUPS_MAX],
        benched,
    };
    let bytes = |before: &Decided, benched| {
        let mut out = Vec::new();
        push_decided(&mut out, Some(before), &decided(benched));
        out
    };
    let calm = decided(None);
    let panicked = Some((PolicyKind::Adaptive, Why::Panicked));
    let overspent = Some((PolicyKind::Adaptive, Why::Overspent));
    let told = [None, panicked, overspent].map(|benched| bytes(&calm, benched));
    assert_eq!(told[0], [0], "nothing changed");
    assert!(told[1] != told[0] && told[1] != told[2]);
    assert_ne!(bytes(&decided(panicked), None), told[0], "it is over");
}

#[test]
fn a_changed_lamp_is_found() {
    let bytes = recorded(400);
    let mut out = MAGIC.to_vec();
    let mut changed = None;
    for (number, record) in (0_u64..).zip(Records::new(&bytes).expect("a journal")) {
        let (kind, payload) = record.expect("whole");
        let mut payload = payload.to_vec();
        if kind == RecordKind::Cycle
            && changed.is_none()
            && number > 150
            && let Some(at) = observed_lamp_byte(&payload)
        {
            payload[at] = if payload[at] == 3 { 1 } else { 3 };
            changed = Some(number);
        }
        push_record(&mut out, kind, &payload);
    }
    let changed = changed.expect("a lamp was read back anew");
    match replay(&out, |_| ()) {
        Err(ReplayError::Differs { cycle }) => {
            assert!(
                (changed..changed + 20).contains(&cycle),
                "{cycle} after {changed}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_damage_has_its_own_error() {
    let bytes = recorded(3);
    let error = |bytes: &[u8]| replay(bytes, |_| ()).expect_err("damaged");
    let with = |at: usize, byte: u8| {
        let mut damaged = bytes.clone();
        damaged[at] = byte;
        damaged
    };
    let last = bytes.len() - 1;
    let frame = |error| match error {
        ReplayError::Frame(frame) => frame,
        other => panic!("{other:?}"),
    };
    assert_eq!(frame(error(&with(0, b'X'))), FrameError::NotAJournal);
    assert_eq!(
        frame(error(&with(4, 9))),
        FrameError::Unknown { record: 0, at: 4 }
    );
    assert!(matches!(
        frame(error(&with(last, !bytes[last]))),
        FrameError::Checksum { record: 3, .. }
    ));
    assert!(matches!(
        frame(error(&bytes[..last])),
        FrameError::CutOff { record: 3, .. }
    ));
    assert!(matches!(error(&MAGIC), ReplayError::NoSnapshot));
    let mut headless = MAGIC.to_vec();
    push_record(&mut headless, RecordKind::Cycle, &[0]);
    assert!(matches!(error(&headless), ReplayError::NoSnapshot));
    let mut garbled = MAGIC.to_vec();
    push_record(&mut garbled, RecordKind::Snapshot, &[7]);
    assert!(matches!(error(&garbled), ReplayError::Snapshot));
}

fn field() -> impl Strategy<Value = FieldInputs> {
    let lamp = prop_oneof![
        Just(Observed::NoSensor),
        Just(Observed::Nonsense),
        Just(Observed::Lamps(Indication::Red)),
        Just(Observed::Lamps(Indication::FlashingGreen)),
    ];
    let words = (any::<u32>(), any::<u16>(), any::<u16>(), any::<u32>());
    (words, 0..32_usize, lamp, any::<(u16, u16, bool)>()).prop_map(
        |((occupied, buttons, boots, age), at, lamp, (count, press, faulty))| {
            let mut field = FieldInputs {
                occupied,
                buttons_held: buttons,
                ..Default::default()
            };
            field.readback.cabinet = CabinetState::Fallback;
            field.readback.boot_count = boots;
            field.readback.age = Millis::new(age);
            field.readback.lamps[at] = lamp;
            field.detectors[at] = DetectorReading {
                count,
                faulty,
                ..Default::default()
            };
            field.presses[at % 16] = press;
            field
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn inputs_are_read_as_they_were_written(
        cycles in proptest::collection::vec(proptest::collection::vec(field(), 4), 1..12),
    ) {
        let mut before = vec![FieldInputs::default(); 4];
        let mut read = before.clone();
        for now in &cycles {
            let mut out = Vec::new();
            push_inputs(&mut out, &mut before, now);
            let mut reader = Reader(&out);
            prop_assert_eq!(read_inputs(&mut reader, &mut read), Ok(()));
            prop_assert_eq!(reader.left(), 0);
            prop_assert_eq!(&read, now);
        }
    }

    #[test]
    fn a_flipped_bit_is_always_an_error(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut bytes = recorded(4);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(replay(&bytes, |_| ()).is_err());
    }
}
