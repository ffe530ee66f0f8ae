//! The Parking table: facts of visits. One item per lot and plate; a read is one update, whatever is there already.

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{
        query::builders::QueryFluentBuilder, transact_write_items::TransactWriteItemsError,
        update_item::UpdateItemError,
    },
    types::{
        AttributeValue, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, Select, TransactWriteItem,
        Update,
    },
};
use baro_domain::{
    EventId, GateObservation, LotId, Passage, PlateNumber,
    visit::{Facts, Outworn, Ruling},
};
use jiff::Timestamp;

use crate::{
    StoreError,
    facts::{self, PLATE, RawBody, TRIMMED, plate_key, read_name, read_value},
    item::{Item, PK, REV, SK, TTL, expiry, key, n, number, s, text},
    schema::OPEN_INDEX,
};

/// Facts are forgotten this many days after the last one: the retention of plates (infra/docs/decisions.md, D-009).
pub(crate) const FACT_RETENTION_DAYS: i64 = 60;
/// At most so many open plates of a lot are looked at for near matches.
pub const MAX_OPEN_PLATES: usize = 1_000;

/// Adds a ruling.
pub(crate) const RULE: &str = "SET #r = if_not_exists(#r, :r), #ttl = :ttl ADD #rev :one";

/// What the item holds after a read was recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// All facts, the read among them.
    pub facts: Facts,
    /// Whether the read is new; `false` when it was delivered before.
    pub fresh: bool,
    /// Revision of the item.
    pub revision: i64,
    /// Whether the index of open plates lists it.
    pub listed_open: bool,
}

/// The Parking table.
#[derive(Debug, Clone)]
pub struct Parking {
    pub(crate) client: Client,
    pub(crate) table: String,
}

