//! `network.geojson`: one feature a line, so that a finding's line number means something.

use greenwave::network::PlanarPoint;
use serde_json::{Value, json};

use crate::layout::{City, NodeKind, Road, left_of, opposite, right_of};
use crate::tables::{PLACES, bridge_weight_max_t};

/// The text of the file.
pub(crate) fn write(city: &City) -> String {
    let mut features = vec![river(city)];
    features.extend(nodes(city));
    features.extend(roads(city));
    features.extend(turns(city));
    features.extend(places(city));
    let lines: Vec<_> = features.iter().map(Value::to_string).collect();
    format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}\n",
        lines.join(",\n")
    )
}

fn feature(geometry: &Value, properties: &Value) -> Value {
    json!({ "type": "Feature", "properties": properties, "geometry": geometry })
}

fn position(city: &City, at: PlanarPoint) -> Value {
    let globe = city.grid.to_lat_lon(at);
    json!([round(globe.lon_deg, 1e7), round(globe.lat_deg, 1e7)])
}

fn round(value: f64, to: f64) -> f64 {
    (value * to).round() / to
}

fn river(city: &City) -> Value {
    let north = [
        (-2000.0, 110.0),
        (-400.0, 140.0),
        (400.0, 125.0),
        (2000.0, 95.0),
    ];
    let south = [
        (2000.0, -110.0),
        (400.0, -85.0),
        (-400.0, -65.0),
        (-2000.0, -105.0),
    ];
    let mut ring: Vec<_> = north
        .iter()
        .chain(&south)
        .map(|(x_m, y_m)| {
            position(
                city,
                PlanarPoint {
                    x_m: *x_m,
                    y_m: *y_m,
                },
            )
        })
        .collect();
    ring.push(ring[0].clone());
    feature(
        &json!({ "type": "Polygon", "coordinates": [ring] }),
        &json!({ "kind": "water", "id": "W1", "name_zh": "汉江", "name_en": "Han River" }),
    )
}

fn nodes(city: &City) -> Vec<Value> {
    let made = city.nodes.values().map(|node| {
        let kind = if node.kind == NodeKind::Crossing {
            "crossing"
        } else {
            "junction"
        };
        let mut properties = json!({
            "kind": kind, "id": node.id, "name_zh": node.zh, "name_en": node.en,
        });
        if node.kind != NodeKind::Gate {
            properties["site"] = json!(node.id);
        }
        let point = json!({ "type": "Point", "coordinates": position(city, node.at) });
        feature(&point, &properties)
    });
    made.collect()
}

fn roads(city: &City) -> Vec<Value> {
    let made = city.roads.values().map(|road| {
        let ends = [&road.from, &road.to].map(|id| position(city, city.nodes[id].at));
        let mut properties = json!({
            "kind": "road", "id": road.id, "from": road.from, "to": road.to,
            "name_zh": road.zh, "name_en": road.en, "length_m": road.length_m,
            "speed_kmh": road.speed_kmh, "lanes": road.lanes,
        });
        if road.bridge {
            properties["bridge"] = json!(true);
            properties["weight_max_t"] = json!(bridge_weight_max_t(road.en));
        }
        feature(
            &json!({ "type": "LineString", "coordinates": ends }),
            &properties,
        )
    });
    made.collect()
}

fn turns(city: &City) -> Vec<Value> {
    city.roads
        .values()
        .flat_map(|road| turns_from(city, road))
        .collect()
}

fn turns_from(city: &City, road: &Road) -> Vec<Value> {
    let arm = road.enters;
    let ways = [
        ("left", left_of(arm), 4),
        ("through", opposite(arm), 0),
        ("right", right_of(arm), 3),
    ];
    let mut found = Vec::new();
    for (turn, out, cost_s) in ways {
        if let Some(next) = city.leaving(&road.to, out) {
            let mut properties =
                json!({ "kind": "turn", "from": road.id, "to": next.id, "turn": turn });
            if cost_s > 0 {
                properties["cost_s"] = json!(cost_s);
            }
            found.push(feature(&Value::Null, &properties));
        }
    }
    found
}

fn places(city: &City) -> Vec<Value> {
    let made = PLACES.iter().map(|(id, kind, zh, en, road_id, at_m)| {
        let road = &city.roads[*road_id];
        let (from, to) = (city.nodes[&road.from].at, city.nodes[&road.to].at);
        let on_road = from.towards(to, at_m / road.length_m);
        // 25 m to the right of the way one drives.
        let (dx, dy) = (to.x_m - from.x_m, to.y_m - from.y_m);
        let length = dx.hypot(dy);
        let at = PlanarPoint {
            x_m: on_road.x_m + 25.0 * dy / length,
            y_m: on_road.y_m - 25.0 * dx / length,
        };
        feature(
            &json!({ "type": "Point", "coordinates": position(city, at) }),
            &json!({
                "kind": "place", "id": id, "type": kind, "name_zh": zh, "name_en": en,
                "road": road_id, "at_m": at_m,
            }),
        )
    });
    made.collect()
}
