//! How full lots are, in the Activity table. One small item a lot holds what an answer needs: the newest word of each
//! counter, the totals of each page of space sensors, and the counter of visits of a large lot. The sensors themselves lie
//! in pages beside it, so that neither an item's size nor the writes to one item grow with the lot.
//!
//! Every word is kept as a text that is the greater the newer it is: one conditional write takes it in, and an older or a
//! repeated one finds a greater or an equal text there.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::{put_item::PutItemError, update_item::UpdateItemError},
    types::ReturnValuesOnConditionCheckFailure,
};
use baro_domain::{
    Lot, LotId,
    occupancy::{
        Count, CountReport, OccupancyState, Reading, Source, SpaceClass, SpaceId, SpacePage, SpaceReport,
        SpaceTotals, VisitCount, VisitCounting, page_of, pages_for,
    },
};
use jiff::Timestamp;

use crate::{
    Activity, StoreError,
    directory::batch_get,
    item::{Item, PK, REV, SK, TTL, doc, expiry, key, n, number, s, text, with_doc},
};

pub(crate) const OCCUPANCY: &str = "OCCUPANCY";
const SPACES: &str = "SPACES#";
/// The counter of visits, the newest sequence number in it, and when it was counted last (unix microseconds).
pub(crate) const OCCUPIED: &str = "occupied";
pub(crate) const SEQUENCE: &str = "seq";
pub(crate) const COUNTED_AT: &str = "at";
/// The last sign of life of the sensors' controller.
const ALIVE: &str = "alive";
const COUNT_PREFIX: &str = "c_";
const TOTALS_PREFIX: &str = "p_";
/// A page of which nothing was heard for so long is forgotten.
const PAGE_RETENTION_DAYS: i64 = 60;

/// Sensors that write to one page at the same moment go one after another; each lost race costs one request and no read.
const MAX_PAGE_TRIES: u32 = 20;

/// A change of a lot's number of cars, as the stream tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OccupancyChange {
    /// Sequence number of the stream's record: changes of one lot come in its order.
    pub sequence: String,
    /// −1, 0 or 1 for each record. One of 0 moves nothing but the newest sequence number.
    pub delta: i32,
}

/// What became of a batch of sensors' reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpacesTaken {
    /// How many said something new.
    pub changed: usize,
    /// Spaces beyond what a lot of this size can have; nothing was kept of them.
    pub refused: Vec<SpaceId>,
}

/// Sequence numbers are decimal and up to 40 digits long: padded, they compare as text.
pub(crate) fn padded(sequence: &str) -> String {
    format!("{sequence:0>48}")
}

fn class_of(name: &str) -> Option<SpaceClass> {
    SpaceClass::EACH.into_iter().find(|class| class.name() == name)
}

/// `c_counter:gate_1:disabled`.
fn count_name(source: &Source, class: SpaceClass) -> Option<String> {
    let (kind, device) = match source {
        Source::Counter { device } => ("counter", device),
        Source::Camera { device } => ("camera", device),
        Source::Spaces | Source::Visits => return None,
    };
    Some(format!("{COUNT_PREFIX}{kind}:{device}:{}", class.name()))
}

fn source_of(name: &str) -> Option<(Source, SpaceClass)> {
    let mut parts = name.strip_prefix(COUNT_PREFIX)?.split(':');
    let (kind, device, class) = (parts.next()?, parts.next()?.parse().ok()?, class_of(parts.next()?)?);
    match kind {
        "counter" => Some((Source::Counter { device }, class)),
        "camera" => Some((Source::Camera { device }, class)),
        _ => None,
    }
}

/// Moments before 1970 are of no device; as text the later one is the greater.
fn moment(at: Timestamp) -> String {
    format!("{:017}", at.as_microsecond().max(0))
}

fn moment_of(text: &str) -> Option<Timestamp> {
    Timestamp::from_microsecond(text.parse().ok()?).ok()
}

