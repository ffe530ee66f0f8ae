//! A lot made ready to price stays: its tariff compiled, its zone looked up, its holidays at hand. The one place where
//! the visit's [`FeeSchedule`] and the tariff meet, so that barrier, phone and settlement can't come to different sums.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    Calendar, Lot, Quote, Stay, Tariff, TariffError, TariffSpec, Won,
    visit::{FeeSchedule, FoldContext, Visit},
};

/// Why a lot has no prices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeesError {
    /// Its zone is in no database.
    #[error("the lot's time zone {0:?} is unknown")]
    TimeZone(String),
    /// Its tariff document does not hold together.
    #[error(transparent)]
    Tariff(#[from] TariffError),
}

/// What a stay in one lot costs. Making one compiles the tariff: keep it as long as the lot's record.
#[derive(Debug, Clone)]
pub struct LotFees {
    tariff: Tariff,
    zone: TimeZone,
}

impl LotFees {
    /// From the IANA name of the lot's zone and its tariff document.
    pub fn new(time_zone: &str, tariff: TariffSpec) -> Result<Self, FeesError> {
        let zone = TimeZone::get(time_zone).map_err(|_| FeesError::TimeZone(time_zone.to_owned()))?;
        Ok(Self { tariff: Tariff::new(tariff)?, zone })
    }

    /// The tariff.
    pub fn tariff(&self) -> &Tariff {
        &self.tariff
    }

    /// The zone the tariff is read in, and in which people at the lot tell the time.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The price of a plain car's stay with its lines and the next step of the price.
    pub fn quote(&self, entered_at: Timestamp, left_at: Timestamp) -> Result<Quote, TariffError> {
        self.tariff.quote(&Stay::new(entered_at, left_at, &self.zone, Calendar::korea()))
    }
}

impl FeeSchedule for LotFees {
    /// `None` where the tariff can't price the stay: a person decides then, and no barrier opens by itself.
    fn fee(&self, entered_at: Timestamp, left_at: Timestamp) -> Option<Won> {
        let stay = Stay::new(entered_at, left_at, &self.zone, Calendar::korea()).without_look_ahead();
        self.tariff.quote(&stay).ok().map(|quote| quote.total)
    }
}

/// A lot with its prices: what gates, drivers and settlement keep of a lot's record.
#[derive(Debug, Clone)]
pub struct PricedLot {
    /// The lot.
    pub lot: Lot,
    /// Its prices.
    pub fees: LotFees,
}

impl PricedLot {
    /// Makes a lot's record ready.
    pub fn new(lot: Lot, tariff: TariffSpec) -> Result<Self, FeesError> {
        let fees = LotFees::new(&lot.time_zone, tariff)?;
        Ok(Self { lot, fees })
    }

    /// What the fold of this lot's facts needs.
    pub fn context(&self) -> FoldContext<'_, LotFees> {
        FoldContext { lot: &self.lot.id, rules: self.lot.rules, fees: &self.fees }
    }

    /// The price of a visit for leaving at `at`. Where something holds the price, it does not grow beyond that moment,
    /// and no step is told that will not come.
    pub fn quote(&self, visit: &Visit, at: Timestamp) -> Result<Quote, TariffError> {
        let quote = self.fees.quote(visit.entered_at, visit.priced_until(at))?;
        let comes = |step: &Timestamp| visit.held_at.is_none_or(|held| *step < held);
        Ok(Quote {
            leave_by: quote.leave_by.filter(comes),
            next_step: quote.next_step.filter(|step| comes(&step.at)),
            ..quote
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn court_lot() -> TariffSpec {
        let document = r#"{"id":"185-1-000002","version":1,"name":"법원·검찰청앞","validFrom":"2026-01-01",
            "schedule":{"bands":[{"code":"all","tiers":[{"fromMinute":0,"unitMinutes":10,"unitPrice":400},
            {"fromMinute":10,"unitMinutes":10,"unitPrice":300}]}]}}"#;
        serde_json::from_str(document).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_barrier_asks_for_what_the_quote_shows() {
        let fees = LotFees::new("Asia/Seoul", court_lot()).unwrap();
        let (entered, left) = (at("2026-11-20T10:00:00+09:00"), at("2026-11-20T10:45:00+09:00"));
        let quote = fees.quote(entered, left).unwrap();
        assert_eq!(quote.total, Won::new(400 + 4 * 300));
        assert_eq!(fees.fee(entered, left), Some(quote.total));
        assert_eq!(quote.next_step.unwrap().increase, Won::new(300));
    }

    #[test]
    fn a_stay_that_ends_before_it_begins_has_no_fee() {
        let fees = LotFees::new("Asia/Seoul", court_lot()).unwrap();
        assert_eq!(fees.fee(at("2026-11-20T10:00:00+09:00"), at("2026-11-20T09:00:00+09:00")), None);
    }

    #[test]
    fn an_unknown_zone_is_refused_by_name() {
        let error = LotFees::new("Asia/Daejeon", court_lot()).unwrap_err();
        assert_eq!(error, FeesError::TimeZone("Asia/Daejeon".into()));
    }
}
