//! How long a policy may be, and where the permission for a system stands: on a shelf.
//!
//! A function is shared by all systems, and so is its role. IAM gives a role ten managed policies, so that a policy of its own for each
//! system ends at ten systems. Nine of them are shelves: a system's name says on which of them its permissions stand, whoever else is
//! there. So a further system adds to one shelf, and what the others were permitted stays where it was: a permission that moved
//! from one policy to another would be missing while CloudFormation is between the two. Only a shelf that is full sends the
//! next system on to the next one.
//!
//! A system's permissions for a function stay together, and a statement is about one thing, for all systems of the shelf.

use std::collections::{BTreeMap, BTreeSet};

use domain::names::{SystemName, fnv1a};
use serde_json::{Value, json};

use super::arn::text;
use super::on::On;
use super::only::Only;
use super::role::{allow, allow_where};

/// Characters of a role's inline policies together, blanks not counted. Source of this and the next: IAM User Guide,
/// reference_iam-quotas.
pub(super) const INLINE: usize = 10_240;
/// Characters of a managed policy, blanks not counted.
pub(super) const MANAGED: usize = 6_144;
/// Managed policies of a role, unless the account's quota was raised.
pub(super) const ATTACHED: usize = 10;

/// Shelves of a role. All that a role may have: what else it is permitted is inline, or belongs to those who asked for it
/// (`stack::keys`), and that is one policy.
pub(super) const SHELVES: usize = ATTACHED - 1;

/// What is permitted about one thing: the actions, and the ARNs.
type About = (BTreeSet<&'static str>, BTreeSet<String>);

/// What a system needs of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needed {
    /// About what.
    pub(super) on: On,
    /// Under which condition.
    pub(super) only: Option<Only>,
    /// Which actions.
    pub(super) actions: Vec<&'static str>,
    /// Which ARNs.
    pub(super) resources: BTreeSet<String>,
}

/// Permissions of several systems for one function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shelf {
    about: BTreeMap<(On, Option<Only>), About>,
}

impl Shelf {
    /// Adds what one system needs.
    pub(super) fn put(&mut self, permissions: &[Needed]) {
        for needed in permissions {
            let about = self.about.entry((needed.on, needed.only.clone())).or_default();
            about.0.extend(&needed.actions);
            about.1.extend(needed.resources.iter().cloned());
        }
    }

    /// By how much its policy becomes longer with what one system needs.
    fn growth(&self, permissions: &[Needed]) -> usize {
        // What it says of one thing in several places is one statement.
        let mut added = Self::default();
        added.put(permissions);
        let mut growth = 0;
        for ((on, only), (actions, resources)) in &added.about {
            let about = self.about.get(&(*on, only.clone()));
            growth += match about {
                None => {
                    let actions: Vec<&str> = actions.iter().copied().collect();
                    length(&statement(*on, only.as_ref(), &actions, Vec::new())) + 1
                }
                Some((known, _)) => {
                    let new = actions.difference(known);
                    new.map(|action| action.len() + 3).sum()
                }
            };
            let new = resources
                .iter()
                .filter(|resource| about.is_none_or(|(_, known)| !known.contains(*resource)));
            growth += new.map(|resource| length(&text(resource)) + 1).sum::<usize>();
        }
        growth
    }

    /// The statements, in order.
    pub(super) fn statements(&self) -> Vec<Value> {
        let written = |((on, only), (actions, resources)): (&(On, Option<Only>), &About)| {
            let actions: Vec<&str> = actions.iter().copied().collect();
            statement(
                *on,
                only.as_ref(),
                &actions,
                resources.iter().map(|resource| text(resource)).collect(),
            )
        };
        self.about.iter().map(written).collect()
    }
}

fn statement(on: On, only: Option<&Only>, actions: &[&str], resources: Vec<Value>) -> Value {
    match only {
        None => allow(&format!("{on:?}"), actions, resources),
        Some(only) => {
            let sid = format!("{on:?}{}", only.word());
            allow_where(&sid, actions, resources, only.condition())
        }
    }
}

/// The shelves of a function, by number; those on which nothing stands are left out. One on which more stands than IAM takes
/// is for `stack::limits` to refuse.
pub(super) fn shelves(needs: Vec<(&SystemName, Vec<Needed>)>) -> BTreeMap<usize, Shelf> {
    let empty = length(&document(&[]));
    let mut shelves: BTreeMap<usize, (usize, Shelf)> = BTreeMap::new();
    for (name, permissions) in needs {
        if permissions.is_empty() {
            continue;
        }
        let own = usize::try_from(fnv1a(name.as_str().as_bytes()) % SHELVES as u64).unwrap_or_default();
        let none = (empty, Shelf::default());
        let has_room = |number: &usize| {
            let (used, shelf) = shelves.get(number).unwrap_or(&none);
            used + shelf.growth(&permissions) <= MANAGED
        };
        let mut tried = (0..SHELVES).map(|further| (own + further) % SHELVES);
        let number = tried.find(has_room).unwrap_or(own);
        let (used, shelf) = shelves.entry(number).or_insert(none);
        *used += shelf.growth(&permissions);
        shelf.put(&permissions);
    }
    let numbered = shelves.into_iter();
    numbered.map(|(number, (_, shelf))| (number, shelf)).collect()
}

