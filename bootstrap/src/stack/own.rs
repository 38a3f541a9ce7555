//! What is one system's own: its rules and its dashboard. Nobody else's changes it, and it changes nobody else's.
//!
//! Where all systems have room in one template, it stands there. Where they do not, each system's own is a nested stack.

use domain::system::System;
use serde_json::{Value, json};

use super::arn::{attribute, reference};
use super::dashboard;
use super::functions::Function;
use super::here::Here;
use super::queues::UNDELIVERED;
use super::rules;
use super::template::{Template, logical};

/// What a system's own refers to outside itself.
#[derive(Clone, Debug)]
pub(super) struct Outside {
    /// The router's ARN.
    pub(super) router: Value,
    /// The ARN of the queue for what does not reach it.
    pub(super) undelivered: Value,
    /// What the names of rules end with. CloudFormation makes what is new before it removes what is old, so that a rule that moves
    /// from one stack to another must not keep its name.
    pub(super) suffix: &'static str,
}

/// The parameters of a nested stack.
const ROUTER: &str = "Router";
const UNDELIVERED_ARN: &str = "UndeliveredQueue";

impl Outside {
    /// It stands in the same template.
    pub(super) fn in_the_same_template() -> Self {
        Self {
            router: attribute(Function::Router.logical(), "Arn"),
            undelivered: attribute(UNDELIVERED, "Arn"),
            suffix: "",
        }
    }

    /// It comes as parameters.
    fn by_parameters() -> Self {
        Self {
            router: reference(ROUTER),
            undelivered: reference(UNDELIVERED_ARN),
            suffix: ".nested",
        }
    }
}

/// Adds what is a system's own.
pub(super) fn add(template: &mut Template, system: &System, here: &Here<'_>, outside: &Outside) {
    rules::add_own(template, system, here, outside);
    dashboard::add_own(template, system, here);
}

/// What is a system's own as a template for a nested stack.
pub(super) fn nested(system: &System, here: &Here<'_>) -> Value {
    let mut template = Template::default();
    add(&mut template, system, here, &Outside::by_parameters());
    let parameters = json!({
        ROUTER: { "Type": "String", "Description": "The ARN of the router" },
        UNDELIVERED_ARN: { "Type": "String", "Description": "The ARN of the queue for what does not reach it" },
        dashboard::PARAMETER: dashboard::parameter(),
    });
    let description = format!("Evenkeel in {}: what is {}'s own", here.region, system.name);
    template.finished(&description, &parameters, &dashboard::condition())
}

/// The name of a nested template's file.
pub(super) fn file(system: &System) -> String {
    format!("systems/{}.json", system.name)
}

/// Adds the nested stack of a system. Its template is expected beside the functions' code.
pub(super) fn add_nested(template: &mut Template, system: &System) {
    let inside = Outside::in_the_same_template();
    let url = format!(
        "https://${{CodeBucket}}.s3.${{AWS::Region}}.${{AWS::URLSuffix}}/${{CodePrefix}}/{}",
        file(system)
    );
    template.add(
        &id("Stack", system),
        "AWS::CloudFormation::Stack",
        json!({
            "TemplateURL": { "Fn::Sub": url },
            "Parameters": {
                ROUTER: inside.router,
                UNDELIVERED_ARN: inside.undelivered,
                dashboard::PARAMETER: reference(dashboard::PARAMETER),
            },
        }),
    );
}

/// The logical ID of something that is a system's own. Two systems never have the same: where a name cannot be read back from how
/// it is written in an ID (`a-1` and `a1`), its hash stands behind it.
pub(super) fn id(what: &str, system: &System) -> String {
    let name = system.name.as_str();
    let mut after_hyphens = name.split('-').skip(1);
    let reads_back = after_hyphens.all(|word| word.starts_with(|one: char| one.is_ascii_lowercase()));
    let hash = if reads_back {
        String::new()
    } else {
        format!("X{:016x}", domain::names::fnv1a(name.as_bytes()))
    };
    format!("{what}Of{}{hash}", logical(name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_systems_have_one_id() {
        let read = |name: &str| {
            let text = include_str!("../../../rehearsal/systems/two-regions.toml");
            let text = text.replacen("name = \"shop\"", &format!("name = \"{name}\""), 1);
            domain::system::read(&text).expect("a system")
        };
        let names = [
            "shop", "shop-web", "shopweb", "a1", "a-1", "a--b", "a-b", "ab", "a-", "a", "shop2",
        ];
        let ids: BTreeSet<String> = names.iter().map(|name| id("Rule", &read(name))).collect();
        assert_eq!(ids.len(), names.len(), "{ids:?}");
        assert!(
            ids.iter()
                .all(|id| id.bytes().all(|one| one.is_ascii_alphanumeric()))
        );
        assert_eq!(id("Rule", &read("shop-web")), "RuleOfShopWeb");
    }
}
