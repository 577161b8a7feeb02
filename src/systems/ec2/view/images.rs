//! The table of the images.

use super::label;
use crate::ec2::{
    State,
    facts::Image,
    signals::{Lineage, lineage},
};
use base::{
    now::Now,
    side::Side,
    view::{Cell, Column, Row, Table, Tone},
};

/// Images in use, and images copied for the move that no instance runs from yet.
pub(super) fn table(state: &State, now: Now) -> Table {
    let columns = vec![
        Column::text("image", "image", 21),
        Column::text("side", "side", 4),
        Column::text("name", "name", 12).grow(1),
        Column::text("state", "state", 9).drop(2),
        Column::text("lineage", "lineage", 12),
        Column::text("source", "source image", 21).drop(4),
        Column::text("roles", "roles", 8).grow(1).drop(1),
        Column::number("instances", "instances", 9),
        Column::number("age", "age", 5).drop(3),
    ];
    let mut rows = Vec::new();
    for side in Side::BOTH {
        let site = state.sites.get(side);
        let seen = site.images.at(now);
        for image in seen.as_ref().shown().map_or(&[][..], |i| &i.found) {
            let runs =
                |role: &usize| site.counted(*role, now, |t| t.images.contains_key(&image.id)).shown() == Some(true);
            let users: Vec<usize> = (0..state.plan.fleet.len()).filter(runs).collect();
            let names: Vec<&str> = users.iter().map(|role| state.plan.fleet[*role].name.as_str()).collect();
            let instances = site.all(now, |t| t.images.get(&image.id).copied()).shown().flatten().unwrap_or(0);
            let dim = |cell: Cell| if seen.is_fresh() { cell } else { cell.tone(Tone::Stale) };
            let cells = vec![
                dim(Cell::text(image.id.to_string())),
                dim(Cell::text(label(state, side))),
                dim(Cell::text(image.name.to_string())),
                dim(status(image)),
                dim(lineage_cell(state, side, image, &users, now)),
                dim(image.source.as_ref().map_or_else(Cell::none, |s| Cell::text(s.to_string()))),
                dim(Cell::text(names.join(" "))),
                dim(Cell::count(instances.into())),
                Cell::age(&seen),
            ];
            rows.push(Row::new(format!("{side}/{}", image.id), cells));
        }
    }
    Table { id: "images", title: "Images".into(), columns, rows: rows.into(), empty: "no image is known yet" }
}

fn status(image: &Image) -> Cell {
    let tone = match &*image.state {
        "available" => Tone::Plain,
        "pending" => Tone::Busy,
        _ => Tone::Bad,
    };
    Cell::text(image.state.to_string()).tone(tone)
}

fn lineage_cell(state: &State, side: Side, image: &Image, users: &[usize], now: Now) -> Cell {
    if side == Side::Source {
        return Cell::none();
    }
    let Some(role) = users.first() else {
        return image.source.as_ref().map_or_else(Cell::none, |_| Cell::text("copy, unused").tone(Tone::Muted));
    };
    Cell::seen(lineage(state, *role, now), |all| {
        all.iter().find(|(id, ..)| *id == image.id).map_or_else(Cell::none, |(.., lineage)| lineage_word(*lineage))
    })
}

pub(super) fn lineage_word(lineage: Lineage) -> Cell {
    match lineage {
        Lineage::Same => Cell::text("copy").tone(Tone::Good),
        Lineage::Other => Cell::text("other source").tone(Tone::Warn),
        Lineage::Untagged => Cell::text("no tag").tone(Tone::Warn),
        Lineage::Deregistered => Cell::text("deregistered").tone(Tone::Bad),
    }
}