/// A policy of these statements.
pub(super) fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// How long a policy is at most once CloudFormation has filled it in. An attribute becomes an ARN of ours, of a hundred characters at
/// most.
pub(super) fn length(value: &Value) -> usize {
    const ARN: usize = 100;
    const LONGEST_PARTITION: &str = "aws-us-gov";
    match value {
        Value::Object(object) => {
            if let Some(Value::String(text)) = object.get("Fn::Sub") {
                text.replace("${AWS::Partition}", LONGEST_PARTITION).len() + 2
            } else if object.contains_key("Fn::GetAtt") {
                ARN
            } else {
                2 + object
                    .iter()
                    .map(|(key, value)| key.len() + 4 + length(value))
                    .sum::<usize>()
            }
        }
        Value::Array(array) => 2 + array.iter().map(|value| length(value) + 1).sum::<usize>(),
        Value::String(text) => text.len() + 2,
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string().len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<SystemName> {
        let name = |nth| format!("system-{nth:03}").parse().expect("a name");
        (0..count).map(name).collect()
    }

    fn needed(on: On, action: &'static str, resources: BTreeSet<String>) -> Needed {
        Needed {
            on,
            only: None,
            actions: vec![action],
            resources,
        }
    }

    fn needs(names: &[SystemName], each: usize) -> Vec<(&SystemName, Vec<Needed>)> {
        let cluster =
            |name, nth| format!("arn:${{AWS::Partition}}:rds:eu-central-1:111122223333:cluster:{name}-{nth}");
        let of = |name| {
            let clusters = (0..each).map(|nth| cluster(name, nth)).collect();
            (
                name,
                vec![needed(On::Clusters, "rds:DescribeDBClusters", clusters)],
            )
        };
        names.iter().map(of).collect()
    }

    fn resources(shelf: &Shelf) -> BTreeSet<String> {
        shelf.about.values().flat_map(|(_, arns)| arns.clone()).collect()
    }

    #[test]
    fn one_system_more_takes_nothing_from_where_it_was() {
        let names = names(80);
        for count in 1..names.len() {
            let (fewer, more) = (
                shelves(needs(&names[..count], 3)),
                shelves(needs(&names[..=count], 3)),
            );
            let changed: Vec<_> = more
                .iter()
                .filter(|(nth, shelf)| fewer.get(nth) != Some(shelf))
                .collect();
            assert_eq!(changed.len(), 1, "{count}");
            for (number, shelf) in &fewer {
                assert!(resources(&more[number]).is_superset(&resources(shelf)), "{count}");
            }
        }
    }

    #[test]
    fn a_full_shelf_sends_on_to_the_next_and_nothing_is_lost() {
        let names = names(85);
        let shelves = shelves(needs(&names, 7));
        assert_eq!(shelves.len(), SHELVES);
        let all: BTreeSet<String> = shelves.values().flat_map(resources).collect();
        assert_eq!(all.len(), 85 * 7);
        for (number, shelf) in &shelves {
            assert!(length(&document(&shelf.statements())) <= MANAGED, "{number}");
        }
    }

    #[test]
    fn a_policy_grows_by_what_was_reckoned() {
        let names = names(3);
        let (mut shelf, mut reckoned) = (Shelf::default(), length(&document(&[])));
        let mut all = needs(&names, 4);
        all[1].1[0].actions.push("rds:ModifyDBCluster");
        let arn = |arn: &str| BTreeSet::from([arn.to_owned()]);
        all[2]
            .1
            .push(needed(On::Topics, "sns:Publish", arn("arn:aws:sns:::a")));
        for name in ["a.example.com", "b.example.com", "a.example.com"] {
            all[0].1.push(Needed {
                only: Some(Only::Records {
                    name: name.to_owned(),
                }),
                ..needed(
                    On::Records,
                    "route53:ChangeResourceRecordSets",
                    arn("arn:aws:route53:::hostedzone/Z1"),
                )
            });
        }
        for (_, permissions) in all.iter().chain(&needs(&names, 2)) {
            reckoned += shelf.growth(permissions);
            shelf.put(permissions);
            assert_eq!(length(&document(&shelf.statements())), reckoned);
        }
    }
}
