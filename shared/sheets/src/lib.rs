//! Tables as people open them: CSV (UTF-8 with a byte order mark, so that Excel reads the Korean) and XLSX of the same rows.
//! What stands in them is the functions' business.

use baro_domain::Won;
use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// What a CSV file is sent as.
pub const CSV: &str = "text/csv; charset=utf-8";
/// What a workbook is sent as.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// Width of a column in the workbook, characters.
const COLUMN_WIDTH: u16 = 26;

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Text.
    Text(String),
    /// Text in bold, in the workbook.
    Strong(String),
    /// An amount.
    Won(Won),
    /// Nothing.
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Won> for Cell {
    fn from(amount: Won) -> Self {
        Self::Won(amount)
    }
}

/// A table of one sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet<'a> {
    /// The sheet's name in the workbook.
    pub name: &'a str,
    /// What stands above the table in the workbook; a CSV file has none.
    pub title: String,
    /// Names of the columns.
    pub columns: &'a [&'a str],
    /// The rows; a short one is filled up, an empty one stays an empty line.
    pub rows: Vec<Vec<Cell>>,
}

/// A file could not be made: a defect, not a matter of the data.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// CSV.
    #[error("CSV: {0}")]
    Csv(#[from] csv::Error),
    /// XLSX.
    #[error("XLSX: {0}")]
    Xlsx(#[from] XlsxError),
}

impl Sheet<'_> {
    /// The table as CSV.
    pub fn csv(&self) -> Result<Vec<u8>, SheetError> {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(BYTE_ORDER_MARK.to_vec());
        writer.write_record(self.columns)?;
        for row in &self.rows {
            let mut record: Vec<String> = row
                .iter()
                .map(|cell| match cell {
                    Cell::Text(text) | Cell::Strong(text) => inert(text),
                    Cell::Won(amount) => amount.get().to_string(),
                    Cell::Empty => String::new(),
                })
                .collect();
            record.resize(self.columns.len(), String::new());
            writer.write_record(record)?;
        }
        Ok(writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?)
    }

    /// The same as a workbook of one sheet. A won amount is far below 2⁵³: the format's numbers hold it exactly.
    pub fn xlsx(&self) -> Result<Vec<u8>, SheetError> {
        let mut book = Workbook::new();
        let (bold, money) = (Format::new().set_bold(), Format::new().set_num_format("#,##0"));
        let sheet = book.add_worksheet();
        sheet.set_name(self.name)?;
        sheet.write_string_with_format(0, 0, &self.title, &bold)?;
        for (column, name) in (0_u16..).zip(self.columns) {
            sheet.write_string_with_format(2, column, *name, &bold)?;
            sheet.set_column_width(column, COLUMN_WIDTH)?;
        }
        for (row, cells) in (3_u32..).zip(&self.rows) {
            for (column, cell) in (0_u16..).zip(cells) {
                match cell {
                    Cell::Text(text) => sheet.write_string(row, column, text)?,
                    Cell::Strong(text) => sheet.write_string_with_format(row, column, text, &bold)?,
                    Cell::Won(amount) => {
                        sheet.write_number_with_format(row, column, number(*amount), &money)?
                    }
                    Cell::Empty => continue,
                };
            }
        }
        Ok(book.save_to_buffer()?)
    }
}

/// Excel takes a CSV cell that begins like this for a formula: text from outside must stay text.
fn inert(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// The only form of number a workbook knows.
#[allow(clippy::cast_precision_loss, reason = "amounts are far below 2^53 won")]
fn number(amount: Won) -> f64 {
    amount.get() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(cell: Cell) -> Sheet<'static> {
        Sheet { name: "s", title: "t".into(), columns: &["가", "b"], rows: vec![vec![cell], Vec::new()] }
    }

    fn csv(cell: Cell) -> String {
        String::from_utf8(sheet(cell).csv().unwrap()).unwrap()
    }

    #[test]
    fn excel_reads_the_korean_and_the_amounts_as_numbers() {
        assert_eq!(csv(Won::new(-1_300).into()), "\u{feff}가,b\n-1300,\n,\n");
        assert!(sheet(Won::new(1).into()).xlsx().unwrap().starts_with(b"PK"));
    }

    #[test]
    fn a_text_from_outside_is_no_formula() {
        assert!(csv("=HYPERLINK(\"x\")".into()).contains("'=HYPERLINK"));
    }
}
