//! The journal's table.

use domain::names::JOURNAL_TABLE;
use serde_json::json;

use super::template::Template;

/// The table, as `journal::DynamoJournal` wants it. It outlives the stack: an epoch that began anew would let a late step act.
pub(super) fn add(template: &mut Template) {
    template.add_kept(
        "Journal",
        "AWS::DynamoDB::Table",
        json!({
            "TableName": JOURNAL_TABLE,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [
                { "AttributeName": "pk", "KeyType": "HASH" },
                { "AttributeName": "sk", "KeyType": "RANGE" },
            ],
            "AttributeDefinitions": [
                { "AttributeName": "pk", "AttributeType": "S" },
                { "AttributeName": "sk", "AttributeType": "S" },
            ],
            "TimeToLiveSpecification": { "AttributeName": "ttl", "Enabled": true },
            "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true },
            "DeletionProtectionEnabled": true,
        }),
    );
}
