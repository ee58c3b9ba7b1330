//! The report as one page, in both languages side by side. No scripts, nothing from elsewhere.

use core::fmt::Write;

use sha2::{Digest, Sha256};

use super::data::{FigureData, ReportData, SignalData};
use super::diagram::diagram;

const STYLE: &str = "body{font:15px/1.5 sans-serif;color:#1c2126;max-width:1010px;margin:24px auto;\
padding:0 12px}h1{font-size:1.4em}h2{font-size:1.1em;margin-top:1.6em}table{border-collapse:collapse;\
width:100%}th,td{border-bottom:1px solid #d7dce1;padding:4px 8px;text-align:right}th{color:#59636d;\
font-weight:600}td:first-child,th:first-child,td.l,th.l{text-align:left}.big{font-size:1.6em;\
font-weight:700}.warn{background:#fff3d6;padding:6px 10px;border-left:4px solid #d99a1c}svg{max-width:100%;\
height:auto;border:1px solid #d7dce1}small{color:#59636d}";

/// The policy that lets a browser show the page and nothing else.
#[must_use]
pub fn policy() -> String {
    let hash = base64(&Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'; base-uri 'none'"
    )
}

/// The page of a report.
#[must_use]
pub fn page(report: &ReportData) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>绿波护航 {0} · corridor {0}</title><style>{STYLE}</style></head><body>\n",
        report.corridor
    );
    head(&mut page, report);
    warnings(&mut page, report);
    page.push_str("<h2>时空图 <small>time-space diagram</small></h2>\n");
    page.push_str(&diagram(report));
    page.push_str(
        "<p><small>绿：灯色回读为绿；蓝：为车辆保持；橙：最长车道排队；红：车辆；灰虚线：不按键时的推算；紫竖线：改道。\
         Green: lamps read back green; blue: held for the vehicle; orange: queue of the fullest lane; \
         red: the vehicle; grey: the same vehicle without the key, as reckoned; violet: given another way.</small></p>\n",
    );
    signals(&mut page, report);
    exemptions(&mut page, report);
    page.push_str(
        "<p><small>节省与代价由日志重放推算：同一时刻、同样到达车辆，有此护航与无此护航各运行一遍。\
         区间为可能范围，实测包含真值的比例见 docs/benchmarks.md。 Saved and paid are reckoned by replaying the journal: the same \
         moment and the same arrivals, once with this corridor and once without it. The interval is \
         the likely range; how often it held the true figure is in docs/benchmarks.md.</small></p>\n</body></html>\n",
    );
    page
}

fn head(page: &mut String, report: &ReportData) {
    let saved = report
        .saved_s
        .map_or_else(|| "–".to_owned(), |saved| spread(saved, "s"));
    let travel = report
        .travel_s
        .map_or_else(|| "–".to_owned(), |travel| format!("{travel:.0} s"));
    let _cannot_fail = write!(
        page,
        "<h1>绿波护航 {n} 报告 <small>report of corridor {n}</small></h1>\n<table>\
         <tr><th>车辆 <small>vehicle</small></th><td class=\"l\">{vehicle} · {service}</td></tr>\
         <tr><th>启动 <small>opened</small></th><td class=\"l\">{opened}</td></tr>\
         <tr><th>操作员 <small>who pressed</small></th><td class=\"l\">{agency} {operator}</td></tr>\
         <tr><th>事件 <small>incident</small></th><td class=\"l\">{incident}</td></tr>\
         <tr><th>结果 <small>how it ended</small></th><td class=\"l\">{state}, {passed} / {all}</td></tr>\
         <tr><th>行驶 <small>drive to the last signal</small></th><td class=\"l\">{travel}, {length:.0} m</td></tr>\
         <tr><th>节省 <small>saved</small></th><td class=\"l\"><span class=\"big\">{saved}</span></td></tr>\
         <tr><th>他人代价 <small>paid by others</small></th><td class=\"l\"><span class=\"big\">{paid}</span></td></tr>\
         </table>\n",
        n = report.corridor,
        vehicle = escape(&report.vehicle),
        service = report.service,
        opened = report.opened,
        agency = escape(&report.agency),
        operator = escape(or_dash(&report.operator)),
        incident = escape(or_dash(&report.incident)),
        state = report.state,
        passed = report.passed,
        all = report.signals.len(),
        length = report.length_m,
        paid = spread(report.paid_vehicle_s, "veh·s"),
    );
}

