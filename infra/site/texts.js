// What the page says, Korean first. Texts about prices come from the API in the same language.

const KO = {
  brand: "바로", title: "바로 주차", skip: "본문으로", otherLanguage: "English", loading: "불러오는 중…", retry: "다시 시도",
  findLots: "주차장 찾기", nearMe: "내 주변", nearCityHall: "대전시청 주변", radius: "반경", searching: "찾는 중…",
  noLots: "이 반경 안에는 등록된 주차장이 없습니다.", more: "가까운 50곳만 보여 드립니다. 반경을 줄여 보세요.",
  locationDenied: "위치를 알 수 없어 대전시청 주변을 보여 드립니다.", found: (n) => `주차장 ${n}곳`,
  free: (n, all) => `${n}/${all}면 남음`, full: "만차", unknownFree: (all) => `총 ${all}면`,
  spaces: "빈자리", price: "요금", address: "주소", capacity: "주차면", leaveGrace: "결제 후 출차 시간", minutes: (n) => `${n}분`,
  byClass: "구역별 빈자리", outdated: (t) => `${t} 기준, 이후 소식 없음`,
  classes: { general: "일반", disabled: "장애인", charging: "전기차 충전", compact: "경차", woman: "여성 배려", family: "가족 배려" },
  noFreeInfo: "집계하지 않음", spacesOf: (n, all) => `${n}면 (총 ${all}면)`, spacesAll: (all) => `${all}면`,
  plate: "차량 번호", plateHint: "예: 12가3456", showVisit: "내 주차 요금 보기", plateNeeded: "차량 번호를 입력해 주세요.",
  payHere: "이 주차장에서 결제", back: "뒤로", lot: "주차장",
  inside: "주차 중", at_exit: "출구 대기 중", left: "출차함", enteredAt: "입차", leftAt: "출차", stayed: "주차 시간",
  due: "지금 낼 금액", nothingDue: "지금 낼 금액이 없습니다", leaveBy: (t) => `${t}까지 출차하면 추가 요금이 없습니다.`,
  sameUntil: (t) => `${t}까지는 같은 금액입니다.`, lines: "요금 내역", total: "합계", paidSoFar: "이미 낸 금액", noLines: "요금 없음",
  later: "나중에 나가면?", inMinutes: (n) => (n % 60 ? `${n}분 뒤` : `${n / 60}시간 뒤`),
  laterCosts: (t, won) => `${t}에 나가면 ${won}을 내게 됩니다.`,
  method: "결제 수단", CARD: "카드", EASY_PAY: "간편결제", VIRTUAL_ACCOUNT: "가상계좌",
  phone: "휴대폰 번호 (선택)", phoneHint: "결제와 출차를 알려 드립니다. 이 결제에만 씁니다.",
  pay: (won) => `${won} 결제`, preparing: "결제를 준비하는 중…", amountChanged: "그사이 금액이 바뀌었습니다. 확인하고 다시 눌러 주세요.", sdkMissing: "결제창을 불러오지 못했습니다. 잠시 뒤 다시 시도해 주세요.",
  payment: "결제", checking: "결제를 확인하는 중…", checkingLong: "확인이 늦어지고 있습니다. 창을 닫아도 결제는 처리됩니다.",
  status: {
    requested: "결제 대기", awaiting_deposit: "입금 대기", failed: "결제 실패", held: "금액 불일치",
    paid: "결제 완료", partly_refunded: "일부 환불", refunded: "환불 완료",
  },
  cancelled: "결제를 취소했습니다. 청구된 금액은 없습니다.", failedText: "결제하지 못했습니다. 청구된 금액은 없습니다.",
  heldText: "요청과 다른 금액이 들어와 돌려드립니다. 주차 요금은 아직 결제되지 않았습니다.",
  gatewaySaid: (m) => `결제사: ${m}`, payAgain: "다시 결제하기", toVisit: "내 주차 보기",
  depositTo: "아래 계좌로 정확한 금액을 입금해 주세요.", bank: "은행", account: "계좌번호", amount: "금액", until: "입금 기한",
  receipt: "영수증", paidAt: "결제 시각", paidBefore: "앞서 낸 금액", supply: "공급가액", vat: "부가세", taxFree: "면세",
  owed: "미납 요금", principal: "미납 주차요금", surcharge: "가산금", owedNotices: "안내 횟수", owedBefore: (won) => `지난 주차의 미납 요금 ${won}이 있습니다. 확인하고 내기`,
  owedStates: { open: "미납", settled: "납부 완료", written_off: "청구하지 않음", withdrawn: "미납 없음" },
  owedTry: (n) => `자동결제 재시도 ${n}회차`, tryOutcomes: { pending: "결제 중", paid: "결제 완료", refused: "거절됨", not_made: "시도하지 않음" },
  refunded: "환불", paymentId: "결제 번호", paidAmount: "결제 금액", print: "인쇄",
  operator: "운영", businessNumber: "사업자등록번호", pricedUntil: "요금 기준 시각", cardNumber: "카드번호", approvalNumber: "승인번호",
  refundedInAll: "환불 합계", kept: "환불 후 금액", gatewayReceipt: "결제사 매출전표 보기", show: "보기", number: "번호",
  methods: { card: "카드", easy_pay: "간편결제", transfer: "계좌이체", virtual_account: "가상계좌", points: "포인트", other: "기타" },
  cashReceipt: "현금영수증", cashReceiptAsk: "현금영수증 신청", cashReceiptChange: "번호 바꾸기", cashReceiptAwaits: "신청했습니다. 입금되면 발급합니다.",
  cashReceiptUse: "용도", cashReceiptNumber: "발급 번호", issuedAt: "발급", cancelledAt: "취소", cashReceiptKept: "발급에만 쓰고, 다시 보여 드릴 때는 끝 네 자리만 표시합니다.",
  cashReceiptUses: { personal: "소득공제", corporate: "지출증빙" }, receiptNumbers: { phone: "소득공제 · 휴대폰 번호", businessNumber: "지출증빙 · 사업자등록번호", card: "소득공제 · 현금영수증 카드" },
  cashReceiptStates: { requested: "발급하고 있습니다.", issued: "발급되었습니다.", cancelled: "환불되어 취소되었습니다.", refused: "발급하지 못했습니다. 번호를 확인하고 다시 신청해 주세요." },
  member: "자동 결제", memberStart: "자동 결제 시작하기", memberIntro: "카드와 차량 번호를 등록하면 출구에서 결제하지 않아도 차단기가 열리고, 요금은 등록한 카드로 결제됩니다.",
  memberKept: "이름이나 전화번호를 묻지 않습니다. 등록 정보는 이 기기의 열쇠로만 볼 수 있습니다.",
  memberCards: "등록한 카드", noCards: "등록한 카드가 없습니다.", addCard: "카드 등록하기", cardCharged: "결제 카드", cardCancelled: "카드 등록을 취소했습니다.",
  memberPlates: "등록한 차량", noPlates: "등록한 차량이 없습니다.", addPlate: "차량 등록하기", limit: "한 번에 결제할 최대 금액", upTo: (won) => `1회 ${won}까지`,
  fromNextEntry: "등록하거나 해제하면 다음 입차부터 적용됩니다.", remove: "해제",
  points: "포인트", pointsOf: (n) => `${new Intl.NumberFormat("ko-KR").format(n)}P`, pointsApart: (paid, bonus) => `충전 ${paid} · 보너스 ${bonus}. 충전한 포인트부터 쓰입니다.`,
  topUp: "포인트 충전하기", topUpHint: "충전하면 10%를 보너스로 더 드립니다. 최대 500,000P까지 가질 수 있습니다.", pointMoves: "포인트 내역",
  cashOut: "충전한 포인트 환불받기", cashOutSure: "남은 충전 포인트를 결제한 카드로 돌려받습니다. 그에 따른 보너스는 사라집니다.", byPoints: "포인트 사용",
  usePoints: (p) => `포인트 먼저 쓰기 (보유 ${p})`, usePointsHint: "모자라는 금액만 결제합니다. 15분 안에 결제하지 않으면 포인트는 되돌아옵니다. 가상계좌와는 함께 쓸 수 없습니다.",
  pointKinds: { top_up: "충전", points_held: "사용", points_released: "사용 취소", points_returned: "요금 환불", cash_out_held: "환불 신청", cash_out_released: "환불 취소", cash_out: "충전 취소", bonus_forfeited: "보너스 회수" },
  errors: {
    "wrong-member-key": "등록 정보를 찾을 수 없습니다. 다시 시작해 주세요.", "member-exists": "다시 눌러 주세요.", "plate-taken": "다른 사람이 등록한 차량입니다.",
    "plates-full": "더 등록할 수 없습니다. 차량을 먼저 해제해 주세요.", "cards-full": "더 등록할 수 없습니다. 카드를 먼저 해제해 주세요.",
    "points-short": "쓸 수 있는 포인트가 모자랍니다.", "wallet-full": "포인트를 더 가질 수 없습니다.", "no-wallet": "회사는 포인트를 쓸 수 없습니다.",
    "card-refused": "카드 등록을 확인하지 못했습니다. 다시 등록해 주세요.", "cards-not-taken": "이곳에서는 카드를 등록할 수 없습니다.",
    "lot-not-found": "없는 주차장입니다.", "visit-not-found": "이 주차장에서 찾을 수 없는 차량입니다. 번호와 주차장을 확인해 주세요.",
    "payment-not-found": "없는 결제입니다.", "receivable-not-found": "없는 미납 요금입니다.", "nothing-due": "지금 낼 금액이 없습니다.", "visit-over": "이미 출차한 차량입니다.",
    "fee-unknown": "요금을 계산할 수 없습니다. 주차장에 문의해 주세요.", "no-tariff": "이 주차장의 요금 정보가 없습니다.", "invalid-plate": "차량 번호를 확인해 주세요.",
    "dispute-open": "이미 이의가 접수되어 주차장 운영자가 확인하고 있습니다.",
    "invalid-contact": "휴대폰 번호를 확인해 주세요.", "idempotency-key-reused": "새로 시작한 주차입니다. 다시 눌러 주세요.", "temporarily-unavailable": "잠시 뒤 다시 시도해 주세요.",
    "no-receipt": "아직 결제되지 않아 영수증이 없습니다.", "cash-receipt-not-offered": "현금영수증은 계좌로 낸 금액에만 발급합니다.", "cash-receipt-begun": "이미 다른 번호로 발급하고 있습니다.",
    "cash-receipt-too-often": "더 신청할 수 없습니다. 주차장에 문의해 주세요.", "invalid-receipt-number": "현금영수증 번호를 확인해 주세요.",
    offline: "연결할 수 없습니다. 인터넷 연결을 확인해 주세요.", other: "요청을 처리하지 못했습니다.",
  },
};

