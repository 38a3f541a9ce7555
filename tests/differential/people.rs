//! SNS, and Step Functions' own API.

use aws_sdk_sns::types::MessageAttributeValue;
use domain::names::Recovery;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use crate::side::{Side, said};
use crate::table::Fields;

pub(crate) fn told(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let topic = side.system.people.page.as_str();
        let key = MessageAttributeValue::builder()
            .data_type("String")
            .string_value("key");
        let key = key.build().expect("an attribute");
        let ask = |topic: &str| {
            let asked = side
                .sns
                .publish()
                .topic_arn(topic)
                .subject("shop recovered")
                .message("It is well.");
            asked.message_attributes("evenkeel.key", key.clone()).send()
        };
        let sent = ask(topic).await;
        let numbered = sent.as_ref().is_ok_and(|sent| sent.message_id().is_some());
        Fields::default()
            .and("a topic", said(sent))
            .and("the message has an id", numbered)
            .and("a topic that is none", said(ask(&format!("{topic}-no")).await))
    }
    .boxed_local()
}

pub(crate) fn started(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let machine = Recovery::FailOverDatabase.state_machine_arn(&side.home, &side.system.account);
        let ask = |machine: &str, name: &str, input: &str| {
            side.sfn
                .start_execution()
                .state_machine_arn(machine)
                .name(name)
                .input(input)
                .send()
        };
        let first = ask(&machine, "shop-1", "{\"a\": 1}").await;
        let arn = first
            .as_ref()
            .map(|started| started.execution_arn().to_owned())
            .unwrap_or_default();
        Fields::default()
            .and("an execution", said(first))
            .and("its ARN", arn)
            .and(
                "the same again",
                said(ask(&machine, "shop-1", "{\"a\": 1}").await),
            )
            .and(
                "the same name, other input",
                said(ask(&machine, "shop-1", "{\"a\": 2}").await),
            )
            .and("input that is no JSON", said(ask(&machine, "shop-2", "{").await))
            .and(
                "a machine that is none",
                said(ask(&format!("{machine}-no"), "shop-1", "{}").await),
            )
    }
    .boxed_local()
}

pub(crate) fn answered(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let unknown = side
            .sfn
            .send_task_success()
            .task_token("nobody's")
            .output("{}")
            .send()
            .await;
        Fields::default().and("a token that is none", said(unknown))
    }
    .boxed_local()
}
