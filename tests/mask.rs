//! With the mask on, nothing drawn contains a name of the plan or of the estate, whole or truncated; with the mask
//! off, all names are back.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use jiff::tz::TimeZone;
use landfall::{
    base::{digest::Digest, now::Now, observed::FaultKind},
    console::{
        Depth, Mode, Themes,
        act::Act,
        mask::Mask,
        prepared::Prepared,
        ui::Ui,
        update::{UiEvent, update},
        view::draw,
        view_model::ViewModel,
    },
    drive::sim::{SimDrive, Trouble},
    engine::snapshot::Wanted,
    journal::{Author, store::MemStore},
};
use ratatui::{
    buffer::Buffer,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    layout::Rect,
};

const SIZE: (u16, u16) = (200, 50);

/// The demo's estate with an operator and a console.
struct Room {
    drive: SimDrive,
    ui: Ui,
    mask: Mask,
    masked: bool,
    /// All text that was drawn.
    drawn: String,
}

impl Room {
    fn new() -> Self {
        let (plan, _) =
            landfall::systems::load_plan(Path::new("demo/plan.toml")).unwrap_or_else(|faulty| panic!("{faulty}"));
        let start = Now { boot: Duration::from_secs(1000), wall: "2026-11-21T03:12:05Z".parse().expect("a time") };
        let author = Author {
            run: plan.name.clone(),
            actor: "operator".into(),
            host: "console".into(),
            plan: Digest::of(b"plan"),
        };
        let mut mask = Mask::of(&plan);
        let mut drive = SimDrive::new(Arc::new(plan), 7, start);
        let (journal, entries) =
            landfall::systems::open_journal(Box::new(MemStore::default()), author, start).expect("a journal");
        drive.take_control(journal, entries);
        drive.run_for(Duration::from_secs(120));
        let first = ViewModel::masked(Arc::new(drive.snapshot()), Some(&mut mask), &TimeZone::UTC);
        let ui = Ui::new(Arc::new(first), drive.now(), Mode::Demo);
        Self { drive, ui, mask, masked: true, drawn: String::new() }
    }

    /// Presses keys, lets the engine answer, draws.
    fn press(&mut self, keys: &str) {
        for c in keys.chars() {
            let code = match c {
                '\n' => KeyCode::Enter,
                '\u{1b}' => KeyCode::Esc,
                c => KeyCode::Char(c),
            };
            for act in update(&mut self.ui, UiEvent::Key(KeyEvent::new(code, KeyModifiers::NONE))) {
                match act {
                    Act::Send(command) => self.drive.command(command),
                    Act::Order(order) => self.drive.order(self.mask.real_names().meant(order)),
                    Act::Mask => {
                        self.masked = !self.masked;
                        self.ui.mask(self.masked.then_some(&mut self.mask));
                    }
                    _ => {}
                }
            }
            self.draw();
        }
        self.observe();
    }

    fn observe(&mut self) {
        for _ in 0..2 {
            self.drive.run_for(Duration::from_millis(200));
            self.ui.now = self.drive.now();
            let mask = self.masked.then_some(&mut self.mask);
            let details = self.ui.opened().cloned().into_iter().collect();
            let snapshot = self.drive.snapshot_with(&Wanted { details, ..Wanted::default() });
            let view_model = ViewModel::masked(Arc::new(snapshot), mask, &TimeZone::UTC);
            update(&mut self.ui, UiEvent::ViewModel(Arc::new(view_model), Prepared::default()));
        }
        self.draw();
    }

    fn draw(&mut self) {
        let theme = Themes::default().load("night", Depth::True).expect("the theme is built in");
        let mut frame = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
        let drawn = draw(&self.ui, &theme, false, &mut frame);
        self.ui.drawn(&drawn);
        for y in 0..SIZE.1 {
            self.drawn.extend((0..SIZE.0).map(|x| frame[(x, y)].symbol()));
            self.drawn.push('\n');
        }
    }

    /// Visits every page from first to last row, also in full width, and the details of its rows.
    fn look_everywhere(&mut self) {
        for page in 1..=9 {
            self.press(&format!("{page}wGgw"));
            for row in ["\n", "j\n", "G\n"] {
                self.press(row);
                self.press("w");
                self.press("w\u{1b}");
            }
        }
    }
}

