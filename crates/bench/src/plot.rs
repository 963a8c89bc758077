//! Figures as a picture: one bar for each ratio, with its spread and its aim. Plain SVG, light or dark as the reader's
//! page is, and with the same words as the table for who cannot see it.

use crate::report::Row;
use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const LABEL: f64 = 330.0;
const LINE: f64 = 34.0;
const BAR: f64 = 14.0;
const TOP: f64 = 12.0;
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1b1f24}.bar{fill:#2f6fb0}.missed{fill:#b0622f}\
    .spread{stroke:#1b1f24;stroke-width:1.5}.aim{stroke:#1b1f24;stroke-width:2;stroke-dasharray:3 3}\
    @media(prefers-color-scheme:dark){text{fill:#e6e9ec}.spread,.aim{stroke:#e6e9ec}}";

/// The ratios among the rows; nothing if there are none.
pub(crate) fn ratios(title: &str, rows: &[Row]) -> Option<String> {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.name.starts_with("ratio: ")).collect();
    let most = rows.iter().flat_map(|row| [row.most, row.aim.as_ref().map_or(0.0, |aim| aim.value)]);
    let most = most.fold(1.0_f64, f64::max) * 1.05;
    if rows.is_empty() {
        return None;
    }
    let height = TOP * 2.0 + LINE * rows.len() as f64;
    let x = |value: f64| LABEL + (WIDTH - LABEL - 60.0) * value / most;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" role=\"img\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n"
    );
    for (number, row) in rows.iter().enumerate() {
        let middle = TOP + LINE * (number as f64 + 0.5);
        let class =
            if row.aim.as_ref().is_some_and(|aim| !aim.is_met(row.median)) { "missed" } else { "bar" };
        let (name, top, end) =
            (escaped(row.name.trim_start_matches("ratio: ")), middle - BAR / 2.0, x(row.median));
        let width = end - LABEL;
        let _ = writeln!(
            svg,
            "<text x=\"{label}\" y=\"{base}\" text-anchor=\"end\">{name}</text>\
             <rect class=\"{class}\" x=\"{LABEL}\" y=\"{top}\" width=\"{width:.1}\" height=\"{BAR}\"/>\
             <line class=\"spread\" x1=\"{least:.1}\" x2=\"{most:.1}\" y1=\"{middle}\" y2=\"{middle}\"/>\
             <text x=\"{after:.1}\" y=\"{base}\">{median:.2}</text>",
            label = LABEL - 10.0,
            base = middle + 4.5,
            least = x(row.least),
            most = x(row.most),
            after = x(row.most) + 8.0,
            median = row.median,
        );
        if let Some(aim) = &row.aim {
            let (at, bottom) = (x(aim.value), middle + BAR);
            let _ = writeln!(
                svg,
                "<line class=\"aim\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{upper}\" y2=\"{bottom}\"/>",
                upper = middle - BAR
            );
        }
    }
    svg.push_str("</svg>\n");
    Some(svg)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Aim;

    fn row(name: &str, median: f64, aim: Option<Aim>) -> Row {
        Row { name: name.to_owned(), least: median, median, most: median, aim }
    }

    #[test]
    fn a_picture_has_a_bar_for_each_ratio_and_tells_a_missed_aim_apart() {
        let rows = [
            row("refresh/s", 20_000.0, None),
            row("ratio: a < b", 0.5, Some(Aim { value: 0.6, is_floor: true })),
            row("ratio: c", 0.7, Some(Aim { value: 0.6, is_floor: true })),
        ];
        let svg = ratios("refresh", &rows).unwrap();
        assert_eq!(svg.matches("<rect").count(), 2);
        assert_eq!(svg.matches("class=\"missed\"").count(), 1);
        assert_eq!(svg.matches("class=\"aim\"").count(), 2);
        assert!(svg.contains("a &lt; b"));
    }

    #[test]
    fn without_ratios_there_is_no_picture() {
        assert_eq!(ratios("start", &[row("ms", 20.0, None)]), None);
    }
}
