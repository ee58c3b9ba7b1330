//! One behaviour each, on small worlds.

use alloc::vec::Vec;

use super::testing::*;
use super::*;
use crate::units::TICK;

/// The lamps of group `number` over `time`, as (indication, length in ms).
fn film(rig: &mut Rig, number: u8, time: Millis) -> Vec<(Indication, u32)> {
    let mut film: Vec<(Indication, u32)> = Vec::new();
    let end = rig.now + time;
    while rig.now < end {
        rig.tick();
        let lamp = rig.lamp(number);
        match film.last_mut() {
            Some((last, length)) if *last == lamp => *length += TICK.as_ms(),
            _ => film.push((lamp, TICK.as_ms())),
        }
    }
    film
}

#[test]
fn i10_comes_up_through_flash_and_all_red() {
    let mut rig = Rig::silent(crossroads());
    rig.run(Millis::from_secs(30));
    assert_eq!(rig.kernel.mode(), Mode::Starting(StartUpPart::Waiting));
    rig.follow();
    rig.ask(&[0]);
    let main = film(&mut rig, 0, Millis::from_secs(20));
    let expected = [
        (Indication::FlashingAmber, 10_000),
        (Indication::Red, 5000),
        (Indication::Green, 5000),
    ];
    assert_eq!(main, expected);
    let mut rig = Rig::silent(crossroads());
    rig.follow();
    rig.ask(&[1, 2]);
    let walkers = film(&mut rig, 2, Millis::from_secs(23));
    assert_eq!(walkers[0], (Indication::Dark, 10_000));
    assert_eq!(walkers[1].0, Indication::Red);
}

#[test]
fn changes_over_with_exact_aspects() {
    let mut rig = Rig::normal(crossroads());
    assert_eq!(rig.bring(&[0]), TICK);
    rig.run(Millis::from_secs(20));
    rig.ask(&[1]);
    let main = film(&mut rig, 0, Millis::from_secs(10));
    let expected = [
        (Indication::FlashingGreen, 3000),
        (Indication::Amber, 3000),
        (Indication::Red, 4000),
    ];
    assert_eq!(main, expected);
    assert_eq!(
        rig.kernel.interval(g(1)),
        Interval::Go(rig.now.back(ms(1900)))
    );
}
