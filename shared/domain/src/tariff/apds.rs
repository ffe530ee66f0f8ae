//! A tariff in the words of the Alliance for Parking Data Standards (APDS 4.x, the base of ISO/TS 5206-1), as far as they go.
//!
//! Names, spellings and required members are those of the alliance's OpenAPI models, github.com/parkingdata/spec,
//! `api/models`: `rate/RateTable`, `rate/RateLineCollection`, `rate/RateLine`, `right/RightSpecification`,
//! `right/RateEligibility`, `eligibility/*`, `times/*`, `enums/*`. There a rate table has no hours and no vehicles: a right
//! specification has, and points to the table (the alliance's example "different charging hours"). So each band of each
//! class of vehicle becomes one table and one right. Minutes of a session are written as ISO 8601 durations (`PT90M`),
//! since the models leave the form of `durationStart` open and a time of day ends at 24 hours. What the words can't say
//! is in [`ApdsExport::not_expressed`].

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Value, json};

use super::spec::{
    Band, CapHolds, CapPer, ChargingDay, MeterRestart, Schedule, SecondsRule, TariffSpec, Tax, Tier,
    VehicleClass,
};
use crate::calendar::DayKind;
use crate::tariff::MAX_STAY_MINUTES;

/// Korean value added tax, percent.
const VAT_PERCENT: u8 = 10;

/// An export and what it leaves out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApdsExport {
    /// `RateTable`s: one for each band of each class of vehicle.
    pub rate_tables: Vec<Value>,
    /// `RightSpecification`s: when, for which vehicles and where each table holds.
    pub right_specifications: Vec<Value>,
    /// What of the tariff they do not say.
    pub not_expressed: Vec<NotExpressed>,
}

/// A part of a tariff that APDS has no words for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotExpressed {
    /// Path of the field.
    pub path: String,
    /// Why, for people.
    pub reason: String,
}

/// Where the tariff holds and who grants the right to park.
#[derive(Debug, Clone, Copy)]
pub struct ApdsPlace<'a> {
    /// Id of the place: the lot.
    pub place: &'a str,
    /// Id of the organisation: the operator.
    pub issuer: &'a str,
    /// The zone in which the tariff's days begin.
    pub time_zone: &'a TimeZone,
}

/// A schedule with the classes of vehicle it is for.
struct Part<'a> {
    spec: &'a TariffSpec,
    schedule: &'a Schedule,
    /// Path of the schedule in the document.
    path: String,
    /// What tells its ids from those of the other parts.
    suffix: String,
    classes: Vec<VehicleClass>,
}

pub(crate) fn export(spec: &TariffSpec, place: &ApdsPlace<'_>) -> ApdsExport {
    let mut export =
        ApdsExport { rate_tables: Vec::new(), right_specifications: Vec::new(), not_expressed: Vec::new() };
    for part in parts(spec) {
        if part.schedule.bands.is_empty() {
            export.right_specifications.push(part.free_right(place));
        }
        for band in &part.schedule.bands {
            export.rate_tables.push(part.table(band, place.time_zone));
            export.right_specifications.push(part.right(band, place));
        }
        part.leave_out(&mut export.not_expressed);
    }
    leave_out(spec, &mut export.not_expressed);
    export
}

fn parts(spec: &TariffSpec) -> Vec<Part<'_>> {
    let named = |class: &VehicleClass| spec.vehicles.iter().any(|own| own.classes.contains(class));
    let rest = VehicleClass::ALL.into_iter().filter(|class| !named(class)).collect();
    let (path, suffix) = ("schedule".to_owned(), String::new());
    let mut parts = vec![Part { spec, schedule: &spec.schedule, path, suffix, classes: rest }];
    parts.extend(spec.vehicles.iter().enumerate().map(|(index, own)| Part {
        spec,
        schedule: &own.schedule,
        path: format!("vehicles[{index}].schedule"),
        suffix: format!("-vehicles{index}"),
        classes: own.classes.clone(),
    }));
    parts
}

/// `VehicleTypeEnum`.
const fn vehicle_type(class: VehicleClass) -> &'static str {
    match class {
        VehicleClass::Car => "passengerCar",
        VehicleClass::Compact => "smallCar",
        VehicleClass::Van => "van",
        VehicleClass::Bus => "bus",
        VehicleClass::Truck => "lorry",
        VehicleClass::Motorcycle => "motorcycle",
    }
}

/// ISO 8601.
fn duration(minutes: i64) -> String {
    format!("PT{minutes}M")
}

/// The first moment of a day in the lot's zone, RFC 3339.
fn midnight(date: Date, zone: &TimeZone) -> String {
    let at = zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).compatible().unwrap_or_default();
    at.display_with_offset(zone.to_offset(at)).to_string()
}

fn multilingual(ko: &str, en: Option<&str>) -> Value {
    let mut texts = vec![json!({ "language": "ko", "string": ko })];
    texts.extend(en.map(|en| json!({ "language": "en", "string": en })));
    Value::Array(texts)
}

