//! The details of rows.

use landfall::{base::observed::FaultKind, drive::sim::Trouble};

use super::*;

#[test]
fn what_is_behind_the_first_row_of_each_page() {
    let mut drive = estate();
    let mut ui = ui(drive.snapshot());
    for page in 2..=9 {
        let acts = press(&mut ui, &format!("{page}\n"));
        let name = ui.panel().expect("a page").id;
        assert!(page >= 7 || text(&screen(&mut ui, (80, 24), false)).contains("◐ loading"), "{name}");
        carry_out(&mut drive, &mut ui, acts);
        shots(&mut ui, &format!("{name}_detail"), &SIZES);
        let acts = press(&mut ui, "\u{1b}");
        carry_out(&mut drive, &mut ui, acts);
    }
}

#[test]
fn what_a_canary_feels_is_beside_what_is_reckoned() {
    let mut drive = controlled("primaries");
    execute(&mut drive, "primary-orders");
    let mut ui = ui(drive.snapshot());
    press(&mut ui, "2/orders\n");
    shots(&mut ui, "mongo_felt", &SIZES);
    let acts = press(&mut ui, "\n");
    carry_out(&mut drive, &mut ui, acts);
    shots(&mut ui, "mongo_felt_detail", &[SMALL, USUAL]);
}

#[test]
fn a_group_before_and_after_its_hand_over() {
    let mut drive = controlled("streams");
    let show = |drive: &mut SimDrive, when: &str| {
        let mut ui = ui(drive.snapshot());
        press(&mut ui, "3/checkout\n");
        let acts = press(&mut ui, "\n");
        carry_out(drive, &mut ui, acts);
        shots(&mut ui, &format!("kafka_handover_{when}"), &[SMALL, USUAL]);
    };
    show(&mut drive, "before");
    execute(&mut drive, "checkout-offsets");
    show(&mut drive, "after");
    drive.trouble("kafka/events/source/snapshot", Some(Trouble::Fails(FaultKind::Unreachable)));
    drive.run_for(Duration::from_secs(20));
    show(&mut drive, "blind");
}

#[test]
fn the_facts_of_a_detail_can_all_be_read_beside_its_tables() {
    let mut drive = estate();
    let mut ui = ui(drive.snapshot());
    let acts = press(&mut ui, "2\n");
    carry_out(&mut drive, &mut ui, acts);
    let last = ui.detail().expect("a detail").fields.last().expect("facts").0.to_string();
    assert!(!text(&screen(&mut ui, (80, 24), false)).contains(&last), "they do not fit");
    press(&mut ui, &"J".repeat(40));
    let shown = text(&screen(&mut ui, (80, 24), false));
    assert!(shown.contains(&last), "{last}\n{shown}");
    press(&mut ui, "K");
    assert!(!text(&screen(&mut ui, (80, 24), false)).contains(&last), "as many presses up as down");
}

#[test]
fn a_gate_opens_its_signal_and_the_way_back_leads_to_its_step() {
    let (plan, _) =
        landfall::systems::load_plan(Path::new("demo/plan.toml")).unwrap_or_else(|faulty| panic!("{faulty}"));
    let gates = |id: &str| plan.runbook.steps().find(|(_, step)| step.id == id).expect("a step").1.gates.clone();
    let mut drive = controlled_with("canary", |step| step.gates = gates(&step.id));
    let mut ui = ui(drive.snapshot());
    press(&mut ui, "7\n");
    shots(&mut ui, "gates", &SIZES);
    let step = ui.detail().expect("a step").title.clone();
    let acts = press(&mut ui, "jjj\n");
    carry_out(&mut drive, &mut ui, acts);
    shots(&mut ui, "gate_detail", &SIZES);
    let gate = ui.detail().expect("a gate");
    assert!(gate.title.starts_with(&format!("{step} ▸ ")), "{}", gate.title);
    assert!(!gate.curves[0].is_empty(), "its value has a past");
    assert!(gate.tables.iter().all(|table| !table.rows.is_empty()), "its series, and who measures them");
    let acts = press(&mut ui, "\u{1b}");
    carry_out(&mut drive, &mut ui, acts);
    assert_eq!(ui.detail().expect("the step again").title, step);
    press(&mut ui, "\u{1b}");
    assert!(ui.opened().is_none(), "the page again");
    let acts = press(&mut ui, ":health.query errors\n");
    carry_out(&mut drive, &mut ui, acts);
    assert!(ui.detail().expect("a gate by its signal").title.contains("errors on ORE"));
}
