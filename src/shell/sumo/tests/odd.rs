//! Networks that are not as one expects.

use std::fmt::Write as _;

use super::super::street_line::street_line;
use super::super::{ImportProfile, Imported, import, load};
use super::{TWO, imported, net, options, site_text, star};

fn noted(made: &Imported, words: &str) -> bool {
    made.notes
        .iter()
        .any(|note| note.to_string().contains(words))
}

/// The states in which each of `arms` streets has the green in turn.
fn in_turn(arms: usize) -> Vec<String> {
    (0..arms)
        .map(|now| {
            (0..arms)
                .map(|arm| if arm == now { 'G' } else { 'r' })
                .collect()
        })
        .collect()
}

#[test]
fn one_signal_at_two_nodes_is_one_site_with_two_nodes() {
    let mut joined = String::new();
    for line in TWO.lines() {
        match line.split_once("tl=\"d\" linkIndex=\"") {
            Some((head, tail)) => {
                let (number, tail) = tail.split_once('"').expect("a number");
                let number: usize = number.parse().expect("a number");
                let _ = writeln!(joined, "{head}tl=\"c\" linkIndex=\"{}\"{tail}", number + 13);
            }
            None => {
                let _ = writeln!(joined, "{line}");
            }
        }
    }
    let mut net = net(&joined);
    let programme = "<additional><tlLogic id=\"c\" type=\"static\" programID=\"both\" offset=\"0\">
        <phase duration=\"40\" state=\"rrrGGgrrrGGGgrrGGGGg\"/>
        <phase duration=\"3\" state=\"rrryyyrrryyyyrryyyyy\"/>
        <phase duration=\"40\" state=\"GGgrrrGGgrrrrGGGrrrr\"/>
        <phase duration=\"3\" state=\"yyyrrryyyrrrryyyrrrr\"/></tlLogic></additional>";
    assert_eq!(net.add_programmes(programme), Ok(1));
    for profile in super::PROFILES {
        let made = imported(&net, profile);
        let (city, graph) = load(&made.files).expect("a city");
        assert_eq!(city.sites.len(), 1);
        // The street between the nodes leads from the site to itself.
        let inner = graph
            .road_by_name("cd")
            .and_then(|id| graph.road(id))
            .expect("a road");
        let ends = [inner.from, inner.to].map(|end| graph.junction(end).expect("a node"));
        assert_ne!(inner.from, inner.to);
        assert_eq!(ends[0].site, ends[1].site);
        assert_eq!(city.sites[0].approaches.len(), 7);
        // Groups of two nodes never meet.
        let text = site_text(&made, "T01");
        let rows = text.split("[intergreen_s]").nth(1).expect("a matrix");
        let first = rows.lines().nth(1).expect("a row");
        assert!(!first.contains("G7"), "{first}");
    }
}

#[test]
fn streams_that_meet_under_full_green_are_refused() {
    let before = "<request index=\"1\" response=\"1111000\" foes=\"1111000\"";
    let text = TWO.replace(
        before,
        "<request index=\"1\" response=\"0000000\" foes=\"1111000\"",
    );
    assert_ne!(text, TWO);
    let mut net = net(&text);
    let green = "<add><tlLogic id=\"d\" programID=\"x\"><phase duration=\"30\" state=\"rGrGrrr\"/>
        <phase duration=\"30\" state=\"GrGrGGG\"/></tlLogic></add>";
    assert_eq!(net.add_programmes(green), Ok(1));
    let findings = import(&net, &options(ImportProfile::Resco)).expect_err("a refusal");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].place, "d");
    assert!(
        findings[0]
            .what
            .contains("links 1 (md to de at d) and 3 (ed to dc at d)")
    );
    // Shown the green that yields, the same stream is in order.
    let minor = green
        .replace("rGrGrrr", "rgrGrrr")
        .replace("\"x\"", "\"y\"");
    assert_eq!(net.add_programmes(&minor), Ok(1));
    let made = imported(&net, ImportProfile::Resco);
    assert!(site_text(&made, "T02").contains("[permissive]\n"));
}

#[test]
fn more_groups_than_a_cabinet_has_are_merged() {
    let half = |first: char, second: char| -> String {
        (0..40)
            .map(|arm| if arm % 2 == 0 { first } else { second })
            .collect()
    };
    let states = [
        half('G', 'r'),
        half('y', 'r'),
        half('r', 'G'),
        half('r', 'y'),
    ];
    let made = imported(&net(&star(40, &states)), ImportProfile::Field);
    let (city, _) = load(&made.files).expect("a city");
    assert_eq!(city.sites[0].groups.len(), 2);
    assert!(noted(&made, "more than 32 groups"));
    assert!(noted(&made, "8 stop-line detectors left out"));
    assert_eq!(made.wiring.sites[0].links.len(), 40);
}

#[test]
fn a_signal_too_large_for_a_site_is_left_out() {
    let findings = import(
        &net(&star(33, &in_turn(33))),
        &options(ImportProfile::Field),
    );
    let findings = findings.expect_err("nothing is left");
    assert!(findings[0].what.contains("33 stages"), "{findings:?}");
    // With thirty stages it fits, but somebody would wait too long.
    let findings = import(
        &net(&star(30, &in_turn(30))),
        &options(ImportProfile::Field),
    );
    let findings = findings.expect_err("nothing is left");
    assert!(
        findings[0].what.contains("even with the shortest greens"),
        "{findings:?}"
    );
    // Twelve are served, with shorter greens than the programme's.
    let made = imported(&net(&star(12, &in_turn(12))), ImportProfile::Field);
    assert!(
        noted(&made, "stages on demand are held to"),
        "{:?}",
        made.notes
    );
    assert!(
        noted(&made, "the programme's longest splits lose"),
        "{:?}",
        made.notes
    );
}