const EN = {
  brand: "Baro", title: "Baro Parking", skip: "Skip to content", otherLanguage: "한국어", loading: "Loading…", retry: "Try again",
  findLots: "Find parking", nearMe: "Near me", nearCityHall: "Daejeon City Hall", radius: "Radius", searching: "Searching…",
  noLots: "There is no registered lot within this radius.", more: "Only the nearest 50 are shown. Try a smaller radius.",
  locationDenied: "Your location is not known; showing lots near Daejeon City Hall.", found: (n) => `${n} lots`,
  free: (n, all) => `${n} of ${all} free`, full: "Full", unknownFree: (all) => `${all} spaces`,
  spaces: "Free spaces", price: "Price", address: "Address", capacity: "Spaces", leaveGrace: "Time to leave after paying", minutes: (n) => `${n} min`,
  byClass: "Free spaces by kind", outdated: (t) => `as of ${t}, no news since`,
  classes: { general: "General", disabled: "Disabled", charging: "EV charging", compact: "Compact cars", woman: "Women", family: "Families" },
  noFreeInfo: "not counted", spacesOf: (n, all) => `${n} of ${all}`, spacesAll: (all) => `${all}`,
  plate: "Plate", plateHint: "e.g. 12가3456", showVisit: "Show my parking fee", plateNeeded: "Please enter the plate.",
  payHere: "Pay for this lot", back: "Back", lot: "Lot",
  inside: "Parked", at_exit: "At the exit", left: "Left", enteredAt: "In", leftAt: "Out", stayed: "Parked for",
  due: "To pay now", nothingDue: "Nothing to pay now", leaveBy: (t) => `Leave by ${t} and nothing more is due.`,
  sameUntil: (t) => `The amount stays the same until ${t}.`, lines: "Fee in detail", total: "Total", paidSoFar: "Paid before", noLines: "No fee",
  later: "Leaving later?", inMinutes: (n) => (n % 60 ? `in ${n} min` : `in ${n / 60} h`),
  laterCosts: (t, won) => `Leaving at ${t}, you would pay ${won}.`,
  method: "Payment method", CARD: "Card", EASY_PAY: "Easy pay", VIRTUAL_ACCOUNT: "Bank deposit",
  phone: "Mobile number (optional)", phoneHint: "We tell you about the payment and the exit. Used for this payment only.",
  pay: (won) => `Pay ${won}`, preparing: "Preparing the payment…", amountChanged: "The amount has changed meanwhile. Please check it and press again.", sdkMissing: "The payment window could not be loaded. Please try again in a moment.",
  payment: "Payment", checking: "Checking the payment…", checkingLong: "This takes longer than usual. You may close this page; the payment is handled anyway.",
  status: {
    requested: "Waiting for payment", awaiting_deposit: "Waiting for deposit", failed: "Payment failed", held: "Amount does not match",
    paid: "Paid", partly_refunded: "Partly refunded", refunded: "Refunded",
  },
  cancelled: "You cancelled the payment. Nothing was charged.", failedText: "The payment did not go through. Nothing was charged.",
  heldText: "Another amount than asked for arrived and goes back to you. The parking fee is not paid yet.",
  gatewaySaid: (m) => `The payment service says: ${m}`, payAgain: "Pay again", toVisit: "Show my visit",
  depositTo: "Please deposit exactly this amount.", bank: "Bank", account: "Account", amount: "Amount", until: "Deposit by",
  receipt: "Receipt", paidAt: "Paid at", paidBefore: "Paid before", supply: "Supply amount", vat: "VAT", taxFree: "Tax-free",
  owed: "Unpaid fee", principal: "Unpaid parking fee", surcharge: "Surcharge", owedNotices: "Notices", owedBefore: (won) => `${won} of an earlier visit is unpaid. See and pay`,
  owedStates: { open: "Unpaid", settled: "Paid", written_off: "No longer asked for", withdrawn: "Nothing owed" },
  owedTry: (n) => `Card charged again, try ${n}`, tryOutcomes: { pending: "Under way", paid: "Paid", refused: "Refused", not_made: "Not made" },
  refunded: "Refunded", paymentId: "Payment no.", paidAmount: "Paid", print: "Print",
  operator: "Operator", businessNumber: "Business number", pricedUntil: "Priced until", cardNumber: "Card number", approvalNumber: "Approval no.",
  refundedInAll: "Refunded in all", kept: "After refunds", gatewayReceipt: "The payment service's own slip", show: "Show", number: "Number",
  methods: { card: "Card", easy_pay: "Easy pay", transfer: "Bank transfer", virtual_account: "Bank deposit", points: "Points", other: "Other" },
  cashReceipt: "Cash receipt", cashReceiptAsk: "Ask for a cash receipt", cashReceiptChange: "Another number", cashReceiptAwaits: "Asked for. It is issued once the deposit is here.",
  cashReceiptUse: "Use", cashReceiptNumber: "Issued to", issuedAt: "Issued", cancelledAt: "Cancelled", cashReceiptKept: "Used for the cash receipt only; we show its last four digits at most.",
  cashReceiptUses: { personal: "Income deduction", corporate: "Business expense" }, receiptNumbers: { phone: "Income deduction · mobile number", businessNumber: "Business expense · business number", card: "Income deduction · cash receipt card" },
  cashReceiptStates: { requested: "It is being issued.", issued: "Issued.", cancelled: "Cancelled, since the money went back.", refused: "It could not be issued. Please check the number and ask again." },
  member: "Automatic payment", memberStart: "Start automatic payment", memberIntro: "Register a card and your plates: the barrier opens without paying at the exit, and the fee is charged to the card.",
  memberKept: "We ask for no name and no number. What you register is seen with this device's key alone.",
  memberCards: "Cards", noCards: "No card is registered.", addCard: "Register a card", cardCharged: "charged", cardCancelled: "You cancelled the registration.",
  memberPlates: "Plates", noPlates: "No plate is registered.", addPlate: "Register the plate", limit: "At most, for one visit", upTo: (won) => `up to ${won} a visit`,
  fromNextEntry: "A change holds from the next entry on.", remove: "Remove",
  points: "Points", pointsOf: (n) => `${new Intl.NumberFormat("ko-KR").format(n)} P`, pointsApart: (paid, bonus) => `${paid} paid for, ${bonus} bonus. Those you paid for are spent first.`,
  topUp: "Buy points", topUpHint: "You get 10 % more as a bonus. You can hold 500,000 P at most.", pointMoves: "What moved them",
  cashOut: "Get money back for points", cashOutSure: "The points you paid for go back to the card as money, and the bonus on them is lost.", byPoints: "Paid with points",
  usePoints: (p) => `Spend points first (you have ${p})`, usePointsHint: "You pay only the rest. Without it the points are back after 15 minutes. They don't go with a bank deposit.",
  pointKinds: { top_up: "Bought", points_held: "Spent", points_released: "Not spent", points_returned: "Fee refunded", cash_out_held: "Refund asked for", cash_out_released: "Refund refused", cash_out: "Purchase refunded", bonus_forfeited: "Bonus withdrawn" },
  errors: {
    "wrong-member-key": "This registration is not known. Please start again.", "member-exists": "Please press again.", "plate-taken": "Somebody else has registered this plate.",
    "plates-full": "No more plates. Please remove one first.", "cards-full": "No more cards. Please remove one first.",
    "points-short": "There are too few points.", "wallet-full": "You can't hold so many points.", "no-wallet": "A company has no points.",
    "card-refused": "The card's registration could not be confirmed. Please register it again.", "cards-not-taken": "Cards can't be registered here.",
    "lot-not-found": "There is no such lot.", "visit-not-found": "This car has not been seen in this lot. Please check plate and lot.",
    "payment-not-found": "There is no such payment.", "receivable-not-found": "There is no such unpaid fee.", "nothing-due": "Nothing is due now.", "visit-over": "The car has left.",
    "fee-unknown": "The fee can't be computed. Please ask the lot.", "no-tariff": "This lot has no price published.", "invalid-plate": "Please check the plate.",
    "dispute-open": "This visit is disputed already; the lot's operator is looking into it.",
    "invalid-contact": "Please check the mobile number.", "idempotency-key-reused": "This is a new stay. Please press again.", "temporarily-unavailable": "Please try again in a moment.",
    "no-receipt": "Nothing has been paid yet, so there is no receipt.", "cash-receipt-not-offered": "Only what is paid by bank has a cash receipt.", "cash-receipt-begun": "It is being issued to another number already.",
    "cash-receipt-too-often": "It can't be asked for any more. Please ask the lot.", "invalid-receipt-number": "Please check the number for the cash receipt.",
    offline: "No connection. Please check your internet connection.", other: "The request could not be handled.",
  },
};