/// In the order of [`Count`]: by the moment, then taken before free, then by the number.
fn count_value(count: &Count) -> String {
    let (kind, number) = match count.reading {
        Reading::Occupied(number) => ('a', number),
        Reading::Free(number) => ('b', number),
    };
    format!("{}{kind}{number:010}", moment(count.observed_at))
}

fn count_of(value: &str) -> Option<Count> {
    let (at, rest) = value.split_at_checked(17)?;
    let (kind, number) = rest.split_at_checked(1)?;
    let number = number.parse().ok()?;
    let reading = if kind == "a" { Reading::Occupied(number) } else { Reading::Free(number) };
    Some(Count { observed_at: moment_of(at)?, reading })
}

fn page_key(pages: u32, page: u32) -> String {
    format!("{SPACES}{pages:03}#{page:03}")
}

fn totals_name(pages: u32, page: u32) -> String {
    format!("{TOTALS_PREFIX}{pages:03}_{page:03}")
}

fn totals_value(revision: i64, totals: &SpaceTotals) -> Result<String, StoreError> {
    let json = serde_json::to_string(totals).map_err(|error| StoreError::corrupt("totals", error))?;
    Ok(format!("{revision:012}{json}"))
}

/// Reads the item of a lot. Totals of pages that were laid out for another number of spaces are left aside.
fn state_of(lot: &Lot, item: &Item) -> OccupancyState {
    let mut state = OccupancyState::default();
    let pages = format!("{TOTALS_PREFIX}{:03}_", pages_for(lot.capacity));
    for (name, value) in item {
        let Ok(value) = value.as_s() else { continue };
        if let (Some(of), Some(count)) = (source_of(name), count_of(value)) {
            state.counts.insert(of, count);
        } else if name.starts_with(&pages) {
            let totals = value.get(12..).and_then(|json| serde_json::from_str::<SpaceTotals>(json).ok());
            state.spaces = std::mem::take(&mut state.spaces).plus(&totals.unwrap_or_default());
        }
    }
    if let Some(newest) = &mut state.spaces.newest {
        *newest = text(item, ALIVE).and_then(moment_of).map_or(*newest, |alive| alive.max(*newest));
    }
    if lot.visit_counting() == VisitCounting::ByChange {
        state.visits = number(item, OCCUPIED).map(|occupied| {
            let at = number(item, COUNTED_AT).and_then(|at| Timestamp::from_microsecond(at).ok());
            VisitCount { occupied, counted_at: at.unwrap_or(Timestamp::UNIX_EPOCH) }
        });
    }
    state
}

struct Page {
    page: SpacePage,
    revision: i64,
}

fn page_from(item: Option<&Item>) -> Result<Page, StoreError> {
    let Some(item) = item else { return Ok(Page { page: SpacePage::default(), revision: 0 }) };
    let revision = number(item, REV).ok_or_else(|| StoreError::corrupt("page of spaces", "no revision"))?;
    Ok(Page { page: doc("page of spaces", item)?, revision })
}

