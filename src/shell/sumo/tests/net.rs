//! Reading networks and programmes.

use super::super::SumoError;
use super::super::net::{Connection, EdgeFunction, SumoNet};
use super::{TWO, WALKS};

fn link<'n>(net: &'n SumoNet, from: &str, to: &str) -> &'n Connection {
    let mut links = net.connections.iter();
    let found = links.find(|link| link.from == from && link.to == to);
    found.expect("the link of the fixture")
}

#[test]
fn a_network_is_read() {
    let net = SumoNet::parse(TWO).expect("the fixture");
    assert_eq!(net.signals(), ["c", "d"]);
    let edge = &net.edges["wc"];
    assert_eq!((edge.from.as_str(), edge.to.as_str()), ("w", "c"));
    assert_eq!(edge.function, EdgeFunction::Normal);
    assert_eq!(net.edges[":c_0"].function, EdgeFunction::Internal);
    let lane = &edge.lanes[1];
    assert_eq!((lane.id.as_str(), lane.index), ("wc_1", 1));
    assert!((lane.length_m - 112.8).abs() < 1e-9 && lane.shape.len() == 2);
    assert!(lane.allows("passenger"));
    let links = net.links_of("c");
    let indexes: Vec<_> = links.iter().filter_map(|link| link.link_index).collect();
    assert_eq!(indexes, (0..13).collect::<Vec<_>>());
    let programme = net.programme("c").expect("a programme");
    assert_eq!(
        (programme.steps.len(), programme.steps[0].state.len()),
        (6, 13)
    );
    assert!((net.location.net_offset.0 - 120.0).abs() < 1e-9);
}

#[test]
fn right_of_way_is_read_from_the_last_letter() {
    let net = SumoNet::parse(TWO).expect("the fixture");
    let (right, west) = (link(&net, "nc", "cw"), link(&net, "dc", "cw"));
    let (left, opposite) = (link(&net, "wc", "cn"), link(&net, "dc", "cw"));
    // The turn from the minor street joins the main one, and waits for it.
    assert!(net.must_yield(right, west) && !net.must_yield(west, right));
    assert!(net.must_yield(left, opposite) && !net.must_yield(opposite, left));
    assert!(net.are_foes(left, opposite) && net.are_foes(opposite, left));
    // Streams side by side never meet; links of two nodes are never compared.
    assert!(!net.are_foes(opposite, link(&net, "wc", "cd")));
    assert!(!net.are_foes(left, link(&net, "cd", "dm")));
    assert_eq!(net.node_of(left), Some(("c", 12)));
}

#[test]
fn crossings_are_links_like_others() {
    let net = SumoNet::parse(WALKS).expect("the fixture");
    let crossing = net.links_of("c");
    let crossing = crossing.iter().find(|link| link.link_index == Some(13));
    let crossing = crossing.expect("a crossing");
    assert_eq!(net.edges[&crossing.to].function, EdgeFunction::Crossing);
    assert_eq!(net.node_of(crossing), Some(("c", 13)));
    let turning = link(&net, "wc", "cn");
    assert!(net.must_yield(turning, crossing));
    assert!(!net.edges["wc"].lanes[0].allows("passenger"));
}

#[test]
fn without_inner_lanes_links_count_by_their_entering_lanes() {
    // The same network as netconvert writes it with --no-internal-links.
    let bare: String = TWO
        .lines()
        .filter(|line| !line.contains("from=\":"))
        .map(|line| {
            let via = line.find(" via=");
            let cut = via.map(|at| line[at + 6..].find('"').map_or(0, |end| at + 7 + end));
            match (via, cut) {
                (Some(from), Some(to)) => format!("{}{}\n", &line[..from], &line[to..]),
                _ => format!("{line}\n"),
            }
        })
        .collect();
    let (net, whole) = (SumoNet::parse(&bare), SumoNet::parse(TWO));
    let (net, whole) = (net.expect("a network"), whole.expect("the fixture"));
    for signal in ["c", "d"] {
        for (bare, full) in net.links_of(signal).iter().zip(whole.links_of(signal)) {
            assert!(bare.via.is_none() && full.via.is_some());
            assert_eq!(net.node_of(bare), whole.node_of(full));
        }
    }
}

