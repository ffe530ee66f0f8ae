//! The routes for members, who pay without being asked, as `members` answers them; its tests hold the answers.
#![allow(dead_code, reason = "the macro reads what is here; nobody calls it")]

use serde::Serialize;
use utoipa::{
    Modify, ToSchema,
    openapi::{
        OpenApi,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// How a member proves who it is: `Bearer MEMBER_ID.SECRET`.
pub(super) struct MemberKey;

impl Modify for MemberKey {
    fn modify(&self, document: &mut OpenApi) {
        let scheme =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("MEMBER_ID.SECRET").build();
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("memberKey", SecurityScheme::Http(scheme));
    }
}

/// A new member.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewMember {
    /// Id.
    #[schema(example = "drv_4f1c7a0e9b2d58c63a71")]
    member_id: String,
    /// For `Authorization: Bearer`. Shown this once; we keep its digest alone.
    key: String,
}

/// A driver or a company.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MemberAccount {
    /// Id.
    member_id: String,
    /// `driver` or `company`.
    kind: String,
    /// A company's terms.
    company: Option<CompanyTerms>,
    /// Plates whose visits it pays.
    plates: Vec<MemberPlate>,
    /// Cards; the first is charged.
    cards: Vec<MemberCard>,
    /// What the browser SDK needs to register a card.
    issuing: CardIssuing,
}

/// A company, as its contract names it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CompanyTerms {
    /// Name.
    name: String,
    /// 사업자등록번호, ten digits.
    business_number: String,
    /// Its visits are paid with its own card alone: it has one.
    own_card_only: bool,
}

/// A plate whose visits are paid.
#[derive(Serialize, ToSchema)]
struct MemberPlate {
    /// Plate in full.
    plate: String,
    /// No more than this for one visit, won; beyond it the driver is asked.
    limit: i64,
    /// `KRW`.
    currency: String,
}

/// A registered card.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MemberCard {
    /// Id.
    card_id: String,
    /// The issuer's name and the masked number.
    label: String,
    /// When (RFC 3339, Korean time).
    registered_at: String,
    /// Whether it is the one that is charged.
    charged: bool,
}

/// For `PortOne.requestIssueBillingKey`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CardIssuing {
    /// Our store at the gateway.
    store_id: String,
    /// The gateway's channel.
    channel_key: String,
    /// `customer.customerId`: a card that was registered for another customer is not taken.
    customer_id: String,
}

/// A card that the gateway's page has registered.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RegisterCard {
    /// As `requestIssueBillingKey` gave it.
    billing_key: String,
}

/// A word given for a plate.
#[derive(Serialize, ToSchema)]
struct RegisterPlate {
    /// No more than this for one visit, won: 1 to 1,000,000.
    limit: i64,
}

#[utoipa::path(
    post, path = "/v1/members", tag = "members", operation_id = "join",
    summary = "Become a member",
    description = "The key is in this answer alone. A repeated Idempotency-Key makes no second member and is refused with `member-exists`: \
                   whoever lost the answer asks with a new one. Companies are registered by us, and use the same routes.",
    params(("idempotency-key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64)),
    responses(
        (status = 201, description = "A new member", body = NewMember),
        (status = "4XX", description = "`member-exists` (409), `invalid-idempotency-key` (400)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Ask again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn join() {}

#[utoipa::path(
    get, path = "/v1/members/me", tag = "members", operation_id = "member",
    summary = "Plates, cards and terms of the member whose key is sent",
    security(("memberKey" = [])),
    responses(
        (status = 200, description = "The member", body = MemberAccount),
        (status = "4XX", description = "`wrong-member-key` (401)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Ask again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn member() {}

#[utoipa::path(
    post, path = "/v1/members/me/cards", tag = "members", operation_id = "registerCard",
    summary = "Take a card that the gateway's page has registered",
    description = "The gateway is asked for it: it must be of our shop and registered for this member. It becomes the card that is charged.",
    security(("memberKey" = [])),
    request_body = RegisterCard,
    responses(
        (status = 201, description = "Taken", body = MemberCard),
        (status = 200, description = "It was there already", body = MemberCard),
        (status = "4XX", description = "`card-refused` (422), `cards-full`, `cards-not-taken` (409), `invalid-member` (400), `wrong-member-key` (401)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Send it again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn register_card() {}

#[utoipa::path(
    delete, path = "/v1/members/me/cards/{cardId}", tag = "members", operation_id = "deleteCard",
    summary = "Take a card back",
    description = "It is charged no more from here on, and then deleted at the gateway. What was charged before stays.",
    params(("cardId" = String, Path, description = "Card", example = "crd_0123456789abcdef0123")),
    security(("memberKey" = [])),
    responses(
        (status = 204, description = "It is not there any more, or never was"),
        (status = "4XX", description = "`wrong-member-key` (401), `invalid-parameter` (400)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "The gateway did not hear of it: send it again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn delete_card() {}

#[utoipa::path(
    put, path = "/v1/members/me/plates/{plate}", tag = "members", operation_id = "registerPlate",
    summary = "Pay for a plate's visits from the next entry on",
    description = "A driver has five plates, a company 200. A visit that is open now is not paid by it.",
    params(("plate" = String, Path, description = "Plate, UTF-8, percent-encoded", example = "12가3456")),
    security(("memberKey" = [])),
    request_body = RegisterPlate,
    responses(
        (status = 200, description = "Its visits are paid up to this limit each", body = MemberPlate),
        (status = "4XX", description = "`plate-taken`, `plates-full` (409, with `most`), `invalid-plate`, `invalid-member` (400), `wrong-member-key` (401)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Send it again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn register_plate() {}

#[utoipa::path(
    delete, path = "/v1/members/me/plates/{plate}", tag = "members", operation_id = "deletePlate",
    summary = "Pay for a plate no more",
    description = "No visit that begins from now on is paid. One that is open keeps the word it was opened with.",
    params(("plate" = String, Path, description = "Plate, UTF-8, percent-encoded", example = "12가3456")),
    security(("memberKey" = [])),
    responses(
        (status = 204, description = "It is not this member's any more, or never was"),
        (status = "4XX", description = "`invalid-plate` (400), `wrong-member-key` (401)",
            body = super::ProblemView, content_type = "application/problem+json"),
        (status = "5XX", description = "Send it again", body = super::ProblemView, content_type = "application/problem+json"),
    )
)]
fn delete_plate() {}
