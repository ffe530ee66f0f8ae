//! What a function asked of the cloud, counted from the calls that the test cloud recorded.

use baro_testing::Call;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Requests and the capacity units that DynamoDB bills for them. A write whose condition failed is billed too, but reports no units;
/// no use case of the bench has one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Requests by service and operation: `dynamodb.UpdateItem`, `sqs.SendMessage`, `s3.PUT`.
    pub(crate) requests: BTreeMap<String, u64>,
    /// Read request units.
    pub(crate) read_units: Decimal,
    /// Write request units.
    pub(crate) write_units: Decimal,
}

impl Asked {
    /// Counts these calls.
    pub(crate) fn of_calls(calls: &[Call]) -> Self {
        let mut asked = Self::default();
        for call in calls {
            *asked.requests.entry(format!("{}.{}", call.service, call.operation)).or_default() += 1;
            asked.read_units += Decimal::new(i64::try_from(call.read_units_x10).unwrap_or(i64::MAX), 1);
            asked.write_units += Decimal::new(i64::try_from(call.write_units_x10).unwrap_or(i64::MAX), 1);
        }
        asked
    }

    /// Adds another count to this one.
    pub(crate) fn add(&mut self, other: &Self) {
        self.read_units += other.read_units;
        self.write_units += other.write_units;
        for (name, count) in &other.requests {
            *self.requests.entry(name.clone()).or_default() += count;
        }
    }

    /// Requests to one service.
    pub(crate) fn requests_to(&self, service: &str) -> u64 {
        let is_meant = |name: &str| name.split('.').next() == Some(service);
        self.requests.iter().filter(|(name, _)| is_meant(name)).map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_service_with_their_units() {
        let call = |service, operation: &str, read_units_x10, write_units_x10| Call {
            service,
            operation: operation.to_owned(),
            read_units_x10,
            write_units_x10,
        };
        let calls = [
            call("dynamodb", "GetItem", 5, 0),
            call("dynamodb", "UpdateItem", 0, 20),
            call("sqs", "SendMessage", 0, 0),
        ];
        let mut asked = Asked::of_calls(&calls);
        asked.add(&Asked::of_calls(&calls[..1]));
        assert_eq!(asked.requests_to("dynamodb"), 3);
        assert_eq!(asked.requests_to("sqs"), 1);
        assert_eq!((asked.read_units, asked.write_units), (Decimal::ONE, Decimal::TWO));
    }
}
