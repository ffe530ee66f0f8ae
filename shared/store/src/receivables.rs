//! What visits that are over still owe: one item a visit in the Billing table, in two sparse indexes while something is owed.
//!
//! Whoever changes one reads it, decides (`baro_domain::receivable`) and writes it over the revision that was read. So it is
//! closed once, whoever comes at the same time: state and indexes are one item.

use std::{fmt, str::FromStr};

use baro_domain::{
    Lot, LotId, OperatorId, PlateNumber, ReceivableId, VisitId,
    receivable::{Claimed, Command, Receivable, decide},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;

use crate::{
    Billing, StoreError, Stored,
    directory::put_over,
    item::{Item, PK, REV, SK, TTL, all_of_index, doc, expiry, key, n, number, s, text, with_doc},
    open_visits::InvalidCursor,
    schema::{OWED_INDEX, OWING_INDEX},
};

pub(crate) const OWED: &str = "OWED";
/// Others may be faster so often.
const MAX_RACES: u32 = 12;
/// Receivables of a page, at most.
pub const MAX_OWED_PAGE: usize = 50;
/// Days that one is kept after it was closed: a card holder may dispute a charge for about as long. Then what says whose car it
/// was is forgotten; the journal stays.
const CLOSED_KEPT_DAYS: i64 = 180;

/// What a change did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Before; `None` where it began.
    pub before: Option<Receivable>,
    /// After.
    pub after: Receivable,
}

impl Moved {
    /// Whether this change closed it. Of all changes that want to, one does.
    pub fn closed(&self) -> bool {
        self.before.as_ref().is_some_and(Receivable::is_open) && !self.after.is_open()
    }
}

/// Where the next page begins. As text it is opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedCursor {
    since: String,
    visit: VisitId,
}

impl fmt::Display for OwedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(format!("{} {}", self.since, self.visit)))
    }
}

impl FromStr for OwedCursor {
    type Err = InvalidCursor;
    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        let text = String::from_utf8(bytes).map_err(|_| InvalidCursor)?;
        let (since, visit) = text.split_once(' ').ok_or(InvalidCursor)?;
        since.parse::<Timestamp>().map_err(|_| InvalidCursor)?;
        Ok(Self { since: since.to_owned(), visit: VisitId::parse(visit).map_err(|_| InvalidCursor)? })
    }
}

fn owing_key(operator: &OperatorId, plate: &PlateNumber) -> String {
    format!("{operator}#{}", plate.as_str())
}

fn owed_item(receivable: &Receivable, revision: i64) -> Result<Item, StoreError> {
    let mut item = with_doc(receivable.visit.as_str(), OWED, receivable)?;
    item.insert(REV.to_owned(), n(revision));
    if receivable.is_open() {
        item.insert(OWED_INDEX.hash.to_owned(), s(receivable.lot.as_str()));
        let owing = owing_key(&receivable.operator, &receivable.plate);
        item.insert(OWING_INDEX.hash.to_owned(), s(owing));
        item.insert(OWED_INDEX.range.to_owned(), s(receivable.left_at.to_string()));
    } else if let Some(closed_at) = receivable.closed_at {
        item.insert(TTL.to_owned(), expiry(closed_at, CLOSED_KEPT_DAYS));
    }
    Ok(item)
}

/// Whether an item of this table is a receivable.
pub(crate) fn is_receivable(item: &Item) -> bool {
    text(item, SK) == Some(OWED)
}

pub(crate) fn stored(item: &Item) -> Result<Stored<Receivable>, StoreError> {
    let revision = number(item, REV).ok_or_else(|| StoreError::corrupt("receivable", "no revision"))?;
    Ok(Stored { value: doc("receivable", item)?, revision })
}

