//! Posting, drafting and confirming in any order: each entry is settled exactly once.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan as _, civil::Date};
use proptest::prelude::*;

use super::{tests::entry_of, *};
use crate::ledger::EntryKind;

fn first_day() -> Date {
    jiff::civil::date(2026, 11, 16)
}

fn day(offset: i64) -> Date {
    first_day().checked_add(offset.days()).unwrap()
}

#[derive(Clone)]
enum Step {
    Post { entry: JournalEntry },
    Draft(Date),
    Confirm(Date),
    Hours(i64),
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Post { entry } => write!(f, "\n  {:?} {} of {}", entry.kind, entry.id, entry.day),
            Self::Draft(day) => write!(f, "\n  draft {day}"),
            Self::Confirm(day) => write!(f, "\n  confirm {day}"),
            Self::Hours(hours) => write!(f, "\n  {hours} h later"),
        }
    }
}

/// One lot's books as the store keeps them.
struct Books {
    now: Timestamp,
    journal: Vec<JournalEntry>,
    late: Vec<LateEntry>,
    statements: BTreeMap<Date, Statement>,
}

impl Books {
    fn new() -> Self {
        let now = first_day().at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        Self { now, journal: Vec::new(), late: Vec::new(), statements: BTreeMap::new() }
    }

    fn post(&mut self, entry: &JournalEntry) {
        if self.journal.iter().any(|known| known.id == entry.id) {
            return;
        }
        self.journal.push(entry.clone());
        if is_late(entry.day, self.now) {
            self.late.push(LateEntry { entry: entry.clone(), taken_by: None });
        }
    }

    fn draft_one(&mut self, day: Date) -> LateIntake {
        let taken = take_in(day, &self.late, |day| self.statements.get(&day));
        let of_day: Vec<_> = self.journal.iter().filter(|entry| entry.day == day).cloned().collect();
        let intake = Intake { of_day: &of_day, late: &taken.adjusts, at: self.now };
        let drafted = draft(&LotId::derive(&["l"]), day, intake, SettlementTerms::default()).unwrap();
        if self.statements.get(&day).is_none_or(|known| known.status == StatementStatus::Draft) {
            for late in &mut self.late {
                if taken.adjusts.iter().any(|entry| entry.id == late.entry.id) {
                    late.taken_by = Some(day);
                }
            }
            self.statements.insert(day, drafted);
        }
        self.late.retain(|late| !taken.settled.contains(&late.entry.id));
        taken
    }

    fn draft(&mut self, day: Date) {
        for waiting in self.draft_one(day).waiting {
            self.draft_one(waiting);
        }
    }

    fn confirm(&mut self, day: Date) {
        let confirmed = self.statements.get(&day).and_then(|statement| statement.confirmed().ok());
        if let Some(confirmed) = confirmed {
            self.statements.insert(day, confirmed);
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Post { entry } => self.post(entry),
            Step::Draft(day) => self.draft(*day),
            Step::Confirm(day) => self.confirm(*day),
            Step::Hours(hours) => self.now += jiff::SignedDuration::from_hours(*hours),
        }
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let post =
        (0_i64..4, 0_u8..12, 1_i64..9_000, prop::bool::weighted(0.3)).prop_map(|(at, name, won, back)| {
            let kind = if back { EntryKind::Refund } else { EntryKind::Sale };
            Step::Post { entry: entry_of(kind, won, &name.to_string(), day(at)) }
        });
    prop_oneof![
        4 => post,
        3 => (0_i64..6).prop_map(|at| Step::Draft(day(at))),
        2 => (0_i64..6).prop_map(|at| Step::Confirm(day(at))),
        2 => (1_i64..40).prop_map(Step::Hours),
    ]
}

fn gross(statement: &Statement) -> Won {
    statement.payout.plus(statement.commission).unwrap()
}

fn sale(name: &str, at: i64) -> Step {
    Step::Post { entry: entry_of(EntryKind::Sale, 1_000, name, day(at)) }
}

fn after(steps: &[Step]) -> Books {
    let mut books = Books::new();
    for step in steps {
        books.take(step);
    }
    books
}

#[test]
fn an_entry_posted_after_its_day_was_confirmed_is_an_adjustment_of_the_next_draft() {
    use Step::{Confirm, Draft, Hours};
    let books = after(&[
        sale("a", 0),
        Hours(30),
        Draft(day(0)),
        Confirm(day(0)),
        sale("late", 0),
        sale("b", 1),
        Draft(day(1)),
    ]);
    let (first, next) = (&books.statements[&day(0)], &books.statements[&day(1)]);
    assert_eq!((first.status, first.lines.len()), (StatementStatus::Confirmed, 1));
    let adjusts: Vec<_> = next.lines.iter().filter_map(|line| line.adjusts).collect();
    assert_eq!(adjusts, [Adjustment { day: day(0), reason: AdjustmentReason::LateSale }]);
    assert_eq!((next.sales.get(), next.adjustments.get()), (1_000, 1_000));
    assert_eq!(gross(next), Won::new(2_000));
}

#[test]
fn an_adjustment_stays_in_the_draft_that_took_it() {
    use Step::{Confirm, Draft, Hours};
    let steps = [
        sale("a", 0),
        Hours(30),
        Draft(day(0)),
        Confirm(day(0)),
        sale("late", 0),
        Draft(day(2)),
        Draft(day(1)),
        Draft(day(2)),
    ];
    let books = after(&steps);
    let lines = |at| books.statements[&day(at)].lines.len();
    assert_eq!((lines(1), lines(2)), (0, 1));
}

#[test]
fn a_late_entry_of_a_day_not_confirmed_goes_into_its_own_statement() {
    use Step::{Draft, Hours};
    let books = after(&[Draft(day(0)), Hours(60), sale("late", 0), Draft(day(2))]);
    assert_eq!(books.statements[&day(0)].lines[0].adjusts, None);
    assert_eq!(books.statements[&day(2)].lines, []);
}

#[test]
fn a_draft_made_before_the_day_was_over_can_not_be_confirmed() {
    use Step::{Confirm, Draft, Hours};
    let books = after(&[Draft(day(0)), Hours(60), Confirm(day(0))]);
    assert_eq!(books.statements[&day(0)].status, StatementStatus::Draft);
}

proptest! {
    #[test]
    fn in_any_order_of_posting_drafting_and_confirming_each_entry_is_settled_once(
        steps in prop::collection::vec(any_step(), 0..40)
    ) {
        let mut books = after(&steps);
        let confirmed: Vec<Statement> = books
            .statements.values().filter(|one| one.status == StatementStatus::Confirmed).cloned().collect();
        // The nights go on.
        books.now += jiff::SignedDuration::from_hours(24 * 30);
        for at in (0..6).chain([20]) {
            books.draft(day(at));
        }
        for statement in &confirmed {
            prop_assert_eq!(&books.statements[&statement.day], statement, "a confirmed statement was changed");
        }
        let mut settled: Vec<EntryId> =
            books.statements.values().flat_map(|one| &one.lines).map(|line| line.entry.clone()).collect();
        let mut posted: Vec<EntryId> = books.journal.iter().map(|entry| entry.id.clone()).collect();
        settled.sort();
        posted.sort();
        prop_assert_eq!(settled, posted);
        let payable = Account::LotPayable(LotId::derive(&["l"]));
        let journal: i64 = books.journal.iter().map(|entry| -entry.change_of(&payable).unwrap().get()).sum();
        let statements: i64 = books.statements.values().map(|one| gross(one).get()).sum();
        prop_assert_eq!(statements, journal);
    }
}
