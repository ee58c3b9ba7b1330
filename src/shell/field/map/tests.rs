use super::*;
use crate::shell::field::test_support::{SITE, table};

fn sample() -> Command {
    let mut lamps = [0; GROUPS];
    lamps[0] = 3;
    lamps[1] = 1;
    lamps[2] = 1;
    Command {
        epoch: 0x0001_0002,
        seq: 7,
        mode: Mode::Direct,
        ttl_ms: 1000,
        stage: 0,
        lamps,
        dim: 0,
    }
}

#[test]
fn checks_agree_with_their_published_values() {
    assert_eq!(crc16(*b"123456789"), 0x29B1);
    assert_eq!(crc32(*b"123456789"), 0xCBF4_3926);
}

#[test]
fn the_command_vector_of_the_document_holds() {
    let document = include_str!("../../../../docs/api/cabinet-map.md");
    let line = |name: &str| {
        let line = document.lines().find(|line| line.starts_with(name));
        line.unwrap_or_else(|| panic!("{name} in the document"))[name.len()..]
            .trim()
            .to_owned()
    };
    let words: Vec<String> = sample()
        .encode()
        .iter()
        .map(|w| format!("{w:04X}"))
        .collect();
    assert_eq!(line("GUARD vector:"), words.join(" "));
    let hash = format!("{:08X}", config_hash(&table()));
    assert_eq!(line("CONFIG_HASH vector:"), hash);
}

#[test]
fn a_command_survives_the_wire_and_no_changed_bit_does() {
    let words = sample().encode();
    assert_eq!(Command::decode(&words), Some(sample()));
    for bit in 0..256 {
        let mut broken = words;
        broken[bit / 16] ^= 1 << (bit % 16);
        assert_eq!(Command::decode(&broken), None, "bit {bit}");
    }
}

#[test]
fn nibbles_and_sequences_wrap_as_written() {
    let nibbles = core::array::from_fn(|at| u8::try_from(at % 16).unwrap());
    assert_eq!(pack_nibbles(&nibbles)[0], 0x0123);
    assert_eq!(unpack_nibbles(&pack_nibbles(&nibbles)), nibbles);
    assert!(is_newer(0, 0xFFFF) && is_newer(0x7FFF, 0) && !is_newer(0x8000, 0));
    assert!(!is_newer(5, 5) && !is_newer(4, 5));
}

#[test]
fn both_sides_compute_the_same_hash_from_their_own_reading() {
    let theirs = crate::shell::field::emulator::CabinetSite::parse(SITE).unwrap();
    assert_eq!(theirs.config_hash(), config_hash(&table()));
    let other = SITE.replace("NT = 5.0", "NT = 5.1");
    let other = crate::shell::field::emulator::CabinetSite::parse(&other).unwrap();
    assert_ne!(other.config_hash(), config_hash(&table()));
}

#[test]
fn words_that_are_no_input_block_are_refused() {
    let mut words = [0; INPUT_WORDS];
    assert_eq!(InputBlock::decode(&words), Err(MapError::Magic(0)));
    words[0] = MAGIC;
    words[1] = 0x0200;
    assert_eq!(InputBlock::decode(&words), Err(MapError::Version(0x0200)));
    let short = MapError::Length { asked: 48, got: 47 };
    assert_eq!(InputBlock::decode(&words[1..]), Err(short));
}
