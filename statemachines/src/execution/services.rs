//! What Step Functions itself checks of a service integration's arguments, before it calls the service.

use serde_json::Value;

use crate::machine::Resource;

/// Why AWS refuses to start the task, if it does.
pub(super) fn refusal(resource: &Resource, arguments: &Value) -> Option<String> {
    let Resource::Service { service, .. } = resource else {
        return None;
    };
    if service.as_ref() != "apigateway" {
        return None;
    }
    // Lists of texts by name (Step Functions Developer Guide, "Call API Gateway endpoints").
    let field = ["Headers", "QueryParameters"].into_iter().find(|field| {
        arguments.get(field).is_some_and(|value| {
            let lists = value
                .as_object()
                .map(|object| object.values().all(Value::is_array));
            !lists.unwrap_or(false)
        })
    })?;
    Some(format!("The value of the field '{field}' has an invalid format"))
}
