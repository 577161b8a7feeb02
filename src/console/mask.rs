//! Names that are not for everybody, replaced by others: hosts, addresses, instances and other resources, accounts, zones.
//!
//! It is done to the snapshot, before anything is made of it: nothing that is drawn, cut off, sorted or filtered has ever seen the real name.
//! One name has one pseudonym for as long as the program runs. What things are addressed by – rows of the systems' panels, steps – stays, and
//! so does what the operator writes: there a pseudonym means the real name again.
//!
//! | file | what lives there |
//! | --- | --- |
//! | here | which names there are, what each is called instead, texts |
//! | `kind` | what kind of name a word is |
//! | `names` | the real names again, for what is typed and goes on record |
//! | `texts` | where a snapshot has texts |

mod kind;
mod names;
mod texts;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use self::kind::{Kind, Word};
pub use self::names::Names;
use base::{side::Side, view::Panel};
use engine::{run::RunView, snapshot::Snapshot};
use plan::{Plan, Property};

/// Names and their pseudonyms.
#[derive(Debug)]
pub struct Mask {
    /// By the real name, in small letters; with a colon where it is one only with a port behind it.
    names: HashMap<String, String>,
    real: Names,
    numbers: HashMap<&'static str, u32>,
    /// Words of the plan's that are no names of hosts.
    spared: HashSet<String>,
    /// What was masked last: most of a picture is the same as in the one before.
    plan: Arc<Plan>,
    panels: Vec<(Arc<Panel>, Arc<Panel>)>,
    run: Option<(Arc<RunView>, Arc<RunView>)>,
}

impl Mask {
    /// For a plan: its names come first, in its order.
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
        for set in &plan.replica_sets {
            set.seeds.iter().chain(&set.candidates).for_each(|host| mask.host(host));
        }
        for pair in &plan.kafka {
            for side in Side::BOTH {
                if let Some(Property::Plain(brokers)) = pair.clusters.get(side).read.get("bootstrap.servers") {
                    brokers.split(',').for_each(|broker| mask.host(broker.trim()));
                }
            }
        }
        for name in &plan.dns {
            mask.called(&name.name, "name");
            mask.called(&name.zone, "zone");
        }
        let mut named = plan.clone();
        named.name = mask.text(&plan.name).unwrap_or_else(|| plan.name.clone());
        mask.plan = Arc::new(named);
        mask
    }

    /// A host (`host:port`).
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
        // A name of one word may be any word: where it has no digit it is a host's only with a port behind it.
        if !key.contains(|c: char| c.is_ascii_digit()) || self.spared.contains(&key) {
            self.names.remove(&key);
        }
        self.names.insert(format!("{key}:"), pseudonym);
    }

    /// What a name is called instead.
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

    /// The text without names; none if it has none.
    #[must_use]
    pub fn text(&mut self, text: &str) -> Option<String> {
        // Every kind of name has one of these.
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

    /// What a word is replaced by; a port stays.
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

    /// Learns the hosts that are asked, members that were found among them: the plan need not name them, and a host's name may be any word.
    pub fn learn(&mut self, from: &Snapshot) {
        let is_host = |at: &&str| {
            at.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) && !at.contains(['/', ' '])
        };
        let asked = from.sources.iter().flat_map(|s| s.endpoint.split(','));
        asked.map(str::trim).filter(is_host).for_each(|host| self.host(host));
    }

    /// A snapshot without names.
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

    /// What the pseudonyms stand for, also those that are yet to come.
    #[must_use]
    pub fn real_names(&self) -> Names {
        self.real.clone()
    }
}

/// What the plan calls things that are no hosts, whatever that looks like.
fn spared(plan: &Plan) -> HashSet<String> {
    let sites = Side::BOTH.map(|side| plan.sites.get(side));
    let steps = plan.runbook.phases.iter().flat_map(|phase| &phase.steps).map(|step| step.id.as_str());
    let sets = plan.replica_sets.iter().map(|set| set.name.as_str());
    let pairs = plan.kafka.iter().map(|pair| pair.name.as_str());
    let roles = plan.fleet.iter().map(|role| role.name.as_str());
    let labels = sites.iter().flat_map(|site| [site.label.as_str(), site.region.as_str()]);
    labels.chain(steps).chain(sets).chain(pairs).chain(roles).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
