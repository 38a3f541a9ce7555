//! Many systems in one deployment: who depends on whom, and what fits.

#![expect(clippy::panic, reason = "a test that cannot go on says why")]

use std::collections::BTreeSet;

use domain::system::System;
use evenkeel::stack::{self, Stack};
use serde_json::{Map, Value};

/// A system like that of the file, in which everything is called otherwise.
fn system(file: &str, name: &str) -> System {
    let path = format!("{}/../rehearsal/systems/{file}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("a system file");
    let text = text.replace("shop", name);
    domain::system::read(&text).unwrap_or_else(|problems| panic!("{name}: {problems:?}"))
}

fn fleet(count: usize) -> Vec<System> {
    (0..count)
        .map(|nth| system("two-regions", &format!("shop{nth:03}")))
        .collect()
}

fn render(systems: &[System]) -> Stack {
    let region = "eu-central-1".parse().expect("a Region");
    let stack = stack::render(systems, &region).expect("a stack");
    assert_eq!(stack::exceeded(&stack).expect("a text"), []);
    stack
}

/// As bytes: the order of keys counts too.
fn written(part: &Value) -> String {
    part.to_string()
}

fn resources(template: &Value) -> &Map<String, Value> {
    template["Resources"].as_object().expect("resources")
}

/// What is permitted by a policy: statement by statement each action on each resource.
fn permitted(resource: &Value) -> BTreeSet<(String, String)> {
    let statements = resource["Properties"]["PolicyDocument"]["Statement"].as_array();
    let mut all = BTreeSet::new();
    for statement in statements.expect("statements") {
        for action in statement["Action"].as_array().expect("actions") {
            for resource in statement["Resource"].as_array().expect("resources") {
                all.insert((action.to_string(), resource.to_string()));
            }
        }
    }
    all
}

/// The topics that an alarm pages.
fn paged(alarm: &Value) -> BTreeSet<String> {
    let topics = alarm["Properties"]["AlarmActions"]
        .as_array()
        .into_iter()
        .flatten();
    topics.map(ToString::to_string).collect()
}

fn but_for_whom_it_pages(alarm: &Value) -> Value {
    let mut alarm = alarm.clone();
    if let Some(properties) = alarm["Properties"].as_object_mut() {
        properties.remove("AlarmActions");
    }
    alarm
}

/// Who is paged for what in a stack: by alarms themselves, or by composite ones over them.
fn pages(stack: &Stack) -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::new();
    for (id, alarm) in resources(&stack.root) {
        if alarm["Type"] == "AWS::CloudWatch::Alarm" {
            all.extend(paged(alarm).into_iter().map(|topic| (id.clone(), topic)));
        }
        if alarm["Type"] == "AWS::CloudWatch::CompositeAlarm" {
            let rule = alarm["Properties"]["AlarmRule"]["Fn::Sub"]
                .as_str()
                .expect("a rule");
            let of = rule.split(['{', '}']).skip(1).step_by(2);
            for id in of {
                all.extend(paged(alarm).into_iter().map(|topic| (id.to_owned(), topic)));
            }
        }
    }
    all
}

/// What differs between a fleet and the same with one system more: of what there was, by logical ID. Fails where something is gone,
/// or a policy permits less.
fn changed(fewer: &Stack, more: &Stack) -> Vec<String> {
    let (before, after) = (resources(&fewer.root), resources(&more.root));
    let mut changed = Vec::new();
    for (id, was) in before {
        let is = after.get(id).unwrap_or_else(|| panic!("{id} is gone"));
        if written(was) == written(is) {
            continue;
        }
        if was["Type"] == "AWS::CloudWatch::Alarm" {
            assert!(paged(is).is_superset(&paged(was)), "{id} pages fewer");
            assert_eq!(
                written(&but_for_whom_it_pages(was)),
                written(&but_for_whom_it_pages(is))
            );
            continue;
        }
        assert_eq!(was["Type"], "AWS::IAM::ManagedPolicy", "{id}");
        assert!(permitted(is).is_superset(&permitted(was)), "{id} permits less");
        changed.push(id.clone());
    }
    for (name, was) in &fewer.nested {
        assert_eq!(written(was), written(&more.nested[name]), "{name}");
    }
    changed
}

