//! The side of an answer: by the plan's `answers`, else by the values of that side's records.

use std::{collections::HashMap, net::IpAddr};

use super::{
    facts::{Record, normal, normal_value},
    weighted::side_of,
};
use base::side::{Side, Sides};
use plan::DnsName;

/// One rule of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    Network(IpAddr, u8),
    Name(String),
}

impl Rule {
    /// An address, a network in CIDR form, else a name.
    fn parse(text: &str) -> Self {
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        match (address.parse::<IpAddr>(), bits.map(str::parse::<u8>)) {
            (Ok(ip), None) => Self::Network(ip, width(ip)),
            (Ok(ip), Some(Ok(bits))) if bits <= width(ip) => Self::Network(ip, bits),
            _ => Self::Name(normal(text)),
        }
    }

    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Name(name) => name == value,
            Self::Network(net, bits) => value.parse::<IpAddr>().is_ok_and(|ip| {
                width(ip) == width(*net) && {
                    let shift = u32::from(width(ip) - bits);
                    number(ip).checked_shr(shift).unwrap_or(0) == number(*net).checked_shr(shift).unwrap_or(0)
                }
            }),
        }
    }
}

const fn width(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// The plan's rules of one name.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules(Sides<Vec<Rule>>);

impl Rules {
    pub(super) fn new(name: &DnsName) -> Self {
        Self(Sides::from_fn(|side| name.answers.get(side).iter().map(|t| Rule::parse(t)).collect()))
    }

    /// Whether the records' own values are needed to distinguish the sides.
    pub(super) fn need_records(&self) -> bool {
        Side::BOTH.iter().any(|&side| self.0.get(side).is_empty())
    }

    /// Why the sides' answers cannot be distinguished, if so: a side without rules has no records, or has aliases, whose values are not the
    /// answers.
    pub(super) fn missing(&self, name: &DnsName, records: &[Record]) -> Option<String> {
        Side::BOTH.into_iter().filter(|side| self.0.get(*side).is_empty()).find_map(|side| {
            let own: Vec<&Record> = records.iter().filter(|r| side_of(name, r) == Some(side)).collect();
            let what = format!("{} {}", name.name, name.record_type.word());
            if own.is_empty() {
                return Some(format!("{what}: the {side} has no record set, so its answers cannot be recognised"));
            }
            let alias = own.into_iter().find(|r| r.values.is_empty())?;
            let id = alias.set_id.as_deref().unwrap_or_default();
            Some(format!("{what}: {id} is an alias: give its answers in `answers` for the {side}"))
        })
    }

    /// The side whose rules match one of the values, or whose records do where it has no rules; none if neither or both match.
    pub(super) fn side(&self, values: &[String], of_records: &Values) -> Option<Side> {
        let fits = |side| {
            let rules = self.0.get(side);
            values.iter().any(|value| {
                if rules.is_empty() { of_records.is(value, side) } else { rules.iter().any(|rule| rule.holds(value)) }
            })
        };
        match (fits(Side::Source), fits(Side::Target)) {
            (true, false) => Some(Side::Source),
            (false, true) => Some(Side::Target),
            _ => None,
        }
    }
}

/// Values of the records, with their sides.
#[derive(Debug, Clone, Default)]
pub(super) struct Values(HashMap<String, Sides<bool>>);

impl Values {
    pub(super) fn new(name: &DnsName, records: &[Record]) -> Self {
        let mut out = HashMap::<String, Sides<bool>>::new();
        for record in records {
            if let Some(side) = side_of(name, record) {
                for value in &record.values {
                    *out.entry(normal_value(value)).or_default().get_mut(side) = true;
                }
            }
        }
        Self(out)
    }

    fn is(&self, value: &str, side: Side) -> bool {
        self.0.get(value).is_some_and(|sides| *sides.get(side))
    }
}

#[cfg(test)]
mod tests {
    use super::{Rule, Rules, Values};
    use crate::route53::weighted::tests::{name, record};
    use base::side::{Side, Sides};

    fn rules(source: &[&str], target: &[&str]) -> Rules {
        let mut name = name();
        let own = |t: &[&str]| t.iter().map(|s| (*s).to_owned()).collect();
        name.answers = Sides { source: own(source), target: own(target) };
        Rules::new(&name)
    }

    fn side(rules: &Rules, values: &[&str]) -> Option<Side> {
        let values: Vec<_> = values.iter().map(|s| (*s).to_owned()).collect();
        rules.side(&values, &Values::default())
    }

    #[test]
    fn networks_names_and_addresses() {
        let r = rules(&["10.1.0.0/16", "2001:db8:1::/48"], &["10.2.3.4", "lb.ORE.example"]);
        assert!(!r.need_records());
        assert_eq!(side(&r, &["10.1.255.1"]), Some(Side::Source));
        assert_eq!(side(&r, &["10.2.0.1"]), None, "an address is a network of one");
        assert_eq!(side(&r, &["10.2.3.4"]), Some(Side::Target));
        assert_eq!(side(&r, &["lb.ore.example.", "192.0.2.1"]), Some(Side::Target));
        assert_eq!(side(&r, &["2001:db8:1:ff::1"]), Some(Side::Source));
        assert_eq!(side(&r, &["10.1.0.1", "10.2.3.4"]), None, "both sides at once is neither");
        assert_eq!(side(&r, &["NXDOMAIN"]), None);
    }

    #[test]
    fn all_of_a_family_and_nonsense() {
        assert!(Rule::parse("0.0.0.0/0").holds("203.0.113.9"));
        assert!(!Rule::parse("0.0.0.0/0").holds("::1"), "one family's network says nothing of the other");
        assert!(Rule::parse("::/0").holds("2001:db8::1"));
        assert_eq!(Rule::parse("10.0.0.0/33"), Rule::Name("10.0.0.0/33.".to_owned()));
    }

    #[test]
    fn values_of_the_records_where_the_plan_names_none() {
        let name = name();
        let rules = Rules::new(&name);
        assert!(rules.need_records());
        let values = Values::new(
            &name,
            &[record("vir", 90, "10.1.0.1"), record("ore", 10, "10.2.0.1"), record("x", 1, "10.9.0.1")],
        );
        let side = |v: &str| rules.side(&[v.to_owned()], &values);
        assert_eq!(side("10.1.0.1"), Some(Side::Source));
        assert_eq!(side("10.2.0.1"), Some(Side::Target));
        assert_eq!(side("10.9.0.1"), None, "a set identifier that the plan does not know is of neither side");
    }
}