impl Activity {
    /// Counts changes of one lot, each once: those at or before the newest counted sequence number are passed over, so
    /// that a batch which is delivered again, whole or in part, changes nothing twice. One request for the batch.
    pub async fn count_occupancy(
        &self,
        lot: &LotId,
        changes: &[OccupancyChange],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut counted = String::new();
        loop {
            let fresh = || changes.iter().filter(|change| padded(&change.sequence) > counted);
            let Some(newest) = fresh().map(|change| padded(&change.sequence)).max() else { return Ok(()) };
            let delta: i32 = fresh().map(|change| change.delta).sum();
            let sent = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(key(lot.as_str(), OCCUPANCY)))
                .update_expression("SET #seq = :seq, #at = :at ADD #occupied :delta")
                // The first of the fresh ones must be beyond what is counted, or the sum is not the right one.
                .condition_expression("attribute_not_exists(#seq) OR #seq = :counted OR #seq < :oldest")
                .expression_attribute_names("#seq", SEQUENCE)
                .expression_attribute_names("#at", COUNTED_AT)
                .expression_attribute_names("#occupied", OCCUPIED)
                .expression_attribute_values(":seq", s(&newest))
                .expression_attribute_values(":at", n(now.as_microsecond()))
                .expression_attribute_values(":counted", s(&counted))
                .expression_attribute_values(
                    ":oldest",
                    s(fresh().map(|c| padded(&c.sequence)).min().unwrap_or_default()),
                )
                .expression_attribute_values(":delta", n(delta))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            match sent {
                Ok(_) => return Ok(()),
                Err(error) => {
                    let item = failed_condition(error)?;
                    text(&item, SEQUENCE).unwrap_or_default().clone_into(&mut counted);
                }
            }
        }
    }

    /// What is known of these lots (at most 100), where anything is. One request.
    pub async fn occupancies(&self, lots: &[&Lot]) -> Result<BTreeMap<LotId, OccupancyState>, StoreError> {
        let keys = lots.iter().map(|lot| key(lot.id.as_str(), OCCUPANCY)).collect();
        let items = batch_get(&self.client, &self.table, keys).await?;
        let find = |item: &Item| lots.iter().find(|lot| text(item, PK) == Some(lot.id.as_str()));
        Ok(items
            .iter()
            .filter_map(|item| find(item).map(|lot| (lot.id.clone(), state_of(lot, item))))
            .collect())
    }

    /// Takes absolute numbers of one device. One request; two where a part of them is outdated.
    pub async fn report_counts(&self, lot: &LotId, reports: &[CountReport]) -> Result<(), StoreError> {
        let mut newest: BTreeMap<String, String> = BTreeMap::new();
        for report in reports {
            let Some(name) = count_name(&report.source, report.class) else { continue };
            let value = count_value(&report.count);
            let known = newest.entry(name).or_default();
            if *known < value {
                *known = value;
            }
        }
        self.raise(lot, newest).await
    }

    /// Takes reports of space sensors, and the moment at which their controller said so. Three requests where all
    /// sensors lie in one page, and one more for each further page of which a space changed.
    ///
    /// The totals go to the lot's item after the page, also when the page knew the reports already: a sender that got
    /// no answer sends again, and thereby completes what a crash left half done.
    pub async fn report_spaces(
        &self,
        lot: &Lot,
        reports: &[SpaceReport],
        alive_at: Timestamp,
        now: Timestamp,
    ) -> Result<SpacesTaken, StoreError> {
        let pages = pages_for(lot.capacity);
        let mut by_page: BTreeMap<u32, Vec<&SpaceReport>> = BTreeMap::new();
        for report in reports {
            by_page.entry(page_of(&report.space, pages)).or_default().push(report);
        }
        let keys: Vec<Item> =
            by_page.keys().map(|page| key(lot.id.as_str(), &page_key(pages, *page))).collect();
        let items =
            if keys.is_empty() { Vec::new() } else { batch_get(&self.client, &self.table, keys).await? };
        let writes = by_page.iter().map(|(page, reports)| {
            let sort_key = page_key(pages, *page);
            let item = items.iter().find(|item| text(item, SK) == Some(sort_key.as_str())).cloned();
            self.write_page(&lot.id, sort_key, item, reports, now)
        });
        let written = futures::future::try_join_all(writes).await?;
        let mut taken = SpacesTaken::default();
        let mut newest = BTreeMap::from([(ALIVE.to_owned(), moment(alive_at))]);
        for (page, (after, part)) in by_page.keys().zip(written) {
            taken.changed += part.changed;
            taken.refused.extend(part.refused);
            newest.insert(totals_name(pages, *page), totals_value(after.revision, &after.page.totals())?);
        }
        self.raise(&lot.id, newest).await?;
        Ok(taken)
    }

    /// Folds reports into a page and writes it over the one that was read; a page that moved on meanwhile is folded
    /// again from what the failed condition gave back.
    async fn write_page(
        &self,
        lot: &LotId,
        sort_key: String,
        mut item: Option<Item>,
        reports: &[&SpaceReport],
        now: Timestamp,
    ) -> Result<(Page, SpacesTaken), StoreError> {
        for _ in 0..MAX_PAGE_TRIES {
            let Page { mut page, revision } = page_from(item.as_ref())?;
            let mut taken = SpacesTaken::default();
            for report in reports {
                match page.take(report) {
                    Ok(changed) => taken.changed += usize::from(changed),
                    Err(_) => taken.refused.push(report.space.clone()),
                }
            }
            if taken.changed == 0 {
                return Ok((Page { page, revision }, taken));
            }
            let mut next = with_doc(lot.as_str(), &sort_key, &page)?;
            next.insert(REV.to_owned(), n(revision + 1));
            next.insert(TTL.to_owned(), expiry(now, PAGE_RETENTION_DAYS));
            match self.put_page(next, revision).await? {
                None => return Ok((Page { page, revision: revision + 1 }, taken)),
                Some(meanwhile) => item = Some(meanwhile),
            }
        }
        Err(StoreError::Contended(MAX_PAGE_TRIES))
    }

    /// Writes a page if it is still at `revision`; the one that is there instead, if not.
    async fn put_page(&self, page: Item, revision: i64) -> Result<Option<Item>, StoreError> {
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(page))
            .condition_expression("attribute_not_exists(pk) AND :rev = :zero OR #rev = :rev")
            .expression_attribute_names("#rev", REV)
            .expression_attribute_values(":rev", n(revision))
            .expression_attribute_values(":zero", n(0))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(None),
            Err(SdkError::ServiceError(context)) if context.err().is_conditional_check_failed_exception() => {
                match context.into_err() {
                    PutItemError::ConditionalCheckFailedException(failed) => Ok(failed.item),
                    other => Err(StoreError::corrupt("page of spaces", other)),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Sets each of these attributes of the lot's item unless it holds an equal or a greater text already.
    async fn raise(&self, lot: &LotId, mut wanted: BTreeMap<String, String>) -> Result<(), StoreError> {
        while !wanted.is_empty() {
            let (mut sets, mut conditions) = (Vec::new(), Vec::new());
            let mut request =
                self.client.update_item().table_name(&self.table).set_key(Some(key(lot.as_str(), OCCUPANCY)));
            for (index, (name, value)) in wanted.iter().enumerate() {
                sets.push(format!("#n{index} = :v{index}"));
                conditions.push(format!("(attribute_not_exists(#n{index}) OR #n{index} < :v{index})"));
                request = request
                    .expression_attribute_names(format!("#n{index}"), name)
                    .expression_attribute_values(format!(":v{index}"), s(value));
            }
            let sent = request
                .update_expression(format!("SET {}", sets.join(", ")))
                .condition_expression(conditions.join(" AND "))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            let Err(error) = sent else { return Ok(()) };
            let there = failed_condition(error)?;
            wanted.retain(|name, value| text(&there, name).is_none_or(|known| known < value.as_str()));
        }
        Ok(())
    }
}

pub(crate) fn failed_condition<R: std::fmt::Debug + Send + Sync + 'static>(
    error: SdkError<UpdateItemError, R>,
) -> Result<Item, StoreError> {
    match error {
        SdkError::ServiceError(context) if context.err().is_conditional_check_failed_exception() => {
            match context.into_err() {
                UpdateItemError::ConditionalCheckFailedException(failed) => {
                    Ok(failed.item.unwrap_or_default())
                }
                other => Err(StoreError::corrupt("occupancy", other)),
            }
        }
        other => Err(other.into()),
    }
}
