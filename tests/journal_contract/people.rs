//! What people decide: questions, answers, and the wish to stop a run.

use domain::journal::{Journal, Question, Redrive, Stop};
use domain::step::{Error, Result};
use domain::steps::region::{Answer, Approval, Risk};

use super::{at, incident, shop};

fn question(run: &str, token: &str) -> Question {
    Question {
        incident: incident(run),
        token: token.to_owned(),
        asked_at: at("07:15:00.250"),
        expires_at: at("07:30:00.250"),
        risks: vec![Risk::DataLoss, Risk::NotFenced],
        answer: None,
    }
}

pub(super) fn answer(answer: Answer, by: &str) -> Approval {
    Approval {
        at: at("07:16:00"),
        answer,
        by: by.to_owned(),
        because: "the Region is gone".to_owned(),
        accepted: vec![Risk::DataLoss, Risk::NotFenced],
        seen: vec![format!("{answer} by {by}")],
    }
}

fn wish(by: &str) -> Stop {
    Stop {
        at: at("07:16:30.5"),
        by: by.to_owned(),
        because: "users are served".to_owned(),
    }
}

pub(super) async fn a_question_reads_back_as_it_was_asked(journal: impl Journal) -> Result<()> {
    assert_eq!(journal.question(&shop(), &incident("a")).await?, None);
    let asked = question("a", "token-1");
    assert_eq!(journal.ask(&shop(), &asked).await?, asked);
    assert_eq!(journal.question(&shop(), &incident("a")).await?, Some(asked));
    Ok(())
}

pub(super) async fn asked_again_a_question_takes_the_new_token_and_keeps_the_rest(
    journal: impl Journal,
) -> Result<()> {
    journal.ask(&shop(), &question("a", "token-1")).await?;
    let later = Question {
        asked_at: at("07:20:00"),
        expires_at: at("07:35:00"),
        risks: vec![],
        ..question("a", "token-2")
    };
    assert_eq!(journal.ask(&shop(), &later).await?, question("a", "token-2"));
    Ok(())
}

pub(super) async fn the_first_answer_to_a_question_stands(journal: impl Journal) -> Result<()> {
    journal.ask(&shop(), &question("a", "token-1")).await?;
    let no = answer(Answer::Rejected, "on-call");
    let standing = journal.answer(&shop(), &incident("a"), &no).await?;
    assert_eq!(standing.answer, Some(no.clone()));
    let yes = answer(Answer::Approved, "manager");
    let standing = journal.answer(&shop(), &incident("a"), &yes).await?;
    assert_eq!(standing.answer, Some(no));
    Ok(())
}

pub(super) async fn an_answer_outlives_a_new_token(journal: impl Journal) -> Result<()> {
    journal.ask(&shop(), &question("a", "token-1")).await?;
    let yes = answer(Answer::Approved, "on-call");
    journal.answer(&shop(), &incident("a"), &yes).await?;
    let standing = journal.ask(&shop(), &question("a", "token-2")).await?;
    assert_eq!((standing.token.as_str(), standing.answer), ("token-2", Some(yes)));
    Ok(())
}

pub(super) async fn what_nobody_asked_cannot_be_answered(journal: impl Journal) -> Result<()> {
    let yes = answer(Answer::Approved, "on-call");
    let refused = journal.answer(&shop(), &incident("a"), &yes).await;
    assert_eq!(refused.expect_err("nothing asked").name(), Error::INVALID_INPUT);
    assert_eq!(journal.question(&shop(), &incident("a")).await?, None);
    Ok(())
}

pub(super) async fn questions_of_two_runs_are_two(journal: impl Journal) -> Result<()> {
    journal.ask(&shop(), &question("a", "token-1")).await?;
    journal.ask(&shop(), &question("b", "token-2")).await?;
    let no = answer(Answer::Rejected, "on-call");
    journal.answer(&shop(), &incident("b"), &no).await?;
    let first = journal.question(&shop(), &incident("a")).await?;
    assert_eq!(first, Some(question("a", "token-1")));
    Ok(())
}

pub(super) async fn the_first_wish_to_stop_a_run_stands(journal: impl Journal) -> Result<()> {
    assert_eq!(journal.stop(&shop(), &incident("a")).await?, None);
    let first = wish("on-call");
    assert_eq!(
        journal.request_stop(&shop(), &incident("a"), &first).await?,
        first
    );
    let second = journal
        .request_stop(&shop(), &incident("a"), &wish("manager"))
        .await?;
    assert_eq!(second, first);
    assert_eq!(journal.stop(&shop(), &incident("a")).await?, Some(first));
    assert_eq!(journal.stop(&shop(), &incident("b")).await?, None);
    Ok(())
}

pub(super) async fn every_redrive_of_a_run_is_kept_in_order_and_a_repetition_once(
    journal: impl Journal,
) -> Result<()> {
    let redrive = |time: &str, by: &str| Redrive {
        at: at(time),
        by: by.to_owned(),
        because: "the quota is raised".to_owned(),
    };
    assert_eq!(journal.redrives(&shop(), &incident("a")).await?, []);
    let (first, second) = (redrive("07:15:00.250", "on-call"), redrive("07:20:00", "manager"));
    for one in [&second, &first, &second] {
        journal.note_redrive(&shop(), &incident("a"), one).await?;
    }
    // Of one moment the first stands, and a run whose name begins like another's is another.
    let forged = redrive("07:20:00", "mallory");
    journal.note_redrive(&shop(), &incident("a"), &forged).await?;
    journal.note_redrive(&shop(), &incident("ab"), &forged).await?;
    assert_eq!(journal.redrives(&shop(), &incident("a")).await?, [first, second]);
    Ok(())
}

pub(super) async fn questions_and_wishes_are_no_part_of_a_view(journal: impl Journal) -> Result<()> {
    journal.ask(&shop(), &question("a", "token-1")).await?;
    journal
        .request_stop(&shop(), &incident("a"), &wish("on-call"))
        .await?;
    assert_eq!(journal.view(&shop()).await?, domain::journal::View::default());
    Ok(())
}
