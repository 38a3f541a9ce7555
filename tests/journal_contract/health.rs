//! What AWS Health says: of each issue the last word counts, whichever way and in whatever order it comes.

use domain::journal::{HEALTH_ISSUES, HealthIssue, HealthSeen, Journal, View};
use domain::step::Result;
use jiff::{SignedDuration, Timestamp};

use super::{at, shop, system};

const ISSUE: &str =
    "arn:aws:health:eu-central-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1";

pub(super) fn said(status: HealthIssue, said_at: Timestamp) -> HealthSeen {
    HealthSeen {
        service: "EC2".to_owned(),
        region: "eu-central-1".parse().expect("a Region"),
        event_type: "AWS_EC2_OPERATIONAL_ISSUE".to_owned(),
        status,
        since: at("09:40:00"),
        said_at,
        heard_at: said_at,
    }
}

async fn noted(journal: &impl Journal) -> Result<Option<HealthSeen>> {
    Ok(journal.view(&shop()).await?.health.get(ISSUE).cloned())
}

pub(super) async fn a_copy_of_what_aws_health_said_changes_nothing(journal: impl Journal) -> Result<()> {
    for status in [HealthIssue::Open, HealthIssue::Closed] {
        let first = said(status, at("10:00:00"));
        journal.note_health(&shop(), ISSUE, &first).await?;
        for heard_at in [at("10:00:02"), at("10:07:00")] {
            let copy = HealthSeen {
                heard_at,
                ..first.clone()
            };
            journal.note_health(&shop(), ISSUE, &copy).await?;
        }
        assert_eq!(noted(&journal).await?, Some(first));
    }
    assert_eq!(journal.view(&system("sho")).await?, View::default());
    Ok(())
}

pub(super) async fn what_aws_health_said_later_stands_in_whatever_order_it_comes(
    journal: impl Journal,
) -> Result<()> {
    let words = [
        said(HealthIssue::Open, at("10:00:00")),
        said(HealthIssue::Open, at("10:30:00")),
        said(HealthIssue::Closed, at("11:00:00")),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        for word in order {
            journal.note_health(&shop(), ISSUE, &words[word]).await?;
        }
        assert_eq!(noted(&journal).await?.as_ref(), Some(&words[2]), "{order:?}");
    }
    // It opens once more.
    let again = said(HealthIssue::Open, at("11:30:00"));
    journal.note_health(&shop(), ISSUE, &again).await?;
    assert_eq!(noted(&journal).await?, Some(again));
    Ok(())
}

pub(super) async fn of_two_words_of_one_moment_the_one_that_closes_stands(
    journal: impl Journal,
) -> Result<()> {
    let (open, closed) = (
        said(HealthIssue::Open, at("10:00:00.0001")),
        said(HealthIssue::Closed, at("10:00:00.0009")),
    );
    for word in [&open, &closed, &open] {
        journal.note_health(&shop(), ISSUE, word).await?;
    }
    assert_eq!(
        noted(&journal).await?,
        Some(said(HealthIssue::Closed, at("10:00:00")))
    );
    Ok(())
}

pub(super) async fn a_view_holds_few_issues_and_the_open_ones_first(journal: impl Journal) -> Result<()> {
    let count = i64::try_from(HEALTH_ISSUES).unwrap_or(0);
    for number in 0..count * 2 {
        let (open, closed) = (
            said(
                HealthIssue::Open,
                at("08:00:00") + SignedDuration::from_mins(number),
            ),
            said(
                HealthIssue::Closed,
                at("12:00:00") + SignedDuration::from_mins(number),
            ),
        );
        journal
            .note_health(&shop(), &format!("{ISSUE}-{number:02}-closed"), &closed)
            .await?;
        // Half as many are open as a view holds.
        if number % 4 == 0 {
            journal
                .note_health(&shop(), &format!("{ISSUE}-{number:02}-open"), &open)
                .await?;
        }
    }
    let view = journal.view(&shop()).await?;
    assert_eq!(view.health.len(), HEALTH_ISSUES);
    let open = view
        .health
        .values()
        .filter(|seen| seen.status == HealthIssue::Open);
    assert_eq!(open.count(), HEALTH_ISSUES / 2);
    let oldest = view
        .health
        .values()
        .filter(|seen| seen.status == HealthIssue::Closed)
        .map(|seen| seen.said_at)
        .min();
    let kept = at("12:00:00") + SignedDuration::from_mins(count * 2 - count / 2);
    assert_eq!(
        oldest,
        Some(kept),
        "of those that are over, the ones that AWS spoke of last"
    );
    Ok(())
}

pub(super) async fn an_issue_with_the_longest_arn_is_noted(journal: impl Journal) -> Result<()> {
    let long = format!("{ISSUE}-{}", "x".repeat(1_500));
    journal
        .note_health(&shop(), &long, &said(HealthIssue::Open, at("10:00:00")))
        .await?;
    assert!(journal.view(&shop()).await?.health.contains_key(&long));
    Ok(())
}