fn with(mut object: Value, name: &str, value: Option<Value>) -> Value {
    if let (Some(value), Some(fields)) = (value, object.as_object_mut()) {
        fields.insert(name.to_owned(), value);
    }
    object
}

impl Part<'_> {
    fn id(&self, band: &str) -> String {
        format!("{}-{}-{band}{}", self.spec.id, self.spec.version, self.suffix)
    }

    /// `RateTable`.
    fn table(&self, band: &Band, zone: &TimeZone) -> Value {
        let (from, until) = band.hours.span();
        let table = json!({
            "id": self.id(&band.code),
            "version": self.spec.version,
            "rateTableName": multilingual(&self.spec.name, None),
            "validityStart": midnight(self.spec.valid_from, zone),
            "activeTimes": [duration(until - from)],
            "availability": "public",
            "rateLineCollections": [self.collection(band, zone)],
        });
        with(table, "validityEnd", self.expiry(zone).map(Value::from))
    }

    /// The first moment at which the tariff is no longer in force.
    fn expiry(&self, zone: &TimeZone) -> Option<String> {
        let after = self.spec.valid_until?.tomorrow().ok()?;
        Some(midnight(after, zone))
    }

    /// `RateLineCollection`.
    fn collection(&self, band: &Band, zone: &TimeZone) -> Value {
        let ends = band.tiers.iter().skip(1).map(|tier| Some(tier.from_minute)).chain([None]);
        let lines: Vec<Value> =
            band.tiers.iter().zip(ends).enumerate().map(|(at, (tier, end))| line(at, tier, end)).collect();
        let reset = if self.spec.meter == MeterRestart::EachBand {
            band.hours.from.to_string()
        } else {
            "00:00".to_owned()
        };
        let collection = json!({
            "applicableCurrency": "KRW",
            "collectionSequence": 1,
            "minTime": duration(0),
            "maxTime": duration(MAX_STAY_MINUTES),
            "relativeTimes": false,
            "resetTime": format!("{reset}:00"),
            "taxIncluded": true,
            "taxRate": if self.spec.tax == Tax::Exempt { 0 } else { VAT_PERCENT },
            "validStart": midnight(self.spec.valid_from, zone),
            "rateLines": lines,
        });
        let most = self.said_cap().map(|index| json!(self.schedule.caps[index].amount));
        let collection = with(collection, "maxValueCollection", most);
        with(collection, "validEnd", self.expiry(zone).map(Value::from))
    }

    /// The cap that is the maximum of every collection: one of each calendar day, where no day has two tables.
    fn said_cap(&self) -> Option<usize> {
        let bands = &self.schedule.bands;
        let apart = bands.iter().enumerate().all(|(at, band)| {
            !band.hours.crosses_midnight()
                && bands[..at].iter().all(|other| {
                    DayKind::ALL.iter().all(|day| !(band.days.contains(*day) && other.days.contains(*day)))
                })
        });
        let said = self.schedule.caps.iter().position(|cap| {
            cap.per == CapPer::Day
                && cap.holds == CapHolds::AtMost
                && cap.from_minutes == 0
                && cap.days.is_all()
        });
        said.filter(|_| apart && self.spec.charging_day == ChargingDay::Calendar)
    }

    /// `RightSpecification` of a band: when and for whom its table holds.
    fn right(&self, band: &Band, place: &ApdsPlace<'_>) -> Value {
        let id = self.id(&band.code);
        let label = band.label.as_ref();
        let period = period(band);
        let period = with(period, "periodName", label.map(|label| multilingual(&label.ko, Some(&label.en))));
        let table = json!({ "id": id, "version": self.spec.version, "className": "RateTable" });
        let eligibility = self.eligibility(&id, json!({}));
        self.right_of(&id, place, &with(eligibility, "rateTable", Some(table)), Some(period))
    }

    /// `RightSpecification` of vehicles that are charged at no hour.
    fn free_right(&self, place: &ApdsPlace<'_>) -> Value {
        let id = self.id("free");
        self.right_of(&id, place, &self.eligibility(&id, json!({ "freeToPark": true })), None)
    }

    fn right_of(&self, id: &str, place: &ApdsPlace<'_>, eligibility: &Value, period: Option<Value>) -> Value {
        let zone = place.time_zone;
        let times = json!({ "overallStartTime": midnight(self.spec.valid_from, zone) });
        let times = with(times, "overallEndTime", self.expiry(zone).map(Value::from));
        let times = with(times, "validPeriods", period.map(|period| json!([period])));
        json!({
            "id": format!("{id}-right"),
            "version": self.spec.version,
            "type": "oneTimeUseParking",
            "description": multilingual(&self.spec.name, None),
            "issuer": { "id": place.issuer, "version": 1, "className": "Organisation" },
            "transferable": false,
            "hierarchyElements": [{ "id": place.place, "version": 1, "className": "Place" }],
            "rateEligibility": [eligibility],
            "validity": {
                "validityStatus": "definedByValidityTimeSpec",
                "validityTimeSpecification": times,
            },
        })
    }

    /// `RateEligibility`: which vehicles.
    fn eligibility(&self, id: &str, qualification: Value) -> Value {
        let kind =
            |class: &VehicleClass| json!({ "vehicleType": { "entryDefinedValue": vehicle_type(*class) } });
        let types: Vec<Value> = self.classes.iter().map(kind).collect();
        json!({
            "id": format!("{id}-eligibility"),
            "version": self.spec.version,
            "eligibility": {
                "id": format!("{id}-vehicles"),
                "version": self.spec.version,
                "qualifications": [with(qualification, "vehicleTypes", Some(json!(types)))],
            },
        })
    }

    fn leave_out(&self, left_out: &mut Vec<NotExpressed>) {
        let path = &self.path;
        let said = self.said_cap();
        for index in (0..self.schedule.caps.len()).filter(|index| Some(*index) != said) {
            let reason = "a maximum with a threshold, of certain days, of a stay, of 24 hours, over several tables, or a second one";
            add(left_out, format!("{path}.caps[{index}]"), reason);
        }
        for (index, band) in self.schedule.bands.iter().enumerate() {
            if band.at_most.is_some() {
                let reason = "a maximum of one occurrence of the hours beside the day's";
                add(left_out, format!("{path}.bands[{index}].atMost"), reason);
            }
            if !band.days.contains(DayKind::Holiday) {
                let reason = "public holidays that fall on these days are excluded";
                add(left_out, format!("{path}.bands[{index}].days"), reason);
            }
        }
    }
}

