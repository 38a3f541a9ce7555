//! Auto Scaling and Elastic Load Balancing.

use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum, FixedResponseActionConfig};
use capacity::observe::{GroupObserved, group, healthy_targets};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use crate::side::{Side, heard, said};
use crate::table::Fields;

fn spoken(group: &GroupObserved) -> String {
    let healthy = group.members.iter().filter(|member| member.healthy).count();
    format!(
        "{}, {} InService, {} members, {healthy} healthy, suspended {:?}, failed {:?}",
        group.size,
        group.in_service,
        group.members.len(),
        group.suspended,
        group.newest_failure
    )
}

pub(crate) fn groups(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let mut fields = Fields::default();
        for region in [&side.home, &side.away] {
            let found = group(&(side.autoscaling)(region), side.group(region)).await;
            fields = fields.and(
                &format!("group in {region}"),
                heard(found, |group| spoken(&group)),
            );
        }
        let unknown = group(&(side.autoscaling)(&side.home), "nobody").await;
        fields.and("a group that is none", heard(unknown, |group| spoken(&group)))
    }
    .boxed_local()
}

pub(crate) fn resize(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let client = (side.autoscaling)(&side.away);
        let name = side.group(&side.away).to_owned();
        let ask = |group: &str, min: i32, desired: i32, max: i32| {
            let asked = client.update_auto_scaling_group().auto_scaling_group_name(group);
            asked.min_size(min).desired_capacity(desired).max_size(max).send()
        };
        let unknown = said(ask("nobody", 1, 1, 1).await);
        let beyond = said(ask(&name, 1, 9, 6).await);
        let accepted = said(ask(&name, 4, 5, 8).await);
        side.until("the group grows", async || {
            let found = group(&client, &name).await.expect("described");
            found.in_service == 5
        })
        .await;
        let targets =
            async || healthy_targets(&(side.elbv2)(&side.away), &side.target_groups[&side.away]).await;
        side.until("the targets are healthy", async || {
            targets().await.expect("described").healthy == 5
        })
        .await;
        let found = group(&client, &name).await;
        Fields::default()
            .and("a group that is none", unknown)
            .and("more wanted than allowed", beyond)
            .and("five wanted", accepted)
            .and("group", heard(found, |group| spoken(&group)))
            .and("targets", heard(targets().await, |targets| targets.to_string()))
    }
    .boxed_local()
}

pub(crate) fn targets(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let client = (side.elbv2)(&side.home);
        let found = healthy_targets(&client, &side.target_groups[&side.home]).await;
        let other = side.target_groups[&side.home].replace("targetgroup/", "targetgroup/no-");
        let unknown = client
            .describe_target_health()
            .target_group_arn(other)
            .send()
            .await;
        Fields::default()
            .and("targets", heard(found, |targets| targets.to_string()))
            .and("a target group that is none", said(unknown))
    }
    .boxed_local()
}

/// What a listener does with everybody who comes, the target group by its role.
async fn default_actions(side: &Side) -> String {
    let (client, arn) = ((side.elbv2)(&side.home), &side.listeners[&side.home]);
    let answer = client
        .describe_listeners()
        .listener_arns(arn)
        .send()
        .await
        .expect("described");
    let listener = answer.listeners().first().expect("a listener");
    let actions = listener.default_actions().iter().map(|action| {
        let fixed = action.fixed_response_config();
        let status = fixed.and_then(FixedResponseActionConfig::status_code);
        let weighted = action
            .forward_config()
            .map(|forward| forward.target_groups().len());
        let kind = action.r#type().map_or("none", ActionTypeEnum::as_str);
        let ours = action.target_group_arn() == Some(side.target_groups[&side.home].as_str());
        format!(
            "{kind}, status {status:?}, to its target group: {ours}, of several: {}",
            weighted.unwrap_or(1) > 1
        )
    });
    actions.collect::<Vec<_>>().join("; ")
}

pub(crate) fn listeners(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let client = (side.elbv2)(&side.home);
        let other = side.listeners[&side.home].replace("listener/", "listener/no-");
        let unknown = client.describe_listeners().listener_arns(other).send().await;
        Fields::default()
            .and("default actions", default_actions(side).await)
            .and("a listener that is none", said(unknown))
    }
    .boxed_local()
}

pub(crate) fn freeze(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let (client, arn) = ((side.elbv2)(&side.home), side.listeners[&side.home].clone());
        let ask = |arn: &str, action: Action| {
            client
                .modify_listener()
                .listener_arn(arn)
                .default_actions(action)
                .send()
        };
        let answer = FixedResponseActionConfig::builder()
            .status_code("503")
            .content_type("text/plain");
        let frozen = Action::builder()
            .r#type(ActionTypeEnum::FixedResponse)
            .fixed_response_config(answer.message_body("moving").build())
            .build();
        let forward = Action::builder()
            .r#type(ActionTypeEnum::Forward)
            .target_group_arn(&side.target_groups[&side.home])
            .build();
        let unknown = said(ask(&arn.replace("listener/", "listener/no-"), frozen.clone()).await);
        let mut fields = Fields::default().and("a listener that is none", unknown);
        for (what, action, status) in [("frozen", frozen, "503"), ("thawed", forward, "None")] {
            let accepted = said(ask(&arn, action).await);
            side.until("the listener changes", async || {
                default_actions(side).await.contains(status)
            })
            .await;
            fields = fields.and(what, format!("{accepted}, then {}", default_actions(side).await));
        }
        fields
    }
    .boxed_local()
}

pub(crate) fn terminate(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let client = (side.autoscaling)(&side.home);
        let name = side.group(&side.home).to_owned();
        let before = group(&client, &name).await.expect("described");
        let gone = before.members.first().expect("an instance").id.clone();
        let ask = |id: &str| {
            let asked = client.terminate_instance_in_auto_scaling_group().instance_id(id);
            asked.should_decrement_desired_capacity(false).send()
        };
        let unknown = said(ask("i-00000000000000000").await);
        let accepted = said(ask(&gone).await);
        side.until("another instance serves in its place", async || {
            let now = group(&client, &name).await.expect("described");
            now.member(&gone).is_none() && now.in_service == before.in_service
        })
        .await;
        let after = group(&client, &name).await.expect("described");
        Fields::default()
            .and("an instance that is none", unknown)
            .and("an instance", accepted)
            .and("the size stays", after.size == before.size)
            .and("as many serve as before", after.in_service == before.in_service)
    }
    .boxed_local()
}
