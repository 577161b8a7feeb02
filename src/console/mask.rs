//! Replaces private names by pseudonyms: hosts, addresses, instances and other resources, accounts, zones.
//!
//! The snapshot is masked before anything is computed from it: drawing, truncation, sorting and filtering never see
//! the real name. A name keeps its pseudonym for as long as the program runs. The ids by which rows of the systems'
//! panels and steps are addressed are not masked. Text that the operator writes is not masked either: a pseudonym in
//! it is replaced by the real name.
//!
//! | file | what lives there |
//! | --- | --- |
//! | here | the known names and their pseudonyms, and how a text is masked |
//! | `kind` | what kind of name a word is |
//! | `names` | the real names, for text that is typed and journaled |
//! | `texts` | where a snapshot contains texts |

mod kind;
mod names;
mod texts;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use self::kind::{Kind, Word};
pub use self::names::Names;
use base::view::Panel;
use engine::{run::RunView, snapshot::Snapshot};
use plan::{Plan, entry::Private};

/// Names and their pseudonyms.
#[derive(Debug)]
pub struct Mask {
    /// By the real name in lower case; with a colon if it is a name only when a port follows.
    names: HashMap<String, String>,
    real: Names,
    numbers: HashMap<&'static str, u32>,
    /// Words of the plan that are not names of hosts.
    spared: HashSet<String>,
    /// The result of the last call: most of a snapshot is the same as in the one before.
    plan: Arc<Plan>,
    panels: Vec<(Arc<Panel>, Arc<Panel>)>,
    run: Option<(Arc<RunView>, Arc<RunView>)>,
}

impl Mask {
    /// For a plan. Its names are numbered first, in its order.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mut mask = Self {
            names: HashMap::new(),
            real: Names::default(),
            numbers: HashMap::new(),
            spared: spared(plan),
            plan: Arc::new(plan.clone()),
            panels: Vec::new(),
            run: None,
        };
        for name in plan.entries().into_iter().flat_map(|entry| entry.private) {
            match name {
                Private::Host(host) => mask.host(host),
                Private::Other(name, kind) => drop(mask.called(name, kind)),
            }
        }
        let mut named = plan.clone();
        named.name = mask.text(&plan.name).unwrap_or_else(|| plan.name.clone());
        mask.plan = Arc::new(named);
        mask
    }

    /// Adds a host (`host:port`).
    fn host(&mut self, host: &str) {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let address = name.trim_matches(['[', ']']);
        if address.parse::<std::net::IpAddr>().is_ok() {
            self.called(address, "ip");
            return;
        }
        let key = name.to_lowercase();
        if self.names.contains_key(&format!("{key}:")) {
            return;
        }
        let pseudonym = self.called(name, "host");
        if name.contains('.') {
            return;
        }
        // A name of one word without a digit may be any word: it is a host's name only with a port behind it.
        if !key.contains(|c: char| c.is_ascii_digit()) || self.spared.contains(&key) {
            self.names.remove(&key);
        }
        self.names.insert(format!("{key}:"), pseudonym);
    }

    /// The pseudonym of a name.
    fn called(&mut self, name: &str, kind: &'static str) -> String {
        let key = name.trim_end_matches('.').to_lowercase();
        if let Some(pseudonym) = self.names.get(&key) {
            return pseudonym.clone();
        }
        let number = self.numbers.entry(kind).or_default();
        *number += 1;
        let pseudonym = format!("{kind}-{number}");
        self.names.insert(key, pseudonym.clone());
        self.real.insert(pseudonym.clone(), name.trim_end_matches('.').to_owned());
        pseudonym
    }

    /// The text with its names masked; `None` if it contains none.
    #[must_use]
    pub fn text(&mut self, text: &str) -> Option<String> {
        // Every kind of name contains one of these characters.
        if !text.bytes().any(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b':')) {
            return None;
        }
        let mut out: Option<String> = None;
        let mut copied = 0;
        for word in kind::words(text) {
            let Some(instead) = self.word(&word) else { continue };
            let out = out.get_or_insert_with(|| String::with_capacity(text.len()));
            out.push_str(&text[copied..word.at]);
            out.push_str(&instead);
            copied = word.at + word.text.len();
        }
        out.map(|mut out| {
            out.push_str(&text[copied..]);
            out
        })
    }

    /// The replacement of a word; a port stays.
    fn word(&mut self, word: &Word<'_>) -> Option<String> {
        let (name, port) = word.port();
        let key = name.trim_end_matches('.').to_lowercase();
        if let Some(known) = self.names.get(&format!("{key}:")).filter(|_| !port.is_empty()) {
            return Some(format!("{known}{port}"));
        }
        if self.spared.contains(&key) {
            return None;
        }
        if let Some(known) = self.names.get(&key) {
            return Some(format!("{known}{port}"));
        }
        let kind = kind::of(name, !port.is_empty())?;
        let kind = if let Kind::Resource(prefix) = kind { kind::prefix(prefix) } else { kind.word() };
        Some(format!("{}{port}", self.called(name, kind)))
    }

    /// Adds the hosts that are queried, including discovered members: the plan need not name them, and a host's name
    /// may be any word.
    pub fn learn(&mut self, from: &Snapshot) {
        let is_host = |at: &&str| {
            at.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) && !at.contains(['/', ' '])
        };
        let asked = from.collectors.iter().flat_map(|s| s.endpoint.split(','));
        asked.map(str::trim).filter(is_host).for_each(|host| self.host(host));
    }

    /// The snapshot with all names masked.
    #[must_use]
    pub fn snapshot(&mut self, of: &Snapshot) -> Snapshot {
        self.learn(of);
        let mut snapshot = of.clone();
        snapshot.plan = self.plan.clone();
        let before = std::mem::take(&mut self.panels);
        self.panels = of
            .panels
            .iter()
            .map(|panel| match before.iter().find(|(raw, _)| Arc::ptr_eq(raw, panel)) {
                Some(known) => known.clone(),
                None => (panel.clone(), Arc::new(self.panel(panel))),
            })
            .collect();
        snapshot.panels = self.panels.iter().map(|(_, masked)| masked.clone()).collect();
        snapshot.run = of.run.as_ref().map(|run| match &self.run {
            Some((raw, masked)) if Arc::ptr_eq(raw, run) => masked.clone(),
            _ => {
                let masked = Arc::new(self.run_view(run));
                self.run = Some((run.clone(), masked.clone()));
                masked
            }
        });
        self.others(&mut snapshot);
        snapshot
    }

    /// The real names of the pseudonyms, including later ones.
    #[must_use]
    pub fn real_names(&self) -> Names {
        self.real.clone()
    }
}

/// Words of the plan that are not hosts, even if they look like one.
fn spared(plan: &Plan) -> HashSet<String> {
    plan.entries().into_iter().flat_map(|entry| entry.words).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