impl Parking {
    /// On this table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Adds a read to the facts filed under `plate`, and answers with all of them: one request, even when the same
    /// read was recorded before (then nothing changes).
    pub async fn record(
        &self,
        read: &GateObservation,
        plate: &PlateNumber,
        raw: Option<&RawBody>,
    ) -> Result<Recorded, StoreError> {
        let listing = match read.passage {
            Passage::Entered => ", #ol = :ol, #os = :os",
            Passage::AtExit | Passage::AtExitOnly => "",
            Passage::Left => " REMOVE #ol, #os",
        };
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(read.lot.as_str(), &plate_key(plate))))
            .condition_expression("attribute_not_exists(#o)")
            .update_expression(format!("SET #o = :o, #ttl = :ttl{listing} ADD #rev :one"))
            .expression_attribute_names("#o", read_name(&read.event_id))
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_names("#rev", REV)
            .expression_attribute_values(":o", read_value(read, plate, raw))
            .expression_attribute_values(":ttl", expiry(read.received_at, FACT_RETENTION_DAYS))
            .expression_attribute_values(":one", n(1))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if !listing.is_empty() {
            request = request
                .expression_attribute_names("#ol", OPEN_INDEX.hash)
                .expression_attribute_names("#os", OPEN_INDEX.range);
        }
        if read.passage == Passage::Entered {
            request = request
                .expression_attribute_values(":ol", s(read.lot.as_str()))
                .expression_attribute_values(":os", s(read.observed_at.to_string()));
        }
        match request.send().await {
            Ok(output) => recorded(&output.attributes.unwrap_or_default(), true),
            Err(error) => match old_item(error)? {
                Some(item) => recorded(&item, false),
                None => Err(StoreError::Refused("the condition failed and no item was given back")),
            },
        }
    }

    /// Adds a ruling to the facts of a plate, and answers with all of them. Repeated, it changes nothing but the revision.
    pub async fn rule(
        &self,
        lot: &LotId,
        plate: &PlateNumber,
        ruling: &Ruling,
    ) -> Result<Recorded, StoreError> {
        let name = facts::ruled_name(&ruling.id);
        let output = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(lot.as_str(), &plate_key(plate))))
            .update_expression(RULE)
            .expression_attribute_names("#r", name)
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_names("#rev", REV)
            .expression_attribute_values(":r", facts::ruled_value(ruling)?)
            .expression_attribute_values(":ttl", expiry(ruling.at, FACT_RETENTION_DAYS))
            .expression_attribute_values(":one", n(1))
            .return_values(ReturnValue::AllNew)
            .send()
            .await?;
        recorded(&output.attributes.unwrap_or_default(), true)
    }

    /// All that is on file of one plate at one lot, strongly consistent; `None` where nothing is.
    pub async fn on_file(&self, lot: &LotId, plate: &PlateNumber) -> Result<Option<Recorded>, StoreError> {
        self.item(lot, plate).await?.map(|item| recorded(&item, false)).transpose()
    }

    /// The facts of one plate at one lot, strongly consistent.
    pub async fn facts(&self, lot: &LotId, plate: &PlateNumber) -> Result<Facts, StoreError> {
        let item = self.item(lot, plate).await?;
        item.map_or_else(|| Ok(Facts::none(plate.clone())), |item| facts::facts_of(&item))
    }

    /// The raw bodies behind the reads of one plate at one lot.
    pub async fn raw_bodies(
        &self,
        lot: &LotId,
        plate: &PlateNumber,
    ) -> Result<Vec<(EventId, RawBody)>, StoreError> {
        Ok(self.item(lot, plate).await?.map(|item| facts::raw_of(&item)).unwrap_or_default())
    }

    async fn item(&self, lot: &LotId, plate: &PlateNumber) -> Result<Option<Item>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(lot.as_str(), &plate_key(plate))))
            .consistent_read(true)
            .send()
            .await?;
        Ok(output.item)
    }

    /// Asks the index of open plates for those of one lot, in the order of their entries.
    pub(crate) fn open_query(&self, lot: &LotId) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.table).index_name(OPEN_INDEX.name);
        query
            .key_condition_expression("#ol = :lot")
            .expression_attribute_names("#ol", OPEN_INDEX.hash)
            .expression_attribute_values(":lot", s(lot.as_str()))
    }

    /// Plates that are in the lot now, newest entry first, at most [`MAX_OPEN_PLATES`].
    pub async fn open_plates(&self, lot: &LotId) -> Result<Vec<PlateNumber>, StoreError> {
        let output = self
            .open_query(lot)
            .scan_index_forward(false)
            .limit(i32::try_from(MAX_OPEN_PLATES).unwrap_or(i32::MAX))
            .send()
            .await?;
        let plates = output.items.unwrap_or_default();
        Ok(plates
            .iter()
            .filter_map(|item| text(item, SK)?.strip_prefix(PLATE))
            .map(PlateNumber::parse)
            .collect())
    }

    /// How many plates are in the lot now, by the index. Reads about a hundred of them for one and a half read units.
    pub async fn count_open(&self, lot: &LotId) -> Result<u32, StoreError> {
        let (mut count, mut from) = (0_u32, None);
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(OPEN_INDEX.name)
                .select(Select::Count)
                .key_condition_expression("#ol = :lot")
                .expression_attribute_names("#ol", OPEN_INDEX.hash)
                .expression_attribute_values(":lot", s(lot.as_str()))
                .set_exclusive_start_key(from)
                .send()
                .await?;
            count = count.saturating_add(u32::try_from(page.count).unwrap_or(0));
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(count);
            }
        }
    }

    /// Corrects the index of open plates where the fold says otherwise than the last read did. Answers whether it was
    /// done; `false` means that the facts have moved on, and whoever moved them does it.
    pub async fn list_open(
        &self,
        lot: &LotId,
        plate: &PlateNumber,
        revision: i64,
        since: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(lot.as_str(), &plate_key(plate))))
            .condition_expression("#rev = :rev")
            .expression_attribute_names("#rev", REV)
            .expression_attribute_names("#ol", OPEN_INDEX.hash)
            .expression_attribute_names("#os", OPEN_INDEX.range)
            .expression_attribute_values(":rev", n(revision));
        request = match since {
            Some(since) => request
                .update_expression("SET #ol = :ol, #os = :os")
                .expression_attribute_values(":ol", s(lot.as_str()))
                .expression_attribute_values(":os", s(since.to_string())),
            None => request.update_expression("REMOVE #ol, #os"),
        };
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => old_item(error).map(|_| false),
        }
    }

    /// Moves facts that no later read can change any more to an archive item, in one transaction.
    /// Answers whether it was done; `false` means that the facts have moved on: try at the next read.
    pub async fn archive(
        &self,
        lot: &LotId,
        plate: &PlateNumber,
        revision: i64,
        outworn: &Outworn,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(item) = self.item(lot, plate).await? else { return Ok(false) };
        if number(&item, REV) != Some(revision) {
            return Ok(false);
        }
        let mut names: Vec<String> = outworn.events.iter().map(read_name).collect();
        names.extend(outworn.payments.iter().map(facts::paid_name));
        names.extend(outworn.rulings.iter().map(facts::ruled_name));
        let mut archive = key(lot.as_str(), &format!("A#{}#{}", plate.as_str(), outworn.until));
        archive.extend(names.iter().filter_map(|name| Some((name.clone(), item.get(name)?.clone()))));
        archive.insert(TTL.to_owned(), expiry(now, FACT_RETENTION_DAYS));
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(lot.as_str(), &plate_key(plate))))
            .condition_expression("#rev = :rev")
            .expression_attribute_names("#rev", REV)
            .expression_attribute_names("#cut", TRIMMED)
            .expression_attribute_values(":rev", n(revision))
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":cut", n(outworn.until.as_microsecond()));
        let mut removed = Vec::with_capacity(names.len());
        for (index, name) in names.into_iter().enumerate() {
            let placeholder = format!("#x{index}");
            update = update.expression_attribute_names(&placeholder, name);
            removed.push(placeholder);
        }
        let expression = format!("SET #cut = :cut REMOVE {} ADD #rev :one", removed.join(", "));
        let put = Put::builder().table_name(&self.table).set_item(Some(archive)).build()?;
        let sent = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(put).build())
            .transact_items(
                TransactWriteItem::builder().update(update.update_expression(expression).build()?).build(),
            )
            .send()
            .await;
        match sent {
            Ok(_) => Ok(true),
            Err(error) if cancelled(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn cancelled<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    error.as_service_error().is_some_and(TransactWriteItemsError::is_transaction_canceled_exception)
}

pub(crate) fn recorded(item: &Item, fresh: bool) -> Result<Recorded, StoreError> {
    Ok(Recorded {
        facts: facts::facts_of(item)?,
        fresh,
        revision: number(item, REV).ok_or_else(|| StoreError::corrupt("facts", "no revision"))?,
        listed_open: matches!(item.get(OPEN_INDEX.hash), Some(AttributeValue::S(_))),
    })
}

/// The item that a failed condition gave back; other errors stay errors.
fn old_item<R: std::fmt::Debug + Send + Sync + 'static>(
    error: SdkError<UpdateItemError, R>,
) -> Result<Option<Item>, StoreError> {
    match error {
        SdkError::ServiceError(context) if context.err().is_conditional_check_failed_exception() => {
            match context.into_err() {
                UpdateItemError::ConditionalCheckFailedException(failed) => Ok(failed.item),
                other => Err(StoreError::corrupt("update", other)),
            }
        }
        other => Err(other.into()),
    }
}