impl Billing {
    /// What a visit owes or owed, strongly consistent. By the visit alone: who it is shown to must know its id.
    pub async fn receivable_of(&self, visit: &VisitId) -> Result<Option<Stored<Receivable>>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(visit.as_str(), OWED)))
            .consistent_read(true)
            .send()
            .await?;
        output.item.as_ref().map(stored).transpose()
    }

    /// The receivable of this id: one whose secret part is another is none.
    pub async fn receivable(&self, id: &ReceivableId) -> Result<Option<Stored<Receivable>>, StoreError> {
        let Some(visit) = id.visit() else { return Ok(None) };
        Ok(self.receivable_of(&visit).await?.filter(|found| found.value.id == *id))
    }

    /// Writes a receivable over the one of `revision`, 0 for none; `false` if it has changed since.
    async fn put_receivable(&self, receivable: &Receivable, revision: i64) -> Result<bool, StoreError> {
        let item = owed_item(receivable, revision + 1)?;
        put_over(&self.client, &self.table, item, revision).await
    }

    /// What the facts ask for: begins a receivable, changes or closes it. Two requests; one where nothing changes. `token` is
    /// the secret part of the id of one that begins, and goes unused otherwise.
    pub async fn claim(
        &self,
        lot: &Lot,
        claimed: &Claimed,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Moved>, StoreError> {
        for attempt in 0..MAX_RACES {
            let found = self.receivable_of(&claimed.visit).await?;
            let revision = found.as_ref().map_or(0, |found| found.revision);
            let after = if let Some(known) = &found {
                decide(&known.value, Command::Claim(Box::new(claimed.clone())), now)
            } else {
                let id = ReceivableId::of(&claimed.visit, token);
                let id = id.map_err(|_| StoreError::Refused("the token is none"))?;
                Receivable::begin(id, lot, claimed.clone())
            };
            let Some(after) = after else { return Ok(None) };
            if self.put_receivable(&after, revision).await? {
                return Ok(Some(Moved { before: found.map(|found| found.value), after }));
            }
            pause(attempt).await;
        }
        Err(StoreError::Contended(MAX_RACES))
    }

    /// Carries out a command; `None` where nothing changes, or there is no such receivable. Two requests.
    pub async fn move_receivable(
        &self,
        id: &ReceivableId,
        command: &Command,
        now: Timestamp,
    ) -> Result<Option<Moved>, StoreError> {
        for attempt in 0..MAX_RACES {
            let Some(known) = self.receivable(id).await? else { return Ok(None) };
            let Some(after) = decide(&known.value, command.clone(), now) else { return Ok(None) };
            if self.put_receivable(&after, known.revision).await? {
                return Ok(Some(Moved { before: Some(known.value), after }));
            }
            pause(attempt).await;
        }
        Err(StoreError::Contended(MAX_RACES))
    }

    /// What a plate owes at the lots of an operator, oldest first: one page. Not the newest word: the index follows in a moment.
    pub async fn owing(
        &self,
        operator: &OperatorId,
        plate: &PlateNumber,
    ) -> Result<Vec<Receivable>, StoreError> {
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(OWING_INDEX.name)
            .key_condition_expression("#owing = :owing")
            .expression_attribute_names("#owing", OWING_INDEX.hash)
            .expression_attribute_values(":owing", s(owing_key(operator, plate)))
            .limit(i32::try_from(MAX_OWED_PAGE).unwrap_or(i32::MAX))
            .send()
            .await?;
        page.items.unwrap_or_default().iter().map(|item| stored(item).map(|found| found.value)).collect()
    }

    /// What a lot is owed, oldest first, a page at a time.
    pub async fn owed_page(
        &self,
        lot: &LotId,
        from: Option<&OwedCursor>,
    ) -> Result<(Vec<Receivable>, Option<OwedCursor>), StoreError> {
        let start = from.map(|cursor| {
            let mut item = key(cursor.visit.as_str(), OWED);
            item.insert(OWED_INDEX.hash.to_owned(), s(lot.as_str()));
            item.insert(OWED_INDEX.range.to_owned(), s(&cursor.since));
            item
        });
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(OWED_INDEX.name)
            .key_condition_expression("#lot = :lot")
            .expression_attribute_names("#lot", OWED_INDEX.hash)
            .expression_attribute_values(":lot", s(lot.as_str()))
            .limit(i32::try_from(MAX_OWED_PAGE).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await?;
        let next = page.last_evaluated_key.as_ref().and_then(|item| {
            let visit = VisitId::parse(text(item, PK)?).ok()?;
            Some(OwedCursor { since: text(item, OWED_INDEX.range)?.to_owned(), visit })
        });
        let items = page.items.unwrap_or_default();
        let found: Result<Vec<_>, _> =
            items.iter().map(|item| stored(item).map(|found| found.value)).collect();
        Ok((found?, next))
    }

    /// All that any lot is owed. Read from the sparse index alone: it costs by what is owed now.
    pub async fn owed_everywhere(&self) -> Result<Vec<Receivable>, StoreError> {
        let items = all_of_index(&self.client, &self.table, OWED_INDEX.name).await?;
        items.iter().map(|item| Ok(stored(item)?.value)).collect()
    }
}

/// Longer each time, so that many who want the same item get their turn.
async fn pause(attempt: u32) {
    tokio::time::sleep(std::time::Duration::from_millis(5 << attempt.min(6))).await;
}
