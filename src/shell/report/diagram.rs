//! The time-space diagram: time to the right, the way upwards.

use core::fmt::Write;

use super::data::ReportData;
use super::html::escape;

const WIDTH: f64 = 980.0;
const HEIGHT: f64 = 520.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 34.0;
/// From one standing vehicle to the next, metres.
const JAM_M: f64 = 7.0;

/// Where things lie on the paper.
struct Paper {
    from_s: f64,
    span_s: f64,
    length_m: f64,
}

impl Paper {
    fn of(report: &ReportData) -> Self {
        let moving = report.track.iter().find(|(_, along, _)| *along > 5.0);
        let from_s = moving.map_or(0.0, |(at, _, _)| (at - 15.0).max(0.0));
        let passed = report.signals.iter().flat_map(|one| {
            let held = one.holds.iter().map(|span| span.to_s);
            held.chain(one.passed_s).chain(one.passed_without_s)
        });
        let end = report.track.iter().map(|(at, _, _)| *at).chain(passed);
        let end_s = end.fold(from_s + 30.0, f64::max) + 10.0;
        Self {
            from_s,
            span_s: (end_s - from_s).max(1.0),
            length_m: report.length_m.max(1.0),
        }
    }

    fn x(&self, at_s: f64) -> f64 {
        let share = ((at_s - self.from_s) / self.span_s).clamp(0.0, 1.0);
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, along_m: f64) -> f64 {
        let share = (along_m / self.length_m).clamp(0.0, 1.0);
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }

    fn is_on(&self, from_s: f64, to_s: f64) -> bool {
        to_s > self.from_s && from_s < self.from_s + self.span_s
    }
}

/// The diagram as SVG: greens by read-back, holds, queues, the vehicle, and its twin without the key.
pub(super) fn diagram(report: &ReportData) -> String {
    let paper = Paper::of(report);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" role=\"img\" aria-label=\"time-space diagram\" \
         font-family=\"sans-serif\" font-size=\"12\">\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>"
    );
    axis(&mut svg, &paper);
    for at in &report.rerouted_s {
        let x = paper.x(*at);
        line(&mut svg, (x, TOP), (x, HEIGHT - BOTTOM), "#8e44ad", 1.5);
    }
    for signal in &report.signals {
        let y = paper.y(signal.stop_line_m);
        line(&mut svg, (LEFT, y), (WIDTH - RIGHT, y), "#c9ced3", 1.0);
        let _cannot_fail = write!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#222222\">{}</text>",
            LEFT - 6.0,
            y + 4.0,
            escape(&signal.site)
        );
        for (at, vehicles) in signal.queues.iter().filter(|(_, vehicles)| *vehicles > 0) {
            if paper.is_on(*at, *at) {
                let tail = paper.y((signal.stop_line_m - JAM_M * f64::from(*vehicles)).max(0.0));
                line(
                    &mut svg,
                    (paper.x(*at), y),
                    (paper.x(*at), tail),
                    "#f0a44b",
                    2.0,
                );
            }
        }
        for span in signal
            .holds
            .iter()
            .filter(|one| paper.is_on(one.from_s, one.to_s))
        {
            let (x0, x1) = (paper.x(span.from_s), paper.x(span.to_s));
            line(&mut svg, (x0, y - 5.0), (x1, y - 5.0), "#2f6fd0", 2.0);
        }
        for span in signal
            .greens
            .iter()
            .filter(|one| paper.is_on(one.from_s, one.to_s))
        {
            let (x0, x1) = (paper.x(span.from_s), paper.x(span.to_s));
            line(&mut svg, (x0, y), (x1, y), "#1faa5c", 5.0);
        }
    }
    way(&mut svg, &paper, &without(report), ("#8a8f96", "6 4"));
    let drove: Vec<(f64, f64)> = report.track.iter().map(|(at, m, _)| (*at, *m)).collect();
    way(&mut svg, &paper, &drove, ("#c0392b", ""));
    svg.push_str("</svg>");
    svg
}

/// The twin's way: at each signal it arrives, waits and goes on.
fn without(report: &ReportData) -> Vec<(f64, f64)> {
    let start = report.track.iter().rev().find(|(_, along, _)| *along < 5.0);
    let mut points: Vec<(f64, f64)> = start
        .map(|(at, along, _)| (*at, *along))
        .into_iter()
        .collect();
    for signal in &report.signals {
        if let (Some(came), Some(went)) = (signal.arrived_without_s, signal.passed_without_s) {
            points.push((came, signal.stop_line_m));
            points.push((went, signal.stop_line_m));
        }
    }
    points
}

fn way(svg: &mut String, paper: &Paper, points: &[(f64, f64)], (colour, dashes): (&str, &str)) {
    let mut text = String::new();
    for (at, along) in points.iter().filter(|(at, _)| paper.is_on(*at, *at)) {
        let _cannot_fail = write!(text, "{:.1},{:.1} ", paper.x(*at), paper.y(*along));
    }
    let _cannot_fail = write!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\" \
         stroke-dasharray=\"{dashes}\"/>",
        text.trim_end()
    );
}

fn axis(svg: &mut String, paper: &Paper) {
    let step = if paper.span_s > 600.0 { 60.0 } else { 30.0 };
    let mut at = (paper.from_s / step).ceil() * step;
    while at < paper.from_s + paper.span_s {
        let x = paper.x(at);
        line(svg, (x, TOP), (x, HEIGHT - BOTTOM), "#eceff2", 1.0);
        let _cannot_fail = write!(
            svg,
            "<text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#555555\">{at:.0} s</text>",
            HEIGHT - BOTTOM + 18.0
        );
        at += step;
    }
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
    let _cannot_fail = write!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" \
         stroke-width=\"{width}\"/>",
        from.0, from.1, to.0, to.1
    );
}