/// Where an item of this table lies; for the transaction that pays a visit.
pub(crate) fn payment_update(
    table: &str,
    lot: &LotId,
    plate: &PlateNumber,
    fact: &baro_domain::visit::PaidFact,
    now: Timestamp,
) -> Result<Update, StoreError> {
    Ok(Update::builder()
        .table_name(table)
        .set_key(Some(key(lot.as_str(), &plate_key(plate))))
        .update_expression("SET #y = :y, #ttl = :ttl ADD #rev :one")
        .expression_attribute_names("#y", facts::paid_name(&fact.payment))
        .expression_attribute_names("#ttl", TTL)
        .expression_attribute_names("#rev", REV)
        .expression_attribute_values(":y", facts::paid_value(fact))
        .expression_attribute_values(":ttl", expiry(now, FACT_RETENTION_DAYS))
        .expression_attribute_values(":one", n(1))
        .build()?)
}

/// As [`payment_update`], if the facts still have this revision.
pub(crate) fn payment_update_at(
    table: &str,
    lot: &LotId,
    plate: &PlateNumber,
    fact: &baro_domain::visit::PaidFact,
    revision: i64,
    now: Timestamp,
) -> Result<Update, StoreError> {
    let mut update = payment_update(table, lot, plate, fact, now)?;
    update.condition_expression = Some("#rev = :rev".to_owned());
    update.expression_attribute_values.get_or_insert_default().insert(":rev".to_owned(), n(revision));
    Ok(update)
}

/// The ruling's part in a transaction.
pub(crate) fn ruling_update(
    table: &str,
    lot: &LotId,
    plate: &PlateNumber,
    ruling: &Ruling,
) -> Result<Update, StoreError> {
    Ok(Update::builder()
        .table_name(table)
        .set_key(Some(key(lot.as_str(), &plate_key(plate))))
        .update_expression(RULE)
        .expression_attribute_names("#r", facts::ruled_name(&ruling.id))
        .expression_attribute_names("#ttl", TTL)
        .expression_attribute_names("#rev", REV)
        .expression_attribute_values(":r", facts::ruled_value(ruling)?)
        .expression_attribute_values(":ttl", expiry(ruling.at, FACT_RETENTION_DAYS))
        .expression_attribute_values(":one", n(1))
        .build()?)
}

/// Whether an item is one of facts (and not an archive).
pub(crate) fn is_facts(item: &Item) -> bool {
    text(item, PK).is_some() && text(item, SK).is_some_and(|sk| sk.starts_with(PLATE))
}
