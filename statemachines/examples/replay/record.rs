//! One recorded execution, as a line of the files holds it.

use serde::Deserialize;
use serde_json::Value;

/// A recorded execution.
#[derive(Debug, Clone, Deserialize)]
pub struct Record {
    /// Names the case.
    pub id: String,
    /// Test folder it comes from.
    pub area: String,
    /// `JSONPath`, `JSONata` or `mixed`.
    pub query_language: String,
    /// `STANDARD` or `EXPRESS`.
    pub state_machine_type: String,
    /// `exact` or `parallel-sorted`; absent where there is no history.
    #[serde(default)]
    pub order: Option<String>,
    /// ARNs and names behind the context object.
    #[serde(default)]
    pub context: Option<Context>,
    /// Replacements made in the record.
    #[serde(default)]
    pub masks: Vec<Mask>,
    /// The state machine.
    pub definition: Value,
    /// The execution's input.
    pub input: Value,
    /// The events, flattened.
    pub history: Option<Vec<Value>>,
    /// How it ended.
    pub outcome: Value,
}

/// Names of the recorded execution, all optional.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Context {
    /// ARN of the execution.
    pub execution_arn: Option<String>,
    /// Its name.
    pub execution_name: Option<String>,
    /// ARN of the state machine.
    pub state_machine_arn: Option<String>,
    /// Its name.
    pub state_machine_name: Option<String>,
    /// ARN of the role.
    pub role_arn: Option<String>,
}

/// A replacement: every value that matched became `to`.
#[derive(Debug, Clone, Deserialize)]
pub struct Mask {
    /// What it became; `N` stands for a number.
    pub to: String,
}

/// Read a file of records, one a line.
///
/// # Errors
/// A sentence naming the file and line.
pub fn read(path: &std::path::Path) -> Result<Vec<Record>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            serde_json::from_str(line).map_err(|error| format!("{}:{}: {error}", path.display(), number + 1))
        })
        .collect()
}