const KEY = "baro.language";

function kept() {
  try { return localStorage.getItem(KEY); } catch { return null; }
}

/** `ko` or `en`: the one chosen here before, else the browser's. Korean unless the browser prefers another language. */
export const language = kept() || (/^ko\b/i.test(navigator.language || "ko") ? "ko" : "en");
export const t = language === "ko" ? KO : EN;

/** Changes to the other language. */
export function switchLanguage() {
  try { localStorage.setItem(KEY, language === "ko" ? "en" : "ko"); } catch { /* private mode: the choice lasts for nothing */ }
  location.reload();
}

/** `1,600원`, `₩1,600`. */
export function won(amount) {
  const number = new Intl.NumberFormat("ko-KR").format(amount);
  return language === "ko" ? `${number}원` : amount < 0 ? `-₩${number.slice(1)}` : `₩${number}`;
}

/** The wall clock at the lot: times of the API carry the lot's offset, so the phone's own zone plays no part. */
export function clock(time) {
  return time.slice(11, 16);
}

/** Date and time at the lot. */
export function moment(time) {
  return `${time.slice(0, 10)} ${time.slice(11, 16)}`;
}

/** `1시간 25분`. */
export function duration(minutes) {
  const [h, m] = [Math.floor(minutes / 60), minutes % 60];
  const parts = language === "ko" ? [h && `${h}시간`, (m || !h) && `${m}분`] : [h && `${h} h`, (m || !h) && `${m} min`];
  return parts.filter(Boolean).join(" ");
}