/// Functions are shared, and so are their roles: the shelf on which the new system's permissions stand grows by them. Everything else
/// is as it was, byte for byte.
#[test]
fn one_system_more_changes_no_others_resources() {
    for count in [1, 2, 7, 30, 99] {
        let all = fleet(count + 1);
        // It makes no difference where among the others its name stands.
        for newcomer in [0, count / 2, count] {
            let mut others = all.clone();
            let name = others.remove(newcomer).name;
            let (fewer, more) = (render(&others), render(&all));
            let changed = changed(&fewer, &more);
            let shelves: BTreeSet<&str> = changed
                .iter()
                .map(|id| id.rsplit_once("Shelf").expect("a shelf").1)
                .collect();
            assert!(shelves.len() <= 1, "{name} among {count}: {changed:?}");
            for (id, policy) in resources(&more.root)
                .iter()
                .filter(|(id, _)| changed.contains(id))
            {
                let new = permitted(policy);
                let old = permitted(&resources(&fewer.root)[id]);
                let foreign: Vec<_> = new
                    .difference(&old)
                    .filter(|(_, arn)| !arn.contains(name.as_str()))
                    .collect();
                assert!(foreign.is_empty(), "{id} grew by {foreign:?}");
            }
        }
    }
}

/// Alarms have five actions at most; a sixth topic is paged by composite ones, and nobody less than before.
#[test]
fn each_alarm_on_evenkeel_itself_pages_every_topic_however_many_there_are() {
    let of_kind = |stack: &Stack, kind: &str| {
        let all = resources(&stack.root).values();
        all.filter(|one| one["Type"] == kind).count()
    };
    let mut before = BTreeSet::new();
    for count in 1..=8 {
        let stack = render(&fleet(count));
        let (alarms, topics): (BTreeSet<String>, BTreeSet<String>) = pages(&stack).into_iter().unzip();
        assert_eq!(topics.len(), count, "{topics:?}");
        let names = [
            "DeadLettersWaiting",
            "FunctionsThrottled",
            "MachinesThrottled",
            "NoLook",
            "UndeliveredWaiting",
        ];
        assert_eq!(alarms, names.map(str::to_owned).into(), "{count}");
        assert_eq!(pages(&stack).len(), count * names.len(), "{count}");
        assert!(pages(&stack).is_superset(&before), "{count}");
        before = pages(&stack);
        let composites = of_kind(&stack, "AWS::CloudWatch::CompositeAlarm");
        assert_eq!(composites, if count <= 5 { 0 } else { count });
        let most = resources(&stack.root).values().map(|one| paged(one).len()).max();
        assert!(most <= Some(5), "{count}: {most:?}");
    }
}

#[test]
fn a_system_whose_topic_is_paged_already_adds_no_alarm() {
    let one = system("two-regions", "shop");
    let mut other = system("two-regions", "till");
    let region = "eu-central-1".parse().expect("a Region");
    let topics = |systems: &[System]| paged(&resources(&render(systems).root)["NoLook"]).len();
    assert_eq!(topics(&[one.clone(), other.clone()]), 2);
    other.people = one.people_in(&region).clone();
    for site in other
        .region_failover
        .iter_mut()
        .flat_map(|shared| &mut shared.sites)
    {
        site.people = one.people.clone();
    }
    assert_eq!(topics(&[one, other]), 1);
}

#[test]
fn a_hundred_systems_fit_into_one_template() {
    let stack = render(&fleet(100));
    assert!(stack.nested.is_empty());
}

#[test]
fn what_is_too_much_for_one_template_is_nested() {
    let systems = fleet(140);
    let stack = render(&systems);
    assert_eq!(stack.nested.len(), 140);
    for system in &systems {
        let nested = &stack.nested[&format!("systems/{}.json", system.name)];
        let rules: Vec<&Value> = resources(nested)
            .values()
            .filter(|one| one["Type"] == "AWS::Events::Rule")
            .collect();
        assert_eq!(rules.len(), 1);
        let name = rules[0]["Properties"]["Name"].as_str().expect("a name");
        assert_eq!(name, format!("evenkeel-{}.nested", system.name));
        // What a nested stack takes is what it is given.
        let own = resources(&stack.root).values().find(|one| {
            let url = one["Properties"]["TemplateURL"]["Fn::Sub"]
                .as_str()
                .unwrap_or_default();
            url.ends_with(&format!("/systems/{}.json", system.name))
        });
        let given = own.expect("a nested stack")["Properties"]["Parameters"]
            .as_object()
            .expect("parameters");
        let taken = nested["Parameters"].as_object().expect("parameters");
        assert_eq!(
            given.keys().collect::<BTreeSet<_>>(),
            taken.keys().collect::<BTreeSet<_>>()
        );
    }
    let mut fewer = systems;
    fewer.remove(70);
    changed(&render(&fewer), &stack);
}

#[test]
fn what_is_too_much_for_iam_is_said() {
    let region = "eu-central-1".parse().expect("a Region");
    let stack = stack::render(&fleet(400), &region).expect("a stack");
    let said: Vec<String> = stack::exceeded(&stack)
        .expect("a text")
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        said.iter()
            .any(|one| one.contains("the policy DatabaseFunctionRoleShelf")),
        "{said:?}"
    );
}
