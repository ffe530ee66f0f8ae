//! The figures as tables for people.

use crate::cost::Bill;
use crate::measure::Figures;
use rust_decimal::Decimal;
use std::fmt::Write as _;

/// All of it as text.
pub(crate) fn text(measured: &[Figures], bill: Option<&Bill>) -> String {
    let mut out = String::new();
    let mut rows =
        vec![row(&["function", "binary", "zip", "start", "quickest", "× hello", "resident", "peak"])];
    for figures in measured {
        rows.push(vec![
            figures.function.clone(),
            kib(figures.binary_bytes),
            kib(figures.zip_bytes),
            ms(figures.start_us),
            ms(figures.quickest_start_us),
            Decimal::new(i64::try_from(figures.start_permille()).unwrap_or(i64::MAX), 3)
                .round_dp(2)
                .to_string(),
            kib(figures.resident_kib * 1_024),
            kib(figures.peak_kib * 1_024),
        ]);
    }
    table(&mut out, &rows);
    let mut rows = vec![row(&[
        "use case",
        "CPU",
        "wall here",
        "DynamoDB",
        "reads",
        "writes",
        "SQS",
        "S3",
        "log",
        "answer",
    ])];
    for (name, used) in measured.iter().flat_map(|figures| &figures.use_cases) {
        rows.push(vec![
            name.clone(),
            format!("{} µs", used.cpu_us),
            format!("{} µs", used.wall_us),
            thousandths(used.dynamodb_requests_per_thousand),
            used.read_units.to_string(),
            used.write_units.to_string(),
            thousandths(used.sqs_requests_per_thousand),
            thousandths(used.s3_requests_per_thousand),
            format!("{} B", used.log_bytes),
            format!("{} B", used.answer_bytes),
        ]);
    }
    table(&mut out, &rows);
    if let Some(bill) = bill {
        cost(&mut out, bill);
    }
    out
}

fn cost(out: &mut String, bill: &Bill) {
    let mut rows = vec![row(&["a million gate events", "quantity", "price", "USD", "unit", "source"])];
    for line in &bill.lines {
        rows.push(vec![
            line.what.clone(),
            line.quantity.to_string(),
            line.price.to_string(),
            format!("{:.4}", line.usd),
            line.unit.clone(),
            line.source.clone(),
        ]);
    }
    rows.push(row(&["all in, us-east-1", "", "", &format!("{:.4}", bill.usd), "", ""]));
    table(out, &rows);
    for missing in &bill.missing {
        let _ = writeln!(out, "not in it: {missing}");
    }
}

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

fn kib(bytes: u64) -> String {
    format!("{} KiB", bytes / 1_024)
}

fn ms(us: u64) -> String {
    format!("{}.{:02} ms", us / 1_000, us % 1_000 / 10)
}

fn thousandths(per_thousand: u64) -> String {
    Decimal::new(i64::try_from(per_thousand).unwrap_or(i64::MAX), 3).normalize().to_string()
}

/// Columns as wide as their widest cell; the first row is the head.
fn table(out: &mut String, rows: &[Vec<String>]) {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for (index, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(out, "| {cell:width$} ");
        }
        out.push_str("|\n");
        if index == 0 {
            for width in &widths {
                let _ = write!(out, "|{:-<1$}", "", width + 2);
            }
            out.push_str("|\n");
        }
    }
    out.push('\n');
}
