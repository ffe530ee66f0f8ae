//! Remarks on a row: what was guessed, corrected or left out.

use serde::Serialize;

/// One remark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remark {
    /// Stable code.
    pub code: RemarkCode,
    /// Korean, for the operator.
    pub text_ko: String,
}

/// Kinds of remarks. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemarkCode {
    /// No management number.
    ManagementNumberMissing,
    /// Bytes that are neither CP949 nor UTF-8.
    UndecodableCharacters,
    /// No coordinates.
    PositionMissing,
    /// Only one of the two, or not a number.
    PositionUnreadable,
    /// Latitude and longitude were swapped; taken the right way round.
    PositionSwapped,
    /// Not in Korea; left out.
    PositionOutsideKorea,
    /// No address.
    AddressMissing,
    /// No number of spaces.
    CapacityMissing,
    /// A figure that is none; taken as missing.
    NumberUnreadable,
    /// A grade that is none of the ordinance's.
    GradeUnknown,
    /// No date of the data.
    DateMissing,
    /// Free, and yet there are prices; taken as free.
    FreeWithPrice,
    /// Neither free nor paid; taken as paid because there are prices.
    FeeKindMissing,
    /// Paid without a base fee; what other prices there are were taken.
    BaseFeeMissing,
    /// A base fee without its time; the additional unit's was taken.
    BaseTimeMissing,
    /// No additional unit; nothing beyond the base fee is charged.
    AdditionalMissing,
    /// An additional fee without its time; the base time was taken.
    AdditionalTimeMissing,
    /// Only a day ticket; charged for each started 24 hours.
    DayTicketOnly,
    /// A day ticket cheaper than the base fee; not applied as a maximum.
    DayTicketBelowBase,
    /// Hours or minutes of the day ticket can't be told with certainty.
    DayTicketTimeAmbiguous,
    /// At the day ticket's time the metered price is not the ticket's; applied as a maximum only.
    DayTicketThresholdDiffers,
    /// No days of operation; told from the hours.
    DaysMissing,
    /// 00:00–00:00: all day, or unknown; taken as all day.
    HoursAllDayOrUnknown,
    /// Begin and end are the same; taken as all day.
    HoursEqual,
    /// Not a time; taken as all day.
    HoursUnreadable,
    /// Hours on a day that is no day of operation; not charged.
    HoursOnClosedDay,
    /// Paid, and the file does not say what holds outside its hours; taken as free.
    OutsideHoursUnknown,
    /// Discounts found in the notes, for review.
    DiscountsProposed,
}

/// Collects the remarks of a row, each code once.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    remarks: Vec<Remark>,
}

impl Remarks {
    pub(super) fn add(&mut self, code: RemarkCode, text_ko: impl Into<String>) {
        let text_ko = text_ko.into();
        if let Some(same) = self.remarks.iter_mut().find(|remark| remark.code == code) {
            if same.text_ko != text_ko {
                same.text_ko.push_str("; ");
                same.text_ko.push_str(&text_ko);
            }
            return;
        }
        self.remarks.push(Remark { code, text_ko });
    }

    pub(super) fn into_vec(self) -> Vec<Remark> {
        self.remarks
    }
}
