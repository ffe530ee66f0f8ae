//! A statement as people open it: the lines, an empty row, the totals.

use baro_domain::{
    Won,
    settlement::{AdjustmentReason, Statement, StatementLine},
};
use baro_sheets::{Cell, Sheet};

const COLUMNS: [&str; 6] = [
    "일시 (time)",
    "구분 (kind)",
    "금액 (won)",
    "결제번호 (payment)",
    "분개번호 (entry)",
    "조정 (adjustment)",
];

/// Which day a line corrects, and why; empty for a line of the day itself.
fn adjustment(line: &StatementLine) -> String {
    let Some(adjusts) = line.adjusts else { return String::new() };
    let reason = match adjusts.reason {
        AdjustmentReason::LateSale => "확정 후 매출 (sale after confirmation)",
        AdjustmentReason::LateRefund => "확정 후 환불 (refund after confirmation)",
    };
    format!("{} {reason}", adjusts.day)
}

fn totals(statement: &Statement) -> [(&'static str, Won); 9] {
    [
        ("매출 합계 (sales)", statement.sales),
        ("환불 합계 (refunds)", statement.refunds),
        ("조정 합계 (adjustments)", statement.adjustments),
        ("공급가액 (supply)", statement.net.supply),
        ("부가세 (VAT)", statement.net.vat),
        ("면세 (tax-free)", statement.net.tax_free),
        ("수수료 (commission, VAT incl.)", statement.commission),
        ("수수료 부가세 (VAT of it)", statement.commission_vat),
        ("정산액 (payout)", statement.payout),
    ]
}

/// The statement's table.
pub(crate) fn sheet(statement: &Statement) -> Sheet<'static> {
    let lines = statement.lines.iter().map(|line| {
        vec![
            line.occurred_at.to_string().into(),
            line.kind.title().into(),
            line.amount.into(),
            line.payment.as_str().into(),
            line.entry.as_str().into(),
            adjustment(line).into(),
        ]
    });
    let totals = totals(statement)
        .into_iter()
        .map(|(name, amount)| vec![Cell::Strong(name.to_owned()), Cell::Empty, amount.into()]);
    Sheet {
        name: "정산서",
        title: format!("{} {}", statement.lot, statement.day),
        columns: &COLUMNS,
        rows: lines.chain([Vec::new()]).chain(totals).collect(),
    }
}