fn warnings(page: &mut String, report: &ReportData) {
    let mut warn = |text: &str| {
        let _cannot_fail = writeln!(page, "<p class=\"warn\">{text}</p>");
    };
    for one in report.signals.iter().filter(|one| one.late_by_s > 0.0) {
        warn(&format!(
            "{0} 晚 {1:.0} 秒放行。 {0} was late by {1:.0} s.",
            escape(&one.site),
            one.late_by_s.ceil()
        ));
    }
    for one in &report.signals {
        if let Some(other) = one.refused_by {
            warn(&format!(
                "{0} 由绿波护航 {other} 优先。 At {0} corridor {other} went first.",
                escape(&one.site)
            ));
        }
    }
    if let Some(first) = &report.first_plan {
        let moments: Vec<String> = (report.rerouted_s.iter())
            .map(|at| format!("{at:.0} s"))
            .collect();
        let signals: Vec<String> = first.signals.iter().map(|site| escape(site)).collect();
        warn(&format!(
            "途中于 {at} 改道，下列各项均为实际行驶路线；最初计划：{route}，{length:.0} m，{signals}。 \
             The way was changed after {at}; everything below is the way that was driven. Planned first: \
             {route}, {length:.0} m, over {signals}.",
            at = moments.join(", "),
            route = escape(&first.route),
            length = first.length_m,
            signals = signals.join(", "),
        ));
    }
    for one in &report.abandoned {
        warn(&format!(
            "{0} 曾为车辆保持 {1:.0} 秒，改道后放弃。 {0} was held for {1:.0} s and given up with the way.",
            escape(&one.site),
            one.held_s
        ));
    }
    if report.is_cut {
        warn(
            "日志在他人恢复之前结束，代价只计到此。 The journal ends before the others had recovered: \
              what they paid is counted up to there.",
        );
    }
}

fn signals(page: &mut String, report: &ReportData) {
    page.push_str(
        "<h2>各路口 <small>signal by signal</small></h2>\n<table><tr><th>路口 <small>signal</small></th>\
         <th class=\"l\">进口 <small>approach</small></th><th>通过 <small>passed</small></th>\
         <th>不按键 <small>without</small></th><th>及时绿灯 <small>green in time</small></th>\
         <th>保持 <small>held</small></th><th>停车 <small>stood</small></th>\
         <th>晚 <small>late</small></th><th>最长排队 <small>longest queue</small></th></tr>\n",
    );
    for one in &report.signals {
        row(page, one);
    }
    page.push_str("</table>\n");
}

fn row(page: &mut String, one: &SignalData) {
    let at = |moment: Option<f64>| moment.map_or_else(|| "–".to_owned(), |s| format!("{s:.0} s"));
    let green = match one.green_in_time {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "–",
    };
    let _cannot_fail = writeln!(
        page,
        "<tr><td>{} {} <small>{}</small></td><td class=\"l\">{}</td><td>{}</td><td>{}</td><td>{green}</td>\
         <td>{:.0} s</td><td>{:.0} s</td><td>{:.0} s</td><td>{}</td></tr>",
        escape(&one.site),
        escape(&one.name_zh),
        escape(&one.name_en),
        escape(&one.approach),
        at(one.passed_s),
        at(one.passed_without_s),
        one.held_s,
        one.stood_s,
        one.late_by_s,
        one.queue_max,
    );
}

fn exemptions(page: &mut String, report: &ReportData) {
    page.push_str(
        "<h2>让行免责清单 <small>where and when others had to make way</small></h2>\n<table><tr>\
         <th>路口 <small>signal</small></th><th class=\"l\">情形 <small>what</small></th>\
         <th class=\"l\">进口或灯组 <small>approach or group</small></th>\
         <th>起 <small>from</small></th><th>止 <small>to</small></th></tr>\n",
    );
    for one in &report.exemptions {
        let what = match one.kind {
            "made_way" => "让行 <small>made way</small>",
            "green_cut" => "绿灯提前结束 <small>green cut</small>",
            _ => "保持红灯 <small>kept at red</small>",
        };
        let whom = if one.group.is_empty() {
            &one.approach
        } else {
            &one.group
        };
        let _cannot_fail = writeln!(
            page,
            "<tr><td>{}</td><td class=\"l\">{what}</td><td class=\"l\">{}</td><td>{}</td><td>{}</td></tr>",
            escape(&one.site),
            escape(whom),
            one.from,
            one.to
        );
    }
    page.push_str("</table>\n");
}

fn spread(figure: FigureData, unit: &str) -> String {
    format!(
        "{:.0} {unit} <small>[{:.0} – {:.0}]</small>",
        figure.value, figure.low, figure.high
    )
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}

/// Text that is text, whatever is in it.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// Base 64 with padding, as policies want it.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let all = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4_usize {
            let six = usize::try_from(all >> (18 - 6 * place) & 63).unwrap_or(0);
            let letter = LETTERS.get(six).copied().unwrap_or(b'=');
            text.push(if place <= three.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_stays_text() {
        let mut report = ReportData {
            vehicle: "<script>alert(1)</script>".to_owned(),
            operator: "\"><img src=x>".to_owned(),
            ..ReportData::default()
        };
        report.signals.push(SignalData {
            name_zh: "<b>".to_owned(),
            ..SignalData::default()
        });
        let page = page(&report);
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>"));
        assert!(page.contains("&lt;script&gt;"));
    }

    #[test]
    fn the_policy_names_the_hash_of_the_style_and_allows_no_script() {
        assert_eq!(base64(b"Ma"), "TWE=");
        assert_eq!(base64(b"Man"), "TWFu");
        assert_eq!(base64(b"light w"), "bGlnaHQgdw==");
        let policy = policy();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"));
    }
}
