//! A run that is watched: a line for what happens, on stdout, and on a terminal one that moves below them, on stderr.

use std::io::{Result, Write};
use std::time::Duration;

use domain::journal::{Incident, Question};
use domain::names::{IncidentId, Region};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::status::question;
use super::{WIDTH, duration, wrap};
use crate::commands::operate::events::{News, What};
use crate::commands::operate::watch::Ended;

const MARGIN: usize = 12;

/// Where it is shown, and what was shown last.
pub(crate) struct Shown {
    json: bool,
    moving: ProgressBar,
    state: String,
    /// The name of the last answer in this state, and how often it came.
    answer: Option<(String, u32)>,
    silent: bool,
}

impl Shown {
    /// Nothing is shown yet.
    pub(crate) fn new(json: bool) -> Self {
        let moving = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {wide_msg} {elapsed}") {
            moving.set_style(style);
        }
        moving.enable_steady_tick(Duration::from_millis(250));
        Self {
            json,
            moving,
            state: String::new(),
            answer: None,
            silent: false,
        }
    }

    pub(crate) fn begins(&mut self, incident: &IncidentId, region: &Region) -> Result<()> {
        if self.json {
            return self.object(&json!({ "incident": incident, "region": region }));
        }
        self.lines(&[format!("{incident} in {region}")])
    }

    pub(crate) fn news(&mut self, news: &News) -> Result<()> {
        self.silent = false;
        if self.json {
            return match news.what {
                What::Silent => Ok(()),
                _ => self.object(news),
            };
        }
        let at = news.at.strftime("%H:%M:%SZ");
        match &news.what {
            What::Silent => Ok(()),
            What::Redriven => self.lines(&[format!("{at}  is redriven")]),
            What::Enters(state) => {
                self.state.clone_from(state);
                self.answer = None;
                self.moving.set_message(state.clone());
                self.lines(&[format!("{at}  {state}")])
            }
            What::Answers { error, cause } => self.answers(error, cause),
        }
    }

    /// A step is asked again every few seconds: the first of equal answers is a line, and the moving line has the latest.
    fn answers(&mut self, error: &str, cause: &str) -> Result<()> {
        let times = match &self.answer {
            Some((last, times)) if last == error => times + 1,
            _ => 1,
        };
        self.answer = Some((error.to_owned(), times));
        self.moving
            .set_message(format!("{}: {error}, {times} times: {cause}", self.state));
        if times > 1 {
            return Ok(());
        }
        // Our own steps' causes begin with what the error's name says.
        let ours = domain::step::Error::NAMES.contains(&error);
        let text = match (ours, cause) {
            (_, "") => error.to_owned(),
            (true, cause) => cause.to_owned(),
            (false, cause) => format!("{error}: {cause}"),
        };
        self.indented(&text)
    }

    /// What it asks, or the answer to that.
    pub(crate) fn question(&mut self, asked: Option<&Question>) -> Result<()> {
        let Some(asked) = asked else { return Ok(()) };
        if self.json {
            return self.object(&json!({ "question": asked }));
        }
        self.suspended(|mut out| question(&mut out, asked))
    }

    /// AWS does not answer: said once until it does.
    pub(crate) fn silence(&mut self, why: &str) -> Result<()> {
        if std::mem::replace(&mut self.silent, true) {
            return Ok(());
        }
        self.moving.suspend(|| super::note(&format!("{why}; asking on")));
        Ok(())
    }

    pub(crate) fn ends(&mut self, ended: &Ended, record: Option<&Incident>) -> Result<()> {
        self.moving.finish_and_clear();
        if self.json {
            return self.object(&json!({ "ended": ended, "record": record }));
        }
        let took = ended
            .ended_at
            .and_then(|at| u64::try_from(at.as_millisecond() - ended.started_at.as_millisecond()).ok());
        let took = took.map_or_else(String::new, |ms| format!(" after {}", duration(ms)));
        let outcome = match (&ended.outcome, record) {
            (Some(outcome), _) => outcome.clone(),
            (None, Some(record)) => record.outcome.to_string(),
            (None, None) => ended.status.clone(),
        };
        self.lines(&[String::new(), format!("{outcome}{took}")])?;
        if ended.outcome.is_none() {
            // The record was written before anybody was told, and then nobody could be.
            if ended.error.as_deref() == Some("Unheard") {
                self.indented("Nobody could be told.")?;
            }
            let error = ended.error.as_deref().unwrap_or("no error is named");
            let cause = crate::commands::operate::events::words(ended.cause.as_deref().unwrap_or_default());
            self.indented(&format!("{}: {error}: {cause}", ended.status))?;
        }
        for seen in record.iter().flat_map(|record| &record.seen) {
            self.indented(seen)?;
        }
        Ok(())
    }

    pub(crate) fn gives_up(&mut self, incident: &IncidentId) -> Result<()> {
        self.moving.finish_and_clear();
        if self.json {
            return self.object(&json!({ "ended": null }));
        }
        self.lines(&[
            "It runs on; the watching ends here.".to_owned(),
            format!("hint: evenkeel watch {incident}"),
        ])
    }

    fn indented(&mut self, text: &str) -> Result<()> {
        let lines: Vec<String> = wrap(text, WIDTH - MARGIN)
            .iter()
            .map(|line| format!("{:MARGIN$}{line}", ""))
            .collect();
        self.lines(&lines)
    }

    fn lines(&mut self, lines: &[String]) -> Result<()> {
        self.suspended(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))
    }

    fn object(&mut self, what: &impl serde::Serialize) -> Result<()> {
        let line = serde_json::to_string(what)?;
        self.suspended(|out| writeln!(out, "{line}"))
    }

    /// Lines are flushed one by one: whoever reads them from a pipe watches, too.
    fn suspended(&self, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
        self.moving.suspend(|| {
            let mut out = anstream::stdout().lock();
            write(&mut out)?;
            out.flush()
        })
    }
}