/// The forbidden texts: the beginnings of names, so that truncated names are found, too.
fn names(drive: &mut SimDrive) -> BTreeSet<String> {
    let (snapshot, samples) = (drive.snapshot(), drive.signals());
    let plan = &snapshot.plan;
    let mut out: BTreeSet<String> = ["exampl", "Z0EXAM", "192.0", "198.51", "203.0.1", "ami-0"].map(Into::into).into();
    let hosts = plan.replica_sets.iter().flat_map(|set| &set.seeds);
    let members = samples.iter().filter(|s| s.def.id == "mongo.member.lag").map(|s| &s.labels[1]);
    // The first part alone could be the name of a partition.
    out.extend(hosts.chain(members).filter_map(|host| Some(host.get(..=host.find('.')? + 1)?.to_owned())));
    out.extend(plan.dns.iter().filter_map(|name| Some(format!("{}.", name.name.split('.').next()?))));
    let fleet = snapshot.panels.iter().find(|panel| panel.id == "ec2").expect("a fleet");
    let instances = fleet.tables.iter().filter(|table| table.id == "instances").flat_map(|table| table.rows.iter());
    out.extend(instances.map(|row| row.id[..8].to_owned()));
    assert!(out.len() > 1000, "the estate has names");
    out
}

/// The names that were drawn. Looks only where a name could begin: there are more than a thousand.
fn seen(drawn: &str, names: &BTreeSet<String>) -> BTreeSet<String> {
    let lines: BTreeSet<&str> = drawn.lines().collect();
    let text = lines.into_iter().collect::<Vec<_>>().join("\n");
    names.iter().filter(|name| text.contains(name.as_str())).cloned().collect()
}

fn line_of<'d>(drawn: &'d str, names: &BTreeSet<String>) -> Vec<&'d str> {
    drawn.lines().filter(|line| names.iter().any(|name| line.contains(name.as_str()))).take(5).collect()
}

#[test]
fn nothing_drawn_has_a_name_in_it_and_unmasked_they_are_back() {
    let mut room = Room::new();
    let names = names(&mut room.drive);
    room.look_everywhere();
    // Every step: its detail, its preview, its dialogs.
    let steps = room.ui.latest().run.as_ref().expect("a run").steps.len();
    room.press("7g");
    for _ in 0..steps {
        room.press("p");
        room.press("ax");
        room.press("\u{1b}\u{1b}\u{1b}");
        room.press("\n");
        room.press("\u{1b}cwords");
        room.press("\u{1b}j");
    }
    // Error texts of servers.
    room.drive.trouble("mongo/", Some(Trouble::Fails(FaultKind::Refused)));
    room.drive.trouble("route53/", Some(Trouble::Hangs));
    room.drive.run_for(Duration::from_secs(90));
    room.observe();
    room.look_everywhere();
    let found = seen(&room.drawn, &names);
    assert!(found.is_empty(), "{found:?} in {:#?}", line_of(&room.drawn, &found));
    assert!(room.drawn.contains("MASKED") && room.drawn.contains("host-1:27017") && room.drawn.contains("i-1 "));
    room.drawn.clear();
    room.press("m");
    room.look_everywhere();
    let found = seen(&room.drawn, &names);
    assert!(found.contains("exampl") && found.contains("Z0EXAM") && found.len() > 40, "{found:?}");
    assert!(!room.drawn.contains("MASKED"));
    // A filter that contains a name is removed.
    let name = names.iter().find(|name| name.starts_with("orders")).expect("a host");
    room.press(&format!("2/{name}\n"));
    room.press("m");
    room.drawn.clear();
    room.press("2gG/\u{1b}");
    assert!(
        room.drawn.contains("MASKED") && !room.drawn.contains(name.as_str()),
        "{:#?}",
        line_of(&room.drawn, &names)
    );
}

#[test]
fn a_frozen_picture_is_masked_too() {
    let mut room = Room::new();
    let names = names(&mut room.drive);
    room.press("m2 ");
    room.drawn.clear();
    room.press("m");
    let found = seen(&room.drawn, &names);
    assert!(found.is_empty(), "{found:?}");
    assert!(room.drawn.contains("FROZEN") && room.drawn.contains("host-1:27017"));
}
