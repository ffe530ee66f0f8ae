//! A lot made ready to price stays: its tariff compiled, its zone looked up, its holidays at hand. The one place where
//! the visit's [`FeeSchedule`] and the tariff meet, so that barrier, phone and settlement can't come to different sums.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    Calendar, Lot, Quote, Stay, Tariff, Won,
    tariff::{BookError, LotTariffs, TariffBook},
    visit::{FeeSchedule, FoldContext, Visit},
};

/// Why a lot has no prices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeesError {
    /// Its zone is in no database.
    #[error("the lot's time zone {0:?} is unknown")]
    TimeZone(String),
    /// The versions of its tariff do not hold together.
    #[error(transparent)]
    Tariffs(#[from] BookError),
}

/// What a stay in one lot costs. Making one compiles the tariff: keep it as long as the lot's record.
#[derive(Debug, Clone)]
pub struct LotFees {
    book: TariffBook,
    zone: TimeZone,
}

impl LotFees {
    /// From the IANA name of the lot's zone and the versions of its tariff.
    pub fn new(time_zone: &str, tariffs: LotTariffs) -> Result<Self, FeesError> {
        let zone = TimeZone::get(time_zone).map_err(|_| FeesError::TimeZone(time_zone.to_owned()))?;
        Ok(Self { book: TariffBook::new(tariffs)?, zone })
    }

    /// The version in force at a moment: what the sign says then.
    pub fn tariff_at(&self, moment: Timestamp) -> Result<&Tariff, BookError> {
        self.book.in_force(self.zone.to_datetime(moment).date())
    }

    /// The version announced to follow it, if one is.
    pub fn tariff_after(&self, moment: Timestamp) -> Option<&Tariff> {
        let day = self.zone.to_datetime(moment).date();
        self.book.versions().iter().find(|version| version.spec().valid_from > day)
    }

    /// The zone the tariff is read in, and in which people at the lot tell the time.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The price of a plain car's stay by the version that charges it, with its lines and the next step of the price.
    pub fn quote(&self, entered_at: Timestamp, left_at: Timestamp) -> Result<Quote, BookError> {
        self.book.quote(&Stay::new(entered_at, left_at, &self.zone, Calendar::korea()))
    }
}

impl FeeSchedule for LotFees {
    /// `None` where no tariff was in force or it can't price the stay: a person decides then, and no barrier opens by itself.
    fn fee(&self, entered_at: Timestamp, left_at: Timestamp) -> Option<Won> {
        let stay = Stay::new(entered_at, left_at, &self.zone, Calendar::korea()).without_look_ahead();
        self.book.quote(&stay).ok().map(|quote| quote.total)
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
    pub fn new(lot: Lot, tariffs: LotTariffs) -> Result<Self, FeesError> {
        let fees = LotFees::new(&lot.time_zone, tariffs)?;
        Ok(Self { lot, fees })
    }

    /// What the fold of this lot's facts needs.
    pub fn context(&self) -> FoldContext<'_, LotFees> {
        FoldContext { lot: &self.lot.id, rules: self.lot.rules, fees: &self.fees }
    }

    /// The price of a visit for leaving at `at`. Where something holds the price, it does not grow beyond that moment,
    /// and no step is told that will not come.
    pub fn quote(&self, visit: &Visit, at: Timestamp) -> Result<Quote, BookError> {
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
    use crate::TariffSpec;

    fn court_lot() -> LotTariffs {
        let document = r#"{"id":"185-1-000002","version":1,"name":"법원·검찰청앞","validFrom":"2026-01-01",
            "schedule":{"bands":[{"code":"all","tiers":[{"fromMinute":0,"unitMinutes":10,"unitPrice":400},
            {"fromMinute":10,"unitMinutes":10,"unitPrice":300}]}]}}"#;
        LotTariffs::of(serde_json::from_str::<TariffSpec>(document).unwrap())
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
    fn a_car_that_came_before_the_price_rose_pays_the_price_it_came_for() {
        let mut dearer = court_lot().versions.remove(0);
        (dearer.version, dearer.valid_from) = (2, "2026-11-21".parse().unwrap());
        dearer.schedule.bands[0].tiers[1].unit_price = Won::new(900);
        let tariffs = court_lot().amended(dearer, "2026-11-20".parse().unwrap()).unwrap();
        let fees = LotFees::new("Asia/Seoul", tariffs).unwrap();
        let left = at("2026-11-21T00:20:00+09:00");
        let before = fees.quote(at("2026-11-20T23:50:00+09:00"), left).unwrap();
        assert_eq!((before.tariff_version, before.total), (1, Won::new(400 + 2 * 300)));
        let after = fees.quote(at("2026-11-21T00:00:00+09:00"), left).unwrap();
        assert_eq!((after.tariff_version, after.total), (2, Won::new(400 + 900)));
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
