//! A small cache of what rarely changes (lots, gates): a warm function asks the table once a minute.

use std::{collections::HashMap, hash::Hash, sync::Mutex};

use jiff::{SignedDuration, Timestamp};

/// How long an answer is good, unless said otherwise. A changed secret or tariff takes effect after this at the latest.
const FRESH_FOR: SignedDuration = SignedDuration::from_secs(60);
/// How many answers are kept; beyond it all are dropped.
const MAX_ENTRIES: usize = 10_000;

/// Answers by key, found and not found alike: an unknown gate must not cost a read each time it knocks.
#[derive(Debug)]
pub struct Cached<K, V> {
    entries: Mutex<HashMap<K, (Timestamp, Option<V>)>>,
    fresh_for: SignedDuration,
}

impl<K, V> Default for Cached<K, V> {
    fn default() -> Self {
        Self::fresh_for(FRESH_FOR)
    }
}

impl<K, V> Cached<K, V> {
    /// Answers that are good for so long.
    pub fn fresh_for(fresh_for: SignedDuration) -> Self {
        Self { entries: Mutex::new(HashMap::new()), fresh_for }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Cached<K, V> {
    /// The answer for `key`, from `load` when the kept one is no longer fresh at `now`. An error is not kept.
    pub async fn get<E>(
        &self,
        key: &K,
        now: Timestamp,
        load: impl AsyncFnOnce(&K) -> Result<Option<V>, E>,
    ) -> Result<Option<V>, E> {
        if let Ok(entries) = self.entries.lock()
            && let Some((at, value)) = entries.get(key)
            && now.duration_since(*at) < self.fresh_for
        {
            return Ok(value.clone());
        }
        let value = load(key).await?;
        if let Ok(mut entries) = self.entries.lock() {
            if entries.len() >= MAX_ENTRIES {
                entries.clear();
            }
            entries.insert(key.clone(), (now, value.clone()));
        }
        Ok(value)
    }
}