/// `RateLine`. A tier of a single unit is a flat tier, any other an incrementing rate.
fn line(at: usize, tier: &Tier, end: Option<i64>) -> Value {
    let single = end.is_some_and(|end| end - tier.from_minute <= tier.unit_minutes);
    let line = json!({
        "sequence": at + 1,
        "rateLineType": if single { "flatRateTier" } else { "incrementingRate" },
        "value": tier.unit_price,
        "durationStart": duration(tier.from_minute),
        "incrementPeriod": duration(tier.unit_minutes),
    });
    with(line, "durationEnd", end.map(|end| json!(duration(end))))
}

/// `Period`: days of the week, holidays, hours.
fn period(band: &Band) -> Value {
    let week: Vec<&str> =
        DayKind::ALL[..7].iter().filter(|day| band.days.contains(**day)).map(|day| day.name()).collect();
    let hours = json!([{
        "startTimeOfPeriod": band.hours.from.to_string(),
        "endTimeOfPeriod": band.hours.until.to_string(),
    }]);
    let period = json!({ "recurringTimePeriodOfDay": hours });
    let days = (!week.is_empty()).then(|| json!([{ "applicableDay": week }]));
    let special = |kind: &str| json!({ "intersectWithApplicableDays": false, "specialDayType": kind });
    let holidays = (band.days.contains(DayKind::Holiday) && !band.days.is_all())
        .then(|| json!([special("publicHoliday"), special("inLieuOfPublicHoliday")]));
    let period = with(period, "recurringDayWeekMonthPeriod", days);
    with(period, "recurringSpecialDay", holidays)
}

fn add(left_out: &mut Vec<NotExpressed>, path: impl Into<String>, reason: &str) {
    left_out.push(NotExpressed { path: path.into(), reason: reason.to_owned() });
}

/// What no schedule has a word for.
fn leave_out(spec: &TariffSpec, left_out: &mut Vec<NotExpressed>) {
    if spec.grace.is_some() {
        add(left_out, "grace", "free minutes that are deducted or forfeited");
    }
    if spec.meter == MeterRestart::Never {
        add(
            left_out,
            "meter",
            "a meter that runs on overnight: a collection must name the time at which it starts anew",
        );
    }
    if spec.charging_day == ChargingDay::FromEntry {
        add(
            left_out,
            "chargingDay",
            "days of 24 hours from entry: the time at which rates start anew is one of the clock",
        );
    }
    if spec.seconds == SecondsRule::StartedMinute {
        add(left_out, "seconds", "what becomes of the seconds beyond a whole minute");
    }
    if spec.rounding.to_won > 1 {
        add(left_out, "rounding", "rounding of the result");
    }
    let lists = [
        ("stayRules", spec.stay_rules.len(), "a price that hangs on entry and exit together"),
        ("freeDates", spec.free_dates.len(), "free dates"),
        ("passes", spec.passes.len(), "passes are rights of their own, sold apart"),
        ("discounts", spec.discounts.len(), "discounts with proof, limits and order"),
    ];
    for (field, count, reason) in lists {
        for index in 0..count {
            add(left_out, format!("{field}[{index}]"), reason);
        }
    }
}
