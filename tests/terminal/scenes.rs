//! Programs for the terminal tests: the console under special conditions.

use std::{
    env, fs,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use landfall::{
    base::{collector::CollectorState, now::Age},
    console::{
        self, Mode, Options,
        terminal::{self, Screen},
    },
    drive::{Link, sim},
    systems::collect::clock,
};
use tokio::sync::{mpsc, watch};

/// A file into which a scene writes its counts.
pub struct Count {
    _dir: tempfile::TempDir,
    pub file: PathBuf,
}

impl Count {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        Self { file: dir.path().join("count"), _dir: dir }
    }

    /// The last counts of the scene.
    pub fn numbers(&self) -> [u64; 2] {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        let mut numbers = text.split_whitespace().map(|n| n.parse().expect("a number"));
        [numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)]
    }

    fn write(file: &Path, numbers: [u64; 2]) {
        let next = file.with_extension("next");
        fs::write(&next, format!("{} {}", numbers[0], numbers[1])).expect("a file");
        fs::rename(next, file).expect("a file");
    }
}

/// Runs the scene named in the environment.
#[test]
#[ignore = "a scene for the other tests, which start it in a terminal of its own"]
fn scene() {
    let (Ok(name), Some(file)) = (env::var("LANDFALL_SCENE"), env::var_os("LANDFALL_SCENE_FILE")) else { return };
    let file = PathBuf::from(file);
    match name.as_str() {
        "panic-of-the-console" => panic_of_the_console(),
        "panic-of-a-source" => {
            let (commands, mut queue) = mpsc::unbounded_channel();
            thread::spawn(move || {
                queue.blocking_recv();
                // The file reports it once it has happened.
                let _written = OnDrop(Some(move || Count::write(&file, [1, 0])));
                panic!("a source failed");
            });
            run(Link { commands, ..simulated() });
        }
        "count" => {
            let inner = simulated();
            let (commands, mut queue) = mpsc::unbounded_channel();
            let link = Link { commands, ..inner.clone() };
            thread::spawn(move || {
                let mut passed_on = 0;
                loop {
                    while let Ok(command) = queue.try_recv() {
                        passed_on += 1;
                        drop(inner.commands.send(command));
                    }
                    let answers = inner.snapshots.borrow().collectors.iter().map(|s| s.answers).sum();
                    Count::write(&file, [answers, passed_on]);
                    thread::sleep(Duration::from_millis(20));
                }
            });
            run(link);
        }
        "same-snapshots" => run(repeated(file, false)),
        "same-readings" => run(repeated(file, true)),
        other => panic!("there is no scene {other}"),
    }
}

struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

fn simulated() -> Link {
    let (plan, _) =
        landfall::systems::load_plan(Path::new("demo/plan.toml")).unwrap_or_else(|faulty| panic!("{faulty}"));
    sim::start_paced(Arc::new(plan), 7, 1.0)
}

fn run(link: Link) {
    console::run(
        link,
        None,
        Options {
            settings: Default::default(),
            mode: Mode::Demo,
            scenario: None,
            script: None,
            greeting: None,
            record: None,
            state: None,
            own_theme: false,
        },
    )
    .expect("a console");
}

/// The same answers twenty times a second; with `ages` their age changes.
fn repeated(file: PathBuf, ages: bool) -> Link {
    let mut link = simulated();
    let all_live = |link: &mut Link| {
        link.snapshots.borrow_and_update().collectors.iter().all(|s| s.state == CollectorState::Fresh)
    };
    while !all_live(&mut link) {
        thread::sleep(Duration::from_millis(50));
    }
    let first = (**link.snapshots.borrow()).clone();
    let (view, snapshots) = watch::channel(Arc::new(first.clone()));
    thread::spawn(move || {
        let start = clock::now();
        for sent in 1_u64.. {
            thread::sleep(Duration::from_millis(50));
            let mut next = first.clone();
            if ages {
                let passed = clock::now().since(start);
                next.now.boot += passed;
                for source in &mut next.collectors {
                    // Answered every second.
                    source.age = Some(Age(Duration::from_millis(u64::from(passed.subsec_millis()))));
                }
            }
            view.send_replace(Arc::new(next));
            Count::write(&file, [sent, 0]);
        }
    });
    Link { snapshots, ..link }
}

fn panic_of_the_console() {
    terminal::watch_panics();
    let body = || {
        let mut screen = Screen::enter().expect("a terminal");
        screen.mouse(true).expect("a terminal");
        let mut frame = screen.blank().expect("a size");
        frame.set_string(0, 0, "drawn", ratatui::style::Style::new());
        screen.show(frame).expect("a terminal");
        let _ = std::io::stdin().read(&mut [0]);
        panic!("the drawing failed");
    };
    let thread = thread::Builder::new().name(terminal::THREAD.into()).spawn(body).expect("a thread");
    assert!(thread.join().is_err());
}
