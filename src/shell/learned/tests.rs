//! What is kept is read again as it was, or not at all.

use std::path::{Path, PathBuf};

use super::*;
use crate::corridor::{LearnedPace, Paces, ServiceClass};
use crate::journal::worth::Untaught;
use crate::network::RoadGraph;
use crate::shell::checked_files::check_files;
use crate::shell::store::demo_city_files;

const CITY: &str = "ankang-demo";

fn graph() -> RoadGraph {
    check_files(&demo_city_files()).city.unwrap().1
}

const fn town(graph: &RoadGraph) -> Town<'_> {
    Town { id: CITY, graph }
}

fn taught() -> Learned {
    let mut learned = Learned::default();
    for late in [40, -20, 310] {
        learned.learn(Kind::Emergency, Lesson::Late(late));
    }
    learned.learn(Kind::Other, Lesson::Late(200));
    learned
}

fn driven(graph: &RoadGraph) -> Paces {
    let mut paces = Paces::default();
    for (hour, (road, _)) in (0..24).zip(graph.roads()) {
        paces.set_hour(hour);
        for share in [1_100, 1_300, 900, 1_200, 1_250] {
            paces.learn(road, ServiceClass::Fire, share);
        }
    }
    paces.set_hour(0);
    paces
}

fn put(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("learned.json");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn what_is_written_is_read_again() {
    let (folder, graph) = (tempfile::tempdir().unwrap(), graph());
    let path = folder.path().join("learned.json");
    assert!(
        read(&path, town(&graph)).unwrap().is_none(),
        "a first start"
    );
    let (learned, paces) = (taught(), driven(&graph));
    Lessons::new(learned.clone(), path.clone(), CITY).write(&paces, &graph);
    assert_eq!(read(&path, town(&graph)).unwrap(), Some((learned, paces)));
}

#[test]
fn of_a_damaged_file_nothing_is_taken_and_the_message_says_how_to_mend_it() {
    let (folder, graph) = (tempfile::tempdir().unwrap(), graph());
    let whole = text(&taught(), &driven(&graph), town(&graph)).unwrap();
    let other = |old: &str, new: &str| {
        assert!(whole.contains(old), "{old}");
        whole.replacen(old, new, 1)
    };
    let cut = |part: usize| whole.get(..whole.len() * part / 7).unwrap().to_owned();
    let mut damaged: Vec<String> = (0..7).map(cut).collect();
    damaged.extend([
        other("\"version\":1", "\"version\":2"),
        other(CITY, "another-city"),
        other("\"arrivals_per_mille\":[", "\"arrivals_per_mille\":[-5000,"),
        other("\"class\":\"fire\"", "\"class\":\"tram\""),
        other("\"drives\":5", "\"drives\":0"),
        other("\"hour\":0", "\"hour\":24"),
        other("\"speeds\"", "\"speed\""),
        other(
            "\"late_per_mille\":",
            "\"late_per_mille\":1,\"late_per_mille\":",
        ),
        "null".to_owned(),
    ]);
    for text in damaged {
        let path = put(folder.path(), &text);
        let why = read(&path, town(&graph)).unwrap_err().to_string();
        let says = |word: &str| why.contains(word);
        assert!(
            says("learned.json") && says("delete") && says("calibrate --out"),
            "{why}"
        );
    }
}

#[test]
fn a_road_that_is_gone_takes_nothing_else_with_it() {
    let (folder, graph) = (tempfile::tempdir().unwrap(), graph());
    let paces = driven(&graph);
    let first: LearnedPace = paces.all().next().unwrap();
    let gone = &graph.road(first.road).unwrap().id;
    let whole = text(&taught(), &paces, town(&graph)).unwrap();
    let path = put(
        folder.path(),
        &whole.replace(&format!("\"{gone}\""), "\"R-gone\""),
    );
    let (learned, left) = read(&path, town(&graph)).unwrap().unwrap();
    assert_eq!(learned, taught());
    assert_eq!(left.learned(first.road, first.class), None);
    assert_eq!(
        left.all().count() + 2,
        paces.all().count(),
        "an hour, and all of them"
    );
}

#[test]
fn emergency_drives_and_others_teach_their_own_kind() {
    let mut learned = Learned::default();
    assert!(learned.learn(Kind::Other, Lesson::Late(900)));
    assert!(!learned.learn(Kind::Emergency, Lesson::Nothing(Untaught::Lost)));
    assert_eq!(learned.of(Kind::Emergency), &Errors::default());
    assert_eq!(learned.of(Kind::Other).runs(), 1);
    let (_, late) = learned.of(Kind::Other).known().late();
    assert!(!learned.learn(Kind::Other, Lesson::AtLeast(late)));
    assert!(learned.learn(Kind::Other, Lesson::AtLeast(late + 1)));
    assert_eq!(learned.of(Kind::Other).runs(), 2);
}

#[test]
fn what_cannot_be_written_is_told_until_it_can() {
    let (folder, graph) = (tempfile::tempdir().unwrap(), graph());
    let below = folder.path().join("gone");
    let lessons = Lessons::new(taught(), below.join("learned.json"), CITY);
    lessons.write(&Paces::default(), &graph);
    assert!(lessons.is_failing());
    std::fs::create_dir(&below).unwrap();
    lessons.write(&Paces::default(), &graph);
    assert!(!lessons.is_failing() && below.join("learned.json").exists());
}
