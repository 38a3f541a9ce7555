//! One recorded execution, as a line of the files holds it.

use serde::Deserialize;
use serde_json::Value;

/// A recorded execution.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Record {
    /// Names the case.
    pub(crate) id: String,
    /// Test folder it comes from.
    pub(crate) area: String,
    /// `JSONPath`, `JSONata` or `mixed`.
    pub(crate) query_language: String,
    /// `STANDARD` or `EXPRESS`.
    pub(crate) state_machine_type: String,
    /// `exact` or `parallel-sorted`; absent where there is no history.
    #[serde(default)]
    pub(crate) order: Option<String>,
    /// ARNs and names behind the context object.
    #[serde(default)]
    pub(crate) context: Option<Context>,
    /// Replacements made in the record.
    #[serde(default)]
    pub(crate) masks: Vec<Mask>,
    /// The state machine.
    pub(crate) definition: Value,
    /// The execution's input.
    pub(crate) input: Value,
    /// The events, flattened.
    pub(crate) history: Option<Vec<Value>>,
    /// How it ended.
    pub(crate) outcome: Value,
}

/// Names of the recorded execution, all optional.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Context {
    /// ARN of the execution.
    pub(crate) execution_arn: Option<String>,
    /// Its name.
    pub(crate) execution_name: Option<String>,
    /// ARN of the state machine.
    pub(crate) state_machine_arn: Option<String>,
    /// Its name.
    pub(crate) state_machine_name: Option<String>,
    /// ARN of the role.
    pub(crate) role_arn: Option<String>,
}

/// A replacement: every value that matched became `to`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Mask {
    /// What it became; `N` stands for a number.
    pub(crate) to: String,
}

/// Read a file of records, one a line.
///
/// # Errors
/// A sentence naming the file and line.
pub(crate) fn read(path: &std::path::Path) -> Result<Vec<Record>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            serde_json::from_str(line).map_err(|error| format!("{}:{}: {error}", path.display(), number + 1))
        })
        .collect()
}
