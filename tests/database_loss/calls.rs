//! An operation that nobody modelled is an error that names it, never an answer made up.

use std::error::Error;

use crate::embedded::{Embedded, in_virtual_time, shop};

/// An error and everything behind it.
fn told(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        told.push_str(&format!(": {error}"));
        behind = error.source();
    }
    told
}

#[test]
fn an_operation_without_a_rule_is_named() {
    in_virtual_time(async {
        let clients = Embedded::with_hung_writer(&shop()).clients;
        let errors = [
            (
                "RDS:CreateDBInstance",
                told(
                    &clients
                        .rds
                        .create_db_instance()
                        .send()
                        .await
                        .expect_err("no rule"),
                ),
            ),
            (
                "RDS:DescribeAccountAttributes",
                told(
                    &clients
                        .rds
                        .describe_account_attributes()
                        .send()
                        .await
                        .expect_err("no rule"),
                ),
            ),
            (
                "CloudWatch:ListDashboards",
                told(
                    &clients
                        .cloudwatch
                        .list_dashboards()
                        .send()
                        .await
                        .expect_err("no rule"),
                ),
            ),
            (
                "DynamoDB:ListTables",
                told(&clients.dynamodb.list_tables().send().await.expect_err("no rule")),
            ),
            (
                "SNS:ListTopics",
                told(&clients.sns.list_topics().send().await.expect_err("no rule")),
            ),
            (
                "SFN:ListStateMachines",
                told(
                    &clients
                        .sfn
                        .list_state_machines()
                        .send()
                        .await
                        .expect_err("no rule"),
                ),
            ),
        ];
        for (operation, error) in errors {
            let expected = format!("the embedded cloud has no rule for {operation}");
            assert!(error.contains(&expected), "{operation}: {error}");
        }
    });
}

#[test]
fn an_operation_without_a_rule_is_named_after_others_were_answered_too() {
    in_virtual_time(async {
        let rds = Embedded::with_hung_writer(&shop()).clients.rds;
        for _ in 0..3 {
            rds.describe_db_instances()
                .send()
                .await
                .expect("a rule answers it");
            let error = told(
                &rds.describe_account_attributes()
                    .send()
                    .await
                    .expect_err("no rule"),
            );
            assert!(error.contains("RDS:DescribeAccountAttributes"), "{error}");
        }
    });
}
