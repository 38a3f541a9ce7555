//! Why the program did not do what it was asked: with the place in the user's file, and what to do next.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use domain::system::Problem;
use evenkeel::stack;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use rehearsal::{prove, scenario, stage};

use crate::account;
use crate::commands::operate::target::Undecided;
use crate::deploy;

/// Why the program did not do what it was asked.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum Failure {
    /// A file cannot be read.
    #[error("cannot read {}", .path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
        #[help]
        hint: String,
    },
    /// A system file is refused.
    #[error("{} is refused: {}", .file, counted(.problems.len()))]
    Refused {
        file: String,
        #[related]
        problems: Vec<Place>,
    },
    /// An event is none.
    #[error("{} is no event: {what}", .path.display())]
    NoEvent {
        path: PathBuf,
        what: String,
        #[help]
        hint: String,
    },
    /// A file is not what it should be.
    #[error("{}:{line}: {what}", .path.display())]
    NotThat {
        path: PathBuf,
        line: usize,
        what: String,
        #[help]
        hint: String,
    },
    /// There is no such scenario.
    #[error("{error}")]
    Scenario {
        error: scenario::Error,
        #[help]
        hint: String,
    },
    /// What was kept is no embedded cloud.
    #[error("{} is no embedded cloud that was kept: {what}", .path.display())]
    NotKept {
        path: PathBuf,
        what: String,
        #[help]
        hint: String,
    },
    /// A file cannot be written.
    #[error("cannot write {}", .path.display())]
    #[diagnostic(help("name another file with `--rehearsal FILE`"))]
    Unwritable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// Manual pages cannot be written.
    #[error("cannot write manual pages into {}", .path.display())]
    #[diagnostic(help("name another folder with `--to FOLDER`"))]
    NoManual {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// What was tried cannot be kept.
    #[error("cannot keep what is tried in {}", .path.display())]
    #[diagnostic(help("name another folder with `--kept FOLDER`"))]
    NotTried {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A proof cannot begin.
    #[error(transparent)]
    #[diagnostic(help("`evenkeel rehearse` lists the scenarios; `docs/proof.md` says how one is chosen"))]
    Unplayed(#[from] prove::Unplayed),
    /// A person's wish was not carried out.
    #[error("{error}")]
    Operate {
        error: operate::Error,
        #[help]
        hint: String,
    },
    /// It cannot be told which cloud is meant.
    #[error("{error}")]
    Undecided {
        error: Undecided,
        #[help]
        hint: String,
    },
    /// What is done in accounts only.
    #[error("`{verb}` is for accounts: an embedded cloud has nothing like it")]
    #[diagnostic(help("name the system file of an account with --system-file"))]
    NotEmbedded { verb: &'static str },
    /// AWS did not do it.
    #[error("{error}")]
    Account {
        error: account::Error,
        #[help]
        hint: String,
    },
    /// It did not come to a deployment, or to its end.
    #[error("{error}")]
    Deploy {
        error: Box<deploy::Error>,
        #[help]
        hint: String,
    },
    /// Systems and a Region make no stack.
    #[error("{error}")]
    NoStack {
        error: stack::here::Error,
        #[help]
        hint: String,
    },
    /// A template that AWS would not take.
    #[error("AWS would not take this template: {excess}")]
    #[diagnostic(help("name fewer system files: one stack holds all systems that it is made from"))]
    TooMuch { excess: stack::Excess },
    /// A stack of several templates has no place on stdout.
    #[error("these systems need {nested} nested stacks, and a template for each")]
    #[diagnostic(help("name a folder for them with `--out FOLDER`"))]
    Nested { nested: usize },
    /// A template cannot be written.
    #[error("cannot write {}", .path.display())]
    #[diagnostic(help("name another folder with `--out FOLDER`"))]
    NotWritten {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A rehearsal could not begin.
    #[error("the rehearsal could not begin")]
    #[diagnostic(help("this is a defect of Evenkeel: please report it with the command you typed"))]
    Stage(#[from] stage::Error),
    /// The output could not be written.
    #[error("the output could not be written")]
    Output(#[from] std::io::Error),
}

impl From<Undecided> for Failure {
    fn from(error: Undecided) -> Self {
        Self::Undecided {
            hint: error.hint(),
            error,
        }
    }
}

/// What AWS says is explained, wherever it comes from.
impl From<operate::Error> for Failure {
    fn from(error: operate::Error) -> Self {
        match error {
            operate::Error::Aws(error) => account::Error::from(error).into(),
            error => Self::Operate {
                hint: error.hint(),
                error,
            },
        }
    }
}

impl From<account::Error> for Failure {
    fn from(error: account::Error) -> Self {
        Self::Account {
            hint: error.hint(),
            error,
        }
    }
}

impl From<deploy::Error> for Failure {
    fn from(error: deploy::Error) -> Self {
        match error {
            deploy::Error::Account(error) => error.into(),
            deploy::Error::NoStack(error) => Self::NoStack {
                hint: error.hint(),
                error,
            },
            error => Self::Deploy {
                hint: error.hint(),
                error: Box::new(error),
            },
        }
    }
}

/// A place in a user's file, and what is wrong there.
#[derive(Debug, thiserror::Error)]
#[error("{}", .problem.what)]
pub(crate) struct Place {
    problem: Problem,
    text: NamedSource<String>,
}

impl Diagnostic for Place {
    fn help(&self) -> Option<Box<dyn std::fmt::Display + '_>> {
        Some(Box::new(&self.problem.hint))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.text)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::underline(
            self.problem.span.clone(),
        ))))
    }
}

impl Failure {
    /// A system file that is refused.
    pub(crate) fn refused(path: &Path, text: &str, problems: Vec<Problem>) -> Self {
        let file = path.display().to_string();
        let place = |problem| Place {
            problem,
            text: NamedSource::new(&file, text.to_owned()),
        };
        Self::Refused {
            problems: problems.into_iter().map(place).collect(),
            file: file.clone(),
        }
    }

    /// A file that cannot be read.
    pub(crate) fn unreadable(path: &Path, source: std::io::Error, hint: &str) -> Self {
        Self::Unreadable {
            path: path.to_owned(),
            source,
            hint: hint.to_owned(),
        }
    }

    /// Shows it on stderr. The code says whether the request or its subject was at fault.
    pub(crate) fn show(self) -> ExitCode {
        // A reader who went away (`| head`) is told nothing.
        if let Self::Output(error) = &self
            && error.kind() == std::io::ErrorKind::BrokenPipe
        {
            return ExitCode::SUCCESS;
        }
        let code = match &self {
            Self::Unreadable { .. }
            | Self::Scenario { .. }
            | Self::NotKept { .. }
            | Self::NoStack { .. }
            | Self::Undecided { .. }
            | Self::NotEmbedded { .. }
            | Self::Nested { .. } => 2,
            // It was asked, and said no.
            Self::Account {
                error: account::Error::Refused { .. },
                ..
            } => 1,
            Self::Account { .. } => 3,
            Self::Refused { .. }
            | Self::NoEvent { .. }
            | Self::NotThat { .. }
            | Self::Unwritable { .. }
            | Self::NotTried { .. }
            | Self::NoManual { .. }
            | Self::Unplayed(_)
            | Self::Operate { .. }
            | Self::TooMuch { .. }
            | Self::NotWritten { .. }
            | Self::Deploy { .. }
            | Self::Stage(_)
            | Self::Output(_) => 1,
        };
        let coloured = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
        let theme = if coloured {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let mut shown = String::new();
        let drawn = GraphicalReportHandler::new_themed(theme)
            .with_width(80)
            // A name in two halves cannot be searched for.
            .with_word_splitter(textwrap::WordSplitter::NoHyphenation)
            .render_report(&mut shown, &self);
        if drawn.is_err() {
            shown = self.to_string();
        }
        anstream::eprintln!(
            "{}",
            shown
                .replace("  help: ", "  hint: ")
                .replace("Error: \n", "")
                .trim_end()
        );
        ExitCode::from(code)
    }
}

fn counted(problems: usize) -> String {
    if problems == 1 {
        "one problem".to_owned()
    } else {
        format!("{problems} problems")
    }
}
