//! What would become of a stack, for whoever has to say yes to it. What destroys something comes first, and is said aloud.

use std::collections::BTreeMap;
use std::io::{Result, Write};

use domain::names::Region;

use super::{WIDTH, wrap};
use crate::deploy::stack::{Change, Resource, What};
use crate::deploy::template_diff::Line;

/// What would become of the stack of a Region.
#[derive(Debug)]
pub(crate) struct Difference<'a> {
    pub(crate) region: &'a Region,
    /// Whether there is no stack yet.
    pub(crate) creates: bool,
    /// The code before, and after, where it differs.
    pub(crate) code: Option<(&'a str, &'a str)>,
    pub(crate) changes: &'a [Change],
    /// What differs in resources, by logical ID.
    pub(crate) properties: &'a BTreeMap<String, Vec<Line>>,
}

/// In the order in which a reader should see them.
const ORDER: [(What, &str); 7] = [
    (What::Replaced, "! REPLACED, and what is in it is lost:"),
    (What::Removed, "- removed:"),
    (What::MayBeReplaced, "! MAY BE REPLACED:"),
    (What::Changed, "~ changed:"),
    (What::Added, "+ added:"),
    (What::Imported, "+ taken over as it is:"),
    (What::Left, "- left where it is, no longer managed:"),
];

/// What takes its content from the bucket: other code changes it, and nothing of it in the template.
const FROM_THE_BUCKET: [&str; 3] = [
    "AWS::CloudFormation::Stack",
    "AWS::Lambda::Function",
    "AWS::StepFunctions::StateMachine",
];

/// How many places of one resource are shown.
const MOST_LINES: usize = 12;

/// Writes what would become of the stack.
pub(crate) fn write(out: &mut impl Write, difference: &Difference<'_>) -> Result<()> {
    let Difference {
        region,
        creates,
        code,
        changes,
        properties,
    } = difference;
    let what = if *creates {
        "a new stack, evenkeel"
    } else {
        "changes to the stack evenkeel"
    };
    writeln!(out, "{region}: {what}: {}", counted(changes))?;
    if let Some((before, after)) = code {
        writeln!(out)?;
        writeln!(out, "  functions and machines")?;
        writeln!(out, "    - {before}")?;
        writeln!(out, "    + {after}")?;
    }
    for (what, title) in ORDER {
        let mut groups: BTreeMap<(&str, &[Line]), Vec<&str>> = BTreeMap::new();
        for change in changes.iter().filter(|change| change.what == what) {
            if only_follows(change, properties) {
                continue;
            }
            let lines = properties.get(&change.logical).map_or(&[][..], Vec::as_slice);
            groups
                .entry((&change.kind, lines))
                .or_default()
                .push(&change.logical);
        }
        if groups.is_empty() {
            continue;
        }
        writeln!(out)?;
        writeln!(out, "  {title}")?;
        for ((kind, lines), mut names) in groups {
            names.sort_unstable();
            if names.len() == 1 {
                writeln!(out, "    {kind} {}", names.join(""))?;
            } else {
                writeln!(out, "    {kind}, {} of them", names.len())?;
                list(out, &names)?;
            }
            write_lines(out, lines)?;
        }
    }
    let following = changes
        .iter()
        .filter(|change| only_follows(change, properties))
        .count();
    if following > 0 {
        writeln!(out)?;
        writeln!(
            out,
            "  and {following} that refer to one of these, and are the same in the template"
        )?;
    }
    writeln!(out)
}

/// Whether CloudFormation names it only because it refers to something that changes: before it has changed that, it cannot know
/// that the reference stays (CloudFormation User Guide, "Changes" of a change set, evaluation `Dynamic`). Of every update of a
/// function all rules and roles around it would be called changed, and some perhaps replaced.
fn only_follows(change: &Change, properties: &BTreeMap<String, Vec<Line>>) -> bool {
    let touched = matches!(change.what, What::Changed | What::MayBeReplaced);
    touched && !properties.contains_key(&change.logical) && !FROM_THE_BUCKET.contains(&change.kind.as_str())
}

/// Writes what destroying a stack takes away, and what it leaves.
pub(crate) fn write_end(
    out: &mut impl Write,
    region: &Region,
    going: &[Resource],
    staying: &[String],
) -> Result<()> {
    writeln!(out, "{region}: the stack evenkeel and {} resources", going.len())?;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for resource in going {
        *kinds.entry(&resource.kind).or_default() += 1;
    }
    writeln!(out)?;
    writeln!(out, "  - removed:")?;
    for (kind, count) in kinds {
        writeln!(out, "    {count:>4} {kind}")?;
    }
    if !staying.is_empty() {
        writeln!(out)?;
        writeln!(out, "  stays:")?;
        for one in staying {
            writeln!(out, "    {one}")?;
        }
    }
    writeln!(out)
}

