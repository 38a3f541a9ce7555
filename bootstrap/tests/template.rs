//! The stack that `evenkeel template` writes: who may do what, and what there is.

use std::fmt::Write as _;
use std::process::{Command, Output};

use serde_json::{Value, json};

const SYSTEMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../rehearsal/systems");

fn typed(region: &str, systems: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_evenkeel"))
        .args(["template", "--region", region])
        .args(systems.iter().map(|system| format!("{SYSTEMS}/{system}.toml")))
        .env_remove("CLICOLOR_FORCE")
        .output()
        .expect("the program starts")
}

fn template(region: &str, systems: &[&str]) -> Value {
    let output = typed(region, systems);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("a template is JSON")
}

fn resources(template: &Value) -> impl Iterator<Item = (&String, &Value)> {
    template["Resources"].as_object().expect("resources").iter()
}

/// A resource or an attribute, as one would say it.
fn spoken(value: &Value) -> String {
    match (value["Fn::Sub"].as_str(), value["Fn::GetAtt"].as_array()) {
        (Some(text), _) => text.replace("${AWS::Partition}", "aws"),
        (None, Some(parts)) => parts
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join("."),
        (None, None) => value.as_str().expect("a text").to_owned(),
    }
}

#[test]
fn policies_say_what_each_function_may_do() {
    let template = template("eu-central-1", &["two-regions"]);
    let mut said = String::new();
    for (logical, resource) in resources(&template) {
        let properties = &resource["Properties"];
        let document = match resource["Type"].as_str() {
            Some("AWS::IAM::Role") => &properties["Policies"][0]["PolicyDocument"],
            Some("AWS::IAM::ManagedPolicy") => &properties["PolicyDocument"],
            Some(_) | None => continue,
        };
        // Of topics' keys a parameter says which they are.
        let Some(statements) = document["Statement"].as_array() else {
            continue;
        };
        writeln!(said, "{logical}").expect("a text");
        if logical == "TopicKeysPolicy" {
            continue;
        }
        for statement in statements {
            for action in statement["Action"].as_array().expect("actions") {
                writeln!(said, "  {}", action.as_str().expect("a text")).expect("a text");
            }
            for resource in statement["Resource"].as_array().expect("resources") {
                writeln!(said, "    {}", spoken(resource)).expect("a text");
            }
        }
    }
    insta::assert_snapshot!(said);
}

/// RDS makes a replica's grant on our behalf, in the Region of the replica, and it is made in either.
#[test]
fn keys_of_databases_are_for_rds_alone_and_only_where_a_replica_is_made() {
    for region in ["eu-central-1", "eu-west-1"] {
        let replicating = template(region, &["two-regions-replica"]);
        let policy = &replicating["Resources"]["DatabaseKeysPolicy"];
        assert_eq!(policy["Condition"], "DatabasesHaveKeys");
        assert_eq!(
            replicating["Conditions"]["DatabasesHaveKeys"],
            json!({ "Fn::Not": [{ "Fn::Equals": [{ "Fn::Join": ["", { "Ref": "DatabaseKeys" }] }, ""] }] })
        );
        assert_eq!(replicating["Parameters"]["DatabaseKeys"]["Default"], "");
        assert_eq!(
            policy["Properties"]["Roles"],
            json!([{ "Ref": "DatabaseFunctionRole" }])
        );
        let through = json!(["rds.eu-central-1.amazonaws.com", "rds.eu-west-1.amazonaws.com"]);
        assert_eq!(
            policy["Properties"]["PolicyDocument"]["Statement"],
            json!([
                {
                    "Sid": "DatabaseKeys",
                    "Effect": "Allow",
                    "Action": ["kms:DescribeKey"],
                    "Resource": { "Ref": "DatabaseKeys" },
                    "Condition": { "StringEquals": { "kms:ViaService": through } },
                },
                {
                    "Sid": "DatabaseKeys2",
                    "Effect": "Allow",
                    "Action": ["kms:CreateGrant"],
                    "Resource": { "Ref": "DatabaseKeys" },
                    "Condition": {
                        "StringEquals": { "kms:ViaService": through },
                        "Bool": { "kms:GrantIsForAWSResource": "true" },
                    },
                },
            ])
        );
    }
    for system in ["one-region", "two-regions"] {
        let template = template("eu-central-1", &[system]);
        assert!(!template.to_string().contains("DatabaseKeys"), "{system}");
        assert!(template["Resources"].get("TopicKeysPolicy").is_some(), "{system}");
    }
}