#[test]
fn a_network_without_signals_is_a_finding() {
    let bare = TWO.replace(" tl=\"c\"", "").replace(" tl=\"d\"", "");
    let findings = import(&net(&bare), &options(ImportProfile::Cn)).expect_err("a finding");
    assert_eq!(findings.len(), 1);
    assert!(findings[0].what.contains("no signals"));
    assert!(findings[0].mend.contains("--tls.guess-signals"));
}

#[test]
fn signals_that_cannot_be_driven_keep_their_own_programme() {
    let off = "<add><tlLogic id=\"d\" programID=\"off\"/></add>";
    let rail = "<add><tlLogic id=\"d\" type=\"railSignal\" programID=\"r\"/></add>";
    let dark = "<add><tlLogic id=\"d\" programID=\"n\"><phase duration=\"9\" state=\"rrrrrrr\"/></tlLogic></add>";
    for (text, words) in [
        (off, "switches it off"),
        (rail, "railway"),
        (dark, "never shows green"),
    ] {
        let mut net = net(TWO);
        assert_eq!(net.add_programmes(text), Ok(1));
        let made = imported(&net, ImportProfile::Cn);
        assert_eq!(made.wiring.sites.len(), 1);
        assert!(noted(&made, words), "{:?}", made.notes);
        let (city, graph) = load(&made.files).expect("a city");
        assert_eq!(city.sites[0].id, "T01");
        assert!(
            graph.road_by_name("ed").is_some(),
            "its streets are still streets"
        );
    }
    let cut = TWO.replace(
        "<request index=\"6\" response=\"0011100\"",
        "<rest index=\"6\" response=\"0011100\"",
    );
    let made = imported(&net(&cut), ImportProfile::Cn);
    assert!(noted(&made, "right of way cannot be matched"));
}

#[test]
fn links_without_a_green_stay_red() {
    let mut net = net(TWO);
    // Three letters too few, and a right turn that is never green.
    let short = "<add><tlLogic id=\"d\" type=\"NEMA\" programID=\"s\">
        <phase duration=\"30\" state=\"rGrr\" next=\"1\"/><phase duration=\"30\" state=\"GrrG\"/></tlLogic></add>";
    assert_eq!(net.add_programmes(short), Ok(1));
    let made = imported(&net, ImportProfile::Field);
    let wired = &made.wiring.sites[1];
    let indexes: Vec<usize> = wired.links.iter().map(|link| link.index).collect();
    assert_eq!((wired.link_count, indexes), (4, vec![0, 1, 3]));
    assert!(noted(&made, "link 2 from ed to dm is never shown green"));
    assert!(noted(&made, "3 links have no letter"));
    assert!(noted(&made, "type NEMA") && noted(&made, "names steps that follow"));
    assert!(
        noted(&made, "left out of the road network: cd"),
        "{:?}",
        made.notes
    );
    assert!(load(&made.files).is_ok());
}

#[test]
fn names_with_any_letters_come_through() {
    let text = TWO.replace("\"wc", "\"w&quot;c#1:\\").replace(
        "id=\"w&quot;c#1:\\\" from",
        "id=\"w&quot;c#1:\\\" name=\"O'Hara &quot;Straße&quot; 大道\" from",
    );
    let text = text.replace(
        "incLanes=\"nc_0 dc_0 dc_1 sc_0 wc_0 wc_1\"",
        "incLanes=\"nc_0 dc_0 dc_1 sc_0 w&quot;c#1:\\_0 w&quot;c#1:\\_1\"",
    );
    let made = imported(&net(&text), ImportProfile::Field);
    let (city, graph) = load(&made.files).expect("a city");
    assert!(
        city.sites[0].name_en.contains("大道"),
        "{}",
        city.sites[0].name_en
    );
    assert!(graph.road_by_name("w\"c#1:\\").is_some());
}

#[test]
fn a_street_is_drawn_between_its_nodes_and_as_long_as_it_is() {
    let drawn = |line: &[(f64, f64)]| -> f64 {
        let ends = line.iter().zip(line.iter().skip(1));
        ends.map(|(a, b)| (a.0 - b.0).hypot(a.1 - b.1)).sum()
    };
    let cases = [
        // Ends meet the nodes; the shape is cut back a little; the street winds; a loop; nodes far
        // apart for it, and too far.
        (
            (0.0, 0.0),
            (100.0, 0.0),
            vec![(0.0, 0.0), (100.0, 0.0)],
            100.0,
            100.0,
        ),
        (
            (0.0, 0.0),
            (120.0, 0.0),
            vec![(10.0, 0.0), (110.0, 0.0)],
            100.0,
            100.0,
        ),
        ((0.0, 0.0), (50.0, 0.0), vec![], 200.0, 200.0),
        (
            (5.0, 5.0),
            (5.0, 5.0),
            vec![(0.0, 0.0), (40.0, 0.0)],
            40.0,
            40.0,
        ),
        ((0.0, 0.0), (90.0, 0.0), vec![], 50.0, 50.0),
        ((0.0, 0.0), (300.0, 0.0), vec![], 50.0, 244.0),
    ];
    for (from, to, shape, said, wanted) in cases {
        let (line, length) = street_line((from, to), &shape, said);
        assert!((length - wanted).abs() < 0.01, "{said}: {length}");
        assert!((drawn(&line) - length).abs() <= 5.0 + 0.05 * length);
        let gap = |node: (f64, f64), end: Option<&(f64, f64)>| {
            end.map_or(999.0, |end| (node.0 - end.0).hypot(node.1 - end.1))
        };
        assert!(gap(from, line.first()) <= 30.0 && gap(to, line.last()) <= 30.0);
    }
}