fn write_lines(out: &mut impl Write, lines: &[Line]) -> Result<()> {
    let mut last = None;
    for line in lines.iter().take(MOST_LINES) {
        if last != Some(&line.path) {
            writeln!(out, "      {}", line.path)?;
            last = Some(&line.path);
        }
        for (sign, value) in [("-", &line.before), ("+", &line.after)] {
            let Some(value) = value else { continue };
            for (nth, part) in wrap(value, WIDTH - 10).iter().enumerate() {
                let sign = if nth == 0 { sign } else { " " };
                writeln!(out, "        {sign} {part}")?;
            }
        }
    }
    match lines.len().saturating_sub(MOST_LINES) {
        0 => Ok(()),
        more => writeln!(out, "      and {more} more places"),
    }
}

fn list(out: &mut impl Write, names: &[&str]) -> Result<()> {
    for line in wrap(&names.join(", "), WIDTH - 6) {
        writeln!(out, "      {line}")?;
    }
    Ok(())
}

fn counted(changes: &[Change]) -> String {
    let of = |wanted: &[What]| {
        changes
            .iter()
            .filter(|change| wanted.contains(&change.what))
            .count()
    };
    let said = [
        (of(&[What::Added, What::Imported]), "added"),
        (
            of(&[What::Changed, What::MayBeReplaced, What::Replaced]),
            "changed",
        ),
        (of(&[What::Removed, What::Left]), "removed"),
    ];
    let said: Vec<String> = said
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if said.is_empty() {
        "no resource".to_owned()
    } else {
        said.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(what: What, kind: &str, logical: &str) -> Change {
        Change {
            logical: logical.to_owned(),
            kind: kind.to_owned(),
            what,
        }
    }

    fn line(path: &str, before: Option<&str>, after: Option<&str>) -> Line {
        Line {
            path: path.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        }
    }

    #[test]
    fn what_destroys_something_is_said_first_and_aloud() {
        let function = "AWS::Lambda::Function";
        let changes = [
            change(What::Added, "AWS::Events::Rule", "ScalingRule"),
            change(What::Changed, function, "AssessFunction"),
            change(What::Changed, function, "RouterFunction"),
            change(What::Changed, "AWS::Events::Rule", "AlarmRule"),
            change(What::Changed, function, "CacheFunction"),
            change(What::Replaced, "AWS::SQS::Queue", "DeadLetters"),
            change(What::Removed, "AWS::Events::Rule", "ZonalShiftRule"),
            change(What::MayBeReplaced, "AWS::IAM::Role", "CacheFunctionRole"),
            change(
                What::MayBeReplaced,
                "AWS::Lambda::Permission",
                "AlarmRulePermission",
            ),
            change(What::Changed, "AWS::IAM::Role", "LookRole"),
            change(What::Left, "AWS::DynamoDB::Table", "Journal"),
        ];
        let arn = "arn:${AWS::Partition}:elasticache:eu-central-1:111122223333:replicationgroup:shop-sessions-of-a-long-name";
        let properties = BTreeMap::from([
            (
                "AlarmRule".to_owned(),
                vec![
                    line("EventPattern.detail.alarmName", Some("shop-5xx"), None),
                    line("EventPattern.detail.alarmName", None, Some("shop-errors")),
                ],
            ),
            (
                "CacheFunctionRole".to_owned(),
                vec![line(
                    "Policies[what-it-needs].PolicyDocument.Statement[ReplicationGroup].Resource",
                    None,
                    Some(arn),
                )],
            ),
            (
                "AssessFunction".to_owned(),
                vec![line("MemorySize", Some("256"), Some("512"))],
            ),
        ]);
        let region = "eu-central-1".parse().expect("a Region");
        let mut said = Vec::new();
        write(
            &mut said,
            &Difference {
                region: &region,
                creates: false,
                code: Some(("evenkeel/00112233", "evenkeel/44556677")),
                changes: &changes,
                properties: &properties,
            },
        )
        .expect("written");
        insta::assert_snapshot!(String::from_utf8(said).expect("UTF-8"));
    }

    #[test]
    fn what_goes_is_counted_and_what_stays_is_named() {
        let going = ["A", "B"].map(|logical| Resource {
            logical: logical.to_owned(),
            kind: "AWS::Lambda::Function".to_owned(),
            physical: logical.to_lowercase(),
        });
        let mut said = Vec::new();
        let region = "eu-central-1".parse().expect("a Region");
        let staying = ["AWS::DynamoDB::Table evenkeel-journal".to_owned()];
        write_end(&mut said, &region, &going, &staying).expect("written");
        insta::assert_snapshot!(String::from_utf8(said).expect("UTF-8"));
    }
}