/// Records of another name, of a type that leads nobody anywhere, or deleted: IAM refuses, whatever the function was made to ask for.
#[test]
fn records_are_changed_of_the_users_name_alone() {
    let template = template("eu-west-1", &["two-regions-replica"]);
    let statements: Vec<&Value> = resources(&template)
        .filter_map(|(_, resource)| resource["Properties"]["PolicyDocument"]["Statement"].as_array())
        .flatten()
        .filter(|statement| statement.to_string().contains("route53:"))
        .collect();
    let [looks, changes, follows] = statements.as_slice() else {
        panic!("three statements: {statements:?}")
    };
    assert_eq!(looks["Action"], json!(["route53:ListResourceRecordSets"]));
    assert_eq!(follows["Action"], json!(["route53:GetChange"]));
    assert!(looks.get("Condition").is_none() && follows.get("Condition").is_none());
    assert_eq!(changes["Action"], json!(["route53:ChangeResourceRecordSets"]));
    assert_eq!(changes["Resource"], looks["Resource"]);
    assert_eq!(
        changes["Condition"],
        json!({
            "ForAllValues:StringEquals": {
                "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["shop.example.com"],
                "route53:ChangeResourceRecordSetsRecordTypes": ["A", "AAAA", "CNAME", "HTTPS", "SVCB"],
                "route53:ChangeResourceRecordSetsActions": ["UPSERT"],
            },
            "Null": { "route53:ChangeResourceRecordSetsNormalizedRecordNames": "false" },
        })
    );
}

#[test]
fn every_rule_asks_for_the_account() {
    for system in ["one-region", "two-regions-deployed", "two-regions-replica"] {
        let template = template("eu-central-1", &[system]);
        let rules: Vec<&Value> = resources(&template)
            .map(|(_, resource)| resource)
            .filter(|resource| resource["Type"] == "AWS::Events::Rule")
            .collect();
        assert!(rules.len() >= 4, "{system}");
        for rule in rules {
            let pattern = &rule["Properties"]["EventPattern"];
            assert_eq!(pattern["account"], json!(["111122223333"]), "{pattern}");
            assert!(pattern.to_string().len() <= 2_048, "{pattern}");
        }
    }
}

#[test]
fn the_stack_has_these_resources() {
    let template = template("eu-central-1", &["two-regions"]);
    let lines: Vec<String> = resources(&template)
        .map(|(logical, resource)| format!("{logical}: {}", resource["Type"].as_str().expect("a type")))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let one = typed("eu-west-1", &["two-regions-lease"]).stdout;
    assert!(!one.is_empty());
    assert_eq!(one, typed("eu-west-1", &["two-regions-lease"]).stdout);
}

#[test]
fn only_moves_run_in_the_standby_region_and_the_self_test() {
    let template = template("eu-west-1", &["two-regions-deployed"]);
    let machines: Vec<&str> = resources(&template)
        .filter(|(_, resource)| resource["Type"] == "AWS::StepFunctions::StateMachine")
        .map(|(_, resource)| {
            resource["Properties"]["StateMachineName"]
                .as_str()
                .expect("a name")
        })
        .collect();
    assert_eq!(
        machines,
        [
            "evenkeel-fail-over-region",
            "evenkeel-switch-over-region",
            "evenkeel-fail-back-region",
            "evenkeel-self-test"
        ]
    );
    assert!(resources(&template).all(|(logical, _)| logical != "DeploymentFunction"));
}

/// Whoever is named in a template is in it.
#[test]
fn nothing_points_nowhere() {
    for (region, system) in [
        ("eu-central-1", "one-region"),
        ("eu-central-1", "two-regions-replica"),
        ("eu-west-1", "two-regions-routing-control"),
    ] {
        let template = template(region, &[system]);
        let known = |name: &str| {
            let there = |part: &str| template[part].get(name).is_some();
            name.starts_with("AWS::") || there("Resources") || there("Parameters")
        };
        let mut open = vec![&template];
        while let Some(value) = open.pop() {
            match value {
                Value::Array(array) => open.extend(array),
                Value::Object(object) => {
                    let named = [&value["Ref"], &value["Fn::GetAtt"][0]];
                    for name in named.into_iter().filter_map(Value::as_str) {
                        assert!(known(name), "{system} in {region}: {name}");
                    }
                    open.extend(object.values());
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
    }
}

#[test]
fn a_region_in_which_nobody_lives_is_answered_with_those_in_which_one_does() {
    let output = typed("us-east-1", &["two-regions"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stderr));
}

#[test]
fn two_files_of_one_system_are_refused() {
    let output = typed("eu-central-1", &["aurora", "one-region"]);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_folder_gets_every_template() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("stack");
    let output = Command::new(env!("CARGO_BIN_EXE_evenkeel"))
        .args(["template", "--region", "eu-west-1", "--out"])
        .arg(&out)
        .arg(format!("{SYSTEMS}/two-regions.toml"))
        .output()
        .expect("the program starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let written = std::fs::read_to_string(out.join("evenkeel.json")).expect("written");
    assert_eq!(written.as_bytes(), typed("eu-west-1", &["two-regions"]).stdout);
    let said = String::from_utf8_lossy(&output.stdout).replace(&*out.to_string_lossy(), "OUT");
    assert_eq!(said, format!("OUT/evenkeel.json: {} bytes\n", written.len()));
}
