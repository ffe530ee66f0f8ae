//! Days and hours of operation, as the bands in which a lot charges.

use super::remark::{RemarkCode, Remarks};
use super::row::Row;
use crate::calendar::DaySet;
use crate::tariff::{ClockTime, Hours};

/// A group of days with columns of its own.
struct Group {
    name: &'static str,
    code: &'static str,
    days: DaySet,
    begin: &'static str,
    end: &'static str,
    /// Words by which 운영요일 names it.
    words: &'static [&'static str],
}

const GROUPS: [Group; 3] = [
    Group {
        name: "평일",
        code: "weekday",
        days: DaySet::WEEKDAYS,
        begin: "평일운영시작시각",
        end: "평일운영종료시각",
        words: &["평일", "매일", "연중무휴"],
    },
    Group {
        name: "토요일",
        code: "saturday",
        days: DaySet::SATURDAY,
        begin: "토요일운영시작시각",
        end: "토요일운영종료시각",
        words: &["토요일", "주말", "매일", "연중무휴"],
    },
    Group {
        name: "공휴일",
        code: "holiday",
        days: DaySet::SUNDAY_AND_HOLIDAY,
        begin: "공휴일운영시작시각",
        end: "공휴일운영종료시각",
        words: &["공휴일", "일요일", "주말", "매일", "연중무휴"],
    },
];

/// Hours in which a lot charges, with a code for the band; equal hours of several groups are one.
pub(super) fn charged(row: Row<'_>, remarks: &mut Remarks) -> Vec<(&'static str, DaySet, Hours)> {
    let listed = row.cell("운영요일");
    if listed.is_empty() {
        remarks.add(RemarkCode::DaysMissing, "운영요일이 없어 운영시각으로 판단했습니다");
    }
    // Without days and without hours a paid lot would never charge: then every day counts as listed.
    let silent = GROUPS.iter().all(|group| row.cell(group.begin) == row.cell(group.end));
    let mut bands: Vec<(&'static str, DaySet, Hours)> = Vec::with_capacity(3);
    for group in &GROUPS {
        let (begin, end) = (row.cell(group.begin), row.cell(group.end));
        let blank = begin == end;
        let open = if listed.is_empty() {
            silent || !blank
        } else {
            group.words.iter().any(|word| listed.contains(word))
        };
        if !open {
            if !blank {
                let text = format!(
                    "{}은 운영요일이 아닌데 운영시각 {begin}–{end}이 있습니다: 무료로 봅니다",
                    group.name
                );
                remarks.add(RemarkCode::HoursOnClosedDay, text);
            }
            continue;
        }
        let hours = hours(group.name, begin, end, remarks);
        match bands.iter_mut().find(|(_, _, same)| *same == hours) {
            Some((code, days, _)) => {
                *days = days.union(group.days);
                *code = if days.is_all() { "every-day" } else { code };
            }
            None => bands.push((group.code, group.days, hours)),
        }
    }
    bands
}

/// Begin and end; 23:59 as an end is how the file writes the end of the day.
fn hours(name: &str, begin: &str, end: &str, remarks: &mut Remarks) -> Hours {
    let (Some(from), Some(until)) = (ClockTime::parse(begin), ClockTime::parse(end)) else {
        let text = format!("{name} 운영시각 {begin:?}–{end:?}을 읽을 수 없어 종일로 봅니다");
        remarks.add(RemarkCode::HoursUnreadable, text);
        return Hours::ALL_DAY;
    };
    if from == until {
        let (code, text) = if from == ClockTime::MIDNIGHT {
            (RemarkCode::HoursAllDayOrUnknown, format!("{name} 운영시각이 00:00–00:00입니다: 종일로 봅니다"))
        } else {
            (RemarkCode::HoursEqual, format!("{name} 운영 시작과 종료가 {begin}으로 같습니다: 종일로 봅니다"))
        };
        remarks.add(code, text);
        return Hours::ALL_DAY;
    }
    let last_minute = ClockTime::DAY_END.minute_of_day() - 1;
    let until = match until.minute_of_day() {
        0 => ClockTime::DAY_END,
        minute if minute == last_minute => ClockTime::DAY_END,
        _ => until,
    };
    let from = if from == ClockTime::DAY_END { ClockTime::MIDNIGHT } else { from };
    Hours { from, until }
}
