//! ARNs, as they stand in a template: the partition is the Region's, and a name is nothing but a name.

use domain::names::{AccountId, Region};
use serde_json::{Value, json};

/// An ARN in a policy's `Resource`. The partition is filled in by CloudFormation.
///
/// `resource` is written by whoever calls, and may hold wildcards; names that come from a system file go through
/// [`literal`] first.
pub fn arn(service: &str, region: &str, account: &str, resource: &str) -> String {
    format!("arn:${{AWS::Partition}}:{service}:{region}:{account}:{resource}")
}

/// The same for what lives in a Region of an account.
pub fn in_region(service: &str, region: &Region, account: &AccountId, resource: &str) -> String {
    arn(service, region.as_str(), account.as_str(), resource)
}

/// A name as it has to be written in a policy's `Resource`, so that it means itself. IAM reads `*` and `?` as wildcards and
/// `${` as a variable, and takes `${*}`, `${?}` and `${$}` for the characters (IAM User Guide, reference_policies_variables);
/// CloudFormation takes `${!` for `${` (Template Reference, Fn::Sub).
pub fn literal(name: &str) -> String {
    let mut written = String::with_capacity(name.len());
    for one in name.chars() {
        match one {
            '*' | '?' | '$' => {
                written.push_str("${!");
                written.push(one);
                written.push('}');
            }
            other => written.push(other),
        }
    }
    written
}

/// A name outside a policy, where only CloudFormation would read something into it.
pub fn plain(name: &str) -> String {
    name.replace("${", "${!")
}

/// A text in which CloudFormation fills something in, or the text itself where it does not.
pub fn text(text: &str) -> Value {
    if text.contains("${") {
        json!({ "Fn::Sub": text })
    } else {
        Value::from(text)
    }
}

/// What a resource's attribute is.
pub fn attribute(logical: &str, name: &str) -> Value {
    json!({ "Fn::GetAtt": [logical, name] })
}

/// What a resource is called.
pub fn reference(logical: &str) -> Value {
    json!({ "Ref": logical })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_itself() {
        assert_eq!(literal("shop-web"), "shop-web");
        assert_eq!(literal("shop*"), "shop${!*}");
        assert_eq!(literal("${AWS::Region}?"), "${!$}{AWS::Region}${!?}");
        assert_eq!(plain("shop-${stage}*"), "shop-${!stage}*");
    }

    #[test]
    fn only_what_is_filled_in_is_a_function() {
        assert_eq!(text("*"), json!("*"));
        let table = arn("dynamodb", "eu-west-1", "111122223333", "table/evenkeel-journal");
        assert_eq!(
            text(&table),
            json!({ "Fn::Sub": "arn:${AWS::Partition}:dynamodb:eu-west-1:111122223333:table/evenkeel-journal" })
        );
    }
}
