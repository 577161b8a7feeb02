//! One curve over time.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    symbols::Marker,
    text::Span,
    widgets::{Axis, Block, Borders, Chart, Dataset, GraphType, Widget as _},
};

use crate::{
    console::theme::{Role, Theme},
    core::now::short,
    view::Curve,
};

use super::text::fit_middle;

/// Draws it with its title, the range of its values and how far back it goes.
pub fn draw(area: Rect, buf: &mut Buffer, curve: &Curve, theme: &Theme) {
    let muted = theme.style(Role::Muted);
    let block = Block::new().borders(Borders::TOP).border_style(theme.style(Role::Border)).title(Span::styled(
        format!(" {} ", fit_middle(&curve.title, usize::from(area.width.saturating_sub(2)))),
        theme.style(Role::Title),
    ));
    let known = || curve.points.iter().filter(|p| p.0.is_finite() && p.1.is_finite());
    let (Some(first), Some(last)) = (known().next(), known().next_back()) else {
        let inner = block.inner(area);
        block.render(area, buf);
        super::text::put(inner, buf, "no samples yet", muted);
        return;
    };
    let (low, high) = known().fold((f64::MAX, f64::MIN), |(l, h), p| (l.min(p.1), h.max(p.1)));
    // A curve that does not move lies in the middle; one that cannot be negative keeps its floor at 0.
    let pad = if high > low { (high - low) * 0.05 } else { high.abs().max(1.0) * 0.5 };
    let floor = if low >= 0.0 { (low - pad).max(0.0) } else { low - pad };
    let segments = segments(&curve.points);
    let datasets = segments
        .iter()
        .map(|points| {
            Dataset::default()
                .marker(Marker::Braille)
                .graph_type(GraphType::Line)
                .style(theme.style(Role::Chart))
                .data(points)
        })
        .collect();
    let back = |t: f64| {
        std::time::Duration::try_from_secs_f64(-t).map_or_else(|_| "now".to_owned(), |d| format!("-{}", short(d)))
    };
    let label = |text: String| Span::styled(text, muted);
    let x = Axis::default()
        .bounds([first.0, last.0.max(first.0 + 1.0)])
        .labels([label(back(first.0)), label(back(last.0))])
        .style(Style::new().patch(theme.style(Role::Border)));
    let y = Axis::default()
        .bounds([floor, high + pad])
        .labels([label(figure(floor)), label(figure(high + pad))])
        .style(theme.style(Role::Border));
    // With the screen's own background: a chart has the terminal's, where it is told none.
    let ground = theme.style(Role::Text);
    Chart::new(datasets).block(block).style(ground).x_axis(x).y_axis(y).legend_position(None).render(area, buf);
}

/// Three figures are enough beside a curve.
fn figure(v: f64) -> String {
    match v.abs() {
        a if a >= 1e9 => format!("{:.1}G", v / 1e9),
        a if a >= 1e6 => format!("{:.1}M", v / 1e6),
        a if a >= 1e4 => format!("{:.1}k", v / 1e3),
        a if a >= 100.0 || a == 0.0 => format!("{v:.0}"),
        a if a >= 1.0 => format!("{v:.1}"),
        _ => format!("{v:.3}"),
    }
}

/// A gap stays a gap: no line is drawn over a time without samples.
fn segments(points: &[(f64, f64)]) -> Vec<&[(f64, f64)]> {
    let mut steps: Vec<f64> = points.windows(2).map(|w| w[1].0 - w[0].0).collect();
    steps.sort_by(f64::total_cmp);
    let usual = steps.get(steps.len() * 9 / 10).copied().unwrap_or(1.0);
    points
        .chunk_by(|a, b| b.0 - a.0 <= 3.0 * usual && a.1.is_finite() && b.1.is_finite())
        .filter(|s| s.iter().all(|p| p.1.is_finite()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_not_bridged() {
        let mut points: Vec<(f64, f64)> = (0..20).map(|i| (f64::from(i), 1.0)).collect();
        points.extend((60..80).map(|i| (f64::from(i), 1.0)));
        let lengths: Vec<usize> = segments(&points).iter().map(|s| s.len()).collect();
        assert_eq!(lengths, [20, 20]);
        assert_eq!(segments(&[(0.0, 1.0), (1.0, f64::NAN), (2.0, 1.0)]).len(), 2);
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(
            [figure(0.0), figure(0.0123), figure(12_345.0), figure(16_700_000.0)],
            ["0", "0.012", "12.3k", "16.7M"]
        );
    }
}
