//! A statement as people open it: CSV (UTF-8 with a byte order mark, so that Excel reads the Korean) and XLSX.

use baro_domain::{
    Won,
    settlement::{AdjustmentReason, Statement, StatementLine},
};
use rust_xlsxwriter::{Format, Workbook, XlsxError};

const COLUMNS: [&str; 6] = [
    "일시 (time)",
    "구분 (kind)",
    "금액 (won)",
    "결제번호 (payment)",
    "분개번호 (entry)",
    "조정 (adjustment)",
];
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

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

/// The statement as CSV: the lines, an empty row, the totals.
pub(crate) fn csv(statement: &Statement) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(BYTE_ORDER_MARK.to_vec());
    writer.write_record(COLUMNS)?;
    for line in &statement.lines {
        let amount = line.amount.get().to_string();
        let at = line.occurred_at.to_string();
        let (payment, entry) = (line.payment.as_str(), line.entry.as_str());
        writer.write_record([&at, line.kind.title(), &amount, payment, entry, &adjustment(line)])?;
    }
    writer.write_record([""; 6])?;
    for (name, amount) in totals(statement) {
        writer.write_record([name, "", &amount.get().to_string(), "", "", ""])?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// The same as a workbook of one sheet. A won amount is far below 2⁵³: the format's numbers hold it exactly.
pub(crate) fn xlsx(statement: &Statement) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let (bold, money) = (Format::new().set_bold(), Format::new().set_num_format("#,##0"));
    let sheet = book.add_worksheet();
    sheet.set_name("정산서")?;
    sheet.write_string_with_format(0, 0, format!("{} {}", statement.lot, statement.day), &bold)?;
    for (column, name) in (0_u16..).zip(COLUMNS) {
        sheet.write_string_with_format(2, column, name, &bold)?;
        sheet.set_column_width(column, 26)?;
    }
    let mut row = 3;
    for line in &statement.lines {
        sheet.write_string(row, 0, line.occurred_at.to_string())?;
        sheet.write_string(row, 1, line.kind.title())?;
        sheet.write_number_with_format(row, 2, number(line.amount), &money)?;
        sheet.write_string(row, 3, line.payment.as_str())?;
        sheet.write_string(row, 4, line.entry.as_str())?;
        sheet.write_string(row, 5, adjustment(line))?;
        row += 1;
    }
    row += 1;
    for (name, amount) in totals(statement) {
        sheet.write_string_with_format(row, 0, name, &bold)?;
        sheet.write_number_with_format(row, 2, number(amount), &money)?;
        row += 1;
    }
    book.save_to_buffer()
}

/// The only form of number a workbook knows.
#[allow(clippy::cast_precision_loss, reason = "amounts are far below 2^53 won")]
fn number(amount: Won) -> f64 {
    amount.get() as f64
}
