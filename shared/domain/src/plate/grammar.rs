//! The documented forms of a Korean plate and the parts they are made of.
//!
//! | form | example |
//! |---|---|
//! | 2 or 3 digits, letter, 4 digits | `12가3456`, `123가4568` |
//! | region before it: commercial, and every plate before 2004 | `울산53사1110`, `서울52가1234` |
//! | region, 1 digit, letter, 4 digits: before 1996 | `서울1가2345` |
//! | diplomatic kind, 3 digits, 3 digits | `외교001002` |

/// What a plate allows its car to be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlateUse {
    /// Private (비사업용).
    Private,
    /// Taxi, bus, lorry for hire (사업용); carries a region.
    Commercial,
    /// Rental car (대여).
    Rental,
    /// Parcel delivery (택배).
    Parcel,
    /// Armed forces (군).
    Military,
    /// Embassy, consulate, mission (외교).
    Diplomatic,
}

/// The kind of vehicle a plate's class digits stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VehicleClass {
    /// 승용.
    Car,
    /// 승합.
    Van,
    /// 화물.
    Truck,
    /// 특수.
    Special,
    /// 긴급.
    Emergency,
}

/// Which of the 17 provinces and metropolitan cities issued a plate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(&'static str);

impl Region {
    /// All of them, as written on plates.
    pub const ALL: [Self; 17] = [
        Self("서울"),
        Self("부산"),
        Self("대구"),
        Self("인천"),
        Self("광주"),
        Self("대전"),
        Self("울산"),
        Self("세종"),
        Self("경기"),
        Self("강원"),
        Self("충북"),
        Self("충남"),
        Self("전북"),
        Self("전남"),
        Self("경북"),
        Self("경남"),
        Self("제주"),
    ];

    /// As written on plates, two syllables.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

const PRIVATE: &str = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주";
const COMMERCIAL: &str = "바사아자";
const RENTAL: &str = "하허호";
const PARCEL: &str = "배";
const MILITARY: &str = "육해공국합";
const DIPLOMATIC: [&str; 7] = ["외교", "영사", "준외", "준영", "국기", "협정", "대표"];

/// A plate of the documented grammar and its parts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Registration {
    // First, so that order and equality are those of the text, of which the parts are a function.
    text: String,
    region: Option<Region>,
    class_digits: u8,
    plate_use: PlateUse,
}

impl Registration {
    /// Takes a text in normal form apart; `None` if it is of no documented form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::diplomatic(text).or_else(|| Self::ordinary(text))
    }

    fn diplomatic(text: &str) -> Option<Self> {
        let digits = DIPLOMATIC.iter().find_map(|kind| text.strip_prefix(kind))?;
        (digits.len() == 6 && all_digits(digits)).then(|| Self {
            text: text.to_owned(),
            region: None,
            class_digits: 0,
            plate_use: PlateUse::Diplomatic,
        })
    }

    fn ordinary(text: &str) -> Option<Self> {
        let region = Region::ALL.into_iter().find(|region| text.starts_with(region.0));
        let rest = region.map_or(text, |region| &text[region.0.len()..]);
        let letter_at = rest.find(|c: char| !c.is_ascii_digit())?;
        let (class, rest) = rest.split_at(letter_at);
        let letter = rest.chars().next()?;
        let serial = &rest[letter.len_utf8()..];
        let plate_use = use_of(letter)?;
        let class_exists = match class.len() {
            1 => region.is_some() && class != "0",
            2 | 3 => vehicle_class(class).is_some(),
            _ => false,
        };
        let region_given = region.is_some() || plate_use != PlateUse::Commercial;
        let legal = class_exists && region_given && serial.len() == 4 && all_digits(serial);
        let class_digits = u8::try_from(class.len()).ok()?;
        legal.then(|| Self { text: text.to_owned(), region, class_digits, plate_use })
    }

    /// The whole plate, normalised.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where it was issued; plates since 2004 say so only if commercial.
    pub fn region(&self) -> Option<Region> {
        self.region
    }

    /// What the car may be used for.
    pub fn plate_use(&self) -> PlateUse {
        self.plate_use
    }

    /// The letter that stands for the use (`가`), or the diplomatic kind (`외교`).
    pub fn letter(&self) -> &str {
        let before = self.region.map_or(0, |region| region.0.len()) + usize::from(self.class_digits);
        let after = if self.plate_use == PlateUse::Diplomatic { 6 } else { 4 };
        &self.text[before..self.text.len() - after]
    }

    /// The one to three class digits before the letter; of a diplomatic plate the country's three digits.
    pub fn class_digits(&self) -> &str {
        if self.plate_use == PlateUse::Diplomatic {
            let from = self.text.len() - 6;
            return &self.text[from..from + 3];
        }
        let from = self.region.map_or(0, |region| region.0.len());
        &self.text[from..from + usize::from(self.class_digits)]
    }

    /// The serial: the last four digits, of a diplomatic plate the last three.
    pub fn serial(&self) -> &str {
        let digits = if self.plate_use == PlateUse::Diplomatic { 3 } else { 4 };
        &self.text[self.text.len() - digits..]
    }

    /// The kind of vehicle; `None` for diplomatic plates and the one-digit plates before 1996, whose table we lack.
    pub fn vehicle_class(&self) -> Option<VehicleClass> {
        if self.plate_use == PlateUse::Diplomatic { None } else { vehicle_class(self.class_digits()) }
    }

    /// A plate of the old form, with a region although it is not for hire, or with a single class digit. New ones are
    /// no longer issued; many are still driven.
    pub fn is_old(&self) -> bool {
        let with_region = matches!(self.plate_use, PlateUse::Private | PlateUse::Rental);
        self.class_digits == 1 || (self.region.is_some() && with_region)
    }
}

impl std::fmt::Debug for Registration {
    /// Masked, as [`super::PlateNumber`] is.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", super::PlateNumber::Recognised(self.clone()))
    }
}

impl From<Registration> for String {
    fn from(registration: Registration) -> Self {
        registration.text
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn use_of(letter: char) -> Option<PlateUse> {
    let table = [
        (PRIVATE, PlateUse::Private),
        (COMMERCIAL, PlateUse::Commercial),
        (RENTAL, PlateUse::Rental),
        (PARCEL, PlateUse::Parcel),
        (MILITARY, PlateUse::Military),
    ];
    table.into_iter().find(|(letters, _)| letters.contains(letter)).map(|(_, plate_use)| plate_use)
}

/// Two digits 01–99, or three digits 100–999 (issued since September 2019).
fn vehicle_class(digits: &str) -> Option<VehicleClass> {
    let number: u16 = digits.parse().ok()?;
    match (digits.len(), number) {
        (2, 1..=69) | (3, 100..=699) => Some(VehicleClass::Car),
        (2, 70..=79) | (3, 700..=799) => Some(VehicleClass::Van),
        (2, 80..=97) | (3, 800..=979) => Some(VehicleClass::Truck),
        (2, 98..=99) | (3, 980..=997) => Some(VehicleClass::Special),
        (3, 998..=999) => Some(VehicleClass::Emergency),
        _ => None,
    }
}
