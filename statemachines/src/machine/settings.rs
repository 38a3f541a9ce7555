//! The small vocabularies of the language.

use std::fmt;

/// Which language a state's fields are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueryLanguage {
    /// The default of Amazon States Language.
    #[default]
    JsonPath,
    /// What Step Functions recommends for new machines.
    Jsonata,
}

impl QueryLanguage {
    /// As a definition spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JsonPath => "JSONPath",
            Self::Jsonata => "JSONata",
        }
    }
}

impl fmt::Display for QueryLanguage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A state's `Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StateType {
    /// Hands its input on, perhaps reshaped.
    Pass,
    /// Does work outside the machine.
    Task,
    /// Branches.
    Choice,
    /// Waits for a time.
    Wait,
    /// Runs branches at once.
    Parallel,
    /// Runs one block for each item.
    Map,
    /// Ends well.
    Succeed,
    /// Ends badly.
    Fail,
}

impl StateType {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Pass,
        Self::Task,
        Self::Choice,
        Self::Wait,
        Self::Parallel,
        Self::Map,
        Self::Succeed,
        Self::Fail,
    ];

    /// As a definition spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "Pass",
            Self::Task => "Task",
            Self::Choice => "Choice",
            Self::Wait => "Wait",
            Self::Parallel => "Parallel",
            Self::Map => "Map",
            Self::Succeed => "Succeed",
            Self::Fail => "Fail",
        }
    }

    /// The type of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|state_type| state_type.as_str() == name)
    }
}

impl fmt::Display for StateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
