//! Static checks: what is wrong with a definition before it runs.

use serde_json::Value;

use crate::finding::Finding;
use crate::machine::parse_collecting;

/// Everything that is wrong with a definition, in the order of the definition.
#[must_use]
pub fn check(definition: &Value) -> Vec<Finding> {
    let (_, findings) = parse_collecting(definition);
    findings
}
