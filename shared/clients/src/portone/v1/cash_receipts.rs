//! V1's cash receipts: none through us. Its contract has calls of its own for them; whoever needs them has a merchant of V2.

use async_trait::async_trait;
use baro_domain::{PaymentId, cash_receipt::IssuedReceipt};

use super::{PortOneV1, refusal};
use crate::portone::{CashReceiptOrder, CashReceipts, GatewayError, RefusalKind};

fn not_here() -> GatewayError {
    refusal(RefusalKind::NotInContract, "cash receipts are issued through PortOne's V2 alone")
}

#[async_trait]
impl CashReceipts for PortOneV1 {
    async fn cash_receipt(&self, _payment: &PaymentId) -> Result<Option<IssuedReceipt>, GatewayError> {
        Ok(None)
    }

    async fn issue_cash_receipt(&self, _order: &CashReceiptOrder) -> Result<(), GatewayError> {
        Err(not_here())
    }

    async fn cancel_cash_receipt(&self, _payment: &PaymentId) -> Result<(), GatewayError> {
        Err(not_here())
    }
}
