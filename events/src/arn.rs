//! Amazon Resource Names.

/// The parts of `arn:partition:service:region:account:resource` (IAM User Guide, `reference-arns`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    /// What follows the resource's type, for instance the name of an alarm. It may hold colons itself.
    pub(crate) name: &'a str,
}

impl<'a> Arn<'a> {
    /// The parts of an ARN of that service and type of resource, in which Region, account and name are said.
    pub(crate) fn parse(text: &'a str, service: &str, resource_type: &str) -> Option<Self> {
        let mut parts = text.splitn(7, ':');
        if parts.next()? != "arn" || !parts.next()?.starts_with("aws") || parts.next()? != service {
            return None;
        }
        let (region, account) = (parts.next()?, parts.next()?);
        if parts.next()? != resource_type {
            return None;
        }
        let name = parts.next()?;
        (is_region(region) && is_account(account) && !name.is_empty()).then_some(Self {
            region,
            account,
            name,
        })
    }
}

/// The parts of a topic's ARN, which has no type of resource: `arn:aws:sns:region:account:name` (SNS Developer Guide).
pub(crate) fn topic(text: &str) -> Option<Arn<'_>> {
    without_type(text, "sns")
}

/// The parts of a schedule's ARN, whose type of resource ends with a slash:
/// `arn:aws:scheduler:region:account:schedule/group/name` (EventBridge Scheduler User Guide).
pub(crate) fn schedule(text: &str) -> Option<Arn<'_>> {
    let mut arn = without_type(text, "scheduler")?;
    arn.name = arn
        .name
        .strip_prefix("schedule/")
        .filter(|name| !name.is_empty())?;
    Some(arn)
}

/// The parts of an ARN in which all that follows the account is the name.
fn without_type<'a>(text: &'a str, service: &str) -> Option<Arn<'a>> {
    let mut parts = text.splitn(6, ':');
    if parts.next()? != "arn" || !parts.next()?.starts_with("aws") || parts.next()? != service {
        return None;
    }
    let (region, account, name) = (parts.next()?, parts.next()?, parts.next()?);
    (is_region(region) && is_account(account) && !name.is_empty()).then_some(Arn {
        region,
        account,
        name,
    })
}

/// Whether it has the form of a Region's code, as opposed to its name for people (`US East (N. Virginia)`). The list of
/// Regions itself grows, and is not ours to keep.
pub(crate) fn is_region(text: &str) -> bool {
    text.contains('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Whether it has the form of an account: twelve digits (Account Management Guide, `manage-acct-identifiers`).
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_taken_apart() {
        let arn = Arn::parse(
            "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a:b c",
            "cloudwatch",
            "alarm",
        );
        assert_eq!(
            arn,
            Some(Arn {
                region: "us-east-1",
                account: "123456789012",
                name: "a:b c"
            })
        );
    }

    #[test]
    fn every_partition_is_taken() {
        for partition in ["aws", "aws-cn", "aws-us-gov", "aws-eusc"] {
            let arn = format!("arn:{partition}:rds:eu-central-1:123456789012:db:orders");
            assert!(Arn::parse(&arn, "rds", "db").is_some(), "{arn}");
        }
    }

    #[test]
    fn a_topic_and_a_schedule_have_names_of_their_own() {
        let name = |arn: Option<Arn<'_>>| arn.map(|arn| arn.name.to_owned());
        let of = |text| (name(topic(text)), name(schedule(text)));
        assert_eq!(
            of("arn:aws:sns:us-east-1:123456789012:alarms"),
            (Some("alarms".to_owned()), None)
        );
        assert_eq!(
            of("arn:aws:scheduler:us-east-1:123456789012:schedule/evenkeel/assess"),
            (None, Some("evenkeel/assess".to_owned()))
        );
        for text in [
            "arn:aws:sns:us-east-1:123456789012:",
            "arn:aws:sns::123456789012:alarms",
            "arn:aws:scheduler:us-east-1:123456789012:schedule/",
            "arn:aws:scheduler:us-east-1:123456789012:schedule-group/evenkeel",
            "arn:aws:scheduler:us-east-1:12:schedule/evenkeel/assess",
        ] {
            assert_eq!(of(text), (None, None), "{text}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "arn",
            "arn:aws:cloudwatch:us-east-1:123456789012:alarm",
            "arn:aws:cloudwatch:us-east-1:123456789012:alarm:",
            "arn:aws:cloudwatch:us-east-1:123456789012:dashboard:a",
            "arn:aws:cloudwatch::123456789012:alarm:a",
            "arn:aws:cloudwatch:US East (N. Virginia):123456789012:alarm:a",
            "arn:aws:cloudwatch:us-east-1:12345678901:alarm:a",
            "arn:aws:rds:us-east-1:123456789012:alarm:a",
            "urn:aws:cloudwatch:us-east-1:123456789012:alarm:a",
        ] {
            assert_eq!(Arn::parse(text, "cloudwatch", "alarm"), None, "{text}");
        }
    }
}
