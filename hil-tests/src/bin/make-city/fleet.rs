//! The allow-list of the demo city.

use std::fmt::Write as _;

/// The one agency: id, name in Chinese and in English.
const AGENCY: (&str, &str, &str) = (
    "ankang-joint",
    "安康联合指挥中心（演示）",
    "Ankang joint dispatch centre (demo)",
);

/// A vehicle: id, class, call signs, then height, weight and length.
type Vehicle = (&'static str, &'static str, [&'static str; 2], [f64; 3]);

/// The ladder is too heavy for the First Han Bridge, the crane for every bridge.
const VEHICLES: [Vehicle; 6] = [
    (
        "A120",
        "ambulance",
        ["急救 1 号", "Ambulance 1"],
        [2.8, 4.5, 6.0],
    ),
    (
        "A121",
        "ambulance",
        ["急救 2 号", "Ambulance 2"],
        [2.8, 4.5, 6.0],
    ),
    ("F119", "fire", ["消防 1 号", "Engine 1"], [3.5, 18.0, 9.0]),
    (
        "F120",
        "fire",
        ["消防云梯 1 号", "Ladder 1"],
        [3.9, 33.0, 12.0],
    ),
    (
        "R301",
        "rescue",
        ["抢险 1 号", "Rescue 1"],
        [3.4, 14.0, 8.0],
    ),
    (
        "R302",
        "rescue",
        ["抢险吊车 1 号", "Crane 1"],
        [3.9, 48.0, 14.0],
    ),
];

/// `[[agency]]` and `[[vehicle]]` of `city.toml`.
pub(crate) fn write() -> String {
    let (agency, zh, en) = AGENCY;
    let mut text =
        format!("\n[[agency]]\nid = \"{agency}\"\nname_zh = \"{zh}\"\nname_en = \"{en}\"\n");
    for (number, (id, class, [zh, en], [height_m, weight_t, length_m])) in (1..).zip(VEHICLES) {
        let registered = match class {
            "rescue" => format!("registration = \"陕应急-{number:04}\"\n"),
            _ => String::new(),
        };
        let _ = write!(
            text,
            "\n[[vehicle]]\nid = \"{id}\"\nclass = \"{class}\"\nagency = \"{agency}\"\n\
             name_zh = \"{zh}\"\nname_en = \"{en}\"\nplate = \"陕G·{id}\"\nterminal_id = \"0139{number:08}\"\n{registered}\
             height_m = {height_m:.1}\nweight_t = {weight_t:.1}\nlength_m = {length_m:.1}\n"
        );
    }
    text
}

/// The table of the folder's README.
pub(crate) fn readme() -> String {
    let mut text = format!(
        "\n## Vehicles\n\nAll belong to the {}. The First Han Bridge carries 20 t, the others 40 t.\n\n\
         | Vehicle | Name | 名称 | Class | Height m | Weight t | Length m |\n|---|---|---|---|---|---|---|\n",
        AGENCY.2
    );
    for (id, class, [zh, en], [height_m, weight_t, length_m]) in VEHICLES {
        let _ = writeln!(
            text,
            "| {id} | {en} | {zh} | {class} | {height_m} | {weight_t} | {length_m} |"
        );
    }
    text
}