#[test]
fn a_node_whose_links_cannot_be_numbered_knows_no_right_of_way() {
    let gone = TWO.replace(
        "        <request index=\"6\" response=\"0011100\" foes=\"0011110\" cont=\"1\"/>\n",
        "",
    );
    assert_ne!(gone, TWO);
    let net = SumoNet::parse(&gone).expect("a network");
    assert!(!net.knows_right_of_way(link(&net, "cd", "dm")));
    assert!(net.knows_right_of_way(link(&net, "wc", "cn")));
}

#[test]
fn the_last_programme_of_a_signal_is_in_force() {
    let mut net = SumoNet::parse(TWO).expect("the fixture");
    let more = r#"<?xml version="1.0"?><additional><vType id="bus"/>
        <tlLogic id="c" type="actuated" programID="day" offset="0:01:10">
            <phase duration="1:01" state="rrrrrrrrrrrrr" minDur="5" maxDur="50" next="1 0"/>
            <phase minDur="4" state="GGGGGGGGGGGGG"/>
        </tlLogic>
        <tlLogic id="nobody" type="static" programID="0"><phase duration="1" state="G"/></tlLogic>
        </additional>"#;
    assert_eq!(net.add_programmes(more), Ok(2));
    let programme = net.programme("c").expect("a programme");
    assert_eq!(
        (programme.id.as_str(), programme.kind.as_str()),
        ("day", "actuated")
    );
    assert!((programme.offset_s - 70.0).abs() < 1e-9);
    let step = &programme.steps[0];
    assert!((step.duration_s - 61.0).abs() < 1e-9);
    assert_eq!(
        (step.max_s, step.next.as_slice()),
        (Some(50.0), &[1, 0][..])
    );
    assert!((programme.steps[1].duration_s - 4.0).abs() < 1e-9);
    assert!(
        net.programme("nobody").is_none(),
        "a signal without links has no programme"
    );
}

#[test]
fn what_is_no_network_is_refused_with_its_place() {
    let refused = |text: &str| SumoNet::parse(text).expect_err("a refusal").to_string();
    assert!(matches!(
        SumoNet::parse("\u{1f}\u{8b}"),
        Err(SumoError::Packed { .. })
    ));
    assert!(refused("").contains("ends too early"));
    assert!(refused("good day").contains("line 1"));
    assert!(refused("<routes/>").contains("begins with <routes>"));
    assert!(refused("<net>\n<edge id='a'\n").contains("network file, line"));
    assert!(
        refused("<net>\n\n<edge id=\"a\" to=\"b\"></edge></net>")
            .contains("line 3: <edge> has no `from`")
    );
    assert!(refused("<net></edge>").contains("line 1"));
    let words = TWO.replace("length=\"112.80\"", "length=\"long\"");
    assert!(refused(&words).contains("`length` of <lane> is \"long\": write a number"));
    let bits = TWO.replace("response=\"0011000\"", "response=\"00x1000\"");
    assert!(refused(&bits).contains("zeros and ones"));
    assert!(refused("<net><edge id='&nope;' from='a' to='b'/></net>").contains("line 1"));
    let deep = format!("<net>{}", "<x>".repeat(100));
    assert!(refused(&deep).contains("nest"));
    let mut net = SumoNet::parse(TWO).expect("the fixture");
    assert!(matches!(
        net.add_programmes("<routes/>"),
        Err(SumoError::OtherKind { .. })
    ));
    assert!(
        net.add_programmes("<add><tlLogic></tlLogic></add>")
            .is_err()
    );
}

#[test]
fn every_way_of_cutting_a_network_short_is_refused() {
    for at in (0..TWO.trim_end().len()).step_by(97) {
        assert!(SumoNet::parse(&TWO[..at]).is_err(), "cut at {at}");
    }
}
