//! Whether recoveries may start by themselves: a person disarms a system, and a person arms it again.

use domain::journal::{Armed, Disarmed, Journal, View};
use domain::step::Result;

use super::{LEASE, at, incident, shop, system};

fn disarmed(by: &str, time: &str) -> Disarmed {
    Disarmed {
        at: at(time),
        by: by.to_owned(),
        because: "maintenance".to_owned(),
    }
}

fn armed(by: &str, time: &str) -> Armed {
    Armed {
        at: at(time),
        by: by.to_owned(),
        because: "the work is done".to_owned(),
    }
}

pub(super) async fn a_system_is_armed_until_somebody_disarms_it(journal: impl Journal) -> Result<()> {
    assert_eq!(journal.view(&shop()).await?.disarmed, None);
    let first = disarmed("on-call", "07:00:00.5");
    assert_eq!(journal.disarm(&shop(), &first).await?, first);
    let view = journal.view(&shop()).await?;
    assert_eq!(
        view,
        View {
            disarmed: Some(first),
            ..View::default()
        }
    );
    Ok(())
}

pub(super) async fn the_first_disarming_stands_until_somebody_arms_it(journal: impl Journal) -> Result<()> {
    let first = disarmed("on-call", "07:00:00");
    let second = disarmed("manager", "07:05:00");
    journal.disarm(&shop(), &first).await?;
    assert_eq!(journal.disarm(&shop(), &second).await?, first);
    assert_eq!(journal.disarm(&shop(), &first).await?, first, "a repetition");
    assert_eq!(journal.view(&shop()).await?.disarmed, Some(first.clone()));
    let was = journal.arm(&shop(), &armed("manager", "08:00:00")).await?;
    assert_eq!(was, Some(first));
    assert_eq!(journal.disarm(&shop(), &second).await?, second);
    assert_eq!(journal.view(&shop()).await?.disarmed, Some(second));
    Ok(())
}

pub(super) async fn arming_says_what_was_and_keeps_who_did_it(journal: impl Journal) -> Result<()> {
    let first = armed("manager", "08:00:00.5");
    assert_eq!(journal.arm(&shop(), &first).await?, None, "it was armed");
    assert_eq!(journal.last_armed(&shop()).await?, None, "and nobody armed it");
    let down = disarmed("on-call", "07:00:00");
    journal.disarm(&shop(), &down).await?;
    assert_eq!(journal.arm(&shop(), &first).await?, Some(down));
    assert_eq!(journal.view(&shop()).await?, View::default());
    let late = armed("on-call", "09:00:00");
    assert_eq!(journal.arm(&shop(), &late).await?, None, "it was armed again");
    assert_eq!(journal.last_armed(&shop()).await?, Some(first));
    Ok(())
}

pub(super) async fn who_armed_it_last_outlives_the_next_disarming(journal: impl Journal) -> Result<()> {
    let first = armed("manager", "08:00:00");
    journal.disarm(&shop(), &disarmed("on-call", "07:00:00")).await?;
    journal.arm(&shop(), &first).await?;
    journal.disarm(&shop(), &disarmed("on-call", "09:00:00")).await?;
    assert_eq!(journal.last_armed(&shop()).await?, Some(first));
    Ok(())
}

pub(super) async fn disarming_one_system_leaves_another_armed(journal: impl Journal) -> Result<()> {
    journal.disarm(&shop(), &disarmed("on-call", "07:00:00")).await?;
    let other = system("sho");
    assert_eq!(journal.view(&other).await?, View::default());
    assert_eq!(journal.arm(&other, &armed("on-call", "07:00:01")).await?, None);
    assert!(journal.view(&shop()).await?.disarmed.is_some());
    Ok(())
}

/// A person may still run a recovery while nothing starts by itself: it takes its lock as ever.
pub(super) async fn a_disarmed_system_still_gives_its_lock(journal: impl Journal) -> Result<()> {
    let down = disarmed("on-call", "07:00:00.1239");
    journal.disarm(&shop(), &down).await?;
    let lock = journal
        .take_lock(&shop(), &incident("a"), at("07:01:00"), LEASE)
        .await?;
    let view = journal.view(&shop()).await?;
    assert_eq!(view.lock, Some(lock));
    let to_the_millisecond = disarmed("on-call", "07:00:00.123");
    assert_eq!(view.disarmed, Some(to_the_millisecond));
    Ok(())
}
