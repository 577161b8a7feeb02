//! Intervals, budgets and the time window.

use crate::{
    diag::{Code, Diagnosis, Faults},
    tree::Table,
    types::{Budgets, Intervals, Window},
};

pub(super) fn intervals(root: &Table) -> Option<Intervals> {
    let t = root.table("intervals")?;
    Intervals::read(|key| t.get(key))
}

pub(super) fn budgets(root: &Table, faults: &mut Faults) -> Option<Budgets> {
    let t = root.table("budgets")?;
    let window = t.table("window").map(|w| window(w, faults));
    Some(Budgets { write_downtime: t.get("write_downtime")?, window: window.map_or(Some(None), |w| w.map(Some))? })
}

fn window(table: &Table, faults: &mut Faults) -> Option<Window> {
    let window = Window { start: table.get("start")?, end: table.get("end")? };
    if window.start >= window.end {
        let span = table.written("end").unwrap_or_else(|| table.span.clone());
        let message = format!("the window ends at {}, which is not after its start", window.end);
        faults.push(
            Diagnosis::error(Code::Conflict, &span, message).hint("put the later time into `end`; mind the offsets"),
        );
    }
    Some(window)
}
