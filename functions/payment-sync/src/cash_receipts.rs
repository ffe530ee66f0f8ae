//! Lets cash receipts follow the money: issued once the deposit is here, cancelled or issued anew over the rest when it goes back.

use std::sync::Arc;

use baro_clients::portone::{CashReceiptOrder, CashReceipts, GatewayError, RefusalKind};
use baro_domain::{
    PaymentId,
    cash_receipt::{CashReceipt, ReceiptCall, ReceiptStep, vat_in},
    payment::{Method, Payment},
};
use baro_store::Stored;

use crate::{PaymentSync, SyncError};

/// Cancelled, issued anew, and each learnt: a receipt needs fewer steps than this.
const MAX_STEPS: u32 = 12;

/// Who issues cash receipts.
#[derive(Clone)]
pub(crate) struct ReceiptOffice {
    pub(crate) gateway: Arc<dyn CashReceipts>,
    pub(crate) channel_key: String,
}

impl PaymentSync {
    /// With who issues cash receipts, on which channel; without, none is.
    #[must_use]
    pub fn with_cash_receipts(self, gateway: Arc<dyn CashReceipts>, channel_key: &str) -> Self {
        Self { receipts: Some(ReceiptOffice { gateway, channel_key: channel_key.to_owned() }), ..self }
    }

    /// Brings the cash receipt of a payment, if its payer asked for one, to what is kept of the money now.
    pub(crate) async fn receipt(&self, id: &PaymentId, method: Option<Method>) -> Result<(), SyncError> {
        let by_bank = matches!(method, Some(Method::VirtualAccount | Method::Transfer));
        let Some(office) = self.receipts.as_ref().filter(|_| by_bank) else { return Ok(()) };
        for _ in 0..MAX_STEPS {
            let Some(stored) = self.billing.cash_receipt(id).await? else { return Ok(()) };
            let Some(payment) = self.billing.payment(id).await?.map(|stored| stored.value) else {
                return Ok(());
            };
            if stored.value.is_at_rest(&payment) {
                return Ok(());
            }
            let seen = office.gateway.cash_receipt(id).await?;
            match stored.value.next(&payment, seen.as_ref(), self.clock.now()) {
                ReceiptStep::Rest => return Ok(()),
                ReceiptStep::Wait => return Err(SyncError::ReceiptBusy),
                ReceiptStep::Learn(next) => {
                    if self.billing.put_cash_receipt(&next, stored.revision).await? {
                        tracing::info!(payment = %id, state = ?next.state(), "cash receipt");
                    }
                }
                ReceiptStep::Ask(next, call) => {
                    if self.billing.put_cash_receipt(&next, stored.revision).await? {
                        let asking = Stored { value: *next, revision: stored.revision + 1 };
                        self.ask_office(office, &payment, asking, call).await?;
                    }
                }
            }
        }
        Err(SyncError::Races)
    }

    async fn ask_office(
        &self,
        office: &ReceiptOffice,
        payment: &Payment,
        asking: Stored<CashReceipt>,
        call: ReceiptCall,
    ) -> Result<(), SyncError> {
        let asked = match &call {
            ReceiptCall::Issue { amount } => {
                let order = CashReceiptOrder {
                    payment: payment.id.clone(),
                    channel_key: office.channel_key.clone(),
                    identity: asking.value.identity.clone(),
                    order_name: payment.order.order_name.clone(),
                    total: *amount,
                    vat: vat_in(payment, *amount),
                    paid_at: payment.paid_at,
                };
                office.gateway.issue_cash_receipt(&order).await
            }
            ReceiptCall::Cancel { .. } => office.gateway.cancel_cash_receipt(&payment.id).await,
        };
        let refusal = match asked {
            // The next look finds what was done.
            Ok(()) => return Ok(()),
            Err(GatewayError::Final(refusal)) => refusal,
            Err(error) => return Err(error.into()),
        };
        match refusal.kind {
            RefusalKind::CashReceiptAlreadyIssued | RefusalKind::CashReceiptNotIssued => Ok(()),
            // The secret is being rotated, or wrong: nobody refused this receipt.
            RefusalKind::Unauthorized | RefusalKind::Forbidden => Err(GatewayError::Final(refusal).into()),
            kind => {
                let code = refusal.pg_code.unwrap_or_else(|| format!("{kind:?}"));
                if asking.value.issued.is_some() {
                    // The alarm `cash-receipt-wrong` counts this line (infra/alarms.yaml).
                    tracing::error!(code = "cash-receipt-wrong", payment = %payment.id, said = code, "a cash receipt can't follow the money");
                } else {
                    tracing::warn!(payment = %payment.id, said = code, "the cash receipt was refused: its payer sees that");
                }
                let refused = asking.value.refused(call, &code, self.clock.now());
                self.billing.put_cash_receipt(&refused, asking.revision).await?;
                Ok(())
            }
        }
    }
}
